//! Map keys: a number for each field name Kubernetes knows, text for every other.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::sync::LazyLock;

use super::known::NAMES;
use super::{Text, text_of};

/// The key of a map entry.
///
/// A name in the generated table of Kubernetes' field names is kept as its number, any other as [`Text`]. The table is read-only and there is no global interner, so hostile keys never accumulate. Keys
/// compare, order and hash as their text does.
#[derive(Clone)]
pub struct Key(Repr);

#[derive(Clone)]
enum Repr {
    Known(u16),
    Other(Text),
}

impl Key {
    /// Makes the key for a text. Never allocates for a name in the table.
    pub fn new(text: &str) -> Self {
        match find(text) {
            Some(id) => Self(Repr::Known(id)),
            None => Self(Repr::Other(Text::from(text))),
        }
    }

    /// Whether this is the name with a number.
    #[inline]
    pub(super) fn is_known_as(&self, number: u16) -> bool {
        self.known_id() == Some(number)
    }

    /// Whether this is a text that the table does not have.
    #[inline]
    pub(super) fn is_other(&self, text: &str) -> bool {
        matches!(&self.0, Repr::Other(other) if *other == *text)
    }

    /// The key with a number of the table.
    #[inline]
    pub(super) fn known(id: u16) -> Self {
        Self(Repr::Known(id))
    }

    /// The key of a text that the table is known not to have.
    #[inline]
    pub(super) fn other(text: &str) -> Self {
        Self(Repr::Other(text_of(text)))
    }

    /// Makes an empty key that of a text that the table is known not to have.
    #[inline(always)]
    pub(super) fn become_other(&mut self, text: &str) {
        debug_assert!(self.is_empty(), "only the empty key need not be dropped");
        mem::forget(mem::replace(self, Self(Repr::Other(text_of(text)))));
    }

    /// The key's text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Known(id) => Self::text_of_number(*id),
            Repr::Other(text) => text,
        }
    }

    /// The key's number in the table of known names, for compact encodings inside one process.
    #[inline]
    pub fn known_id(&self) -> Option<u16> {
        match self.0 {
            Repr::Known(id) => Some(id),
            Repr::Other(_) => None,
        }
    }

    /// The name of this field in `managedFields`, `f:` before it, if the table has both. Allocates nothing.
    #[inline]
    pub fn owned(&self) -> Option<Self> {
        let id = self.known_id()?;
        OWNED.get(usize::from(id)).filter(|id| **id != EMPTY).map(|id| Self(Repr::Known(*id)))
    }

    /// Whether this is `.`, by which `managedFields` say that what holds it is owned itself.
    #[inline]
    pub fn is_dot(&self) -> bool {
        self.is_known_as(DOT)
    }

    /// Whether a name of `managedFields` is this field's.
    #[inline]
    pub fn is_owned_as(&self, name: &Self) -> bool {
        match (self.known_id(), name.known_id()) {
            (Some(id), Some(name)) => OWNED.get(usize::from(id)) == Some(&name),
            _ => name.strip_prefix("f:") == Some(self.as_str()),
        }
    }

    /// The field that a name of `managedFields` is about: the inverse of [`Key::owned`].
    pub fn disowned(&self) -> Option<Self> {
        let id = self.known_id()?;
        DISOWNED.get(usize::from(id)).filter(|id| **id != EMPTY).map(|id| Self(Repr::Known(*id)))
    }

    /// The key with this number, if the table has it. The inverse of [`Key::known_id`].
    pub fn from_known_id(id: u16) -> Option<Self> {
        (usize::from(id) < NAMES.len()).then_some(Self(Repr::Known(id)))
    }

    /// The text of the key with a number that a map keeps.
    #[inline]
    pub(super) fn text_of_number(number: u16) -> &'static str {
        NAMES.get(usize::from(number)).copied().unwrap_or_default()
    }

    /// The key with a number that a map keeps.
    #[inline]
    pub(super) fn of_number(number: u16) -> &'static Self {
        &KEYS[usize::from(number) % PLACES]
    }
}

const SLOTS: usize = 8192;
const EMPTY: u16 = u16::MAX;
static INDEX: [u16; SLOTS] = build_index();

/// All keys of the table: a map that has only their numbers can still lend them.
static KEYS: [Key; PLACES] = build_keys();
/// A power of two, so that every number has a place.
const PLACES: usize = NAMES.len().next_power_of_two();

/// Of each name the number of the same with `f:` before it.
static OWNED: [u16; NAMES.len()] = build_owned();
/// The number of the name by which `managedFields` say "this itself".
const DOT: u16 = place_of(b".");
/// Of each name with `f:` before it the number of the same without.
static DISOWNED: LazyLock<Vec<u16>> = LazyLock::new(|| {
    NAMES.iter().map(|name| name.strip_prefix("f:").and_then(find).unwrap_or(EMPTY)).collect()
});

