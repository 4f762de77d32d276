//! `syncPolicy.syncOptions`, compared as exact strings (Argo CD 3.6).

use tautline_core::{Map, Problem, Value};
use tautline_ownership::Propagation;
use tautline_plan::SyncOptions;

/// The sync options of an app.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AppOptions {
    pub(crate) create_namespace: bool,
    /// `managedNamespaceMetadata`: labels and annotations of the namespace that is created.
    pub(crate) namespace_metadata: Option<Map>,
    pub(crate) propagation: Propagation,
    /// Whether other tools' fields are taken over.
    pub(crate) migrate: bool,
    pub(crate) fail_on_shared: bool,
    /// Whether fields that differences are ignored in keep their live value when the rest is applied.
    pub(crate) respects_ignored: bool,
    /// How objects are synced that say nothing else.
    pub(crate) objects: SyncOptions,
}

impl AppOptions {
    /// Reads the options of a spec. One that would change what is written or deleted and is not known is refused.
    pub(crate) fn read(spec: &Map, refused: &mut Vec<Problem>) -> Self {
        let mut options = Self {
            create_namespace: false,
            namespace_metadata: None,
            propagation: Propagation::Foreground,
            migrate: true,
            fail_on_shared: false,
            respects_ignored: true,
            objects: SyncOptions::default(),
        };
        let policy = spec.get("syncPolicy").and_then(Value::as_map).cloned().unwrap_or_default();
        let known = ["automated", "syncOptions", "retry", "managedNamespaceMetadata"];
        for key in policy.keys().filter(|k| !known.contains(&k.as_str())) {
            let message =
                format!("spec.syncPolicy.{key}: this version does not support it, and does not ignore it");
            refused.push(Problem::error("invalid-spec", message));
        }
        options.namespace_metadata =
            policy.get("managedNamespaceMetadata").and_then(Value::as_map).map(namespace_metadata);
        for option in policy.get("syncOptions").and_then(Value::as_list).into_iter().flatten() {
            let option = option.as_str().unwrap_or_default().trim();
            if !options.set(option) {
                let message = format!(
                    "spec.syncPolicy.syncOptions: {option:?} is not supported by this version, and not ignored; \
                     remove it"
                );
                refused.push(Problem::error("invalid-spec", message));
            }
        }
        options
    }

    /// The options with these names; unknown ones are left out.
    pub(crate) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut options = Self::read(&Map::new(), &mut Vec::new());
        for name in names {
            options.set(name.trim());
        }
        options
    }

    /// Takes one option; answers whether it is known.
    pub(crate) fn set(&mut self, option: &str) -> bool {
        match option {
            "CreateNamespace=true" => self.create_namespace = true,
            "CreateNamespace=false" => self.create_namespace = false,
            "PrunePropagationPolicy=foreground" => self.propagation = Propagation::Foreground,
            "PrunePropagationPolicy=background" => self.propagation = Propagation::Background,
            "PrunePropagationPolicy=orphan" => self.propagation = Propagation::Orphan,
            "ClientSideApplyMigration=true" => self.migrate = true,
            "ClientSideApplyMigration=false" => self.migrate = false,
            "FailOnSharedResource=true" => self.fail_on_shared = true,
            "FailOnSharedResource=false" => self.fail_on_shared = false,
            "RespectIgnoreDifferences=true" => self.respects_ignored = true,
            "RespectIgnoreDifferences=false" => self.respects_ignored = false,
            // What is equal is never sent.
            "ApplyOutOfSyncOnly=true" | "ApplyOutOfSyncOnly=false" => {}
            other => return self.objects.set(other),
        }
        true
    }
}

/// Its labels and annotations, and nothing else.
fn namespace_metadata(metadata: &Map) -> Map {
    let section = |name: &str| Some((name.to_owned(), metadata.get(name)?.clone()));
    ["labels", "annotations"].into_iter().filter_map(section).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;
    use tautline_plan::Consent;

    #[test]
    fn r01_unknown_options_are_refused() {
        let mut refused = Vec::new();
        let spec = value!({ "syncPolicy": { "syncOptions": ["CreateNamespace=true", "Prune=confirm",
            "Replace=yes", "createnamespace=true"] } });
        let options = AppOptions::read(spec.as_map().unwrap(), &mut refused);
        assert!(options.create_namespace);
        assert_eq!(options.objects.prune, Consent::AfterConfirmation);
        assert_eq!(refused.len(), 2);
    }
}
