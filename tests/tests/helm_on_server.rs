//! Helm's own program, versions 4 and 3, installs, upgrades, rolls back and uninstalls on the embedded server over TCP.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "the test starts programs and reads the environment"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tautline_apiserver::{Identity, ListenOptions, Listener, Options, Server};
use tautline_core::Clock;
use tautline_tests::stand::SystemClock;
use tautline_workloads::{Play, Player};

/// A program in the folder of the reference tools.
fn reference(name: &str) -> Option<PathBuf> {
    let home = std::env::var("HOME").unwrap_or_default();
    Some(Path::new(&home).join(".cache/oracles/bin").join(name)).filter(|file| file.is_file())
}

const TEMPLATE: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: app, image: "shop:{{ .Chart.AppVersion }}"}]}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  revision: "{{ .Release.Revision }}"
  upgrade: "{{ .Release.IsUpgrade }}"
"#;

fn chart(folder: &Path) {
    let chart = folder.join("chart/templates");
    std::fs::create_dir_all(&chart).unwrap();
    std::fs::write(chart.join("all.yaml"), TEMPLATE).unwrap();
    let about = "apiVersion: v2\nname: shop\nversion: 1.0.0\nappVersion: \"1\"\n";
    std::fs::write(folder.join("chart/Chart.yaml"), about).unwrap();
    std::fs::write(folder.join("chart/values.yaml"), "replicas: 1\n").unwrap();
}

fn life(program: &Path, folder: &Path) {
    let run = |line: &str| -> String {
        let output = Command::new(program)
            .args(line.split_whitespace())
            .current_dir(folder)
            .env("KUBECONFIG", folder.join("config"))
            .env("HOME", folder)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "{} {line}: {text}", program.display());
        text
    };
    let manifest = |revision: &str| run(&format!("get manifest demo --revision {revision}"));
    assert!(run("install demo ./chart --wait --timeout 40s").contains("STATUS: deployed"));
    assert!(run("upgrade demo ./chart --set replicas=2 --wait --timeout 40s").contains("REVISION: 2"));
    assert!(manifest("2").contains("replicas: 2"));
    assert!(run("rollback demo 1 --wait --timeout 40s").contains("Rollback was a success"));
    let history = run("history demo");
    assert!(history.contains("superseded") && history.contains("Rollback to 1"), "{history}");
    assert!(run("status demo").contains("REVISION: 3"));
    assert!(run("list").contains("shop-1.0.0"));
    assert!(run("uninstall demo --wait --timeout 40s").contains("uninstalled"));
    assert!(!run("list").contains("shop-1.0.0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn helm_lives_on_it() {
    for name in ["helm", "helm3"] {
        let Some(program) = reference(name) else {
            eprintln!("SKIPPED: {name} is not installed, so it was not tried");
            continue;
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let server = Server::new(Options::with_clock(clock.clone()));
        let listener = Listener::start(&server, ListenOptions::local("secret")).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        listener.write_kubeconfig(&folder.path().join("config")).unwrap();
        chart(folder.path());
        let player = Player::new(Arc::new(server.caller(Identity::admin("workloads"))), clock, Play::All);
        let player = tokio::spawn(async move { player.run().await });
        let ground = folder.path().to_owned();
        tokio::task::spawn_blocking(move || life(&program, &ground)).await.unwrap();
        player.abort();
    }
}
