//! One run of one script in a world of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;

use mlua::Value;
use tautline_core::{Object, Timestamp};

use crate::error::ScriptError;
use crate::limits::Limits;
use crate::machine::{Machine, Run};

thread_local! {
    /// Machines that wait for their next script; no more than runs that were nested in one another. They hold nothing
    /// of earlier runs but compiled scripts.
    static IDLE: RefCell<Vec<Machine>> = const { RefCell::new(Vec::new()) };
}

/// Runs a script with the object as `obj` and hands its last answer to `read`.
pub(crate) fn run<R>(
    source: &str,
    object: &Object,
    now: Timestamp,
    limits: &Limits,
    read: impl FnOnce(Value) -> Result<R, ScriptError>,
) -> Result<R, ScriptError> {
    run_with(source, object, &BTreeMap::new(), now, limits, read)
}

/// Runs a script with the object as `obj` and parameters as `actionParams`.
pub(crate) fn run_with<R>(
    source: &str,
    object: &Object,
    parameters: &BTreeMap<String, String>,
    now: Timestamp,
    limits: &Limits,
    read: impl FnOnce(Value) -> Result<R, ScriptError>,
) -> Result<R, ScriptError> {
    if source.len() > limits.source {
        return Err(ScriptError::TooLong { bytes: source.len(), limit: limits.source });
    }
    let idle = IDLE.with_borrow_mut(Vec::pop);
    let mut machine = match idle {
        Some(machine) => machine,
        None => Machine::new().map_err(|error| ScriptError::from_lua(&error))?,
    };
    let result = machine.run(&Run { source, object, parameters, now, limits }).and_then(read);
    // One that was stopped in the middle of something is not used again.
    if machine.is_sound() {
        IDLE.with_borrow_mut(|idle| idle.push(machine));
    }
    result
}
