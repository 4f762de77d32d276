//! Whether an owner's fields are those that a configuration makes its manager own: all that it sets but what is
//! nobody's, see [`crate::structured::updater::strip`]. Also "no" where that takes a closer look.

use tautline_core::{Entries, Key, Map, Value};
use tautline_schema::{ListType, TypeRef};

use super::super::json::{is_plain, write_text, write_value};
use super::has_dot;
use crate::structured::NOBODYS;
use crate::structured::shape::{Shape, is_atomic_list, is_atomic_map, name_part, same_name, shape_of};

/// Where in an object: some fields are nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Object,
    Metadata,
    Below,
}

/// What an owner has where a configuration sets a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) entry: Option<&'a Value>,
    /// Whether the value is a member even if it is no leaf: it is no declared field.
    pub(crate) is_named: bool,
    /// Where the value's own fields stand.
    pub(crate) level: Level,
}

/// What a value in a configuration asks of its owner.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due<'a> {
    /// Nothing: it is nobody's.
    Nothing,
    /// To own it.
    Claim(Claim<'a>),
    /// What takes a closer look.
    Unclear,
}

/// An owner's fields of one map, for one who comes along the map's keys in order.
#[derive(Debug)]
pub(crate) struct Claims<'a> {
    left: Entries<'a>,
    level: Level,
}

impl<'a> Claims<'a> {
    pub(crate) fn new(node: &'a Map, level: Level) -> Self {
        let mut left = node.iter();
        if left.first().is_some_and(|(key, _)| key.is_dot()) {
            left.next();
        }
        Self { left, level }
    }

    /// What is due for a key; `is_named` if its type is not declared.
    #[inline]
    pub(crate) fn due(&mut self, key: &Key, value: &Value, is_named: bool) -> Due<'a> {
        let is_metadata = self.level == Level::Object && key == "metadata";
        if is_nobodys(self.level, key) && !is_metadata {
            let is_scalar = !matches!(value, Value::List(_) | Value::Map(_));
            return if is_scalar { Due::Nothing } else { Due::Unclear };
        }
        let entry = match self.left.first() {
            Some((name, below)) if key.is_owned_as(name) => {
                self.left.next();
                Some(below)
            }
            _ => None,
        };
        let level = if is_metadata { Level::Metadata } else { Level::Below };
        Due::Claim(Claim { entry, is_named, level })
    }

    /// Whether a leaf of this key is owned, as it is most of the time; if not, [`Claims::due`] tells more.
    #[inline]
    pub(crate) fn own_leaf(&mut self, key: &Key) -> bool {
        match self.left.first() {
            Some((name, Value::Map(below)))
                if self.level == Level::Below && key.is_owned_as(name) && below.is_empty() =>
            {
                self.left.next();
                true
            }
            _ => false,
        }
    }

    /// Whether nothing is owned beside what was asked for.
    pub(crate) fn are_done(self) -> bool {
        self.left.len() == 0
    }
}

impl<'a> Claim<'a> {
    /// What the owner has of a keyed list's or a set's item, likely at a place in its node. A text that alone names the
    /// item may be known.
    pub(crate) fn of_item(
        node: &'a Map,
        of: TypeRef<'_>,
        item: &Value,
        likely: usize,
        text: Option<&str>,
    ) -> Option<Self> {
        let entry = plainly_named(node, of, item, likely, text).or_else(|| {
            let mut name = String::new();
            print_name(of, item, &mut name)?;
            node.get(&name)
        });
        Some(Self { entry: Some(entry?), is_named: true, level: Level::Below })
    }

    /// What the owner has of an item by the entry that names it.
    #[inline]
    pub(crate) fn of_entry((_, entry): (&'a Key, &'a Value)) -> Self {
        Self { entry: Some(entry), is_named: true, level: Level::Below }
    }

