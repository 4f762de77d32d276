//! `spec.syncPolicy`, and what the metadata says of deletion and dependencies.

use std::time::Duration;

use tautline_core::{AppId, Backoff, Map, Object, Value};
use tautline_engine::{Automated, Deletion, SyncPolicy};
use tautline_grammar::time;
use tautline_ownership::Propagation;

use super::{DEPENDS_ON_APPS_ANNOTATION, FINALIZER, Settings};
use crate::options::AppOptions;

pub(super) fn policy(spec: &Map, options: &AppOptions, settings: &Settings) -> SyncPolicy {
    let defaults = SyncPolicy::default();
    let policy = spec.get("syncPolicy").cloned().unwrap_or_default();
    let flag = |value: &Value, field: &str| value.get(field).and_then(Value::as_bool).unwrap_or(false);
    let automated = policy.get("automated").filter(|a| !a.is_null()).and_then(|automated| {
        let is_on = automated.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        is_on.then(|| Automated {
            prune: flag(automated, "prune"),
            self_heal: flag(automated, "selfHeal"),
            allow_empty: flag(automated, "allowEmpty"),
        })
    });
    let retry = policy.get("retry");
    let limit = retry.and_then(|r| r.i64_at(&["limit"]));
    let duration = |field: &str, otherwise: Duration| {
        let text = retry.and_then(|r| r.str_at(&["backoff", field]));
        text.and_then(|t| t.parse::<tautline_grammar::Duration>().ok()?.to_std()).unwrap_or(otherwise)
    };
    let factor = retry.and_then(|r| r.at(&["backoff", "factor"])?.as_f64()).unwrap_or(defaults.retry.factor);
    SyncPolicy {
        automated,
        create_namespace: options.create_namespace,
        namespace_metadata: options.namespace_metadata.clone(),
        objects: options.objects,
        fail_on_shared: options.fail_on_shared,
        awaits_last_wave: defaults.awaits_last_wave,
        confirms_data: defaults.confirms_data,
        propagation: options.propagation,
        retry_limit: match limit {
            None => defaults.retry_limit,
            Some(limit) => u32::try_from(limit).ok(),
        },
        retry: Backoff {
            base: duration("duration", defaults.retry.base),
            factor: if factor > 0.0 { factor } else { defaults.retry.factor },
            max: duration("maxDuration", defaults.retry.max),
        },
        poll: settings.poll,
        take_over_from: if options.migrate { defaults.take_over_from } else { Vec::new() },
    }
}

/// Rule R18: what becomes of the objects when the Application goes. Argo CD's finalizers for hooks of the
/// deletion say that such hooks have to run.
pub(super) fn deletion(object: &Object) -> Option<Deletion> {
    if !object.is_terminating() {
        return None;
    }
    let since = time::parse(object.metadata_str("deletionTimestamp")).unwrap_or_default();
    let mut ours = None;
    let mut needs_hooks = false;
    for finalizer in object.finalizers() {
        match finalizer.strip_prefix(FINALIZER) {
            Some("" | "/foreground") => ours = Some(Propagation::Foreground),
            Some("/background") => ours = Some(Propagation::Background),
            _ => needs_hooks |= is_hook_finalizer(finalizer),
        }
    }
    Some(match ours {
        Some(propagation) => Deletion::Cascade { propagation, since, needs_hooks },
        None if needs_hooks => Deletion::Held(format!(
            "the finalizers ask for hooks of the deletion and {FINALIZER} is missing; add it, or remove them"
        )),
        None => Deletion::Orphan,
    })
}

/// Whether a finalizer is one of Argo CD's for hooks of the deletion.
pub(crate) fn is_hook_finalizer(finalizer: &str) -> bool {
    ["pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io"].iter().any(
        |known| finalizer.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    )
}

/// The apps that an Application depends on.
pub(super) fn depends_on(object: &Object) -> Vec<AppId> {
    let named = object.annotation(DEPENDS_ON_APPS_ANNOTATION).unwrap_or_default().split(',').map(str::trim);
    let named = named.filter(|name| !name.is_empty());
    let app = |name: &str| match name.split_once('/') {
        Some((namespace, name)) => AppId::new(namespace, name),
        None => AppId::new(object.namespace(), name),
    };
    named.map(app).collect()
}
