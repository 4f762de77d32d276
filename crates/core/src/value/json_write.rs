//! JSON out, as Go's encoder writes it: sorted keys, shortest floats.

use super::json::string_stop;
use super::{Value, integral};

impl Value {
    /// The value as compact JSON with sorted keys.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// Appends the value as compact JSON to text that the caller owns.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Int(n) => out.push_str(itoa::Buffer::new().format(*n)),
            Self::Float(n) => write_float(*n, out),
            Self::String(text) => write_string(text, out),
            Self::List(list) => {
                out.push('[');
                for (i, item) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Map(map) => {
                out.push('{');
                for (i, (key, value)) in map.texts().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_string(key, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some((plain, tail)) =
        rest.split_at_checked(string_stop(rest.as_bytes(), 0)).filter(|(_, tail)| !tail.is_empty())
    {
        out.push_str(plain);
        let mut chars = tail.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Writes a float as Go's encoding/json does: plain digits from 1e-6 up to 1e21, else an exponent.
fn write_float(n: f64, out: &mut String) {
    if let Some(int) = integral(n) {
        return out.push_str(itoa::Buffer::new().format(int));
    }
    let magnitude = n.abs();
    if (1e-6..1e21).contains(&magnitude) {
        // Rust's Display prints the shortest digits that read back, without an exponent.
        return out.push_str(&n.to_string());
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format(n);
    match text.split_once('e') {
        Some((digits, exponent)) => {
            out.push_str(digits.strip_suffix(".0").unwrap_or(digits));
            out.push('e');
            if !exponent.starts_with('-') {
                out.push('+');
            }
            out.push_str(exponent);
        }
        None => out.push_str(text),
    }
}
