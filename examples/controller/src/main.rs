//! The example controller: argument parsing and wiring, nothing clever.
//!
//! `tautline-controller run` runs on a real cluster, `demo` shows the whole story on an API server in the process,
//! `crds` prints or installs the CRDs.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a program reads the clock and makes its own files")]

mod arguments;
mod demo;
mod leader;
mod repositories;
mod run;
mod serve;
mod system;

use clap::Parser;

use arguments::{Arguments, Command, CrdsAction};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::new(&arguments.log);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match arguments.command {
        Command::Demo(options) => demo::run(&options).await,
        Command::Run(options) => run::run(options).await,
        Command::Crds { action: CrdsAction::Apply { connect, replace } } => {
            run::install_crds(&connect, replace).await
        }
        Command::Crds { action: CrdsAction::Print } => {
            for crd in tautline::argocd::definitions() {
                println!("---\n{}", tautline::yaml::write(&crd.into_value()).trim_end());
            }
            Ok(())
        }
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tautline-controller: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
