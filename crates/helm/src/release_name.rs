//! Names that `--name-template` makes.

use std::sync::Arc;

use tautline_core::{Budget, Timestamp};
use tautline_gotemplate::{Engine, Functions, Options, Templates, Value};

/// The name that a template makes, with sprig's functions and no data, as `--name-template` is read.
///
/// # Errors
/// In Helm's words, if it cannot be parsed or rendered.
pub fn release_name(source: &str, now: Timestamp, seed: [u8; 32], budget: &Budget) -> Result<String, String> {
    let mut templates = Templates::new(Functions::sprig());
    templates.parse("name-template", source).map_err(|error| error.to_string())?;
    let options = Options { now, seed, budget: budget.clone(), ..Options::default() };
    Engine::new(Arc::new(templates), options)
        .execute("name-template", &Value::Nil)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made() {
        let name = |source| release_name(source, Timestamp::from_seconds(0), [0; 32], &Budget::default());
        assert_eq!(name("web-{{ lower \"X\" }}").unwrap(), "web-x");
        assert!(name("{{ nope }}").is_err());
    }
}
