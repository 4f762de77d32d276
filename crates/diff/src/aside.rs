//! Comparing beside rules that say which differences are not to be seen.

use std::borrow::Cow;

use tautline_core::{FieldManager, Object};
use tautline_schema::Schemas;

use crate::ignore::{Ignored, Others};
use crate::normal::wanted;
use crate::{Change, Difference, IgnoreRules, Sides, Why};

/// Who writes: it decides what leaving a field out means.
#[derive(Clone, Copy)]
pub(crate) enum Writer<'a> {
    /// Server-side apply: a field that others own stays without us.
    Applier(&'a FieldManager),
    /// Client-side apply: a field that is left out is deleted if it was applied before.
    ClientSide,
}

impl Writer<'_> {
    fn others(self, live: &Object) -> Others {
        match self {
            Self::Applier(manager) => Others::of(live, manager.as_str()),
            Self::ClientSide => Others::default(),
        }
    }
}

/// Compares what would be sent, and marks what the rules ignore.
pub(crate) fn aside(
    ignore: Option<&IgnoreRules>,
    desired: &Object,
    live: &Object,
    schemas: &dyn Schemas,
    writer: Writer<'_>,
    compare: impl Fn(&Object) -> Difference,
) -> Difference {
    let Some(ignore) = ignore.filter(|ignore| !ignore.is_empty()) else { return compare(desired) };
    let ignored = ignore.paths(desired, live, schemas);
    let payload = ignore.payload(&ignored, desired, live, &writer.others(live));
    let mut difference = compare(payload.as_ref().unwrap_or(desired));
    mark(&mut difference, desired, live, ignored);
    difference
}

/// What is sent in the place of the desired object; `None` for itself.
pub(crate) fn payload(sides: &Sides<'_>, schemas: &dyn Schemas, writer: Writer<'_>) -> Option<Object> {
    let desired = wanted(&sides.desired.object);
    let replaced = sides.live.as_ref().present().zip(sides.ignore).and_then(|(live, ignore)| {
        ignore.payload(&ignore.paths(&desired, live, schemas), &desired, live, &writer.others(live))
    });
    replaced.or(match desired {
        Cow::Owned(object) if object != *sides.desired.object => Some(object),
        _ => None,
    })
}

/// Marks the changes that a rule ignores, and shows where Git and cluster differ unseen; without any other change
/// the object is in sync.
fn mark(difference: &mut Difference, desired: &Object, live: &Object, ignored: Ignored) {
    let (desired, live) = (desired.to_value(), live.to_value());
    for (path, rule) in ignored.into_values() {
        let mut is_shown = false;
        for change in difference.changes.iter_mut().filter(|change| path.covers(&change.path)) {
            change.why = Why::Ignored(rule.clone());
            is_shown = true;
        }
        let (from, to) = (path.get(&live).cloned(), path.get(&desired).cloned());
        if !is_shown && to.is_some() && from != to {
            difference.changes.push(Change { path, from, to, why: Why::Ignored(rule), owner: None });
        }
    }
    difference.settle();
}
