//! What an app says of one of its objects.

use tautline_core::{GroupVersionKind, ResourceKey};
use tautline_diff::Outcome;
use tautline_ownership::Owner;
use tautline_plan::wave;

use super::{IGNORE_HEALTH_ANNOTATION, Resource};
use crate::report::Row;

impl Resource {
    /// Its row in the report.
    pub(crate) fn row(&self) -> Row {
        let object = self.object();
        let message = match (&self.pair.owner, &self.difference.outcome, &self.refused) {
            (Owner::Other(owner), _, _) if self.pair.desired.is_some() => {
                format!("owned by app {owner}, not written")
            }
            (_, Outcome::Unknown(why), _) => why.clone(),
            (_, Outcome::Delete, _) => "Git no longer holds it; it requires pruning".to_owned(),
            (_, _, Some(refused)) if self.is_refused() => refused.message.clone(),
            _ => self.unsaid().map(|why| format!("the server refuses a dry run: {why}")).unwrap_or_default(),
        };
        Row {
            key: self.pair.key.clone(),
            gvk: object.map_or_else(|| fallback_gvk(&self.pair.key), |o| o.gvk()),
            sync: self.sync(),
            health: self.health.clone(),
            cause: None,
            message,
            requires_pruning: self.difference.outcome == Outcome::Delete,
            changes: self.difference.changes.clone(),
            origin: self.pair.desired.as_ref().map(|m| m.origin.clone()),
            wave: object.map_or(0, wave),
            ignores_health: self.ignores_health(),
            needs_confirmation: self.needs_confirmation,
        }
    }

    /// Whether it does not count for the app's health.
    pub(crate) fn ignores_health(&self) -> bool {
        self.object().is_some_and(|o| o.annotation(IGNORE_HEALTH_ANNOTATION) == Some("true"))
    }
}

fn fallback_gvk(key: &ResourceKey) -> GroupVersionKind {
    key.group_kind().in_version("")
}
