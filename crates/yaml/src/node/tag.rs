//! [`Tag`]: a tag in two words of memory, since every node has room for one.

use std::ops::Deref;

/// A tag in short form: `!!str`, `!custom`. Reads as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(Inner);

macro_rules! inner {
    ($($name:ident $text:literal),* $(,)?) => {
        /// YAML's own tags, and any other behind a thin pointer.
        #[derive(Clone, Debug, PartialEq, Eq)]
        enum Inner { $($name,)* Other(Box<Box<str>>) }

        impl Inner {
            fn as_str(&self) -> &str {
                match self { $(Self::$name => $text,)* Self::Other(text) => text }
            }

            fn find(text: &str) -> Self {
                match text { $($text => Self::$name,)* _ => Self::Other(Box::new(text.into())) }
            }
        }
    };
}

inner! {
    Str "!!str", Int "!!int", Float "!!float", Bool "!!bool", Null "!!null", Timestamp "!!timestamp",
    Binary "!!binary", Merge "!!merge", Map "!!map", Seq "!!seq",
}

impl Tag {
    /// The tag of text.
    pub const STR: Self = Self(Inner::Str);
}

impl From<&str> for Tag {
    fn from(text: &str) -> Self {
        Self(Inner::find(text))
    }
}

impl Deref for Tag {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq<str> for Tag {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Tag {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_read_as_text() {
        for text in ["!!str", "!!seq", "!custom", "!!own", ""] {
            assert_eq!(Tag::from(text), text);
        }
        assert_eq!(Tag::from("!!str"), Tag::STR);
        assert!(size_of::<Option<Tag>>() <= 16 && size_of::<crate::Node>() <= 72);
    }
}
