//! Defaults below what was set, for a chart and all below it.
//!
//! Two ways of it: *coalescing* lets a null remove the default it meets, *merging* keeps nulls for a later
//! coalescing. Helm 3 and 4 differ in which nulls count: Helm 4 drops those of defaults before they meet
//! anything, and keeps a null of the user's that met no default.

use tautline_core::{Key, Map, Value};

use super::ValuesError;
use crate::{Chart, Dialect};

const GLOBAL: &str = "global";

/// Lays values over defaults by the rules of a dialect.
pub(crate) struct Coalescer<'w> {
    pub(crate) dialect: Dialect,
    pub(crate) warnings: &'w mut Vec<String>,
}

/// What happens to nulls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// They remove what they meet.
    Remove,
    /// They are kept.
    Keep,
}

impl Coalescer<'_> {
    /// The values of a chart and, below their names, of its sub-charts.
    pub(crate) fn chart(&mut self, chart: &Chart, values: Map, nulls: Nulls) -> Result<Map, ValuesError> {
        self.at(chart, values, "", nulls)
    }

    fn at(&mut self, chart: &Chart, values: Map, prefix: &str, nulls: Nulls) -> Result<Map, ValuesError> {
        let prefix = joined(prefix, chart.name());
        let mut values = self.over_defaults(chart, values, &prefix, nulls);
        for sub in &chart.dependencies {
            let below = match values.get_mut(sub.name()) {
                None => Map::new(),
                Some(Value::Map(map)) => std::mem::take(map),
                Some(other) => {
                    let chart = sub.name().to_owned();
                    return Err(ValuesError::SubchartType { chart, found: as_bool(other) });
                }
            };
            let below = self.with_globals(below, &values, &prefix);
            let below = self.at(sub, below, &prefix, nulls)?;
            share_globals(&mut values, &below);
            values.insert(sub.name(), below);
        }
        Ok(values)
    }

    /// The chart's own defaults below the values.
    fn over_defaults(&mut self, chart: &Chart, values: Map, prefix: &str, nulls: Nulls) -> Map {
        join(values, chart.values.clone(), |key, set, default| match (set, default) {
            (set, None) => set,
            (None, Some(default)) => self.default_value(default, nulls),
            (Some(Value::Null), Some(_)) if nulls == Nulls::Remove => None,
            (Some(Value::Map(set)), Some(Value::Map(mut default))) => {
                let is_chart = chart.dependencies.iter().any(|sub| sub.name() == key.as_str());
                let nulls = if is_chart { Nulls::Keep } else { nulls };
                if nulls == Nulls::Remove && !self.dialect.is_helm3() {
                    default = without_nulls(default);
                }
                Some(Value::Map(self.tables(set, default, &joined(prefix, key), nulls)))
            }
            (Some(Value::Map(set)), Some(default)) => {
                if !default.is_null() {
                    self.warn(format!("warning: skipped value for {prefix}.{key}: Not a table."));
                }
                Some(Value::Map(set))
            }
            (set, Some(_)) => set,
        })
    }

    /// A default that nothing was set over.
    fn default_value(&self, default: Value, nulls: Nulls) -> Option<Value> {
        if nulls == Nulls::Keep || self.dialect.is_helm3() {
            return Some(default);
        }
        match default {
            Value::Null => None,
            Value::Map(map) => Some(Value::Map(without_nulls(map))),
            other => Some(other),
        }
    }

    /// One table over another; the first wins.
    pub(crate) fn tables(&mut self, over: Map, under: Map, prefix: &str, nulls: Nulls) -> Map {
        let helm3 = self.dialect.is_helm3();
        join(over, under, |key, set, default| match (set, default) {
            (None, default) => default,
            // A null that meets a value removes it; for Helm 3 a null is a value too.
            (Some(Value::Null), default) if nulls == Nulls::Remove => {
                let meets = default.is_some_and(|value| helm3 || !value.is_null());
                (!meets).then_some(Value::Null)
            }
            (Some(Value::Map(set)), Some(Value::Map(default))) => {
                Some(Value::Map(self.tables(set, default, &joined(prefix, key), nulls)))
            }
            (Some(set), Some(Value::Map(default))) => {
                if !set.is_null() {
                    let key = joined(prefix, key);
                    self.warn(format!(
                        "warning: cannot overwrite table with non table for {key} ({})",
                        shown(&default)
                    ));
                }
                Some(set)
            }
            (Some(Value::Map(set)), Some(default)) => {
                if !default.is_null() {
                    let key = joined(prefix, key);
                    self.warn(format!("warning: destination for {key} is a table. Ignoring non-table value"));
                }
                Some(Value::Map(set))
            }
            (set, _) => set,
        })
    }

    /// A sub-chart's values with the globals of the chart above laid over its own.
    fn with_globals(&mut self, mut below: Map, above: &Map, prefix: &str) -> Map {
        let own = match below.get(GLOBAL) {
            None => Map::new(),
            Some(Value::Map(map)) => map.clone(),
            Some(_) => {
                self.warn(format!("warning: skipping globals because destination {GLOBAL} is not a table."));
                return below;
            }
        };
        let given = match above.get(GLOBAL) {
            None => Map::new(),
            Some(Value::Map(map)) => map.clone(),
            Some(_) => {
                self.warn(format!("warning: skipping globals because source {GLOBAL} is not a table."));
                return below;
            }
        };
        let globals = join(given, own, |key, given, own| match (given, own) {
            (None, own) => own,
            (Some(Value::Map(given)), Some(Value::Map(own))) => {
                Some(Value::Map(self.tables(given, own, &joined(prefix, key), Nulls::Keep)))
            }
            (Some(Value::Map(_)), Some(own)) => {
                self.warn(format!(
                    "Conflict: cannot merge map onto non-map for {:?}. Skipping.",
                    key.as_str()
                ));
                Some(own)
            }
            (Some(_), Some(Value::Map(own))) => {
                self.warn(format!("key {key} is table. Skipping"));
                Some(Value::Map(own))
            }
            (given, _) => given,
        });
        below.insert(GLOBAL, globals);
        below
    }

    fn warn(&mut self, warning: String) {
        // A hostile chart could have a million of them.
        if self.warnings.len() < 1000 {
            self.warnings.push(warning);
        }
    }
}

