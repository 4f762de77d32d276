//! The grammar of `--set`, `--set-string`, `--set-file`, `--set-json` and `--set-literal`.

use tautline_core::{Budget, List, Map, Value};

use super::floats;
use super::scan::{LIST, MAP, MAX_LEVELS, MAX_LISTS, Scanner, Stop, conversion, refuse_negative, set_index};
use crate::Dialect;

/// What becomes of a value's text.
#[derive(Clone, Copy)]
pub(super) enum Kind<'f> {
    /// Truth values, null and integers are what they look like.
    Typed,
    /// It stays text.
    Text,
    /// It is the path of a file, whose content it stands for.
    File(&'f dyn Fn(&str) -> Result<String, String>),
    /// It is JSON.
    Json,
    /// It is the rest of the text as it is, commas and all.
    Literal,
}

impl Kind<'_> {
    /// Whether a backslash makes the next character an ordinary one.
    fn has_escapes(self) -> bool {
        !matches!(self, Self::Literal)
    }

    /// What ends a key. A literal value takes all commas.
    fn ends_of_key(self) -> &'static [char] {
        if self.has_escapes() { &['=', '[', ',', '.'] } else { &['=', '[', '.'] }
    }
}

/// Reads `a.b=1,c[0]={x,y}` into a map that may hold values already.
pub(super) fn parse(
    text: &str,
    data: &mut Map,
    kind: Kind<'_>,
    dialect: Dialect,
    budget: &Budget,
) -> Result<(), String> {
    let mut parser = Parser { scan: Scanner { rest: text }, kind, room: budget.nodes };
    loop {
        match parser.key(data, 0, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::EndInIndex) if dialect.is_helm3() => return Err("error parsing index: EOF".to_owned()),
            Err(Stop::EndInIndex) => return Ok(()),
            Err(Stop::Wrong(why)) => return Err(why),
        }
    }
}

struct Parser<'t, 'f> {
    scan: Scanner<'t>,
    kind: Kind<'f>,
    /// How many more items lists may grow by.
    room: usize,
}

impl Parser<'_, '_> {
    fn key(&mut self, data: &mut Map, level: usize, lists: usize) -> Result<(), Stop> {
        let (key, last) = self.scan.until(self.kind.ends_of_key(), self.kind.has_escapes());
        match last {
            None if key.is_empty() => Err(Stop::End),
            None => Err(Stop::Wrong(format!("key {} has no value", quoted(&key)))),
            Some('[') => {
                let index = self.scan.index(self.kind.has_escapes())?;
                let mut list = match data.get_mut(&key) {
                    None => Vec::new(),
                    Some(Value::List(list)) => std::mem::take(list).into_vec(),
                    Some(other) => return Err(conversion(other, LIST)),
                };
                let result = self.item(&mut list, index, level, lists);
                set(data, &key, Value::List(List::from(list)));
                result
            }
            Some('=') => self.value(data, &key),
            Some(',') => Err(Stop::Wrong(format!("key {} has no value (cannot end with ,)", quoted(&key)))),
            Some(_) => self.below(data, &key, level + 1, lists),
        }
    }

    /// What follows a `.`: a key of the map below.
    fn below(&mut self, data: &mut Map, key: &str, level: usize, lists: usize) -> Result<(), Stop> {
        if level > MAX_LEVELS {
            return Err(Stop::Wrong(format!(
                "value name nested level is greater than maximum supported nested level of {MAX_LEVELS}"
            )));
        }
        let mut inner = match data.get_mut(key) {
            None => Map::new(),
            Some(Value::Map(map)) => std::mem::take(map),
            Some(other) => return Err(conversion(other, MAP)),
        };
        let result = self.key(&mut inner, level, lists);
        if result.is_ok() && inner.is_empty() {
            return Err(Stop::Wrong(format!("key map {} has no value", quoted(key))));
        }
        if !inner.is_empty() || data.contains_key(key) {
            set(data, key, Value::Map(inner));
        }
        result
    }

    /// What follows a `=`.
    fn value(&mut self, data: &mut Map, key: &str) -> Result<(), Stop> {
        let whole = match self.kind {
            Kind::Json => Some(self.json()?),
            Kind::Literal => Some(self.rest()),
            _ => None,
        };
        if let Some(value) = whole {
            set(data, key, value);
            return Ok(());
        }
        match self.scan.peek() {
            None => {
                set(data, key, Value::string(""));
                Err(Stop::End)
            }
            Some('{') => {
                let list = self.list()?;
                set(data, key, list);
                Ok(())
            }
            Some(_) => {
                let (text, _) = self.scan.until(&[','], true);
                let value = self.convert(text)?;
                set(data, key, value);
                Ok(())
            }
        }
    }

