//! One walk for all that an apply asks of a live object and a configuration.
//!
//! [`super::super::updater`] checks both against their type, lays the one over the other, compares what comes of it
//! with the live object and collects what the configuration sets, each in a walk of its own. Here it is one walk over
//! what both have, in which most is the same. What is not plain, an item that moves or a null, is asked of
//! those others for its part alone.

use std::cmp::Ordering;

use tautline_core::{FieldPath, Key, Map, MapDraft, PathElement, Value};
use tautline_schema::TypeRef;

use super::super::compare::{self, Comparison};
use super::super::join::{self, Laid, is_written_same};
use super::super::shape::{
    Allowed, Names, aligned_and_distinct, is_atomic_list, is_atomic_map, item_element,
};
use super::super::typed::{Mismatch, fits, leaf_fits, scalar_fits};
use super::graft::graft;
use crate::fieldset::raw::claim::{Claim, Claims, Due, Level, has_as_many};

/// A configuration laid over a live object.
pub(super) struct Outcome {
    /// The object, if it is another one.
    pub(super) changed: Option<Map>,
    /// What became of the fields.
    pub(super) found: Comparison,
    /// Whether the manager owns what the configuration sets, and nothing else.
    pub(super) is_owned: bool,
}

/// Lays a configuration over the live object; `None` where not all fits its type. `owned` is what its manager owns.
pub(super) fn lay(live: &Map, config: &Map, owned: &Map, of: TypeRef<'_>) -> Option<Outcome> {
    let nothing = Map::new();
    let mut walk = Walk {
        at: Vec::with_capacity(16),
        found: Comparison::default(),
        changed: false,
        is_owned: !owned.is_empty() && !owned.contains_key("."),
        nothing: &nothing,
    };
    if live.is_empty() || config.is_empty() || is_atomic_map(of) || !Allowed::by(of).map {
        return None;
    }
    let laid = walk.fields(live, config, of, Some(owned), Level::Object)?;
    let Walk { found, changed, is_owned, .. } = walk;
    let changed = match laid {
        Laid::Both(Value::Map(map)) if changed => Some(map),
        Laid::Live | Laid::Both(_) if !changed => None,
        _ => return None,
    };
    Some(Outcome { changed, found, is_owned })
}

/// A step on the way to the place that is looked at: made a path's element only where something is found.
#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a Key),
    Item(&'a Value, TypeRef<'a>),
}

/// A place where both have a value, and what its manager has of it.
#[derive(Clone, Copy)]
struct Both<'a> {
    old: &'a Value,
    new: &'a Value,
    of: TypeRef<'a>,
    claim: Option<Claim<'a>>,
}

struct Walk<'a> {
    at: Vec<Step<'a>>,
    found: Comparison,
    changed: bool,
    is_owned: bool,
    nothing: &'a Map,
}

impl<'a> Walk<'a> {
    fn fields(
        &mut self,
        live: &'a Map,
        config: &'a Map,
        of: TypeRef<'a>,
        owned: Option<&'a Map>,
        level: Level,
    ) -> Option<Laid> {
        let mut draft = MapDraft::of(live);
        let mut types = of.in_order();
        let mut claims = Claims::new(owned.unwrap_or(self.nothing), level);
        let mut left = live.iter();
        let mut ahead = left.next();
        for (key, new) in config {
            let old = loop {
                let Some((other, old)) = ahead else { break None };
                match other.cmp(key) {
                    Ordering::Less => {
                        ahead = left.next();
                        stays(other, old, types.field(other)?, level).then(|| draft.keep())?;
                    }
                    Ordering::Equal => {
                        ahead = left.next();
                        break Some(old);
                    }
                    Ordering::Greater => break None,
                }
            };
            let declared = types.declared(key);
            let is_named = declared.is_none();
            let of = declared.or_else(|| of.additional())?;
            // Most is a leaf that stays as it is.
            if let Some(old) = old
                && leaf_fits(new, of)
                && new.is_same(old)
                && (!self.is_owned || claims.own_leaf(key))
            {
                draft.keep();
                continue;
            }
            let claim = match self.is_owned.then(|| claims.due(key, new, is_named)) {
                None | Some(Due::Nothing) => None,
                Some(Due::Claim(claim)) => Some(claim),
                Some(Due::Unclear) => {
                    self.is_owned = false;
                    None
                }
            };
            let below =
                if level == Level::Object && key == "metadata" { Level::Metadata } else { Level::Below };
            self.at.push(Step::Field(key));
            match old {
                Some(old) => match self.values(old, new, of, claim, below)? {
                    Laid::Live => draft.keep(),
                    Laid::Config => draft.replace(new.clone()),
                    Laid::Both(value) => draft.replace(value),
                    Laid::Nothing => return None,
                },
                None => {
                    self.add(new, of, claim)?;
                    draft.put(key.clone(), new.clone());
                }
            }
            self.at.pop();
        }
        for (other, old) in ahead.into_iter().chain(left) {
            stays(other, old, types.field(other)?, level).then(|| draft.keep())?;
        }
        self.is_owned &= claims.are_done();
        Some(draft.changed().map_or(Laid::Live, |map| Laid::Both(Value::Map(map))))
    }

