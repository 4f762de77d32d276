//! What a render notes while templates run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tautline_core::{Digest, Need, Object, Read, ReadSet, ResourceKey};
use tautline_gotemplate::Str;

/// What `lookup` may answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Lookups {
    /// Nothing is ever there, as in `helm template`.
    #[default]
    Empty,
    /// What the caller found; what it was not asked for yet becomes a [`Need::Lookup`].
    ///
    /// A key without a name stands for the list of its kind. `None` is what was not found.
    Live(BTreeMap<ResourceKey, Option<Object>>),
}

/// Shared by the functions of one run.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) lookups: Lookups,
    pub(super) lint: bool,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    including: HashMap<Str, u32>,
    needs: BTreeSet<Need>,
    reads: ReadSet,
    warnings: BTreeSet<String>,
}

/// How often a named template may be within itself by `include`.
const NESTED: u32 = 1000;

impl State {
    pub(super) fn new(lookups: Lookups, lint: bool) -> Self {
        Self { lookups, lint, notes: Mutex::default() }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a named template; false if it is within itself too often.
    pub(super) fn enter(&self, name: &Str) -> bool {
        let mut notes = self.notes();
        let count = notes.including.entry(name.clone()).or_insert(0);
        let ok = *count <= NESTED;
        if ok {
            *count += 1;
        }
        ok
    }

    pub(super) fn leave(&self, name: &Str) {
        if let Some(count) = self.notes().including.get_mut(name) {
            *count = count.saturating_sub(1);
        }
    }

    /// Notes that the result depends on what the cluster is.
    pub(super) fn asked(&self, what: &str, seen: Option<Digest>) {
        if let Some(seen) = seen {
            self.notes().reads.found(Read::Version(what.to_owned()), seen);
        }
    }

    /// The live object of a key, if one is known to be there.
    pub(super) fn lookup(&self, key: &ResourceKey) -> Option<Object> {
        let Lookups::Live(known) = &self.lookups else { return None };
        let need = Need::Lookup(key.clone());
        match known.get(key) {
            Some(answer) => {
                let seen = answer.as_ref().map(|object| object.to_value().to_json()).unwrap_or_default();
                self.notes().reads.found(Read::Answer(need), Digest::of_bytes(seen.as_bytes()));
                answer.clone()
            }
            None => {
                self.notes().needs.insert(need);
                None
            }
        }
    }

    pub(super) fn warn(&self, warning: String) {
        let mut notes = self.notes();
        if notes.warnings.len() < 1000 {
            notes.warnings.insert(warning);
        }
    }

    /// Everything noted.
    pub(super) fn take(&self) -> (Vec<Need>, ReadSet, Vec<String>) {
        let notes = std::mem::take(&mut *self.notes());
        (notes.needs.into_iter().collect(), notes.reads, notes.warnings.into_iter().collect())
    }
}
