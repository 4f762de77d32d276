//! The apply that happens most: its manager owns fields already and none of them leaves the configuration.
//!
//! Then nothing can go, and all there is to do is to lay the configuration over the live object and to see whose
//! fields that changes. The owners' sets need not be taken apart: they are asked as they lie there, and only one that
//! changes is read and printed. Everything else is [`super::updater`]'s, which has the last word about errors too:
//! here, what is not plain is no answer.

mod entry;
mod graft;
mod lay;
mod search;
mod way;

use tautline_core::{FieldPath, Object, Value};
use tautline_schema::Root;
use tautline_schema::defaults::Over;

use self::entry::{Entry, are_distinct};
use self::lay::{Outcome, lay};
use super::apply::{Applied, Apply, TakenField};
use super::compare::Comparison;
use super::managed::{Manager, entries};
use super::resets::Resets;
use super::updater::Updater;
use crate::FieldSet;
use crate::fieldset::raw;

/// What stands in a place where a live object and a configuration had a value each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Live,
    Config,
    /// A value made of both, which waits to be fetched.
    Made,
}

/// The answer, if this is such an apply.
pub(super) fn apply(request: &Apply<'_>, updater: &Updater<'_>, root: &Root) -> Option<Applied> {
    let (live, config) = (request.live?, request.config);
    let mut owners = entries(live).iter().map(Entry::read).collect::<Option<Vec<_>>>()?;
    let is_of_version = |entry: &Entry<'_>| entry.api_version == updater.api_version;
    if request.manager.as_str() == "kubectl" || !owners.iter().all(is_of_version) || !are_distinct(&owners) {
        return None;
    }
    let us = owners.iter().position(|entry| entry.is_applier(request))?;
    let stands = |i: usize| owners.get(i).is_some_and(|entry| raw::stands(&entry.fields, root.node()));
    if !(0..owners.len()).all(|i| i == us || stands(i))
        || config.metadata().is_some_and(|m| m.contains_key("managedFields"))
    {
        return None;
    }

    let laid = lay(live.as_map(), config.as_map(), &owners.get(us)?.fields, root.node(), owners.len() > 1)?;
    let claimed = match laid.is_owned && updater.resets.spare(config.as_map()) {
        true => None,
        false if stands(us) => Some(owners.get(us)?.claimed(config, root, updater)?),
        false => return None,
    };
    let Outcome { changed: laid, touched, modified, found, .. } = laid;
    let found = updater.resets.filter_comparison(found);
    if !found.removed.is_empty() {
        return None;
    }

    let taken = take(&mut owners, us, &modified, &found, updater.resets, request.force)?;
    let mut moved = !taken.is_empty();
    if let Some(claimed) = claimed {
        moved |= owners.get_mut(us)?.own(claimed);
    }
    let mut object = live.clone();
    let changed = laid.is_some();
    let mut is_known = touched.are_named;
    if let Some(map) = laid {
        object = Object::from_map(map.clone());
        let over = Over { live, touched: &touched.all, is_stored: touched.are_stored };
        (request.defaulter)(&mut object, Some(over)).ok()?;
        // What is filled in may be anywhere.
        is_known &= object.as_map().is_same(&map);
    }
    let touched = is_known.then_some(touched.all);
    let differs = changed && (touched.is_some() || object != *live);
    let before = (!differs && !moved).then(|| owners.clone());
    if changed {
        owners.get_mut(us)?.touch(request);
    }
    owners.retain(|owner| !owner.fields.is_empty());
    let is_sorted = owners.is_sorted_by(|a, b| a.order(b).is_le());
    if !changed && !moved && is_sorted {
        return Some(Applied { object: live.clone(), changed: false, taken, touched });
    }
    owners.sort_by(|a, b| a.order(b));
    if let Some(mut before) = before {
        // A write that changes nothing keeps its time, but where the owners' order would be another.
        before.sort_by(|a, b| a.order(b));
        if owners.iter().zip(&before).all(|(a, b)| a.is_manager(b)) {
            owners = before;
        }
    }
    let printed = owners.into_iter().map(|owner| Value::Map(owner.printed.into_owned()));
    object.metadata_mut().insert("managedFields", Value::List(printed.collect()));
    Some(Applied { object, changed: differs, taken, touched })
}

