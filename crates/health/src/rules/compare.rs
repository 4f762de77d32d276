//! Signs that compare two numbers or texts.

use std::borrow::Cow;

use super::atom::Atom;
use super::path::{Found, Path, Sight};

/// `LEFT OPERATOR RIGHT`, with spaces.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    left: Operand,
    operator: Operator,
    right: Operand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

const OPERATORS: [(&str, Operator); 6] = [
    (" == ", Operator::Equal),
    (" != ", Operator::Unequal),
    (" <= ", Operator::AtMost),
    (" >= ", Operator::AtLeast),
    (" < ", Operator::Less),
    (" > ", Operator::More),
];

#[derive(Clone, Debug)]
enum Operand {
    Number(f64),
    /// `path`, or `path?N` with what counts where there is nothing.
    Path(Path, Option<f64>),
    /// `#path`, `#path[…]`: how many entries there are, or are so.
    Count(Path, Vec<Atom>),
    /// `list[].field`: the sum over the entries.
    Sum(Path, Path),
    Minus(Box<Self>, Box<Self>),
}

impl Comparison {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (left, operator, right) = OPERATORS.iter().find_map(|(sign, operator)| {
            text.split_once(sign).map(|(left, right)| (left, *operator, right))
        })?;
        Some(Self { left: Operand::parse(left)?, operator, right: Operand::parse(right)? })
    }

    /// Whether the text has the form of a comparison outside of brackets.
    pub(super) fn is_one(text: &str) -> bool {
        let end = text.find('[').unwrap_or(text.len());
        let start = text.rfind(']').map_or(0, |at| at + 1);
        let outside = [text.get(..end), text.get(start.max(end)..)];
        OPERATORS.iter().any(|(sign, _)| outside.iter().flatten().any(|part| part.contains(sign)))
    }

    /// For an order what is missing counts as nought, and what is no number is never in order.
    pub(super) fn holds(&self, sight: Sight<'_>) -> bool {
        match self.operator {
            Operator::Equal => self.is_equal(sight),
            Operator::Unequal => !self.is_equal(sight),
            operator => {
                let (Some(left), Some(right)) = (self.left.number(sight), self.right.number(sight)) else {
                    return false;
                };
                match operator {
                    Operator::Less => left < right,
                    Operator::AtMost => left <= right,
                    Operator::More => left > right,
                    _ => left >= right,
                }
            }
        }
    }

    fn is_equal(&self, sight: Sight<'_>) -> bool {
        let is_there =
            |operand: &Operand| !matches!(operand, Operand::Path(path, None) if path.find(sight).is_none());
        match (is_there(&self.left), is_there(&self.right)) {
            (true, true) => match (self.left.number(sight), self.right.number(sight)) {
                (Some(left), Some(right)) => left == right,
                _ => self.left.text(sight) == self.right.text(sight),
            },
            (left, right) => left == right,
        }
    }
}

impl Operand {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse() {
            return Some(Self::Number(number));
        }
        if let Some((left, right)) = text.split_once(" - ") {
            return Some(Self::Minus(Box::new(Self::parse(left)?), Box::new(Self::parse(right)?)));
        }
        if let Some(list) = text.strip_prefix('#') {
            let (path, inner) = match list.split_once('[') {
                Some((path, inner)) => (path, Atom::several(inner.strip_suffix(']')?)?),
                None => (list, Vec::new()),
            };
            return Some(Self::Count(Path::parse(path)?, inner));
        }
        if let Some((list, field)) = text.split_once("[].") {
            return Some(Self::Sum(Path::parse(list)?, Path::parse(field)?));
        }
        let (path, default) = text.split_once('?').map_or((text, None), |(path, n)| (path, Some(n)));
        Some(Self::Path(Path::parse(path)?, default.map(str::parse).transpose().ok()?))
    }

    fn number(&self, sight: Sight<'_>) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Path(path, default) => match path.find(sight) {
                Some(found) => found.number(),
                None => Some(default.unwrap_or(0.0)),
            },
            Self::Count(path, atoms) => {
                let is_so = |entry: &&tautline_core::Value| {
                    atoms.iter().all(|atom| atom.holds(sight.within(entry)).is_some())
                };
                Some(path.entries(sight).filter(is_so).count() as f64)
            }
            Self::Sum(list, field) => {
                let numbers = list.entries(sight).filter_map(|entry| field.find(sight.within(entry)));
                Some(numbers.filter_map(|found| found.number()).sum())
            }
            Self::Minus(left, right) => Some(left.number(sight)? - right.number(sight)?),
        }
    }

    fn text<'o>(&self, sight: Sight<'o>) -> Option<Cow<'o, str>> {
        match self {
            Self::Path(path, _) => path.find(sight).as_ref().and_then(Found::text),
            other => other.number(sight).map(|number| number.to_string().into()),
        }
    }
}
