//! From the parser's tree to one that the interpreter evaluates as cel-go would.
//!
//! - A field of what is no map is an error, not `false`: fields become index operations.
//! - `variables.x` becomes the one name `variables.x`.
//! - `string(x)` is this crate's own.
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

/// The part of an expression whose own failure is that of the whole, as far as it can be told without running the rounds
/// of macros; and whether it asks a field of what is no map, which cel-go calls a missing key.
pub(crate) fn culprit<'a>(node: &'a IdedExpr, context: &cel::Context<'_>) -> (&'a IdedExpr, Option<String>) {
    let fails = |part: &&IdedExpr| context.resolve(part).is_err();
    let below = match &node.expr {
        Expr::Comprehension(fold) => Some(&fold.iter_range).filter(fails),
        Expr::Call(call) if call.func_name == operators::CONDITIONAL => match call.args.as_slice() {
            [condition, yes, no] => match context.resolve(condition) {
                Ok(cel::Value::Bool(truth)) => Some(if truth { yes } else { no }),
                _ => Some(condition),
            },
            _ => None,
        },
        _ => parts(node).into_iter().find(fails),
    };
    match below {
        Some(part) => culprit(part, context),
        None => (node, missing(node, context)),
    }
}

fn missing(node: &IdedExpr, context: &cel::Context<'_>) -> Option<String> {
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
            if call.func_name == "string" && call.target.is_none() {
                call.func_name = crate::corrected::STRING.to_owned();
            }
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
    if let Some(name) = dotted_type(&select) {
        return Expr::Ident(name);
    }
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

/// A type whose name has dots: `google.protobuf.Timestamp`.
fn dotted_type(select: &SelectExpr) -> Option<String> {
    let Expr::Select(package) = &select.operand.expr else { return None };
    let Expr::Ident(root) = &package.operand.expr else { return None };
    let name = format!("{root}.{}.{}", package.field, select.field);
    crate::functions::denoted(&name).map(|_| name)
}

fn text(text: &str) -> IdedExpr {
    IdedExpr { id: 0, expr: Expr::Literal(LiteralValue::String(text.to_owned().into())) }
}
