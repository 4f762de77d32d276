//! [`Outlines`]: the outlines that objects are kept in, each once.

use std::collections::HashMap;

use tautline_core::{PackError, Packed, Value};

use super::snapshot::{Reader, Writer};

/// The outlines of one kind's objects, with the number of their uses.
#[derive(Debug, Default)]
pub(super) struct Outlines {
    bodies: Vec<Body>,
    numbers: HashMap<[u8; 16], u32>,
    free: Vec<u32>,
    /// The first of them in plain form: the others look much like it.
    dictionary: Box<[u8]>,
    /// By digests of sketches, the outline that such objects have and which life of its number that was.
    sketches: HashMap<[u8; 16], (u32, u32)>,
}

#[derive(Debug, Default)]
struct Body {
    packed: Box<[u8]>,
    digest: [u8; 16],
    uses: u32,
    /// How many bodies had this number before.
    life: u32,
}

impl Outlines {
    /// Counts one more use of a body.
    pub(super) fn take(&mut self, body: &Value) -> u32 {
        let number = self.number(body);
        self.take_again(number);
        number
    }

    /// Counts one more use of a body that is known.
    pub(super) fn take_again(&mut self, number: u32) {
        if let Some(body) = self.bodies.get_mut(number as usize) {
            body.uses += 1;
        }
    }

    /// Counts one use less.
    pub(super) fn give(&mut self, number: u32) {
        let Some(body) = self.bodies.get_mut(number as usize) else { return };
        body.uses = body.uses.saturating_sub(1);
        if body.uses == 0 {
            self.numbers.remove(&body.digest);
            (body.packed, body.life) = (Box::default(), body.life.wrapping_add(1));
            self.free.push(number);
        }
    }

    /// The outline of objects with this sketch, if one was met.
    pub(super) fn of_sketch(&self, digest: &[u8; 16]) -> Option<u32> {
        let (number, life) = *self.sketches.get(digest)?;
        self.is_alive(number, life).then_some(number)
    }

    /// Remembers which outline objects with this sketch have.
    pub(super) fn note_sketch(&mut self, digest: [u8; 16], number: u32) {
        let Some(body) = self.bodies.get(number as usize) else { return };
        let life = body.life;
        if self.sketches.len() > MOST_SKETCHES + 2 * self.numbers.len() {
            // What is in use is met again soon.
            self.sketches.clear();
        }
        self.sketches.insert(digest, (number, life));
    }

    /// The body with this number, unpacked.
    pub(super) fn open(&self, number: u32) -> Result<Value, PackError> {
        let body = self.bodies.get(number as usize).ok_or(PackError)?;
        Packed::read(&body.packed, &self.dictionary)
    }

    pub(super) fn dictionary(&self) -> &[u8] {
        &self.dictionary
    }

    /// What bodies of another store are packed with; for an empty one only.
    pub(super) fn set_dictionary(&mut self, dictionary: &[u8]) {
        self.dictionary = dictionary.into();
    }

    /// Writes the bodies for a snapshot. Answers the place of each number among them.
    pub(super) fn write(&self, out: &mut Writer) -> HashMap<u32, u64> {
        let used = (0_u32..).zip(&self.bodies).filter(|(_, body)| body.uses > 0);
        out.number(used.clone().count() as u64);
        let places = used.zip(0..).map(|((number, body), place)| {
            out.bytes(&body.packed);
            (number, place)
        });
        places.collect()
    }

    /// Reads what [`Outlines::write`] wrote, after the dictionary is set: the numbers that the bodies have here.
    pub(super) fn read(&mut self, read: &mut Reader<'_>) -> Option<Vec<u32>> {
        let count = read.number()?;
        (0..count)
            .map(|_| {
                let body = Packed::read(read.bytes()?, &self.dictionary).ok()?;
                Some(self.number(&body))
            })
            .collect()
    }

    /// How many bodies there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    fn is_alive(&self, number: u32, life: u32) -> bool {
        self.bodies.get(number as usize).is_some_and(|body| body.uses > 0 && body.life == life)
    }

    fn number(&mut self, body: &Value) -> u32 {
        let mut digest = [0; 16];
        digest.iter_mut().zip(body.digest().as_bytes()).for_each(|(to, from)| *to = *from);
        if let Some(number) = self.numbers.get(&digest) {
            return *number;
        }
        if self.dictionary.is_empty() {
            self.dictionary = Packed::plain(body).into_boxed_slice();
        }
        let mut packed = Vec::new();
        Packed::write(body, &self.dictionary, &mut packed);
        let number = self.free.pop().unwrap_or_else(|| {
            self.bodies.push(Body::default());
            (self.bodies.len() - 1) as u32
        });
        if let Some(body) = self.bodies.get_mut(number as usize) {
            (body.packed, body.digest, body.uses) = (packed.into_boxed_slice(), digest, 0);
        }
        self.numbers.insert(digest, number);
        number
    }
}

/// How many sketches more than twice the outlines are remembered.
const MOST_SKETCHES: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_are_alike_are_one() {
        let mut outlines = Outlines::default();
        let body = tautline_core::value!({ "a": 1 });
        let (one, two) = (outlines.take(&body), outlines.take(&body));
        assert_eq!((one, outlines.len()), (two, 1));
        outlines.give(one);
        assert_eq!(outlines.open(two), Ok(body));
        outlines.note_sketch([1; 16], two);
        assert_eq!(outlines.of_sketch(&[1; 16]), Some(two));
        outlines.give(two);
        assert_eq!((outlines.len(), outlines.of_sketch(&[1; 16])), (0, None));
        let other = outlines.take(&tautline_core::value!({ "b": 1 }));
        assert_eq!((other, outlines.of_sketch(&[1; 16])), (two, None), "the number has another life");
        outlines.give(other);
        assert_eq!(outlines.len(), 0);
    }
}
