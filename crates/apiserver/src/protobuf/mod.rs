//! Kubernetes' protobuf, as far as requests need it: a body becomes the value that its JSON form would be.
//!
//! kubectl sends it from its typed commands (`create namespace`, `auth can-i`, `create token`). Answers are JSON, which
//! every client that sends protobuf accepts; one that accepts nothing else is refused in protobuf. The messages are a table, made from the Go types by `generator/`.

mod status;
mod table;
mod wire;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tautline_core::{Map, Timestamp, Value};

pub(crate) use status::write as write_status;
use table::{Field, Form, Kind, Message, TABLE};
use wire::{Reader, Word};

/// The Go type of a kind: `apps/v1.Deployment`.
pub(crate) fn type_of_kind(api_version: &str, kind: &str) -> Option<&'static str> {
    TABLE.name_of_kind(api_version, kind)
}

/// The Go type of a field's value, or of its items: `apps/v1.DeploymentStrategy`.
pub(crate) fn type_of_field(of: &str, field: &str) -> Option<&'static str> {
    let message = TABLE.message(of)?;
    let inner = |kind: &'static Kind| match kind {
        Kind::Message(name) => Some(name.as_str()),
        Kind::Items(kind) => match &**kind {
            Kind::Message(name) => Some(name.as_str()),
            _ => None,
        },
        _ => None,
    };
    match message.fields.values().find(|f| f.name == field) {
        Some(found) => inner(&found.kind),
        None => {
            let inlined = message.fields.values().filter(|f| f.form == Form::Inline);
            inlined.filter_map(|f| inner(&f.kind)).find_map(|of| type_of_field(of, field))
        }
    }
}

/// How deep messages may stand in each other; no kind needs more than 16.
const DEEPEST: usize = 64;
/// What every such body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// Why bytes are no object.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    NoMagic,
    #[error("unexpected EOF")]
    Cut,
    #[error("no kind \"{1}\" is registered for version \"{0}\"")]
    Unknown(String, String),
    #[error("proto: wrong wireType = {0}")]
    Wire(u64),
    #[error("proto: messages are nested too deeply")]
    TooDeep,
}

/// Reads a body: the envelope that names the kind, and the object in it.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, Unreadable> {
    let inner = bytes.strip_prefix(MAGIC).ok_or(Unreadable::NoMagic)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    let mut envelope = Reader::new(inner);
    while let Some((number, word)) = envelope.next()? {
        match (number, word) {
            (1, Word::Bytes(meta)) => {
                let mut meta = Reader::new(meta);
                while let Some((number, word)) = meta.next()? {
                    match number {
                        1 => api_version = word.text(),
                        2 => kind = word.text(),
                        _ => {}
                    }
                }
            }
            (2, Word::Bytes(object)) => raw = object,
            _ => {}
        }
    }
    let message = TABLE.of_kind(&api_version, &kind);
    let message = message.ok_or_else(|| Unreadable::Unknown(api_version.clone(), kind.clone()))?;
    let mut map = object(message, raw, 0)?;
    map.insert("apiVersion", api_version);
    map.insert("kind", kind);
    Ok(Value::Map(map))
}

fn object(message: &Message, bytes: &[u8], depth: usize) -> Result<Map, Unreadable> {
    let mut out = Map::new();
    fill(&mut out, message, bytes, depth)?;
    Ok(out)
}

fn fill(out: &mut Map, message: &Message, bytes: &[u8], depth: usize) -> Result<(), Unreadable> {
    if depth > DEEPEST {
        return Err(Unreadable::TooDeep);
    }
    let mut reader = Reader::new(bytes);
    while let Some((number, word)) = reader.next()? {
        let Some(field) = message.fields.get(&number) else { continue };
        put(out, field, &word, depth)?;
    }
    Ok(())
}

fn put(out: &mut Map, field: &Field, word: &Word, depth: usize) -> Result<(), Unreadable> {
    let name = field.name.as_str();
    match field.form {
        Form::Inline => {
            let Kind::Message(inner) = &field.kind else { return Ok(()) };
            let Some(inner) = TABLE.message(inner) else { return Ok(()) };
            return fill(out, inner, word.bytes()?, depth + 1);
        }
        Form::List => {
            let mut list = out.remove(name).and_then(|v| v.as_list().cloned()).unwrap_or_default();
            match (&field.kind, word) {
                // Numbers may stand packed.
                (Kind::Int, Word::Bytes(packed)) => {
                    let mut reader = Reader::new(packed);
                    while !reader.is_empty() {
                        list.push(Value::Int(reader.number()?.cast_signed()));
                    }
                }
                _ => list.push(value(&field.kind, word, depth)?),
            }
            out.insert(name, Value::List(list));
        }
        Form::Map => {
            let (mut key, mut entry) = (String::new(), value(&field.kind, &Word::Bytes(&[]), depth).ok());
            let mut reader = Reader::new(word.bytes()?);
            while let Some((number, word)) = reader.next()? {
                match number {
                    1 => key = word.text(),
                    2 => entry = Some(value(&field.kind, &word, depth)?),
                    _ => {}
                }
            }
            out.map_at(name).insert(key.as_str(), entry.unwrap_or_default());
        }
        Form::Plain | Form::Optional => {
            let value = value(&field.kind, word, depth)?;
            // Go writes fields that are no pointers even when they are empty, and reads them as absent.
            let is_zero = match &value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Int(n) => *n == 0,
                Value::Bool(truth) => !truth,
                _ => false,
            };
            if field.form == Form::Optional || !is_zero {
                out.insert(name, value);
            }
        }
    }
    Ok(())
}

