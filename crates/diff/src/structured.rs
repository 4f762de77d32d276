//! [`Structured`]: what a server-side apply would do.

use std::sync::Arc;

use tautline_core::{
    FieldManager, FieldPath, List, Manifest, MaskingKey, Need, Object, PathElement, Presence, Timestamp,
    Value,
};
use tautline_merge::{Applied, Apply, ApplyError, apply};
use tautline_schema::{Schemas, defaults};

use crate::adopt::fold_managers;
use crate::walk::differing;
use crate::{Change, Differ, Difference, IgnoreRules, Outcome, Sides, Taken, Why};

/// Predicts a server-side apply with force and compares its result with the live object.
#[expect(missing_debug_implementations, reason = "holds a trait object")]
pub struct Structured {
    schemas: Arc<dyn Schemas>,
    manager: FieldManager,
    masking: MaskingKey,
    take_over_from: Vec<String>,
}

impl Structured {
    /// A differ for writes by `manager` over these schemas. Live Secrets are expected masked with the same
    /// key; fields of the managers in `take_over_from` count as ours.
    pub fn new(
        schemas: Arc<dyn Schemas>,
        manager: FieldManager,
        masking: MaskingKey,
        take_over_from: Vec<String>,
    ) -> Self {
        Self { schemas, manager, masking, take_over_from }
    }

    fn predict(&self, desired: &Object, live: Option<&Object>) -> Result<Applied, ApplyError> {
        apply(Apply {
            live,
            config: desired,
            manager: &self.manager,
            force: true,
            subresource: None,
            // Times are set aside in the comparison.
            now: Timestamp::default(),
            schemas: &*self.schemas,
            defaulter: &|object| defaults::settle(object, &*self.schemas),
        })
    }

    fn compare(
        &self,
        desired: &Object,
        live: &Arc<Object>,
        origin: &str,
        ignore: Option<&IgnoreRules>,
    ) -> Difference {
        let Some(ignore) = ignore.filter(|ignore| !ignore.is_empty()) else {
            return self.compare_all(desired, live, origin);
        };
        let ignored = ignore.paths(desired, live, &*self.schemas);
        let payload = ignore.payload_of(&ignored, desired, live, self.manager.as_str());
        let mut difference = self.compare_all(payload.as_ref().unwrap_or(desired), live, origin);
        set_aside(&mut difference, desired, live, ignored.into_values());
        difference
    }

    fn compare_all(&self, desired: &Object, live: &Arc<Object>, origin: &str) -> Difference {
        let folded = fold_managers(live, &self.take_over_from, &self.manager);
        match self.predict(desired, Some(folded.as_ref().unwrap_or(live))) {
            Ok(applied) => {
                let changes: Vec<Change> = differing(live, &applied.object)
                    .into_iter()
                    // The last-applied annotation goes with the take-over; that alone is no change.
                    .filter(|(path, _, _)| folded.is_none() || !is_last_applied(path))
                    .map(|(path, from, to)| Change {
                        why: why(desired, &path, to.as_ref(), origin),
                        path,
                        from,
                        to,
                    })
                    .collect();
                let outcome = if changes.is_empty() { Outcome::Unchanged } else { Outcome::Change };
                let ownership_only = changes.is_empty() && owners(live) != owners(&applied.object);
                let taken = applied.taken.iter().map(|t| Taken {
                    path: t.path.to_string(),
                    from: FieldManager::new(&t.from),
                    operation: t.operation.as_str().to_owned(),
                });
                Difference {
                    outcome,
                    changes,
                    taken: taken.collect(),
                    ownership_only,
                    predicted: Some(Arc::new(applied.object)),
                    needs: Vec::new(),
                }
            }
            Err(error) => self.without_prediction(desired, live, origin, &error),
        }
    }

    /// Where nothing can be predicted, the fields that Git sets are compared as they are: the server decides
    /// the rest when it is asked.
    fn without_prediction(
        &self,
        desired: &Object,
        live: &Object,
        origin: &str,
        error: &ApplyError,
    ) -> Difference {
        let mut changes = Vec::new();
        subset(&mut FieldPath::root(), &desired.to_value(), Some(&live.to_value()), &mut |path, from, to| {
            let why = Why::SetInGit(origin.to_owned());
            changes.push(Change { path, from, to: Some(to), why });
        });
        let needs = match error {
            ApplyError::DontKnow(_) => vec![Need::DryRun(live.key())],
            _ => Vec::new(),
        };
        let outcome = if changes.is_empty() { Outcome::Unchanged } else { Outcome::Change };
        Difference { outcome, changes, needs, ..Difference::default() }
    }
}

