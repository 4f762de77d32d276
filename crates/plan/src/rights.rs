//! The rights that a plan needs.

use std::collections::{BTreeMap, BTreeSet};

use tautline_core::GroupKind;

use crate::Plan;
use crate::step::Action;

/// What has to be allowed on a kind in a namespace; cluster-scoped objects stand in the namespace "".
pub type Rights = BTreeMap<(String, GroupKind), BTreeSet<&'static str>>;

impl Plan {
    /// The least that whoever follows this plan must be allowed: reading and watching what it touches, and the verbs
    /// of its steps. A server-side apply needs `patch`, and `create` where the object is not there yet.
    pub fn rights(&self) -> Rights {
        let mut rights = Rights::new();
        for step in &self.steps {
            let verbs: &[&str] = match step.action {
                Action::CreateNamespace => &["create", "patch"],
                Action::Create => &["create", "patch"],
                Action::Apply { .. } => &["patch"],
                Action::ClientApply => &["create", "patch"],
                Action::Replace => &["update"],
                Action::Await => &[],
                Action::Delete { .. } => &["delete"],
            };
            let place = (step.key.namespace.clone(), step.key.group_kind());
            let entry = rights.entry(place).or_insert_with(|| BTreeSet::from(["get", "list", "watch"]));
            entry.extend(verbs);
        }
        rights
    }
}
