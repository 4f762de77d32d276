//! What an Application's status and annotations remember of earlier syncs.

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::{Digest, GroupKind, Map, Object, ResourceKey, Value};
use tautline_engine::{HistoryEntry, Interrupted, Memory};
use tautline_grammar::time;
use tautline_plan::Phase;

use super::KINDS_ANNOTATION;
use crate::status::INSTEAD_OF;

pub(super) fn kinds(object: &Object) -> BTreeSet<GroupKind> {
    let recorded = object.annotation(KINDS_ANNOTATION).unwrap_or_default();
    let mut kinds: BTreeSet<GroupKind> =
        recorded.split(',').filter(|k| !k.is_empty()).map(parse_kind).collect();
    for row in object.list_at(&["status", "resources"]) {
        let kind = row.str_at(&["kind"]).unwrap_or_default();
        if !kind.is_empty() {
            kinds.insert(GroupKind::new(row.str_at(&["group"]).unwrap_or_default(), kind));
        }
    }
    kinds
}

fn parse_kind(text: &str) -> GroupKind {
    let (kind, group) = text.split_once('.').unwrap_or((text, ""));
    GroupKind::new(group, kind)
}

/// The value of [`KINDS_ANNOTATION`] for these kinds.
pub(crate) fn print_kinds(kinds: &BTreeSet<GroupKind>) -> String {
    kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn memory(object: &Object, source: &Map, digest: Digest) -> Memory {
    let status = |path: &[&str]| object.get("status").and_then(|s| s.at(path)).cloned();
    let is_same_source = status(&["sync", "comparedTo", "source"]) == Some(Value::Map(source.clone()));
    let succeeded = status(&["operationState", "phase"]).is_some_and(|p| p.as_str() == Some("Succeeded"));
    let revision =
        status(&["operationState", "syncResult", "revision"]).and_then(|r| r.as_str().map(str::to_owned));
    let synced = revision.filter(|_| succeeded && is_same_source).map(|revision| (revision, digest));
    let time = |entry: &Value, field: &str| {
        entry.str_at(&[field]).and_then(|t| time::parse(t).ok()).unwrap_or_default()
    };
    let history = object.list_at(&["status", "history"]).iter().map(|entry| HistoryEntry {
        id: entry.i64_at(&["id"]).unwrap_or(0),
        revision: entry.str_at(&["revision"]).unwrap_or_default().to_owned(),
        started_at: time(entry, "deployStartedAt"),
        deployed_at: time(entry, "deployedAt"),
        by: match entry.at(&["initiatedBy", "automated"]).and_then(Value::as_bool) {
            Some(true) => None,
            _ => Some(entry.str_at(&["initiatedBy", "username"]).unwrap_or_default().to_owned()),
        },
    });
    let is_ours = object.annotation(KINDS_ANNOTATION).is_some();
    Memory {
        synced,
        history: history.collect(),
        pinned: pinned(object).filter(|_| is_ours),
        is_ours,
        // What Argo CD left running is not ours to go on with.
        interrupted: interrupted(object).filter(|_| is_ours),
    }
}

/// A revision that was synced by hand, and what the app followed then.
fn pinned(object: &Object) -> Option<(String, String)> {
    let operation = object.get("status")?.at(&["operationState", "operation"])?;
    let named = |info: &&Value| info.str_at(&["name"]) == Some(INSTEAD_OF);
    let instead_of = operation.list_at(&["info"]).iter().find(named)?.str_at(&["value"])?;
    Some((operation.str_at(&["sync", "revision"])?.to_owned(), instead_of.to_owned()))
}

/// A sync that the status says is running: nobody wrote down its end.
fn interrupted(object: &Object) -> Option<Interrupted> {
    let state = object.get("status")?.get("operationState")?;
    if state.str_at(&["phase"]) != Some("Running") {
        return None;
    }
    let of = |result: &Value, field: &str| result.str_at(&[field]).unwrap_or_default().to_owned();
    let results = state.list_at(&["syncResult", "resources"]).iter();
    let finished = results
        .filter(|r| r.str_at(&["hookType"]).is_some() && r.str_at(&["hookPhase"]) == Some("Succeeded"))
        .map(|r| {
            let key = ResourceKey::new(of(r, "group"), of(r, "kind"), of(r, "namespace"), of(r, "name"));
            (key, Phase::named(&of(r, "syncPhase")).unwrap_or_default())
        });
    let revision = ["syncResult", "operation"].iter().find_map(|part| match *part {
        "operation" => state.str_at(&["operation", "sync", "revision"]),
        part => state.str_at(&[part, "revision"]),
    });
    Some(Interrupted {
        revision: revision?.to_owned(),
        started_at: time::parse(state.str_at(&["startedAt"])?).ok()?,
        prune: state.at(&["operation", "sync", "prune"]).and_then(Value::as_bool).unwrap_or(false),
        by: state.str_at(&["operation", "initiatedBy", "username"]).map(str::to_owned),
        only: Vec::new(),
        skips_hooks: false,
        finished_hooks: finished.collect(),
        made_hooks: BTreeMap::new(),
    })
}