/// Finds a name's number by open addressing over an index built at compile time.
#[inline]
pub(super) fn find(text: &str) -> Option<u16> {
    let mut slot = hash(text.as_bytes());
    loop {
        let id = INDEX.get(slot).copied().unwrap_or(EMPTY);
        if id == EMPTY {
            return None;
        }
        if NAMES.get(usize::from(id)).is_some_and(|name| *name == text) {
            return Some(id);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// Made of the first and last eight bytes and the length: names are told apart by less, and it must run at compile time.
#[inline]
const fn hash(bytes: &[u8]) -> usize {
    let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                (u32::from_le_bytes(*first) as u64, u32::from_le_bytes(*last) as u64)
            }
            _ => match bytes {
                [] => (0, 0),
                [first, .., last] => (*first as u64 | (bytes[1] as u64) << 8, *last as u64),
                [only] => (*only as u64, 0),
            },
        },
    };
    let mixed = (first ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ last;
    let spread = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (spread >> 51) as usize % SLOTS
}

const fn build_keys() -> [Key; PLACES] {
    let mut keys = [const { Key(Repr::Known(EMPTY)) }; PLACES];
    let mut id = 0;
    while id < NAMES.len() {
        // Forgotten, since nothing can be dropped at compile time.
        mem::forget(mem::replace(&mut keys[id], Key(Repr::Known(id as u16))));
        id += 1;
    }
    keys
}

/// Those with `f:` before them are in the same order as those without: both are gone through side by side.
const fn build_owned() -> [u16; NAMES.len()] {
    let mut owned = [EMPTY; NAMES.len()];
    let mut with = place_of(b"f:") as usize;
    let mut id = 0;
    while id < NAMES.len() && with < NAMES.len() {
        if let [b'f', b':', rest @ ..] = NAMES[with].as_bytes()
            && is_same(rest, NAMES[id].as_bytes())
        {
            owned[id] = with as u16;
            with += 1;
        }
        id += 1;
    }
    owned
}

/// The number of the first name that begins like this.
const fn place_of(start: &[u8]) -> u16 {
    let mut id = 0;
    while id < NAMES.len() {
        let name = NAMES[id].as_bytes();
        if name.len() >= start.len() && is_same(name.split_at(start.len()).0, start) {
            return id as u16;
        }
        id += 1;
    }
    EMPTY
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

const fn build_index() -> [u16; SLOTS] {
    let mut index = [EMPTY; SLOTS];
    let mut id = 0;
    while id < NAMES.len() {
        let mut slot = hash(NAMES[id].as_bytes());
        while index[slot] != EMPTY {
            slot = (slot + 1) % SLOTS;
        }
        index[slot] = id as u16;
        id += 1;
    }
    index
}

impl Default for Key {
    /// The empty key, which the table does not have. Allocates nothing.
    fn default() -> Self {
        Self(Repr::Other(Text::new()))
    }
}

impl PartialEq for Key {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        match (self.known_id(), other.known_id()) {
            (Some(a), Some(b)) => a == b,
            (None, None) => self.as_str() == other.as_str(),
            _ => false,
        }
    }
}

impl Eq for Key {}

impl Ord for Key {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        // The same name of the table is one key wherever maps lend it.
        if std::ptr::eq(self, other) {
            return Ordering::Equal;
        }
        match (self.known_id(), other.known_id()) {
            // The table is sorted, so numbers order as their names do.
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.as_str().cmp(other.as_str()),
        }
    }
}

impl PartialOrd for Key {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl std::ops::Deref for Key {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Key {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Key {
    #[inline]
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<&String> for Key {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found_again() {
        assert!(NAMES.windows(2).all(|w| w[0] < w[1]), "ids must order like their text");
        assert_eq!(Key::default(), Key::new(""));
        for (id, name) in NAMES.iter().enumerate() {
            assert_eq!(find(name), Some(id as u16), "{name}");
            assert_eq!(Key::of_number(id as u16).as_str(), *name);
        }
    }

    #[test]
    fn the_index_spreads_names() {
        let steps = |name: &str| {
            let from = hash(name.as_bytes());
            (0..SLOTS).take_while(|i| INDEX[(from + i) % SLOTS] != find(name).unwrap()).count()
        };
        let all: Vec<usize> = NAMES.iter().map(|name| steps(name)).collect();
        assert!(all.iter().sum::<usize>() < NAMES.len() / 3, "{} steps too many", all.iter().sum::<usize>());
        assert!(all.iter().max() < Some(&16), "{:?}", all.iter().max());
    }

    #[test]
    fn names_of_managed_fields_lead_back_to_their_fields() {
        let owned = Key::new("spec").owned().unwrap();
        assert_eq!((owned.as_str(), owned.disowned()), ("f:spec", Some(Key::new("spec"))));
        for name in NAMES {
            let owned = Key::new(name).owned().map(|key| key.as_str().to_owned());
            assert_eq!(owned, find(&format!("f:{name}")).map(|_| format!("f:{name}")), "{name}");
        }
        assert!(Key::new(".").is_dot() && !Key::new("f:.").is_dot());
        assert_eq!((Key::new("nobody's").owned(), Key::new("spec").disowned()), (None, None));
        for (field, name, expect) in
            [("spec", "f:spec", true), ("spec", "f:kind", false), ("x/y", "f:x/y", true), ("x", "x", false)]
        {
            assert_eq!(Key::new(field).is_owned_as(&Key::new(name)), expect, "{field} {name}");
        }
    }

    #[test]
    fn known_and_other_keys_order_as_text() {
        let mut keys: Vec<Key> = ["zzz", "spec", "a", "metadata", "mezzo"].map(Key::new).to_vec();
        keys.sort();
        let texts: Vec<&str> = keys.iter().map(Key::as_str).collect();
        assert_eq!(texts, ["a", "metadata", "mezzo", "spec", "zzz"]);
        assert_eq!(size_of::<Key>(), 16);
    }
}
