//! Version constraints as Masterminds/semver v3 judges them.

use std::path::Path;

use tautline_core::Value;
use tautline_grammar::{Constraint, Version};

use crate::fixtures;
use crate::merge_cases::Outcome;

/// Judges every pair of constraint and version.
///
/// # Errors
/// When the file cannot be read.
pub fn run(folder: &Path) -> Result<Outcome, Box<dyn std::error::Error>> {
    let mut outcome = Outcome::default();
    let cases = Value::from_json(fixtures::text(folder, "masterminds.json")?.as_bytes())?;
    for case in cases.as_list().into_iter().flatten() {
        let field = |name: &str| case.str_at(&[name]).unwrap_or_default();
        let (constraint, version) = (field("constraint"), field("version"));
        let got = match (constraint.parse::<Constraint>(), version.parse::<Version>()) {
            (Ok(constraint), Ok(version)) => constraint.check(&version).to_string(),
            _ => "error".to_owned(),
        };
        let wrong = (got != field("want")).then(|| format!("{got}, not {}", field("want")));
        outcome.judge(&format!("{constraint:?} and {version}"), wrong);
    }
    Ok(outcome)
}