/// Helm copies a global table one level deep when it hands it down, so that the tables in it stay those of the
/// chart above: what a sub-chart adds to them shows there too.
fn share_globals(above: &mut Map, below: &Map) {
    let (Some(Value::Map(globals)), Some(Value::Map(handed))) = (above.get_mut(GLOBAL), below.get(GLOBAL))
    else {
        return;
    };
    globals.for_each_mut(|key, table| {
        let (Value::Map(table), Some(Value::Map(theirs))) = (table, handed.get_key(key)) else { return };
        table.for_each_mut(|name, inner| {
            if let (Value::Map(_), Some(shared @ Value::Map(_))) = (&*inner, theirs.get_key(name)) {
                *inner = shared.clone();
            }
        });
    });
}

/// Walks two maps in step and keeps what `choose` makes of each key.
fn join(
    left: Map,
    right: Map,
    mut choose: impl FnMut(&Key, Option<Value>, Option<Value>) -> Option<Value>,
) -> Map {
    let mut out: Vec<(Key, Value)> = Vec::with_capacity(left.len().max(right.len()));
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return out.into_iter().collect(),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((l, _)), Some((r, _))) => l.as_str().cmp(r.as_str()),
        };
        let from_left = if order.is_le() { left.next() } else { None };
        let from_right = if order.is_ge() { right.next() } else { None };
        let (l, r) = (from_left, from_right);
        let key = match (&l, &r) {
            (Some((key, _)), _) | (None, Some((key, _))) => key.clone(),
            (None, None) => return out.into_iter().collect(),
        };
        if let Some(value) = choose(&key, l.map(|(_, v)| v), r.map(|(_, v)| v)) {
            out.push((key, value));
        }
    }
}

