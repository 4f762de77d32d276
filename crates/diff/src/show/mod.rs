//! How a difference is shown: as data, as text, and in two columns.
//!
//! All three show a [`View`]: both sides without status and the server's own fields, without what is ignored, and
//! with every secret value replaced by a number. Equal values have equal numbers, and nothing else of them is there.

mod columns;
mod json;
mod lines;
mod secrets;
mod text;

use tautline_core::{Object, Value};

pub use columns::{Line, Row, RowKind, Section};
pub use json::FORMAT_VERSION;
pub use text::TextStyle;

use crate::edit::with_changes;
use crate::walk::without_server_fields;
use crate::{Change, Difference, Outcome, Sides};

/// A difference as it may be shown.
#[derive(Clone, Debug)]
pub struct View {
    before: Option<Value>,
    after: Option<Value>,
    outcome: Outcome,
    changes: Vec<Change>,
    difference: Difference,
}

impl View {
    /// The view of a comparison of these sides.
    pub fn new(sides: &Sides<'_>, difference: &Difference) -> Self {
        Self::of(Some(&sides.desired.object), sides.live.as_ref().present().map(|live| &**live), difference)
    }

    /// The view where one side may be missing: Git does not hold a live object that goes.
    pub fn of(desired: Option<&Object>, live: Option<&Object>, difference: &Difference) -> Self {
        let before = live.map(without_server_fields);
        let after = match (&difference.outcome, live) {
            (Outcome::Delete, _) | (_, None) if difference.outcome != Outcome::Create => None,
            (_, Some(live)) => Some(without_server_fields(&after(live, difference))),
            (_, None) => {
                let predicted = difference.predicted.as_deref().or(desired);
                predicted.map(without_server_fields)
            }
        };
        let mut view = Self {
            before: before.map(Value::Map),
            after: after.map(Value::Map),
            outcome: difference.outcome.clone(),
            changes: difference.changes.clone(),
            difference: Difference { changes: Vec::new(), predicted: None, ..difference.clone() },
        };
        let is_secret = [desired, live].into_iter().flatten().any(|object| object.is("", "Secret"));
        if is_secret {
            secrets::hide(&mut view.before, &mut view.after, &mut view.changes);
        }
        view
    }

    /// The live side; `None` if there is none.
    pub fn before(&self) -> Option<&Value> {
        self.before.as_ref()
    }

    /// The side after a write; `None` if there would be none.
    pub fn after(&self) -> Option<&Value> {
        self.after.as_ref()
    }

    /// The changes, secret values hidden.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    fn yaml(&self) -> (String, String) {
        let write = |side: &Option<Value>| side.as_ref().map(tautline_yaml::write).unwrap_or_default();
        (write(&self.before), write(&self.after))
    }
}

/// The live object with what a write would change, and nothing of what is ignored.
fn after(live: &Object, difference: &Difference) -> Object {
    match &difference.predicted {
        Some(predicted) if difference.changes.iter().all(Change::is_effective) => {
            if difference.changes.is_empty() { live.clone() } else { (**predicted).clone() }
        }
        _ => with_changes(live, difference.effective()),
    }
}

#[cfg(test)]
mod tests;
