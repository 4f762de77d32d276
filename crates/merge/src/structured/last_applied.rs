//! What manager `kubectl` may take over: fields that the last-applied annotation lists with their present value.

use tautline_core::{Object, Value};
use tautline_schema::Root;

use super::Conflict;
use super::compare::compare;
use super::typed::Typed;
use super::versions::typed;
use crate::FieldSet;

/// The annotation of client-side apply.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// All annotations together may have this many bytes.
const ANNOTATIONS_LIMIT: usize = 256 << 10;

/// Whether every conflict is allowed; if not, those that are left.
pub(super) fn allows(live: &Object, root: &Root, conflicts: Vec<Conflict>) -> Result<(), Vec<Conflict>> {
    let Some(allowed) = allowed(live, root) else { return Err(conflicts) };
    let left: Vec<Conflict> = conflicts.into_iter().filter(|c| !allowed.contains(&c.path)).collect();
    if left.is_empty() { Ok(()) } else { Err(left) }
}

fn allowed(live: &Object, root: &Root) -> Option<FieldSet> {
    let text = live.annotation(LAST_APPLIED).filter(|text| !text.is_empty())?;
    let last = Value::from_json(text.as_bytes()).ok()?;
    if last.str_at(&["apiVersion"]) != Some(live.api_version()) || last.str_at(&["kind"]) != Some(live.kind())
    {
        return None;
    }
    let live = typed(live, root, false).ok()?;
    let last = Typed::check(last, root.clone(), false).ok()?;
    let found = compare(&last, &live).ok()?;
    Some(last.fields().difference(&found.modified).difference(&found.added).difference(&found.removed))
}

/// Brings the annotation up to date, if the object has one.
pub(super) fn rewrite(object: &mut Object, config: &Object) {
    if object.annotation(LAST_APPLIED).is_none_or(str::is_empty) {
        return;
    }
    let text = print(config);
    let annotations = object.at(&["metadata", "annotations"]).and_then(Value::as_map);
    let others: usize = annotations
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != LAST_APPLIED)
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    if others + LAST_APPLIED.len() + text.len() > ANNOTATIONS_LIMIT {
        object.metadata_mut().map_at("annotations").remove(LAST_APPLIED);
    } else {
        object.annotate(LAST_APPLIED, &text);
    }
}

/// A configuration as the annotation keeps it: JSON with sorted keys, without the annotation, one line.
pub fn print(config: &Object) -> String {
    let mut config = config.clone();
    if config.annotation(LAST_APPLIED).is_some() {
        config.metadata_mut().map_at("annotations").remove(LAST_APPLIED);
    }
    let mut text = escape_html(&config.to_value().to_json());
    text.push('\n');
    text
}

/// Go's JSON escapes what could end a script element. In JSON these characters only stand inside strings.
fn escape_html(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}
