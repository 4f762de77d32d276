//! The wire format: fields with a number, each a number or bytes.

use super::Unreadable;

/// A field's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Word<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Word<'a> {
    pub(super) fn number(&self) -> Result<u64, Unreadable> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Bytes(_) => Err(Unreadable::Wire(2)),
        }
    }

    pub(super) fn bytes(&self) -> Result<&'a [u8], Unreadable> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => Err(Unreadable::Wire(0)),
        }
    }

    pub(super) fn text(&self) -> String {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    }
}

/// Reads fields one after the other.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next field; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Word<'a>)>, Unreadable> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.number()?;
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        let word = match tag & 7 {
            0 => Word::Number(self.number()?),
            1 => Word::Number(little_endian(self.take(8)?)),
            2 => {
                let length = usize::try_from(self.number()?).map_err(|_| Unreadable::Cut)?;
                Word::Bytes(self.take(length)?)
            }
            5 => Word::Number(little_endian(self.take(4)?)),
            other => return Err(Unreadable::Wire(other)),
        };
        Ok(Some((number, word)))
    }

    /// A number in seven-bit groups.
    pub(super) fn number(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?.first().copied().unwrap_or(0);
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Unreadable::Cut)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Unreadable::Cut)?;
        self.0 = rest;
        Ok(taken)
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
