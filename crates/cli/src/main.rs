//! `taut`: what the engine does, one-shot: for a folder, a manifest file or an Application file, against the
//! cluster of a kubeconfig.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a program reads its arguments, its files and the clock")]

mod actions;
mod apply;
mod arguments;
mod compare;
mod diff;
mod failure;
mod health;
mod helm;
mod input;
mod journal;
mod kustomize;
mod live;
mod plan;
mod rbac;
mod render;
mod serve;
mod signing;
mod snapshot;
mod stored;
mod system;
mod tree;
mod why;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Result;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("taut: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

async fn run(command: Command) -> Result<u8> {
    match command {
        Command::Render(options) => render::run(&options).await,
        Command::Diff(options) => diff::run(&options).await,
        Command::Plan(options) => plan::run(&options).await,
        Command::Apply(options) => apply::run(&options).await,
        Command::Tree(options) => tree::run(&options).await,
        Command::Why(options) => why::run(&options).await,
        Command::Health(options) => health::run(&options),
        Command::Actions(command) => actions::run(&command),
        Command::Helm(options) => Ok(run_helm(&options.arguments)),
        Command::Kustomize(options) => Ok(kustomize::run(&options.arguments).await),
        Command::Snapshot(options) => snapshot::run(&options).await,
        Command::Apiserver(options) => serve::run(&options).await,
    }
}

/// `taut helm` prints what Helm prints, and ends as Helm ends.
fn run_helm(arguments: &[String]) -> u8 {
    use std::io::Write;
    let surroundings = helm::Surroundings { now: system::now(), seed: rand::random() };
    let outcome = helm::run(arguments, &surroundings);
    // A reader that closes the pipe early, such as `head`, is no failure.
    let _ = std::io::stdout().write_all(&outcome.stdout);
    let _ = std::io::stderr().write_all(outcome.stderr.as_bytes());
    outcome.code
}
