//! `import-values`: what a chart takes over from its sub-charts' defaults.

use tautline_core::{Map, Value};

use super::coalesce::{Coalescer, Nulls};
use super::{ValuesError, path};
use crate::Chart;

/// Imports into a chart and all below it, innermost first. Afterwards the defaults of a chart with
/// dependencies hold those of its sub-charts too.
pub(super) fn values(chart: &mut Chart, coalescer: &mut Coalescer<'_>) -> Result<(), ValuesError> {
    for sub in &mut chart.dependencies {
        values(sub, coalescer)?;
    }
    let Some(dependencies) = &chart.metadata.dependencies else { return Ok(()) };
    let defaults = coalescer.chart(chart, Map::new(), Nulls::Keep)?;
    let mut imported = Map::new();
    for dependency in dependencies {
        for import in &dependency.import_values {
            let Some((child, parent)) = ends(import, coalescer)? else { continue };
            match path::table(&defaults, &format!("{}.{child}", dependency.name)) {
                Ok(table) => {
                    let placed = place(&parent, table.clone());
                    imported = coalescer.tables(imported, placed, "", Nulls::Keep);
                }
                Err(why) => coalescer.warnings.push(format!(
                    "Warning: ImportValues missing table from chart {}: {why}",
                    dependency.name
                )),
            }
        }
    }
    chart.values = coalescer.tables(defaults, imported, "", Nulls::Keep);
    Ok(())
}

/// The table in the sub-chart and the place in the chart.
fn ends(import: &Value, coalescer: &Coalescer<'_>) -> Result<Option<(String, String)>, ValuesError> {
    match import {
        Value::String(name) => Ok(Some((format!("exports.{name}"), ".".to_owned()))),
        Value::Map(map) => {
            let end = |name: &str| match map.get(name) {
                Some(Value::String(text)) => Ok(text.to_string()),
                _ if coalescer.dialect.is_helm3() => {
                    Err(ValuesError::Import(format!("import-values: {name:?} is not a string")))
                }
                None | Some(Value::Null) => Ok("<nil>".to_owned()),
                Some(other) => Ok(crate::decode::scalar_text(other).unwrap_or_default()),
            };
            Ok(Some((end("child")?, end("parent")?)))
        }
        _ => Ok(None),
    }
}

fn place(path: &str, table: Map) -> Map {
    if path == "." {
        return table;
    }
    path.split('.').rev().fold(table, |inner, name| std::iter::once((name, Value::Map(inner))).collect())
}
