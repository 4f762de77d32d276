//! Two values side by side.

use tautline_core::Value;

/// Where two values differ, for people.
pub(crate) fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(ours, theirs, String::new(), &mut found);
    found.truncate(8);
    found
}

fn walk(ours: &Value, theirs: &Value, at: String, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Map(a), Value::Map(b)) => {
            for (key, value) in a {
                match b.get(key) {
                    Some(other) => walk(value, other, format!("{at}.{key}"), found),
                    None => found.push(format!("{at}.{key}: ours {}, theirs nothing", value.to_json())),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(key)) {
                found.push(format!("{at}.{key}: ours nothing, theirs {}", value.to_json()));
            }
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                walk(a, b, format!("{at}[{i}]"), found);
            }
        }
        (a, b) if a != b => found.push(format!("{at}: ours {}, theirs {}", a.to_json(), b.to_json())),
        _ => {}
    }
}
