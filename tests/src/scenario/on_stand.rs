//! Playing a scenario on a whole installation.

use tautline_cluster::Patch;
use tautline_core::{Object, value};

use super::objects::{NAMESPACE, api_version, key, manifest};
use super::simulated::{Script, holds, operation};
use super::{Line, Scenario};
use crate::stand::{Stand, set};

const APP: &str = "argoproj.io/v1alpha1";

/// Plays a scenario on a stand. What is expected is waited for. The order of writes and their number are not
/// seen from there; they are checked on the simulation.
pub async fn play_on_stand(scenario: &Scenario) {
    let mut stand = Stand::start().await;
    let mut script = Script::new();
    let mut revision = String::new();
    for (number, line) in &scenario.lines {
        if script.takes(line) {
            continue;
        }
        match line {
            Line::Go(_) => {
                let is_known = !revision.is_empty();
                if let Some(files) = script.files.take() {
                    let files: Vec<(&str, &str)> =
                        files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
                    revision = stand.commit("main", &files);
                }
                if std::mem::take(&mut script.is_edited) {
                    stand.apply(script.application.clone()).await;
                }
                if is_known {
                    stand.refresh("web").await;
                }
            }
            line => {
                expect_or_act(&stand, &revision, line, &format!("{} (line {number})", scenario.name)).await
            }
        }
    }
    // On a real cluster the next one would find it still at work.
    stand.stop_controller().await;
}

async fn expect_or_act(stand: &Stand, revision: &str, line: &Line, place: &str) {
    let at =
        |app: Option<&Object>, path: &[&str]| app.and_then(|a| a.str_at(path)).unwrap_or_default().to_owned();
    match line {
        Line::Live { manager, object } => {
            let mut object = manifest(object);
            let kind = object.str_at(&["kind"]).unwrap_or_default().to_owned();
            if !key(&format!("{kind}/x")).namespace.is_empty() {
                if stand.get("v1", "Namespace", "", NAMESPACE).await.is_none() {
                    stand.apply(manifest(&format!("Namespace {NAMESPACE}"))).await;
                }
                if object.str_at(&["metadata", "namespace"]).is_none() {
                    set(&mut object, &["metadata", "namespace"], NAMESPACE.into());
                }
            }
            match manager.as_str() {
                "person" => stand.apply(object).await,
                manager => stand.create_as(manager, object).await,
            }
        }
        Line::Remove(object) => {
            let key = key(object);
            stand.delete(api_version(&key.kind), &key.kind, &key.namespace, &key.name).await;
        }
        Line::Ask(sync) => {
            let operation = value!({ "operation": (operation(sync)) });
            stand.patch(APP, "Application", "argocd", "web", Patch::Merge(operation)).await;
        }
        Line::Refresh { hard } => {
            let how = if *hard { "hard" } else { "normal" };
            let patch = value!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": how } } });
            stand.patch(APP, "Application", "argocd", "web", Patch::Merge(patch)).await;
        }
        Line::Result { phase, text } => {
            let what = format!("{phase}: {text} at {revision}; {place}");
            let check = |app: Option<&Object>| {
                at(app, &["status", "operationState", "phase"]) == *phase
                    && at(app, &["status", "operationState", "message"]).contains(text.as_str())
                    && [at(app, &["status", "operationState", "syncResult", "revision"]), String::new()]
                        .contains(&revision.to_owned())
            };
            stand.until(APP, "Application", "argocd", "web", &what, check).await;
        }
        Line::App { sync, health } => {
            stand.until_app("web", sync, health).await;
        }
        Line::Condition { kind, text } => {
            stand.until_condition("web", kind, text).await;
        }
        Line::There { object, at } => {
            let what = format!("as expected: {at:?}; {place}");
            let check =
                |live: Option<&Object>| live.is_some_and(|o| holds(&o.to_value(), at.as_ref()).is_ok());
            until(stand, object, &what, check).await;
        }
        Line::Gone(object) => until(stand, object, &format!("gone; {place}"), |live| live.is_none()).await,
        Line::Says { .. } | Line::Order(_) | Line::Writes(_) => {}
        other => panic!("{place}: {other:?} cannot be played on a stand"),
    }
}

async fn until(
    stand: &Stand,
    object: &str,
    what: &str,
    check: impl Fn(Option<&Object>) -> bool + Send + Sync,
) {
    let key = key(object);
    stand.until(api_version(&key.kind), &key.kind, &key.namespace, &key.name, what, check).await;
}
