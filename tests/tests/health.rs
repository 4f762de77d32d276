//! Health rules that a cluster brings itself, as `argocd-cm` holds them.
#![allow(clippy::unwrap_used, reason = "helpers fail the test that uses them")]

use tautline_core::{Value, value};
use tautline_tests::stand::{Stand, application, config_map};

const KEY: &str = "resource.customizations.health.ConfigMap";

fn settings(data: Value) -> Value {
    value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "argocd-cm", "namespace": "argocd" },
        "data": data })
}

fn script(text: &str) -> Value {
    let data: tautline_core::Map = [(KEY, Value::string(text))].into_iter().collect();
    settings(Value::Map(data))
}

#[tokio::test]
async fn scripts_of_argocd_cm_count_as_they_change() {
    let mut stand = Stand::start().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Healthy").await;
    stand
        .apply(script(
            "if obj.data.key == '1' then return { status = 'Degraded', message = 'key is ' .. obj.data.key } end
             return { status = 'Healthy' }",
        ))
        .await;
    let app = stand.until_app("web", "Synced", "Degraded").await;
    let row = &app.list_at(&["status", "resources"])[0];
    assert_eq!(row.str_at(&["health", "status"]), Some("Degraded"));
    assert_eq!(row.str_at(&["health", "message"]), Some("key is 1"));
    // What the script waits for comes from Git.
    let revision = stand.commit("main", &[("web/a.yaml", &config_map("a", "2"))]);
    stand.refresh("web").await;
    stand.until_synced("web", &revision).await;
    stand.until_app("web", "Synced", "Healthy").await;
    // A script that fails says so, and only about the kind it is for.
    stand.apply(script("error('no idea')")).await;
    stand.until_app("web", "Synced", "Unknown").await;
    // A controller that starts anew reads it before it judges.
    stand.stop_controller().await;
    stand.apply(script("return { status = 'Suspended' }")).await;
    stand.start_controller().await;
    stand.until_app("web", "Synced", "Suspended").await;
    stand.delete("v1", "ConfigMap", "argocd", "argocd-cm").await;
    stand.until_app("web", "Synced", "Healthy").await;
}

#[tokio::test]
async fn the_map_of_all_customizations_counts_too() {
    let mut stand = Stand::without_controller().await;
    let map = "\"*/ConfigMap\":\n  health.lua: return { status = 'Progressing' }\nConfigMap:\n  health.lua: return { status = 'Degraded', message = 'exact' }\n";
    let data: tautline_core::Map = [("resource.customizations", Value::string(map))].into_iter().collect();
    stand.apply(settings(Value::Map(data))).await;
    stand.start_controller().await;
    stand.commit("main", &[("web/a.yaml", &config_map("a", "1"))]);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_app("web", "Synced", "Degraded").await;
}
