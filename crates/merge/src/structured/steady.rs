//! The apply that happens most: its manager owns fields already and none of them leaves the configuration.
//!
//! Then nothing can go, and all there is to do is to lay the configuration over the live object and to see whose
//! fields that changes. The owners' sets need not be taken apart: they are asked as they lie there, and only one that
//! changes is read and printed. Everything else is [`super::updater`]'s, which has the last word about errors too:
//! here, what is not plain is no answer.

use std::borrow::Cow;
use std::cmp::Ordering;

use tautline_core::{Map, Object, Value};
use tautline_schema::Root;

use super::apply::{Applied, Apply, TakenField};
use super::compare::{Comparison, compare};
use super::join::merge;
use super::managed::{Manager, Operation};
use super::typed::Typed;
use super::updater::{Updater, strip};
use crate::fieldset::raw;
use crate::{FieldSet, time};

/// An entry of `managedFields` that would be printed as it lies there.
#[derive(Clone)]
struct Entry<'a> {
    printed: Cow<'a, Map>,
    name: &'a str,
    operation: Operation,
    api_version: &'a str,
    subresource: &'a str,
    seconds: i64,
    fields: Cow<'a, Map>,
}

/// The answer, if this is such an apply. `live` is without its `managedFields`.
pub(super) fn apply(
    request: &Apply<'_>,
    updater: &Updater<'_>,
    root: &Root,
    live: &Object,
) -> Option<Applied> {
    let entries = request.live?.list_at(&["metadata", "managedFields"]);
    let mut owners = entries.iter().map(Entry::read).collect::<Option<Vec<_>>>()?;
    let stands = |entry: &Entry<'_>| {
        entry.api_version == updater.api_version && raw::stands(&entry.fields, root.node())
    };
    if request.manager.as_str() == "kubectl" || !owners.iter().all(stands) || !are_distinct(&owners) {
        return None;
    }
    let us = owners.iter().position(|entry| entry.is_applier(request))?;

    let config = request.config;
    if config.metadata().is_some_and(|m| m.contains_key("managedFields")) {
        return None;
    }
    let config = Typed::check(config.to_value(), root.clone(), false).ok()?;
    let live_typed = Typed::check(live.to_value(), root.clone(), true).ok()?;
    let claimed = owners.get(us)?.claimed(&config, updater)?;
    let merged = merge(&live_typed, &config).ok()?;
    let found = updater.resets.filter_comparison(compare(&live_typed, &merged).ok()?);
    if !found.removed.is_empty() {
        return None;
    }
    let changed = live_typed.value != merged.value;

    let taken = take(&mut owners, us, &found, request.force)?;
    let mut moved = !taken.is_empty();
    if let Some(claimed) = claimed {
        moved |= owners.get_mut(us)?.own(claimed);
    }
    let mut object = live.clone();
    if changed {
        let Value::Map(map) = merged.value else { return None };
        object = Object::from_map(map);
        (request.defaulter)(&mut object).ok()?;
    }
    let differs = changed && object != *live;
    let before = (!differs && !moved).then(|| owners.clone());
    if changed {
        owners.get_mut(us)?.touch(request);
    }
    owners.retain(|owner| !owner.fields.is_empty());
    let is_sorted = owners.is_sorted_by(|a, b| a.order(b).is_le());
    if !changed && !moved && is_sorted {
        return Some(Applied { object: request.live?.clone(), changed: false, taken });
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
    Some(Applied { object, changed: differs, taken })
}

