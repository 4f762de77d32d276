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

fn main() -> std::process::ExitCode {
    use_small_pages();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(obey()),
        Err(error) => {
            eprintln!("tautline-controller: the runtime does not start: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// The allocator asks the kernel for pages of 2 MiB, of which a controller fills little: with them 1000 objects take
/// twice the memory. A kernel that knows no such pages has nothing to be told.
fn use_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

async fn obey() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::new(&arguments.log);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match arguments.command {
        Command::Demo(options) => demo::run(&options).await,
        Command::Run(options) => run::run(*options).await,
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
