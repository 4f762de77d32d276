//! [`Packed`]: a value at rest, compressed.

use std::fmt;
use std::sync::Arc;

use super::{Key, List, Map, Text, Value};

/// A [`Value`] at rest: known keys as numbers, all text behind the rest, then LZ4. Opened in microseconds.
///
/// The form belongs to one build of the library: it is never stored or sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed {
    /// How many bytes the compressed bytes unfold to.
    plain_len: u32,
    /// How many of these come before the text.
    shape_len: u32,
    bytes: Arc<[u8]>,
}

/// The bytes of a [`Packed`] do not unfold: memory was damaged or a build read another build's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a packed value does not unfold; list the object again")]
pub struct PackError;

impl Packed {
    /// Packs a value.
    pub fn new(value: &Value) -> Self {
        let mut out = Writer { shape: Vec::with_capacity(512), text: Vec::with_capacity(512) };
        out.value(value);
        let mut plain = out.shape;
        let shape_len = plain.len() as u32;
        plain.append(&mut out.text);
        let bytes = lz4_flex::block::compress(&plain);
        Self { plain_len: plain.len() as u32, shape_len, bytes: bytes.into() }
    }

    /// Opens the value.
    pub fn open(&self) -> Result<Value, PackError> {
        let plain =
            lz4_flex::block::decompress(&self.bytes, self.plain_len as usize).map_err(|_| PackError)?;
        unfold(&plain, self.shape_len as usize)
    }

    /// Tells this build's form from others': bytes of [`Packed::write`] may be stored together with it, and read again
    /// only where it is the same.
    pub fn form() -> super::Digest {
        let keys = (0..).map_while(Key::from_known_id);
        super::Digest::of_parts(keys.map(|key| key.as_str().to_owned()))
    }

    /// The plain form that [`Packed::write`] compresses: a dictionary for values like this one.
    pub fn plain(value: &Value) -> Vec<u8> {
        let mut out = Writer { shape: Vec::with_capacity(512), text: Vec::with_capacity(512) };
        out.value(value);
        let mut plain = out.shape;
        plain.append(&mut out.text);
        plain
    }

    /// Appends a value at rest to `out`, without a handle of its own. What it shares with the dictionary, the
    /// [plain form](Packed::plain) of a similar value, takes next to nothing.
    pub fn write(value: &Value, dictionary: &[u8], out: &mut Vec<u8>) {
        let mut parts = Writer { shape: Vec::with_capacity(512), text: Vec::with_capacity(512) };
        parts.value(value);
        let shape_len = parts.shape.len() as u32;
        let mut plain = parts.shape;
        plain.append(&mut parts.text);
        out.extend((plain.len() as u32).to_le_bytes());
        out.extend(shape_len.to_le_bytes());
        let bytes = match dictionary {
            [] => lz4_flex::block::compress(&plain),
            dictionary => lz4_flex::block::compress_with_dict(&plain, dictionary),
        };
        out.extend(bytes);
    }

    /// Opens what [`Packed::write`] wrote, with the same dictionary.
    ///
    /// # Errors
    /// When the bytes or the dictionary are others.
    pub fn read(bytes: &[u8], dictionary: &[u8]) -> Result<Value, PackError> {
        let (plain_len, rest) = bytes.split_first_chunk::<4>().ok_or(PackError)?;
        let (shape_len, rest) = rest.split_first_chunk::<4>().ok_or(PackError)?;
        let plain_len = u32::from_le_bytes(*plain_len) as usize;
        let plain = match dictionary {
            [] => lz4_flex::block::decompress(rest, plain_len),
            dictionary => lz4_flex::block::decompress_with_dict(rest, plain_len, dictionary),
        };
        unfold(&plain.map_err(|_| PackError)?, u32::from_le_bytes(*shape_len) as usize)
    }

    /// How many bytes it takes, the handle aside.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

fn unfold(plain: &[u8], shape_len: usize) -> Result<Value, PackError> {
    let (shape, text) = plain.split_at_checked(shape_len).ok_or(PackError)?;
    // Checked once for all of it: pieces only need to begin and end between characters.
    let text = std::str::from_utf8(text).map_err(|_| PackError)?;
    let mut reader =
        Reader { rest: shape, text, items: Vec::with_capacity(64), entries: Vec::with_capacity(128) };
    reader.value().ok_or(PackError)
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} bytes)", self.bytes.len())
    }
}

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const STRING: u8 = 5;
const LIST: u8 = 6;
const MAP: u8 = 7;

struct Writer {
    shape: Vec<u8>,
    text: Vec<u8>,
}

