//! From the parser's tree to one that the interpreter evaluates as cel-go would.
//!
//! - A field of what is no map is an error, not `false`: fields become index operations.
//! - `variables.x` becomes the one name `variables.x`.
//! - `Object{…}` and `JSONPatch{…}` become maps that hold their type's name under a key that no field can have.

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, EntryExpr, Expr, LiteralValue, MapEntryExpr, MapExpr, SelectExpr, operators,
};

use crate::types::Declarations;

/// The key under which a built object holds the name of its type.
pub(crate) const TYPE_KEY: &str = "\u{0}type";

/// The tree to evaluate.
pub(crate) fn lower(mut node: IdedExpr, declared: &Declarations) -> IdedExpr {
    walk(&mut node, declared);
    node
}

/// The name of the first object that a tree builds.
pub(crate) fn built(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Struct(object) => Some(object.type_name.clone()),
        _ => parts(node).into_iter().find_map(built),
    }
}

/// The names of `variables.NAME` in a tree, each once.
pub(crate) fn composed(node: &IdedExpr) -> Vec<String> {
    let mut found = Vec::new();
    gather(node, &mut found);
    found
}

fn gather(node: &IdedExpr, found: &mut Vec<String>) {
    if let Expr::Select(select) = &node.expr
        && matches!(&select.operand.expr, Expr::Ident(name) if name == "variables")
        && !found.contains(&select.field)
    {
        found.push(select.field.clone());
    }
    parts(node).into_iter().for_each(|part| gather(part, found));
}

/// Why an evaluation found no overload, when it is because a field was asked of what is no map: cel-go calls that a
/// missing key. What stands within macros is not looked at.
pub(crate) fn first_missing(node: &IdedExpr, context: &cel::Context<'_>) -> Option<String> {
    if matches!(node.expr, Expr::Comprehension(_)) {
        return None;
    }
    if let Some(found) = parts(node).into_iter().find_map(|part| first_missing(part, context)) {
        return Some(found);
    }
    let Expr::Call(call) = &node.expr else { return None };
    match call.args.as_slice() {
        [operand, IdedExpr { id: 0, expr: Expr::Literal(LiteralValue::String(field)) }]
            if call.func_name == operators::INDEX =>
        {
            let is_map = matches!(
                context.resolve(operand).ok()?,
                cel::Value::Map(_) | cel::Value::Opaque(_) | cel::Value::List(_)
            );
            (!is_map).then(|| format!("no such key: {}", field.inner()))
        }
        _ => None,
    }
}

/// The parts of an expression, in the order of the text.
fn parts(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Select(select) => vec![&*select.operand],
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(values).collect(),
        Expr::Struct(object) => object.entries.iter().flat_map(values).collect(),
        Expr::Comprehension(fold) => {
            vec![&fold.iter_range, &fold.accu_init, &fold.loop_cond, &fold.loop_step, &fold.result]
        }
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
    }
}

fn values(entry: &cel::common::ast::IdedEntryExpr) -> Vec<&IdedExpr> {
    match &entry.expr {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

fn walk(node: &mut IdedExpr, declared: &Declarations) {
    node.expr = match std::mem::take(&mut node.expr) {
        Expr::Select(select) => selected(select, declared),
        Expr::Struct(object) => {
            let name = MapEntryExpr { key: text(TYPE_KEY), value: text(&object.type_name), optional: false };
            let mut entries = vec![EntryExpr::MapEntry(name)];
            for entry in object.entries {
                if let EntryExpr::StructField(mut field) = entry.expr {
                    walk(&mut field.value, declared);
                    let (key, value, optional) = (text(&field.field), field.value, field.optional);
                    entries.push(EntryExpr::MapEntry(MapEntryExpr { key, value, optional }));
                }
            }
            let entries =
                entries.into_iter().map(|expr| cel::common::ast::IdedEntryExpr { id: 0, expr }).collect();
            Expr::Map(MapExpr { entries })
        }
        Expr::Call(mut call) => {
            call.target.iter_mut().for_each(|target| walk(target, declared));
            call.args.iter_mut().for_each(|arg| walk(arg, declared));
            Expr::Call(call)
        }
        Expr::List(mut list) => {
            list.elements.iter_mut().for_each(|item| walk(item, declared));
            Expr::List(list)
        }
        Expr::Map(mut map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    walk(&mut entry.key, declared);
                    walk(&mut entry.value, declared);
                }
            }
            Expr::Map(map)
        }
        Expr::Comprehension(mut fold) => {
            let parts = [
                &mut fold.iter_range,
                &mut fold.accu_init,
                &mut fold.loop_cond,
                &mut fold.loop_step,
                &mut fold.result,
            ];
            parts.into_iter().for_each(|part| walk(part, declared));
            Expr::Comprehension(fold)
        }
        other => other,
    };
}

fn selected(mut select: SelectExpr, declared: &Declarations) -> Expr {
    if let Expr::Ident(name) = &select.operand.expr {
        let whole = format!("{name}.{}", select.field);
        if name == "variables"
            && let Some(composed) = &declared.composed
        {
            let is_known = composed.contains_key(&select.field);
            return if select.test {
                Expr::Literal(LiteralValue::Boolean(is_known.into()))
            } else {
                Expr::Ident(whole)
            };
        }
        if !select.test && declared.variables.contains_key(&whole) {
            return Expr::Ident(whole);
        }
    }
    walk(&mut select.operand, declared);
    if select.test {
        return Expr::Select(select);
    }
    let args = vec![*select.operand, text(&select.field)];
    Expr::Call(CallExpr { func_name: operators::INDEX.to_owned(), target: None, args })
}

fn text(text: &str) -> IdedExpr {
    IdedExpr { id: 0, expr: Expr::Literal(LiteralValue::String(text.to_owned().into())) }
}
