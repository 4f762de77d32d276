//! `.operation`: the sync that somebody asks for.

use tautline_core::{Object, ResourceKey, Value};
use tautline_engine::{RequestOptions, SyncRequest};

use super::policy::retry;
use crate::options::AppOptions;

pub(super) fn operation(object: &Object) -> Option<SyncRequest> {
    let operation = object.get("operation").filter(|o| !o.is_null())?;
    let sync = operation.get("sync").filter(|s| !s.is_null())?;
    let strategy = sync.get("syncStrategy");
    let is_forced = strategy
        .and_then(|s| s.get("apply").or(s.get("hook")))
        .and_then(|s| s.get("force"))
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let only = sync.list_at(&["resources"]).iter().map(|r| {
        let field = |name: &str| r.str_at(&[name]).unwrap_or_default();
        ResourceKey::new(field("group"), field("kind"), field("namespace"), field("name"))
    });
    Some(SyncRequest {
        prune: sync.get("prune").and_then(Value::as_bool).unwrap_or(false),
        dry_run: sync.get("dryRun").and_then(Value::as_bool).unwrap_or(false),
        only: only.collect(),
        skips_hooks: strategy.and_then(|s| s.get("apply")).is_some_and(|a| !a.is_null()),
        revision: revision_of(sync),
        refused: is_other_source(object, sync)
            .then(|| "operation.sync.source differs from spec.source in more than its targetRevision, which is not supported".to_owned())
            .or(refused_field(sync)),
        options: options_of(object, sync, is_forced),
        retry: operation.get("retry").filter(|retry| !retry.is_null()).map(retry),
        by: operation.str_at(&["initiatedBy", "username"]).unwrap_or_default().to_owned(),
    })
}

/// The revision that is asked for; `argocd app rollback` names it in the source of that time.
fn revision_of(sync: &Value) -> Option<String> {
    let named = [&["revision"][..], &["source", "targetRevision"]].into_iter();
    named.filter_map(|path| sync.str_at(path)).find(|revision| !revision.is_empty()).map(str::to_owned)
}

/// Whether the operation brings a source of its own that is not the app's at another revision.
fn is_other_source(object: &Object, sync: &Value) -> bool {
    let without_revision = |source: &Value| {
        let mut source = source.as_map().cloned().unwrap_or_default();
        source.remove("targetRevision");
        source
    };
    let own = object.at(&["spec", "source"]);
    let other = sync.get("source").filter(|source| source.as_map().is_some_and(|map| !map.is_empty()));
    other.is_some_and(|other| own.map(without_revision) != Some(without_revision(other)))
}

fn refused_field(sync: &Value) -> Option<String> {
    let is_set = |value: &Value| !value.is_null() && value.as_list().is_none_or(|list| !list.is_empty());
    let field =
        ["sources", "manifests", "revisions"].into_iter().find(|f| sync.get(f).is_some_and(is_set))?;
    Some(format!("operation.sync.{field} is not supported by this version, and not ignored"))
}

/// The options of this sync: those that the operation names instead of the app's, and its force.
fn options_of(object: &Object, sync: &Value, is_forced: bool) -> Option<RequestOptions> {
    let named = sync.list_at(&["syncOptions"]);
    if named.is_empty() && !is_forced {
        return None;
    }
    let mut options = match named.is_empty() {
        false => AppOptions::of(named.iter().filter_map(Value::as_str)),
        true => AppOptions::read(object.get("spec").and_then(Value::as_map)?, &mut Vec::new()),
    };
    options.objects.force |= is_forced;
    Some(RequestOptions {
        objects: options.objects,
        create_namespace: options.create_namespace,
        fail_on_shared: options.fail_on_shared,
        propagation: options.propagation,
        migrates: options.migrate,
    })
}
