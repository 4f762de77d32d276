//! `.Files`: the chart's files that are neither templates nor values.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tautline_core::Value as Core;
use tautline_gotemplate::{Call, Failure, Host, Kind, List, Signature, Str, Type, Value};

use super::glob::Glob;
use crate::chart::File;

/// A map from paths to bytes with methods. Only what a template looks at counts as read.
#[derive(Clone, Debug, Default)]
pub(super) struct Files(BTreeMap<Arc<str>, File>);

impl Files {
    pub(super) fn new(files: &[File]) -> Self {
        Self(files.iter().map(|file| (file.name.clone(), file.clone())).collect())
    }

    fn bytes(&self, name: &Str) -> Option<Bytes> {
        let file = self.0.get(name.as_str()?)?;
        Some(file.content().clone())
    }

    fn text(&self, name: &Str) -> Str {
        self.bytes(name).map(|bytes| Str::from_bytes(bytes.to_vec())).unwrap_or_default()
    }

    fn glob(&self, pattern: &str) -> Self {
        let glob = Glob::new(pattern);
        Self(
            self.0
                .iter()
                .filter(|(name, _)| glob.matches(name))
                .map(|(n, f)| (n.clone(), f.clone()))
                .collect(),
        )
    }

    /// `key: content` as YAML, under the names without folders; a later file of one name wins.
    fn as_map(&self, encode: impl Fn(&[u8]) -> String) -> String {
        let map: tautline_core::Map = self
            .0
            .values()
            .map(|file| (file.base().to_owned(), Core::from(encode(file.content()))))
            .collect();
        super::data::yaml(&Core::Map(map)).unwrap_or_default()
    }

    fn lines(&self, name: &Str) -> List {
        let text = self.text(name);
        if text.is_empty() {
            return List::strings(Vec::<Str>::new());
        }
        let bytes = text.as_bytes();
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        List::strings(bytes.split(|b| *b == b'\n').map(Str::from_bytes))
    }
}

/// Go's JSON encoder: U+FFFD for what is no UTF-8.
fn text_of(bytes: &[u8]) -> String {
    Str::from_bytes(bytes).to_text().into_owned()
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn bytes_value(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.into())
}

impl Host for Files {
    fn type_name(&self) -> &str {
        "engine.files"
    }

    fn kind(&self) -> Kind {
        Kind::Map
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(bytes_value(self.0.get(name)?.content()))
    }

    fn method(&self, name: &str) -> Option<Signature> {
        const TEXT: Signature = Signature::fixed(&[Type::String]);
        match name {
            "Get" | "GetBytes" | "Glob" | "Lines" => Some(TEXT),
            "AsConfig" | "AsSecrets" => Some(Signature::fixed(&[])),
            _ => None,
        }
    }

    fn call(&self, name: &str, call: &mut Call<'_>) -> Result<Value, Failure> {
        let argument = call.text(0);
        call.engine.charge_steps(1 + self.0.len() as u64)?;
        let value: Value = match name {
            "Get" => self.text(argument).into(),
            "GetBytes" => bytes_value(&self.bytes(argument).unwrap_or_default()),
            "Glob" => Value::host(self.glob(&argument.to_text())),
            "Lines" => self.lines(argument).into(),
            "AsConfig" => self.as_map(text_of).into(),
            "AsSecrets" => self.as_map(base64_of).into(),
            other => return Err(Failure::new(format!("no method {other}"))),
        };
        if let Value::String(text) = &value {
            call.engine.charge_bytes(text.len())?;
        }
        Ok(value)
    }

    fn entries(&self) -> Vec<(Value, Value)> {
        let entry = |(name, file): (&Arc<str>, &File)| {
            (Value::String(Str::from(name.clone())), bytes_value(file.content()))
        };
        self.0.iter().map(entry).collect()
    }

    fn zero(&self) -> Value {
        bytes_value(&[])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
