//! The applied value laid over the live one.

use tautline_core::{List, Map, MapDraft, PathElement, Value};
use tautline_schema::TypeRef;

use super::shape::{Allowed, Shape, aligned, is_atomic_list, is_atomic_map, item_element};
use super::typed::{Mismatch, Typed, validate_scalar};

/// Lays `config` over `live`: where both name a leaf, `config`'s stays; items of sets and keyed lists take
/// `config`'s order, those it does not name keep their place before the next common item.
pub(super) fn merge(live: &Typed, config: &Typed) -> Result<Typed, Mismatch> {
    let (value, problems) = join(Some(&live.value), Some(&config.value), live.root.node());
    problems.into_result()?;
    Ok(Typed { value: value.unwrap_or_default(), root: live.root.clone() })
}

type Side<'a> = Option<&'a Value>;
type Joined = (Option<Value>, Mismatch);

/// Both were checked against their type: what only one names stays as it is.
fn join(live: Side<'_>, config: Side<'_>, of: TypeRef<'_>) -> Joined {
    if live.is_none() || config.is_none() {
        return (config.or(live).cloned(), Mismatch::default());
    }
    let allowed = Allowed::by(of);
    let (as_live, as_config) = (allowed.narrow(live), allowed.narrow(config));
    if as_live == as_config {
        shaped(live, config, of, as_config.shape())
    } else {
        let (_, mut problems) = shaped(live, config, of, as_live.shape());
        let (value, more) = shaped(live, config, of, as_config.shape());
        problems.extend(more);
        (value, problems)
    }
}

fn shaped(live: Side<'_>, config: Side<'_>, of: TypeRef<'_>, shape: Shape) -> Joined {
    let leaf = || (config.or(live).cloned(), Mismatch::default());
    match shape {
        Shape::Scalar(scalar) => {
            let mut problems = validate_scalar(scalar, live, "lhs: ");
            let more = validate_scalar(scalar, config, "rhs: ");
            if !problems.is_empty() && !more.is_empty() {
                problems.extend(more);
                return (None, problems);
            }
            leaf()
        }
        Shape::List => {
            let (a, b) = (items(live), items(config));
            if is_atomic_list(of) || (a.is_empty() && b.is_empty()) {
                return leaf();
            }
            let (value, problems) =
                if aligned(of, a, b) { join_aligned(a, b, of) } else { join_lists(a, b, of) };
            (value.map(|value| unchanged(live, value)), problems)
        }
        Shape::Map => {
            let empty = Map::new();
            let a = live.and_then(Value::as_map).unwrap_or(&empty);
            let b = config.and_then(Value::as_map).unwrap_or(&empty);
            if is_atomic_map(of) || (a.is_empty() && b.is_empty()) {
                return leaf();
            }
            join_maps(a, b, of)
        }
    }
}

fn join_maps(live: &Map, config: &Map, of: TypeRef<'_>) -> Joined {
    let mut problems = Mismatch::default();
    // What stays as it is keeps its place in memory, so that later steps see it without looking.
    let mut draft = MapDraft::of(live);
    let mut types = of.in_order();
    let mut is_empty = true;
    for (key, old, new) in live.zip(config) {
        let Some(new) = new else {
            draft.keep();
            is_empty = false;
            continue;
        };
        let Some(of) = types.field(key) else {
            let error = Mismatch::new("schema error: invalid atom: inlined");
            problems.extend(error.below(&PathElement::Field(key.clone())));
            continue;
        };
        let (value, more) = join(old, Some(new), of);
        if !more.is_empty() {
            problems.extend(more.below(&PathElement::Field(key.clone())));
        }
        is_empty &= value.is_none();
        match (old, value) {
            (Some(old), Some(value)) if old.is_same(&value) => draft.keep(),
            (Some(_), Some(value)) => draft.replace(value),
            (Some(_), None) => draft.skip(),
            (None, Some(value)) => draft.put(key.clone(), value),
            (None, None) => {}
        }
    }
    ((!is_empty).then(|| Value::Map(draft.finish())), problems)
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

/// Lists with the same names in the same order.
fn join_aligned(live: &[Value], config: &[Value], of: TypeRef<'_>) -> Joined {
    let Some(items) = of.items() else { return (None, Mismatch::default()) };
    let joined = live.iter().zip(config).filter_map(|(old, new)| join(Some(old), Some(new), items).0);
    (Some(Value::List(joined.collect())), Mismatch::default())
}

fn join_lists(live: &[Value], config: &[Value], of: TypeRef<'_>) -> Joined {
    let mut problems = Mismatch::default();
    let right = Named::read(config, of, false, &mut problems);
    let left = Named::read(live, of, true, &mut problems);
    let Some(items) = of.items().filter(|_| problems.is_empty()) else { return (None, problems) };
    let mut out: Vec<Value> = Vec::with_capacity(left.0.len().max(right.0.len()));
    let mut add = |live: Side<'_>, config: Side<'_>| out.extend(join(live, config, items).0);

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
    ((!out.is_empty()).then(|| Value::List(out.into_iter().collect::<List>())), problems)
}

/// The live list itself where the merged one holds the same.
fn unchanged(live: Side<'_>, merged: Value) -> Value {
    match (live, &merged) {
        (Some(Value::List(old)), Value::List(new))
            if old.len() == new.len() && old.iter().zip(new.iter()).all(|(a, b)| a.is_same(b)) =>
        {
            Value::List(old.clone())
        }
        _ => merged,
    }
}

fn items(side: Side<'_>) -> &[Value] {
    match side {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}
