//! Field selectors: `metadata.name=x,status.phase!=Running`.

use std::fmt;
use std::str::FromStr;

use super::SelectorError;

/// A field selector: every term must hold. The empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldSelector(Vec<FieldTerm>);

/// One condition on one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldTerm {
    /// The field's path, dotted.
    pub field: String,
    /// Whether the value must be equal, or else must differ.
    pub equal: bool,
    /// The unescaped value.
    pub value: String,
}

impl FieldSelector {
    /// The terms, as written.
    pub fn terms(&self) -> &[FieldTerm] {
        &self.0
    }

    /// Whether fields are selected: `field` answers a path with its text; an absent field is empty.
    pub fn matches<'f>(&self, field: impl Fn(&str) -> Option<&'f str>) -> bool {
        self.0.iter().all(|term| (field(&term.field).unwrap_or_default() == term.value) == term.equal)
    }
}

impl FromStr for FieldSelector {
    type Err = SelectorError;

    /// Terms between commas; `\,`, `\=` and `\\` are escapes within a value. Empty terms are skipped.
    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let wrong = |found: &str| SelectorError::Syntax {
            text: text.to_owned(),
            found: found.to_owned(),
            expected: "field=value, field==value or field!=value; in a value write \\, \\= and \\\\",
        };
        let mut terms = Vec::new();
        for term in split(text).filter(|term| !term.is_empty()) {
            let (field, equal, value) = take_apart(term).ok_or_else(|| wrong(term))?;
            let value = unescape(value).ok_or_else(|| wrong(term))?;
            terms.push(FieldTerm { field: field.to_owned(), equal, value });
        }
        Ok(Self(terms))
    }
}

/// The text between unescaped commas.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |c| {
        let comma = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        comma
    })
}

fn take_apart(term: &str) -> Option<(&str, bool, &str)> {
    let at = term.find("!=").into_iter().chain(term.find('=')).min()?;
    let (field, rest) = term.split_at(at);
    for (operator, equal) in [("!=", false), ("==", true), ("=", true)] {
        if let Some(value) = rest.strip_prefix(operator) {
            return Some((field, equal, value));
        }
    }
    None
}

fn unescape(value: &str) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().filter(|c| ['\\', ',', '='].contains(c))?),
            ',' | '=' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.0.iter().enumerate() {
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{}{}{value}", term.field, if term.equal { "=" } else { "!=" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let check = |text: &str, expect: &str| {
            let got = text.parse::<FieldSelector>().map_or("refused".to_owned(), |s| s.to_string());
            assert_eq!(got, expect, "{text}");
        };
        check("metadata.name=x,status.phase!=Running", "metadata.name=x,status.phase!=Running");
        check("a==b", "a=b");
        check("a=b\\,c\\=d\\\\", "a=b\\,c\\=d\\\\");
        check("", "");
        check("a=", "a=");
        check("a", "refused");
        check("a=b=c", "refused");
        check("a=\\x", "refused");
        let selector: FieldSelector = "a=1,b!=2".parse().unwrap();
        assert!(selector.matches(|field| (field == "a").then_some("1")));
        assert!(!selector.matches(|_| Some("2")));
    }
}
