//! `helm template`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use tautline_core::{Budget, Map};
use tautline_helm::{
    Capabilities, Chart, Dialect, KubeVersion, LoadedChart, Loader, Overrides, PrintOptions, Release,
    Rendered, Settings, TemplateError, print, release_name, template,
};

use super::disk::Disk;
use super::flags::Flags;
use super::{Outcome, Surroundings, namespace, output_dir};

/// Renders a chart and prints it.
pub(super) fn run(
    arguments: &[String],
    flags: &Flags,
    dialect: Dialect,
    surroundings: &Surroundings,
) -> Result<Outcome, String> {
    if arguments.is_empty() {
        return Err(
            "\"helm template\" requires at least 1 argument\n\nUsage:  helm template [NAME] [CHART] [flags]"
                .to_owned(),
        );
    }
    let capabilities = capabilities(flags, dialect)?;
    refuse(flags, dialect)?;
    let (name, chart) = name_and_chart(arguments, flags, surroundings)?;
    let budget = budget();
    // Helm 3 takes a chart that is there, whatever repository is named.
    if flags.text("repo").is_some() && !(dialect.is_helm3() && Path::new(&chart).exists()) {
        return Err("--repo is not supported: it needs the network; fetch the chart first".to_owned());
    }
    let path = locate(&chart, dialect)?;
    if flags.is_set("verify") {
        return Err(unverified(&path));
    }
    let values = values(flags, dialect, &budget)?;
    let loaded = load(&path, dialect, &budget)?;
    if flags.is_set("dependency-update") && !loaded.chart.missing_dependencies().is_empty() {
        let why = "dependencies are missing, and nothing is fetched; run `helm dependency build` first";
        return Err(format!("--dependency-update is not supported: {why}"));
    }
    let mut outcome = Outcome::default();
    outcome.stderr.extend(loaded.warnings.iter().map(|warning| format!("{warning}\n")));
    if loaded.chart.metadata.deprecated {
        outcome.stderr.push_str(match dialect {
            Dialect::Helm3 => "WARNING: This chart is deprecated\n",
            Dialect::Helm4 => "level=WARN msg=\"this chart is deprecated\"\n",
        });
    }
    let release =
        Release { is_upgrade: flags.is_set("is-upgrade"), ..Release::install(name, namespace::of(flags)) };
    let settings = Settings {
        dialect,
        capabilities: Some(Arc::new(capabilities)),
        skip_schema_validation: flags.is_set("skip-schema-validation"),
        now: surroundings.now,
        seed: surroundings.seed,
        budget,
        ..Settings::default()
    };
    match render(loaded.chart, values, &release, &settings) {
        Ok(rendered) => printed(&rendered, flags, dialect, &release.name, outcome),
        Err(error) => Ok(failed(&error, flags, outcome)),
    }
}

/// A chart may take as long as it takes, with a bound all the same.
pub(super) fn budget() -> Budget {
    Budget { bytes: 512 << 20, nodes: 50_000_000, steps: 5_000_000_000, ..Budget::default() }
}

fn render(
    chart: Chart,
    values: Map,
    release: &Release,
    settings: &Settings,
) -> Result<Rendered, TemplateError> {
    template(chart, values, release, settings)
}

fn printed(
    rendered: &Rendered,
    flags: &Flags,
    dialect: Dialect,
    release: &str,
    mut outcome: Outcome,
) -> Result<Outcome, String> {
    let options = PrintOptions {
        include_crds: flags.is_set("include-crds"),
        no_hooks: flags.is_set("no-hooks"),
        skip_tests: flags.is_set("skip-tests"),
        show_only: flags.all("show-only").to_vec(),
        dialect,
    };
    outcome.stderr.extend(rendered.warnings.iter().map(|warning| format!("{warning}\n")));
    let Some(folder) = flags.text("output-dir").filter(|folder| !folder.is_empty()) else {
        outcome.stdout = print(rendered, &options).map_err(|error| error.to_string())?;
        return Ok(outcome);
    };
    let release = flags.is_set("release-name").then_some(release);
    let told = output_dir::write(rendered, &options, Path::new(folder), release)?;
    outcome.stdout = told.into_bytes();
    // Helm looks for these in what is left to print, which is nothing.
    match options.show_only.first() {
        Some(pattern) => {
            outcome.stderr.push_str(&format!("Error: could not find template {pattern} in chart\n"));
            outcome.code = 1;
        }
        None => outcome.stdout.push(b'\n'),
    }
    Ok(outcome)
}

/// Why a chart is not verified.
pub(super) fn unverified(path: &str) -> String {
    if Path::new(path).is_dir() {
        return "unpacked charts cannot be verified".to_owned();
    }
    "--verify is not supported: provenance files are not checked; verify the chart with `helm verify`"
        .to_owned()
}

/// What Helm says of a failed render; with `--debug` the files that were rendered are printed all the same.
fn failed(error: &TemplateError, flags: &Flags, mut outcome: Outcome) -> Outcome {
    outcome.code = 1;
    outcome.stderr.push_str(&format!("Error: {error}\n"));
    if !error.is_from_rendering() {
        return outcome;
    }
    match (error, flags.is_set("debug")) {
        (TemplateError::Document { files, .. }, true) => {
            let mut sorted: BTreeMap<&str, &[u8]> = BTreeMap::new();
            sorted.extend(files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())));
            for (path, bytes) in sorted.into_iter().filter(|(_, bytes)| !bytes.trim_ascii().is_empty()) {
                outcome.stdout.extend_from_slice(format!("---\n# Source: {path}\n").as_bytes());
                outcome.stdout.extend_from_slice(bytes);
                outcome.stdout.push(b'\n');
            }
        }
        (_, true) => outcome.stdout.push(b'\n'),
        (_, false) => outcome.stderr.push_str("\nUse --debug flag to render out invalid YAML\n"),
    }
    outcome
}

