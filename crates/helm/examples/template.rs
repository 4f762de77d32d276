//! `taut helm` without the rest of `taut`: `cargo run --example template -- template NAME CHART [flags]`.
#![allow(clippy::disallowed_methods, reason = "a program reads its arguments, its files and the clock")]

#[path = "../../cli/src/helm/mod.rs"]
mod helm;

use std::io::Write;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use tautline_core::{Digest, Timestamp};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
    let seed = *Digest::of_bytes(&now.as_nanos().to_le_bytes()).as_bytes();
    let surroundings = helm::Surroundings { now: Timestamp::from_micros(micros), seed };
    let outcome = helm::run(&arguments, &surroundings);
    let _ = std::io::stdout().write_all(&outcome.stdout);
    let _ = std::io::stderr().write_all(outcome.stderr.as_bytes());
    ExitCode::from(outcome.code)
}