impl Differ for Structured {
    fn diff(&self, sides: &Sides<'_>) -> Difference {
        let Manifest { object, origin } = sides.desired;
        let mut desired = (**object).clone();
        self.masking.mask_object(&mut desired);
        match sides.live {
            Presence::Unknown(why) => Difference::of(Outcome::Unknown(why.to_string())),
            Presence::Absent(_) => {
                let predicted = self.predict(&desired, None).ok().map(|applied| Arc::new(applied.object));
                Difference { predicted, ..Difference::of(Outcome::Create) }
            }
            Presence::Present(live) => {
                let mut difference = self.compare(&desired, live, &origin.to_string(), sides.ignore);
                if let Some(learned) = sides.learned {
                    learned.settle(&desired, live, &mut difference);
                }
                difference
            }
        }
    }

    fn payload(&self, sides: &Sides<'_>) -> Option<Object> {
        let live = sides.live.as_ref().present()?;
        sides.ignore?.payload(&sides.desired.object, live, self.manager.as_str(), &*self.schemas)
    }
}

/// Marks the changes that a rule ignores, and shows where Git and cluster differ unseen; without any other change
/// the object is in sync.
fn set_aside(
    difference: &mut Difference,
    desired: &Object,
    live: &Object,
    ignored: impl Iterator<Item = (FieldPath, String)>,
) {
    let (desired, live) = (desired.to_value(), live.to_value());
    for (path, rule) in ignored {
        let mut is_shown = false;
        for change in difference.changes.iter_mut().filter(|change| path.covers(&change.path)) {
            change.why = Why::Ignored(rule.clone());
            is_shown = true;
        }
        let (from, to) = (path.get(&live).cloned(), path.get(&desired).cloned());
        if !is_shown && to.is_some() && from != to {
            difference.changes.push(Change { path, from, to, why: Why::Ignored(rule) });
        }
    }
    if difference.outcome == Outcome::Change
        && difference.changes.iter().all(|change| matches!(change.why, Why::Ignored(_)))
    {
        difference.outcome = Outcome::Unchanged;
    }
}

fn is_last_applied(path: &FieldPath) -> bool {
    let text = path.to_string();
    text == "metadata.annotations" || text.contains("last-applied-configuration")
}

fn why(desired: &Object, path: &FieldPath, to: Option<&Value>, origin: &str) -> Why {
    if sets(&desired.to_value(), path.elements()) {
        Why::SetInGit(origin.to_owned())
    } else if to.is_none() {
        Why::LeftGit
    } else {
        Why::Defaulted
    }
}

/// Whether the desired object says something at a path or above it.
fn sets(value: &Value, path: &[PathElement]) -> bool {
    match path.split_first() {
        None => true,
        Some((element, rest)) => match element.get(value) {
            Some(below) => sets(below, rest),
            None => !matches!(value, Value::Map(_) | Value::List(_)),
        },
    }
}

/// Who owns what, times aside.
fn owners(object: &Object) -> Vec<Value> {
    let mut entries: Vec<Value> = object.list_at(&["metadata", "managedFields"]).to_vec();
    for entry in &mut entries {
        if let Some(map) = entry.as_map_mut() {
            map.remove("time");
        }
    }
    entries.sort_by_key(Value::to_json);
    entries
}

type Report<'a> = dyn FnMut(FieldPath, Option<Value>, Value) + 'a;

/// Reports what `desired` sets and `live` has otherwise. Lists count as a whole.
fn subset(path: &mut FieldPath, desired: &Value, live: Option<&Value>, report: &mut Report<'_>) {
    match (desired, live) {
        (Value::Map(map), Some(Value::Map(live))) => {
            for (key, value) in map {
                path.push(PathElement::Field(key.clone()));
                subset(path, value, live.get(key), report);
                path.pop();
            }
        }
        (Value::List(list), Some(Value::List(live))) if holds_all(list, live) => {}
        (desired, live) if live == Some(desired) => {}
        (desired, live) => report(path.clone(), live.cloned(), desired.clone()),
    }
}

/// Whether two lists agree item by item in what the first sets.
fn holds_all(list: &List, live: &List) -> bool {
    list.len() == live.len()
        && list.iter().zip(live.iter()).all(|(desired, live)| {
            let mut agrees = true;
            subset(&mut FieldPath::root(), desired, Some(live), &mut |_, _, _| agrees = false);
            agrees
        })
}
