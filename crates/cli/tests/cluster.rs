//! The commands on a cluster: the program's own API server, played with workloads.
#![allow(clippy::disallowed_methods, reason = "the tests start the program and make its input files")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail the test that uses them")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A cluster, and a folder of manifests.
struct Ground {
    server: Child,
    folder: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let server = Command::new(env!("CARGO_BIN_EXE_taut"))
            .args(["apiserver", "--workloads", "--write-kubeconfig"])
            .arg(&kubeconfig)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        let is_whole = |text: String| text.contains("token:") && text.ends_with('\n');
        while !std::fs::read_to_string(&kubeconfig).is_ok_and(is_whole) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the API server does not start");
            std::thread::yield_now();
        }
        std::fs::create_dir(folder.path().join("web")).unwrap();
        Self { server, folder }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn taut(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taut"));
        command.args(arguments).env("KUBECONFIG", self.folder.path().join("kubeconfig")).stdin(Stdio::null());
        command.output().unwrap()
    }

    /// Runs a command; answers its exit code, and what it printed and complained of.
    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.taut(arguments);
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: \"{value}\"\n")
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n      - name: app\n        image: web:1\n";

#[track_caller]
fn check((code, text): (i32, String), expect: i32, parts: &[&str]) {
    assert_eq!(code, expect, "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn a_folder_from_the_first_apply_to_the_last_prune() {
    let ground = Ground::new();
    let web = ground.path("web");
    ground.file("web/a.yaml", &config_map("a", "1"));
    ground.file("web/web.yaml", DEPLOYMENT);
    let app = ["--app", "shop"];
    let with = |verb: &str, more: &[&str]| {
        let arguments: Vec<&str> = [&[verb, &web][..], &app, more].concat();
        ground.run(&arguments)
    };
    check(with("diff", &[]), 1, &["ConfigMap", "web"]);
    check(with("plan", &[]), 0, &["+ create ConfigMap default/a", "2 to create, 0 to change, 0 to delete"]);
    check(with("apply", &["--dry-run"]), 0, &["2 to create"]);
    check(with("apply", &[]), 2, &["--yes"]);
    check(with("apply", &["-y"]), 0, &["2 to create"]);
    check(with("diff", &[]), 0, &[]);
    check(ground.run(&["tree", "shop"]), 0, &["Deployment", "ReplicaSet", "Pod"]);
    let whose = ["ConfigMap default/a", "app shop: tautline (Apply", "    data.key"];
    check(ground.run(&["tree", "ConfigMap/a", "--fields"]), 0, &whose);
    check(
        ground.run(&["tree", "Deployment/web", "--fields"]),
        0,
        &["no app: ", "/status", "status.replicas"],
    );
    check(ground.run(&["why", "Deployment/web"]), 0, &[]);
    ground.file("web/a.yaml", &config_map("a", "2"));
    check(with("diff", &["-o", "json"]), 1, &["data.key"]);
    std::fs::remove_file(ground.path("web/web.yaml")).unwrap();
    let parts = ["1 object is deleted", "Deployment default/web", "0 to create, 1 to change, 1 to delete"];
    check(with("plan", &["--prune"]), 0, &parts);
    check(with("apply", &["--prune", "-y"]), 0, &parts);
    check(with("diff", &[]), 0, &[]);
    check(with("plan", &["--rbac"]), 0, &[]);
}

#[test]
fn why_names_the_first_cause_of_an_object_and_of_an_app() {
    let ground = Ground::new();
    let web = ground.path("web");
    ground.file("web/web.yaml", &DEPLOYMENT.replace("web:1", "broken:1"));
    check(ground.run(&["apply", &web, "--app", "shop", "-y"]), 0, &["1 to create"]);
    let chain = [
        "Deployment web is Progressing ← ReplicaSet web-",
        "← container app: Back-off pulling image \"broken:1\"",
    ];
    // The kubelet takes its time.
    let is_played = (0..100).any(|_| ground.run(&["why", "Deployment/web"]).1.contains(chain[1]));
    assert!(is_played, "{:?}", ground.run(&["why", "Deployment/web"]));
    check(ground.run(&["why", "Deployment/web"]), 1, &chain);
    check(ground.run(&["why", "shop"]), 1, &chain);
    check(
        ground.run(&["why", "shop", "-o", "json"]),
        1,
        &["\"relation\": \"container\"", "\"container\": \"app\""],
    );
}

#[test]
fn a_plan_is_stored_signed_verified_and_refused_when_stale() {
    let ground = Ground::new();
    let (web, plan) = (ground.path("web"), ground.path("plan.json"));
    ground.file("web/a.yaml", &config_map("a", "1"));
    let key = ground.path("key");
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", &key]).status();
    let signs = made.is_ok_and(|status| status.success());
    if !signs {
        println!("SKIPPED: there is no ssh-keygen, so nothing is signed");
    }
    let sign: &[&str] = if signs { &["--sign", &key] } else { &[] };
    let public = format!("{key}.pub");
    let verify: &[&str] = if signs { &["--verify", &public] } else { &[] };
    check(
        ground.run(&[&["plan", &web, "--app", "shop", "-o", &plan][..], sign].concat()),
        0,
        &["written to"],
    );
    if signs {
        let text = std::fs::read_to_string(&plan).unwrap();
        ground.file("plan.json", &text.replace("ConfigMap", "Configmap"));
        check(ground.run(&["apply", &plan, "-y", "--verify", &public]), 1, &["changed after it was signed"]);
        ground.file("plan.json", &text);
    }
    ground.file("web/b.yaml", &config_map("b", "1"));
    let apply = |more: &[&str]| ground.run(&[&["apply", &plan, "-y"][..], verify, more].concat());
    check(apply(&[]), 1, &["the plan is stale, and nothing is written"]);
    check(apply(&["--when-stale", "skip"]), 0, &["1 to create"]);
    check(ground.run(&["diff", &web, "--app", "shop"]), 1, &["b"]);
    check(ground.run(&["plan", &web, "--sign", &key]), 2, &["-o FILE"]);
}

#[test]
fn bad_input_is_told_and_nothing_is_written() {
    let ground = Ground::new();
    let web = ground.path("web");
    ground.file("web/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: [1\n");
    for verb in ["diff", "plan", "apply"] {
        let (code, text) = ground.run(&[verb, &web, "--app", "shop"]);
        assert!(code != 0 && text.contains("a.yaml:4"), "{verb}: {code}\n{text}");
    }
    ground.file(
        "web/a.yaml",
        &config_map("a", "1")
            .replace("  name: a", "  name: a\n  annotations: {tautline.dev/depends-on: Secret/s}"),
    );
    check(
        ground.run(&["plan", &web, "--app", "shop"]),
        1,
        &["cannot be done: ConfigMap default/a depends on Secret/s"],
    );
    check(ground.run(&["apply", &web, "--app", "shop", "-y"]), 1, &["nothing is written"]);
    ground.file("web/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: UPPER}\n");
    let (code, text) = ground.run(&["apply", &web, "--app", "shop", "-y"]);
    assert!(code != 0 && text.contains("UPPER"), "{text}");
    let nowhere = Path::new(&web).join("nowhere").display().to_string();
    let (code, text) = ground.run(&["diff", &nowhere, "--app", "shop"]);
    assert!(code == 2 && text.contains("nowhere"), "{code} {text}");
}

#[test]
fn an_apply_that_was_interrupted_goes_on_with_what_is_on_record() {
    let ground = Ground::new();
    let (web, journal) = (ground.path("web"), ground.path("journal"));
    ground.file("web/a.yaml", &config_map("a", "1"));
    let hook = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations: {argocd.argoproj.io/hook: PreSync}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: main, image: db:1}]\n";
    ground.file("web/hook.yaml", hook);
    let apply = || ground.run(&["apply", &web, "--app", "shop", "-y", "--journal", &journal]);
    check(apply(), 0, &["run hook batch/Job default/migrate"]);
    let file = Path::new(&journal).join("taut_shop.json");
    let record = std::fs::read_to_string(&file).unwrap();
    assert!(record.contains(r#""isClosed":true,"hasSucceeded":true"#), "{record}");
    // As if it had been interrupted after the hook: that is not run again.
    let key = r#"{"group":"batch","kind":"Job","namespace":"default","name":"migrate"}"#;
    let entry = format!(r#"{{"deed":"run-hook","key":{key},"phase":"PreSync","stage":"succeeded"}}"#);
    let open = record.replace(r#""isClosed":true,"hasSucceeded":true"#, &format!(r#""entries":[{entry}]"#));
    std::fs::write(&file, open).unwrap();
    let (code, text) = apply();
    assert!(code == 0 && !text.contains("run hook"), "{text}");
    // What cannot be read is not the same as nothing.
    std::fs::write(&file, "{").unwrap();
    check(apply(), 1, &["read the journal"]);
}
