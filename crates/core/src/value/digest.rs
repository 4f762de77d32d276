//! A stable content hash.

use std::fmt;

use super::{Value, integral};

/// A 256-bit BLAKE3 hash of some content. Equal values have equal digests in every process and version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of raw bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of several parts; `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn of_parts<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.as_ref().len() as u64).to_le_bytes());
            hasher.update(part.as_ref());
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// A digest of bytes that only someone with the key can compute: how a secret is shown.
    pub fn keyed(key: &[u8; 32], bytes: &[u8]) -> Self {
        Self(*blake3::keyed_hash(key, bytes).as_bytes())
    }

    /// The hash itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the 64 hexadecimal digits that [`fmt::Display`] prints.
    pub fn parse(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(|hash| Self(*hash.as_bytes()))
    }

    /// The first 12 hexadecimal digits, to show.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a digest is 64 hexadecimal digits"))
    }
}

impl Value {
    /// The digest of the content: equal exactly for equal values, whatever order the keys came in.
    pub fn digest(&self) -> Digest {
        let mut bytes = Vec::with_capacity(1024);
        write(self, &mut bytes);
        Digest::of_bytes(&bytes)
    }
}

/// An unambiguous byte form: a tag, then the length or the content. Integral floats take the integer's form.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(b) => out.push(if *b { b't' } else { b'f' }),
        Value::Int(n) => write_int(*n, out),
        Value::Float(n) => match integral(*n) {
            Some(int) => write_int(int, out),
            None => {
                out.push(b'd');
                out.extend(n.to_bits().to_le_bytes());
            }
        },
        Value::String(text) => write_text(b's', text, out),
        Value::List(list) => {
            write_len(b'l', list.len(), out);
            list.iter().for_each(|item| write(item, out));
        }
        Value::Map(map) => {
            write_len(b'm', map.len(), out);
            for (key, value) in map.texts() {
                write_text(b'k', key, out);
                write(value, out);
            }
        }
    }
}

fn write_int(n: i64, out: &mut Vec<u8>) {
    out.push(b'i');
    out.extend(n.to_le_bytes());
}

fn write_len(tag: u8, len: usize, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend((len as u32).to_le_bytes());
}

fn write_text(tag: u8, text: &str, out: &mut Vec<u8>) {
    write_len(tag, text.len(), out);
    out.extend(text.as_bytes());
}
