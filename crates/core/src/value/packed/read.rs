//! A value read from its plain form, each part made where it will lie.

use super::super::block::set;
use super::super::{Key, List, Map, Value, text_of};
use super::{PackError, tag};

pub(super) fn unfold(plain: &[u8], shape_len: usize) -> Result<Value, PackError> {
    let (shape, text) = plain.split_at_checked(shape_len).ok_or(PackError)?;
    // Checked once for all of it: pieces only need to begin and end between characters.
    let text = std::str::from_utf8(text).map_err(|_| PackError)?;
    let mut value = Value::Null;
    let mut reader = Reader { rest: shape, text, kept: Vec::new() };
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
        places.iter_mut().try_for_each(|place| {
            let tag = self.byte()?;
            self.value(tag, place)
        })
    }

    #[inline]
    fn value(&mut self, tag: u8, place: &mut Value) -> Option<()> {
        match tag {
            tag::NULL => {}
            tag::FALSE => set(place, Value::Bool(false)),
            tag::TRUE => set(place, Value::Bool(true)),
            tag::INT => {
                let n = self.number()?;
                set(place, Value::Int((n >> 1) as i64 ^ -((n & 1) as i64)));
            }
            tag::FLOAT => {
                let (bits, rest) = self.rest.split_first_chunk()?;
                self.rest = rest;
                set(place, Value::Float(f64::from_bits(u64::from_le_bytes(*bits))));
            }
            tag::STRING => set(place, Value::String(text_of(self.text()?))),
            tag::LIST => set(place, Value::List(self.list()?)),
            tag::KNOWN => set(place, Value::Map(self.known()?)),
            tag::MIXED => set(place, Value::Map(self.mixed()?)),
            tag::KEPT => self.kept(place)?,
            tag::SAME => {
                let number = usize::try_from(self.number()?).ok()?;
                set(place, self.kept.get(number)?.clone());
            }
            _ => return None,
        }
        Some(())
    }

    #[inline(never)]
    fn kept(&mut self, place: &mut Value) -> Option<()> {
        match self.byte()? {
            tag::STRING => set(place, Value::String(text_of(self.text()?))),
            tag::LIST => set(place, Value::List(self.list()?)),
            tag::KNOWN => set(place, Value::Map(self.known()?)),
            tag::MIXED => set(place, Value::Map(self.mixed()?)),
            _ => return None,
        }
        self.kept.push(place.clone());
        Some(())
    }

    #[inline(never)]
    fn list(&mut self) -> Option<List> {
        let count = self.count()?;
        let (list, read) = List::filled(count, |places| self.values(places));
        read.map(|()| list)
    }

    #[inline(never)]
    fn known(&mut self) -> Option<Map> {
        let count = self.count()?;
        let number = |reader: &mut Self| u16::try_from(reader.number()?).ok();
        let (map, read) = Map::of_known(count, self, number, Self::values)?;
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
            None => *place = Key::other(self.text()?),
            Some(id) => *place = Key::from_known_id(u16::try_from(id).ok()?)?,
        }
        Some(())
    }

    fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.number()?).ok()?;
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
        // Most are short: a byte, or two for a key.
        match *self.rest {
            [a, ref rest @ ..] if a < 0x80 => {
                self.rest = rest;
                Some(u64::from(a))
            }
            [a, b, ref rest @ ..] if b < 0x80 => {
                self.rest = rest;
                Some(u64::from(a & 0x7f) | u64::from(b) << 7)
            }
            _ => self.long_number(),
        }
    }

    #[cold]
    fn long_number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }
}
