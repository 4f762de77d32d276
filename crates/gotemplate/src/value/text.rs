//! [`Str`]: Go's string, which is bytes that are usually UTF-8.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A string as Go has it: any bytes, usually UTF-8. Cheap to clone.
///
/// `trunc` may cut a character in half and `b64dec` may give anything, so text that is not UTF-8 is normal.
/// It compares and sorts by bytes.
#[derive(Clone)]
pub struct Str(Repr);

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    Utf8(Arc<str>),
    /// Never valid UTF-8, so that the form says which it is.
    Raw(Arc<[u8]>),
}

impl Str {
    /// Text that lives as long as the program. Allocates nothing.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Repr::Static(text))
    }

    /// Takes bytes, UTF-8 or not.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        match String::from_utf8(bytes.into()) {
            Ok(text) => text.into(),
            Err(error) => Self(Repr::Raw(error.into_bytes().into())),
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Static(text) => text.as_bytes(),
            Repr::Utf8(text) => text.as_bytes(),
            Repr::Raw(bytes) => bytes,
        }
    }

    /// The text, if it is UTF-8. Costs nothing: it is known.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Static(text) => Some(text),
            Repr::Utf8(text) => Some(text),
            Repr::Raw(_) => None,
        }
    }

    /// The text, with U+FFFD for each byte that is not UTF-8, as Go's `range` and JSON encoder have it.
    pub fn to_text(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Static(text) => Cow::Borrowed(text),
            Repr::Utf8(text) => Cow::Borrowed(text),
            Repr::Raw(bytes) => Cow::Owned(lossy(bytes)),
        }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a range that the caller has checked; beyond the end it is cut.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        let bytes = self.as_bytes();
        let to = to.min(bytes.len());
        let from = from.min(to);
        if (from, to) == (0, bytes.len()) {
            return self.clone();
        }
        match self.as_str().and_then(|text| text.get(from..to)) {
            Some(text) => text.into(),
            None => Self::from_bytes(&bytes[from..to]),
        }
    }
}

/// One U+FFFD for each wrong byte: Go's decoder goes on one byte after an error, where Rust's joins some.
fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    text
}

impl Default for Str {
    fn default() -> Self {
        Self::from_static("")
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::default() } else { Self(Repr::Utf8(text.into())) }
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::default() } else { Self(Repr::Utf8(text.into())) }
    }
}

impl From<Arc<str>> for Str {
    fn from(text: Arc<str>) -> Self {
        Self(Repr::Utf8(text))
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Self {
        text.into_owned().into()
    }
}

impl From<char> for Str {
    fn from(c: char) -> Self {
        c.encode_utf8(&mut [0; 4]).to_owned().into()
    }
}

impl Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Str {}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

impl fmt::Debug for Str {
    /// Prints the length, never the text: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<string of {} bytes>", self.len())
    }
}
