//! The CEL rules of a CRD's schema, `x-kubernetes-validations`, as kube-apiserver 1.37 runs them.
//!
//! A rule sees the value it stands at as `self`. One that reads `oldSelf` is a transition rule: it is run on updates
//! only, and only where the old value can be told: through fields, maps and lists of type `map`. Where a value did
//! not change, the other rules are not held against it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tautline_cel::{Expression, Refused, Variable};
use tautline_core::{Budget, Object, Value};

use crate::failure::Wrong;

/// Steps that one rule may take.
const STEPS_OF_RULE: u64 = 10_000_000;
/// The longest message that a `messageExpression` may make, in bytes.
const LONGEST_MESSAGE: usize = 5_120;

/// Compiled expressions, by their text: each is compiled once for its kind.
#[derive(Debug, Default)]
pub(crate) struct Programs(Mutex<HashMap<String, Result<Arc<Expression>, Refused>>>);

impl Programs {
    fn of(&self, text: &str, budget: &Budget) -> Result<Arc<Expression>, Refused> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(text) {
            return found.clone();
        }
        let made = Expression::compile(text, budget).map(Arc::new);
        known.insert(text.to_owned(), made.clone());
        made
    }
}

/// Runs all rules of a schema on an object.
pub(super) fn check(
    schema: &Value,
    programs: &Programs,
    object: &Object,
    old: Option<&Object>,
) -> Vec<Wrong> {
    let whole = rooted(schema);
    let (new, old) = (Value::Map(object.as_map().clone()), old.map(|old| Value::Map(old.as_map().clone())));
    let mut wrong = Vec::new();
    walk(programs, &whole, &new, old.as_ref(), "", &mut wrong);
    wrong
}

/// The schema with what every object has: rules at the root see `apiVersion`, `kind` and names.
fn rooted(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_map_mut() {
        map.insert("x-kubernetes-embedded-resource", true);
        let fields = map.map_at("properties");
        for field in ["apiVersion", "kind", "metadata"] {
            fields.remove(field);
        }
    }
    schema
}

fn walk(
    programs: &Programs,
    schema: &Value,
    new: &Value,
    old: Option<&Value>,
    path: &str,
    wrong: &mut Vec<Wrong>,
) {
    for rule in schema.list_at(&["x-kubernetes-validations"]) {
        wrong.extend(Rule { programs, rule, schema, new, old, path }.run());
    }
    match new {
        Value::Map(map) => {
            for (key, value) in map {
                let of = schema.at(&["properties", key]).or_else(|| schema.get("additionalProperties"));
                if let Some(of) = of.filter(|of| of.as_map().is_some()) {
                    let listed = schema.at(&["properties", key]).is_some();
                    let below = match (path.is_empty(), listed) {
                        (true, _) => key.to_string(),
                        (false, true) => format!("{path}.{key}"),
                        (false, false) => format!("{path}[{key}]"),
                    };
                    walk(programs, of, value, old.and_then(|old| old.get(key)), &below, wrong);
                }
            }
        }
        Value::List(list) => {
            let Some(of) = schema.get("items") else { return };
            for (i, item) in list.iter().enumerate() {
                walk(programs, of, item, partner(schema, item, old), &format!("{path}[{i}]"), wrong);
            }
        }
        _ => {}
    }
}

/// The old item of the same keys, in a list of type `map`.
fn partner<'a>(schema: &Value, item: &Value, old: Option<&'a Value>) -> Option<&'a Value> {
    if schema.str_at(&["x-kubernetes-list-type"]) != Some("map") {
        return None;
    }
    let keys = schema.list_at(&["x-kubernetes-list-map-keys"]);
    let same = |one: &&Value| keys.iter().filter_map(Value::as_str).all(|key| one.get(key) == item.get(key));
    old?.as_list()?.iter().find(same)
}

struct Rule<'a> {
    programs: &'a Programs,
    rule: &'a Value,
    schema: &'a Value,
    new: &'a Value,
    old: Option<&'a Value>,
    path: &'a str,
}

