//! What fuzzing runs: one function a target, from bytes to nothing.
//!
//! Each checks what must hold for every input: nothing panics, hangs or exceeds its budget, two ways to the same
//! answer agree, and what is written is read again. `fuzz/` runs them under libFuzzer; this package's test runs them on
//! stable, bounded.
//!
//! ```
//! for (name, driver) in tautline_fuzz_drivers::DRIVERS {
//!     driver(format!("a: [{name}]").as_bytes());
//! }
//! ```
#![forbid(unsafe_code)]

mod merging;
mod reading;

pub use merging::{fields_v1, json_patch, strategic_merge, structured_merge};
pub use reading::{field_path, json, quantity, yaml_fast, yaml_full};

/// A driver: what it is given is any bytes.
pub type Driver = fn(&[u8]);

/// All drivers, by the names of their targets.
pub const DRIVERS: [(&str, Driver); 9] = [
    ("yaml_full", yaml_full),
    ("yaml_fast", yaml_fast),
    ("json", json),
    ("fields_v1", fields_v1),
    ("strategic_merge", strategic_merge),
    ("structured_merge", structured_merge),
    ("json_patch", json_patch),
    ("field_path", field_path),
    ("quantity", quantity),
];