fn without_nulls(map: Map) -> Map {
    map.into_iter()
        .filter_map(|(key, value)| match value {
            Value::Null => None,
            Value::Map(map) => Some((key, Value::Map(without_nulls(map)))),
            other => Some((key, other)),
        })
        .collect()
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// A table's keys: its values may be secret.
fn shown(map: &Map) -> String {
    let keys: Vec<&str> = map.keys().take(8).map(Key::as_str).collect();
    format!("map[{}]", keys.join(" "))
}

/// `%t` of a value.
fn as_bool(value: &Value) -> String {
    match value {
        Value::Null => "%!t(<nil>)".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::String(text) => format!("%!t(string={text})"),
        Value::Int(n) => format!("%!t(int64={n})"),
        Value::Float(n) => {
            format!("%!t(float64={})", crate::decode::scalar_text(&Value::Float(*n)).unwrap_or_default())
        }
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(as_bool).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Map(_) => "map[]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn map(value: Value) -> Map {
        value.as_map().cloned().unwrap_or_default()
    }

    fn chart(name: &str, values: Value, dependencies: Vec<Chart>) -> Chart {
        let metadata = crate::Metadata { name: name.to_owned(), ..Default::default() };
        Chart { metadata, values: map(values), dependencies, ..Default::default() }
    }

    fn check(dialect: Dialect, chart: &Chart, values: Value, expect: &str) {
        let mut warnings = Vec::new();
        let mut coalescer = Coalescer { dialect, warnings: &mut warnings };
        let got = coalescer.chart(chart, map(values), Nulls::Remove).unwrap();
        assert_eq!(Value::Map(got).to_json(), expect, "{dialect}");
    }

    #[test]
    fn a_null_removes_a_default() {
        let it =
            chart("a", value!({ "x": 1, "m": { "p": 1, "q": 2 }, "n": null, "o": { "z": null } }), vec![]);
        let user = || value!({ "x": null, "m": { "p": null, "r": null }, "y": null });
        check(Dialect::Helm4, &it, user(), r#"{"m":{"q":2,"r":null},"o":{},"y":null}"#);
        check(Dialect::Helm3, &it, user(), r#"{"m":{"q":2,"r":null},"n":null,"o":{"z":null},"y":null}"#);
    }

    #[test]
    fn globals_go_down_and_every_subchart_has_some() {
        let sub = chart("sub", value!({ "global": { "a": 1, "t": { "x": 1 } }, "own": 1 }), vec![]);
        let it = chart("top", value!({ "global": { "a": 2, "t": { "y": 2 } } }), vec![sub.clone()]);
        let expect = r#"{"global":{"a":2,"t":{"y":2}},"sub":{"global":{"a":2,"t":{"x":1,"y":2}},"own":1}}"#;
        check(Dialect::Helm4, &it, value!({}), expect);
        let bare = chart("top", value!({}), vec![chart("sub", value!({}), vec![])]);
        check(Dialect::Helm4, &bare, value!({}), r#"{"sub":{"global":{}}}"#);
    }

    #[test]
    fn a_null_in_a_parents_defaults_removes_the_subcharts_for_helm3_only() {
        let it =
            chart("top", value!({ "sub": { "x": null } }), vec![chart("sub", value!({ "x": 1 }), vec![])]);
        check(Dialect::Helm3, &it, value!({}), r#"{"sub":{"global":{}}}"#);
        check(Dialect::Helm4, &it, value!({}), r#"{"sub":{"global":{},"x":1}}"#);
        check(Dialect::Helm4, &it, value!({ "sub": { "x": null } }), r#"{"sub":{"global":{}}}"#);
    }

    #[test]
    fn a_subcharts_values_must_be_a_map() {
        let it = chart("top", value!({}), vec![chart("sub", value!({}), vec![])]);
        let mut warnings = Vec::new();
        let mut coalescer = Coalescer { dialect: Dialect::Helm4, warnings: &mut warnings };
        let error = coalescer.chart(&it, map(value!({ "sub": "x" })), Nulls::Remove).unwrap_err();
        assert_eq!(error.to_string(), "type mismatch on sub: %!t(string=x)");
    }
}
