//! A value that is replaced as a whole, made out of the old one where both are the same: later steps see without
//! looking what stays.

use tautline_core::{List, Map, Value};
use tautline_schema::TypeRef;

use super::super::join::{Laid, is_written_same};
use super::super::shape::{Allowed, is_atomic_list};
use super::super::typed::{fits, leaf_fits};

/// The new value, or what is written the same of the old one; `None` if one of them does not fit the type.
pub(super) fn graft(old: &Value, new: &Value, of: TypeRef<'_>) -> Option<Laid> {
    Grafting::default().values(old, new, of)
}

/// What became of the parts that are not put together yet, those of outer maps and lists first.
#[derive(Default)]
struct Grafting(Vec<Laid>);

impl Grafting {
    fn values(&mut self, old: &Value, new: &Value, of: TypeRef<'_>) -> Option<Laid> {
        let allowed = Allowed::by(of);
        match (old, new) {
            (Value::Map(a), Value::Map(b)) if allowed.map => self.maps(a, b, of),
            (Value::List(a), Value::List(b)) if allowed.list && is_atomic_list(of) => self.lists(a, b, of),
            _ => {
                let is_same = is_written_same(old, new);
                let fit = fits(new, of, false) && (is_same && is_scalar(new) || fits(old, of, true));
                fit.then_some(if is_same { Laid::Live } else { Laid::Config })
            }
        }
    }

    fn maps(&mut self, old: &Map, new: &Map, of: TypeRef<'_>) -> Option<Laid> {
        if are_same_leaves(old, new, of) {
            return Some(Laid::Live);
        }
        let mark = self.0.len();
        let mut types = of.in_order();
        let mut kept = Kept { all: true, some: false };
        for (key, old, new) in old.zip(new) {
            let of = types.field(key)?;
            self.part(old, new, of, &mut kept)?;
        }
        if kept.all || !kept.some {
            self.0.truncate(mark);
            return Some(kept.whole());
        }
        let parts = self.0.drain(mark..).zip(new);
        let put = parts.map(|(part, (key, new))| match part {
            Laid::Live => (key.clone(), old.get_key(key).unwrap_or(new).clone()),
            Laid::Both(value) => (key.clone(), value),
            Laid::Config | Laid::Nothing => (key.clone(), new.clone()),
        });
        Some(Laid::Both(Value::Map(put.collect())))
    }

    fn lists(&mut self, old: &List, new: &List, of: TypeRef<'_>) -> Option<Laid> {
        let mark = self.0.len();
        let mut kept = Kept { all: true, some: false };
        let Some(of) = of.items() else {
            return Some(if is_written_same_list(old, new) { Laid::Live } else { Laid::Config });
        };
        let is_same = |(old, new): (&Value, &Value)| leaf_fits(new, of) && new.is_same(old);
        if old.len() == new.len() && old.iter().zip(new).all(is_same) {
            return Some(Laid::Live);
        }
        for i in 0..old.len().max(new.len()) {
            self.part(old.get(i), new.get(i), of, &mut kept)?;
        }
        if kept.all || !kept.some {
            self.0.truncate(mark);
            return Some(kept.whole());
        }
        let parts = self.0.drain(mark..).zip(new).enumerate();
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
        old: Option<&Value>,
        new: Option<&Value>,
        of: TypeRef<'_>,
        kept: &mut Kept,
    ) -> Option<()> {
        let laid = match (old, new) {
            (Some(old), Some(new)) if leaf_fits(new, of) && leaf_fits(old, of) => match new.is_same(old) {
                true => Laid::Live,
                false => Laid::Config,
            },
            (Some(old), Some(new)) => self.values(old, new, of)?,
            (None, Some(new)) if fits(new, of, false) => Laid::Config,
            (Some(old), None) if fits(old, of, true) => {
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
        self.0.push(laid);
        Some(())
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

/// Whether two maps hold nothing but leaves, and the same ones.
fn are_same_leaves(old: &Map, new: &Map, of: TypeRef<'_>) -> bool {
    let mut types = of.in_order();
    old.len() == new.len()
        && old.iter().zip(new).all(|((key, old), (other, new))| {
            key == other && new.is_same(old) && types.field(key).is_some_and(|of| leaf_fits(new, of))
        })
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
        let Some(Laid::Both(made)) = graft(&old, &new, of) else { panic!("some of it stays") };
        assert_eq!(made, new);
        let part = |value: &Value, name: &str| {
            let list = value.as_list().unwrap();
            list[0].at(&["schema", "openAPIV3Schema", "properties", name]).unwrap().clone()
        };
        assert!(part(&made, "a").is_same(&part(&old, "a")), "shared");
        assert!(!part(&made, "b").is_same(&part(&old, "b")));
        assert!(matches!(graft(&old, &crd("one", "two"), of), Some(Laid::Live)));
        assert!(matches!(graft(&value!([]), &new, of), Some(Laid::Config)));
        assert!(graft(&old, &value!([{ "name": "v1", "surprise": 1 }]), of).is_none(), "it does not fit");
    }
}