    /// What the owner has below a value that is a leaf or not; `None` if it does not own the value as it should.
    #[inline]
    pub(crate) fn node(self, is_leaf: bool, nothing: &'a Map) -> Option<&'a Map> {
        let is_due = self.level != Level::Metadata && (self.is_named || is_leaf);
        let node = match self.entry {
            Some(Value::Map(node)) => node,
            Some(_) => return None,
            // What is no member and has no entry has nothing below it either.
            None => return (!is_due).then_some(nothing),
        };
        let mut entries = node.iter();
        let is_member = match entries.next() {
            // As it would be printed: a member with something below it.
            Some((key, Value::Map(dot))) if key.is_dot() && dot.is_empty() && entries.len() > 0 => true,
            Some((key, _)) if key.is_dot() => return None,
            first => first.is_none(),
        };
        (is_member == is_due).then_some(node)
    }

    /// Whether the owner has what the value and all in it make it own.
    pub(crate) fn holds(self, value: &Value, of: TypeRef<'_>) -> bool {
        let (shape, nothing) = (shape_of(of, value), Map::new());
        let is_leaf = match shape {
            Shape::Scalar(_) => true,
            Shape::List => is_atomic_list(of),
            Shape::Map => is_atomic_map(of),
        };
        let is_bare = match value {
            Value::Null => true,
            Value::Map(map) => map.is_empty(),
            _ => false,
        };
        self.node(is_leaf || is_bare, &nothing).is_some_and(|node| match (shape, value) {
            (Shape::List, Value::List(items)) if !is_leaf => items_hold(node, items, of),
            (Shape::Map, Value::Map(fields)) if !is_leaf => fields_hold(node, fields, of, self.level),
            _ => node.is_empty(),
        })
    }
}

fn fields_hold(node: &Map, fields: &Map, of: TypeRef<'_>, level: Level) -> bool {
    let mut claims = Claims::new(node, level);
    let mut types = of.in_order();
    fields.iter().all(|(key, value)| {
        let declared = types.declared(key);
        let Some(of) = declared.or_else(|| of.additional()) else { return false };
        match claims.due(key, value, declared.is_none()) {
            Due::Nothing => true,
            Due::Claim(claim) => claim.holds(value, of),
            Due::Unclear => false,
        }
    }) && claims.are_done()
}

/// Every item is a member, each once.
fn items_hold(node: &Map, items: &[Value], of: TypeRef<'_>) -> bool {
    has_as_many(node, items)
        && items.iter().enumerate().all(|(i, item)| {
            let claim = Claim::of_item(node, of, item, i, None).zip(of.items());
            claim.is_some_and(|(claim, of)| claim.holds(item, of))
        })
}

/// Whether an owner has as many items as there are.
pub(crate) fn has_as_many(node: &Map, items: &[Value]) -> bool {
    items.len() + usize::from(has_dot(node)) == node.len()
}

#[inline]
fn is_nobodys(level: Level, key: &str) -> bool {
    match level {
        Level::Object => matches!(key, "apiVersion" | "kind" | "metadata"),
        Level::Metadata => NOBODYS.contains(&key),
        Level::Below => false,
    }
}

/// The entry of an item that is named by plain texts and numbers, found without printing its name.
fn plainly_named<'a>(
    node: &'a Map,
    of: TypeRef<'_>,
    item: &Value,
    likely: usize,
    text: Option<&str>,
) -> Option<&'a Value> {
    let ListType::Map(keys) = of.list_type() else { return None };
    let entries = node.iter();
    match (keys, text) {
        ([key], Some(text)) => {
            find(&entries, likely, |name| is_named(name, key, text)).filter(|_| is_plain(text))
        }
        (keys, _) if keys.is_sorted() => {
            let fields = item.as_map()?;
            find(&entries, likely, |name| is_plainly_named(name, of, fields, keys) == Some(true))
        }
        _ => None,
    }
}

