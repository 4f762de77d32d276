//! `html`, `js`, `urlquery`.

use std::fmt::Write;

use crate::format::sprint;
use crate::parse::{decode, is_print};
use crate::{Call, Failure, Str, Value};

/// The text of the arguments: a single string as it is, others printed.
fn text(call: &mut Call<'_>) -> Result<Str, Failure> {
    if let [Value::String(text)] = call.args {
        return Ok(text.clone());
    }
    let shown: Vec<Value> = call
        .args
        .iter()
        .map(|arg| if arg.is_nil() { Value::String(Str::from_static("<no value>")) } else { arg.clone() })
        .collect();
    let text = sprint(&shown, call.engine.bytes_left());
    super::made(call, text)
}

pub(super) fn html(call: &mut Call<'_>) -> Result<Value, Failure> {
    let text = text(call)?;
    let mut out = Vec::with_capacity(text.len());
    for byte in text.as_bytes() {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            byte => out.push(*byte),
        }
    }
    super::made(call, Ok(Str::from_bytes(out))).map(Value::String)
}

pub(super) fn js(call: &mut Call<'_>) -> Result<Value, Failure> {
    let text = text(call)?;
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some((c, width)) = decode(&bytes[at..]) {
        let mut escaped = String::new();
        let _ = match c {
            '\\' => escaped.write_str("\\\\"),
            '\'' => escaped.write_str("\\'"),
            '"' => escaped.write_str("\\\""),
            '<' | '>' | '&' | '=' => write!(escaped, "\\u{:04X}", u32::from(c)),
            c if c < ' ' => write!(escaped, "\\u{:04X}", u32::from(c)),
            c if c.is_ascii() || is_print(c) => Ok(()),
            c => write!(escaped, "\\u{:04X}", u32::from(c)),
        };
        if escaped.is_empty() {
            out.extend_from_slice(&bytes[at..at + width]);
        } else {
            out.extend_from_slice(escaped.as_bytes());
        }
        at += width;
    }
    super::made(call, Ok(Str::from_bytes(out))).map(Value::String)
}

pub(super) fn urlquery(call: &mut Call<'_>) -> Result<Value, Failure> {
    let text = text(call)?;
    let escaped = query_escape(text.as_bytes());
    super::made(call, Ok(escaped.into())).map(Value::String)
}

/// Go's `url.QueryEscape`.
fn query_escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push((*byte).into()),
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
