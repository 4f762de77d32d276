//! The grammar of `--set-literal`: a key, and the rest of the text as it is.

use tautline_core::{Budget, List, Map, Value};

use super::scan::{LIST, MAP, MAX_LEVELS, MAX_LISTS, Scanner, Stop, conversion, refuse_negative, set_index};
use crate::Dialect;

/// Reads `a.b[0]=any text, commas and all` into a map that may hold values already.
pub(super) fn parse(text: &str, data: &mut Map, dialect: Dialect, budget: &Budget) -> Result<(), String> {
    let mut parser = Parser { scan: Scanner { rest: text }, room: budget.nodes };
    loop {
        match parser.key(data, 0, 0) {
            Ok(()) => {}
            Err(Stop::EndInIndex) if dialect.is_helm3() => return Err("error parsing index: EOF".to_owned()),
            Err(Stop::End | Stop::EndInIndex) => return Ok(()),
            Err(Stop::Wrong(why)) => return Err(why),
        }
    }
}

struct Parser<'t> {
    scan: Scanner<'t>,
    room: usize,
}

impl Parser<'_> {
    fn key(&mut self, data: &mut Map, level: usize, lists: usize) -> Result<(), Stop> {
        let (key, last) = self.scan.until(&['=', '[', '.'], false);
        match last {
            None if key.is_empty() => Err(Stop::End),
            None => Err(Stop::Wrong(format!("key {key:?} has no value"))),
            Some('=') => {
                set(data, &key, self.rest());
                Ok(())
            }
            Some('[') => {
                let index = self.scan.index(false)?;
                let mut list = match data.get_mut(&key) {
                    None => Vec::new(),
                    Some(Value::List(list)) => std::mem::take(list).into_vec(),
                    Some(other) => return Err(conversion(other, LIST)),
                };
                let result = self.item(&mut list, index, level, lists);
                set(data, &key, Value::List(List::from(list)));
                result
            }
            Some(_) => self.below(data, &key, level + 1, lists),
        }
    }

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
            return Err(Stop::Wrong(format!("key map {key:?} has no value")));
        }
        if !inner.is_empty() || data.contains_key(key) {
            set(data, key, Value::Map(inner));
        }
        result
    }

    fn item(&mut self, list: &mut Vec<Value>, index: i64, level: usize, lists: usize) -> Result<(), Stop> {
        refuse_negative(index)?;
        if lists > MAX_LISTS {
            return Err(Stop::Wrong(format!("lists are nested deeper than {MAX_LISTS} levels")));
        }
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let (key, last) = self.scan.until(&['[', '.', '='], false);
        if !key.is_empty() {
            return Err(Stop::Wrong(format!("unexpected data at end of array index: {key:?}")));
        }
        let value = match last {
            None => return Err(Stop::End),
            Some('=') => self.rest(),
            Some('[') => {
                let next = self.scan.index(false)?;
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

    fn rest(&mut self) -> Value {
        let rest = std::mem::take(&mut self.scan.rest);
        Value::from(rest)
    }
}

fn set(data: &mut Map, key: &str, value: Value) {
    if !key.is_empty() {
        data.insert(key, value);
    }
}
