//! Fields that a text asks for and a schema does not know.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};
use tautline_core::Value;

use crate::tokens::complaint;
use crate::variable::escape;

/// See [`crate::Expression::unknown_field`].
pub(crate) fn unknown(tree: &IdedExpr, text: &str, variables: &[&str], schema: &Value) -> Option<String> {
    let look = Look { variables, schema };
    let (path, field) = look.below(tree)?;
    let start = text.find(&path)?;
    let offset = start + path.len() - field.len() - 1;
    Some(complaint(text, offset, &format!("undefined field '{field}'")))
}

/// A chain of fields as it is written; `None` for anything else.
fn written(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", written(&select.operand)?, select.field)),
        _ => None,
    }
}

struct Look<'a> {
    variables: &'a [&'a str],
    schema: &'a Value,
}

impl<'a> Look<'a> {
    /// The schema of what an expression names; `None` where it cannot be told.
    fn typed(&self, node: &IdedExpr) -> Option<&'a Value> {
        match &node.expr {
            Expr::Ident(name) if self.variables.contains(&name.as_str()) => Some(self.schema),
            Expr::Select(select) if !select.test => child(self.typed(&select.operand)?, &select.field),
            _ => None,
        }
    }

    /// The first unknown field: the chain that ends in it, and its name.
    fn below(&self, node: &IdedExpr) -> Option<(String, String)> {
        match &node.expr {
            Expr::Select(select) => self.below(&select.operand).or_else(|| {
                let of = self.typed(&select.operand)?;
                let lacks = closed(of) && child(of, &select.field).is_none();
                if lacks { Some((written(node)?, select.field.clone())) } else { None }
            }),
            Expr::Call(call) => {
                let target = call.target.as_deref().and_then(|target| self.below(target));
                target.or_else(|| call.args.iter().find_map(|arg| self.below(arg)))
            }
            Expr::List(list) => list.elements.iter().find_map(|item| self.below(item)),
            Expr::Map(map) => map.entries.iter().find_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => self.below(&entry.key).or_else(|| self.below(&entry.value)),
                EntryExpr::StructField(field) => self.below(&field.value),
            }),
            Expr::Comprehension(fold) => [&fold.iter_range, &fold.loop_cond, &fold.loop_step, &fold.result]
                .into_iter()
                .find_map(|part| self.below(part)),
            _ => None,
        }
    }
}

fn child<'a>(schema: &'a Value, field: &str) -> Option<&'a Value> {
    let known = schema.get("properties").and_then(Value::as_map);
    known
        .and_then(|known| known.iter().find(|(name, _)| escape(name) == field).map(|(_, of)| of))
        .or_else(|| schema.get("additionalProperties").filter(|of| of.as_map().is_some()))
}

/// Whether a schema names all the fields that an expression can see.
fn closed(schema: &Value) -> bool {
    schema.get("properties").is_some()
        && schema.str_at(&["type"]) == Some("object")
        && schema.get("x-kubernetes-embedded-resource").is_none()
}

#[cfg(test)]
mod tests {
    use crate::Expression;
    use tautline_core::{Budget, value};

    #[test]
    fn fields_are_held_against_the_schema() {
        let schema = value!({ "type": "object", "properties": {
            "spec": { "type": "object", "properties": { "a-b": { "type": "integer" } } },
            "any": { "type": "object", "additionalProperties": { "type": "string" } } } });
        let check = |text: &str, expect: Option<&str>| {
            let expression = Expression::compile(text, &Budget::default()).unwrap();
            assert_eq!(expression.unknown_field(&["self"], &schema).as_deref(), expect, "{text}");
        };
        check("self.spec.a__dash__b == 1 && self.any.x == 'y'", None);
        check(
            "self.nope == 1",
            Some("ERROR: <input>:1:5: undefined field 'nope'\n | self.nope == 1\n | ....^"),
        );
    }
}
