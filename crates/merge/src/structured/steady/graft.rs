//! A value that is replaced as a whole, made out of the old one where both are the same: later steps see without
//! looking what stays.

use tautline_core::{FieldPath, List, Map, PathElement, Trail, Value};
use tautline_schema::TypeRef;
use tautline_schema::defaults::Touched;

use super::super::join::{Laid, is_written_same};
use super::super::shape::{Allowed, is_atomic_list};
use super::super::typed::{fits, leaf_fits};

/// What became of a value.
pub(super) struct Grafted {
    pub(super) laid: Laid,
    /// Where it is another than the old one.
    pub(super) touched: Vec<Touched>,
    /// Whether what was put there is as its type stores it.
    pub(super) is_stored: bool,
}

/// The new value, or what is written the same of the old one; `None` if one of them does not fit the type.
pub(super) fn graft(old: &Value, new: &Value, of: TypeRef<'_>, at: FieldPath) -> Option<Grafted> {
    let mut grafting =
        Grafting { parts: Vec::new(), trail: Trail::from(at), touched: Vec::new(), is_stored: true };
    let laid = grafting.values(old, new, of)?;
    Some(Grafted { laid, touched: grafting.touched, is_stored: grafting.is_stored })
}

/// Whether two values are written the same, and fit the type. Also `false` where that takes a closer look.
pub(super) fn are_same(old: &Value, new: &Value, of: TypeRef<'_>) -> bool {
    match (old, new) {
        (Value::Map(a), Value::Map(b)) if Allowed::by(of).map => {
            let mut types = of.in_order();
            a.len() == b.len()
                && a.iter().zip(b).all(|((key, old), (other, new))| {
                    key == other && types.field(key).is_some_and(|of| are_same(old, new, of))
                })
        }
        (Value::List(a), Value::List(b)) if Allowed::by(of).list && is_atomic_list(of) => {
            a.len() == b.len()
                && of.items().is_some_and(|of| a.iter().zip(b).all(|(old, new)| are_same(old, new, of)))
        }
        _ => leaf_fits(new, of) && new.is_same(old),
    }
}

struct Grafting {
    /// What became of the parts that are not put together yet, those of outer maps and lists first.
    parts: Vec<Laid>,
    trail: Trail,
    touched: Vec<Touched>,
    is_stored: bool,
}

