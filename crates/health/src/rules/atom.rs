//! [`Atom`]: one thing that a sign looks for.

use tautline_core::Value;

use super::compare::Comparison;
use super::path::{Found, Path, Sight};
use super::words::Words;

/// What to look for, as the head of `table.txt` describes it.
#[derive(Clone, Debug)]
pub(super) enum Atom {
    Always,
    /// No status was written yet.
    Untold,
    Not(Box<Self>),
    Condition {
        types: Words,
        status: Words,
        reasons: Option<Words>,
    },
    Field {
        path: Path,
        words: Words,
    },
    Entry {
        list: Path,
        atoms: Vec<Self>,
    },
    Comparison(Comparison),
}

impl Atom {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text {
            "else" => return Some(Self::Always),
            "nothing" => return Some(Self::Untold),
            _ => {}
        }
        if let Some(rest) = text.strip_prefix('!') {
            return Self::parse(rest).map(|atom| Self::Not(Box::new(atom)));
        }
        if Comparison::is_one(text) {
            return Comparison::parse(text).map(Self::Comparison);
        }
        if let Some((list, condition)) = text.split_once("[]:") {
            return Some(Self::Entry { list: Path::parse(list)?, atoms: vec![Self::parse(condition)?] });
        }
        if let Some((list, inner)) = text.split_once('[') {
            return Some(Self::Entry {
                list: Path::parse(list)?,
                atoms: Self::several(inner.strip_suffix(']')?)?,
            });
        }
        if let Some((types, rest)) = text.split_once('=') {
            let (status, reasons) =
                rest.split_once('/').map_or((rest, None), |(status, r)| (status, Some(r)));
            let reasons = match reasons {
                Some(reasons) => Some(Words::parse(reasons)?),
                None => None,
            };
            return Some(Self::Condition {
                types: Words::parse(types)?,
                status: Words::parse(status)?,
                reasons,
            });
        }
        let (path, words) = text.split_once(':')?;
        Some(Self::Field { path: Path::parse(path)?, words: Words::parse(words)? })
    }

    /// Those of an entry, with semicolons between them.
    pub(super) fn several(text: &str) -> Option<Vec<Self>> {
        let mut depth = 0;
        let is_between = |c: char| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            c == ';' && depth == 0
        };
        text.split(is_between).map(Self::parse).collect()
    }

    /// Whether it is so; with the message of the condition by which it is.
    pub(super) fn holds<'o>(&self, sight: Sight<'o>) -> Option<&'o str> {
        match self {
            Self::Always => Some(""),
            Self::Untold => (!sight.is_told()).then_some(""),
            Self::Not(atom) => atom.holds(sight).is_none().then_some(""),
            Self::Comparison(comparison) => comparison.holds(sight).then_some(""),
            Self::Condition { types, status, reasons } => {
                let text =
                    |c: &'o Value, field: &str| c.get(field).and_then(Value::as_str).unwrap_or_default();
                let found = sight.root.list_at(&["conditions"]).iter().find(|c| {
                    types.fit(text(c, "type"))
                        && status
                            .fit(&c.get("status").and_then(|s| Found::Value(s).text()).unwrap_or_default())
                        && reasons.as_ref().is_none_or(|reasons| reasons.fit(text(c, "reason")))
                        && !is_old(c, sight)
                });
                found.map(|c| text(c, "message"))
            }
            Self::Field { path, words } => {
                let found = path.find(sight)?;
                let fits = match found.text() {
                    Some(text) => !text.is_empty() && words.fit(&text),
                    None => words.is_any(),
                };
                fits.then_some("")
            }
            Self::Entry { list, atoms } => list.entries(sight).find_map(|entry| {
                let messages = atoms.iter().map(|atom| atom.holds(sight.within(entry)));
                let messages: Option<Vec<&str>> = messages.collect();
                messages.map(|all| all.into_iter().find(|text| !text.is_empty()).unwrap_or_default())
            }),
        }
    }
}

/// Whether a condition tells of an earlier generation than the one there is.
fn is_old(condition: &Value, sight: Sight<'_>) -> bool {
    let told = condition.i64_at(&["observedGeneration"]);
    told.zip(sight.object.generation()).is_some_and(|(told, generation)| told < generation)
}
