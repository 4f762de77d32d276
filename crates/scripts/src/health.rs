//! A script's answer as health.

use mlua::{Table, Value};
use tautline_core::{Object, Timestamp};
use tautline_health::{Health, HealthStatus};

use crate::error::ScriptError;
use crate::limits::Limits;
use crate::{number, sandbox};

/// Asks a `health.lua` about an object. `None`: the script has nothing to say (nil or an empty table).
///
/// A status that is none is [`HealthStatus::Unknown`] with the message `Lua returned an invalid health
/// status`, as in Argo CD.
///
/// # Errors
/// What the script did wrong: it does not parse, fails, runs too long, or answers with something that is no
/// table.
pub fn health(
    source: &str,
    object: &Object,
    now: Timestamp,
    limits: &Limits,
) -> Result<Option<Health>, ScriptError> {
    sandbox::run(source, object, now, limits, read)
}

fn read(answer: Value) -> Result<Option<Health>, ScriptError> {
    let table = match answer {
        Value::Nil => return Ok(None),
        Value::Table(table) => table,
        other => {
            let text = format!("expect table output from Lua script, not {}", other.type_name());
            return Err(ScriptError::Shape(text));
        }
    };
    if is_list(&table) {
        return Ok(None);
    }
    let status = field(&table, "status")?.unwrap_or_default();
    let message = field(&table, "message")?.unwrap_or_default();
    Ok(Some(match parse(&status) {
        Some(status) => Health::new(status, message),
        None => Health::new(HealthStatus::Unknown, "Lua returned an invalid health status"),
    }))
}

/// An empty table, or one whose first entry has no name: JSON would write a list.
fn is_list(table: &Table) -> bool {
    match table.pairs::<Value, Value>().next() {
        None => true,
        Some(Ok((Value::Integer(_), _))) => true,
        Some(_) => false,
    }
}

/// A field that holds text; its name is compared as Go reads JSON, whatever the case.
fn field(table: &Table, name: &str) -> Result<Option<String>, ScriptError> {
    let exact: Value = table.raw_get(name).map_err(|error| ScriptError::from_lua(&error))?;
    let value = match exact {
        Value::Nil => table
            .pairs::<Value, Value>()
            .filter_map(Result::ok)
            .find(|(key, _)| {
                key.as_string().is_some_and(|key| key.to_string_lossy().eq_ignore_ascii_case(name))
            })
            .map(|(_, value)| value),
        value => Some(value),
    };
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_string_lossy().chars().take(MESSAGE).collect())),
        Some(Value::Number(number)) => Err(wrong(name, &number::text(number))),
        Some(other) => Err(wrong(name, other.type_name())),
    }
}

/// Characters of a message; a status must fit into an object.
const MESSAGE: usize = 8_192;

fn wrong(name: &str, got: &str) -> ScriptError {
    ScriptError::Shape(format!("the script's {name} must be a string, not {got}"))
}

fn parse(status: &str) -> Option<HealthStatus> {
    use HealthStatus::{Degraded, Healthy, Missing, Progressing, Suspended, Unknown};
    [Healthy, Suspended, Progressing, Missing, Degraded, Unknown].into_iter().find(|s| s.as_str() == status)
}
