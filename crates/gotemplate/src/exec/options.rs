//! [`Options`]: everything a run depends on beside its templates and data.

use tautline_core::{Budget, Timestamp};

/// What a key that a map does not have gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MissingKey {
    /// No value; it prints as `<no value>`. Go's default.
    #[default]
    NoValue,
    /// The zero value of the map's elements: nil for `map[string]interface {}`, `""` for strings. Helm's way.
    Zero,
    /// An error. `helm --strict` has it.
    Error,
}

/// Which Go's text/template is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Go {
    /// Go 1.23, with which Helm 3.17 is built: `range` takes no integers, and messages are shorter.
    V1_23,
    /// Go 1.26.
    #[default]
    V1_26,
    /// Go 1.27, with which Helm 4.3 is built: JSON holds U+FFFD itself where bytes are no UTF-8.
    V1_27,
}

/// Everything a run depends on beside its templates and data. Two runs with the same give the same bytes.
#[derive(Clone, Debug)]
pub struct Options {
    /// What a missing key gives.
    pub missing_key: MissingKey,
    /// Which Go is meant.
    pub go: Go,
    /// Bytes of text made, steps of work, nesting of data, and the flag that ends it early. `nodes` is not
    /// used: values made are steps.
    pub budget: Budget,
    /// How many templates may be within each other, by `template` or by functions that run templates.
    pub max_depth: usize,
    /// What `now` gives.
    pub now: Timestamp,
    /// Where random text and keys come from. Whoever knows it knows them.
    pub seed: [u8; 32],
}

impl Default for Options {
    /// Go 1.26 at 1970-01-01 with a seed of zeros; 10 000 templates within each other.
    fn default() -> Self {
        Self {
            missing_key: MissingKey::default(),
            go: Go::default(),
            budget: Budget::default(),
            max_depth: 10_000,
            now: Timestamp::default(),
            seed: [0; 32],
        }
    }
}

/// Something a template did that its author or operator should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The function.
    pub function: &'static str,
    /// What about it: "not deterministic: a new key at each render".
    pub message: &'static str,
}
