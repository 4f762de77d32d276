//! The messages of the built-in kinds of 1.37, read once from `messages.txt`.
//!
//! A line `= apiVersion kind message` names the message of a kind; a block is a message's name and its fields:
//! `number name [?|list|map] kind`, where `?` is a pointer in Go and the name `.` means that the inner message's fields
//! are the outer's.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A message: its fields by number.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) fields: HashMap<u32, Field>,
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) form: Form,
    pub(super) kind: Kind,
}

/// How often a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Optional,
    List,
    Map,
    Inline,
}

/// What a field holds.
#[derive(Debug)]
pub(super) enum Kind {
    Text,
    Bool,
    Int,
    Float,
    Bytes,
    Time {
        micros: bool,
    },
    Duration,
    Quantity,
    IntOrString,
    /// JSON in bytes.
    Json,
    /// A list that stands in a message of its own.
    Items(Box<Kind>),
    Message(String),
}

/// All messages.
#[derive(Debug, Default)]
pub(super) struct Table {
    kinds: HashMap<(String, String), String>,
    messages: HashMap<String, Message>,
}

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("messages.txt")));

impl Table {
    pub(super) fn of_kind(&self, api_version: &str, kind: &str) -> Option<&Message> {
        self.message(self.name_of_kind(api_version, kind)?)
    }

    pub(super) fn name_of_kind(&self, api_version: &str, kind: &str) -> Option<&str> {
        if kind == "DeleteOptions" {
            return Some("meta/v1.DeleteOptions");
        }
        self.kinds.get(&(api_version.to_owned(), kind.to_owned())).map(String::as_str)
    }

    pub(super) fn message(&self, name: &str) -> Option<&Message> {
        self.messages.get(name)
    }

    fn read(text: &str) -> Self {
        let mut table = Self::default();
        let mut current = String::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["=", api_version, kind, message] => {
                    let key = ((*api_version).to_owned(), (*kind).to_owned());
                    table.kinds.insert(key, (*message).to_owned());
                }
                [name] => {
                    current = (*name).to_owned();
                    table.messages.entry(current.clone()).or_default();
                }
                [number, name, rest @ ..] => {
                    let Ok(number) = number.parse() else { continue };
                    let message = table.messages.entry(current.clone()).or_default();
                    message.fields.insert(number, field(name, rest));
                }
                [] => {}
            }
        }
        table
    }
}

fn field(name: &str, rest: &[&str]) -> Field {
    let (form, word) = match rest {
        ["?", kind] => (Form::Optional, *kind),
        ["list", kind] => (Form::List, *kind),
        ["map", kind] => (Form::Map, *kind),
        [kind, ..] if name == "." => (Form::Inline, *kind),
        [kind, ..] => (Form::Plain, *kind),
        [] => (Form::Plain, "s"),
    };
    Field { name: name.to_owned(), form, kind: kind(word) }
}

fn kind(word: &str) -> Kind {
    match word {
        "s" => Kind::Text,
        "b" => Kind::Bool,
        "i" | "u" => Kind::Int,
        "f" => Kind::Float,
        "bytes" => Kind::Bytes,
        "time" => Kind::Time { micros: false },
        "micro" => Kind::Time { micros: true },
        "duration" => Kind::Duration,
        "quantity" => Kind::Quantity,
        "intstr" => Kind::IntOrString,
        "raw" => Kind::Json,
        other => match other.strip_prefix("items:") {
            Some(inner) => Kind::Items(Box::new(kind(inner))),
            None => Kind::Message(other.to_owned()),
        },
    }
}
