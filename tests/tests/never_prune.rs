//! G8: what is not known is never pruned. Twelve ways not to know, each while the controller runs and over a restart;
//! in every one of them Git has just let go of an object.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use tautline_apiserver::{Matcher, Right, Verb};
use tautline_cluster::Patch;
use tautline_core::value;
use tautline_tests::stand::{REPOSITORY, Stand, application, config_map, set};

const APP: &str = "argoproj.io/v1alpha1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    EmptyRender,
    RenderError,
    GitUnauthorized,
    GitForbidden,
    GitNotFound,
    ApiAway,
    ListForbidden,
    NamespaceTerminating,
    ShardHandedOver,
    TrackingEditedAway,
    ClaimedByAnother,
    GeneratorOfNothing,
}

/// An app of three ConfigMaps, of which b is what the tests are about.
async fn stand(unknown: Unknown) -> Stand {
    let mut stand = Stand::embedded().await;
    if unknown == Unknown::ShardHandedOver {
        stand.stop_controller().await;
        stand.options.selector = "shard!=2".into();
        stand.start_controller().await;
    }
    let files = [
        ("web/a.yaml", config_map("a", "1")),
        ("web/b.yaml", config_map("b", "1")),
        ("web/c.yaml", config_map("c", "1")),
        ("other/b.yaml", config_map("b", "1")),
    ];
    commit(&stand, &files);
    let mut app = application("web", "web", "prod");
    // What a person edits away must not be healed before Git lets go of it.
    set(&mut app, &["spec", "syncPolicy", "automated", "selfHeal"], false.into());
    stand.apply(app).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand
}

fn commit(stand: &Stand, files: &[(&str, String)]) {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    stand.commit("main", &files);
}

/// Git lets go of b, and something is not known.
async fn happen(stand: &Stand, unknown: Unknown) {
    let a = ("web/a.yaml", config_map("a", "1"));
    let (c, other) = (("web/c.yaml", config_map("c", "1")), ("other/b.yaml", config_map("b", "1")));
    let without_b = [a.clone(), c.clone(), other.clone()];
    match unknown {
        Unknown::EmptyRender => commit(stand, &[("web/README.md", "nothing".to_owned()), other]),
        Unknown::RenderError => commit(stand, &[a, ("web/c.yaml", "kind: [\n".to_owned()), other]),
        Unknown::GeneratorOfNothing => {
            commit(stand, &[("web/kustomization.yaml", "resources: []\n".to_owned()), other]);
        }
        Unknown::GitUnauthorized => stand.source.deny(REPOSITORY, Some("401 Unauthorized")),
        Unknown::GitForbidden => stand.source.deny(REPOSITORY, Some("403 Forbidden")),
        Unknown::GitNotFound => stand.delete_branch("main"),
        Unknown::ApiAway | Unknown::ListForbidden => {
            for verb in [Verb::List, Verb::Watch] {
                let may_not = Matcher::new(verb, "configmaps").by("tautline");
                stand.server().deny(Right { user: String::new(), may_not });
            }
            if unknown == Unknown::ApiAway {
                // The watches that run end too, and history is gone.
                stand.server().compact();
            }
            stand.server().drop_watches();
            commit(stand, &without_b);
        }
        Unknown::NamespaceTerminating => {
            let held = value!({ "metadata": { "finalizers": ["example.org/held"] } });
            for name in ["a", "b", "c"] {
                stand.patch("v1", "ConfigMap", "prod", name, Patch::Merge(held.clone())).await;
            }
            stand.delete("v1", "Namespace", "", "prod").await;
            commit(stand, &without_b);
        }
        Unknown::ShardHandedOver => {
            let label = value!({ "metadata": { "labels": { "shard": "2" } } });
            stand.patch(APP, "Application", "argocd", "web", Patch::Merge(label)).await;
            commit(stand, &without_b);
        }
        Unknown::TrackingEditedAway => {
            let edit = value!({ "metadata": { "annotations": { "argocd.argoproj.io/tracking-id": null } } });
            stand.patch("v1", "ConfigMap", "prod", "b", Patch::Merge(edit)).await;
            commit(stand, &without_b);
        }
        Unknown::ClaimedByAnother => {
            stand.apply(application("other", "other", "prod")).await;
            commit(stand, &without_b);
        }
    }
}

async fn nothing_is_pruned(stand: &Stand, unknown: Unknown) {
    // Nobody may list ConfigMaps in these: another app cannot tell that time has passed.
    let is_blind = matches!(unknown, Unknown::ApiAway | Unknown::ListForbidden);
    let is_shut = matches!(unknown, Unknown::GitUnauthorized | Unknown::GitForbidden);
    match (is_blind, is_shut) {
        (true, _) => drop(stand.until_condition("web", "ComparisonError", "ConfigMap").await),
        (_, true) => drop(stand.until_condition("web", "ComparisonError", "refuses access").await),
        _ => stand.let_time_pass().await,
    }
    assert_eq!(stand.asked("delete", "configmaps"), 0, "{unknown:?}");
    for name in ["a", "b", "c"] {
        let found = stand.get("v1", "ConfigMap", "prod", name).await;
        let is_kept = found.is_some_and(|o| unknown == Unknown::NamespaceTerminating || !o.is_terminating());
        assert!(is_kept, "{unknown:?}: {name} stays");
    }
}

async fn while_it_runs(unknown: Unknown) {
    let stand = stand(unknown).await;
    happen(&stand, unknown).await;
    stand.refresh("web").await;
    nothing_is_pruned(&stand, unknown).await;
}

async fn over_a_restart(unknown: Unknown) {
    let mut stand = stand(unknown).await;
    stand.stop_controller().await;
    happen(&stand, unknown).await;
    stand.start_controller().await;
    stand.refresh("web").await;
    nothing_is_pruned(&stand, unknown).await;
}

macro_rules! unknowns {
    ($($name:ident: $unknown:ident,)*) => { $(
        mod $name {
            use super::Unknown;

            #[tokio::test]
            async fn while_it_runs() {
                super::while_it_runs(Unknown::$unknown).await;
            }

            #[tokio::test]
            async fn over_a_restart() {
                super::over_a_restart(Unknown::$unknown).await;
            }
        }
    )* };
}

unknowns! {
    g8_a_render_of_nothing: EmptyRender,
    g8_a_render_error: RenderError,
    g8_git_does_not_know_us: GitUnauthorized,
    g8_git_refuses_us: GitForbidden,
    g8_git_has_no_such_branch: GitNotFound,
    g8_the_api_is_away: ApiAway,
    g8_the_kind_may_not_be_listed: ListForbidden,
    g8_the_namespace_is_terminating: NamespaceTerminating,
    g8_the_app_was_handed_over: ShardHandedOver,
    g8_the_tracking_id_was_edited_away: TrackingEditedAway,
    g8_two_apps_claim_it: ClaimedByAnother,
    g8_a_generator_makes_nothing: GeneratorOfNothing,
}