    /// What follows the `]` of an index.
    fn item(&mut self, list: &mut Vec<Value>, index: i64, level: usize, lists: usize) -> Result<(), Stop> {
        refuse_negative(index)?;
        if lists > MAX_LISTS {
            return Err(Stop::Wrong(format!("lists are nested deeper than {MAX_LISTS} levels")));
        }
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let (key, last) = self.scan.until(&['[', '.', '='], self.kind.has_escapes());
        if !key.is_empty() {
            return Err(Stop::Wrong(format!("unexpected data at end of array index: {}", quoted(&key))));
        }
        let value = match last {
            None => return Err(Stop::End),
            Some('=') => self.item_value()?,
            Some('[') => {
                let next = self.scan.index(self.kind.has_escapes())?;
                let mut inner = match list.get_mut(at) {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::List(inner)) => inner.clone().into_vec(),
                    Some(other) => return Err(conversion(other, LIST)),
                };
                self.item(&mut inner, next, level, lists + 1)?;
                Value::List(List::from(inner))
            }
            Some(_) => {
                let mut inner = match list.get_mut(at) {
                    Some(Value::Map(map)) => map.clone(),
                    _ => Map::new(),
                };
                self.key(&mut inner, level, lists + 1)?;
                Value::Map(inner)
            }
        };
        set_index(list, index, value, &mut self.room)
    }

    fn item_value(&mut self) -> Result<Value, Stop> {
        match (self.kind, self.scan.peek()) {
            (Kind::Json, _) => self.json(),
            (Kind::Literal, _) => Ok(self.rest()),
            (_, None) => Ok(Value::string("")),
            (_, Some('{')) => self.list(),
            (_, Some(_)) => {
                let (text, _) = self.scan.until(&[','], true);
                self.convert(text)
            }
        }
    }

    fn rest(&mut self) -> Value {
        Value::from(std::mem::take(&mut self.scan.rest))
    }

    /// A list in braces.
    fn list(&mut self) -> Result<Value, Stop> {
        self.scan.next();
        let mut items = Vec::new();
        loop {
            let (text, last) = self.scan.until(&[',', '}'], true);
            if last.is_none() {
                return Err(Stop::Wrong("list must terminate with '}'".to_owned()));
            }
            items.push(self.convert(text)?);
            if last == Some('}') {
                break;
            }
        }
        if self.scan.peek() == Some(',') {
            self.scan.next();
        }
        Ok(Value::List(List::from(items)))
    }

    fn convert(&self, text: String) -> Result<Value, Stop> {
        match self.kind {
            Kind::Typed => Ok(typed(text)),
            Kind::Text | Kind::Json | Kind::Literal => Ok(Value::from(text)),
            Kind::File(read) => read(&text).map(Value::from).map_err(Stop::Wrong),
        }
    }

    /// A JSON value, or null if there is none before the next comma.
    fn json(&mut self) -> Result<Value, Stop> {
        if self.is_empty_value() {
            return Ok(Value::Null);
        }
        let mut values = serde_json::Deserializer::from_str(self.scan.rest).into_iter::<Value>();
        let wrong = |why: String| Stop::Wrong(why);
        let value = match values.next() {
            Some(Ok(value)) => floats(value),
            Some(Err(error)) => return Err(wrong(error.to_string())),
            None => return Err(wrong("EOF".to_owned())),
        };
        self.scan.rest = self.scan.rest.get(values.byte_offset()..).unwrap_or_default();
        self.is_empty_value();
        Ok(value)
    }

    /// Eats blanks and a comma behind them; true if there was one, or the end.
    fn is_empty_value(&mut self) -> bool {
        loop {
            match self.scan.peek() {
                None => return true,
                Some(',') => {
                    self.scan.next();
                    return true;
                }
                Some(c) if c.is_whitespace() => drop(self.scan.next()),
                Some(_) => return false,
            }
        }
    }
}

/// An empty key is not set.
fn set(data: &mut Map, key: &str, value: Value) {
    if !key.is_empty() {
        data.insert(key, value);
    }
}

/// `%q` of a key.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn typed(text: String) -> Value {
    match text.as_str() {
        t if t.eq_ignore_ascii_case("true") => return Value::Bool(true),
        t if t.eq_ignore_ascii_case("false") => return Value::Bool(false),
        t if t.eq_ignore_ascii_case("null") => return Value::Null,
        "0" => return Value::Int(0),
        t if !t.starts_with('0') => {
            if let Ok(n) = t.parse::<i64>() {
                return Value::Int(n);
            }
        }
        _ => {}
    }
    Value::from(text)
}
