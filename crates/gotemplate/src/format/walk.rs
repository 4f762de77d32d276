//! Printing values of every kind under a verb.

use std::sync::Arc;

use super::float::Float;
use super::printer::Printer;
use crate::{Exhausted, Failure, Host, Kind, Number, Value};

/// How deep data is printed. Go would run until its stack ends; a map that holds itself has no end.
const DEPTH: usize = 10_000;

/// The address that pointers print as: no real one, so that a render can be repeated.
const ADDRESS: u64 = 0xc000_000000;

impl Printer {
    /// Prints an argument of `print` or `printf`.
    pub(crate) fn arg(&mut self, value: &Value, verb: char) -> Result<(), Failure> {
        if value.is_nil() {
            if matches!(verb, 'T' | 'v') {
                self.pad(b"<nil>");
                return Ok(());
            }
            return self.bad_verb(verb, value);
        }
        match (verb, value) {
            ('T', _) => self.string(value.type_name().as_bytes(), 's', value),
            ('p', Value::Map(_) | Value::List(_) | Value::Bytes(_) | Value::Function(_) | Value::Host(_)) => {
                let leading = !self.flags.sharp;
                self.hex(ADDRESS, leading);
                Ok(())
            }
            ('p', _) => self.bad_verb(verb, value),
            ('w', _) => self.bad_verb(verb, value),
            (_, Value::Bytes(bytes)) => match self.bytes(bytes, verb, "[]byte") {
                Some(()) => Ok(()),
                None => self.value(value, verb, 0),
            },
            _ => self.value(value, verb, 0),
        }
    }

    /// `%!d(string=x)`.
    pub(super) fn bad_verb(&mut self, verb: char, value: &Value) -> Result<(), Failure> {
        self.erring = true;
        self.text("%!");
        self.rune(verb);
        self.byte(b'(');
        if value.is_nil() {
            self.text("<nil>");
        } else {
            self.text(&value.type_name());
            self.byte(b'=');
            self.arg(value, 'v')?;
        }
        self.byte(b')');
        self.erring = false;
        Ok(())
    }

    fn value(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), Failure> {
        self.check()?;
        match value {
            Value::NoValue | Value::Nil => {
                self.text(if self.flags.sharp_v { "interface {}(nil)" } else { "<nil>" });
                Ok(())
            }
            Value::Bool(b) => self.boolean(*b, verb, value),
            Value::Float(n) => self.float(Float::F64(*n), verb, value),
            Value::Number(Number::Float32(n)) => self.float(Float::F32(*n), verb, value),
            Value::Int(_) | Value::Number(_) => match (value.as_signed(), value.as_unsigned()) {
                (Some(n), _) => self.integer(n.unsigned_abs(), n < 0, true, verb, value),
                (None, n) => self.integer(n.unwrap_or_default(), false, false, verb, value),
            },
            Value::Complex(parts) => self.complex(**parts, verb, value),
            Value::String(text) => self.string(text.as_bytes(), verb, value),
            Value::Function(_) => self.pointer(verb, value),
            Value::Host(host) => self.host(host, verb, depth, value),
            Value::Bytes(_) | Value::List(_) | Value::Map(_) => {
                if depth > DEPTH {
                    return Err(Failure::exhausted(Exhausted::Depth));
                }
                stacker::maybe_grow(64 << 10, 2 << 20, || self.container(value, verb, depth))
            }
        }
    }

