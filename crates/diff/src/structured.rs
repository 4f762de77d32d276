//! [`Structured`]: what a server-side apply would do.

use std::borrow::Cow;
use std::sync::Arc;

use tautline_core::{
    FieldManager, FieldPath, List, Manifest, MaskingKey, Need, Object, Origin, PathElement, Presence,
    Timestamp, Value,
};
use tautline_merge::{Applied, Apply, ApplyError, apply, fold_managers};
use tautline_schema::{Schemas, defaults};

use crate::aside::{Writer, aside, payload};
use crate::dry_run::by_answer;
use crate::hide::hide;
use crate::normal::{comparable, wanted};
use crate::of_kind::OfKind;
use crate::walk::{Differing, differing_at, differing_from};
use crate::why::{explain, is_last_applied};
use crate::{Differ, Difference, DryRun, Outcome, Sides, Taken, Why};

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

    fn predict(
        &self,
        schemas: &OfKind<'_>,
        desired: &Object,
        live: Option<&Object>,
    ) -> Result<Applied, ApplyError> {
        apply(Apply {
            live,
            config: desired,
            manager: &self.manager,
            force: true,
            subresource: None,
            // Times are set aside in the comparison.
            now: Timestamp::default(),
            schemas,
            defaulter: &|object, over| defaults::settle_over(object, over, schemas),
        })
    }

    /// The live object as it is once the fields of earlier tools are ours; `None` if it is so.
    fn folded(&self, live: &Object, others: &[String]) -> Option<Object> {
        let unknown = |name: &&String| !self.take_over_from.contains(name) && **name != self.manager.as_str();
        let mut from = Cow::Borrowed(&*self.take_over_from);
        for name in others.iter().filter(unknown) {
            from.to_mut().push(name.clone());
        }
        fold_managers(live, &from, &self.manager)
    }

    fn compare_all(
        &self,
        desired: &Object,
        live: &Arc<Object>,
        taken_over: &[String],
        origin: &Origin,
    ) -> Difference {
        let folded = self.folded(live, taken_over);
        let schemas = OfKind::new(&*self.schemas, desired);
        let applied = match self.predict(&schemas, desired, Some(folded.as_ref().unwrap_or(live))) {
            Ok(applied) => applied,
            Err(error) => return self.without_prediction(desired, live, origin, &error),
        };
        if applied.object.as_map().is_same(live.as_map()) {
            return Difference::found(Vec::new(), Some(live.clone()));
        }
        let root = schemas.own_root();
        let (before, after) = (comparable(live), comparable(&applied.object));
        let is_plain = folded.is_none() && matches!((&before, &after), (Cow::Borrowed(_), Cow::Borrowed(_)));
        let places = applied.touched.filter(|_| is_plain).zip(root);
        let mut found = places
            .and_then(|(places, root)| differing_at(places, live, &applied.object, desired, root))
            .unwrap_or_else(|| differing_from(&before, &after, Some(desired), root));
        // The last-applied annotation goes with the take-over; that alone is no change.
        found.retain(|found| folded.is_none() || !is_last_applied(&found.path));
        let changes = explain(found, live, origin, &self.manager);
        // What would be filled in is a guess where the server's code is not that of the table (rule R6).
        let rests_on_defaults =
            changes.iter().any(|change| matches!(change.why, Why::Defaulted | Why::LeftGit));
        let needs = if rests_on_defaults && !schemas.knows_own_defaults() {
            vec![Need::DryRun(live.key())]
        } else {
            Vec::new()
        };
        let ownership_only = changes.is_empty() && own_differently(live, &applied.object);
        let taken = applied.taken.iter().map(|t| Taken {
            path: t.path.to_string(),
            from: FieldManager::new(&t.from),
            operation: t.operation.as_str().to_owned(),
        });
        let taken = taken.collect();
        let predicted = Some(Arc::new(applied.object));
        Difference { taken, ownership_only, needs, ..Difference::found(changes, predicted) }
    }

    /// Where nothing can be predicted, the fields that Git sets are compared as they are: the server decides
    /// the rest when it is asked.
    fn without_prediction(
        &self,
        desired: &Object,
        live: &Object,
        origin: &Origin,
        error: &ApplyError,
    ) -> Difference {
        let mut found = Vec::new();
        let (wanted, is) = (desired.to_value(), live.to_value());
        subset(&mut FieldPath::root(), &wanted, Some(&is), &mut |path, from, to| {
            found.push(Differing { path, from, to: Some(to), is_wished: true })
        });
        let changes = explain(found, live, origin, &self.manager);
        let needs = match error {
            ApplyError::DontKnow(_) => vec![Need::DryRun(live.key())],
            _ => Vec::new(),
        };
        Difference { needs, ..Difference::found(changes, None) }
    }
}

impl Differ for Structured {
    fn diff(&self, sides: &Sides<'_>) -> Difference {
        let Manifest { object, origin } = sides.desired;
        let mut desired = wanted(object).into_owned();
        self.masking.mask_object(&mut desired);
        match sides.live {
            Presence::Unknown(why) => Difference::of(Outcome::Unknown(why.to_string())),
            Presence::Absent(_) => {
                let schemas = OfKind::new(&*self.schemas, &desired);
                let predicted =
                    self.predict(&schemas, &desired, None).ok().map(|applied| Arc::new(applied.object));
                Difference { predicted, ..Difference::of(Outcome::Create) }
            }
            // Of another version only the server can tell what a write through this one would make (rule R15).
            Presence::Present(live) if live.api_version() != desired.api_version() => {
                let (is, wanted) = (live.api_version(), desired.api_version());
                Difference::of(Outcome::Unknown(format!(
                    "it is read as {is} and written as {wanted}: another app writes this kind in another version"
                )))
            }
            Presence::Present(live) => {
                let ours = Writer::Applier(&self.manager);
                let compare = |desired: &Object| self.compare_all(desired, live, sides.taken_over, origin);
                let mut difference = aside(sides.ignore, &desired, live, &*self.schemas, ours, compare);
                if let Some(learned) = sides.learned {
                    let root = self.schemas.root(&desired.gvk());
                    learned.settle(&desired, live, root.as_ref(), &mut difference);
                }
                difference
            }
        }
    }

    fn answered(&self, sides: &Sides<'_>, first: &Difference, answer: &DryRun) -> Difference {
        by_answer(sides, first, answer, &*self.schemas, &self.manager)
    }

    fn generation(&self) -> u64 {
        self.schemas.generation()
    }

    fn hide(&self, text: &str, objects: &mut dyn Iterator<Item = &Object>) -> String {
        hide(text, objects, |encoded| self.masking.mask(encoded).as_str().unwrap_or_default().to_owned())
    }

    fn without_unknown(&self, object: &Object) -> Option<(Object, Vec<FieldPath>)> {
        crate::without_unknown(object, &*self.schemas)
    }

    fn payload(&self, sides: &Sides<'_>) -> Option<Object> {
        payload(sides, &*self.schemas, Writer::Applier(&self.manager))
    }
}

fn own_differently(a: &Object, b: &Object) -> bool {
    let entries = |object: &Object| object.at(&["metadata", "managedFields"]).cloned();
    entries(a) != entries(b) && owners(a) != owners(b)
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
