//! CEL rules of a definition's schema: each must compile, and name fields that the schema knows.

use tautline_cel::Expression;
use tautline_core::{Budget, Value, value};

use super::super::at::At;

/// Checks the rules of a schema and of all below it.
pub(super) fn check(root: At<'_>) {
    let mut schema = root.value().cloned().unwrap_or_default();
    if let Some(map) = schema.as_map_mut() {
        // What every object has.
        let fields = map.map_at("properties");
        for field in ["apiVersion", "kind"] {
            fields.insert(field, value!({ "type": "string" }));
        }
        fields.insert(
            "metadata",
            value!({ "type": "object",
                "properties": { "name": { "type": "string" }, "generateName": { "type": "string" } } }),
        );
    }
    walk(root, Some(&schema));
}

fn walk(at: At<'_>, schema: Option<&Value>) {
    for rule in at.at("x-kubernetes-validations").items() {
        compile(rule, schema.unwrap_or(&Value::Null));
    }
    for (name, property) in at.at("properties").entries() {
        walk(property, schema.and_then(|schema| schema.at(&["properties", name])));
    }
    for below in ["items", "additionalProperties"] {
        if at.at(below).map().is_some() {
            walk(at.at(below), schema.and_then(|schema| schema.get(below)));
        }
    }
}

fn compile(rule: At<'_>, schema: &Value) {
    let text = rule.at("rule");
    if text.str().trim().is_empty() {
        return text.required("rule is not specified");
    }
    let budget = Budget::default();
    let complain = |place: At<'_>, why: &str| {
        place.invalid_go(&print(rule), &format!("compilation failed: {why}"));
    };
    match Expression::compile(text.str(), &budget) {
        Err(why) => complain(text, &why.to_string()),
        Ok(expression) => {
            if let Some(why) = expression.unknown_field(&["self", "oldSelf"], schema) {
                complain(text, &why);
            }
        }
    }
    let message = rule.at("messageExpression");
    if message.is_set() && !message.str().is_empty() {
        match Expression::compile(message.str(), &budget) {
            Err(why) => complain(message, &why.to_string()),
            Ok(expression) => {
                if let Some(why) = expression.unknown_field(&["self", "oldSelf"], schema) {
                    complain(message, &why);
                }
            }
        }
    }
}

/// A rule as Go prints its struct.
fn print(rule: At<'_>) -> String {
    let text = |field: &str| Value::string(rule.text(field)).to_json();
    let or_null = |field: &str| rule.get(field).map_or_else(|| "null".to_owned(), Value::to_json);
    format!(
        "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\"OptionalOldSelf\":{}}}",
        text("rule"),
        text("message"),
        text("messageExpression"),
        or_null("reason"),
        text("fieldPath"),
        or_null("optionalOldSelf")
    )
}
