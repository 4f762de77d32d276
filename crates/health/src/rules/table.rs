//! Tables of rules: ours, and those that users bring.

use tautline_core::{Object, Value};

use super::path::Sight;
use super::sign::Sign;
use super::unobserved;
use crate::conditions::conditions;
use crate::status::Health;

/// A row of a table: a kind and its signs.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    group: String,
    kinds: Vec<String>,
    /// Whether its observed generation says something.
    keeps_generation: bool,
    signs: Vec<Sign>,
}

/// Why a table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The whole is no map.
    #[error("a table of rules is a map from GROUP/KIND to a list of signs")]
    Shape,
    /// A kind is not named as it must be.
    #[error("{0}: a kind is written GROUP/KIND, or /KIND in the core group")]
    Kind(String),
    /// A sign is none.
    #[error("{kind}: {sign:?} is no sign; write for example `Ready=True Healthy` or `phase:Failed Degraded`")]
    Sign {
        /// Of which kind.
        kind: String,
        /// Its text.
        sign: String,
    },
}

/// A user's own rules, as a [`HealthCheck`](crate::HealthCheck) that asks them before the built-in ones.
///
/// They have the form of `table.txt`, as a map from `GROUP/KIND` (`*` at the start of either for any text) to a list of
/// signs; the first kind that fits counts, and of it the first sign that holds. What a sign may look for stands at the
/// head of that table: conditions, fields, entries of lists, comparisons, and several of them with `&` between.
///
/// ```
/// use tautline_core::{Object, Timestamp, value};
/// use tautline_health::{HealthCheck, HealthStatus, Objects, Rules};
///
/// let rules = Rules::read(&value!({ "tea.example.org/Cup": ["phase:Empty Degraded", "Hot=True Healthy"] }))?;
/// let cup = Object::new(value!({ "apiVersion": "tea.example.org/v1", "kind": "Cup",
///     "metadata": { "name": "a" }, "status": { "phase": "Empty" } }))?;
/// let health = rules.assess(&cup, &Objects::default(), Timestamp::default()).unwrap();
/// assert_eq!(health.status, HealthStatus::Degraded);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Reads a table.
    ///
    /// # Errors
    /// The first kind or sign that is none.
    pub fn read(table: &Value) -> Result<Self, RuleError> {
        let map = table.as_map().ok_or(RuleError::Shape)?;
        let rule = |(kind, signs): (&tautline_core::Key, &Value)| {
            let signs = signs.as_list().ok_or(RuleError::Shape)?;
            Rule::new(kind.as_str(), signs.iter().map(|sign| sign.as_str().unwrap_or_default()))
        };
        map.iter().map(rule).collect::<Result<_, _>>().map(Self)
    }

    /// Adds the rules of another table; where both know a kind, those here count.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many kinds and patterns of kinds there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the rules is for this object.
    pub fn knows(&self, object: &Object) -> bool {
        self.rule(object).is_some()
    }

    pub(super) fn rule(&self, object: &Object) -> Option<&Rule> {
        let (group, kind) = (object.group(), object.kind());
        self.0.iter().find(|rule| rule.is_for(group, kind))
    }
}

impl Rule {
    /// A line of `table.txt`.
    pub(super) fn row(line: &str) -> Result<Self, RuleError> {
        let mut parts = line.split('|').map(str::trim);
        Self::new(parts.next().unwrap_or_default(), parts)
    }

    fn new<'t>(kind: &str, signs: impl Iterator<Item = &'t str>) -> Result<Self, RuleError> {
        let is_comment = kind.starts_with('#');
        let (keeps_generation, kind) = kind.strip_prefix('~').map_or((true, kind), |kind| (false, kind));
        let (group, names) =
            kind.split_once('/').filter(|_| !is_comment).ok_or_else(|| RuleError::Kind(kind.to_owned()))?;
        let sign = |text: &str| {
            Sign::parse(text).ok_or_else(|| RuleError::Sign { kind: kind.to_owned(), sign: text.to_owned() })
        };
        let signs = signs.map(sign).collect::<Result<Vec<_>, _>>()?;
        let kinds = names.split(',').map(str::to_owned).collect();
        Ok(Self { group: group.to_owned(), kinds, keeps_generation, signs })
    }

    pub(super) fn is_for(&self, group: &str, kind: &str) -> bool {
        fits(&self.group, group) && self.names(kind)
    }

    /// Whether it is for this kind in some group.
    pub(super) fn names(&self, kind: &str) -> bool {
        self.kinds.iter().any(|pattern| fits(pattern, kind))
    }

    /// The kinds, and patterns of kinds, that it is for.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().map(String::as_str)
    }

    pub(super) fn judge(&self, object: &Object) -> Health {
        if let Some(waiting) = unobserved(object).filter(|_| self.keeps_generation) {
            return waiting;
        }
        let sight = Sight::of(object);
        let found = self.signs.iter().find_map(|sign| sign.see(sight));
        found.unwrap_or_else(|| match conditions(object).find(|c| c.status != "True") {
            Some(c) if !c.message.is_empty() => Health::progressing(c.message.to_owned()),
            _ => Health::progressing("Waiting for its controller to report"),
        })
    }
}

/// `*` alone fits all, `*.end` fits what ends so.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => text.ends_with(end),
        None => pattern == text,
    }
}
