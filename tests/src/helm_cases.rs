//! Recorded answers of helm 4.3.1 and 3.17.2, replayed in process.

#[allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_methods,
    reason = "the module that taut runs, as it is"
)]
#[path = "../../crates/cli/src/helm/mod.rs"]
mod taut_helm;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tautline_core::{Map, MemoryTree, Timestamp, TreePath, Value};
use tautline_helm::{Capabilities, Dialect, KubeVersion, Loader, Overrides, Release, Settings, render_files};

use crate::fixtures;

/// What became of a suite.
#[derive(Debug, Default)]
pub struct Score {
    /// Cases.
    pub total: usize,
    /// Those with the same answer, byte for byte; for errors the same text.
    pub passed: usize,
    /// Errors where Helm has one too, in other words.
    pub other_words: usize,
    /// What was different, one text a case.
    pub misses: Vec<String>,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} ({} errors in other words)", self.passed, self.total, self.other_words)
    }
}

impl Score {
    fn count(&mut self, name: &str, got: Result<String, String>, expect: Result<&str, &str>) {
        self.total += 1;
        match (&got, expect) {
            (Ok(got), Ok(expect)) if got == expect => self.passed += 1,
            (Err(got), Err(expect)) if got.trim() == expect.trim() => self.passed += 1,
            (Err(got), Err(expect)) => {
                self.other_words += 1;
                self.misses.push(format!("{name}: words\n    ours {got:?}\n    helm {expect:?}"));
            }
            _ => self.misses.push(format!("{name}:\n    ours {got:?}\n    helm {expect:?}")),
        }
    }
}

/// The key under which a dialect's answers are recorded.
fn recorded(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Helm3 => "helm-3.17.2",
        Dialect::Helm4 => "helm-4.3.1",
    }
}

type Failure = Box<dyn std::error::Error>;

/// Runs each template of `probes.json` in a chart of its own.
///
/// # Errors
/// When the recordings cannot be read.
pub fn probes(folder: &Path, dialect: Dialect) -> Result<Score, Failure> {
    let probes = Value::from_json(fixtures::text(folder, "probes.json")?.as_bytes())?;
    let values = fixtures::text(folder, "probes-values.yaml")?;
    let mut score = Score::default();
    for probe in probes.as_list().into_iter().flatten() {
        let id = probe.str_at(&["id"]).unwrap_or_default();
        let template = probe.str_at(&["template"]).unwrap_or_default();
        let Some(answer) = probe.get(recorded(dialect)) else { continue };
        let expect = match (answer.str_at(&["out"]), answer.str_at(&["error"])) {
            (Some(out), _) => Ok(out),
            (None, error) => Err(error.unwrap_or_default()),
        };
        score.count(&format!("{id} {template}"), probe_output(template, &values, dialect), expect);
    }
    Ok(score)
}

/// What stood before the recorded templates in their line.
const BEFORE: &str = "<<BEGIN>";

fn probe_output(template: &str, values: &str, dialect: Dialect) -> Result<String, String> {
    let tree = MemoryTree::new([
        (
            "Chart.yaml",
            "apiVersion: v2\nname: probe\nversion: 1.2.3\nappVersion: 4.5.6\ndescription: probe chart\n"
                .to_owned(),
        ),
        ("values.yaml", values.to_owned()),
        ("templates/p.yaml", format!("{BEFORE}{template}<<END>>")),
        ("conf/a.txt", "line1\nline2\n".to_owned()),
        ("conf/b.txt", "no newline".to_owned()),
        ("other/c.txt", "c\n".to_owned()),
    ]);
    let loader = Loader { dialect, ..Loader::default() };
    let chart = loader.load(&tree, &TreePath::root()).map_err(|e| e.to_string())?.chart;
    let mut capabilities = Capabilities::default_of(dialect);
    capabilities.kube_version = KubeVersion::parse("1.32.0", dialect)?;
    let settings =
        Settings { dialect, capabilities: Some(Arc::new(capabilities)), now: now(), ..Settings::default() };
    let made = render_files(chart, Map::new(), &Release::install("rel", "ns1"), &settings)
        .map_err(|e| format!("Error: {e}"))?;
    let text = made.files().next().map(|(_, bytes)| as_recorded(bytes)).unwrap_or_default();
    let inner = text.strip_prefix(BEFORE).and_then(|text| text.strip_suffix("<<END>>"));
    inner.map(str::to_owned).ok_or_else(|| format!("marks are gone from {text:?}"))
}

/// Bytes that are no UTF-8 were recorded as `\xc3`.
fn as_recorded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// The day of the recording, which templates print.
fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_305_600)
}

/// Merges what each case of `setprobes.json` sets, and compares what `.Values` becomes.
///
/// # Errors
/// When the recordings cannot be read.
pub fn set_probes(folder: &Path, dialect: Dialect) -> Result<Score, Failure> {
    let recording = Value::from_json(fixtures::text(folder, "setprobes.json")?.as_bytes())?;
    let mut score = Score::default();
    for probe in recording.list_at(&["probes"]) {
        let arguments: Vec<&str> = probe.list_at(&["args"]).iter().filter_map(Value::as_str).collect();
        let Some(answer) = probe.get(recorded(dialect)) else { continue };
        let expect = match (answer.get("values"), answer.str_at(&["error"])) {
            (Some(values), _) => Ok(values.to_json()),
            (None, error) => Err(error.unwrap_or_default()),
        };
        let got = set_output(&recording, &arguments, dialect);
        // Numbers compare as JSON's do.
        let got = got.map(|json| Value::from_json(json.as_bytes()).map(|v| v.to_json()).unwrap_or(json));
        score.count(&arguments.join(" "), got, expect.as_ref().map(String::as_str).map_err(|e| *e));
    }
    Ok(score)
}