fn value(kind: &Kind, word: &Word, depth: usize) -> Result<Value, Unreadable> {
    Ok(match kind {
        Kind::Text => Value::string(word.text()),
        Kind::Bool => Value::Bool(word.number()? != 0),
        Kind::Int => Value::Int(word.number()?.cast_signed()),
        Kind::Float => Value::from(f64::from_bits(word.number()?)),
        Kind::Bytes => Value::string(STANDARD.encode(word.bytes()?)),
        Kind::Time { micros } => time(word.bytes()?, *micros)?,
        Kind::Duration => {
            let nanos = only(word.bytes()?, 1)?.map_or(Ok(0), |w| w.number())?;
            Value::string(format!("{}ns", nanos.cast_signed()))
        }
        Kind::Quantity => only(word.bytes()?, 1)?.map_or(Value::Null, |w| Value::string(w.text())),
        Kind::IntOrString => {
            let bytes = word.bytes()?;
            let is_text = only(bytes, 1)?.map_or(Ok(0), |w| w.number())? == 1;
            match is_text {
                true => only(bytes, 3)?.map_or(Value::string(""), |w| Value::string(w.text())),
                false => Value::Int(only(bytes, 2)?.map_or(Ok(0), |w| w.number())?.cast_signed()),
            }
        }
        Kind::Json => match only(word.bytes()?, 1)? {
            Some(Word::Bytes(json)) => Value::from_json(json).unwrap_or_default(),
            _ => Value::Null,
        },
        Kind::Items(inner) => {
            let mut list = tautline_core::List::new();
            let mut reader = Reader::new(word.bytes()?);
            while let Some((number, word)) = reader.next()? {
                if number == 1 {
                    list.push(value(inner, &word, depth + 1)?);
                }
            }
            Value::List(list)
        }
        Kind::Message(name) => match TABLE.message(name) {
            Some(message) => Value::Map(object(message, word.bytes()?, depth + 1)?),
            None => Value::Null,
        },
    })
}

/// The last field of this number.
fn only(bytes: &[u8], wanted: u32) -> Result<Option<Word<'_>>, Unreadable> {
    let mut found = None;
    let mut reader = Reader::new(bytes);
    while let Some((number, word)) = reader.next()? {
        if number == wanted {
            found = Some(word);
        }
    }
    Ok(found)
}

fn time(bytes: &[u8], with_micros: bool) -> Result<Value, Unreadable> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let seconds = only(bytes, 1)?.map_or(Ok(0), |w| w.number())?.cast_signed();
    let nanos = only(bytes, 2)?.map_or(Ok(0), |w| w.number())?;
    let micros = i64::try_from(nanos / 1000).unwrap_or(0);
    let moment = Timestamp::from_micros(seconds.saturating_mul(1_000_000).saturating_add(micros));
    Ok(Value::string(match with_micros {
        true => tautline_grammar::time::micros(moment),
        false => tautline_grammar::time::seconds(moment),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u8::try_from(bytes.len()).unwrap();
        [&[number << 3 | 2, length], bytes].concat()
    }

    fn body(api_version: &str, kind: &str, object: &[u8]) -> Vec<u8> {
        let meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &meta), field(2, object)].concat()
    }

    fn check(bytes: &[u8], expect: &str) {
        let text = match read(bytes) {
            Ok(value) => value.to_json(),
            Err(why) => why.to_string(),
        };
        assert_eq!(text, expect);
    }

    #[test]
    fn bodies_become_what_their_json_would_be() {
        let metadata = field(1, &[field(1, b"a"), field(2, b""), field(8, &[])].concat());
        let data = field(2, &[field(1, b"k"), field(2, b"v")].concat());
        check(
            &body("v1", "ConfigMap", &[metadata, data, vec![4 << 3, 0]].concat()),
            r#"{"apiVersion":"v1","data":{"k":"v"},"immutable":false,"kind":"ConfigMap","metadata":{"name":"a"}}"#,
        );
        let target = field(4, &[vec![1 << 3, 1], field(3, b"http")].concat());
        let port = [vec![3 << 3, 80], target].concat();
        check(
            &body("v1", "Service", &field(2, &field(1, &port))),
            r#"{"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":80,"targetPort":"http"}]}}"#,
        );
    }

    #[test]
    fn what_is_no_object_says_why() {
        check(b"{}", &Unreadable::NoMagic.to_string());
        check(&body("v1", "Nothing", b""), "no kind \"Nothing\" is registered for version \"v1\"");
        check(&body("v1", "ConfigMap", &[0x12, 9]), "unexpected EOF");
        check(&[MAGIC, &[0xff; 30]].concat(), "unexpected EOF");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(object in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..100)) {
            let _ = read(&body("apps/v1", "Deployment", &object));
        }
    }
}