impl Rule<'_> {
    fn text(&self, field: &str) -> &str {
        self.rule.str_at(&[field]).unwrap_or_default()
    }

    fn run(&self) -> Option<Wrong> {
        let budget = Budget { steps: STEPS_OF_RULE, ..Budget::default() };
        let rule = match self.programs.of(self.text("rule"), &budget) {
            Ok(rule) => rule,
            Err(why) => return Some(self.complain(&format!("rule compile error: {why}"))),
        };
        let transition = rule.reads("oldSelf");
        let optional = self.rule.get("optionalOldSelf").and_then(Value::as_bool) == Some(true);
        if transition && self.old.is_none() && !optional || !transition && self.old == Some(self.new) {
            return None;
        }
        let mut variables = vec![("self", Variable::typed(self.new, self.schema))];
        if transition {
            let old = self.old.map(|old| Variable::typed(old, self.schema));
            variables.extend(match optional {
                true => Some(("oldSelf", Variable::optional(old))),
                false => old.map(|old| ("oldSelf", old)),
            });
        }
        match rule.holds(&variables, &budget) {
            Ok(true) => None,
            Ok(false) => Some(self.broken(&self.message(&variables, &budget))),
            Err(why) => Some(self.complain(&self.failed(&why))),
        }
    }

    /// Why a rule gave no answer, in the server's words.
    fn failed(&self, why: &Refused) -> String {
        let shown = match self.text("message").trim() {
            "" => self.text("rule").trim(),
            message => message,
        };
        match why {
            Refused::TooDear(_) => format!("call cost exceeds limit for rule: {shown}"),
            Refused::Failed(error) if error == "no such overload" => format!(
                "call arguments did not match a supported operator, function or macro signature for rule: {shown}"
            ),
            other => format!("{other} evaluating rule: {shown}"),
        }
    }

    /// What a broken rule says: its expression, else its message, else itself.
    fn message(&self, variables: &[(&str, Variable)], budget: &Budget) -> String {
        let expression = self.text("messageExpression");
        let made = (!expression.is_empty())
            .then(|| self.programs.of(expression, budget).and_then(|e| e.evaluate(variables, budget)).ok())
            .flatten();
        let made = made.as_ref().and_then(Value::as_str).map(str::trim);
        let fits = |text: &&str| !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n');
        match (made.filter(fits), self.text("message").trim()) {
            (Some(made), _) => made.to_owned(),
            (None, "") => format!("failed rule: {}", self.text("rule").trim()),
            (None, message) => message.to_owned(),
        }
    }

    /// What is wrong when a rule does not hold.
    fn broken(&self, message: &str) -> Wrong {
        let below = self.text("fieldPath");
        let field = if self.path.is_empty() {
            below.trim_start_matches('.').to_owned()
        } else {
            format!("{}{below}", self.path)
        };
        let field = if field.is_empty() { "<nil>".to_owned() } else { field };
        match self.text("reason") {
            "FieldValueForbidden" => Wrong::forbidden(field, message),
            "FieldValueRequired" => Wrong::required(field, message),
            "FieldValueDuplicate" if self.is_composite() => {
                Wrong { field, reason: "FieldValueDuplicate", message: "Duplicate value".to_owned() }
            }
            "FieldValueDuplicate" => Wrong::duplicate(field, self.new),
            _ => Wrong { field, ..self.complain(message) },
        }
    }

    /// Lists and maps are not printed.
    fn is_composite(&self) -> bool {
        matches!(self.new, Value::Map(_) | Value::List(_))
    }

    fn complain(&self, detail: &str) -> Wrong {
        let field = if self.path.is_empty() { "<nil>" } else { self.path };
        if self.is_composite() {
            let message = format!("Invalid value: {detail}");
            return Wrong { field: field.to_owned(), reason: "FieldValueInvalid", message };
        }
        Wrong::invalid(field, self.new, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn check(rule: Value, old: Option<Value>, new: Value, expect: &str) {
        let schema = value!({ "type": "object", "properties": { "spec": { "type": "object", "properties": {
            "n": { "type": "integer", "x-kubernetes-validations": [rule] } } } } });
        let object = |spec: Value| {
            let whole =
                value!({ "apiVersion": "a/v1", "kind": "K", "metadata": { "name": "n" }, "spec": spec });
            Object::new(whole).unwrap()
        };
        let old = old.map(object);
        let wrong = super::check(&schema, &Programs::default(), &object(new), old.as_ref());
        let lines: Vec<String> = wrong.iter().map(|w| format!("{}: {}", w.field, w.message)).collect();
        assert_eq!(lines.join("; "), expect);
    }

    #[test]
    fn rules_speak_as_the_server_does() {
        let small = value!({ "rule": "self < 5", "message": "small only" });
        check(small.clone(), None, value!({ "n": 1 }), "");
        check(small.clone(), None, value!({ "n": 7 }), "spec.n: Invalid value: 7: small only");
        check(small, Some(value!({ "n": 7 })), value!({ "n": 7 }), "");
        check(
            value!({ "rule": "self < 5" }),
            None,
            value!({ "n": 7 }),
            "spec.n: Invalid value: 7: failed rule: self < 5",
        );
        let grows = value!({ "rule": "self >= oldSelf", "messageExpression": "'was ' + string(oldSelf)",
                             "reason": "FieldValueForbidden" });
        check(grows.clone(), None, value!({ "n": 1 }), "");
        check(grows, Some(value!({ "n": 3 })), value!({ "n": 1 }), "spec.n: Forbidden: was 3");
        check(
            value!({ "rule": "1 / (self - self) == 1" }),
            None,
            value!({ "n": 1 }),
            "spec.n: Invalid value: 1: division by zero evaluating rule: 1 / (self - self) == 1",
        );
    }
}
