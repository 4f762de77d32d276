//! Compares an answer with the recorded one.

use tautline_core::{Budget, Value};

use super::names::Names;

/// How many differences of one answer are told.
const TOLD: usize = 6;

/// What was found different so far.
pub(super) struct Comparison<'a> {
    names: &'a mut Names,
    keeps_time: bool,
    pub(super) differences: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(names: &'a mut Names, keeps_time: bool) -> Self {
        Self { names, keeps_time, differences: Vec::new() }
    }

    /// The warnings, in order.
    pub(super) fn warnings(&mut self, expected: &[Value], got: &[String]) {
        let expected: Vec<&str> = expected.iter().filter_map(Value::as_str).collect();
        let got: Vec<String> = got.iter().map(|text| self.names.as_recorded(text)).collect();
        let equal = expected.len() == got.len()
            && expected.iter().zip(&got).all(|(a, b)| self.names.same_text(a, b, self.keeps_time));
        if !equal {
            self.differences.push(format!("warnings {got:?} for {expected:?}"));
        }
    }

    /// A body in JSON.
    pub(super) fn body(&mut self, at: &str, expected: &Value, body: &str) {
        let text = self.names.as_recorded(body);
        let budget = Budget { nodes: usize::MAX, ..Budget::default() };
        match Value::from_json_within(text.as_bytes(), &budget) {
            Ok(mut got) => {
                let mut expected = expected.clone();
                put_in_order(&mut expected);
                put_in_order(&mut got);
                self.values(at, &expected, &got);
            }
            Err(_) => self
                .differences
                .push(format!("{at} is no JSON: {}", text.chars().take(200).collect::<String>())),
        }
    }

    /// A body as text.
    pub(super) fn text(&mut self, at: &str, expected: &str, got: &str) {
        let got = self.names.as_recorded(got);
        if !self.names.same_text(expected, &got, self.keeps_time) {
            self.differences.push(format!("{at} {got:?} for {expected:?}"));
        }
    }

    /// The events of a watch, one a line. Periodic bookmarks are not recorded.
    pub(super) fn events(&mut self, expected: &[Value], body: &str) {
        let text = self.names.as_recorded(body);
        let is_periodic = |event: &Value| {
            event.str_at(&["type"]) == Some("BOOKMARK")
                && event.at(&["object", "metadata", "annotations"]).is_none()
        };
        let got: Vec<Value> = text
            .lines()
            .filter_map(|line| Value::from_json(line.as_bytes()).ok())
            .filter(|event| !is_periodic(event))
            .collect();
        if got.len() != expected.len() {
            let types: Vec<&str> = got.iter().filter_map(|event| event.str_at(&["type"])).collect();
            self.differences.push(format!("{} events {types:?} for {}", got.len(), expected.len()));
            return;
        }
        for (i, (expected, got)) in expected.iter().zip(&got).enumerate() {
            self.values(&format!("event[{i}]"), expected, got);
        }
    }

    fn values(&mut self, at: &str, expected: &Value, got: &Value) {
        if self.differences.len() >= TOLD {
            return;
        }
        match (expected, got) {
            (Value::Map(a), Value::Map(b)) => {
                for (key, value) in a {
                    let known = b.get(key.as_str()).map(|known| began(key.as_str(), known, b));
                    match &known {
                        Some(other) => self.field(&format!("{at}.{key}"), key.as_str(), value, other),
                        None => self.differences.push(format!("{at}.{key}: nothing for {}", value.to_json())),
                    }
                }
                for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(key.as_str())) {
                    self.differences.push(format!("{at}.{key}: {} for nothing", value.to_json()));
                }
            }
            (Value::List(a), Value::List(b)) if a.len() == b.len() => {
                for (i, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                    self.values(&format!("{at}[{i}]"), a, b);
                }
            }
            (Value::String(a), Value::String(b)) if self.names.same_text(a, b, self.keeps_time) => {}
            (a, b) if a == b => {}
            (a, b) => self.differences.push(format!("{at}: {} for {}", b.to_json(), a.to_json())),
        }
    }

    fn field(&mut self, at: &str, key: &str, expected: &Value, got: &Value) {
        let equal = match (key, expected, got) {
            ("resourceVersion", Value::String(a), Value::String(b)) => self.names.same_version(a, b),
            ("nodePort" | "healthCheckNodePort", Value::Int(a), Value::Int(b)) => {
                self.names.same_port(*a, *b)
            }
            _ => return self.values(at, expected, got),
        };
        if !equal {
            self.differences.push(format!("{at}: {} for {}", got.to_json(), expected.to_json()));
        }
    }
}

/// When a deletion was asked for: recordings hold that moment, not the end of its grace period.
fn began(key: &str, value: &Value, of: &tautline_core::Map) -> Value {
    let grace = of.get("deletionGracePeriodSeconds").and_then(Value::as_i64);
    let time = value.as_str().and_then(|text| tautline_grammar::time::parse(text).ok());
    match (key, time, grace) {
        ("deletionTimestamp", Some(end), Some(grace)) => {
            let grace = std::time::Duration::from_secs(grace.unsigned_abs());
            Value::from(tautline_grammar::time::seconds(end - grace))
        }
        _ => value.clone(),
    }
}

/// Puts into order what the server walks in the order of a hash map: the causes of conflicts, and those of refused
/// custom resources together with the list in their message.
fn put_in_order(status: &mut Value) {
    if status.str_at(&["kind"]) != Some("Status") {
        return;
    }
    let code = status.i64_at(&["code"]).unwrap_or_default();
    let group = status.str_at(&["details", "group"]).unwrap_or_default().to_owned();
    let custom = group.contains('.') && !group.ends_with(".k8s.io");
    let defines = status.str_at(&["details", "kind"]) == Some("CustomResourceDefinition");
    if code != 409 && !(code == 422 && (custom || defines)) {
        return;
    }
    let key = if code == 409 { "message" } else { "field" };
    let order = |cause: &Value| {
        let text = |key| cause.str_at(&[key]).unwrap_or_default().to_owned();
        (text(key) == "<nil>", text(key), text("field"), text("message"))
    };
    if let Some(causes) =
        status.get_mut("details").and_then(|d| d.get_mut("causes")).and_then(Value::as_list_mut)
    {
        causes.sort_by_key(order);
    }
    if code == 422
        && let Some(message) = status.str_at(&["message"])
        && let Some((head, list)) = message.split_once('[').filter(|(_, list)| list.ends_with(']'))
    {
        let mut parts: Vec<&str> = list.trim_end_matches(']').split(", ").collect();
        parts.sort_unstable();
        let sorted = format!("{head}[{}]", parts.join(", "));
        if let Some(map) = status.as_map_mut() {
            map.insert("message", sorted);
        }
    }
}
