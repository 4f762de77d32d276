//! Situations that come about by themselves, each with the first cause that is to be named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail the test that uses them")]

use tautline_core::{Need, ResourceKey, Value, value};
use tautline_test_causes::Scene;

/// How often a real cluster is looked at before what it shows counts.
const MOST_LOOKS: usize = 200;

fn situations() -> Vec<Value> {
    let text = include_str!("situations.yaml");
    let mut documents = tautline_yaml::read_all(text, &tautline_yaml::Options::default()).into_iter();
    documents.next().unwrap().1.unwrap().as_list().unwrap().to_vec()
}

/// A Deployment of one pod.
fn deployment(template: &Value) -> Value {
    value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": { "replicas": 1, "selector": { "matchLabels": { "app": "web" } },
            "template": { "metadata": { "labels": { "app": "web" } }, "spec": template.clone() } } })
}

/// What is said, with `*` for what controllers drew for names, and `NS` for the namespace.
fn plain(scene: &Scene, line: &str) -> String {
    let mut out = String::new();
    for (at, word) in line.replace(scene.namespace(), "NS").split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        let bare: String = word.trim_matches(['"', ',', ':']).to_owned();
        let drawn = |parts: usize| {
            let all: Vec<&str> = bare.split('-').collect();
            let is_drawn = |part: &&str| {
                part.len() >= 5
                    && part.chars().all(|c| c.is_ascii_digit() || "bcdfghjklmnpqrstvwxz".contains(c))
            };
            let (names, rest) = all.split_at(all.len().saturating_sub(parts));
            let fits = !names.is_empty() && rest.iter().all(is_drawn) && !rest.is_empty();
            fits.then(|| format!("{}{}", names.join("-"), "-*".repeat(parts)))
        };
        let named = drawn(2).or_else(|| drawn(1)).unwrap_or_else(|| bare.clone());
        out.push_str(&if bare.is_empty() { word.to_owned() } else { word.replace(&bare, &named) });
    }
    out
}

async fn look(scene: &Scene, row: &Value, with_events: bool) -> (String, Vec<String>) {
    let wanted: Vec<(ResourceKey, String)> = row
        .get("wanted")
        .and_then(Value::as_map)
        .into_iter()
        .flat_map(|map| map.iter())
        .map(|(key, app)| {
            let (kind, name) = key.as_str().split_once(' ').unwrap();
            (ResourceKey::new("", kind, scene.namespace(), name), app.as_str().unwrap().to_owned())
        })
        .collect();
    let ask = row.str_at(&["ask"]).unwrap_or("Deployment web");
    let Some(cause) = scene.explain(ask, &wanted, with_events).await else {
        return ("nothing".to_owned(), Vec::new());
    };
    let need = |need: &Need| match need {
        Need::Events(key) => plain(scene, &format!("{} {}", key.kind, key.name)),
        other => format!("{other:?}"),
    };
    (plain(scene, &cause.to_string()), cause.needs.iter().map(need).collect())
}

/// Brings a situation about; tells what is wrong with what is said of it.
async fn check(mut scene: Scene, row: &Value, is_real: bool) -> Option<String> {
    for object in row.list_at(&["before"]) {
        scene.make(object.clone()).await;
    }
    if let Some(template) = row.get("web") {
        scene.make(deployment(template)).await;
    }
    scene.play().await;
    for object in row.list_at(&["after"]) {
        scene.make(object.clone()).await;
    }
    if let Some(named) = row.get("delete") {
        let text = |field: &str| named.str_at(&[field]).unwrap().to_owned();
        scene.delete(&text("apiVersion"), &text("kind"), &text("name")).await;
    }
    let expected = row.str_at(&["is"]).unwrap_or("nothing");
    let expected = if is_real { row.str_at(&["really"]).unwrap_or(expected) } else { expected };
    let mut said = String::new();
    for _ in 0..if is_real { MOST_LOOKS } else { 3 } {
        scene.play().await;
        said = look(&scene, row, true).await.0;
        if said == expected {
            break;
        }
    }
    let mut wrong = (said != expected).then(|| format!("wanted {expected}\n  got    {said}"));
    let needs: Vec<&str> = row.list_at(&["needs"]).iter().filter_map(Value::as_str).collect();
    if wrong.is_none() && !is_real {
        let found = look(&scene, row, false).await.1;
        wrong = (found != needs).then(|| format!("wanted needs {needs:?}\n  got needs    {found:?}"));
    }
    wrong.map(|wrong| format!("{}\n  {wrong}", row.str_at(&["name"]).unwrap()))
}

#[tokio::test]
async fn each_situation_is_explained_by_its_first_cause() {
    let rows = situations();
    let mut failures = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let scene = Scene::embedded(&format!("shop-{number}")).await;
        failures.extend(check(scene, row, false).await);
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
    let (broken, well): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.get("is").is_some());
    assert!(broken.len() >= 40 && well.len() >= 8, "{} broken, {} well", broken.len(), well.len());
    assert!(rows.iter().filter(|row| row.get("real").is_some()).count() >= 15);
}

/// The marked ones on a real control plane: `tests/control-plane/run cargo test -p tautline-test-causes`.
#[tokio::test]
async fn the_marked_situations_are_explained_on_a_real_control_plane() {
    #[allow(clippy::disallowed_methods, reason = "the end-to-end tests' one setting")]
    let Some(kubeconfig) = std::env::var_os("TAUTLINE_E2E_KUBECONFIG") else { return };
    let mut failures = Vec::new();
    let rows = situations();
    let marked: Vec<_> = rows.iter().filter(|row| row.get("real").is_some()).collect();
    for (number, row) in marked.iter().enumerate() {
        let scene = Scene::real(kubeconfig.as_ref(), &format!("shop-{number}")).await;
        failures.extend(check(scene, row, true).await);
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), marked.len(), failures.join("\n"));
}
