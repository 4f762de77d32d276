//! How little is asked of the server.
#![allow(clippy::unwrap_used, reason = "tests")]

use tautline_tests::stand::{Stand, application, config_map};

/// Everything but watching, and but what concerns Applications and Events.
fn requests(stand: &Stand) -> Vec<((&'static str, String), u64)> {
    let is_aside = |verb: &str, resource: &str| {
        ["list", "watch", "discover", "openapi"].contains(&verb)
            || resource.starts_with("applications.argoproj.io")
            || resource == "events"
    };
    stand.counts().into_iter().filter(|((verb, resource), _)| !is_aside(verb, resource)).collect()
}

fn files(count: usize, changed: Option<usize>) -> Vec<(String, String)> {
    let value = |n| if changed == Some(n) { "two" } else { "one" };
    (0..count).map(|n| (format!("web/{n}.yaml"), config_map(&format!("c{n}"), value(n)))).collect()
}

fn commit(stand: &Stand, files: &[(String, String)]) -> String {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    stand.commit("main", &files)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_of_a_thousand_is_at_most_two_requests() {
    const COUNT: usize = 1000;
    let stand = Stand::embedded().await;
    let first = commit(&stand, &files(COUNT, None));
    stand.apply(application("web", "web", "prod")).await;
    stand.until_synced("web", &first).await;
    assert_eq!(stand.asked("apply", "configmaps"), COUNT as u64, "one request an object");
    stand.clear_counts();
    let second = commit(&stand, &files(COUNT, Some(COUNT / 2)));
    stand.refresh("web").await;
    stand.until_synced("web", &second).await;
    let asked: u64 = requests(&stand).iter().map(|(_, n)| n).sum();
    assert!((1..=2).contains(&asked), "{:?}", requests(&stand));
    let patches = stand.asked("patch", "applications.argoproj.io");
    assert!(patches <= 3, "{patches} patches of the Application do not grow with its objects");
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_that_share_a_namespace_create_it_once() {
    const APPS: usize = 30;
    let stand = Stand::embedded().await;
    let files: Vec<(String, String)> =
        (0..APPS).map(|n| (format!("apps/{n}/config.yaml"), config_map(&format!("c{n}"), "one"))).collect();
    let revision = commit(&stand, &files);
    for n in 0..APPS {
        let app = application(&format!("app-{n}"), &format!("apps/{n}"), "shared");
        stand.apply(app).await;
    }
    for n in 0..APPS {
        stand.until_synced(&format!("app-{n}"), &revision).await;
    }
    assert_eq!(stand.asked("create", "namespaces"), 1, "the first makes it, and the others see it");
}
