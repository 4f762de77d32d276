//! A value that is replaced as a whole, made out of the old one where both are the same: later steps see without
//! looking what stays.

use tautline_core::{FieldPath, Key, List, Map, PathElement, Trail, Value};
use tautline_schema::TypeRef;
use tautline_schema::defaults::Touched;

use super::super::join::is_written_same;
use super::super::shape::{Allowed, is_atomic_list};
use super::super::typed::{fits, leaf_fits};
use super::Stands;

/// What became of a value.
pub(super) struct Grafted {
    pub(super) stands: Stands,
    /// The value that was made of both, if one was.
    pub(super) made: Option<Value>,
    /// Where it is another than the old one.
    pub(super) touched: Vec<Touched>,
    /// Whether what was put there is as its type stores it.
    pub(super) is_stored: bool,
}

/// The new value, or what is written the same of the old one; `None` if one of them does not fit the type. `at` is where
/// they are.
pub(super) fn graft(
    old: &Value,
    new: &Value,
    of: TypeRef<'_>,
    at: &dyn Fn() -> FieldPath,
) -> Option<Grafted> {
    let mut grafting = Grafting {
        parts: Vec::new(),
        way: Way { start: at, trail: None, steps: Vec::new(), stayed: 0 },
        touched: Vec::new(),
        is_stored: true,
        made: None,
    };
    let stands = grafting.values(old, new, of)?;
    let Grafting { touched, is_stored, made, .. } = grafting;
    Some(Grafted { stands, made, touched, is_stored })
}

/// The way from where a graft begins: made a trail of only where something is found.
struct Way<'a> {
    start: &'a dyn Fn() -> FieldPath,
    trail: Option<Trail>,
    steps: Vec<Step<'a>>,
    /// So many of the steps are the trail's as well.
    stayed: usize,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a Key),
    Index(usize),
}

impl Step<'_> {
    fn element(&self) -> PathElement {
        match self {
            Self::Field(key) => PathElement::Field(Key::clone(key)),
            Self::Index(i) => PathElement::Index(*i),
        }
    }
}

impl<'a> Way<'a> {
    #[inline]
    fn pop(&mut self) {
        self.steps.pop();
        if self.steps.len() < self.stayed {
            self.stayed = self.steps.len();
            self.trail.iter_mut().for_each(Trail::pop);
        }
    }

    fn trail(&mut self) -> &mut Trail {
        let trail = self.trail.get_or_insert_with(|| Trail::from((self.start)()));
        for step in self.steps.get(self.stayed..).unwrap_or_default() {
            trail.push(step.element());
        }
        self.stayed = self.steps.len();
        trail
    }
}

/// Whether two values are written the same, and fit the type, as far as so many looks tell. Also `false` where that takes
/// a closer one.
pub(super) fn are_same(old: &Value, new: &Value, of: TypeRef<'_>, looks: &mut usize) -> bool {
    if *looks == 0 {
        return false;
    }
    *looks -= 1;
    match (old, new) {
        (Value::Map(a), Value::Map(b)) if Allowed::by(of).map => {
            let mut types = of.in_order();
            a.len() == b.len()
                && a.iter().zip(b).all(|((key, old), (other, new))| {
                    key == other && types.field(key).is_some_and(|of| are_same(old, new, of, looks))
                })
        }
        (Value::List(a), Value::List(b)) if Allowed::by(of).list && is_atomic_list(of) => {
            let mut pairs = a.iter().zip(b);
            a.len() == b.len()
                && of.items().is_some_and(|of| pairs.all(|(old, new)| are_same(old, new, of, looks)))
        }
        _ => leaf_fits(new, of) && new.is_same(old),
    }
}

struct Grafting<'a> {
    /// What became of the parts that are not put together yet, those of outer maps and lists first.
    parts: Vec<Part>,
    way: Way<'a>,
    touched: Vec<Touched>,
    is_stored: bool,
    made: Option<Value>,
}

/// What becomes of a part.
enum Part {
    Live,
    Config,
    Made(Value),
}

impl<'a> Grafting<'a> {
    fn values(&mut self, old: &'a Value, new: &'a Value, of: TypeRef<'_>) -> Option<Stands> {
        let allowed = Allowed::by(of);
        match (old, new) {
            (Value::Map(a), Value::Map(b)) if allowed.map => self.maps(a, b, of),
            (Value::List(a), Value::List(b)) if allowed.list && is_atomic_list(of) => self.lists(a, b, of),
            _ => {
                let is_same = is_written_same(old, new);
                let fit = fits(new, of, false) && (is_same && is_scalar(new) || fits(old, of, true));
                if fit && !is_same {
                    self.touch_some(old, new);
                }
                fit.then_some(if is_same { Stands::Live } else { Stands::Config })
            }
        }
    }