    fn container(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), Failure> {
        match value {
            Value::Bytes(bytes) => {
                if matches!(verb, 's' | 'q' | 'x' | 'X') {
                    let _ = self.bytes(bytes, verb, "[]uint8");
                    return Ok(());
                }
                self.open(value, "[");
                for (i, byte) in bytes.iter().enumerate() {
                    self.separate(i);
                    self.value(&Number::Uint8(*byte).into(), verb, depth + 1)?;
                }
                self.close();
            }
            Value::List(list) => {
                if self.flags.sharp_v && list.is_nil() {
                    self.text(&value.type_name());
                    self.text("(nil)");
                    return Ok(());
                }
                self.open(value, "[");
                for (i, item) in list.iter().enumerate() {
                    self.separate(i);
                    self.value(item, verb, depth + 1)?;
                }
                self.close();
            }
            Value::Map(map) => {
                if self.flags.sharp_v && map.is_nil() {
                    self.text(&value.type_name());
                    self.text("(nil)");
                    return Ok(());
                }
                self.open(value, "map[");
                for (i, (key, item)) in map.entries().into_iter().enumerate() {
                    self.separate(i);
                    self.string(key.as_bytes(), verb, &Value::String(key.clone()))?;
                    self.byte(b':');
                    self.value(&item, verb, depth + 1)?;
                }
                self.close();
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, value: &Value, plain: &str) {
        if self.flags.sharp_v {
            self.text(&value.type_name());
            self.byte(b'{');
        } else {
            self.text(plain);
        }
    }

    fn separate(&mut self, i: usize) {
        if i > 0 {
            self.text(if self.flags.sharp_v { ", " } else { " " });
        }
    }

    fn close(&mut self) {
        self.byte(if self.flags.sharp_v { b'}' } else { b']' });
    }

    fn pointer(&mut self, verb: char, value: &Value) -> Result<(), Failure> {
        match verb {
            'v' if self.flags.sharp_v => {
                self.text(&format!("({})(", value.type_name()));
                self.hex(ADDRESS, true);
                self.byte(b')');
            }
            'v' | 'p' => {
                let leading = !self.flags.sharp;
                self.hex(ADDRESS, leading);
            }
            'b' | 'o' | 'd' | 'x' | 'X' => return self.integer(ADDRESS, false, false, verb, value),
            _ => return self.bad_verb(verb, value),
        }
        Ok(())
    }

    fn host(&mut self, host: &Arc<dyn Host>, verb: char, depth: usize, value: &Value) -> Result<(), Failure> {
        let asks = !self.erring && !self.flags.sharp_v && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q');
        if let Some(text) = host.text().filter(|_| asks) {
            return self.string(text.as_bytes(), verb, value);
        }
        if depth > DEPTH {
            return Err(Failure::exhausted(Exhausted::Depth));
        }
        let kind = host.kind();
        match kind {
            Kind::Struct | Kind::Map | Kind::Slice => {}
            Kind::Ptr if depth == 0 => self.byte(b'&'),
            Kind::Int | Kind::Int64 | Kind::String => {
                return match host.to_json() {
                    Some(plain) => self.value(&plain, verb, depth + 1),
                    None => self.pointer(verb, value),
                };
            }
            _ => return self.pointer(verb, value),
        }
        stacker::maybe_grow(64 << 10, 2 << 20, || self.host_entries(host, verb, depth))
    }

    fn host_entries(&mut self, host: &Arc<dyn Host>, verb: char, depth: usize) -> Result<(), Failure> {
        let kind = host.kind();
        if self.flags.sharp_v {
            self.text(host.type_name().trim_start_matches('*'));
        }
        self.text(match kind {
            Kind::Map if !self.flags.sharp_v => "map[",
            Kind::Slice if !self.flags.sharp_v => "[",
            _ => "{",
        });
        let names = self.flags.plus_v || self.flags.sharp_v;
        for (i, (key, item)) in host.entries().into_iter().enumerate() {
            self.separate(i);
            match kind {
                Kind::Map => {
                    self.value(&key, verb, depth + 1)?;
                    self.byte(b':');
                }
                Kind::Slice => {}
                _ if names => {
                    self.out.extend_from_slice(crate::format::to_text(&key)?.as_bytes());
                    self.byte(b':');
                }
                _ => {}
            }
            self.value(&item, verb, depth + 1)?;
        }
        self.byte(if matches!(kind, Kind::Map | Kind::Slice) && !self.flags.sharp_v { b']' } else { b'}' });
        Ok(())
    }
}
