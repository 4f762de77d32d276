//! `taut health`: how objects in a file are.

use std::io::Read;

use tautline::core::{Object, Value};
use tautline::health::{HealthStatus, assess};
use tautline::yaml;

use crate::arguments::HealthOptions;
use crate::failure::{Failure, Result};

/// Runs the verb.
pub(crate) fn run(options: &HealthOptions) -> Result<u8> {
    let name = options.file.display().to_string();
    let mut bytes = Vec::new();
    let read = match name.as_str() {
        "-" => std::io::stdin().read_to_end(&mut bytes).map(|_| ()),
        _ => std::fs::read(&options.file).map(|content| bytes = content),
    };
    read.map_err(|error| Failure::usage(format!("{name} cannot be read: {error}.")))?;
    let text = yaml::decode(&bytes).map_err(|error| Failure::usage(format!("{name}: {error}.")))?;
    let (lines, worst) = judge(&name, &text)?;
    print!("{lines}");
    Ok(u8::from(worst == HealthStatus::Degraded))
}

/// A line for each object, and the worst verdict.
pub(crate) fn judge(name: &str, text: &str) -> Result<(String, HealthStatus)> {
    let mut lines = String::new();
    let mut worst = HealthStatus::Healthy;
    for (line, value) in yaml::read_all(text, &yaml::Options::default()) {
        let place = |error: &dyn std::fmt::Display| Failure::usage(format!("{name}:{line}: {error}."));
        let value =
            value.map_err(|error| Failure::usage(format!("{name}:{}: {}.", error.line, error.kind)))?;
        let items = match value.get("items") {
            Some(Value::List(items)) => items.to_vec(),
            _ => vec![value],
        };
        for item in items {
            let object = Object::new(item).map_err(|error| place(&error))?;
            lines.push_str(&match assess(&object) {
                Some(health) => {
                    worst = worst.max(health.status);
                    format!("{}  {}  {}", object.key(), health.status, health.message).trim_end().to_owned()
                }
                None => format!("{}  -", object.key()),
            });
            lines.push('\n');
        }
    }
    Ok((lines, worst))
}