    fn values(
        &mut self,
        old: &'a Value,
        new: &'a Value,
        of: TypeRef<'a>,
        claim: Option<Claim<'a>>,
        level: Level,
    ) -> Option<Laid> {
        let allowed = Allowed::by(of);
        let both = Both { old, new, of, claim };
        match (old, new) {
            (Value::Null, _) | (_, Value::Null) => self.closely(both),
            (Value::Map(a), Value::Map(b)) if allowed.map => match is_atomic_map(of) {
                true => self.atomic(both),
                false if a.is_empty() && b.is_empty() => {
                    self.own_leaf(claim);
                    Some(Laid::Live)
                }
                false if a.is_empty() || b.is_empty() => self.closely(both),
                false => {
                    let owned = self.owned(claim, false);
                    self.fields(a, b, of, owned, level)
                }
            },
            (Value::List(a), Value::List(b)) if allowed.list => {
                if is_atomic_list(of) {
                    return self.atomic(both);
                }
                match aligned_and_distinct(of, a, b).filter(|_| !b.is_empty()) {
                    Some(names) => self.items(a, b, of, claim, names),
                    None => self.closely(both),
                }
            }
            (Value::Map(_) | Value::List(_), _) | (_, Value::Map(_) | Value::List(_)) => self.closely(both),
            _ => {
                let scalar = allowed.scalar?;
                let fit = scalar_fits(scalar, new) && scalar_fits(scalar, old);
                fit.then(|| self.leaf(old, new, claim))
            }
        }
    }

    /// What the manager has below a value, as far as it has what it should.
    fn owned(&mut self, claim: Option<Claim<'a>>, is_leaf: bool) -> Option<&'a Map> {
        let node = claim.filter(|_| self.is_owned)?.node(is_leaf, self.nothing);
        self.is_owned = node.is_some();
        node
    }

    fn leaf(&mut self, old: &Value, new: &Value, claim: Option<Claim<'a>>) -> Laid {
        self.own_leaf(claim);
        if is_written_same(old, new) {
            return Laid::Live;
        }
        self.modify(old, new);
        Laid::Config
    }

    /// What is one value, however much is in it.
    fn atomic(&mut self, Both { old, new, of, claim }: Both<'a>) -> Option<Laid> {
        self.own_leaf(claim);
        let laid = graft(old, new, of)?;
        match &laid {
            Laid::Live => {}
            Laid::Both(made) => self.modify(old, made),
            Laid::Config | Laid::Nothing => self.modify(old, new),
        }
        Some(laid)
    }

    fn own_leaf(&mut self, claim: Option<Claim<'a>>) {
        if let Some(node) = self.owned(claim, true) {
            self.is_owned = node.is_empty();
        }
    }

    fn modify(&mut self, old: &Value, new: &Value) {
        if old != new {
            self.changed = true;
            let path = self.path();
            self.found.modified.insert(&path);
        }
    }

    /// Lists with the same names in the same order.
    fn items(
        &mut self,
        live: &'a [Value],
        config: &'a [Value],
        of: TypeRef<'a>,
        claim: Option<Claim<'a>>,
        names: Names<'a>,
    ) -> Option<Laid> {
        let items = of.items()?;
        let node = self.owned(claim, false);
        self.is_owned &= node.is_none_or(|node| has_as_many(node, config));
        let mut out: Option<Vec<Value>> = None;
        for (i, (old, new)) in live.iter().zip(config).enumerate() {
            let claim = node.filter(|_| self.is_owned).and_then(|node| {
                let claim = Claim::of_item(node, of, new, i, names.text(new));
                self.is_owned = claim.is_some();
                claim
            });
            self.at.push(Step::Item(new, of));
            let laid = self.values(old, new, items, claim, Level::Below)?;
            self.at.pop();
            if matches!(laid, Laid::Live) && out.is_none() {
                continue;
            }
            let out = out.get_or_insert_with(|| live.iter().take(i).cloned().collect());
            out.push(laid.of(old, new)?);
        }
        Some(out.map_or(Laid::Live, |out| Laid::Both(Value::List(out.into()))))
    }

    /// What only the configuration has.
    fn add(&mut self, new: &Value, of: TypeRef<'_>, claim: Option<Claim<'a>>) -> Option<()> {
        if !fits(new, of, false) {
            return None;
        }
        self.is_owned &= claim.is_none_or(|claim| claim.holds(new, of));
        self.changed = true;
        self.compare(None, new, of)
    }

    /// Everything step by step, for values that are not alike.
    fn closely(&mut self, Both { old, new, of, claim }: Both<'a>) -> Option<Laid> {
        if !fits(new, of, false) || !fits(old, of, true) {
            return None;
        }
        if self.is_owned {
            self.is_owned = claim.is_none_or(|claim| claim.holds(new, of));
        }
        let mut problems = Mismatch::default();
        let laid = join::lay(old, new, of, &mut problems);
        let becomes = match &laid {
            _ if !problems.is_empty() => return None,
            Laid::Live => return Some(laid),
            Laid::Config => new,
            Laid::Both(value) => value,
            Laid::Nothing => return None,
        };
        self.changed |= old != becomes;
        self.compare(Some(old), becomes, of)?;
        Some(laid)
    }

    fn compare(&mut self, old: Option<&Value>, new: &Value, of: TypeRef<'_>) -> Option<()> {
        let found = std::mem::take(&mut self.found);
        self.found = compare::below(self.path(), found, old, new, of).ok()?;
        Some(())
    }

    fn path(&self) -> FieldPath {
        let element = |step: &Step<'_>| match step {
            Step::Field(key) => PathElement::Field(Key::clone(key)),
            // Every item was found to have a name.
            Step::Item(item, of) => item_element(*of, item).unwrap_or(PathElement::Index(0)),
        };
        self.at.iter().map(element).collect()
    }
}

/// Whether what only the live object has may stay.
#[inline]
fn stays(key: &Key, old: &Value, of: TypeRef<'_>, level: Level) -> bool {
    // Ownership is not the object's content.
    leaf_fits(old, of) || (level == Level::Metadata && key == "managedFields") || fits(old, of, true)
}
