//! `taut helm`: a drop-in for `helm template`, `helm show` and `helm lint`.

mod disk;
mod flags;
mod known;
mod lint;
mod namespace;
mod output_dir;
mod show;
mod template;

use tautline_core::Timestamp;
use tautline_helm::Dialect;

use flags::Flags;

/// What a run of Helm takes from outside beside its arguments and files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings {
    /// The present moment.
    pub(crate) now: Timestamp,
    /// Where random text comes from.
    pub(crate) seed: [u8; 32],
}

/// What a command printed, and its exit code.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) code: u8,
}

impl Outcome {
    fn failed(message: &str) -> Self {
        Self { stderr: format!("Error: {message}\n"), code: 1, ..Self::default() }
    }
}

const USAGE: &str = "\
Renders charts as Helm does, without a cluster.

Usage:
  taut helm [--dialect helm4|helm3] template [NAME] [CHART] [flags of helm template]
  taut helm [--dialect helm4|helm3] show all|chart|crds|readme|values CHART
  taut helm [--dialect helm4|helm3] lint [PATH...] [flags of helm lint]

Flags are those of helm 4.3.1 and 3.17.2. What needs a cluster, a network or another program is refused
by name: --validate, --dry-run=server, --post-renderer, --repo, --enable-dns,
and --dependency-update where dependencies are missing.
--now SECONDS and --seed TEXT make a render that uses the clock or random text repeatable.
";

/// Runs a command line without the leading `helm`.
pub(crate) fn run(arguments: &[String], surroundings: &Surroundings) -> Outcome {
    let flags = match Flags::parse(arguments) {
        Ok(flags) => flags,
        Err(message) => return Outcome::failed(&message),
    };
    let dialect = match flags.text("dialect").map(str::parse::<Dialect>).transpose() {
        Ok(dialect) => dialect.unwrap_or_default(),
        Err(error) => return Outcome::failed(&error.to_string()),
    };
    let surroundings = overridden(&flags, surroundings);
    let (command, rest) = match flags.positional.split_first() {
        Some((command, rest)) if !flags.is_set("help") => (command.as_str(), rest),
        _ => return Outcome { stdout: USAGE.into(), ..Outcome::default() },
    };
    if let Err(message) = known::check(command, &flags, dialect) {
        return Outcome::failed(&message);
    }
    let done = match command {
        "template" => template::run(rest, &flags, dialect, &surroundings),
        "show" | "inspect" => show::run(rest, &flags, dialect),
        "lint" => Ok(lint::run(rest, &flags, dialect, &surroundings)),
        "version" => Ok(Outcome { stdout: format!("{}\n", dialect.version()).into(), ..Outcome::default() }),
        other => Err(format!("unknown command {other:?} for \"helm\"")),
    };
    done.unwrap_or_else(|message| Outcome::failed(&message))
}

/// `--now` and `--seed` in place of the clock and of chance.
fn overridden(flags: &Flags, surroundings: &Surroundings) -> Surroundings {
    let mut chosen = *surroundings;
    if let Some(seconds) = flags.text("now").and_then(|text| text.parse::<i64>().ok()) {
        chosen.now = Timestamp::from_seconds(seconds);
    }
    if let Some(text) = flags.text("seed") {
        chosen.seed = tautline_core::Digest::of_bytes(text.as_bytes()).as_bytes().to_owned();
    }
    chosen
}