impl Grafting {
    fn values(&mut self, old: &Value, new: &Value, of: TypeRef<'_>) -> Option<Laid> {
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
                fit.then_some(if is_same { Laid::Live } else { Laid::Config })
            }
        }
    }

    fn maps(&mut self, old: &Map, new: &Map, of: TypeRef<'_>) -> Option<Laid> {
        let mark = self.parts.len();
        let mut types = of.in_order();
        let mut kept = Kept { all: true, some: false };
        let is_struct = of.is_compiled();
        let differs = self.touched.len();
        for (key, old, new) in old.zip(new) {
            let declared = types.declared(key);
            // Go drops what its type does not have.
            self.is_stored &= declared.is_some() || !is_struct;
            let of = declared.or_else(|| of.additional())?;
            self.part(|| PathElement::Field(key.clone()), old, new, of, &mut kept)?;
        }
        if self.touched.len() > differs && is_struct && self.is_stored {
            self.is_stored = of.has_always_printed(new);
        }
        if kept.all || !kept.some {
            self.parts.truncate(mark);
            return Some(kept.whole());
        }
        let parts = self.parts.drain(mark..).zip(new);
        let put = parts.map(|(part, (key, new))| match part {
            Laid::Live => (key.clone(), old.get_key(key).unwrap_or(new).clone()),
            Laid::Both(value) => (key.clone(), value),
            Laid::Config | Laid::Nothing => (key.clone(), new.clone()),
        });
        Some(Laid::Both(Value::Map(put.collect())))
    }

    fn lists(&mut self, old: &List, new: &List, of: TypeRef<'_>) -> Option<Laid> {
        let Some(items) = of.items() else {
            let is_same = is_written_same_list(old, new);
            if !is_same {
                self.touch_some(&Value::List(old.clone()), &Value::List(new.clone()));
            }
            return Some(if is_same { Laid::Live } else { Laid::Config });
        };
        let mark = self.parts.len();
        let mut kept = Kept { all: true, some: false };
        let before = self.touched.len();
        for i in 0..old.len().max(new.len()) {
            self.part(|| PathElement::Index(i), old.get(i), new.get(i), items, &mut kept)?;
        }
        if self.touched.len() > before && (old.len() != new.len() || of.is_untyped()) {
            // Of another length it is another list; items of no known type may have names.
            self.touched.truncate(before);
            let (from, to) = (Some(Value::List(old.clone())), Some(Value::List(new.clone())));
            let path = self.trail.path();
            self.touched.push(Touched { path, from, to, is_whole: !of.is_untyped() });
        }
        if kept.all || !kept.some {
            self.parts.truncate(mark);
            return Some(kept.whole());
        }
        let parts = self.parts.drain(mark..).zip(new).enumerate();
        let put = parts.map(|(i, (part, new))| match part {
            Laid::Live => old.get(i).unwrap_or(new).clone(),
            Laid::Both(value) => value,
            Laid::Config | Laid::Nothing => new.clone(),
        });
        Some(Laid::Both(Value::List(put.collect())))
    }

    /// What stands in one place, most often a leaf. What only the old value has is left out.
    #[inline]
    fn part(
        &mut self,
        element: impl FnOnce() -> PathElement,
        old: Option<&Value>,
        new: Option<&Value>,
        of: TypeRef<'_>,
        kept: &mut Kept,
    ) -> Option<()> {
        let laid = match (old, new) {
            (Some(old), Some(new)) if leaf_fits(new, of) && leaf_fits(old, of) => match new.is_same(old) {
                true => Laid::Live,
                false => {
                    if old != new {
                        self.touch(element(), Some(old), Some(new));
                    }
                    self.is_stored &= of.stores(new);
                    Laid::Config
                }
            },
            (Some(old), Some(new)) => {
                self.trail.push(element());
                let laid = self.values(old, new, of)?;
                self.trail.pop();
                self.is_stored &= matches!(laid, Laid::Live) || !is_empty(new);
                laid
            }
            (None, Some(new)) if fits(new, of, false) => {
                self.touch(element(), None, Some(new));
                self.is_stored &= of.stores(new);
                Laid::Config
            }
            (Some(old), None) if fits(old, of, true) => {
                self.touch(element(), Some(old), None);
                kept.all = false;
                return Some(());
            }
            _ => return None,
        };
        kept.all &= matches!(laid, Laid::Live);
        kept.some |= match laid {
            Laid::Live => old.is_some_and(|old| !is_scalar(old)),
            Laid::Both(_) => true,
            Laid::Config | Laid::Nothing => false,
        };
        self.parts.push(laid);
        Some(())
    }

    /// Notes that all of a part is another one.
    fn touch(&mut self, element: PathElement, old: Option<&Value>, new: Option<&Value>) {
        let path = self.trail.with(element);
        self.touched.push(Touched { path, from: old.cloned(), to: new.cloned(), is_whole: true });
    }

    /// Notes that some of what stands here is another one.
    fn touch_some(&mut self, old: &Value, new: &Value) {
        self.is_stored = false;
        if old != new {
            let path = self.trail.path();
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
    all: bool,
    /// Whether a map or list in it does: a scalar alone is no reason to put it together.
    some: bool,
}

impl Kept {
    fn whole(&self) -> Laid {
        if self.all { Laid::Live } else { Laid::Config }
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
            value!([{ "name": "v1", "schema": { "openAPIV3Schema": { "properties": {
            "a": { "description": a, "properties": { "x": { "type": "string" } } },
            "b": { "description": b, "properties": { "x": { "type": "string" } } } } } } }])
        };
        let gvk =
            tautline_core::GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let root = builtin().root(&gvk).unwrap();
        let of = root.node().field("spec").and_then(|spec| spec.field("versions")).unwrap();
        let (old, new) = (crd("one", "two"), crd("one", "three"));
        let at = FieldPath::fields(["spec", "versions"]);
        let graft = |new: &Value| graft(&old, new, of, at.clone());
        let grafted = graft(&new).unwrap();
        let Laid::Both(made) = grafted.laid else { panic!("some of it stays") };
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
        assert!(are_same(&old, &crd("one", "two"), of) && !are_same(&old, &new, of));
        assert!(matches!(graft(&crd("one", "two")).unwrap().laid, Laid::Live));
        let emptied = graft(&value!([])).unwrap();
        assert!(matches!(emptied.laid, Laid::Config));
        assert_eq!(emptied.touched.first().map(|touched| &touched.path), Some(&at));
        assert!(graft(&value!([{ "name": "v1", "surprise": 1 }])).is_none(), "it does not fit");
    }
}
