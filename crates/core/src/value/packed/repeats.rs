//! Which values are in a value more than once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::super::Value;

/// Text of up to this length lies in its value: nothing is won by sharing it.
const SHORT: usize = 16;

/// The lists, maps and long texts of a value in the order in which they begin, to be gone through once more.
pub(super) struct Repeats<'v> {
    nodes: Vec<Node<'v>>,
    next: usize,
    numbers: u32,
}

struct Node<'v> {
    value: &'v Value,
    hash: u64,
    /// Where the nodes in it end.
    end: usize,
    role: Role,
}

#[derive(Clone, Copy)]
enum Role {
    Only,
    /// It is there so many times again; its number, once it was written.
    First {
        left: u32,
        number: u32,
    },
    /// It is the same as the node at this place.
    Again(usize),
}

/// How a value is to be written.
pub(super) enum Place {
    /// As it is.
    Only,
    /// As it is, to be kept; then [`Repeats::number`] wants to be told this.
    First(usize),
    /// As the one kept with this number.
    Again(u32),
    /// The same, which is not needed after that.
    Last(u32),
}

impl<'v> Repeats<'v> {
    pub(super) fn of(value: &'v Value) -> Self {
        let mut repeats = Self { nodes: Vec::with_capacity(64), next: 0, numbers: 0 };
        repeats.collect(value);
        repeats.find();
        repeats
    }

    /// How the next value is to be written. All are to be asked for, in order, but those in one that is there again.
    #[inline]
    pub(super) fn next(&mut self, value: &Value) -> Place {
        if !is_node(value) {
            return Place::Only;
        }
        let at = self.next;
        self.next += 1;
        let Some(node) = self.nodes.get(at) else { return Place::Only };
        match node.role {
            Role::Only => Place::Only,
            Role::First { .. } => Place::First(at),
            Role::Again(first) => {
                self.next = node.end;
                match self.nodes.get_mut(first).map(|node| &mut node.role) {
                    Some(Role::First { left: 1, number }) => Place::Last(*number),
                    Some(Role::First { left, number }) => {
                        *left -= 1;
                        Place::Again(*number)
                    }
                    _ => unreachable!("the first of two was found to be one"),
                }
            }
        }
    }

    /// Gives the next number to a value that was written.
    pub(super) fn number(&mut self, at: usize) {
        if let Some(Role::First { number, .. }) = self.nodes.get_mut(at).map(|node| &mut node.role) {
            *number = self.numbers;
            self.numbers += 1;
        }
    }

    /// Collects the nodes of a value and answers its hash.
    fn collect(&mut self, value: &'v Value) -> u64 {
        let at = self.nodes.len();
        if is_node(value) {
            self.nodes.push(Node { value, hash: 0, end: 0, role: Role::Only });
        }
        let hash = match value {
            Value::Null => 1,
            Value::Bool(b) => 2 + u64::from(*b),
            Value::Int(n) => mixed(4, *n as u64),
            Value::Float(n) => mixed(5, n.to_bits()),
            Value::String(text) => text_hash(text),
            Value::List(list) => {
                list.iter().fold(list.len() as u64, |hash, item| mixed(hash, self.collect(item)))
            }
            Value::Map(map) => map.iter().fold(!(map.len() as u64), |hash, (key, value)| {
                let key = key.known_id().map_or_else(|| text_hash(key), u64::from);
                mixed(hash ^ key << 32, self.collect(value))
            }),
        };
        let end = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(at) {
            (node.hash, node.end) = (hash, end);
        }
        hash
    }

    /// Finds out which nodes are the same. What is in one that is there again is not looked at.
    fn find(&mut self) {
        let mut firsts: HashMap<u64, usize, BuildHasherDefault<Hashed>> = HashMap::default();
        firsts.reserve(self.nodes.len());
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            let (value, end) = (node.value, node.end);
            let first = *firsts.entry(node.hash).or_insert(at);
            let same = self
                .nodes
                .get_mut(first)
                .filter(|first_node| first < at && is_written_same(first_node.value, value));
            if let Some(first_node) = same {
                let left = match first_node.role {
                    Role::First { left, .. } => left + 1,
                    _ => 1,
                };
                first_node.role = Role::First { left, number: 0 };
                if let Some(node) = self.nodes.get_mut(at) {
                    node.role = Role::Again(first);
                }
                at = end;
            } else {
                at += 1;
            }
        }
    }
}

#[inline]
fn is_node(value: &Value) -> bool {
    match value {
        Value::List(list) => !list.is_empty(),
        Value::Map(map) => !map.is_empty(),
        Value::String(text) => text.len() > SHORT,
        _ => false,
    }
}

/// Whether one can stand for the other: also `1` and `1.0` are not the same here.
fn is_written_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_written_same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let same = |((key, a), (other, b))| key == other && is_written_same(a, b);
            a.len() == b.len() && a.iter().zip(b).all(same)
        }
        (a, b) => a.is_same(b),
    }
}

/// Of the first and the last eight bytes and the length. Texts that differ elsewhere are taken for others than the first
/// of them, which costs no more than a comparison each.
#[inline]
fn text_hash(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
            }
            _ => (0, bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))),
        },
    };
    mixed(mixed(first, last), bytes.len() as u64)
}

#[inline]
fn mixed(hash: u64, with: u64) -> u64 {
    (hash.rotate_left(5) ^ with).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Of a hash itself.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        // The upper bits are the well mixed ones.
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = mixed(self.0, u64::from(*byte)));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}
