//! Where a value that is replaced as a whole becomes another one.

use tautline_core::{FieldPath, Key, List, Map, PathElement, Trail, Value};
use tautline_schema::TypeRef;
use tautline_schema::defaults::Touched;

use super::super::join::is_written_same;
use super::super::shape::{Allowed, is_atomic_list};
use super::super::typed::{fits, leaf_fits};

/// What a new value is beside an old one.
pub(super) struct Searched {
    /// Whether both are written the same.
    pub(super) is_same: bool,
    /// Where the new one is another.
    pub(super) touched: Vec<Touched>,
    /// Whether what it has there is as its type stores it.
    pub(super) is_stored: bool,
}

/// Compares an old value and a new one; `None` if one of them does not fit the type. `at` is where they are.
pub(super) fn search<'a>(
    old: &'a Value,
    new: &'a Value,
    of: TypeRef<'_>,
    at: &'a dyn Fn() -> FieldPath,
) -> Option<Searched> {
    let way = Way { start: at, trail: None, steps: Vec::new(), stayed: 0 };
    let mut search = Search { way, touched: Vec::new(), is_stored: true };
    let is_same = search.values(old, new, of)?;
    Some(Searched { is_same, touched: search.touched, is_stored: search.is_stored })
}

/// The way from where a search begins: made a trail of only where something is found.
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

struct Search<'a> {
    way: Way<'a>,
    touched: Vec<Touched>,
    is_stored: bool,
}

impl<'a> Search<'a> {
    fn values(&mut self, old: &'a Value, new: &'a Value, of: TypeRef<'_>) -> Option<bool> {
        let allowed = Allowed::by(of);
        match (old, new) {
            (Value::Map(a), Value::Map(b)) if allowed.map => self.maps(a, b, of),
            (Value::List(a), Value::List(b)) if allowed.list && is_atomic_list(of) => self.lists(a, b, of),
            _ => {
                let is_same = is_written_same(old, new);
                let is_scalar = !matches!(new, Value::List(_) | Value::Map(_));
                let fit = fits(new, of, false) && (is_same && is_scalar || fits(old, of, true));
                if !is_same {
                    self.touch_some(old, new);
                }
                fit.then_some(is_same)
            }
        }
    }

    fn maps(&mut self, old: &'a Map, new: &'a Map, of: TypeRef<'_>) -> Option<bool> {
        let mut types = of.in_order();
        let mut is_same = true;
        let is_struct = of.is_compiled();
        for (key, old, new) in old.zip(new) {
            let declared = types.declared(key);
            // Go drops what its type does not have.
            self.is_stored &= declared.is_some() || !is_struct;
            is_same &= self.part(Step::Field(key), old, new, declared.or_else(|| of.additional())?)?;
        }
        self.is_stored &= is_same || ((!is_struct || of.has_always_printed(new)) && !of.omits(new));
        Some(is_same)
    }

    fn lists(&mut self, old: &'a List, new: &'a List, of: TypeRef<'_>) -> Option<bool> {
        let Some(items) = of.items() else {
            let (old, new) = (Value::List(old.clone()), Value::List(new.clone()));
            let is_same = is_written_same(&old, &new);
            if !is_same {
                self.touch_some(&old, &new);
            }
            return Some(is_same);
        };
        let mut is_same = true;
        let before = self.touched.len();
        for i in 0..old.len().max(new.len()) {
            is_same &= self.part(Step::Index(i), old.get(i), new.get(i), items)?;
        }
        self.is_stored &= is_same || !new.iter().any(Value::is_null);
        if self.touched.len() > before && (old.len() != new.len() || of.is_untyped()) {
            // Of another length it is another list; items of no known type may have names.
            self.touched.truncate(before);
            let (from, to) = (Some(Value::List(old.clone())), Some(Value::List(new.clone())));
            let path = self.way.trail().path();
            self.touched.push(Touched { path, from, to, is_whole: !of.is_untyped() });
        }
        Some(is_same)
    }

    /// Whether what stands in one place is the same, as it most often is.
    #[inline(always)]
    fn part(
        &mut self,
        step: Step<'a>,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        of: TypeRef<'_>,
    ) -> Option<bool> {
        if let (Some(old), Some(new)) = (old, new)
            && leaf_fits(new, of)
            && new.is_same(old)
        {
            return Some(true);
        }
        self.other_part(step, old, new, of)
    }

    #[inline(never)]
    fn other_part(
        &mut self,
        step: Step<'a>,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        of: TypeRef<'_>,
    ) -> Option<bool> {
        match (old, new) {
            (Some(old), Some(new)) if leaf_fits(new, of) && leaf_fits(old, of) => {
                if old != new {
                    self.touch(step, Some(old), Some(new));
                }
                self.is_stored &= of.stores(new);
            }
            (Some(old), Some(new)) => {
                self.way.steps.push(step);
                let is_same = self.values(old, new, of)?;
                self.way.pop();
                self.is_stored &= is_same || !is_empty(new);
                return Some(is_same);
            }
            (None, Some(new)) if fits(new, of, false) => {
                self.touch(step, None, Some(new));
                self.is_stored &= of.stores(new);
            }
            (Some(old), None) if fits(old, of, true) => self.touch(step, Some(old), None),
            _ => return None,
        }
        Some(false)
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

/// Whether Go may drop it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::{GroupVersionKind, value};
    use tautline_schema::{Schemas, builtin};

    #[test]
    fn what_differs_in_a_value_is_named() {
        let crd = |a: &str, b: &str| {
            value!([{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": { "properties": {
            "a": { "description": a, "properties": { "x": { "type": "string" } } },
            "b": { "description": b, "properties": { "x": { "type": "string" } } } } } } }])
        };
        let gvk = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let root = builtin().root(&gvk).unwrap();
        let of = root.node().field("spec").and_then(|spec| spec.field("versions")).unwrap();
        let at = || FieldPath::fields(["spec", "versions"]);
        let (old, new) = (crd("one", "two"), crd("one", "three"));
        let check = |new: &Value, expect: Option<(&[&str], bool)>| {
            let found = search(&old, new, of, &at).map(|found| {
                let paths: Vec<String> =
                    found.touched.iter().map(|touched| touched.path.to_string()).collect();
                assert_eq!(found.is_same, paths.is_empty());
                (paths, found.is_stored)
            });
            let expect =
                expect.map(|(paths, is_stored)| (paths.iter().map(|p| (*p).to_owned()).collect(), is_stored));
            assert_eq!(found, expect);
        };
        check(&crd("one", "two"), Some((&[], true)));
        let below = "spec.versions[0].schema.openAPIV3Schema.properties";
        check(&new, Some((&[&format!("{below}.b.description")], true)));
        // Of an empty text nothing is stored.
        let both = [format!("{below}.a.description"), format!("{below}.b.description")];
        check(&crd("1", ""), Some((&[&both[0], &both[1]], false)));
        check(&value!([]), Some((&["spec.versions"], true)));
        check(&value!([{ "name": "v1", "surprise": 1 }]), None);
    }
}
