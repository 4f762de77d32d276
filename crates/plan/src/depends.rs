//! What an object says it depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tautline_core::{Object, ResourceKey};

use crate::place::{Draft, Part};
use crate::step::Phase;

/// Names objects of the same app that must be well before this one is written, separated by commas:
/// `[GROUP/]KIND/[NAMESPACE/]NAME`. Groups begin with a small letter, kinds with a capital one; without a group
/// every group is meant, without a namespace the object's own. What is pruned goes in the opposite order.
pub const DEPENDS_ON_ANNOTATION: &str = "tautline.dev/depends-on";

/// One object that another one names as its dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    group: Option<String>,
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl Dependency {
    /// What an object's annotation names; an error tells the part that cannot be read.
    pub(crate) fn of(object: &Object) -> Result<Vec<Self>, String> {
        let text = object.annotation(DEPENDS_ON_ANNOTATION).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Self::read).collect()
    }

    fn read(text: &str) -> Result<Self, String> {
        let is_kind = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
        let parts: Vec<&str> = text.split('/').collect();
        let (group, rest) = match parts.as_slice() {
            [first, rest @ ..] if !is_kind(first) => (Some((*first).to_owned()), rest),
            all => (None, all),
        };
        let (kind, namespace, name) = match rest {
            [kind, name] => (kind, None, name),
            [kind, namespace, name] => (kind, Some((*namespace).to_owned()), name),
            _ => (&"", None, &""),
        };
        if !is_kind(kind) || name.is_empty() {
            return Err(format!("{DEPENDS_ON_ANNOTATION}: {text:?} is not [GROUP/]KIND/[NAMESPACE/]NAME"));
        }
        Ok(Self { group, kind: (*kind).to_owned(), namespace, name: (*name).to_owned() })
    }

    fn is(&self, key: &ResourceKey, dependent: &ResourceKey) -> bool {
        let namespace = self.namespace.as_deref().unwrap_or(&dependent.namespace);
        self.group.as_deref().is_none_or(|group| group == key.group)
            && self.kind == key.kind
            && self.name == key.name
            && (key.namespace == namespace || key.namespace.is_empty() && self.namespace.is_none())
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = self.group.iter().map(String::as_str);
        let parts =
            group.chain([self.kind.as_str()]).chain(self.namespace.as_deref()).chain([self.name.as_str()]);
        f.write_str(&parts.collect::<Vec<_>>().join("/"))
    }
}

/// Lets every draft wait for those of the objects that it depends on. Answers what cannot be: a dependency on
/// something that the app does not hold (only a whole plan, which knows, has `held`), on a later wave, a cycle.
pub(crate) fn link(drafts: &mut [Draft], held: Option<&[&ResourceKey]>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut after: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        let key = &draft.step.key;
        let dependencies = draft.depends_on.as_deref().unwrap_or_else(|fault| {
            faults.push(format!("{key}: {fault}"));
            &[]
        });
        for dependency in dependencies {
            let is_gone = draft.step.action.is_delete();
            let named = (drafts.iter().enumerate()).find(|(_, other)| {
                dependency.is(&other.step.key, key) && is_gone == other.step.action.is_delete()
            });
            match named {
                Some((other, _)) if is_gone => after.entry(other).or_default().push(at),
                Some((other, needed)) if moment(needed) <= moment(draft) => {
                    after.entry(at).or_default().push(other);
                }
                Some((_, needed)) => faults.push(format!(
                    "{key} depends on {}, which comes in a later wave or phase",
                    needed.step.key
                )),
                None if !is_gone && held.is_some_and(|held| !held.iter().any(|h| dependency.is(h, key))) => {
                    faults.push(format!("{key} depends on {dependency}, which the app does not hold"));
                }
                None => {}
            }
        }
    }
    faults.extend(cycle(&after).map(|cycle| {
        let keys = cycle.iter().filter_map(|at| drafts.get(*at)).map(|draft| draft.step.key.to_string());
        format!("{} depend on each other in a circle", keys.collect::<Vec<_>>().join(", "))
    }));
    for (at, others) in after {
        if let Some(draft) = drafts.get_mut(at) {
            draft.after = others;
        }
    }
    faults
}

fn moment(draft: &Draft) -> (Phase, Part, i64) {
    (draft.step.phase, Part::of(&draft.step).max(Part::Run), draft.step.wave)
}

/// Some cycle, if there is one: what is left when everything that waits for nothing left is taken away.
fn cycle(after: &BTreeMap<usize, Vec<usize>>) -> Option<Vec<usize>> {
    let mut left: BTreeSet<usize> = after.keys().copied().collect();
    loop {
        let free = |at: &&usize| !after.get(at).is_some_and(|others| others.iter().any(|o| left.contains(o)));
        let free: Vec<usize> = left.iter().filter(free).copied().collect();
        if free.is_empty() {
            break;
        }
        left.retain(|at| !free.contains(at));
    }
    let first = *left.first()?;
    let mut walk = vec![first];
    loop {
        let next = after.get(walk.last()?)?.iter().find(|other| left.contains(other))?;
        if let Some(from) = walk.iter().position(|at| at == next) {
            return Some(walk.split_off(from));
        }
        walk.push(*next);
    }
}
