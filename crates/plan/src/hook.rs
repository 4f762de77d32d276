//! Hooks: objects that are run at a moment of a sync instead of being kept.

use tautline_core::{Manifest, Object, Timestamp};

use crate::step::Phase;

/// The annotation of Argo CD's hooks.
pub const HOOK_ANNOTATION: &str = "argocd.argoproj.io/hook";
/// The annotation that says when a hook's object is removed.
pub const HOOK_DELETE_POLICY_ANNOTATION: &str = "argocd.argoproj.io/hook-delete-policy";
/// The annotation of Helm's hooks; Argo CD's own beats it.
pub const HELM_HOOK_ANNOTATION: &str = "helm.sh/hook";
/// The annotation of Helm's hooks that says when their objects are removed.
pub const HELM_HOOK_DELETE_POLICY_ANNOTATION: &str = "helm.sh/hook-delete-policy";
/// Our annotation on a hook: `true` runs it when drift is healed too.
pub const RUN_ON_HEAL_ANNOTATION: &str = "tautline.dev/run-on-heal";

/// Our annotation on a hook: how long it may take, as a Go duration (`5m`). By default as long as it wants.
pub const HOOK_TIMEOUT_ANNOTATION: &str = "tautline.dev/hook-timeout";

/// When an object is run, and when what it left is removed (Argo CD 3.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hook {
    /// The phases that it runs in, each once, in order. Empty for one that is never run.
    pub phases: Vec<Phase>,
    /// Whether what an earlier run left is removed first.
    pub before_creation: bool,
    /// Whether it is removed once it has succeeded.
    pub on_success: bool,
    /// Whether it is removed once it has failed.
    pub on_failure: bool,
    /// Whether it runs when drift is healed too.
    pub on_heal: bool,
    /// How many seconds it may take, if that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
}

impl Hook {
    /// The hook that an object is; `None` for an ordinary object.
    ///
    /// Argo CD's annotation beats Helm's. Helm's `crd-install` marks an ordinary object; objects with only
    /// unknown types (`test`, `pre-rollback`) are hooks that never run. `Skip` alone never runs either.
    pub fn of(object: &Object) -> Option<Self> {
        let phases = match (object.annotation(HOOK_ANNOTATION), object.annotation(HELM_HOOK_ANNOTATION)) {
            (Some(types), _) => words(types).filter_map(Phase::named).collect::<Vec<_>>(),
            (None, Some(types)) if words(types).all(|word| word == "crd-install") => return None,
            (None, Some(types)) => words(types).filter_map(helm_phase).collect(),
            (None, None) => return None,
        };
        let mut hook = Self { phases, ..Self::default() };
        hook.phases.sort_unstable();
        hook.phases.dedup();
        hook.read_policies(object);
        let timeout = object.annotation(HOOK_TIMEOUT_ANNOTATION).unwrap_or_default();
        hook.timeout =
            timeout.parse::<tautline_grammar::Duration>().ok().and_then(|t| Some(t.to_std()?.as_secs()));
        hook.on_heal = object.annotation(RUN_ON_HEAL_ANNOTATION) == Some("true");
        Some(hook)
    }

    fn read_policies(&mut self, object: &Object) {
        let argo = object.annotation(HOOK_DELETE_POLICY_ANNOTATION).unwrap_or_default();
        let helm = object.annotation(HELM_HOOK_DELETE_POLICY_ANNOTATION).unwrap_or_default();
        for word in words(argo).chain(words(helm)) {
            match word {
                "BeforeHookCreation" | "before-hook-creation" => self.before_creation = true,
                "HookSucceeded" | "hook-succeeded" => self.on_success = true,
                "HookFailed" | "hook-failed" => self.on_failure = true,
                _ => {}
            }
        }
        // What Argo CD does where none is given, or none that is known.
        self.before_creation |= !self.on_success && !self.on_failure;
    }
}

/// When a live object was created, to the second.
pub fn created_at(live: &Object) -> Option<Timestamp> {
    tautline_grammar::time::parse(live.metadata_str("creationTimestamp")).ok()
}

