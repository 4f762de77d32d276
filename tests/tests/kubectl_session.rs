//! A session of the real kubectl on the embedded server prints what it printed on a real control plane.
//!
//! The session is `tests/kubectl/session.txt`, commands with their answers. With `TAUTLINE_E2E_KUBECONFIG` the same is
//! run on that cluster; with `TAUTLINE_RECORD` too, its answers are written into the file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "the test starts programs and reads the environment"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use tautline_apiserver::{Identity, ListenOptions, Listener, Options, Server};
use tautline_core::Clock;
use tautline_tests::stand::SystemClock;
use tautline_workloads::{Play, Player};

/// What differs from one run to the next, and what is written for it.
static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let masks = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
        (r#"(resourceVersion: ")\d+""#, "${1}VERSION\""),
        (r"(Resource Version: +)\d+", "${1}VERSION"),
        (r"(created-by|hash=|hash: )[a-f0-9]{40,}", "${1}HASH"),
        (
            r"(pod-template-hash(?:=|: |\x22:\x22)|(?:revision|controller-revision)-hash(?:=|: ))[a-z0-9-]+",
            "${1}HASH",
        ),
        // ReplicaSets and their pods, slices, and pods of DaemonSets and Jobs.
        (r"\b((?:web|other)-)[a-z0-9]{6,10}-[a-z0-9]{5}\b", "${1}HASH-SUFFIX"),
        (r"\b((?:web|other)-)[a-z0-9]{8,10}\b", "${1}HASH"),
        (r"\b((?:web|web-2|plain|agent|migrate|once)-)[bcdfghjklmnpqrstvwxz2456789]{5}\b", "${1}SUFFIX"),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "IP"),
        (r"https://[A-Za-z0-9.:]+", "URL"),
        (r"containerd://[0-9a-f]+", "containerd://HASH"),
        (r"kube-api-access-[a-z0-9]{5}", "kube-api-access-SUFFIX"),
        (r"(\s)(?:\d+[hms])+(?:\d+[ms])?(\s|$)", "${1}AGE${2}"),
        (r"  +", "  "),
        (r"^ (\S)", "  ${1}"),
        (r"-{6,}", "------"),
        (r"={6,}", "======"),
        (r" +$", ""),
    ];
    masks.into_iter().map(|(pattern, with)| (Regex::new(&format!("(?m){pattern}")).unwrap(), with)).collect()
});

fn masked(text: &str) -> String {
    let text = text.replace('\t', "  ");
    MASKS
        .iter()
        .fold(text, |text, (mask, with)| mask.replace_all(&text, *with).into_owned())
        .trim_end()
        .to_owned()
}

/// kubectl in the folder of the reference tools, or in the path: its folder.
fn kubectl() -> Option<PathBuf> {
    let home = std::env::var("HOME").unwrap_or_default();
    let path = std::env::var("PATH").unwrap_or_default();
    let first = std::iter::once(Path::new(&home).join(".cache/oracles/bin"));
    first.chain(std::env::split_paths(&path)).find(|folder| folder.join("kubectl").is_file())
}

/// One line of the session and what it printed.
struct Step {
    /// Comments and empty lines before it.
    before: String,
    command: String,
    expected: String,
}

fn parse(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut before = String::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let before = std::mem::take(&mut before);
            steps.push(Step { before, command: command.to_owned(), expected: String::new() });
        } else if line.starts_with("# ") || line.starts_with("## ") || line == "#" {
            before += &format!("{line}\n");
        } else if let Some(step) = steps.last_mut() {
            step.expected += &format!("{line}\n");
        }
    }
    steps.iter_mut().for_each(|step| step.expected = step.expected.trim_end().to_owned());
    steps
}

struct Shell {
    folder: tempfile::TempDir,
    path: String,
}