    fn maps(&mut self, old: &'a Map, new: &'a Map, of: TypeRef<'_>) -> Option<Stands> {
        let mut types = of.in_order();
        let mut kept = Kept::new(self.parts.len());
        let is_struct = of.is_compiled();
        let (mut left, mut right) = (old.iter(), new.iter());
        loop {
            let (key, old, new) = match (left.clone().next(), right.clone().next()) {
                (Some((key, old)), Some((other, new))) if key == other => {
                    (left.next(), right.next());
                    (key, Some(old), Some(new))
                }
                (Some((key, old)), other) if other.is_none_or(|(other, _)| key < other) => {
                    left.next();
                    (key, Some(old), None)
                }
                (_, Some((key, new))) => {
                    right.next();
                    (key, None, Some(new))
                }
                (_, None) => break,
            };
            let declared = types.declared(key);
            // Go drops what its type does not have.
            self.is_stored &= declared.is_some() || !is_struct;
            self.part(Step::Field(key), old, new, declared.or_else(|| of.additional())?, &mut kept)?;
        }
        if let Some(whole) = kept.whole() {
            self.parts.truncate(kept.mark);
            self.is_stored &= kept.all || !is_struct || of.has_always_printed(new);
            return Some(whole);
        }
        self.is_stored &= !is_struct || of.has_always_printed(new);
        let parts = self.parts.drain(kept.mark..).zip(new);
        let put = parts.map(|(part, (key, new))| match part {
            Part::Live => (key.clone(), old.get_key(key).unwrap_or(new).clone()),
            Part::Made(value) => (key.clone(), value),
            Part::Config => (key.clone(), new.clone()),
        });
        self.made = Some(Value::Map(put.collect()));
        Some(Stands::Made)
    }

    fn lists(&mut self, old: &'a List, new: &'a List, of: TypeRef<'_>) -> Option<Stands> {
        let Some(items) = of.items() else {
            let is_same = is_written_same_list(old, new);
            if !is_same {
                self.touch_some(&Value::List(old.clone()), &Value::List(new.clone()));
            }
            return Some(if is_same { Stands::Live } else { Stands::Config });
        };
        let mut kept = Kept::new(self.parts.len());
        let before = self.touched.len();
        for i in 0..old.len().max(new.len()) {
            self.part(Step::Index(i), old.get(i), new.get(i), items, &mut kept)?;
        }
        if self.touched.len() > before && (old.len() != new.len() || of.is_untyped()) {
            // Of another length it is another list; items of no known type may have names.
            self.touched.truncate(before);
            let (from, to) = (Some(Value::List(old.clone())), Some(Value::List(new.clone())));
            let path = self.way.trail().path();
            self.touched.push(Touched { path, from, to, is_whole: !of.is_untyped() });
        }
        if let Some(whole) = kept.whole() {
            self.parts.truncate(kept.mark);
            return Some(whole);
        }
        let parts = self.parts.drain(kept.mark..).zip(new).enumerate();
        let put = parts.map(|(i, (part, new))| match part {
            Part::Live => old.get(i).unwrap_or(new).clone(),
            Part::Made(value) => value,
            Part::Config => new.clone(),
        });
        self.made = Some(Value::List(put.collect()));
        Some(Stands::Made)
    }

    /// What stands in one place, most often a leaf. What only the old value has is left out.
    #[inline(always)]
    fn part(
        &mut self,
        step: Step<'a>,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        of: TypeRef<'_>,
        kept: &mut Kept,
    ) -> Option<()> {
        if let (Some(old), Some(new)) = (old, new)
            && leaf_fits(new, of)
            && new.is_same(old)
        {
            kept.live(false, &mut self.parts);
            return Some(());
        }
        self.other_part(step, old, new, of, kept)
    }

    #[inline(never)]
    fn other_part(
        &mut self,
        step: Step<'a>,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        of: TypeRef<'_>,
        kept: &mut Kept,
    ) -> Option<()> {
        let part = match (old, new) {
            (Some(old), Some(new)) if leaf_fits(new, of) && leaf_fits(old, of) => {
                if old != new {
                    self.touch(step, Some(old), Some(new));
                }
                self.is_stored &= of.stores(new);
                Part::Config
            }
            (Some(old), Some(new)) => {
                self.way.steps.push(step);
                let stands = self.values(old, new, of)?;
                self.way.pop();
                if stands == Stands::Live {
                    kept.live(!is_scalar(old), &mut self.parts);
                    return Some(());
                }
                self.is_stored &= !is_empty(new);
                self.made.take().map_or(Part::Config, Part::Made)
            }
            (None, Some(new)) if fits(new, of, false) => {
                self.touch(step, None, Some(new));
                self.is_stored &= of.stores(new);
                Part::Config
            }
            (Some(old), None) if fits(old, of, true) => {
                self.touch(step, Some(old), None);
                kept.differs(&mut self.parts);
                return Some(());
            }
            _ => return None,
        };
        kept.differs(&mut self.parts);
        kept.some |= matches!(part, Part::Made(_));
        self.parts.push(part);
        Some(())
    }

