//! Times of values, YAML, merge and diff, ours beside others' on the same bytes, after their outputs were compared.
//!
//! ```text
//! (cd benches/peers/values && go build -o ../../../target/values-peer .)
//! cargo run --release -p tautline-values-bench -- [target/values-peer] [YAML-FOLDER] [json] [yaml] [merge]
//! cargo run --release -p tautline-values-bench -- repeat NAME TIMES
//! ```
//! The inputs are made: a pod as it lives, a Deployment, a CRD of 500 KB. The mixed manifests are those below
//! YAML-FOLDER, by default what helm and kustomize were recorded to render in `$TAUTLINE_FIXTURES`
//! (`../shared/fixtures`); where there are none, generated ones. The Go program is left out if it is not named, and
//! sections are where others are.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, its arguments and files")]

mod inputs;
mod json;
mod manifests;
mod merging;
mod peer;
mod repeat;
mod timing;

use std::path::PathBuf;
use std::process::ExitCode;

use peer::Peer;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[PathBuf]) -> Result<(), String> {
    if let [word, name, times] = arguments
        && word.as_os_str() == "repeat"
    {
        let times = times.to_str().and_then(|times| times.parse().ok()).ok_or("how often?")?;
        return repeat::run(&name.to_string_lossy(), times);
    }
    let program = arguments.iter().find(|path| path.is_file());
    let folder = arguments.iter().find(|path| path.is_dir());
    let documents = manifests::documents(folder.map(PathBuf::as_path));
    let inputs = inputs::Inputs::make()?;
    let peer = Peer::run(program.map(PathBuf::as_path), &inputs, &documents)?;
    let is_named = |section: &str| arguments.iter().any(|argument| argument.as_os_str() == section);
    let all = !["json", "yaml", "merge"].into_iter().any(is_named);
    if all || is_named("json") {
        json::run(&inputs, &peer)?;
    }
    if all || is_named("yaml") {
        manifests::run(&documents, &peer)?;
    }
    if all || is_named("merge") {
        merging::run(&inputs, &peer)?;
    }
    Ok(())
}
