//! `syncPolicy.syncOptions`, compared as exact strings (Argo CD 3.6).

use tautline_core::{Map, Problem, Value};
use tautline_ownership::Propagation;

/// The sync options of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyncOptions {
    pub(crate) create_namespace: bool,
    pub(crate) prune: bool,
    pub(crate) propagation: Propagation,
    /// Whether other tools' fields are taken over.
    pub(crate) migrate: bool,
}

impl SyncOptions {
    /// Reads the options. One that would change what is written or deleted and is not supported is refused.
    pub(crate) fn read(spec: &Map, refused: &mut Vec<Problem>) -> Self {
        let mut options = Self {
            create_namespace: false,
            prune: true,
            propagation: Propagation::Foreground,
            migrate: true,
        };
        let policy = spec.get("syncPolicy").and_then(Value::as_map).cloned().unwrap_or_default();
        for key in policy.keys().filter(|k| !["automated", "syncOptions", "retry"].contains(&k.as_str())) {
            let message =
                format!("spec.syncPolicy.{key}: this version does not support it, and does not ignore it");
            refused.push(Problem::error("invalid-spec", message));
        }
        for option in policy.get("syncOptions").and_then(Value::as_list).into_iter().flatten() {
            match option.as_str().unwrap_or_default().trim() {
                "CreateNamespace=true" => options.create_namespace = true,
                "Prune=false" => options.prune = false,
                "PrunePropagationPolicy=foreground" => options.propagation = Propagation::Foreground,
                "PrunePropagationPolicy=background" => options.propagation = Propagation::Background,
                "PrunePropagationPolicy=orphan" => options.propagation = Propagation::Orphan,
                "ClientSideApplyMigration=false" => options.migrate = false,
                // What Tautline does anyway: server-side apply, of what differs, prunes last, all of it validated.
                "ServerSideApply=true"
                | "ApplyOutOfSyncOnly=true"
                | "PruneLast=true"
                | "Validate=true"
                | "CreateNamespace=false"
                | "SkipDryRunOnMissingResource=true"
                | "ClientSideApplyMigration=true"
                | "Replace=false"
                | "Force=false"
                | "FailOnSharedResource=false"
                | "RespectIgnoreDifferences=false" => {}
                other => {
                    let message = format!(
                        "spec.syncPolicy.syncOptions: {other:?} is not supported by this version, and not ignored; remove it"
                    );
                    refused.push(Problem::error("invalid-spec", message));
                }
            }
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn r01_unknown_options_are_refused() {
        let mut refused = Vec::new();
        let spec = value!({ "syncPolicy": { "syncOptions": ["CreateNamespace=true", "Replace=true", "createnamespace=true"] } });
        let options = SyncOptions::read(spec.as_map().unwrap(), &mut refused);
        assert!(options.create_namespace);
        assert_eq!(refused.len(), 2);
    }
}
