//! The form in which a desired object is compared and sent (rule R11).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tautline_core::{Object, Origin, Problem, Value};

const SERVER_FIELDS: [&str; 6] =
    ["managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"];

/// Brings a manifest into sendable form: drops what only the server sets, nulls, and folds a Secret's
/// `stringData` into `data`.
pub(crate) fn sendable(object: &mut Object, origin: &Origin) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in SERVER_FIELDS {
        object.metadata_mut().remove(field);
    }
    object.as_map_mut().remove("status");
    if object.is("", "Secret") {
        fold_string_data(object);
    }
    for value in object.as_map_mut().values_mut() {
        drop_nulls(value);
    }
    object.as_map_mut().retain(|_, value| !value.is_null());
    for field in ["annotations", "labels"] {
        if let Some(problem) = not_text(object, field) {
            problems.push(Problem::error("not-a-string", problem).at(origin.clone()).about(object.key()));
        }
    }
    problems
}

/// The API server folds `stringData` into `data` on every write but leaves the rest of an apply's ownership
/// as it was sent (recorded case `secret-string-data`), so we fold before sending.
fn fold_string_data(object: &mut Object) {
    let Some(Value::Map(plain)) = object.as_map_mut().remove("stringData") else { return };
    let data = object.as_map_mut().map_at("data");
    for (key, value) in plain {
        let text = match &value {
            Value::String(text) => text.to_string(),
            Value::Null => continue,
            other => other.to_json(),
        };
        data.insert(key, BASE64.encode(text));
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Map(map) => {
            for value in map.values_mut() {
                drop_nulls(value);
            }
            map.retain(|_, value| !value.is_null());
        }
        Value::List(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn not_text(object: &Object, field: &str) -> Option<String> {
    let map = object.metadata()?.get(field)?.as_map()?;
    let (key, value) = map.iter().find(|(_, v)| v.as_str().is_none())?;
    Some(format!("metadata.{field}[{key:?}] holds a value of type {}; write it in quotes", value.kind_name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn r11_what_the_server_sets_is_not_sent() {
        let mut object = Object::new(value!({ "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "a", "uid": "u", "creationTimestamp": null, "labels": { "n": 1 } },
            "stringData": { "b": "hi", "c": "a" }, "data": { "b": "old" }, "status": {} }))
        .unwrap();
        let problems = sendable(&mut object, &Origin::default());
        assert_eq!(
            object.to_value().to_json(),
            r#"{"apiVersion":"v1","data":{"b":"aGk=","c":"YQ=="},"kind":"Secret","metadata":{"labels":{"n":1},"name":"a"}}"#
        );
        assert_eq!(
            problems[0].to_string(),
            "(no file): Secret a: metadata.labels[\"n\"] holds a value of type integer; write it in quotes"
        );
    }
}