    /// Notes that all of a part is another one.
    fn touch(&mut self, step: Step<'_>, old: Option<&Value>, new: Option<&Value>) {
        let path = self.way.trail().with(step.element());
        self.touched.push(Touched { path, from: old.cloned(), to: new.cloned(), is_whole: true });
    }

    /// Notes that some of what stands here is another one.
    fn touch_some(&mut self, old: &Value, new: &Value) {
        self.is_stored = false;
        if old != new {
            let path = self.way.trail().path();
            self.touched.push(Touched {
                path,
                from: Some(old.clone()),
                to: Some(new.clone()),
                is_whole: false,
            });
        }
    }
}

/// How much of a map or list stays.
struct Kept {
    /// Where its parts begin among all.
    mark: usize,
    /// So many parts stay: as long as all do they are not noted one by one.
    lives: usize,
    all: bool,
    /// Whether a map or list in it does: a scalar alone is no reason to put it together.
    some: bool,
}

impl Kept {
    fn new(mark: usize) -> Self {
        Self { mark, lives: 0, all: true, some: false }
    }

    #[inline]
    fn live(&mut self, is_more: bool, parts: &mut Vec<Part>) {
        self.some |= is_more;
        if self.all {
            self.lives += 1;
        } else {
            parts.push(Part::Live);
        }
    }

    #[inline]
    fn differs(&mut self, parts: &mut Vec<Part>) {
        if self.all {
            parts.extend((0..self.lives).map(|_| Part::Live));
            self.all = false;
        }
    }

    /// All of the old one, or of the new one; `None` if it is to be put together.
    fn whole(&self) -> Option<Stands> {
        match (self.all, self.some) {
            (true, _) => Some(Stands::Live),
            (false, false) => Some(Stands::Config),
            (false, true) => None,
        }
    }
}

/// Whether Go may drop it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => true,
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Map(_))
}

fn is_written_same_list(a: &List, b: &List) -> bool {
    is_written_same(&Value::List(a.clone()), &Value::List(b.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;
    use tautline_schema::{Schemas, builtin};

    #[test]
    fn what_stays_is_shared_and_the_rest_is_the_new_value() {
        let crd = |a: &str, b: &str| {
            value!([{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": { "properties": {
            "a": { "description": a, "properties": { "x": { "type": "string" } } },
            "b": { "description": b, "properties": { "x": { "type": "string" } } } } } } }])
        };
        let gvk =
            tautline_core::GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let root = builtin().root(&gvk).unwrap();
        let of = root.node().field("spec").and_then(|spec| spec.field("versions")).unwrap();
        let (old, new) = (crd("one", "two"), crd("one", "three"));
        let at = FieldPath::fields(["spec", "versions"]);
        let graft = |new: &Value| graft(&old, new, of, &|| at.clone());
        let grafted = graft(&new).unwrap();
        let made = grafted.made.unwrap();
        let path = "spec.versions[0].schema.openAPIV3Schema.properties.b.description";
        let (from, to) = (Some(Value::from("two")), Some(Value::from("three")));
        let touched = Touched { path: path.parse().unwrap(), from, to, is_whole: true };
        assert_eq!((grafted.touched, grafted.is_stored), (vec![touched], true));
        assert_eq!(made, new);
        let part = |value: &Value, name: &str| {
            let list = value.as_list().unwrap();
            list[0].at(&["schema", "openAPIV3Schema", "properties", name]).unwrap().clone()
        };
        assert!(part(&made, "a").is_same(&part(&old, "a")), "shared");
        assert!(!part(&made, "b").is_same(&part(&old, "b")));
        assert!(graft(&crd("one", "two")).unwrap().stands == Stands::Live);
        let emptied = graft(&value!([])).unwrap();
        assert!(emptied.stands == Stands::Config);
        assert_eq!(emptied.touched.first().map(|touched| &touched.path), Some(&at));
        assert!(
            graft(&value!([{ "name": "v1", "served": true, "storage": true, "surprise": 1 }])).is_none(),
            "it does not fit"
        );
    }
}
