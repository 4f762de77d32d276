//! What a diff answers.

use std::fmt;
use std::sync::Arc;

use tautline_core::{FieldManager, FieldPath, Need, Object, Value};

/// What would happen to an object if Git's wish were applied now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// The verdict.
    pub outcome: Outcome,
    /// What would change, field by field.
    pub changes: Vec<Change>,
    /// Fields that the apply takes from other managers.
    pub taken: Vec<Taken>,
    /// The object as it would be after the apply.
    pub predicted: Option<Arc<Object>>,
    /// Whether the apply would change ownership only, no value: never a reason to write by itself (rule R7).
    pub ownership_only: bool,
    /// What would settle an [`Outcome::Unknown`].
    pub needs: Vec<Need>,
}

/// The verdict of a diff.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing would change.
    #[default]
    Unchanged,
    /// The object is not there and would be created.
    Create,
    /// Some fields would change.
    Change,
    /// Git does not hold the object.
    Delete,
    /// Nobody can say, for this reason.
    Unknown(String),
}

/// One field that would change.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// Where.
    pub path: FieldPath,
    /// What it is now; absent if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// What it would be; absent if it would go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
    /// Why.
    pub why: Why,
    /// Who owns the present value, if somebody else than the writer does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Box<FieldOwner>>,
}

/// Somebody who owns a field of the live object, as its `managedFields` say.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldOwner {
    /// Who.
    pub manager: FieldManager,
    /// `Apply` or `Update`.
    pub operation: String,
    /// When it last changed a value, RFC 3339; absent if it only claimed fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// Why a field would change, or differs and would not.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Git sets it: file and line of the manifest, one text for all changes of an object.
    SetInGit(#[serde(with = "shared_text")] Arc<str>),
    /// Git set it before and no longer does; nobody else owns it.
    LeftGit,
    /// The schema gives it this value where nobody does.
    Defaulted,
    /// The server answers with this value whatever we send (rule R5).
    SetByAdmission,
    /// A rule says to ignore it.
    Ignored(String),
}

/// Shared text as text.
mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        Ok(String::deserialize(deserializer)?.into())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetInGit(origin) => write!(f, "set in Git, {origin}"),
            Self::LeftGit => f.write_str("no longer in Git, and nobody else owns it"),
            Self::Defaulted => f.write_str("defaulted by the schema"),
            Self::SetByAdmission => f.write_str("set by admission"),
            Self::Ignored(rule) => write!(f, "ignored by {rule}"),
        }
    }
}

/// A field that an apply takes from another manager.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Taken {
    /// Where, as the server prints it in conflicts.
    pub path: String,
    /// Who owned it.
    pub from: FieldManager,
    /// `Apply` or `Update`.
    pub operation: String,
}

impl Difference {
    /// A verdict without details.
    pub fn of(outcome: Outcome) -> Self {
        Self { outcome, ..Self::default() }
    }

    /// A comparison that found these changes.
    pub(crate) fn found(changes: Vec<Change>, predicted: Option<Arc<Object>>) -> Self {
        let outcome = if changes.is_empty() { Outcome::Unchanged } else { Outcome::Change };
        Self { outcome, changes, predicted, ..Self::default() }
    }

    /// The changes that a write would make: neither ignored nor undone by admission.
    pub fn effective(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.is_effective())
    }

    /// Without any effective change, the object is in sync.
    pub(crate) fn settle(&mut self) {
        if self.outcome == Outcome::Change && self.effective().next().is_none() {
            self.outcome = Outcome::Unchanged;
        }
    }

    /// Whether Git and cluster agree in the fields that Git sets.
    pub fn is_in_sync(&self) -> bool {
        self.outcome == Outcome::Unchanged
    }
}

impl Change {
    /// Whether a write would make it: it is neither ignored nor undone by admission.
    pub fn is_effective(&self) -> bool {
        !matches!(self.why, Why::Ignored(_) | Why::SetByAdmission)
    }
}

impl fmt::Display for Change {
    /// `spec.replicas: 5 → 3 (set in Git, apps/web.yaml:1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            None => "(absent)".to_owned(),
            Some(value) => value.to_json(),
        };
        write!(f, "{}: {} → {} ({}", self.path, shown(&self.from), shown(&self.to), self.why)?;
        match &self.owner {
            Some(owner) => write!(f, "; {owner})"),
            None => f.write_str(")"),
        }
    }
}

impl fmt::Display for FieldOwner {
    /// `owned by kubectl-edit since 2030-01-01T00:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "owned by {}", self.manager)?;
        self.since.as_ref().map_or(Ok(()), |since| write!(f, " since {since}"))
    }
}
