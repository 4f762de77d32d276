//! To and from `tautline_core::Value`.

use tautline_core::Value as Core;

use super::{List, Map, Number, Str, Value};

/// A value that has no place in YAML or JSON data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotConvertible {
    /// Functions and embedders' objects are no data.
    #[error("a value of type {0} is no data")]
    Type(String),
    /// A map that holds itself has no end.
    #[error("a value nests deeper than {0} levels; a map may hold itself")]
    Depth(usize),
}

/// How deep data may nest: more than any reader of YAML or JSON here accepts.
const DEPTH: usize = 500;

impl From<&Core> for Value {
    /// Integers become `int64` and other numbers `float64`. See [`Value::from_yaml`] for Helm's way.
    fn from(value: &Core) -> Self {
        convert(value, &|n| Self::int64(n))
    }
}

impl Value {
    /// Data as Go's JSON decoder makes it of YAML or JSON: every number is a `float64`. Charts' values are
    /// read this way.
    pub fn from_yaml(value: &Core) -> Self {
        convert(value, &|n| Self::Float(n as f64))
    }

    /// Data of this value: integers as integers, floats as floats, bytes as base64 as Go's JSON has it.
    ///
    /// # Errors
    /// For functions, and for what holds itself.
    pub fn to_core(&self) -> Result<Core, NotConvertible> {
        self.to_core_below(0)
    }

    fn to_core_below(&self, depth: usize) -> Result<Core, NotConvertible> {
        if depth > DEPTH {
            return Err(NotConvertible::Depth(DEPTH));
        }
        let below = |value: &Self| stacker::maybe_grow(64 << 10, 1 << 20, || value.to_core_below(depth + 1));
        Ok(match self {
            Self::NoValue | Self::Nil => Core::Null,
            Self::Bool(b) => Core::Bool(*b),
            Self::Float(n) => Core::Float(*n),
            Self::Int(n) => Core::Int(*n),
            Self::Number(Number::Float32(n)) => Core::Float((*n).into()),
            Self::Number(_) => match (self.as_signed(), self.as_unsigned()) {
                (Some(n), _) => Core::Int(n),
                (None, n) => {
                    let n = n.unwrap_or_default();
                    i64::try_from(n).map_or(Core::Float(n as f64), Core::Int)
                }
            },
            Self::String(text) => Core::string(text.to_text().as_ref()),
            Self::Bytes(bytes) => Core::string(crate::json::base64(bytes)),
            Self::List(list) if list.is_nil() => Core::Null,
            Self::Map(map) if map.is_nil() => Core::Null,
            Self::List(list) => Core::from(list.iter().map(below).collect::<Result<Vec<_>, _>>()?),
            Self::Map(map) => {
                let entries = map.entries();
                let pairs = entries.iter().map(|(k, v)| Ok((k.to_text().into_owned(), below(v)?)));
                Core::Map(pairs.collect::<Result<Vec<_>, _>>()?.into_iter().collect())
            }
            Self::Host(host) => match host.to_json() {
                Some(value) => below(&value)?,
                None => below(&crate::json::host_as_data(host.as_ref()))?,
            },
            Self::Complex(_) | Self::Function(_) => return Err(NotConvertible::Type(self.type_name())),
        })
    }
}

fn convert(value: &Core, int: &dyn Fn(i64) -> Value) -> Value {
    match value {
        Core::Null => Value::Nil,
        Core::Bool(b) => Value::Bool(*b),
        Core::Int(n) => int(*n),
        Core::Float(n) => Value::Float(*n),
        Core::String(text) => Value::String(Str::from(text.as_str())),
        Core::List(list) => Value::List(List::new(list.iter().map(|v| convert(v, int)).collect())),
        Core::Map(map) => {
            Value::Map(map.iter().map(|(k, v)| (Str::from(k.as_str()), convert(v, int))).collect::<Map>())
        }
    }
}
