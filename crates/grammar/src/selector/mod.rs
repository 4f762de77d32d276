//! Label and field selectors, as apimachinery 0.37 reads, prints and matches them.

mod field;
mod object;
mod scan;

use std::fmt;
use std::str::FromStr;

use crate::names;

pub use field::{FieldSelector, FieldTerm};

/// A label selector: every [`Requirement`] must hold. The empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
    nothing: bool,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    key: String,
    operator: Operator,
    /// Sorted, without duplicates.
    values: Vec<String>,
}

/// What a [`Requirement`] asks of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `k in (a,b)`.
    In,
    /// `k notin (a,b)`; an absent label satisfies it.
    NotIn,
    /// `k=v`.
    Equals,
    /// `k==v`, the same thing, printed as written.
    DoubleEquals,
    /// `k!=v`; an absent label satisfies it.
    NotEquals,
    /// `k`.
    Exists,
    /// `!k`.
    DoesNotExist,
    /// `k>1`, both as integers.
    GreaterThan,
    /// `k<1`, both as integers.
    LessThan,
}

/// Why a selector is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// The text breaks the grammar; the message is apimachinery's.
    #[error("unable to parse selector {text:?}: found '{found}', expected: {expected}")]
    Syntax {
        /// The whole selector.
        text: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// The key is no label key.
    #[error("selector key {key:?} is invalid: {messages}")]
    Key {
        /// The key.
        key: String,
        /// The API server's messages.
        messages: String,
    },
    /// A value is no label value.
    #[error("selector value {value:?} of key {key:?} is invalid: {messages}")]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The API server's messages.
        messages: String,
    },
    /// The operator does not go with this number or kind of values.
    #[error("selector key {key:?}: {message}")]
    Operator {
        /// The key.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// The object form is not a map of matchLabels and matchExpressions.
    #[error("label selector field {field:?} must be {expected}")]
    Shape {
        /// The field.
        field: String,
        /// What it must be.
        expected: &'static str,
    },
}

impl Requirement {
    /// Makes a requirement, refused as `labels.NewRequirement` refuses it.
    pub fn new(
        key: impl Into<String>,
        operator: Operator,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, SelectorError> {
        let key = key.into();
        let mut values: Vec<String> = values.into_iter().map(Into::into).collect();
        values.sort();
        values.dedup();
        let messages = names::qualified_name(&key);
        if !messages.is_empty() {
            return Err(SelectorError::Key { key, messages: messages.join("; ") });
        }
        if let Some(message) = operator.refuses(&values) {
            return Err(SelectorError::Operator { key, message: message.to_owned() });
        }
        for value in &values {
            let messages = names::label_value(value);
            if !messages.is_empty() {
                return Err(SelectorError::Value {
                    key,
                    value: value.clone(),
                    messages: messages.join("; "),
                });
            }
        }
        Ok(Self { key, operator, values })
    }

    /// The label's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is asked of it.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The values, sorted.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Whether a label with this value, or absent, satisfies the requirement.
    pub fn matches(&self, label: Option<&str>) -> bool {
        let listed = |label: &str| self.values.iter().any(|value| value == label);
        let number = |text: &str| text.parse::<i64>().ok();
        let bound = self.values.first().and_then(|value| number(value));
        match (self.operator, label) {
            (Operator::In | Operator::Equals | Operator::DoubleEquals, Some(label)) => listed(label),
            (Operator::NotIn | Operator::NotEquals, label) => !label.is_some_and(listed),
            (Operator::Exists, label) => label.is_some(),
            (Operator::DoesNotExist, label) => label.is_none(),
            (Operator::GreaterThan, Some(label)) => number(label).zip(bound).is_some_and(|(a, b)| a > b),
            (Operator::LessThan, Some(label)) => number(label).zip(bound).is_some_and(|(a, b)| a < b),
            (_, None) => false,
        }
    }
}

impl Operator {
    fn refuses(self, values: &[String]) -> Option<&'static str> {
        match self {
            Self::In | Self::NotIn if values.is_empty() => {
                Some("for 'in', 'notin' operators, values set can't be empty")
            }
            Self::Equals | Self::DoubleEquals | Self::NotEquals if values.len() != 1 => {
                Some("exact-match compatibility requires one single value")
            }
            Self::Exists | Self::DoesNotExist if !values.is_empty() => {
                Some("values set must be empty for exists and does not exist")
            }
            Self::GreaterThan | Self::LessThan if values.len() != 1 => {
                Some("for 'Gt', 'Lt' operators, exactly one value is required")
            }
            Self::GreaterThan | Self::LessThan if values.iter().any(|v| v.parse::<i64>().is_err()) => {
                Some("for 'Gt', 'Lt' operators, the value must be an integer")
            }
            _ => None,
        }
    }
}

impl LabelSelector {
    /// A selector of these requirements.
    pub fn new(requirements: impl IntoIterator<Item = Requirement>) -> Self {
        let mut requirements: Vec<Requirement> = requirements.into_iter().collect();
        // Stable by key, as apimachinery sorts before it prints.
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self { requirements, nothing: false }
    }

    /// The selector that selects everything.
    pub fn everything() -> Self {
        Self::default()
    }

    /// The selector that selects nothing; prints as the empty text.
    pub fn nothing() -> Self {
        Self { requirements: Vec::new(), nothing: true }
    }

    /// The requirements, sorted by key.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether labels are selected: `label` answers a key with its value.
    pub fn matches<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.matches(label(&r.key)))
    }
}

impl FromStr for LabelSelector {
    type Err = SelectorError;
    fn from_str(text: &str) -> Result<Self, SelectorError> {
        scan::parse(text)
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (&self.key, self.values.join(","));
        match self.operator {
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let got = text.parse::<LabelSelector>().map_or_else(|e| e.to_string(), |s| s.to_string());
        assert!(got == expect || (!expect.is_empty() && got.contains(expect)), "{text}: {got}");
    }

    #[test]
    fn reading_and_printing() {
        check("", "");
        check("x=a", "x=a");
        check(" x == a , y!=b", "x==a,y!=b");
        check("z,!a", "!a,z");
        check("x in (b, a,b)", "x in (a,b)");
        check("x notin (a)", "x notin (a)");
        check("x in (,a)", "x in (,a)");
        check("x=", "x=");
        check("x>1,y<2", "x>1,y<2");
        check("in in (in)", "in in (in)");
        check("x in (", "found '', expected: ',', ')' or identifier");
        check("x=a,", "found '', expected: identifier after ','");
        check("=a", "found '=', expected: !, identifier, or 'end of string'");
        check("x a", "found 'a', expected: in, notin, =, ==, !=, gt, lt");
        check("x>a", "must be an integer");
        check("x=a b", "found 'b', expected: ',' or 'end of string'");
        check("a b/c=d", "found 'b/c', expected");
        check("/x=a", "prefix part must be non-empty");
    }

    #[test]
    fn matching() {
        let labels =
            |key: &str| [("x", "a"), ("n", "5")].into_iter().find(|(k, _)| *k == key).map(|(_, v)| v);
        for (selector, expect) in [
            ("", true),
            ("x=a", true),
            ("x!=a", false),
            ("y!=a", true),
            ("y notin (a)", true),
            ("y in (a)", false),
            ("x,!y", true),
            ("n>4,n<6", true),
            ("x>4", false),
            ("y<4", false),
        ] {
            let selector: LabelSelector = selector.parse().unwrap();
            assert_eq!(selector.matches(labels), expect, "{selector}");
        }
        assert!(!LabelSelector::nothing().matches(labels));
    }
}
