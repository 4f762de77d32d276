//! A value read from its plain form, each part made where it will lie.

use super::super::block::set;
use super::super::{Key, List, Map, Value, text_of};
use super::{PackError, tag};

pub(super) fn unfold(plain: &[u8], shape_len: usize) -> Result<Value, PackError> {
    let (shape, text) = plain.split_at_checked(shape_len).ok_or(PackError)?;
    // Checked once for all of it: pieces only need to begin and end between characters.
    let text = std::str::from_utf8(text).map_err(|_| PackError)?;
    let mut value = Value::Null;
    let mut reader = Reader { rest: shape, text, kept: Vec::with_capacity(32) };
    reader.values(std::slice::from_mut(&mut value)).ok_or(PackError)?;
    Ok(value)
}

struct Reader<'a> {
    rest: &'a [u8],
    text: &'a str,
    /// What is there again later.
    kept: Vec<Value>,
}

impl<'a> Reader<'a> {
    /// Reads values to their places, where nulls await them.
    fn values(&mut self, places: &mut [Value]) -> Option<()> {
        for place in places {
            let tag = self.byte()?;
            self.value(tag, place)?;
        }
        Some(())
    }

    #[inline(always)]
    fn value(&mut self, tag: u8, place: &mut Value) -> Option<()> {
        match tag {
            tag::SHORT_TEXT.. => set(place, Value::String(text_of(self.short_text(tag)?))),
            tag::FEW_KNOWN.. => set(place, Value::Map(self.known(usize::from(tag - tag::FEW_KNOWN))?)),
            tag::NO_FIELDS => set(place, Value::map()),
            tag::NO_ITEMS => set(place, Value::list()),
            tag::NULL => {}
            tag::FALSE => set(place, Value::Bool(false)),
            tag::TRUE => set(place, Value::Bool(true)),
            tag::INT => {
                let n = self.number()?;
                set(place, Value::Int((n >> 1) as i64 ^ -((n & 1) as i64)));
            }
            tag::FLOAT => {
                let bits = self.rest.split_off(..8)?.first_chunk()?;
                set(place, Value::Float(f64::from_bits(u64::from_le_bytes(*bits))));
            }
            tag::SAME => {
                let number = usize::try_from(self.number()?).ok()?;
                set(place, self.kept.get(number)?.clone());
            }
            tag::LAST => {
                let number = usize::try_from(self.number()?).ok()?;
                std::mem::swap(place, self.kept.get_mut(number)?);
            }
            tag::KEPT => self.kept(place)?,
            _ => self.long(tag, place)?,
        }
        Some(())
    }

    /// A text, list or map whose length stands behind its tag.
    #[inline(never)]
    fn long(&mut self, tag: u8, place: &mut Value) -> Option<()> {
        match tag {
            tag::TEXT => {
                let len = self.number()?;
                set(place, Value::String(text_of(self.text(usize::try_from(len).ok()?)?)));
            }
            tag::LIST => {
                let count = self.count()?;
                let (list, read) = List::filled(count, |places| self.values(places));
                read?;
                set(place, Value::List(list));
            }
            tag::KNOWN => {
                let count = self.count()?;
                set(place, Value::Map(self.known(count)?));
            }
            tag::MIXED => set(place, Value::Map(self.mixed()?)),
            _ => return None,
        }
        Some(())
    }

    #[inline(never)]
    fn kept(&mut self, place: &mut Value) -> Option<()> {
        match self.byte()? {
            tag @ tag::SHORT_TEXT.. => {
                let text = self.short_text(tag)?;
                set(place, Value::String(text_of(text)));
            }
            tag @ tag::FEW_KNOWN.. => {
                let map = self.known(usize::from(tag - tag::FEW_KNOWN))?;
                set(place, Value::Map(map));
            }
            tag => self.long(tag, place)?,
        }
        match place {
            Value::String(text) => self.keep(Value::String(text.clone())),
            Value::List(list) => self.keep(Value::List(list.clone())),
            Value::Map(map) => self.keep(Value::Map(map.clone())),
            _ => return None,
        }
        Some(())
    }

    #[inline(always)]
    fn keep(&mut self, value: Value) {
        self.kept.push(Value::Null);
        if let Some(place) = self.kept.last_mut() {
            set(place, value);
        }
    }

    #[inline(never)]
    fn known(&mut self, count: usize) -> Option<Map> {
        let (numbers, _) = self.rest.split_off(..count.checked_mul(2)?)?.as_chunks::<2>();
        let numbers = numbers.iter().map(|number| u16::from_le_bytes(*number));
        let is_known = |number| Key::from_known_id(number).is_some();
        if !numbers.clone().is_sorted_by(|a, b| a < b) || !numbers.clone().next_back().is_none_or(is_known) {
            return None;
        }
        let all = || unreachable!("all have numbers");
        let (map, read) = Map::filled(numbers.map(Some), all, |places| self.values(places));
        read.map(|()| map)
    }

    #[inline(never)]
    fn mixed(&mut self) -> Option<Map> {
        let count = self.count()?;
        let (map, read) = Map::of_mixed(count, self, Self::key, Self::values)?;
        read.map(|()| map)
    }

    /// How many values follow: each takes a byte at least.
    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.rest.len())
    }

    /// Reads a key to its place.
    fn key(&mut self, place: &mut Key) -> Option<()> {
        match self.number()?.checked_sub(1) {
            // Written as text because the table does not have it.
            None => {
                let len = self.number()?;
                place.become_other(self.text(usize::try_from(len).ok()?)?);
            }
            Some(id) => *place = Key::from_known_id(u16::try_from(id).ok()?)?,
        }
        Some(())
    }

    #[inline]
    fn short_text(&mut self, tag: u8) -> Option<&'a str> {
        self.text(usize::from(tag - tag::SHORT_TEXT))
    }

    #[inline]
    fn text(&mut self, len: usize) -> Option<&'a str> {
        let (text, rest) = self.text.split_at_checked(len)?;
        self.text = rest;
        Some(text)
    }

    #[inline]
    fn byte(&mut self) -> Option<u8> {
        self.rest.split_off_first().copied()
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        number(&mut self.rest)
    }
}

/// Reads a number that [`super::write::number`] wrote.
#[inline]
pub(super) fn number(from: &mut &[u8]) -> Option<u64> {
    // Most are short.
    match **from {
        [a, ref rest @ ..] if a < 0x80 => {
            *from = rest;
            Some(u64::from(a))
        }
        [a, b, ref rest @ ..] if b < 0x80 => {
            *from = rest;
            Some(u64::from(a & 0x7f) | u64::from(b) << 7)
        }
        _ => long_number(from),
    }
}

#[cold]
fn long_number(from: &mut &[u8]) -> Option<u64> {
    let mut n = 0;
    for shift in (0..64).step_by(7) {
        let byte = from.split_off_first()?;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}
