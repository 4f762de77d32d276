//! [`Constraint`]: which versions will do.

use std::fmt;
use std::str::FromStr;

use super::{SemverError, Version};

/// Which versions will do: comparisons that hold together, or others after `||`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    text: String,
    any_of: Vec<Vec<Comparison>>,
}

/// One comparison: an operator and a version of which parts may be missing or wild.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Comparison {
    operator: Operator,
    version: Version,
    /// No number at all is given: `*`.
    any: bool,
    minor_wild: bool,
    patch_wild: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    None,
    Equal,
    NotEqual,
    Greater,
    Less,
    AtLeast,
    AtMost,
    Tilde,
    Caret,
}

const OPERATORS: [(&str, Operator); 11] = [
    ("=>", Operator::AtLeast),
    (">=", Operator::AtLeast),
    ("=<", Operator::AtMost),
    ("<=", Operator::AtMost),
    ("!=", Operator::NotEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

impl Constraint {
    /// Whether a version will do. A pre-release does only where one of the comparisons that hold together
    /// names a pre-release too (Masterminds/semver 3.4).
    pub fn check(&self, version: &Version) -> bool {
        self.any_of.iter().any(|all| {
            let welcome = !version.is_prerelease() || all.iter().any(|c| c.version.is_prerelease());
            welcome && all.iter().all(|comparison| comparison.holds(version))
        })
    }
}

impl FromStr for Constraint {
    type Err = SemverError;

    fn from_str(text: &str) -> Result<Self, SemverError> {
        let wrong = || SemverError::Constraint(text.chars().take(256).collect());
        let any_of: Option<Vec<Vec<Comparison>>> = spread_ranges(text).split("||").map(group).collect();
        Ok(Self { text: text.to_owned(), any_of: any_of.ok_or_else(wrong)? })
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Writes `1.2 - 1.4` as `>=1.2, <=1.4`: a hyphen with spaces on both sides.
fn spread_ranges(text: &str) -> String {
    let groups: Vec<String> = text
        .split("||")
        .map(|group| {
            let words: Vec<&str> = group.split_whitespace().collect();
            let mut out = Vec::new();
            let mut at = 0;
            while let Some(word) = words.get(at) {
                match (words.get(at + 1), words.get(at + 2)) {
                    (Some(&"-"), Some(high)) => {
                        out.push(format!(">={word}, <={high}"));
                        at += 3;
                    }
                    _ => {
                        out.push((*word).to_owned());
                        at += 1;
                    }
                }
            }
            out.join(" ")
        })
        .collect();
    groups.join("||")
}

/// Comparisons between commas or spaces; an operator may stand apart from its version.
fn group(text: &str) -> Option<Vec<Comparison>> {
    let mut comparisons = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (operator, after) = OPERATORS
            .iter()
            .find_map(|(name, operator)| rest.strip_prefix(name).map(|after| (*operator, after)))
            .unwrap_or((Operator::None, rest));
        let after = after.trim_start();
        let end = after.find(|c: char| c.is_whitespace() || ",=<>!~^|".contains(c)).unwrap_or(after.len());
        let (version, after) = after.split_at(end);
        comparisons.push(comparison(operator, version)?);
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            // A comma must have a comparison behind it.
            Some(more) => Some(more.trim_start()).filter(|more| !more.is_empty())?,
            None => after,
        };
    }
    (!comparisons.is_empty()).then_some(comparisons)
}

fn comparison(operator: Operator, text: &str) -> Option<Comparison> {
    let bare = text.strip_prefix('v').unwrap_or(text);
    let cut = bare.find(['-', '+']).unwrap_or(bare.len());
    let (core, tail) = bare.split_at(cut);
    let is_wild = |part: &str| matches!(part, "x" | "X" | "*");
    let parts: Vec<&str> = core.split('.').collect();
    if parts.len() > 3 || parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let wild = |at: usize| parts.get(at).is_none_or(|part| is_wild(part));
    let (any, minor_wild, patch_wild) = (wild(0), wild(0) || wild(1), wild(0) || wild(1) || wild(2));
    let part = |at: usize, wild: bool| if wild { "0" } else { parts.get(at).copied().unwrap_or("0") };
    let numbers = format!("{}.{}.{}{tail}", part(0, any), part(1, minor_wild), part(2, patch_wild));
    Some(Comparison { operator, version: numbers.parse().ok()?, any, minor_wild, patch_wild })
}

impl Comparison {
    fn holds(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.operator {
            Operator::None | Operator::Equal if self.patch_wild => self.tilde(version),
            Operator::None | Operator::Equal => version == own,
            Operator::NotEqual => self.differs(version),
            Operator::Greater => self.above(version),
            Operator::Less => version < own,
            Operator::AtLeast => version >= own,
            Operator::AtMost => self.up_to(version),
            Operator::Tilde => self.tilde(version),
            Operator::Caret => self.caret(version),
        }
    }

    fn differs(&self, version: &Version) -> bool {
        let own = &self.version;
        if !self.patch_wild {
            return version != own;
        }
        version.major != own.major || (version.minor != own.minor && !self.minor_wild)
    }

    fn above(&self, version: &Version) -> bool {
        let own = &self.version;
        if !self.patch_wild {
            return version > own;
        }
        // `>1` means above every 1.x, `>1.2` above every 1.2.x.
        version.major > own.major
            || (version.major == own.major && !self.minor_wild && version.minor > own.minor)
    }

    fn up_to(&self, version: &Version) -> bool {
        let own = &self.version;
        if !self.patch_wild {
            return version <= own;
        }
        version.major < own.major
            || (version.major == own.major && (self.minor_wild || version.minor <= own.minor))
    }

    fn tilde(&self, version: &Version) -> bool {
        let own = &self.version;
        if version < own {
            return false;
        }
        // `~0.0.0` with every part wild is `*`.
        self.any || (version.major == own.major && (version.minor == own.minor || self.minor_wild))
    }

    fn caret(&self, version: &Version) -> bool {
        let own = &self.version;
        if version < own {
            return false;
        }
        if self.any {
            return true;
        }
        if own.major > 0 || self.minor_wild {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || self.patch_wild {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(constraint: &str, version: &str, expect: bool) {
        let constraint: Constraint = constraint.parse().unwrap();
        assert_eq!(constraint.check(&version.parse().unwrap()), expect, "{constraint} and {version}");
    }

    #[test]
    fn comparisons() {
        check("^1.2.3", "1.9.0", true);
        check("^1.2.3", "2.0.0", false);
        check("^0.2", "0.3.0", false);
        check("^0.0.3", "0.0.4", false);
        check("^0.0", "0.0.9", true);
        check("~1.2.3", "1.3.0", false);
        check("~1", "1.9.0", true);
        check("1.x", "2.0.0", false);
        check("!=1.x", "1.5.0", false);
        check("!=1.x", "2.0.0", true);
        check(">1.2", "1.3.0", true);
        check("<=1", "1.9.9", true);
        check("1.2 - 1.4.5", "1.4.6", false);
        check(">=1.0.0 <2.0.0 || >=3", "3.1.0", true);
        check("*", "0.0.1", true);
        check("^1.2.0-0", "1.2.0-rc.1", true);
    }

    #[test]
    fn refusals() {
        for text in ["", "latest", ">", "1.2.3.4", "1.2,,1.3", ">= 1.2,", "||", "1.2 ||"] {
            assert!(text.parse::<Constraint>().is_err(), "{text}");
        }
    }
}