/// Sets the hooks of a render apart from its ordinary objects.
pub fn set_apart(manifests: &[Manifest]) -> (Vec<Manifest>, Vec<(Hook, Manifest)>) {
    let mut ordinary = Vec::with_capacity(manifests.len());
    let mut hooks = Vec::new();
    for manifest in manifests {
        match Hook::of(&manifest.object) {
            Some(hook) => hooks.push((hook, manifest.clone())),
            None => ordinary.push(manifest.clone()),
        }
    }
    (ordinary, hooks)
}

/// The hook's object as it is run in a phase: one without a name gets its `generateName` with the start of the
/// revision, the phase and the second in which the sync began, so that the same run has the same name.
pub fn named(hook: &Manifest, revision: &str, phase: Phase, started_at: Timestamp) -> Manifest {
    let prefix = hook.object.metadata_str("generateName").to_owned();
    if !hook.object.name().is_empty() || prefix.is_empty() {
        return hook.clone();
    }
    let short = if revision.len() >= 8 { revision.get(..7).unwrap_or(revision) } else { revision };
    let suffix = format!("{short}-{phase:?}-{}", started_at.seconds()).to_lowercase();
    let mut object = (*hook.object).clone();
    object.metadata_mut().remove("generateName");
    object.metadata_mut().insert("name", format!("{prefix}{suffix}"));
    Manifest::new(object, hook.origin.clone())
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn helm_phase(word: &str) -> Option<Phase> {
    Some(match word {
        "pre-install" | "pre-upgrade" => Phase::PreSync,
        "post-install" | "post-upgrade" => Phase::PostSync,
        "pre-delete" => Phase::PreDelete,
        "post-delete" => Phase::PostDelete,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::{Origin, Value, value};

    fn object(annotations: Value) -> Object {
        Object::new(value!({ "apiVersion": "batch/v1", "kind": "Job",
            "metadata": { "generateName": "migrate-", "annotations": annotations } }))
        .unwrap()
    }

    fn phases(annotations: Value) -> Option<Vec<Phase>> {
        Hook::of(&object(annotations)).map(|hook| hook.phases)
    }

    #[test]
    fn annotations_of_both_tools() {
        let check = |annotations: Value, expect: Option<&[Phase]>| {
            assert_eq!(phases(annotations.clone()), expect.map(<[_]>::to_vec), "{}", annotations.to_json());
        };
        check(value!({}), None);
        check(
            value!({ "argocd.argoproj.io/hook": "PostSync, PreSync" }),
            Some(&[Phase::PreSync, Phase::PostSync]),
        );
        check(value!({ "argocd.argoproj.io/hook": "Skip" }), Some(&[]));
        check(value!({ "helm.sh/hook": "pre-install,pre-upgrade" }), Some(&[Phase::PreSync]));
        check(value!({ "helm.sh/hook": "post-delete" }), Some(&[Phase::PostDelete]));
        check(value!({ "helm.sh/hook": "test" }), Some(&[]));
        check(value!({ "helm.sh/hook": "crd-install" }), None);
        check(
            value!({ "helm.sh/hook": "pre-install", "argocd.argoproj.io/hook": "Sync" }),
            Some(&[Phase::Sync]),
        );
    }

    #[test]
    fn before_creation_is_the_default_policy() {
        let policies = |text: &str| {
            let hook = Hook::of(&object(value!({ "helm.sh/hook": "pre-install",
                "argocd.argoproj.io/hook-delete-policy": text })))
            .unwrap();
            (hook.before_creation, hook.on_success, hook.on_failure)
        };
        assert_eq!(policies(""), (true, false, false));
        assert_eq!(policies("HookSucceeded,HookFailed"), (false, true, true));
        assert_eq!(policies("hook-succeeded, before-hook-creation"), (true, true, false));
        assert_eq!(policies("Never"), (true, false, false));
    }

    #[test]
    fn a_generated_name_is_the_same_for_the_same_run() {
        let manifest = Manifest::new(object(value!({})), Origin::file("a.yaml", 1));
        let at = Timestamp::from_seconds(1_700_000_000);
        let name = |revision: &str| named(&manifest, revision, Phase::PreSync, at).object.name().to_owned();
        assert_eq!(name("0123456789abcdef"), "migrate-0123456-presync-1700000000");
        assert_eq!(name("v1.0"), "migrate-v1.0-presync-1700000000");
    }
}
