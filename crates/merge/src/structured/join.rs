//! The applied value laid over the live one.

use tautline_core::{Map, MapDraft, PathElement, Value};
use tautline_schema::TypeRef;

use super::shape::{Allowed, Shape, aligned, is_atomic_list, is_atomic_map, item_element};
use super::typed::{Mismatch, Typed, scalar_fits, validate_scalar};

/// Lays `config` over `live`: where both name a leaf, `config`'s stays; items of sets and keyed lists take
/// `config`'s order, those it does not name keep their place before the next common item. Both were checked against
/// their type. What stays as it is keeps its place in memory, so that later steps see it without looking.
pub(super) fn merge(live: &Typed, config: &Typed) -> Result<Typed, Mismatch> {
    let mut problems = Mismatch::default();
    let laid = lay(&live.value, &config.value, live.root.node(), &mut problems);
    let value = laid.of(&live.value, &config.value).unwrap_or_default();
    problems.into_result()?;
    Ok(Typed { value, root: live.root.clone() })
}

/// What stands where both sides had a value.
pub(super) enum Laid {
    Live,
    Config,
    Both(Value),
    Nothing,
}

impl Laid {
    pub(super) fn of(self, live: &Value, config: &Value) -> Option<Value> {
        match self {
            Self::Live => Some(live.clone()),
            Self::Config => Some(config.clone()),
            Self::Both(value) => Some(value),
            Self::Nothing => None,
        }
    }
}

pub(super) fn lay(live: &Value, config: &Value, of: TypeRef<'_>, problems: &mut Mismatch) -> Laid {
    let allowed = Allowed::by(of);
    let (as_live, as_config) = (allowed.narrow(Some(live)), allowed.narrow(Some(config)));
    if as_live != as_config {
        shaped(live, config, of, as_live.shape(), problems);
    }
    shaped(live, config, of, as_config.shape(), problems)
}

fn shaped(live: &Value, config: &Value, of: TypeRef<'_>, shape: Shape, problems: &mut Mismatch) -> Laid {
    match shape {
        Shape::Scalar(scalar) => {
            if !scalar_fits(scalar, live) && !scalar_fits(scalar, config) {
                problems.extend(validate_scalar(scalar, Some(live), "lhs: "));
                problems.extend(validate_scalar(scalar, Some(config), "rhs: "));
                return Laid::Nothing;
            }
            leaf(live, config)
        }
        Shape::List => {
            let (a, b) = (items(live), items(config));
            if is_atomic_list(of) || (a.is_empty() && b.is_empty()) {
                leaf(live, config)
            } else if aligned(of, a, b) {
                // The configuration's names were found to be distinct, and so are the same ones.
                lay_aligned(a, b, of)
            } else {
                lay_lists(a, b, of, problems)
            }
        }
        Shape::Map => {
            if let (Value::Map(a), Value::Map(b)) = (live, config)
                && !is_atomic_map(of)
                && !(a.is_empty() && b.is_empty())
            {
                return lay_maps(a, b, of, problems);
            }
            let empty = Map::new();
            let (a, b) = (live.as_map().unwrap_or(&empty), config.as_map().unwrap_or(&empty));
            if is_atomic_map(of) || (a.is_empty() && b.is_empty()) {
                return leaf(live, config);
            }
            lay_maps(a, b, of, problems)
        }
    }
}

/// The configuration's value; the live one where both are written the same.
fn leaf(live: &Value, config: &Value) -> Laid {
    if is_written_same(live, config) { Laid::Live } else { Laid::Config }
}

/// Whether two values are equal and their numbers of the same kind.
pub(super) fn is_written_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (a, b) if a.is_same(b) => true,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_written_same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|((k, a), (other, b))| k == other && is_written_same(a, b))
        }
        _ => false,
    }
}

fn lay_maps(live: &Map, config: &Map, of: TypeRef<'_>, problems: &mut Mismatch) -> Laid {
    let mut draft = MapDraft::of(live);
    let mut types = of.in_order();
    let mut is_empty = true;
    for (key, old, new) in live.zip(config) {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, Some(new)) => {
                draft.put(key.clone(), new.clone());
                is_empty = false;
                continue;
            }
            (_, None) => {
                draft.keep();
                is_empty = false;
                continue;
            }
        };
        let Some(of) = types.field(key) else {
            let error = Mismatch::new("schema error: invalid atom: inlined");
            problems.extend(error.below(&PathElement::Field(key.clone())));
            draft.skip();
            continue;
        };
        let mut found = Mismatch::default();
        let laid = lay(old, new, of, &mut found);
        if !found.is_empty() {
            problems.extend(found.below(&PathElement::Field(key.clone())));
        }
        is_empty &= matches!(laid, Laid::Nothing);
        match laid {
            Laid::Live => draft.keep(),
            Laid::Config => draft.replace(new.clone()),
            Laid::Both(value) => draft.replace(value),
            Laid::Nothing => draft.skip(),
        }
    }
    if is_empty {
        return Laid::Nothing;
    }
    draft.changed().map_or(Laid::Live, |map| Laid::Both(Value::Map(map)))
}

