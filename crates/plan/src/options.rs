//! Sync options: the app's, and what single objects say against them.

use tautline_core::Object;

/// The annotation with an object's own sync options.
pub const SYNC_OPTIONS_ANNOTATION: &str = "argocd.argoproj.io/sync-options";

/// Whether something is deleted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// It is.
    #[default]
    Given,
    /// Once a person has confirmed it.
    AfterConfirmation,
    /// Never.
    Refused,
}

/// How an object is synced: `syncPolicy.syncOptions` of the app, and the object's annotation on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncOptions {
    /// `Prune=false|confirm`: whether it is deleted when it leaves Git.
    pub prune: Consent,
    /// `Delete=false|confirm`: whether it is deleted with the app.
    pub delete: Consent,
    /// `PruneLast=true`: it is pruned only when everything else is well.
    pub prune_last: bool,
    /// `Replace=true`: it is replaced as a whole, and with `force` deleted and created anew.
    pub replace: bool,
    /// `Force=true`: it may be deleted and created anew where a change is impossible otherwise.
    pub force: bool,
    /// `ServerSideApply=false` turns to a client-side apply as kubectl makes it.
    pub server_side: bool,
    /// `Validate=false`: fields that the server does not know are dropped, not refused.
    pub validate: bool,
}

impl Default for SyncOptions {
    /// Pruned and deleted, applied on the server's side, validated.
    fn default() -> Self {
        Self {
            prune: Consent::Given,
            delete: Consent::Given,
            prune_last: false,
            replace: false,
            force: false,
            server_side: true,
            validate: true,
        }
    }
}

impl SyncOptions {
    /// Takes one option in Argo CD 3.6's spelling, compared exactly. Answers whether it is known here.
    pub fn set(&mut self, option: &str) -> bool {
        match option {
            "Prune=true" => self.prune = Consent::Given,
            "Prune=false" => self.prune = Consent::Refused,
            "Prune=confirm" => self.prune = Consent::AfterConfirmation,
            "Delete=true" => self.delete = Consent::Given,
            "Delete=false" => self.delete = Consent::Refused,
            "Delete=confirm" => self.delete = Consent::AfterConfirmation,
            "PruneLast=true" => self.prune_last = true,
            "PruneLast=false" => self.prune_last = false,
            "Replace=true" => self.replace = true,
            "Replace=false" => self.replace = false,
            "Force=true" => self.force = true,
            "Force=false" => self.force = false,
            "ServerSideApply=true" => self.server_side = true,
            "ServerSideApply=false" => self.server_side = false,
            "Validate=true" => self.validate = true,
            "Validate=false" => self.validate = false,
            // What differs is sent and nothing else, and a missing kind holds up nothing but itself.
            "SkipDryRunOnMissingResource=true" | "SkipDryRunOnMissingResource=false" => {}
            _ => return false,
        }
        true
    }

    /// The options of one object, as desired and as it lives: what it says itself wins. What the desired object
    /// says counts before what the live one says; `Replace` and `Force` count from either.
    #[must_use]
    pub fn of(mut self, desired: Option<&Object>, live: Option<&Object>) -> Self {
        for object in live.into_iter().chain(desired) {
            for option in options(object) {
                self.set(option);
            }
            if object.annotation("helm.sh/resource-policy") == Some("keep") {
                (self.prune, self.delete) = (Consent::Refused, Consent::Refused);
            }
        }
        let says = |option: &str| {
            [desired, live].into_iter().flatten().any(|object| options(object).any(|o| o == option))
        };
        self.replace |= says("Replace=true");
        self.force |= says("Force=true");
        self
    }
}

fn options(object: &Object) -> impl Iterator<Item = &str> {
    object.annotation(SYNC_OPTIONS_ANNOTATION).unwrap_or_default().split(',').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn object(options: &str) -> Object {
        Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "a", "annotations": { SYNC_OPTIONS_ANNOTATION: options } } }))
        .unwrap()
    }

    #[test]
    fn an_object_overrides_its_app() {
        let mut app = SyncOptions::default();
        assert!(app.set("Prune=false") && app.set("ServerSideApply=true"));
        assert!(!app.set("prune=false"), "options are compared exactly");
        let of = |desired: &str, live: &str| app.of(Some(&object(desired)), Some(&object(live)));
        assert_eq!(of("Prune=confirm", "").prune, Consent::AfterConfirmation);
        assert_eq!(of("Prune=true", "Prune=false").prune, Consent::Given);
        assert!(!of("ServerSideApply=false", "").server_side);
        assert!(of("", "Replace=true, Force=true").replace);
    }
}