/// Takes changed fields from the others. `None` if they conflict and are not to be forced.
fn take(owners: &mut [Entry<'_>], us: usize, found: &Comparison, force: bool) -> Option<Vec<TakenField>> {
    if found.is_empty() {
        return Some(Vec::new());
    }
    let written = found.modified.union(&found.added);
    let paths = written.paths();
    let mut taken: Vec<(Manager, Vec<TakenField>)> = Vec::new();
    for (i, owner) in owners.iter_mut().enumerate() {
        if i == us || !paths.iter().any(|path| raw::has(&owner.fields, path.elements())) {
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

fn are_distinct(owners: &[Entry<'_>]) -> bool {
    owners.iter().enumerate().all(|(i, a)| owners.iter().take(i).all(|b| !a.is_manager(b)))
}

impl<'a> Entry<'a> {
    fn read(entry: &'a Value) -> Option<Self> {
        let printed = entry.as_map()?;
        let text = |key: &str| match printed.get(key) {
            None => Some(""),
            Some(Value::String(text)) if !text.is_empty() => Some(text.as_str()),
            Some(_) => None,
        };
        let [name, operation, api_version, subresource, time, fields_type] =
            ["manager", "operation", "apiVersion", "subresource", "time", "fieldsType"].map(text);
        let known = [name?, operation?, api_version?, subresource?, time?, fields_type?];
        let fields = printed.get("fieldsV1")?.as_map()?;
        let is_plain = printed.len() == known.iter().filter(|text| !text.is_empty()).count() + 1;
        let operation = match operation? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        (is_plain && fields_type? == "FieldsV1" && !fields.is_empty()).then_some(Self {
            printed: Cow::Borrowed(printed),
            name: name?,
            operation,
            api_version: api_version?,
            subresource: subresource?,
            seconds: time::parse(time?).map_or(0, |at| at.seconds()),
            fields: Cow::Borrowed(fields),
        })
    }

    fn manager(&self) -> Manager {
        Manager::exact(self.name, self.operation, self.api_version, self.subresource)
    }

    /// Whether both are one manager: appliers stay one through versions.
    fn is_manager(&self, other: &Self) -> bool {
        self.name == other.name
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    fn is_applier(&self, request: &Apply<'_>) -> bool {
        self.operation == Operation::Apply
            && self.name == request.manager.as_str()
            && self.subresource == request.subresource.unwrap_or_default()
    }

    /// The order of [`super::ManagedFields::sorted`].
    fn order(&self, other: &Self) -> Ordering {
        let key = |e: &Self| (e.operation, e.seconds);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.name.cmp(other.name))
            .then_with(|| self.api_version.cmp(other.api_version))
            .then_with(|| self.subresource.cmp(other.subresource))
    }

    /// What the configuration makes its manager own: `Some(None)` if that is what it owns, `None` if something of
    /// that goes.
    fn claimed(&self, config: &Typed, updater: &Updater<'_>) -> Option<Option<FieldSet>> {
        let fields = config.value.as_map()?;
        if updater.resets.spare(fields) && raw::says(&self.fields, fields, config.root.node()) {
            return Some(None);
        }
        let last = FieldSet::from_value(&Value::Map(self.fields.clone().into_owned())).ok()?;
        let now = updater.resets.filter(&config.fields());
        let claimed = strip(&now);
        (last.is_within(&now) && !claimed.is_empty()).then_some(Some(claimed))
    }

    /// Gives it other fields; whether they are other ones.
    fn own(&mut self, fields: FieldSet) -> bool {
        let Value::Map(fields) = fields.to_value() else { return false };
        if fields == *self.fields {
            return false;
        }
        self.printed.to_mut().insert("fieldsV1", fields.clone());
        self.fields = Cow::Owned(fields);
        true
    }

    fn touch(&mut self, request: &Apply<'_>) {
        self.seconds = request.now.seconds();
        self.printed.to_mut().insert("time", time::print(request.now));
    }
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
        let (schemas, mut answered) = (builtin(), 0);
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
                    defaulter: &|o| defaults::settle(o, schemas),
                };
                if let Some(live) = &live {
                    let (gvk, root, updater) = prepare(schemas, &config, None).unwrap();
                    let bare = super::super::apply::without_managed(live);
                    if let Some(ours) = super::apply(&request, &updater, &root, &bare) {
                        let whole = apply_in_full(request, &gvk, &root, &updater).unwrap();
                        assert_eq!(
                            ours.object.to_value().to_json(),
                            whole.object.to_value().to_json(),
                            "{seed}"
                        );
                        assert_eq!((ours.changed, ours.taken), (whole.changed, whole.taken), "seed {seed}");
                        answered += 1;
                    }
                }
                if let Ok(applied) = apply(request) {
                    live = Some(applied.object);
                }
            }
        }
        assert!(answered > 1000, "only {answered} were steady");
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
