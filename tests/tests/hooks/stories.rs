//! What the stories of hooks are told with.

use std::sync::Arc;

use tautline_core::{Object, Value};
use tautline_tests::stand::Stand;

use super::APP;

/// A Job that is a hook; an image named `fail…` ends with 1.
pub(crate) fn hook(name: &str, types: &str, policy: &str, image: &str) -> String {
    let policy = match policy {
        "" => String::new(),
        policy => format!("    argocd.argoproj.io/hook-delete-policy: {policy}\n"),
    };
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  {name}\n  annotations:\n    argocd.argoproj.io/hook: {types}\n\
         {policy}spec:\n  backoffLimit: 0\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      \
         - name: main\n        image: {image}\n"
    )
}

pub(crate) fn in_wave(manifest: &str, wave: i64) -> String {
    manifest.replacen(
        "metadata:\n",
        &format!("metadata:\n  annotations: {{argocd.argoproj.io/sync-wave: \"{wave}\"}}\n"),
        1,
    )
}

pub(crate) async fn until_phase(stand: &Stand, name: &str, revision: &str, phase: &str) -> Arc<Object> {
    let what = format!("{phase} at {revision}");
    let app = stand.until(APP, "Application", "argocd", name, &what, |app| {
        let at = |path: &[&str]| app.and_then(|a| a.str_at(path)).unwrap_or_default().to_owned();
        at(&["status", "operationState", "phase"]) == phase
            && at(&["status", "operationState", "syncResult", "revision"]) == revision
    });
    app.await.unwrap()
}

pub(crate) fn result<'a>(app: &'a Object, name: &str) -> &'a Value {
    let results = app.list_at(&["status", "operationState", "syncResult", "resources"]);
    let starts = |r: &&Value| r.str_at(&["name"]).is_some_and(|n| n.starts_with(name));
    results
        .iter()
        .find(starts)
        .unwrap_or_else(|| panic!("{name} has no result: {}", app.to_value().to_json()))
}

pub(crate) fn created(object: &Object) -> u64 {
    object.resource_version().map(|v| v.as_str().parse().unwrap()).unwrap()
}
