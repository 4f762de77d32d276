//! One walk for all that an apply asks of a live object and a configuration.
//!
//! [`super::super::updater`] checks both against their type, lays the one over the other, compares what comes of it
//! with the live object and collects what the configuration sets, each in a walk of its own. Here it is one walk over
//! what both have, in which most is the same. What is not plain, an item that moves or a null, is asked of
//! those others for its part alone.

use tautline_core::{FieldPath, Key, Map, MapDraft, Value};
use tautline_schema::TypeRef;
use tautline_schema::defaults::Touched;

use super::super::compare::{self, Comparison};
use super::super::join::{self, Laid, is_written_same};
use super::super::shape::{Allowed, aligned_and_distinct, is_atomic_list, is_atomic_map};
use super::super::typed::{Mismatch, fits, leaf_fits, scalar_fits};
use super::Stands;
use super::graft::graft;
use super::search::search;
use super::way::{Item, Step, path};
use crate::fieldset::raw::claim::{Claim, Claims, Due, Level, has_as_many, in_place};

/// A configuration laid over a live object.
pub(super) struct Outcome {
    /// The object, if it is another one.
    pub(super) changed: Option<Map>,
    /// Where it is another one.
    pub(super) touched: Places,
    /// Values in place of others: fields that owners may have owned.
    pub(super) modified: Vec<FieldPath>,
    /// What became of the fields where that takes more than a look.
    pub(super) found: Comparison,
    /// Whether the manager owns what the configuration sets, and nothing else.
    pub(super) is_owned: bool,
}

/// Where an object becomes another.
pub(super) struct Places {
    /// The places, in the order of the object.
    pub(super) all: Vec<Touched>,
    /// Whether all that is put there is as its type stores it.
    pub(super) are_stored: bool,
    /// Whether the items on the way have the names by which everybody tells them apart.
    pub(super) are_named: bool,
}

/// Lays a configuration over the live object; `None` where not all fits its type. `owned` is what its manager owns. Where
/// there is no other owner, nobody asks what is modified.
pub(super) fn lay(
    live: &Map,
    config: &Map,
    owned: &Map,
    of: TypeRef<'_>,
    has_others: bool,
) -> Option<Outcome> {
    let nothing = Map::new();
    let mut walk = Walk {
        at: Vec::with_capacity(16),
        touched: Places { all: Vec::new(), are_stored: true, are_named: true },
        modified: Vec::new(),
        has_others,
        found: Comparison::default(),
        changed: false,
        is_owned: !owned.is_empty() && !owned.contains_key("."),
        nothing: &nothing,
        made: None,
    };
    if live.is_empty() || config.is_empty() || is_atomic_map(of) || !Allowed::by(of).map {
        return None;
    }
    let stands = walk.fields(live, config, of, Some(owned), Level::Object)?;
    let Walk { touched, modified, found, changed, is_owned, made, .. } = walk;
    let changed = match (stands, made) {
        (Stands::Made, Some(Value::Map(map))) if changed => Some(map),
        (Stands::Live | Stands::Made, _) if !changed => None,
        _ => return None,
    };
    Some(Outcome { changed, touched, modified, found, is_owned })
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
    touched: Places,
    modified: Vec<FieldPath>,
    has_others: bool,
    found: Comparison,
    changed: bool,
    is_owned: bool,
    nothing: &'a Map,
    made: Option<Value>,
}

impl<'a> Walk<'a> {
    fn fields(
        &mut self,
        live: &'a Map,
        config: &'a Map,
        of: TypeRef<'a>,
        owned: Option<&'a Map>,
        level: Level,
    ) -> Option<Stands> {
        let mut draft = MapDraft::of(live);
        let mut all_stays = true;
        let mut types = of.in_order();
        let mut claims = Claims::new(owned.unwrap_or(self.nothing), level);
        for (key, old, new) in live.zip(config) {
            let new = match (old, new) {
                (_, Some(new)) => new,
                (Some(old), None) => {
                    stays(key, old, types.field(key)?, level).then(|| draft.keep())?;
                    continue;
                }
                (None, None) => continue,
            };
            let declared = types.declared(key);
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
            let claim = self.claim(&mut claims, key, new, declared.is_none());
            let below =
                if level == Level::Object && key == "metadata" { Level::Metadata } else { Level::Below };
            self.at.push(Step::Field(key));
            let stands = match old {
                Some(old) => self.values(Both { old, new, of, claim }, below)?,
                None => {
                    self.add(new, of, claim)?;
                    draft.put(key.clone(), new.clone());
                    all_stays = false;
                    Stands::Config
                }
            };
            self.at.pop();
            match (stands, old) {
                (_, None) => {}
                (Stands::Live, _) => draft.keep(),
                (Stands::Config, _) => draft.replace(new.clone()),
                (Stands::Made, _) => draft.replace(self.made.take()?),
            }
            all_stays &= stands == Stands::Live;
        }
        self.is_owned &= claims.are_done();
        if all_stays {
            return Some(Stands::Live);
        }
        let made = draft.finish();
        // What was empty before is read and printed again with the rest of its map.
        self.touched.are_stored = self.touched.are_stored && !of.omits(&made);
        self.made = Some(Value::Map(made));
        Some(Stands::Made)
    }