impl Shell {
    fn new(programs: &Path, manifests: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(manifests).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        Self { folder, path }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    fn run(&self, line: &str) -> String {
        let output = Command::new("bash")
            .args(["-c", &format!("exec 2>&1; set -o pipefail; {line}")])
            .current_dir(self.folder.path())
            .env("PATH", &self.path)
            .env("HOME", self.folder.path())
            .env("KUBECONFIG", self.config())
            .env("TMPDIR", self.folder.path())
            .output()
            .unwrap();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let code = output.status.code().unwrap_or_default();
            text = format!("{}\n(exit {code})", text.trim_end());
        }
        masked(&text.replace(&self.folder.path().display().to_string(), "FOLDER"))
    }
}

/// Runs every command; what differs.
fn play(shell: &Shell, steps: &mut [Step], record: bool) -> Vec<String> {
    let mut differences = Vec::new();
    for step in steps {
        let printed = shell.run(&step.command);
        if record {
            step.expected = printed;
        } else if printed != step.expected {
            differences.push(format!("$ {}\n{}", step.command, compared(&step.expected, &printed)));
        }
    }
    differences
}

/// The lines that only one side has.
fn compared(expected: &str, printed: &str) -> String {
    let mut out = String::new();
    let both: Vec<(char, &str)> = diff_lines(expected, printed);
    both.iter()
        .filter(|(sign, _)| *sign != ' ')
        .for_each(|(sign, line)| out += &format!("  {sign} {line}\n"));
    out
}

/// A plain longest common subsequence: sessions are short.
fn diff_lines<'a>(a: &'a str, b: &'a str) -> Vec<(char, &'a str)> {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    let mut longest = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i][j] = match a[i] == b[j] {
                true => longest[i + 1][j + 1] + 1,
                false => longest[i + 1][j].max(longest[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            out.push((' ', a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || i < a.len() && longest[i + 1][j] >= longest[i][j + 1] {
            out.push(('-', a[i]));
            i += 1;
        } else {
            out.push(('+', b[j]));
            j += 1;
        }
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_prints_what_it_prints_on_a_real_control_plane() {
    let Some(programs) = kubectl() else {
        eprintln!("SKIPPED: kubectl is not installed, so its session was not run");
        return;
    };
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("kubectl");
    let file = manifests.join("session.txt");
    let mut steps = parse(&std::fs::read_to_string(&file).unwrap());
    let shell = Shell::new(&programs, &manifests);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let record = std::env::var_os("TAUTLINE_RECORD").is_some();
    let ground: Box<dyn std::any::Any + Send> = match std::env::var_os("TAUTLINE_E2E_KUBECONFIG") {
        Some(real) => {
            std::fs::copy(&real, shell.config()).unwrap();
            let cluster =
                tautline::kube::KubeCluster::from_kubeconfig(Some(Path::new(&real)), None).await.unwrap();
            let kubelet = Player::new(Arc::new(cluster), clock, Play::Kubelet);
            Box::new(tokio::spawn(async move { kubelet.run().await }))
        }
        None => {
            assert!(
                !record,
                "TAUTLINE_RECORD records a real control plane: name it in TAUTLINE_E2E_KUBECONFIG"
            );
            let server = Server::new(Options { rbac: true, ..Options::with_clock(clock.clone()) });
            let listener = Listener::start(&server, ListenOptions::local("secret")).await.unwrap();
            listener.write_kubeconfig(&shell.config()).unwrap();
            let player = Player::new(Arc::new(server.caller(Identity::admin("workloads"))), clock, Play::All);
            tokio::spawn(async move { player.run().await });
            Box::new(listener)
        }
    };
    let total = steps.len();
    let (steps, differences) = tokio::task::spawn_blocking(move || {
        let differences = play(&shell, &mut steps, record);
        (steps, differences)
    })
    .await
    .unwrap();
    drop(ground);
    if record {
        let written = steps.iter().map(|s| format!("{}$ {}\n{}\n", s.before, s.command, s.expected));
        let written: Vec<String> = written.map(|step| step.trim_end().to_owned() + "\n").collect();
        std::fs::write(&file, written.join("\n")).unwrap();
        return;
    }
    println!("kubectl: {}/{total} commands print the same", total - differences.len());
    assert!(differences.is_empty(), "{} of {total} differ:\n{}", differences.len(), differences.join("\n"));
}
