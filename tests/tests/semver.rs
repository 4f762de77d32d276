//! Version constraints as Masterminds/semver v3 judges them.

use tautline_core::Value;
use tautline_grammar::{Constraint, Version};
use tautline_tests::fixtures;

#[test]
fn constraints() {
    let Some(folder) = fixtures::folder("semver") else { return };
    let cases = Value::from_json(fixtures::text(&folder, "masterminds.json").unwrap().as_bytes()).unwrap();
    let mut wrong = Vec::new();
    for case in cases.as_list().unwrap().iter() {
        let field = |name: &str| case.str_at(&[name]).unwrap();
        let got = match (field("constraint").parse::<Constraint>(), field("version").parse::<Version>()) {
            (Ok(constraint), Ok(version)) => constraint.check(&version).to_string(),
            _ => "error".to_owned(),
        };
        if got != field("want") {
            wrong.push(format!(
                "{:?} and {}: {got}, not {}",
                field("constraint"),
                field("version"),
                field("want")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
