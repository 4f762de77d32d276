//! [`Packed`]: a value at rest, compressed.

mod read;
mod repeats;
mod write;

use std::fmt;
use std::sync::Arc;

use super::{Key, Value};
use read::unfold;
use write::Plain;

/// A [`Value`] at rest: known keys as numbers, all text behind the rest, what is there twice written once, then LZ4.
/// Opened in microseconds; what was there twice is one in memory then.
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
        let Plain { bytes: plain, shape_len } = Plain::of(value);
        let bytes = lz4_flex::block::compress(&plain);
        Self { plain_len: plain.len() as u32, shape_len, bytes: bytes.into() }
    }

    /// Opens the value.
    pub fn open(&self) -> Result<Value, PackError> {
        unpack(&self.bytes, &[], self.plain_len as usize, self.shape_len as usize)
    }

    /// Tells this build's form from others': bytes of [`Packed::write`] may be stored together with it, and read again
    /// only where it is the same.
    pub fn form() -> super::Digest {
        let keys = (0..).map_while(Key::from_known_id).map(|key| key.as_str().to_owned());
        super::Digest::of_parts(std::iter::once(FORM.to_owned()).chain(keys))
    }

    /// The plain form that [`Packed::write`] compresses: a dictionary for values like this one.
    pub fn plain(value: &Value) -> Vec<u8> {
        Plain::of(value).bytes
    }

    /// Appends a value at rest to `out`, without a handle of its own. What it shares with the dictionary, the
    /// [plain form](Packed::plain) of a similar value, takes next to nothing.
    pub fn write(value: &Value, dictionary: &[u8], out: &mut Vec<u8>) {
        let Plain { bytes: plain, shape_len } = Plain::of(value);
        write::number(plain.len() as u64, out);
        write::number(u64::from(shape_len), out);
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
    pub fn read(mut bytes: &[u8], dictionary: &[u8]) -> Result<Value, PackError> {
        let mut len = || read::number(&mut bytes).and_then(|n| usize::try_from(n).ok()).ok_or(PackError);
        let (plain_len, shape_len) = (len()?, len()?);
        unpack(bytes, dictionary, plain_len, shape_len)
    }

    /// How many bytes it takes, the handle aside.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// The form that values are packed in, to tell it from earlier ones.
const FORM: &str = "what repeats is written once";

fn unpack(bytes: &[u8], dictionary: &[u8], plain_len: usize, shape_len: usize) -> Result<Value, PackError> {
    // So far at most LZ4 unfolds bytes: damaged ones must not ask for all memory.
    if plain_len / 255 > bytes.len() {
        return Err(PackError);
    }
    let plain = match dictionary {
        [] => lz4_flex::block::decompress(bytes, plain_len),
        dictionary => lz4_flex::block::decompress_with_dict(bytes, plain_len, dictionary),
    };
    unfold(&plain.map_err(|_| PackError)?, shape_len)
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} bytes)", self.bytes.len())
    }
}

/// The byte that begins a value in the shape, the part before the text.
mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const FLOAT: u8 = 4;
    pub(super) const NO_ITEMS: u8 = 5;
    pub(super) const NO_FIELDS: u8 = 6;
    /// How many items, and they.
    pub(super) const LIST: u8 = 7;
    /// A map whose keys are all in the table: how many, their numbers of two bytes, the values.
    pub(super) const KNOWN: u8 = 8;
    /// Any other map: how many, each key's number and one more, or 0 where its text follows, the values.
    pub(super) const MIXED: u8 = 9;
    /// How many bytes of the text.
    pub(super) const TEXT: u8 = 10;
    /// Before a value that is there again later.
    pub(super) const KEPT: u8 = 11;
    /// A value that was kept: which one, counted by where they end.
    pub(super) const SAME: u8 = 12;
    /// The same, for the last time: it need not be kept any longer.
    pub(super) const LAST: u8 = 13;
    /// This and so many more up to the next: [`KNOWN`] with so many keys.
    pub(super) const FEW_KNOWN: u8 = 0x20;
    /// This and so many more: [`TEXT`] of so many bytes.
    pub(super) const SHORT_TEXT: u8 = 0x40;
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
    fn numbers_keep_their_kind_beside_equal_ones() {
        let value = Value::from(vec![crate::value!([1]), crate::value!([1.0]), crate::value!([1])]);
        let opened = Packed::new(&value).open().unwrap();
        assert_eq!(format!("{opened:?}"), "[[<integer>], [<number>], [<integer>]]");
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
