//! `taut diff`: what would change, field by field.

use std::fmt::Write;
use std::io::IsTerminal;

use serde_json::json;
use tautline::diff::{Difference, Outcome, TextStyle, View, locate};
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
    let mut comparison = compare::compare(live, &rendering, &subject, manager, false, None).await?;
    for (pair, difference) in &mut comparison.rows {
        if let Some(manifest) = pair.desired.as_ref().filter(|_| !difference.changes.is_empty())
            && let Some(text) = rendering.file(&manifest.origin)
        {
            locate(difference, manifest, &text);
        }
    }
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
        let mut row = json!(view(pair, difference).to_json());
        row["object"] = json!(pair.key);
        row["origin"] = json!(pair.desired.as_ref().map(|manifest| &manifest.origin));
        row["owner"] = json!(owner(pair));
        row
    });
    json!({ "objects": rows.collect::<Vec<_>>() })
}

/// A difference as it may be shown: of a Secret's values, only which are equal (rule R26).
fn view(pair: &Pair, difference: &Difference) -> View {
    let live = pair.live.as_ref().present().map(|live| &**live);
    View::of(pair.desired.as_ref().map(|manifest| &*manifest.object), live, difference)
}

fn text(comparison: &Comparison, is_coloured: bool) -> String {
    let style = TextStyle { coloured: is_coloured, ..TextStyle::default() };
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
        let _ = writeln!(out, "{}{origin}", style.paint(colour, &head));
        out.push_str(&details(pair, difference, &style));
    }
    out
}

fn details(pair: &Pair, difference: &Difference, style: &TextStyle) -> String {
    let mut out = String::new();
    if let Some(owner) = owner(pair) {
        let _ = writeln!(out, "    it belongs to app {owner}, and is not written");
    }
    match &difference.outcome {
        Outcome::Create => out.push_str("    it is not in the cluster\n"),
        Outcome::Delete => out.push_str("    Git no longer holds it; it goes with --prune\n"),
        _ => {}
    }
    out.push_str(&view(pair, difference).to_text(style));
    out
}

fn owner(pair: &Pair) -> Option<&str> {
    match &pair.owner {
        Owner::Other(owner) if pair.desired.is_some() => Some(owner),
        _ => None,
    }
}
