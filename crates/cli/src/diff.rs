//! `taut diff`: what would change, field by field.

use std::fmt::Write;
use std::io::IsTerminal;

use serde_json::json;
use tautline::core::Value;
use tautline::diff::{Change, Difference, Outcome};
use tautline::ownership::{Owner, Pair};

use crate::arguments::{DiffOptions, Output};
use crate::compare::{self, Comparison};
use crate::failure::{Failure, Result};
use crate::live::{Live, connect};
use crate::render::render_completely;

/// Runs the verb.
pub(crate) async fn run(options: &DiffOptions) -> Result<u8> {
    let live = connect(&options.compare.cluster).await?;
    let is_coloured = options.output == Output::Text && std::io::stdout().is_terminal();
    let (text, code) = diff(options, &live, is_coloured).await.map_err(Failure::never_one)?;
    print!("{text}");
    Ok(code)
}

/// What is printed, and the exit code: as kubectl diff has them.
pub(crate) async fn diff(options: &DiffOptions, live: &Live, is_coloured: bool) -> Result<(String, u8)> {
    let rendering = render_completely(&options.compare.source).await?;
    let subject = compare::subject(&options.compare, &rendering, &live.server)?;
    let manager = &options.compare.field_manager;
    let comparison = compare::compare(live, &rendering, &subject, manager, false).await?;
    let outcomes = || comparison.rows.iter().map(|(_, difference)| &difference.outcome);
    let code = if outcomes().any(|outcome| matches!(outcome, Outcome::Unknown(_))) {
        2
    } else {
        u8::from(outcomes().any(|outcome| *outcome != Outcome::Unchanged))
    };
    Ok(match options.output {
        Output::Text => (text(&comparison, is_coloured), code),
        Output::Json => (format!("{:#}\n", to_json(&comparison)), code),
    })
}

fn to_json(comparison: &Comparison) -> serde_json::Value {
    let rows = comparison.rows.iter().filter(|(_, d)| !d.is_in_sync()).map(|(pair, difference)| {
        let changes: Vec<Change> = difference.changes.iter().map(|change| shown(pair, change)).collect();
        json!({
            "object": pair.key,
            "outcome": difference.outcome,
            "origin": pair.desired.as_ref().map(|manifest| &manifest.origin),
            "owner": owner(pair),
            "changes": changes,
            "taken": difference.taken,
        })
    });
    json!({ "objects": rows.collect::<Vec<_>>() })
}

fn text(comparison: &Comparison, is_coloured: bool) -> String {
    let paint = |colour: u8, text: &str| match is_coloured {
        true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    let mut out = String::new();
    for (pair, difference) in &comparison.rows {
        let (sign, colour) = match &difference.outcome {
            Outcome::Unchanged => continue,
            Outcome::Create => ('+', 32),
            Outcome::Change => ('~', 33),
            Outcome::Delete => ('-', 31),
            Outcome::Unknown(_) => ('?', 35),
        };
        let origin = pair.desired.as_ref().map(|m| format!("  [{}]", m.origin)).unwrap_or_default();
        let head = format!("{sign} {}", pair.key);
        let _ = writeln!(out, "{}{origin}", paint(colour, &head));
        out.push_str(&details(pair, difference));
    }
    out
}

fn details(pair: &Pair, difference: &Difference) -> String {
    let mut out = String::new();
    if let Some(owner) = owner(pair) {
        let _ = writeln!(out, "    it belongs to app {owner}, and is not written");
    }
    match &difference.outcome {
        Outcome::Create => out.push_str("    it is not in the cluster\n"),
        Outcome::Delete => out.push_str("    Git no longer holds it; it goes with --prune\n"),
        Outcome::Unknown(why) => drop(writeln!(out, "    {why}")),
        _ => {}
    }
    for change in &difference.changes {
        let _ = writeln!(out, "    {}", shown(pair, change));
    }
    for taken in &difference.taken {
        let _ = writeln!(out, "    {} is taken from {} ({})", taken.path, taken.from, taken.operation);
    }
    out
}

fn owner(pair: &Pair) -> Option<&str> {
    match &pair.owner {
        Owner::Other(owner) if pair.desired.is_some() => Some(owner),
        _ => None,
    }
}

/// A change as it may be shown: of a Secret's values, only that they differ (rule R26).
fn shown(pair: &Pair, change: &Change) -> Change {
    let path = change.path.to_string();
    let is_secret = pair.key.group_kind().is("", "Secret")
        && (path.starts_with("data") || path.starts_with("stringData") || path.contains("annotations"));
    if !is_secret {
        return change.clone();
    }
    let hide = |value: &Option<Value>| value.as_ref().map(|_| Value::from("(hidden)"));
    Change { from: hide(&change.from), to: hide(&change.to), ..change.clone() }
}
