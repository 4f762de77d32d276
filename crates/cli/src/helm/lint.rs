//! `helm lint`: what keeps a chart from installing, and what is merely unusual.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use tautline_core::Map;
use tautline_helm::{Chart, Dialect, Release, Settings, TemplateError, template};

use super::flags::Flags;
use super::template::{budget, capabilities, load, values};
use super::{Outcome, Surroundings, namespace};

/// A remark, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Info,
    Warning,
    Error,
}

struct Remark {
    severity: Severity,
    text: String,
}

impl Remark {
    fn new(severity: Severity, place: &str, what: impl std::fmt::Display) -> Self {
        Self { severity, text: format!("{place}: {what}") }
    }
}

/// Lints charts, by default the one in the working directory.
pub(super) fn run(
    arguments: &[String],
    flags: &Flags,
    dialect: Dialect,
    surroundings: &Surroundings,
) -> Outcome {
    let here = [".".to_owned()];
    let paths = match (arguments, dialect) {
        ([], Dialect::Helm3) => here.as_slice(),
        ([], Dialect::Helm4) => {
            return Outcome::failed(
                "\"helm lint\" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]",
            );
        }
        (paths, _) => paths,
    };
    if let Err(message) = capabilities(flags, dialect) {
        return Outcome::failed(&message);
    }
    let values = match values(flags, dialect, &budget()) {
        Ok(values) => values,
        Err(message) => return Outcome::failed(&message),
    };
    let mut outcome = Outcome::default();
    let lowest = if flags.is_set("strict") { Severity::Warning } else { Severity::Error };
    let mut failed = 0;
    for path in paths {
        let manifest = Path::new(path).join("Chart.yaml");
        if !manifest.exists() && !Path::new(path).is_file() {
            failed += 1;
            let what = format!("stat {}: no such file or directory", shown(&manifest));
            let text =
                format!("==> Linting {path}\nError unable to check Chart.yaml file in chart: {what}\n\n");
            outcome.stdout.extend_from_slice(text.as_bytes());
            continue;
        }
        let remarks = lint(path, &values, flags, dialect, surroundings);
        let is_worth_telling = remarks.iter().any(|remark| remark.severity > Severity::Info);
        failed += usize::from(remarks.iter().any(|remark| remark.severity >= lowest));
        if flags.is_set("quiet") && !is_worth_telling {
            continue;
        }
        let mut text = format!("==> Linting {path}\n");
        for remark in remarks.iter().filter(|r| !flags.is_set("quiet") || r.severity > Severity::Info) {
            let word = match remark.severity {
                Severity::Info => "INFO",
                Severity::Warning => "WARNING",
                Severity::Error => "ERROR",
            };
            text.push_str(&format!("[{word}] {}\n", remark.text));
        }
        outcome.stdout.extend_from_slice(format!("{text}\n").as_bytes());
    }
    let summary = format!("{} chart(s) linted, {failed} chart(s) failed\n", paths.len());
    if failed > 0 {
        outcome.stderr = format!("Error: {summary}");
        outcome.code = 1;
    } else if !flags.is_set("quiet") {
        outcome.stdout.extend_from_slice(summary.as_bytes());
    }
    outcome
}

/// A path as Go's `filepath.Join` writes it.
fn shown(path: &Path) -> String {
    path.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>().display().to_string()
}

fn lint(
    path: &str,
    values: &Map,
    flags: &Flags,
    dialect: Dialect,
    surroundings: &Surroundings,
) -> Vec<Remark> {
    let loaded = match load(path, dialect, &budget()) {
        Ok(loaded) => loaded,
        Err(error) => return vec![Remark::new(Severity::Error, "templates/", error)],
    };
    let mut remarks = metadata(&loaded.chart);
    let missing: Vec<&str> = loaded.chart.missing_dependencies().iter().map(|d| d.name.as_str()).collect();
    if !missing.is_empty() {
        let what = format!("chart directory is missing these dependencies: {}", missing.join(","));
        remarks.push(Remark::new(Severity::Warning, "Chart.yaml", what));
    }
    if loaded.chart.raw_values.is_none() {
        remarks.push(Remark::new(Severity::Info, "values.yaml", "file does not exist"));
    }
    if loaded.chart.templates.is_empty() {
        remarks.push(Remark::new(Severity::Warning, "templates/", "directory does not exist"));
    }
    let capabilities = match capabilities(flags, dialect) {
        Ok(capabilities) => capabilities,
        Err(error) => return vec![Remark::new(Severity::Error, "--kube-version", error)],
    };
    let settings = Settings {
        dialect,
        capabilities: Some(Arc::new(capabilities)),
        skip_schema_validation: flags.is_set("skip-schema-validation"),
        now: surroundings.now,
        seed: surroundings.seed,
        budget: budget(),
        lint: true,
        ..Settings::default()
    };
    let release = Release::install("test-release", namespace::of(flags));
    let is_library = loaded.chart.metadata.is_library();
    match template(loaded.chart, values.clone(), &release, &settings) {
        Err(TemplateError::NotInstallable { .. }) if is_library => {}
        Err(TemplateError::MissingDependencies { .. }) => {}
        Err(error @ TemplateError::Schema(_)) => {
            remarks.push(Remark::new(Severity::Error, "values.yaml", error))
        }
        Err(error) => remarks.push(Remark::new(Severity::Error, "templates/", error)),
        Ok(rendered) => {
            let unnamed = rendered.manifests.iter().chain(&rendered.hooks).filter(|d| {
                !d.value.is_null()
                    && d.name.is_empty()
                    && d.value.str_at(&["metadata", "generateName"]).is_none()
            });
            for document in unnamed {
                let what = format!(
                    "object name does not conform to Kubernetes naming requirements: {:?}",
                    document.name
                );
                remarks.push(Remark::new(Severity::Warning, &document.source, what));
            }
        }
    }
    remarks
}

fn metadata(chart: &Chart) -> Vec<Remark> {
    let metadata = &chart.metadata;
    let mut remarks = Vec::new();
    let mut say = |severity, what: &str| remarks.push(Remark::new(severity, "Chart.yaml", what));
    if metadata.icon.is_empty() {
        say(Severity::Info, "icon is recommended");
    } else if !is_url(&metadata.icon) {
        say(Severity::Error, &format!("invalid icon URL '{}'", metadata.icon));
    }
    for source in metadata.sources.iter().filter(|source| !is_url(source)) {
        say(Severity::Error, &format!("invalid source URL '{source}'"));
    }
    for maintainer in &metadata.maintainers {
        if maintainer.name.is_empty() {
            say(Severity::Error, "each maintainer requires a name");
        }
    }
    if !matches!(metadata.api_version.as_str(), "v1" | "v2") {
        say(Severity::Error, "apiVersion is not valid. The value must be either \"v1\" or \"v2\"");
    }
    if metadata.api_version == "v1" && !metadata.kind.is_empty() {
        say(Severity::Error, "chart type is not valid in apiVersion 'v1'. It is valid in apiVersion 'v2'");
    }
    remarks
}

fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        !rest.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}
