//! A restart with the live cache of the process before (LiveCache): quick, and never trusted blindly.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests read the files that were kept")]

use std::path::{Path, PathBuf};

use tautline::runtime::LiveCache;
use tautline_cluster::{Cache, Patch};
use tautline_core::{GroupKind, MaskingKey, Object, value};
use tautline_tests::stand::{Stand, application, config_map};

const COUNT: usize = 40;

fn secret(value: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {value}}}\n")
}

fn files() -> Vec<(String, String)> {
    let maps = (0..COUNT).map(|n| (format!("web/{n}.yaml"), config_map(&format!("c{n}"), "one")));
    maps.chain([("web/secret.yaml".to_owned(), secret("hunter2"))]).collect()
}

/// A stand whose controller synced the app, kept its live cache in the folder and stopped.
async fn stopped(folder: &Path) -> (Stand, PathBuf) {
    let mut stand = Stand::embedded().await;
    stand.stop_controller().await;
    stand.live_cache = Some(LiveCache::new(folder));
    stand.start_controller().await;
    let files = files();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let revision = stand.commit("main", &files);
    stand.apply(application("web", "web", "prod")).await;
    stand.until_synced("web", &revision).await;
    stand.stop_controller().await;
    let kept: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    stand.clear_counts();
    (stand, kept[0].clone())
}

fn says(object: Option<&Object>, expect: &str) -> bool {
    object.and_then(|map| map.str_at(&["data", "key"])) == Some(expect)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_while_nobody_looked_is_seen_and_the_rest_is_not_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let (mut stand, _) = stopped(folder.path()).await;
    let drifted = Patch::Merge(value!({ "data": { "key": "drifted" } }));
    stand.patch("v1", "ConfigMap", "prod", "c1", drifted).await;
    stand.delete("v1", "ConfigMap", "prod", "c2").await;
    let before = stand.get("v1", "ConfigMap", "prod", "c3").await.unwrap();
    stand.start_controller().await;
    for name in ["c1", "c2"] {
        stand.until("v1", "ConfigMap", "prod", name, "healed", |map| says(map, "one")).await;
    }
    stand.let_time_pass().await;
    let after = stand.get("v1", "ConfigMap", "prod", "c3").await.unwrap();
    assert_eq!(before.resource_version(), after.resource_version(), "what did not change is not written");
    let decoded = stand.controller.as_ref().unwrap().runtime().with_cache(Cache::decoded);
    assert!(decoded < COUNT as u64, "{decoded} objects were decoded");
}

#[tokio::test(flavor = "multi_thread")]
async fn r26_secrets_are_not_kept_and_the_file_is_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let (mut stand, file) = stopped(folder.path()).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let mut kept = Cache::new(MaskingKey::new([99; 32]));
    kept.restore(&std::fs::read(&file).unwrap()).unwrap();
    assert!(kept.objects(&GroupKind::new("", "ConfigMap")).len() >= COUNT);
    assert_eq!(kept.objects(&GroupKind::new("", "Secret")), []);
    let changed = Patch::Merge(value!({ "data": { "password": "b3RoZXI=" } }));
    stand.patch("v1", "Secret", "prod", "s", changed).await;
    stand.start_controller().await;
    let expect = "aHVudGVyMg==";
    let is_healed =
        |secret: Option<&Object>| secret.and_then(|s| s.str_at(&["data", "password"])) == Some(expect);
    stand.until("v1", "Secret", "prod", "s", "healed", is_healed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_passed_over_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (mut stand, file) = stopped(folder.path()).await;
    let whole = std::fs::read(&file).unwrap();
    let before = stand.get("v1", "ConfigMap", "prod", "c0").await.unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", b"something else"] {
        std::fs::write(&file, damaged).unwrap();
        stand.start_controller().await;
        stand.let_time_pass().await;
        let after = stand.get("v1", "ConfigMap", "prod", "c0").await.unwrap();
        assert_eq!(before.resource_version(), after.resource_version(), "nothing is written anew");
        stand.stop_controller().await;
        let mut kept = Cache::new(MaskingKey::new([99; 32]));
        kept.restore(&std::fs::read(&file).unwrap()).unwrap();
    }
}
