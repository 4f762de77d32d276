//! The command line.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand};

use crate::run::CacheFolder;

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
    /// Runs the Applications of a cluster
    Run(Box<RunOptions>),
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
    /// Installs them; an existing one stays as it is
    Apply {
        #[command(flatten)]
        connect: ConnectOptions,
        /// Overwrite existing ones
        #[arg(long)]
        replace: bool,
    },
}

/// Which cluster.
#[derive(Args)]
pub(crate) struct ConnectOptions {
    /// The kubeconfig; without one, the cluster this pod runs in, or ~/.kube/config
    #[arg(long)]
    pub(crate) kubeconfig: Option<std::path::PathBuf>,
    /// The kubeconfig's context; without one, the current one
    #[arg(long)]
    pub(crate) context: Option<String>,
}

#[derive(Args)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) connect: ConnectOptions,
    /// The namespace of the control plane: repository Secrets, the Lease, Applications with bare names
    #[arg(long, default_value = "argocd")]
    pub(crate) namespace: String,
    /// The namespaces that are looked at, with commas; without any, all: then no rights over the whole cluster are needed
    #[arg(long, value_delimiter = ',')]
    pub(crate) namespaces: Vec<String>,
    /// With --namespaces: read kinds outside of namespaces too
    #[arg(long, requires = "namespaces")]
    pub(crate) cluster_resources: bool,
    /// Where the page, /metrics, /healthz and /readyz are served
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// A file with the token that the page asks for; needed for any but a loopback address
    #[arg(long)]
    pub(crate) token_file: Option<std::path::PathBuf>,
    /// Host names under which the page may be asked for, beside loopback's
    #[arg(long)]
    pub(crate) allowed_host: Vec<String>,
    /// Seconds between two looks at a repository
    #[arg(long, default_value_t = 180)]
    pub(crate) poll: u64,
    /// Render, compare and show, but write nothing to the cluster, Applications included
    #[arg(long)]
    pub(crate) observe: bool,
    /// Which Applications are taken, by label
    #[arg(long, default_value = "")]
    pub(crate) selector: String,
    /// The field manager that applies
    #[arg(long, default_value = "tautline")]
    pub(crate) field_manager: String,
    /// Take Applications whose status another controller writes
    #[arg(long)]
    pub(crate) take_over: bool,
    /// Run without a Lease: only when nothing else runs these Applications
    #[arg(long)]
    pub(crate) no_leader_election: bool,
    /// A folder for fetched commits
    #[arg(long)]
    pub(crate) cache: Option<CacheFolder>,
    /// A folder in which live objects are kept for a quick restart, Secrets excepted; by default they are not
    #[arg(long)]
    pub(crate) live_cache: Option<CacheFolder>,
}

#[derive(Args)]
pub(crate) struct DemoOptions {
    /// Walk the story once, print each step with its time, and exit with 0 only if each was seen to happen
    #[arg(long)]
    pub(crate) once: bool,
    /// Keep the folder with the repository and the kubeconfig
    #[arg(long)]
    pub(crate) keep: bool,
    /// Where the page is served; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}
