//! [`Pointer`]: JSON pointers of RFC 6901, such as `/metadata/annotations/a~1b`.

use std::fmt;
use std::str::FromStr;

use tautline_core::Value;

/// A JSON pointer: unescaped reference tokens. The empty pointer is the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Vec<String>);

/// Why text is no JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It neither is empty nor starts with a slash.
    #[error("JSON pointer {0:?} must be empty or start with \"/\"")]
    Slash(String),
}

impl Pointer {
    /// The pointer with these unescaped tokens.
    pub fn new<T: Into<String>>(tokens: impl IntoIterator<Item = T>) -> Self {
        Self(tokens.into_iter().map(Into::into).collect())
    }

    /// The unescaped tokens.
    pub fn tokens(&self) -> &[String] {
        &self.0
    }

    /// The value it points to, if it is there. Indexes are plain digits without leading zeros.
    pub fn get<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(root, |value, token| match value {
            Value::Map(map) => map.get(token),
            Value::List(list) => list.get(index(token)?),
            _ => None,
        })
    }
}

/// The list index a token stands for, as RFC 6901 allows it.
pub fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|b| b.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    plain.then(|| token.parse().ok()).flatten()
}

/// Writes `~` as `~0` and `/` as `~1`.
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Undoes [`escape`]. A `~` before anything else stays, as in the libraries the API server uses.
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

impl FromStr for Pointer {
    type Err = PointerError;
    fn from_str(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let tokens = text.strip_prefix('/').ok_or_else(|| PointerError::Slash(text.to_owned()))?;
        Ok(Self(tokens.split('/').map(unescape).collect()))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|token| write!(f, "/{}", escape(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tautline_core::value;

    #[test]
    fn getting() {
        let root = value!({ "a/b": { "~": [1, { "": 2 }] }, "": 3 });
        let get = |text: &str| text.parse::<Pointer>().unwrap().get(&root).map(Value::to_json);
        assert_eq!(get("/a~1b/~0/1/").as_deref(), Some("2"));
        assert_eq!(get("/").as_deref(), Some("3"));
        assert_eq!(get("").map(|all| all.len()), Some(root.to_json().len()));
        assert_eq!(get("/a~1b/~0/01"), None);
        assert_eq!(get("/a~1b/~0/-"), None);
        assert!("a".parse::<Pointer>().is_err());
    }

    proptest! {
        #[test]
        fn printing_reads_back(tokens in proptest::collection::vec("[a-z~/01]{0,4}", 0..4)) {
            let pointer = Pointer::new(tokens);
            prop_assert_eq!(pointer.to_string().parse::<Pointer>().unwrap(), pointer);
        }
    }
}
