//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Renders, compares, plans and applies what Git says should run.
#[derive(Parser)]
#[command(name = "taut", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print the manifests as YAML; problems go to standard error, and exit code 1 says they are incomplete
    Render(RenderOptions),
    /// Show what would change in the cluster, field by field (exit code 0: nothing, 1: something, 2: error)
    Diff(DiffOptions),
    /// Show the steps that would be taken, in order and with reasons
    Plan(PlanOptions),
    /// Plan, ask, and take the steps; or take those of a plan that taut plan -o FILE wrote
    Apply(ApplyOptions),
    /// Show an app's objects, or one object, with what they own and how healthy it is
    Tree(TreeOptions),
    /// Say what is wrong first: for an app's objects, or for one object (exit code 1 if something is)
    Why(WhyOptions),
    /// Judge the health of objects in a file (exit code 1 if one is degraded)
    Health(HealthOptions),
    /// Tell what can be done with objects in a file, and what it comes to (nothing is written)
    #[command(subcommand)]
    Actions(ActionsCommand),
    /// Do as helm does: template, show, lint, with Helm's flags (see taut helm --help)
    #[command(disable_help_flag = true)]
    Helm(HelmArguments),
    /// Do as kustomize does: build, with its flags; and explain where fields come from
    #[command(disable_help_flag = true)]
    Kustomize(KustomizeArguments),
    /// Write a cluster's objects into a folder, to plan against without it or to serve from memory
    Snapshot(SnapshotOptions),
    /// Serve an empty cluster in memory, over TLS, for kubectl and tests
    Apiserver(ServeOptions),
}

/// What is rendered.
#[derive(Args, Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct SourceOptions {
    /// A folder of manifests, a manifest file, or a file that holds an Application
    pub(crate) path: PathBuf,
    /// Render the Application's path in this folder instead of its repository
    #[arg(long, value_name = "FOLDER")]
    pub(crate) source: Option<PathBuf>,
    /// Read the folders below a folder too
    #[arg(long, short = 'R')]
    pub(crate) recurse: bool,
    /// The namespace whose Applications carry bare names in tracking ids
    #[arg(long, default_value = "argocd", value_name = "NAMESPACE")]
    pub(crate) control_plane: String,
}

#[derive(Args)]
pub(crate) struct RenderOptions {
    #[command(flatten)]
    pub(crate) source: SourceOptions,
}

/// Which cluster.
#[derive(Args, Clone, Default)]
pub(crate) struct ClusterOptions {
    /// The kubeconfig; without it $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; without it the current one
    #[arg(long)]
    pub(crate) context: Option<String>,
    /// No cluster, but the state of one that `taut snapshot` wrote into this folder
    #[arg(long, value_name = "SNAPSHOT", conflicts_with_all = ["kubeconfig", "context"])]
    pub(crate) offline: Option<PathBuf>,
}

/// What is compared with which cluster.
#[derive(Args, Clone, Default)]
pub(crate) struct CompareOptions {
    #[command(flatten)]
    pub(crate) source: SourceOptions,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
    /// The namespace of objects that name none (default: default); an Application names its own
    #[arg(long, short = 'n')]
    pub(crate) namespace: Option<String>,
    /// The app that the objects belong to; an Application names itself
    #[arg(long, value_name = "NAME")]
    pub(crate) app: Option<String>,
    /// Take the kubeconfig's cluster as the Application's destination, whatever that says
    #[arg(long)]
    pub(crate) context_is_destination: bool,
    /// The field manager that writes
    #[arg(long, default_value = "tautline", value_name = "NAME")]
    pub(crate) field_manager: String,
}

#[derive(Args)]
pub(crate) struct DiffOptions {
    #[command(flatten)]
    pub(crate) compare: CompareOptions,
    /// How the result is printed
    #[arg(long, short = 'o', default_value = "text")]
    pub(crate) output: Output,
}

#[derive(Args)]
pub(crate) struct PlanOptions {
    #[command(flatten)]
    pub(crate) compare: CompareOptions,
    /// Delete the app's objects that are no longer in Git
    #[arg(long)]
    pub(crate) prune: bool,
    /// How the plan is printed: text, json, or a FILE that it is written to, for taut apply FILE
    #[arg(long, short = 'o', default_value = "text", value_name = "text|json|FILE", value_parser = PlanOutput::parse)]
    pub(crate) output: PlanOutput,
    /// Sign the plan that is written to a FILE with this private SSH key (ed25519, without a passphrase)
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<PathBuf>,
    /// Print the least rights that following the plan needs, as Roles, and not the plan
    #[arg(long)]
    pub(crate) rbac: bool,
}

/// Where `taut plan` puts the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlanOutput {
    /// For people
    Text,
    /// For programs
    Json,
    /// For `taut apply`
    File(PathBuf),
}

impl PlanOutput {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "" => Err("say text, json or a file's name".to_owned()),
            file => Ok(Self::File(file.into())),
        }
    }
}