fn set_output(recording: &Value, arguments: &[&str], dialect: Dialect) -> Result<String, String> {
    let mut overrides = Overrides::default();
    for pair in arguments.chunks(2) {
        let [flag, value] = pair else { return Err("a flag without a value".to_owned()) };
        let text = (*value).to_owned();
        match *flag {
            "-f" => {
                let file = recording.str_at(&["files", value]).unwrap_or_default();
                overrides.files.push((text, file.to_owned().into()));
            }
            "--set" => overrides.set.push(text),
            "--set-string" => overrides.string.push(text),
            "--set-json" => overrides.json.push(text),
            "--set-literal" => overrides.literal.push(text),
            "--set-file" => overrides.file.push(text),
            other => return Err(format!("{other} is no flag of these cases")),
        }
    }
    overrides.file_contents = vec![("f.txt".to_owned(), Ok("file\ncontent\n".into()))];
    let budget = tautline_core::Budget::default();
    let values = overrides.merge(dialect, &budget).map_err(|e| format!("Error: {e}"))?;
    let tree = MemoryTree::new([
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n".to_owned()),
        ("values.yaml", recording.str_at(&["values.yaml"]).unwrap_or_default().to_owned()),
        ("templates/v.json", "{{ toJson .Values }}".to_owned()),
    ]);
    let loader = Loader { dialect, ..Loader::default() };
    let chart = loader.load(&tree, &TreePath::root()).map_err(|e| e.to_string())?.chart;
    let settings = Settings { dialect, ..Settings::default() };
    let made = render_files(chart, values, &Release::install("rel", "ns1"), &settings)
        .map_err(|e| format!("Error: {e}"))?;
    Ok(made.files().next().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default())
}

/// Renders every recorded chart with the flags it was recorded with, through the code of `taut helm`.
///
/// Where only Helm 4's output is kept, Helm 3's is that without the blanks at the end of documents.
///
/// # Errors
/// When the recordings cannot be read.
pub fn charts(folder: &Path, dialect: Dialect) -> Result<Score, Failure> {
    let mut score = Score::default();
    let mut cases: Vec<PathBuf> = Vec::new();
    #[allow(clippy::disallowed_methods, reason = "fixtures lie on the disk")]
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.join("case.json").is_file() {
            cases.push(path);
        }
    }
    cases.sort();
    for folder in cases {
        let case = Value::from_json(fixtures::text(&folder, "case.json")?.as_bytes())?;
        for run in case.list_at(&["runs"]) {
            let name = format!(
                "{}:{}",
                case.str_at(&["case"]).unwrap_or_default(),
                run.str_at(&["id"]).unwrap_or_default()
            );
            one_run(&mut score, &folder, &name, run, dialect)?;
        }
    }
    Ok(score)
}

fn one_run(
    score: &mut Score,
    folder: &Path,
    name: &str,
    run: &Value,
    dialect: Dialect,
) -> Result<(), Failure> {
    let Some(answer) = run.at(&["expected", recorded(dialect)]) else { return Ok(()) };
    let arguments = arguments(folder, run, dialect);
    let surroundings = taut_helm::Surroundings { now: now(), seed: [7; 32] };
    let outcome = taut_helm::run(&arguments, &surroundings);
    let stdout = String::from_utf8_lossy(&outcome.stdout).into_owned();
    // The recorded errors have no warnings before them.
    let error = outcome.stderr.find("Error: ").and_then(|at| outcome.stderr.get(at..)).unwrap_or_default();
    let got = if outcome.code == 0 { Ok(stdout) } else { Err(error.to_owned()) };
    if let Some(file) = answer.str_at(&["error"]) {
        let expect = fixtures::text(folder, file)?;
        score.count(name, got, Err(&expect));
    } else if let Some(file) = answer.str_at(&["file"]) {
        let expect = fixtures::text(folder, file)?;
        score.count(name, got, Ok(&expect));
    } else if let Some(file) = run.str_at(&["expected", recorded(Dialect::Helm4), "file"]) {
        let expect = trimmed(&fixtures::text(folder, file)?);
        score.count(name, got.map(|text| trimmed(&text)), Ok(&expect));
    }
    Ok(())
}

fn arguments(folder: &Path, run: &Value, dialect: Dialect) -> Vec<String> {
    let at = |file: &str| folder.join(file).display().to_string();
    let mut arguments: Vec<String> =
        ["--dialect", &dialect.to_string(), "template", "rel", &at("chart"), "--namespace", "ns1"]
            .map(str::to_owned)
            .to_vec();
    let given: Vec<&str> = run.list_at(&["args"]).iter().filter_map(Value::as_str).collect();
    if !given.contains(&"--kube-version") {
        arguments.extend(["--kube-version".to_owned(), "1.32.0".to_owned()]);
    }
    for file in run.list_at(&["values"]).iter().filter_map(Value::as_str) {
        arguments.extend(["-f".to_owned(), at(file)]);
    }
    arguments.extend(given.into_iter().map(str::to_owned));
    arguments
}

/// Without the blanks at the end of each document.
fn trimmed(text: &str) -> String {
    let documents: Vec<&str> = text.split("\n---\n").map(str::trim_end).collect();
    documents.join("\n---\n").trim().to_owned()
}