/// What needs a cluster, a network or another program.
fn refuse(flags: &Flags, dialect: Dialect) -> Result<(), String> {
    let because = |flag: &str, why: &str| Err(format!("--{flag} is not supported: {why}"));
    if flags.is_set("validate") {
        return because("validate", "it needs a cluster; compare with `taut diff`");
    }
    match flags.text("dry-run") {
        None | Some("client" | "unset" | "true" | "false" | "") => {}
        Some("server") => return because("dry-run=server", "it needs a cluster; compare with `taut diff`"),
        Some("none") if dialect.is_helm3() => {}
        Some("none") => {
            return Err("invalid dry-run value (\"none\"). Must be \"server\" or \"client\"".to_owned());
        }
        Some(_) if dialect.is_helm3() => {
            let values = "false, true, none, client, server";
            return Err(format!("Invalid dry-run flag. Flag must one of the following: {values}"));
        }
        Some(other) => {
            let values = "\"none\", \"server\", or \"client\"";
            return Err(format!("invalid dry-run value ({other:?}). Must be {values}"));
        }
    }
    if flags.text("post-renderer").is_some() {
        return because("post-renderer", "it starts another program");
    }
    for (flag, why) in [("enable-dns", "a render that asks name servers cannot be repeated")] {
        if flags.is_set(flag) {
            return because(flag, why);
        }
    }
    Ok(())
}

pub(super) fn capabilities(flags: &Flags, dialect: Dialect) -> Result<Capabilities, String> {
    let mut capabilities = Capabilities::default_of(dialect);
    if let Some(text) = flags.text("kube-version").filter(|text| !text.is_empty()) {
        capabilities.kube_version = KubeVersion::parse(text, dialect)
            .map_err(|error| format!("invalid kube version '{text}': {error}"))?;
    }
    Ok(capabilities.with_api_versions(flags.all("api-versions")))
}

/// The release's name and the chart, from the arguments or made up.
fn name_and_chart(
    arguments: &[String],
    flags: &Flags,
    surroundings: &Surroundings,
) -> Result<(String, String), String> {
    let name_template = flags.text("name-template").filter(|text| !text.is_empty());
    match arguments {
        [name, chart] => {
            if flags.is_set("generate-name") {
                return Err("cannot set --generate-name and also specify a name".to_owned());
            }
            if name_template.is_some() {
                return Err("cannot set --name-template and also specify a name".to_owned());
            }
            Ok((name.clone(), chart.clone()))
        }
        // `helm template CHART` calls the release `release-name`, whatever `--generate-name` says.
        [chart] => match name_template {
            None => Ok(("release-name".to_owned(), chart.clone())),
            Some(source) => {
                let (now, seed) = (surroundings.now, surroundings.seed);
                Ok((release_name(source, now, seed, &Budget::default())?, chart.clone()))
            }
        },
        [_, _, more @ ..] => {
            Err(format!("expected at most two arguments, unexpected arguments: {}", more.join(", ")))
        }
        [] => Err("a chart is missing".to_owned()),
    }
}

/// A chart on the disk. Repositories are not asked.
pub(super) fn locate(chart: &str, dialect: Dialect) -> Result<String, String> {
    let chart = chart.trim();
    if Path::new(chart).exists() {
        return Ok(chart.to_owned());
    }
    if chart.starts_with('/') || chart.starts_with('.') {
        return Err(format!("path {chart:?} not found"));
    }
    if chart.contains("://") {
        return Err(format!("{chart} is on the network, and nothing is fetched; pull the chart first"));
    }
    Err(match (chart.split_once('/'), dialect) {
        (Some((repository, _)), _) => format!("repo {repository} not found"),
        (None, _) => {
            format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {chart}")
        }
    })
}

pub(super) fn load(path: &str, dialect: Dialect, budget: &Budget) -> Result<LoadedChart, String> {
    let loader = Loader { dialect, budget: budget.clone() };
    loader.load(&Disk, &Disk::path(path)?).map_err(|error| error.to_string())
}

/// Everything that `-f` and the `--set`s say.
pub(super) fn values(flags: &Flags, dialect: Dialect, budget: &Budget) -> Result<Map, String> {
    let mut overrides = Overrides {
        json: flags.all("set-json").to_vec(),
        set: flags.all("set").to_vec(),
        string: flags.all("set-string").to_vec(),
        file: flags.all("set-file").to_vec(),
        literal: flags.all("set-literal").to_vec(),
        ..Overrides::default()
    };
    for file in flags.all("values") {
        overrides.files.push((file.clone(), read(file)?.into()));
    }
    for path in overrides.file_paths(dialect, budget) {
        let content = read(&path).map(Into::into);
        overrides.file_contents.push((path, content));
    }
    overrides.merge(dialect, budget).map_err(|error| error.to_string())
}

/// A file that an argument names; `-` is standard input.
fn read(path: &str) -> Result<Vec<u8>, String> {
    if path.trim() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        return Ok(bytes);
    }
    if path.contains("://") {
        return Err(format!("{path} is on the network, and nothing is fetched; download it first"));
    }
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("open {path}: no such file or directory"),
        std::io::ErrorKind::IsADirectory => format!("read {path}: is a directory"),
        std::io::ErrorKind::PermissionDenied => format!("open {path}: permission denied"),
        _ => format!("open {path}: {error}"),
    })
}
