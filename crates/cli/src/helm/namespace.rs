//! The namespace of a release: a flag, the environment, or the kubeconfig's current context.

use std::path::PathBuf;

use tautline_core::Value;
use tautline_yaml::Options;

use super::flags::Flags;

/// As Helm finds it; `default` if nothing names one.
pub(super) fn of(flags: &Flags) -> String {
    let given = flags.text("namespace").map(str::to_owned);
    let environment = || std::env::var("HELM_NAMESPACE").ok();
    given
        .filter(|name| !name.is_empty())
        .or_else(|| environment().filter(|name| !name.is_empty()))
        .or_else(|| from_kubeconfig(flags))
        .unwrap_or_else(|| "default".to_owned())
}

fn from_kubeconfig(flags: &Flags) -> Option<String> {
    let files: Vec<PathBuf> =
        match flags.text("kubeconfig").map(str::to_owned).or_else(|| std::env::var("KUBECONFIG").ok()) {
            Some(paths) if !paths.is_empty() => paths.split(':').map(PathBuf::from).collect(),
            _ => vec![PathBuf::from(std::env::var_os("HOME")?).join(".kube/config")],
        };
    let configs: Vec<Value> = files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .filter_map(|text| tautline_yaml::read(&text, &Options::default()).ok())
        .collect();
    let wanted =
        flags.text("kube-context").map(str::to_owned).or_else(|| std::env::var("HELM_KUBECONTEXT").ok());
    let named =
        || configs.iter().find_map(|c| c.str_at(&["current-context"]).filter(|name| !name.is_empty()));
    let context = wanted.or_else(|| named().map(str::to_owned))?;
    let mut contexts = configs.iter().flat_map(|c| c.list_at(&["contexts"]));
    let found = contexts.find(|c| c.str_at(&["name"]) == Some(&context))?;
    found.str_at(&["context", "namespace"]).filter(|name| !name.is_empty()).map(str::to_owned)
}
