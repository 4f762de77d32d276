//! Scores a folder of recorded behaviour: `conformance SUITE [FOLDER] [--server embedded|KUBECONFIG]`.
//!
//! Prints `SUITE: passed/total` and the first misses; ends with 1 when anything missed, with 2 when it could not
//! be run.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a program reads its arguments")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tautline_helm::Dialect;
use tautline_tests::helm_cases::{self, Score};
use tautline_tests::merge_cases::{self, Outcome};
use tautline_tests::served_cases::{self, Peer};
use tautline_tests::{fixtures, semver_cases, yaml_cases};

#[derive(Parser)]
#[command(name = "conformance", about = "Scores a folder of recorded behaviour of the real tools")]
struct Arguments {
    /// What is scored.
    suite: Suite,
    /// The folder with the suite's files; by default the one among the fixtures.
    folder: Option<PathBuf>,
    /// Ask a server over HTTP instead of the library: `embedded`, or a kubeconfig.
    #[arg(long, value_name = "embedded|KUBECONFIG")]
    server: Option<String>,
    /// How many misses are shown.
    #[arg(long, default_value_t = 20)]
    show: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Suite {
    Yaml,
    Semver,
    HelmProbes,
    Ssa,
    Smp,
    Json,
    Apply3,
    Defaults,
    Validation,
}

impl Suite {
    /// The fixtures' folder, and the files of a suite of requests.
    fn files(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Yaml => ("yaml", &[]),
            Self::Semver => ("semver", &[]),
            Self::HelmProbes => ("helm", &[]),
            Self::Ssa => ("merge", &["ssa.json", "ssa-random.json"]),
            Self::Smp => ("merge", &["smp.json", "smp-random.json"]),
            Self::Json => ("merge", &["json.json"]),
            Self::Apply3 => ("merge", &["apply3.json", "apply3-random.json"]),
            Self::Defaults => ("merge", &["defaults.json"]),
            Self::Validation => ("merge", &["validation.json"]),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let name = arguments.suite.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
    match score(&arguments).await {
        Ok(outcome) => {
            for miss in outcome.misses.iter().take(arguments.show) {
                println!("  {miss}");
            }
            if outcome.misses.len() > arguments.show {
                println!("  and {} more", outcome.misses.len() - arguments.show);
            }
            println!("{name}: {}/{}", outcome.passed, outcome.total);
            if outcome.passed == outcome.total { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            eprintln!("conformance: {name}: {error}");
            ExitCode::from(2)
        }
    }
}

async fn score(arguments: &Arguments) -> Result<Outcome, Box<dyn std::error::Error>> {
    let (home, files) = arguments.suite.files();
    let folder = match &arguments.folder {
        Some(folder) => folder.clone(),
        None => fixtures::folder(home).ok_or("there are no fixtures; name a folder")?,
    };
    match (arguments.suite, &arguments.server) {
        (Suite::Yaml | Suite::Semver | Suite::HelmProbes, Some(_)) => {
            Err("no server is asked in this suite; leave out --server".into())
        }
        (Suite::Yaml, None) => yaml_cases::run(&folder),
        (Suite::Semver, None) => semver_cases::run(&folder),
        (Suite::HelmProbes, None) => helm_probes(&folder),
        (_, None) => requests(files, &folder, |file| merge_cases::run(&folder, file)),
        (_, Some(server)) => {
            let mut peer = if server == "embedded" { Peer::embedded() } else { Peer::real(server) };
            let mut all = Outcome::default();
            for file in present(files, &folder)? {
                all.add(served_cases::run(&folder, file, &mut peer).await?);
            }
            Ok(all)
        }
    }
}

/// Probes of templates and of `--set`, as both versions of Helm answered them.
fn helm_probes(folder: &std::path::Path) -> Result<Outcome, Box<dyn std::error::Error>> {
    let mut all = Outcome::default();
    for dialect in [Dialect::Helm4, Dialect::Helm3] {
        let probes = [helm_cases::probes(folder, dialect)?, helm_cases::set_probes(folder, dialect)?];
        for score in probes {
            let misses = score.misses.iter().map(|miss| format!("{dialect:?}: {miss}")).collect();
            let Score { total, passed, .. } = score;
            all.add(Outcome { total, passed, misses, ..Outcome::default() });
        }
    }
    Ok(all)
}

fn requests(
    files: &'static [&'static str],
    folder: &std::path::Path,
    run: impl Fn(&str) -> Result<Outcome, Box<dyn std::error::Error>>,
) -> Result<Outcome, Box<dyn std::error::Error>> {
    let mut all = Outcome::default();
    for file in present(files, folder)? {
        all.add(run(file)?);
    }
    Ok(all)
}

/// Those of a suite's files that the folder has; one at least.
fn present(
    files: &'static [&'static str],
    folder: &std::path::Path,
) -> Result<Vec<&'static str>, Box<dyn std::error::Error>> {
    let found: Vec<_> = files.iter().copied().filter(|file| folder.join(file).is_file()).collect();
    if found.is_empty() {
        return Err(format!("{} has none of {}", folder.display(), files.join(", ")).into());
    }
    Ok(found)
}
