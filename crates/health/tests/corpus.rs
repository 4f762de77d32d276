//! The corpus: objects of built-in kinds and of well-known custom ones, each with its health; `corpus.txt` holds them.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use tautline_core::{Object, Value, value};
use tautline_health::assess;

#[test]
fn each_object_has_its_health() {
    let (mut kind, mut count, mut failures) = ("", 0, Vec::new());
    let lines = include_str!("corpus.txt").lines().enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        if !line.starts_with(' ') {
            kind = line;
            continue;
        }
        let (expect, rest) = line.trim().split_once(' ').unwrap();
        let health = assess(&object(kind, rest));
        let got = health.map_or("none".to_owned(), |health| health.status.to_string());
        count += 1;
        if got != expect {
            failures.push(format!("line {}: {kind} {rest}: wanted {expect}, got {got}", number + 1));
        }
    }
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 400, "only {count} rows");
}

/// An object of this kind with the conditions and the fields of a row.
fn object(kind: &str, row: &str) -> Object {
    let (version, kind) = kind.split_once(' ').unwrap();
    let (words, fields) = row.split_at(row.find('{').unwrap_or(row.len()));
    let mut all = match fields {
        "" => Value::map(),
        fields => {
            let mut documents =
                tautline_yaml::read_all(fields, &tautline_yaml::Options::default()).into_iter();
            documents.next().unwrap().1.unwrap()
        }
    };
    let map = all.as_map_mut().unwrap();
    map.insert("apiVersion", version);
    map.insert("kind", kind);
    map.map_at("metadata").insert("name", "x");
    let conditions: Vec<Value> = words.split_whitespace().map(condition).collect();
    if !conditions.is_empty() {
        map.map_at("status").insert("conditions", conditions);
    }
    Object::new(all).unwrap()
}

/// `Type=Status` or `Type=Status/Reason`.
fn condition(word: &str) -> Value {
    let (kind, rest) = word.split_once('=').unwrap();
    let (status, reason) = rest.split_once('/').unwrap_or((rest, ""));
    value!({ "type": kind, "status": status, "reason": reason })
}
