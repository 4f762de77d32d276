//! Versions and ranges, as Masterminds/semver has them.

use tautline_grammar::semver::{Constraint, SemverError, Version};

use super::{S, fixed};
use crate::functions::{Entry, Type};
use crate::{Call, Failure, Go, Host, Kind, Number, Signature, Str, Value};

const NAME: &str = "*semver.Version";

pub(super) const FUNCTIONS: &[Entry] = &[
    ("semver", fixed(&[S]), |call| {
        let text = call.text(0).to_text();
        let version = text.parse().map_err(|error| worded(error, call.engine.options().go))?;
        Ok(Value::host(Semver(version)))
    }),
    ("semverCompare", fixed(&[S, S]), |call| {
        let go = call.engine.options().go;
        let constraint: Constraint = call.text(0).to_text().parse().map_err(|e| worded(e, go))?;
        let version: Version = call.text(1).to_text().parse().map_err(|e| worded(e, go))?;
        Ok(constraint.check(&version).into())
    }),
];

/// The message of the library of that time.
fn worded(error: SemverError, go: Go) -> Failure {
    match error {
        SemverError::Version(_) if go < Go::V1_26 => "Invalid Semantic Version".into(),
        SemverError::Version(_) => "invalid semantic version".into(),
        SemverError::Constraint(text) if go >= Go::V1_27 => {
            format!("improper constraint: {}", crate::format::quote(text.as_bytes())).into()
        }
        SemverError::Constraint(text) => format!("improper constraint: {text}").into(),
    }
}

/// A version as a template has it: `(semver "1.2.3").Minor`.
#[derive(Debug)]
struct Semver(Version);

const NONE: Signature = fixed(&[]);
const OTHER: Signature = fixed(&[Type::Host(NAME)]);

impl Semver {
    /// The next version: pre-release and build are dropped.
    fn next(&self, major: u64, minor: u64, patch: u64) -> Value {
        let text = format!("{major}.{minor}.{patch}");
        // "v" is kept by the original text only.
        let kept = if self.0.original().starts_with('v') { format!("v{text}") } else { text };
        kept.parse().map_or(Value::Nil, |version| Value::host(Self(version)))
    }
}

impl Host for Semver {
    fn type_name(&self) -> &str {
        NAME
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        match name {
            "Major" | "Minor" | "Patch" | "Prerelease" | "Metadata" | "Original" | "String" | "IncMajor"
            | "IncMinor" | "IncPatch" => Some(NONE),
            "Compare" | "LessThan" | "LessThanEqual" | "GreaterThan" | "GreaterThanEqual" | "Equal" => {
                Some(OTHER)
            }
            _ => None,
        }
    }

    fn call(&self, name: &str, call: &mut Call<'_>) -> Result<Value, Failure> {
        let version = &self.0;
        let (major, minor, patch) = (version.major, version.minor, version.patch);
        let other = call.arg(0).as_host::<Self>().map(|other| &other.0);
        let order = other.map(|other| version.cmp(other));
        let is = |wanted: fn(std::cmp::Ordering) -> bool| Ok(order.is_some_and(wanted).into());
        match name {
            "Major" => Ok(Number::Uint64(major).into()),
            "Minor" => Ok(Number::Uint64(minor).into()),
            "Patch" => Ok(Number::Uint64(patch).into()),
            "Prerelease" => Ok(version.pre.as_str().into()),
            "Metadata" => Ok(version.build.as_str().into()),
            "Original" => Ok(version.original().into()),
            "String" => Ok(version.to_string().into()),
            "IncMajor" => Ok(self.next(major + 1, 0, 0)),
            "IncMinor" => Ok(self.next(major, minor + 1, 0)),
            "IncPatch" if version.is_prerelease() => Ok(self.next(major, minor, patch)),
            "IncPatch" => Ok(self.next(major, minor, patch + 1)),
            "Compare" => Ok(Value::Int(order.map_or(0, |order| order as i64))),
            "LessThan" => is(std::cmp::Ordering::is_lt),
            "LessThanEqual" => is(std::cmp::Ordering::is_le),
            "GreaterThan" => is(std::cmp::Ordering::is_gt),
            "GreaterThanEqual" => is(std::cmp::Ordering::is_ge),
            "Equal" => is(std::cmp::Ordering::is_eq),
            _ => Err(Failure::new(format!("no method {name}"))),
        }
    }

    /// The fields of Go's struct, which verbs without a text form print.
    fn entries(&self) -> Vec<(Value, Value)> {
        let version = &self.0;
        vec![
            ("major".into(), Number::Uint64(version.major).into()),
            ("minor".into(), Number::Uint64(version.minor).into()),
            ("patch".into(), Number::Uint64(version.patch).into()),
            ("pre".into(), version.pre.as_str().into()),
            ("metadata".into(), version.build.as_str().into()),
            ("original".into(), version.original().into()),
        ]
    }

    fn text(&self) -> Option<Str> {
        Some(self.0.to_string().into())
    }

    /// Go's copy leaves out fields that are not exported: all of them.
    fn deep_copy(&self) -> Option<Value> {
        "0.0.0".parse().ok().map(|version| Value::host(Self(version)))
    }

    fn to_json(&self) -> Option<Value> {
        self.text().map(Value::String)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
