//! `spec.syncPolicy`, and what the metadata says of deletion and dependencies.

use std::time::Duration;

use tautline_core::{AppId, Backoff, Map, Object, Value};
use tautline_engine::{Automated, Deletion, Retry, SyncPolicy};
use tautline_grammar::time;
use tautline_ownership::Propagation;

use super::{DEPENDS_ON_APPS_ANNOTATION, FINALIZER, MIGRATION_MANAGER_ANNOTATION, Settings};
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
    let retry = policy.get("retry").filter(|retry| !retry.is_null()).map(retry);
    let retry = retry.unwrap_or(Retry { limit: defaults.retry_limit, backoff: defaults.retry });
    SyncPolicy {
        automated,
        create_namespace: options.create_namespace,
        namespace_metadata: options.namespace_metadata.clone(),
        objects: options.objects,
        fail_on_shared: options.fail_on_shared,
        awaits_last_wave: defaults.awaits_last_wave,
        confirms_data: defaults.confirms_data,
        propagation: options.propagation,
        retry_limit: retry.limit,
        retry: retry.backoff,
        poll: settings.poll,
        take_over_from: if options.migrate { defaults.take_over_from } else { Vec::new() },
        take_over_also: Vec::new(),
    }
}

/// A `retry` block, of a policy or an operation: without a limit nothing is tried again, with a negative one for ever.
pub(super) fn retry(retry: &Value) -> Retry {
    let otherwise = SyncPolicy::default().retry;
    let limit = u32::try_from(retry.i64_at(&["limit"]).unwrap_or(0)).ok();
    let duration = |field: &str, otherwise: Duration| {
        let text = retry.str_at(&["backoff", field]).map(str::trim);
        text.and_then(seconds_or_duration).unwrap_or(otherwise)
    };
    let factor = retry.at(&["backoff", "factor"]).and_then(Value::as_f64).filter(|factor| *factor > 0.0);
    let backoff = Backoff {
        base: duration("duration", otherwise.base),
        factor: factor.unwrap_or(otherwise.factor),
        max: duration("maxDuration", otherwise.max),
    };
    Retry { limit, backoff }
}

/// A number of seconds, or a Go duration.
fn seconds_or_duration(text: &str) -> Option<Duration> {
    let seconds = text.parse().ok().map(Duration::from_secs);
    seconds.or_else(|| text.parse::<tautline_grammar::Duration>().ok()?.to_std())
}

/// Rule R7: the manager, beside the usual ones, whose fields an Application wants to become ours.
pub(super) fn take_over_also(object: &Object, options: &AppOptions) -> Vec<String> {
    let named = object.annotation(MIGRATION_MANAGER_ANNOTATION).map(str::trim);
    let usual = SyncPolicy::default().take_over_from;
    let is_other = |name: &&str| !name.is_empty() && !usual.iter().any(|known| known == name);
    named.filter(is_other).filter(|_| options.migrate).map(str::to_owned).into_iter().collect()
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
        Some(propagation) => Deletion::Cascade { propagation, since, needs_hooks, keeps_objects: false },
        None if needs_hooks => Deletion::Cascade {
            propagation: Propagation::Foreground,
            since,
            needs_hooks,
            keeps_objects: true,
        },
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
