//! Tables: what `kubectl get` prints, made by the server as kube-apiserver 1.37 makes it.

mod cells;
mod path;
mod pods;
mod rarer;
mod shape;

use std::sync::Arc;

use tautline_core::{Map, Object, Timestamp, Value, value};
use tautline_grammar::time;

use crate::age;
use crate::catalog::Served;

/// A column: name, type, and whether only `-o wide` shows it.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    name: String,
    kind: String,
    format: String,
    description: String,
    priority: i64,
}

impl Column {
    fn new(name: &str, kind: &str) -> Self {
        let format = if name == "Name" { "name" } else { "" };
        let description = match name {
            "Name" => NAME,
            "Age" => AGE,
            _ => "",
        };
        let (description, priority) = (description.to_owned(), 0);
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            format: format.to_owned(),
            description,
            priority,
        }
    }

    fn to_value(&self) -> Value {
        value!({ "name": self.name.as_str(), "type": self.kind.as_str(), "format": self.format.as_str(),
            "description": self.description.as_str(), "priority": self.priority })
    }
}

const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The table of some objects of a kind.
pub(crate) fn of(
    served: &Served,
    objects: &[Arc<Object>],
    include: &str,
    now: Timestamp,
    with_columns: bool,
    metadata: &Map,
) -> Value {
    let (columns, rows): (Vec<Column>, Vec<Vec<Value>>) = match &served.custom {
        Some(custom) => custom_rows(&custom.columns, objects, now),
        None => {
            let shape = shape::shape(&served.kind.gvk);
            (shape::columns(shape), objects.iter().map(|object| cells::row(shape, object, now)).collect())
        }
    };
    let rows: Vec<Value> = rows
        .into_iter()
        .zip(objects)
        .map(|(cells, object)| {
            let mut row = value!({ "cells": cells });
            if let (Some(shown), Some(map)) = (shown(object, include), row.as_map_mut()) {
                map.insert("object", shown);
            }
            row
        })
        .collect();
    let mut table = value!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata.clone(),
        "columnDefinitions": null, "rows": rows });
    if let (true, Some(map)) = (with_columns, table.as_map_mut()) {
        let columns: Vec<Value> = columns.iter().map(Column::to_value).collect();
        map.insert("columnDefinitions", Value::from(columns));
    }
    table
}

fn shown(object: &Object, include: &str) -> Option<Value> {
    match include {
        "None" => Some(Value::Null),
        "Object" => Some(object.to_value()),
        _ => Some(value!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": object.metadata().cloned().unwrap_or_default() })),
    }
}

/// When an object was made, for a table without a clock.
pub(crate) fn created(object: &Object) -> Timestamp {
    time::parse(object.metadata_str("creationTimestamp")).unwrap_or_default()
}

fn custom_rows(columns: &[Value], objects: &[Arc<Object>], now: Timestamp) -> (Vec<Column>, Vec<Vec<Value>>) {
    let mut shown = vec![Column::new("Name", "string")];
    let text = |c: &Value, field: &str| c.str_at(&[field]).unwrap_or_default().to_owned();
    for column in columns {
        let path = text(column, "jsonPath");
        let described = match text(column, "description") {
            none if none.is_empty() => {
                format!("Custom resource definition column (in JSONPath format): {path}")
            }
            some => some,
        };
        shown.push(Column {
            name: text(column, "name"),
            kind: text(column, "type"),
            format: text(column, "format"),
            description: described,
            priority: column.i64_at(&["priority"]).unwrap_or(0),
        });
    }
    if columns.is_empty() {
        shown.push(Column { kind: "date".to_owned(), ..Column::new("Age", "date") });
    }
    let rows = objects
        .iter()
        .map(|object| {
            let mut cells = vec![Value::string(object.name())];
            if columns.is_empty() {
                cells.push(age::since(object.at(&["metadata", "creationTimestamp"]), now).into());
            }
            cells.extend(columns.iter().map(|column| custom_cell(column, object, now)));
            cells
        })
        .collect();
    (shown, rows)
}

fn custom_cell(column: &Value, object: &Object, now: Timestamp) -> Value {
    let path = column.str_at(&["jsonPath"]).unwrap_or_default();
    let root = object.to_value();
    let found = path::find(&root, path);
    let Some(first) = found.first() else { return Value::Null };
    match column.str_at(&["type"]) {
        Some("date") => age::since(Some(first), now).into(),
        Some("integer" | "number" | "boolean") => (*first).clone(),
        _ => {
            let texts: Vec<String> = found.iter().map(|v| crate::state::plain(v).to_string()).collect();
            texts.join(" ").into()
        }
    }
}