impl Writer {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.shape.push(NULL),
            Value::Bool(b) => self.shape.push(if *b { TRUE } else { FALSE }),
            Value::Int(n) => {
                self.shape.push(INT);
                // Zigzag: small negative numbers stay short.
                self.number(((*n << 1) ^ (*n >> 63)) as u64);
            }
            Value::Float(n) => {
                self.shape.push(FLOAT);
                self.shape.extend(n.to_bits().to_le_bytes());
            }
            Value::String(text) => {
                self.shape.push(STRING);
                self.text(text);
            }
            Value::List(list) => {
                self.shape.push(LIST);
                self.number(list.len() as u64);
                list.iter().for_each(|item| self.value(item));
            }
            Value::Map(map) => {
                self.shape.push(MAP);
                self.number(map.len() as u64);
                for (key, value) in map {
                    match key.known_id() {
                        // 0 means "text follows", so numbers are one more.
                        Some(id) => self.number(u64::from(id) + 1),
                        None => {
                            self.number(0);
                            self.text(key);
                        }
                    }
                    self.value(value);
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.text.extend(text.as_bytes());
    }

    fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.shape.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.shape.push(n as u8);
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    text: &'a str,
    items: Vec<Value>,
    entries: Vec<(Key, Value)>,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Value> {
        let (tag, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(match *tag {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            INT => {
                let n = self.number()?;
                Value::Int((n >> 1) as i64 ^ -((n & 1) as i64))
            }
            FLOAT => {
                let (bits, rest) = self.rest.split_first_chunk()?;
                self.rest = rest;
                Value::Float(f64::from_bits(u64::from_le_bytes(*bits)))
            }
            STRING => Value::String(Text::from(self.text()?)),
            LIST => {
                let (base, count) = (self.items.len(), self.number()?);
                if count == 0 {
                    return Some(Value::list());
                }
                for _ in 0..count {
                    let item = self.value()?;
                    self.items.push(item);
                }
                Value::List(self.items.drain(base..).collect::<List>())
            }
            MAP => {
                let (base, count) = (self.entries.len(), self.number()?);
                if count == 0 {
                    return Some(Value::map());
                }
                for _ in 0..count {
                    let key = self.key()?;
                    let value = self.value()?;
                    self.entries.push((key, value));
                }
                Value::Map(Map::from_sorted(self.entries.drain(base..)))
            }
            _ => return None,
        })
    }

    fn key(&mut self) -> Option<Key> {
        match self.number()?.checked_sub(1) {
            // Written as text because the table does not have it.
            None => Some(Key::other(self.text()?)),
            Some(id) => Key::from_known_id(u16::try_from(id).ok()?),
        }
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.text.split_at_checked(len)?;
        self.text = rest;
        Some(text)
    }

    fn number(&mut self) -> Option<u64> {
        // Most are short: a byte, or two for a key.
        match *self.rest {
            [a, ref rest @ ..] if a < 0x80 => {
                self.rest = rest;
                return Some(u64::from(a));
            }
            [a, b, ref rest @ ..] if b < 0x80 => {
                self.rest = rest;
                return Some(u64::from(a & 0x7f) | u64::from(b) << 7);
            }
            _ => {}
        }
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_to_what_was_packed() {
        let value = crate::value!({ "spec": { "replicas": -3, "x/y": [1.5, "long enough to be on the heap, not inline"] }, "b": [true, false, null] });
        assert_eq!(Packed::new(&value).open(), Ok(value));
    }

    #[test]
    fn a_dictionary_holds_what_values_share() {
        let value = |name: &str| crate::value!({ "metadata": { "name": name, "labels": { "app.example.org/part": "a label with some length" } } });
        let dictionary = Packed::plain(&value("first"));
        let (mut with, mut without) = (Vec::new(), Vec::new());
        Packed::write(&value("second"), &dictionary, &mut with);
        Packed::write(&value("second"), &[], &mut without);
        assert!(with.len() * 2 < without.len(), "{} against {}", with.len(), without.len());
        assert_eq!(Packed::read(&with, &dictionary), Ok(value("second")));
        assert_eq!(Packed::read(&without, &[]), Ok(value("second")));
        assert_ne!(Packed::read(&with, &[]), Ok(value("second")));
        assert!(Packed::read(&with[..6], &dictionary).is_err());
    }

    #[test]
    fn damage_is_an_error() {
        let mut packed = Packed::new(&crate::value!({ "a": "b" }));
        packed.bytes = packed.bytes[..packed.bytes.len() - 1].into();
        assert_eq!(packed.open(), Err(PackError));
    }
}