/// Takes changed fields from the others. `None` if they conflict and are not to be forced.
fn take(
    owners: &mut [Entry<'_>],
    us: usize,
    modified: &[FieldPath],
    found: &Comparison,
    resets: Resets,
    force: bool,
) -> Option<Vec<TakenField>> {
    if owners.len() == 1 || (modified.is_empty() && found.is_empty()) {
        return Some(Vec::new());
    }
    let more: Vec<FieldPath> =
        [&found.modified, &found.added].into_iter().flat_map(FieldSet::paths).collect();
    let others = || owners.iter().enumerate().filter(|(i, _)| *i != us);
    if !modified.iter().chain(&more).any(|path| others().any(|(_, owner)| raw::has(&owner.fields, path))) {
        return Some(Vec::new());
    }
    let modified = resets.filter(modified.iter().cloned().collect());
    let written = modified.union(&found.modified).union(&found.added);
    let paths = written.paths();
    let mut taken: Vec<(Manager, Vec<TakenField>)> = Vec::new();
    for (i, owner) in owners.iter_mut().enumerate() {
        if i == us || !paths.iter().any(|path| raw::has(&owner.fields, path)) {
            continue;
        }
        let owned = FieldSet::from_value(&Value::Map(owner.fields.clone().into_owned())).ok()?;
        let (from, operation) = (owner.name.to_owned(), owner.operation);
        let conflicts = owned.intersection(&written).paths().into_iter();
        let conflicts = conflicts.map(|path| TakenField { path, from: from.clone(), operation }).collect();
        taken.push((owner.manager(), conflicts));
        owner.own(owned.difference(&written));
    }
    if !force && !taken.is_empty() {
        return None;
    }
    taken.sort_by(|(a, _), (b, _)| a.cmp(b));
    Some(taken.into_iter().flat_map(|(_, fields)| fields).collect())
}

#[cfg(test)]
mod tests {
    use tautline_core::{FieldManager, Timestamp};
    use tautline_schema::{builtin, defaults};
    use tautline_test_generators::{Dice, object, related};

    use super::super::apply::{apply, apply_in_full, prepare};
    use super::*;

    /// Many applies over one another: whatever is answered here is what the whole machinery answers.
    #[test]
    fn the_steady_apply_is_the_whole_one() {
        let (schemas, mut answered, mut known) = (builtin(), 0, 0);
        for seed in 0..1500 {
            let mut dice = Dice::new(seed);
            let wish = object(seed);
            let mut live: Option<Object> = None;
            for step in 0..6 {
                let config = match dice.roll(3) {
                    0 => wish.clone(),
                    1 => related(&wish, seed * 7 + step),
                    _ => live.as_ref().map_or_else(|| wish.clone(), |live| edited(&wish, live, &mut dice)),
                };
                let manager = FieldManager::new(dice.one(&["git", "git", "b"]));
                let request = Apply {
                    live: live.as_ref(),
                    config: &config,
                    manager: &manager,
                    force: dice.chance(80),
                    subresource: None,
                    now: Timestamp::from_seconds(1_900_000_000 + i64::try_from(step / 2).unwrap_or(0)),
                    schemas,
                    defaulter: &|o, live| defaults::settle_over(o, live, schemas),
                };
                if live.is_some() {
                    let (root, updater) = prepare(schemas, &config, None).unwrap();
                    if let Some(ours) = super::apply(&request, &updater, &root) {
                        let whole = apply_in_full(request, &root, &updater).unwrap();
                        assert_eq!(
                            ours.object.to_value().to_json(),
                            whole.object.to_value().to_json(),
                            "{seed}"
                        );
                        assert_eq!((ours.changed, ours.taken), (whole.changed, whole.taken), "seed {seed}");
                        known += usize::from(ours.touched.is_some_and(|touched| !touched.is_empty()));
                        answered += 1;
                    }
                }
                if let Ok(applied) = apply(request) {
                    live = Some(applied.object);
                }
            }
        }
        assert!(answered > 1000, "only {answered} were steady");
        assert!(known > 100, "of {known} only it was known where they change something");
    }

    /// The wish with a value of the live object changed: a label, the replicas, an image.
    fn edited(wish: &Object, live: &Object, dice: &mut Dice) -> Object {
        let mut out = wish.clone();
        out.metadata_mut().map_at("labels").insert("edit", dice.one(&["x", "y", "z"]));
        if let (Some(Value::Map(spec)), true) = (out.as_map_mut().get_mut("spec"), dice.chance(50)) {
            for (key, value) in live.get("spec").and_then(Value::as_map).into_iter().flatten() {
                if dice.chance(30) {
                    spec.insert(key.clone(), value.clone());
                }
            }
        }
        out
    }
}