    /// What its manager has of a field, as far as it has what it should.
    #[inline]
    fn claim(
        &mut self,
        claims: &mut Claims<'a>,
        key: &Key,
        new: &Value,
        is_named: bool,
    ) -> Option<Claim<'a>> {
        match self.is_owned.then(|| claims.due(key, new, is_named))? {
            Due::Nothing => None,
            Due::Claim(claim) => Some(claim),
            Due::Unclear => {
                self.is_owned = false;
                None
            }
        }
    }

    /// Most of what is no leaf are maps of fields and lists of items that have names.
    #[inline(always)]
    fn values(&mut self, both: Both<'a>, level: Level) -> Option<Stands> {
        let Both { old, new, of, claim } = both;
        match (old, new) {
            (Value::Map(a), Value::Map(b))
                if !a.is_empty() && !b.is_empty() && Allowed::by(of).map && !is_atomic_map(of) =>
            {
                let owned = self.owned(claim, false);
                self.fields(a, b, of, owned, level)
            }
            (Value::List(a), Value::List(b))
                if !b.is_empty() && Allowed::by(of).list && !is_atomic_list(of) =>
            {
                self.items(a, b, both)
            }
            _ => self.others(both),
        }
    }

    /// What is one value, and what is not plain.
    #[inline(never)]
    fn others(&mut self, both: Both<'a>) -> Option<Stands> {
        let Both { old, new, of, claim } = both;
        let allowed = Allowed::by(of);
        match (old, new) {
            (Value::Null, _) | (_, Value::Null) => self.closely(both),
            (Value::Map(a), Value::Map(b)) if allowed.map => match is_atomic_map(of) {
                true => self.atomic(both),
                false if a.is_empty() && b.is_empty() => {
                    self.own_leaf(claim);
                    Some(Stands::Live)
                }
                false => self.closely(both),
            },
            (Value::List(_), Value::List(_)) if allowed.list && is_atomic_list(of) => self.atomic(both),
            (Value::Map(_) | Value::List(_), _) | (_, Value::Map(_) | Value::List(_)) => self.closely(both),
            _ => {
                let scalar = allowed.scalar?;
                let fit = scalar_fits(scalar, new) && scalar_fits(scalar, old);
                fit.then(|| self.leaf(both))
            }
        }
    }

    /// What the manager has below a value, as far as it has what it should.
    #[inline]
    fn owned(&mut self, claim: Option<Claim<'a>>, is_leaf: bool) -> Option<&'a Map> {
        let node = claim.filter(|_| self.is_owned)?.node(is_leaf, self.nothing);
        self.is_owned = node.is_some();
        node
    }

    fn leaf(&mut self, Both { old, new, of, claim }: Both<'a>) -> Stands {
        self.own_leaf(claim);
        if is_written_same(old, new) {
            return Stands::Live;
        }
        if old != new {
            self.changed = true;
            let path = self.path();
            self.modified.extend(self.has_others.then(|| path.clone()));
            self.touch(path, Some(old), new, of.stores(new));
        }
        Stands::Config
    }

    /// What is one value, however much is in it.
    fn atomic(&mut self, Both { old, new, of, claim }: Both<'a>) -> Option<Stands> {
        self.own_leaf(claim);
        let found = search(old, new, of, &|| path(&self.at).0)?;
        if found.is_same {
            return Some(Stands::Live);
        }
        if !found.touched.is_empty() {
            self.changed = true;
            let path = self.path();
            self.modified.extend(self.has_others.then_some(path));
        }
        self.touched.are_stored &= found.is_stored;
        match self.touched.all.is_empty() {
            true => self.touched.all = found.touched,
            false => self.touched.all.extend(found.touched),
        }
        // Only where it is looked at again does it matter how much of it is known.
        if found.is_stored { Some(Stands::Config) } else { self.stand(graft(old, new, of)?) }
    }

    fn own_leaf(&mut self, claim: Option<Claim<'a>>) {
        if let Some(node) = self.owned(claim, true) {
            self.is_owned = node.is_empty();
        }
    }

    /// Lists of items that have names.
    fn items(&mut self, live: &'a [Value], config: &'a [Value], both: Both<'a>) -> Option<Stands> {
        let Both { of, claim, .. } = both;
        let mut names = None;
        let mut entries = claim.filter(|_| self.is_owned).and_then(|claim| {
            let node = claim.node(false, self.nothing)?;
            in_place(node, of, live, config)
        });
        if entries.is_none() {
            // The same names in the same order are wanted all the same.
            let Some(aligned) = aligned_and_distinct(of, live, config) else { return self.closely(both) };
            names = Some(aligned);
        }
        let items = of.items()?;
        let node = if names.is_some() { self.owned(claim, false) } else { None };
        self.is_owned &= node.is_none_or(|node| has_as_many(node, config));
        let mut out: Option<Vec<Value>> = None;
        for (i, (old, new)) in live.iter().zip(config).enumerate() {
            let claim = match (&mut entries, node) {
                (Some(entries), _) => entries.next().map(Claim::of_entry).filter(|_| self.is_owned),
                (None, Some(node)) if self.is_owned => {
                    let claim = Claim::of_item(node, of, new, i, names.and_then(|names| names.text(new)));
                    self.is_owned = claim.is_some();
                    claim
                }
                _ => None,
            };
            self.at.push(Step::Item(Item { of, live, config, place: i }));
            let stands = self.values(Both { old, new, of: items, claim }, Level::Below)?;
            self.at.pop();
            if stands == Stands::Live && out.is_none() {
                continue;
            }
            let out = out.get_or_insert_with(|| live.iter().take(i).cloned().collect());
            out.push(match stands {
                Stands::Live => old.clone(),
                Stands::Config => new.clone(),
                Stands::Made => self.made.take()?,
            });
        }
        let Some(out) = out else { return Some(Stands::Live) };
        self.made = Some(Value::List(out.into()));
        Some(Stands::Made)
    }

    fn stand(&mut self, laid: Laid) -> Option<Stands> {
        Some(match laid {
            Laid::Live => Stands::Live,
            Laid::Config => Stands::Config,
            Laid::Both(value) => {
                self.made = Some(value);
                Stands::Made
            }
            Laid::Nothing => return None,
        })
    }

    /// What only the configuration has.
    fn add(&mut self, new: &Value, of: TypeRef<'_>, claim: Option<Claim<'a>>) -> Option<()> {
        if !fits(new, of, false) {
            return None;
        }
        self.is_owned &= claim.is_none_or(|claim| claim.holds(new, of));
        self.changed = true;
        let path = self.path();
        self.touch(path, None, new, of.stores(new));
        self.compare(None, new, of)
    }

    /// Everything step by step, for values that are not alike.
    #[inline(never)]
    fn closely(&mut self, Both { old, new, of, claim }: Both<'a>) -> Option<Stands> {
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
            Laid::Live => return Some(Stands::Live),
            Laid::Config => new,
            Laid::Both(value) => value,
            Laid::Nothing => return None,
        };
        if old != becomes {
            self.changed = true;
            self.touched.are_stored = false;
            let (from, to) = (Some(old.clone()), Some(becomes.clone()));
            let path = self.path();
            self.touched.all.push(Touched { path, from, to, is_whole: false });
        }
        self.compare(Some(old), becomes, of)?;
        self.stand(laid)
    }

    fn compare(&mut self, old: Option<&Value>, new: &Value, of: TypeRef<'_>) -> Option<()> {
        let found = std::mem::take(&mut self.found);
        self.found = compare::below(self.path(), found, old, new, of).ok()?;
        Some(())
    }

    /// Notes that all of a value is another one.
    fn touch(&mut self, path: FieldPath, old: Option<&Value>, new: &Value, is_stored: bool) {
        self.touched.are_stored &= is_stored;
        let (from, to) = (old.cloned(), Some(new.clone()));
        self.touched.all.push(Touched { path, from, to, is_whole: true });
    }

    fn path(&mut self) -> FieldPath {
        let (path, are_named) = path(&self.at);
        self.touched.are_named &= are_named;
        path
    }
}

/// Whether what only the live object has may stay.
#[inline]
fn stays(key: &Key, old: &Value, of: TypeRef<'_>, level: Level) -> bool {
    // Ownership is not the object's content.
    leaf_fits(old, of) || (level == Level::Metadata && key == "managedFields") || fits(old, of, true)
}
