//! Structured merge: server-side apply, and what other writes do to ownership.

mod apply;
mod compare;
mod errors;
mod join;
mod last_applied;
mod managed;
mod reconcile;
mod remove;
mod resets;
mod scale;
mod shape;
mod typed;
mod updater;
mod versions;

use tautline_core::{Key, Map};

pub use apply::{Applied, Apply, TakenField, Update, apply, keep_times, update};
pub use errors::{ApplyError, Conflict, Unknown};
pub use managed::{ManagedFields, Manager, Operation, Owned};
pub use scale::{ReplicasPaths, owners_after_scale, scale_owners};

/// The keys of two maps, each once, in order.
fn merged_keys<'a>(a: &'a Map, b: &'a Map) -> impl Iterator<Item = &'a Key> {
    let (mut a, mut b) = (a.keys().peekable(), b.keys().peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(x), Some(y)) => match x.cmp(y) {
            std::cmp::Ordering::Less => a.next(),
            std::cmp::Ordering::Equal => {
                b.next();
                a.next()
            }
            std::cmp::Ordering::Greater => b.next(),
        },
        (Some(_), None) => a.next(),
        (None, _) => b.next(),
    })
}