/// An owner's entries of two lists that have the same names in the same order, if the owner has an entry for each, in
/// that order too, and nothing else: then each name is one of its own. `None` also where that takes a closer look.
#[inline]
pub(crate) fn in_place<'a>(
    node: &'a Map,
    of: TypeRef<'_>,
    a: &[Value],
    b: &[Value],
) -> Option<impl Iterator<Item = (&'a Key, &'a Value)>> {
    let ListType::Map(keys) = of.list_type() else { return None };
    let entries = node.iter().skip(usize::from(has_dot(node)));
    if entries.len() != b.len() || a.len() != b.len() {
        return None;
    }
    let names = entries.clone().map(|(name, _)| name);
    let mut named = names.zip(a.iter().zip(b));
    let are_named = match keys {
        [key] => named.all(|(name, (a, b))| {
            let text = |item| name_part(of, Value::as_map(item)?, key)?.as_str();
            text(b).is_some_and(|b| text(a) == Some(b) && is_named(name, key, b) && is_plain(b))
        }),
        keys if keys.is_sorted() => named.all(|(name, (a, b))| {
            let fields = b.as_map().filter(|_| same_name(of, a, b));
            fields.is_some_and(|fields| is_plainly_named(name, of, fields, keys) == Some(true))
        }),
        _ => false,
    };
    are_named.then_some(entries)
}

/// An entry that is likely at a place.
#[inline]
fn find<'a>(entries: &Entries<'a>, likely: usize, is_it: impl Fn(&str) -> bool) -> Option<&'a Value> {
    let there = entries.get(likely).filter(|(name, _)| is_it(name));
    there.or_else(|| entries.clone().find(|(name, _)| is_it(name))).map(|(_, entry)| entry)
}

/// Whether a name is `k:{"name":"app"}`.
#[inline]
fn is_named(name: &str, key: &str, text: &str) -> bool {
    let rest = name.strip_prefix("k:{\"").and_then(|rest| rest.strip_prefix(key));
    let rest = rest.and_then(|rest| rest.strip_prefix("\":\"")?.strip_prefix(text));
    rest == Some("\"}")
}

/// A value in an item's name.
enum Part<'a> {
    Text(&'a str),
    Number(i64),
}

/// Whether a name is an item's; `None` also where that takes a closer look.
fn is_plainly_named(name: &str, of: TypeRef<'_>, fields: &Map, keys: &[Key]) -> Option<bool> {
    let mut rest = name.strip_prefix("k:{")?;
    let mut before = "";
    for key in keys {
        let part = match name_part(of, fields, key) {
            None => continue,
            Some(Value::String(text)) if is_plain(text) => Part::Text(text),
            Some(Value::Int(number)) => Part::Number(*number),
            Some(_) => return None,
        };
        rest = after_part(rest.strip_prefix(before)?, key, part)?;
        before = ",";
    }
    Some(rest == "}")
}

/// What comes after `"name":"app"` or `"port":80`.
#[inline]
fn after_part<'n>(name: &'n str, key: &str, part: Part<'_>) -> Option<&'n str> {
    let rest = name.strip_prefix('"')?.strip_prefix(key)?.strip_prefix("\":")?;
    match part {
        Part::Text(text) => rest.strip_prefix('"')?.strip_prefix(text)?.strip_prefix('"'),
        Part::Number(number) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (written, rest) = rest.split_at_checked(digits)?;
            let is_canonical = written == "0" || !written.starts_with('0');
            (is_canonical && written.parse() == Ok(number)).then_some(rest)
        }
    }
}

/// The name of an item as `fieldsV1` has it.
fn print_name(of: TypeRef<'_>, item: &Value, out: &mut String) -> Option<()> {
    match (of.list_type(), item) {
        (ListType::Map(keys), Value::Map(fields)) if keys.is_sorted() => {
            out.push_str("k:{");
            for key in keys {
                let Some(value) = name_part(of, fields, key) else { continue };
                if !out.ends_with('{') {
                    out.push(',');
                }
                write_text(key, false, out);
                out.push(':');
                write_value(value, out);
            }
            out.push('}');
            Some(())
        }
        (ListType::Map(_), _) => None,
        (_, scalar) => {
            out.push_str("v:");
            write_value(scalar, out);
            Some(())
        }
    }
}
