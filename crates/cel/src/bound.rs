//! What an expression may cost at most, told before it is evaluated.
//!
//! Loops in CEL run over lists and maps, so the steps are bounded by the sizes of these, multiplied where loops
//! are nested. Sizes are bytes: no list has more items than it has bytes.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue};

use crate::Variable;

/// Steps to take, and the size of the value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) steps: u64,
    pub(crate) bytes: u64,
    /// Items of the value, when it is a list or a map.
    pub(crate) items: u64,
}

/// The most that an expression can cost on these variables.
pub(crate) fn of(expression: &IdedExpr, variables: &[(&str, Variable)]) -> Cost {
    let mut scope: Vec<(String, Cost)> = variables
        .iter()
        .map(|(name, v)| ((*name).to_owned(), Cost { steps: 1, bytes: v.bytes, items: v.items }))
        .collect();
    cost(expression, &mut scope)
}

/// Everything is evaluated, nothing is skipped.
fn cost(node: &IdedExpr, scope: &mut Vec<(String, Cost)>) -> Cost {
    match &node.expr {
        Expr::Unspecified => Cost { steps: 1, ..Cost::default() },
        Expr::Literal(literal) => {
            let bytes = match literal {
                LiteralValue::String(text) => text.inner().len() as u64,
                LiteralValue::Bytes(bytes) => bytes.inner().len() as u64,
                _ => 8,
            };
            Cost { steps: 1, bytes, items: 0 }
        }
        Expr::Ident(name) => {
            let known = scope.iter().rev().find(|(n, _)| n == name);
            Cost { steps: 1, ..known.map_or(Cost::default(), |(_, cost)| *cost) }
        }
        Expr::Select(select) => step(cost(&select.operand, scope)),
        Expr::List(list) => all(list.elements.iter(), scope),
        Expr::Map(map) => all(map.entries.iter().flat_map(parts), scope),
        Expr::Struct(object) => all(object.entries.iter().flat_map(parts), scope),
        Expr::Call(call) => {
            let args: Vec<Cost> =
                call.target.iter().map(|t| &**t).chain(&call.args).map(|a| cost(a, scope)).collect();
            called(&call.func_name, &args)
        }
        Expr::Comprehension(fold) => {
            let range = cost(&fold.iter_range, scope);
            let start = cost(&fold.accu_init, scope);
            let depth = scope.len();
            let item = Cost { steps: 1, bytes: range.bytes, items: range.items };
            scope.push((fold.iter_var.clone(), item));
            scope.extend(fold.iter_var2.clone().map(|name| (name, item)));
            // What has been gathered is not counted again in each round.
            scope.push((fold.accu_var.clone(), Cost::default()));
            let round = cost(&fold.loop_cond, scope);
            let body = cost(&fold.loop_step, scope);
            scope.truncate(depth);
            let times = range.items.max(1);
            let bytes = start.bytes.saturating_add(times.saturating_mul(body.bytes.max(1)));
            let items = start.items.saturating_add(times.saturating_mul(body.items.max(1)));
            let rounds = times.saturating_mul(round.steps.saturating_add(body.steps));
            let steps = range.steps.saturating_add(start.steps).saturating_add(rounds);
            Cost { steps, bytes, items }
        }
    }
}

fn step(cost: Cost) -> Cost {
    Cost { steps: cost.steps.saturating_add(1), ..cost }
}

fn parts(entry: &cel::common::ast::IdedEntryExpr) -> Vec<&IdedExpr> {
    match &entry.expr {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

fn all<'a>(nodes: impl Iterator<Item = &'a IdedExpr>, scope: &mut Vec<(String, Cost)>) -> Cost {
    let mut sum = Cost { steps: 1, ..Cost::default() };
    for node in nodes {
        let one = cost(node, scope);
        sum.steps = sum.steps.saturating_add(one.steps);
        sum.bytes = sum.bytes.saturating_add(one.bytes).saturating_add(1);
        // A list of lists may be flattened.
        sum.items = sum.items.saturating_add(one.items.max(1));
    }
    sum
}

/// A function's value is no longer than what it is given, but for these that multiply.
fn called(name: &str, args: &[Cost]) -> Cost {
    let sum = |of: fn(&Cost) -> u64| args.iter().map(of).fold(0_u64, u64::saturating_add);
    let (given, items) = (sum(|c| c.bytes), sum(|c| c.items));
    let bytes = match name {
        "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" | "_&&_" | "_||_" | "!_" | "size" | "matches"
        | "startsWith" | "endsWith" | "contains" => 8,
        "replace" | "join" | "format" | "quote" => {
            let first = args.first().map_or(0, |c| c.bytes).saturating_add(1);
            first.saturating_mul(given.saturating_sub(first).saturating_add(1).max(2))
        }
        _ => given.saturating_add(8),
    };
    let items = match name {
        "split" | "findAll" | "chars" => bytes,
        _ => items,
    };
    // Comparing and searching look at every byte.
    let steps = sum(|c| c.steps).saturating_add(1 + given / 64);
    Cost { steps, bytes, items }
}