/// What becomes of a stored plan's steps that are not as they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhenStale {
    /// Nothing is written
    #[default]
    Refuse,
    /// Only what is as it was is written
    Skip,
    /// What is due now for the same objects is written
    Rebase,
}

#[derive(Args)]
pub(crate) struct ApplyOptions {
    #[command(flatten)]
    pub(crate) compare: CompareOptions,
    /// Delete the app's objects that are no longer in Git
    #[arg(long)]
    pub(crate) prune: bool,
    /// Print the plan and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    /// Put on record in this folder what is done, so that an apply that is interrupted goes on where it was and runs no
    /// hook twice
    #[arg(long, value_name = "FOLDER")]
    pub(crate) journal: Option<PathBuf>,
    /// For a stored plan: take it only if one of the public SSH keys in this file has signed it
    #[arg(long, value_name = "KEYS")]
    pub(crate) verify: Option<PathBuf>,
    /// For a stored plan: what becomes of steps that are not as they were
    #[arg(long, default_value = "refuse")]
    pub(crate) when_stale: WhenStale,
}

#[derive(Args)]
pub(crate) struct TreeOptions {
    /// An app's name as tracking ids hold it, or KIND/NAME of one object
    pub(crate) what: String,
    /// The namespace of KIND/NAME
    #[arg(long, short = 'n', default_value = "default")]
    pub(crate) namespace: String,
    /// Also whose each field of the objects is: the app's, or another manager's
    #[arg(long)]
    pub(crate) fields: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
}

#[derive(Args)]
pub(crate) struct WhyOptions {
    /// An app's name as tracking ids hold it, or KIND/NAME of one object
    pub(crate) what: String,
    /// The namespace of KIND/NAME
    #[arg(long, short = 'n', default_value = "default")]
    pub(crate) namespace: String,
    /// How to print
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) output: HealthOutput,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
}

#[derive(Args)]
pub(crate) struct HealthOptions {
    /// A file of objects in YAML or JSON; - is standard input
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
    /// Health scripts in Lua as Argo CD keeps them: an argocd-cm ConfigMap, a map of GROUP/KIND to health.lua,
    /// or a folder of GROUP/KIND/health.lua
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) customizations: Option<PathBuf>,
    /// Say it in kstatus' words and by its rules, as Flux and Helm see the objects
    #[arg(long, conflicts_with = "customizations")]
    pub(crate) kstatus: bool,
    /// How to print
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) output: HealthOutput,
}

/// What `taut actions` does.
#[derive(clap::Subcommand)]
pub(crate) enum ActionsCommand {
    /// List the actions that objects offer
    List(ActionsListOptions),
    /// Print the objects that an action would change or make
    Run(ActionsRunOptions),
}

#[derive(Args)]
pub(crate) struct ActionsListOptions {
    /// A file of objects in YAML or JSON; - is standard input
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
    /// Actions in Lua as Argo CD keeps them: an argocd-cm ConfigMap, or a folder of GROUP/KIND/actions
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) customizations: PathBuf,
    /// How to print
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) output: HealthOutput,
}

#[derive(Args)]
pub(crate) struct ActionsRunOptions {
    /// The action's name
    pub(crate) action: String,
    /// A file of objects in YAML or JSON; - is standard input
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
    /// Actions in Lua as Argo CD keeps them: an argocd-cm ConfigMap, or a folder of GROUP/KIND/actions
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) customizations: PathBuf,
    /// A parameter of the action, as its script reads it in actionParams
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, String)>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    split.ok_or_else(|| "a parameter is NAME=VALUE".to_owned())
}

/// How `taut health` and `taut why` print.
#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum HealthOutput {
    /// A line for each object
    #[default]
    Text,
    /// An array of objects with status, reason, message and rule
    Json,
}

#[derive(Args)]
pub(crate) struct ServeOptions {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// Where to write the kubeconfig, with the token
    #[arg(long, value_name = "FILE")]
    pub(crate) write_kubeconfig: PathBuf,
    /// Play the built-in controllers and the kubelet, so that Deployments get pods
    #[arg(long)]
    pub(crate) workloads: bool,
    /// Start with the state that `taut snapshot` wrote into this folder
    #[arg(long, value_name = "SNAPSHOT")]
    pub(crate) snapshot: Option<PathBuf>,
    /// Evaluate RBAC, for users other than the kubeconfig's
    #[arg(long)]
    pub(crate) rbac: bool,
    /// Enforce ResourceQuotas and LimitRanges
    #[arg(long)]
    pub(crate) quotas: bool,
}

#[derive(Args)]
pub(crate) struct SnapshotOptions {
    /// The folder; it is made, and must be empty if it is there. Secrets are in it as they are
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
}

/// What follows `taut helm`, as Helm takes it.
#[derive(Args)]
pub(crate) struct HelmArguments {
    /// A command of Helm with its arguments and flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// What follows `taut kustomize`, as Kustomize takes it.
#[derive(Args)]
pub(crate) struct KustomizeArguments {
    /// A command with its arguments and flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}
