//! The flags of `kustomize build`.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

/// Does as Kustomize 5.8.1 does
#[derive(Parser)]
#[command(name = "kustomize")]
pub(super) struct Kustomize {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Build a kustomization target from a directory
    Build(BuildFlags),
    /// Show which file and step gave an object's fields their values
    Explain(ExplainFlags),
}

#[derive(Args, Default)]
pub(super) struct BuildFlags {
    /// The folder of the kustomization file
    #[arg(default_value = ".")]
    pub(super) folder: String,
    /// If specified, write output to this path
    #[arg(long, short = 'o', value_name = "PATH")]
    pub(super) output: Option<PathBuf>,
    /// If set to 'LoadRestrictionsNone', local kustomizations may load files from outside their root
    #[arg(long, default_value = "LoadRestrictionsRootOnly")]
    pub(super) load_restrictor: String,
    /// Enable use of the Helm chart inflator generator
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(super) enable_helm: bool,
    /// Taken for compatibility: charts are inflated in the process
    #[arg(long, default_value = "helm")]
    pub(super) helm_command: String,
    /// Kubernetes api versions used by Helm for Capabilities.APIVersions
    #[arg(long)]
    pub(super) helm_api_versions: Vec<String>,
    /// Kubernetes version used by Helm for Capabilities.KubeVersion
    #[arg(long, default_value = "")]
    pub(super) helm_kube_version: String,
    /// Enable debug output from the Helm chart inflator generator
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(super) helm_debug: bool,
    /// Enable kustomize plugins
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(super) enable_alpha_plugins: bool,
    /// Taken for compatibility: no program is ever started
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(super) enable_exec: bool,
    /// Enable adding app.kubernetes.io/managed-by
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(super) enable_managedby_label: bool,
    /// Reorder the resources just before output: 'legacy' or 'none'
    #[arg(long)]
    pub(super) reorder: Option<String>,
    /// Taken for compatibility: no container is ever started
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(super) network: bool,
    /// Taken for compatibility: no container is ever started
    #[arg(long, default_value = "bridge")]
    pub(super) network_name: String,
    /// Taken for compatibility: no container is ever started
    #[arg(long)]
    pub(super) mount: Vec<String>,
    /// Taken for compatibility: no function is ever started
    #[arg(long, short = 'e')]
    pub(super) env: Vec<String>,
    /// Taken for compatibility: no container is ever started
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    pub(super) as_current_user: bool,
}

#[derive(Args)]
pub(super) struct ExplainFlags {
    /// The folder of the kustomization file
    pub(super) folder: String,
    /// The object as it comes out: KIND/NAME
    pub(super) object: String,
    /// A field, such as spec.replicas; without it all
    pub(super) field: Option<String>,
    /// If set to 'LoadRestrictionsNone', local kustomizations may load files from outside their root
    #[arg(long, default_value = "LoadRestrictionsRootOnly")]
    pub(super) load_restrictor: String,
}
