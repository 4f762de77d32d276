//! The real kubectl against the TCP side. Skipped, and saying so, where kubectl is not installed.
#![cfg(feature = "tcp")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "the test starts a program and writes its kubeconfig"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tautline_apiserver::{Identity, ListenOptions, Listener, Options, Server};
use tautline_core::ManualClock;
use tautline_workloads::{Play, Player};

/// kubectl in the folder of the reference tools, or in the path.
fn kubectl() -> Option<PathBuf> {
    let home = std::env::var("HOME").unwrap_or_default();
    let path = std::env::var("PATH").unwrap_or_default();
    let folders =
        std::iter::once(Path::new(&home).join(".cache/oracles/bin")).chain(std::env::split_paths(&path));
    folders.map(|folder| folder.join("kubectl")).find(|file| file.is_file())
}

struct Shell {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Shell {
    /// Runs kubectl on some words; the output, or the error.
    async fn run(&self, line: &str, input: &str) -> Result<String, String> {
        use tokio::io::AsyncWriteExt;
        let mut child = tokio::process::Command::new(&self.program)
            .env("KUBECONFIG", self.folder.path().join("config"))
            .env("HOME", self.folder.path())
            .args(line.split_whitespace())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    async fn ok(&self, line: &str, input: &str, expect: &str) {
        let out = self.run(line, input).await.unwrap_or_else(|error| panic!("kubectl {line}: {error}"));
        assert!(out.contains(expect), "kubectl {line}: {out}");
    }
}

const WEB: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "shop:1"}]}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_works_on_it() {
    let Some(program) = kubectl() else {
        eprintln!("SKIPPED: kubectl is not installed, so nothing was tested");
        return;
    };
    let clock = Arc::new(ManualClock::default());
    let server = Server::new(Options { clock: clock.clone(), ..Options::default() });
    let listener = Listener::start(&server, ListenOptions::local("secret")).await.unwrap();
    let shell = Shell { program, folder: tempfile::tempdir().unwrap() };
    listener.write_kubeconfig(&shell.folder.path().join("config")).unwrap();
    let stage = Arc::new(server.caller(Identity::admin("workloads")));
    let player = tokio::spawn(Player::new(stage, clock, Play::All).run());

    shell.ok("apply -f -", WEB, "deployment.apps/web created").await;
    shell.ok("rollout status deploy/web --timeout=20s", "", "successfully rolled out").await;
    shell.ok("apply -f -", WEB, "deployment.apps/web unchanged").await;
    let changed = WEB.replace("shop:1", "shop:2");
    let diff = shell.run("diff -f -", &changed).await.unwrap_err();
    assert!(diff.is_empty(), "kubectl diff prints to stdout and exits with 1: {diff}");
    shell.ok("apply -f -", &changed, "configured").await;
    shell.ok("scale deploy/web --replicas=3", "", "scaled").await;
    shell.ok("rollout status deploy/web --timeout=20s", "", "successfully rolled out").await;
    shell.ok("get deploy web", "", "3/3").await;
    shell.ok("rollout undo deploy/web", "", "rolled back").await;
    shell.ok("set image deploy/web app=shop:9", "", "image updated").await;
    let refused = shell.run("apply --server-side -f -", &changed).await.unwrap_err();
    assert!(refused.contains("\"kubectl-set\" using apps/v1"), "{refused}");
    shell.ok("apply --server-side --force-conflicts -f -", &changed, "serverside-applied").await;
    shell.ok("label deploy web tier=front", "", "labeled").await;
    shell.ok("get deploy -l tier=front -o name", "", "deployment.apps/web").await;
    shell.ok("explain deploy.spec.strategy", "", "rollingUpdate").await;
    let typo = shell.run("apply -f -", &WEB.replace("replicas", "replicaz")).await.unwrap_err();
    assert!(typo.contains("unknown field \"spec.replicaz\""), "{typo}");
    shell.ok("delete deploy web --wait --cascade=foreground --timeout=20s", "", "deleted").await;
    shell.ok("get all -o name", "", "service/kubernetes").await;
    assert!(!shell.run("get pods -o name", "").await.unwrap().contains("pod/"));
    player.abort();
}
