//! `taut`: what the engine does, one-shot: for a folder, a manifest file or an Application file, against the
//! cluster of a kubeconfig.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a program reads its arguments, its files and the clock")]

mod apply;
mod arguments;
mod compare;
mod diff;
mod failure;
mod health;
mod input;
mod kustomize;
mod live;
mod plan;
mod render;
mod serve;
mod system;
mod tree;

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
        Command::Health(options) => health::run(&options),
        Command::Kustomize(options) => Ok(kustomize::run(&options.arguments)),
        Command::Apiserver(options) => serve::run(&options).await,
    }
}
