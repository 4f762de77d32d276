//! The plain form of a value, before it is compressed.

use std::ops::RangeInclusive;

use super::super::Value;
use super::repeats::{Place, Repeats};
use super::tag;

/// A value's shape and behind it all its text.
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    /// How many of the bytes come before the text.
    pub(super) shape_len: u32,
}

impl Plain {
    pub(super) fn of(value: &Value) -> Self {
        let repeats = Repeats::of(value);
        let mut out = Writer { shape: Vec::with_capacity(512), text: Vec::with_capacity(512), repeats };
        out.value(value);
        let shape_len = out.shape.len() as u32;
        let mut bytes = out.shape;
        bytes.append(&mut out.text);
        Self { bytes, shape_len }
    }
}

struct Writer<'v> {
    shape: Vec<u8>,
    text: Vec<u8>,
    repeats: Repeats<'v>,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) {
        match self.repeats.next(value) {
            Place::Only => self.written(value),
            Place::First(at) => {
                self.shape.push(tag::KEPT);
                self.written(value);
                self.repeats.number(at);
            }
            Place::Again(number) => {
                self.shape.push(tag::SAME);
                self.number(u64::from(number));
            }
            Place::Last(number) => {
                self.shape.push(tag::LAST);
                self.number(u64::from(number));
            }
        }
    }

    fn written(&mut self, value: &Value) {
        match value {
            Value::Null => self.shape.push(tag::NULL),
            Value::Bool(b) => self.shape.push(if *b { tag::TRUE } else { tag::FALSE }),
            Value::Int(n) => {
                self.shape.push(tag::INT);
                // Zigzag: small negative numbers stay short.
                self.number(((*n << 1) ^ (*n >> 63)) as u64);
            }
            Value::Float(n) => {
                self.shape.push(tag::FLOAT);
                self.shape.extend(n.to_bits().to_le_bytes());
            }
            Value::String(text) => {
                self.tagged(text.len(), tag::SHORT_TEXT..=u8::MAX, tag::TEXT);
                self.text.extend(text.as_bytes());
            }
            Value::List(list) if list.is_empty() => self.shape.push(tag::NO_ITEMS),
            Value::Map(map) if map.is_empty() => self.shape.push(tag::NO_FIELDS),
            Value::List(list) => {
                self.shape.push(tag::LIST);
                self.number(list.len() as u64);
                list.iter().for_each(|item| self.value(item));
            }
            Value::Map(map) => {
                match map.numbers() {
                    Some(numbers) => {
                        self.tagged(map.len(), tag::FEW_KNOWN..=tag::SHORT_TEXT - 1, tag::KNOWN);
                        numbers.iter().for_each(|number| self.shape.extend_from_slice(&number.to_le_bytes()));
                    }
                    None => {
                        self.shape.push(tag::MIXED);
                        self.number(map.len() as u64);
                        for key in map.keys() {
                            self.number(key.known_id().map_or(0, |id| u64::from(id) + 1));
                            if key.known_id().is_none() {
                                self.number(key.len() as u64);
                                self.text.extend(key.as_bytes());
                            }
                        }
                    }
                }
                map.values().for_each(|value| self.value(value));
            }
        }
    }

    /// Writes a length as one of the tags for short ones, or behind the tag for others.
    #[inline]
    fn tagged(&mut self, len: usize, short: RangeInclusive<u8>, long: u8) {
        let (first, last) = short.into_inner();
        if len <= usize::from(last - first) {
            self.shape.push(first + len as u8);
        } else {
            self.shape.push(long);
            self.number(len as u64);
        }
    }

    fn number(&mut self, n: u64) {
        number(n, &mut self.shape);
    }
}

/// Writes a number in as many bytes as it needs, seven bits each.
pub(super) fn number(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}