/// Lists with the same names in the same order.
fn lay_aligned(live: &[Value], config: &[Value], of: TypeRef<'_>) -> Laid {
    let Some(of) = of.items() else { return Laid::Nothing };
    let mut out: Option<Vec<Value>> = None;
    for (i, (old, new)) in live.iter().zip(config).enumerate() {
        let laid = lay(old, new, of, &mut Mismatch::default());
        if matches!(laid, Laid::Live) && out.is_none() {
            continue;
        }
        let out = out.get_or_insert_with(|| live.iter().take(i).cloned().collect());
        out.extend(laid.of(old, new));
    }
    match out {
        None => Laid::Live,
        Some(out) if out.is_empty() => Laid::Nothing,
        Some(out) => Laid::Both(Value::List(out.into())),
    }
}

/// A list's items with their names, and whether a name occurs more than once.
struct Named<'a>(Vec<(PathElement, &'a Value)>);

impl<'a> Named<'a> {
    fn read(list: &'a [Value], of: TypeRef<'_>, duplicates: bool, problems: &mut Mismatch) -> Self {
        let mut named: Vec<(PathElement, &Value)> = Vec::with_capacity(list.len());
        for (i, item) in list.iter().enumerate() {
            match item_element(of, item) {
                Err(message) => problems.extend(Mismatch::new(format!("element {i}: {message}"))),
                Ok(element) if !duplicates && named.iter().any(|(e, _)| *e == element) => {
                    let name = crate::go_print::element(&element);
                    problems.extend(Mismatch::new(format!("duplicate entries for key {name}")));
                }
                Ok(element) => named.push((element, item)),
            }
        }
        Self(named)
    }

    fn has(&self, element: &PathElement) -> bool {
        self.0.iter().any(|(e, _)| e == element)
    }

    /// The item of a name; null stands for several.
    fn get(&self, element: &PathElement) -> Option<&Value> {
        const SEVERAL: &Value = &Value::Null;
        let mut found = self.0.iter().filter(|(e, _)| e == element).map(|(_, item)| *item);
        let first = found.next()?;
        Some(if found.next().is_some() { SEVERAL } else { first })
    }
}

fn lay_lists(live: &[Value], config: &[Value], of: TypeRef<'_>, problems: &mut Mismatch) -> Laid {
    let mut found = Mismatch::default();
    let right = Named::read(config, of, false, &mut found);
    let left = Named::read(live, of, true, &mut found);
    let Some(items) = of.items().filter(|_| found.is_empty()) else {
        problems.extend(found);
        return Laid::Nothing;
    };
    let mut out: Vec<Value> = Vec::with_capacity(left.0.len().max(right.0.len()));
    let mut add = |live: Option<&Value>, config: Option<&Value>| {
        out.extend(match (live, config) {
            (Some(live), Some(config)) => lay(live, config, items, &mut Mismatch::default()).of(live, config),
            (one, other) => one.or(other).cloned(),
        });
    };

    let mut shared = right.0.iter().map(|(e, _)| e).filter(|e| left.has(e));
    let mut next_shared = shared.next();
    let mut merged: Vec<&PathElement> = Vec::with_capacity(right.0.len());
    let (mut l, mut r) = (0, 0);
    while l < left.0.len() || r < right.0.len() {
        let (at_left, at_right) = (left.0.get(l), right.0.get(r));
        if let (Some((name, _)), Some((other, _))) = (at_left, at_right) {
            if name == other {
                merged.push(name);
                add(left.get(name), right.get(name));
                (l, r) = (l + 1, r + 1);
                next_shared = shared.next();
                continue;
            }
            if right.has(name) && next_shared.is_some_and(|next| next != name) {
                // Common, but its turn in the new order comes later.
                l += 1;
                continue;
            }
        }
        if let Some((name, item)) = at_left {
            if !right.has(name) {
                add(Some(item), None);
                l += 1;
                continue;
            }
            if merged.contains(&name) {
                l += 1;
            }
        }
        if let Some((name, _)) = at_right {
            merged.push(name);
            add(left.get(name), right.get(name));
            r += 1;
            if next_shared == Some(name) {
                next_shared = shared.next();
            }
        }
    }
    if out.is_empty() {
        return Laid::Nothing;
    }
    let stays = live.len() == out.len() && live.iter().zip(&out).all(|(a, b)| a.is_same(b));
    if stays { Laid::Live } else { Laid::Both(Value::List(out.into())) }
}

fn items(side: &Value) -> &[Value] {
    match side {
        Value::List(items) => items,
        _ => &[],
    }
}
