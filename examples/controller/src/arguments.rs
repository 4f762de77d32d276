//! The command line.

use clap::{Args, Parser, Subcommand};

/// Runs Argo CD Applications with Tautline.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// What is logged, to standard error: a level, or levels by module
    #[arg(long, global = true, default_value = "warn")]
    pub(crate) log: String,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows the whole story: a real Git repository, an API server in this process, and the controller
    Demo(DemoOptions),
    /// The CustomResourceDefinitions of Application and AppProject
    Crds {
        #[command(subcommand)]
        action: CrdsAction,
    },
}

#[derive(Subcommand)]
pub(crate) enum CrdsAction {
    /// Prints them as YAML
    Print,
}

#[derive(Args)]
pub(crate) struct DemoOptions {
    /// Walk the story once, print each step with its time, and exit with 0 only if each was seen to happen
    #[arg(long)]
    pub(crate) once: bool,
    /// Keep the folder with the repository and the kubeconfig
    #[arg(long)]
    pub(crate) keep: bool,
}
