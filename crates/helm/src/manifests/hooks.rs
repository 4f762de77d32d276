//! Hooks: documents that run around an install instead of being part of it.

use super::head::Head;

/// A hook's meaning, as data. Helm runs hooks of an event by weight; `helm template` prints them by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// When it runs.
    pub events: Vec<HookEvent>,
    /// Its place among the hooks of an event, lowest first.
    pub weight: i64,
    /// When it is deleted, in lower case: `before-hook-creation`, `hook-succeeded`, `hook-failed`.
    pub delete_policies: Vec<String>,
    /// When its logs are shown, in lower case (Helm 4).
    pub output_log_policies: Vec<String>,
}

impl Hook {
    /// Whether it is run by `helm test`.
    pub fn is_test(&self) -> bool {
        self.events.contains(&HookEvent::Test)
    }
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HookEvent {
    /// After templates are rendered, before anything is created.
    PreInstall,
    /// After everything is created.
    PostInstall,
    /// Before anything is deleted.
    PreDelete,
    /// After everything is deleted.
    PostDelete,
    /// Before anything is updated.
    PreUpgrade,
    /// After everything is updated.
    PostUpgrade,
    /// Before anything is rolled back.
    PreRollback,
    /// After everything is rolled back.
    PostRollback,
    /// With `helm test`.
    Test,
}

impl HookEvent {
    /// The word in the annotation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreDelete => "pre-delete",
            Self::PostDelete => "post-delete",
            Self::PreUpgrade => "pre-upgrade",
            Self::PostUpgrade => "post-upgrade",
            Self::PreRollback => "pre-rollback",
            Self::PostRollback => "post-rollback",
            Self::Test => "test",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        use HookEvent::{
            PostDelete, PostInstall, PostRollback, PostUpgrade, PreDelete, PreInstall, PreRollback,
            PreUpgrade, Test,
        };
        if text == "test-success" {
            return Some(Test);
        }
        [
            PreInstall,
            PostInstall,
            PreDelete,
            PostDelete,
            PreUpgrade,
            PostUpgrade,
            PreRollback,
            PostRollback,
            Test,
        ]
        .into_iter()
        .find(|event| event.as_str() == text)
    }
}

/// What a document's annotations make of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A part of the release.
    Manifest,
    /// A hook.
    Hook(Hook),
    /// A hook that Helm does not know and drops; the annotation.
    Unknown(String),
}

/// Reads the annotations.
pub(crate) fn role(head: &Head) -> Role {
    let Some(events) = head.annotation("helm.sh/hook") else { return Role::Manifest };
    let list = |name: &str| {
        let words = head.annotation(name).into_iter().flat_map(|text| text.split(','));
        words.map(|word| word.trim().to_lowercase()).collect::<Vec<_>>()
    };
    let parsed = events.split(',').map(|event| HookEvent::parse(&event.trim().to_lowercase()));
    let Some(parsed) = parsed.collect::<Option<Vec<_>>>() else { return Role::Unknown(events.to_owned()) };
    Role::Hook(Hook {
        events: parsed,
        weight: head.annotation("helm.sh/hook-weight").and_then(|w| w.parse().ok()).unwrap_or(0),
        delete_policies: list("helm.sh/hook-delete-policy"),
        output_log_policies: list("helm.sh/hook-output-log-policy"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations() {
        let head = |pairs: &[(&str, &str)]| Head {
            annotations: pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Head::default()
        };
        assert_eq!(role(&head(&[("a", "b")])), Role::Manifest);
        assert_eq!(role(&head(&[("helm.sh/hook", "crd-install")])), Role::Unknown("crd-install".into()));
        let hook = role(&head(&[
            ("helm.sh/hook", "Pre-Install, test-success"),
            ("helm.sh/hook-weight", "-5"),
            ("helm.sh/hook-delete-policy", "hook-succeeded,Before-Hook-Creation"),
        ]));
        let Role::Hook(hook) = hook else { panic!("no hook") };
        assert_eq!(hook.events, [HookEvent::PreInstall, HookEvent::Test]);
        assert_eq!(hook.weight, -5);
        assert_eq!(hook.delete_policies, ["hook-succeeded", "before-hook-creation"]);
    }
}
