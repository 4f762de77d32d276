//! Versions and constraints of Masterminds/semver v3, which Helm and Argo CD use: `^1.2`, `>= 1.19-0`.

mod constraint;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

pub use constraint::Constraint;

/// A version. Missing parts are zero: `v1.3` is `1.3.0`. Equal and ordered without build metadata.
#[derive(Clone, Debug)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
    /// What follows `-`: dotted identifiers; empty for a release.
    pub pre: String,
    /// What follows `+`; does not order.
    pub build: String,
    /// The text it was read from.
    original: String,
}

/// Why text is no version or constraint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SemverError {
    /// The text is no version.
    #[error("{0:?} is no semantic version; write it like 1.2.3")]
    Version(String),
    /// The text is no constraint.
    #[error("improper constraint: {0}")]
    Constraint(String),
}

impl Version {
    /// Reads a version of exactly three numbers without a leading `v`, as semver.org has it.
    pub fn strict(text: &str) -> Result<Self, SemverError> {
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let has_zeros = core.split('.').any(|n| n.len() > 1 && n.starts_with('0'));
        if text.starts_with('v') || core.split('.').count() != 3 || has_zeros {
            return Err(SemverError::Version(text.to_owned()));
        }
        text.parse()
    }

    /// The text it was read from, a leading `v` included.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Whether it is a pre-release.
    pub fn is_prerelease(&self) -> bool {
        !self.pre.is_empty()
    }

    /// The three numbers.
    fn numbers(&self) -> (u64, u64, u64) {
        (self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = SemverError;

    fn from_str(text: &str) -> Result<Self, SemverError> {
        let wrong = || SemverError::Version(text.chars().take(256).collect());
        if text.len() > 256 {
            return Err(wrong());
        }
        let rest = text.strip_prefix('v').unwrap_or(text);
        let (rest, build) = rest.split_once('+').map_or((rest, None), |(rest, build)| (rest, Some(build)));
        let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
        let mut numbers = core.split('.').map(number);
        let major = numbers.next().flatten().ok_or_else(wrong)?;
        let mut more = || numbers.next().unwrap_or(Some(0)).ok_or_else(wrong);
        let (minor, patch) = (more()?, more()?);
        if numbers.next().is_some() {
            return Err(wrong());
        }
        let identifiers = |text: &str, is_pre: bool| {
            text.split('.').all(|id| {
                let numeric = id.bytes().all(|b| b.is_ascii_digit());
                !id.is_empty()
                    && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    && !(is_pre && numeric && id.len() > 1 && id.starts_with('0'))
            })
        };
        if !pre.is_none_or(|pre| identifiers(pre, true))
            || !build.is_none_or(|build| identifiers(build, false))
        {
            return Err(wrong());
        }
        let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(Self { major, minor, patch, pre: owned(pre), build: owned(build), original: text.to_owned() })
    }
}

/// A number; leading zeros are let pass, as by `NewVersion`.
fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.is_empty() {
            write!(f, "-{}", self.pre)?;
        }
        if !self.build.is_empty() {
            write!(f, "+{}", self.build)?;
        }
        Ok(())
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers()).then_with(|| compare_pre(&self.pre, &other.pre))
    }
}

/// A release is after its pre-releases; numbers are before words.
fn compare_pre(a: &str, b: &str) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return b.is_empty().cmp(&a.is_empty()).reverse();
    }
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let (x, y) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => (x, y),
        };
        let order = match (x.parse::<u64>(), y.parse::<u64>()) {
            (Ok(x), Ok(y)) => x.cmp(&y),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => x.cmp(y),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        let sorted = [
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta",
            "1.0.0",
            "v1.1",
            "2",
        ];
        for pair in sorted.windows(2) {
            let (a, b): (Version, Version) = (pair[0].parse().unwrap(), pair[1].parse().unwrap());
            assert!(a < b, "{a} < {b}");
        }
        assert_eq!("1.0.0+a".parse::<Version>(), "v1".parse());
    }

    #[test]
    fn refusals() {
        for text in ["", "a", "1.2.3.4", "1.2.3-", "1.2.3-01", "1.2.3+", "1..2", "-1", "1.2.3-a_b"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
        assert!(
            Version::strict("1.2").is_err()
                && Version::strict("01.2.3").is_err()
                && Version::strict("v1.2.3").is_err()
        );
        assert_eq!(Version::strict("1.2.3-a+b").map(|v| v.to_string()), Ok("1.2.3-a+b".to_owned()));
    }
}
