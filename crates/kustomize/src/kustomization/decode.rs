//! Values to types, with the strictness and the words of Go's JSON decoder.

use std::collections::BTreeMap;

use tautline_core::{Map, Value};

/// How a value is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Whether a field that the type has not is an error.
    pub(crate) strict: bool,
    /// Whether numbers and truth values become text where text is wanted, as sigs.k8s.io/yaml makes them.
    pub(crate) lenient: bool,
}

/// A kustomization file.
pub(crate) const FILE: Rules = Rules { strict: true, lenient: false };
/// A plugin's configuration.
pub(crate) const PLUGIN: Rules = Rules { strict: false, lenient: true };
/// A file of field specs.
pub(crate) const SPECS: Rules = Rules { strict: true, lenient: true };

/// A type that can be taken from a value. Null leaves the default.
pub(crate) trait Decode: Default {
    /// Takes the value; `place` is the field's path for messages.
    fn decode(value: &Value, rules: Rules, place: &str) -> Result<Self, String>;
}

fn mismatch(value: &Value, place: &str, wanted: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    };
    format!("json: cannot unmarshal {found} into Go struct field {place} of type {wanted}")
}

impl Decode for String {
    fn decode(value: &Value, rules: Rules, place: &str) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::String(text) => Ok(text.as_str().to_owned()),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) if rules.lenient => {
                Ok(tautline_yaml::write(value).trim_end().to_owned())
            }
            _ => Err(mismatch(value, place, "string")),
        }
    }
}

impl Decode for bool {
    fn decode(value: &Value, _: Rules, place: &str) -> Result<Self, String> {
        match value {
            Value::Null => Ok(false),
            Value::Bool(b) => Ok(*b),
            _ => Err(mismatch(value, place, "bool")),
        }
    }
}

impl Decode for i64 {
    fn decode(value: &Value, _: Rules, place: &str) -> Result<Self, String> {
        match value {
            Value::Null => Ok(0),
            Value::Int(n) => Ok(*n),
            _ => Err(mismatch(value, place, "int64")),
        }
    }
}

impl Decode for Value {
    fn decode(value: &Value, _: Rules, _: &str) -> Result<Self, String> {
        Ok(value.clone())
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(value: &Value, rules: Rules, place: &str) -> Result<Self, String> {
        if value.is_null() { Ok(None) } else { T::decode(value, rules, place).map(Some) }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(value: &Value, rules: Rules, place: &str) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::List(list) => list.iter().map(|item| T::decode(item, rules, place)).collect(),
            _ => Err(mismatch(value, place, "[]string")),
        }
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(value: &Value, rules: Rules, place: &str) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Map(map) => map
                .iter()
                .map(|(key, value)| Ok((key.to_string(), T::decode(value, rules, place)?)))
                .collect(),
            _ => Err(mismatch(value, place, "map[string]string")),
        }
    }
}

/// The fields of a map, each under its name in whatever case, as Go finds them.
pub(crate) struct Fields<'v> {
    map: &'v Map,
    rules: Rules,
    type_name: &'static str,
}

impl<'v> Fields<'v> {
    /// Of a map; nothing of null.
    pub(crate) fn of(
        value: &'v Value,
        rules: Rules,
        place: &str,
        type_name: &'static str,
    ) -> Result<Option<Self>, String> {
        match value {
            Value::Null => Ok(None),
            Value::Map(map) => Ok(Some(Self { map, rules, type_name })),
            _ => Err(mismatch(value, place, &format!("types.{type_name}"))),
        }
    }

    /// Refuses fields that are none of these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), String> {
        if !self.rules.strict {
            return Ok(());
        }
        let is_known = |key: &str| known.iter().any(|name| name.eq_ignore_ascii_case(key));
        match self.map.keys().find(|key| !is_known(key.as_str())) {
            Some(key) => Err(format!("json: unknown field {:?}", key.as_str())),
            None => Ok(()),
        }
    }

    /// Takes a field, or its default.
    pub(crate) fn take<T: Decode>(&self, name: &str) -> Result<T, String> {
        let exact = self.map.get(name);
        let folded =
            || self.map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        match exact.or_else(folded) {
            Some(value) => T::decode(value, self.rules, &format!("{}.{name}", self.type_name)),
            None => Ok(T::default()),
        }
    }
}

/// Declares a type with the names its fields have in files.
macro_rules! record {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident as $shown:literal {
        $($(#[$field_meta:meta])* $field_visibility:vis $field:ident: $type:ty = $key:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        $visibility struct $name { $($(#[$field_meta])* $field_visibility $field: $type,)* }

        impl $crate::kustomization::decode::Decode for $name {
            fn decode(
                value: &::tautline_core::Value,
                rules: $crate::kustomization::decode::Rules,
                place: &str,
            ) -> Result<Self, String> {
                let fields = $crate::kustomization::decode::Fields::of(value, rules, place, $shown)?;
                let Some(fields) = fields else { return Ok(Self::default()) };
                fields.only(&[$($key),*])?;
                Ok(Self { $($field: fields.take($key)?,)* })
            }
        }
    };
}
pub(crate) use record;
