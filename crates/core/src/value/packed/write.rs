//! The plain form of a value, before it is compressed.

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
                self.shape.push(tag::STRING);
                self.text(text);
            }
            Value::List(list) => {
                self.shape.push(tag::LIST);
                self.number(list.len() as u64);
                list.iter().for_each(|item| self.value(item));
            }
            Value::Map(map) => {
                match map.numbers() {
                    Some(numbers) => {
                        self.shape.push(tag::KNOWN);
                        self.number(map.len() as u64);
                        numbers.iter().for_each(|number| self.number(u64::from(*number)));
                    }
                    None => {
                        self.shape.push(tag::MIXED);
                        self.number(map.len() as u64);
                        for key in map.keys() {
                            self.number(key.known_id().map_or(0, |id| u64::from(id) + 1));
                            if key.known_id().is_none() {
                                self.text(key);
                            }
                        }
                    }
                }
                map.values().for_each(|value| self.value(value));
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
