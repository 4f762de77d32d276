//! The characters of a `--set`, and the words that Go has for values of the wrong type.

use tautline_core::Value;

/// Why reading ended: the text did, or it is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text is at its end. That is no mistake by itself.
    End,
    /// As `End`, met while an index was read. Helm 3 takes it for a mistake.
    EndInIndex,
    /// A mistake, in Helm's words.
    Wrong(String),
}

/// What is left of the text.
#[derive(Debug)]
pub(super) struct Scanner<'t> {
    pub(super) rest: &'t str,
}

impl Scanner<'_> {
    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(c)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// The text up to one of the characters, which is eaten; nothing for it at the end of the text.
    pub(super) fn until(&mut self, stops: &[char], escapes: bool) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                c if stops.contains(&c) => return (text, Some(c)),
                '\\' if escapes => match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => return (text, None),
                },
                c => text.push(c),
            }
        }
        (text, None)
    }

    /// An index up to its `]`.
    pub(super) fn index(&mut self, escapes: bool) -> Result<i64, Stop> {
        let (text, last) = self.until(&[']'], escapes);
        if last.is_none() {
            return Err(Stop::EndInIndex);
        }
        let wrong =
            || Stop::Wrong(format!("error parsing index: strconv.Atoi: parsing {text:?}: {}", why(&text)));
        text.parse::<i64>().map_err(|_| wrong())
    }
}

fn why(text: &str) -> &'static str {
    let digits = text.trim_start_matches(['+', '-']);
    match !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        true => "value out of range",
        false => "invalid syntax",
    }
}

/// The greatest index of a list.
const MAX_INDEX: i64 = 65536;

/// Sets an item of a list, which grows with nulls.
pub(super) fn set_index(
    list: &mut Vec<Value>,
    index: i64,
    value: Value,
    room: &mut usize,
) -> Result<(), Stop> {
    let at = check_index(index)?;
    if list.len() <= at {
        *room = room
            .checked_sub(at + 1 - list.len())
            .ok_or_else(|| Stop::Wrong("the lists are larger than the budget allows".to_owned()))?;
        list.resize(at + 1, Value::Null);
    }
    if let Some(item) = list.get_mut(at) {
        *item = value;
    }
    Ok(())
}

fn check_index(index: i64) -> Result<usize, Stop> {
    if index > MAX_INDEX {
        let text = format!("index of {index} is greater than maximum supported index of {MAX_INDEX}");
        return Err(Stop::Wrong(text));
    }
    refuse_negative(index)?;
    Ok(usize::try_from(index).unwrap_or_default())
}

pub(super) fn refuse_negative(index: i64) -> Result<(), Stop> {
    match index {
        ..0 => Err(Stop::Wrong(format!("negative {index} index not allowed"))),
        _ => Ok(()),
    }
}

/// What Go says when a value has another type than the key asks for.
pub(super) fn conversion(found: &Value, wanted: &str) -> Stop {
    let found = match found {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    };
    Stop::Wrong(format!("unable to parse key: interface conversion: interface {{}} is {found}, not {wanted}"))
}

pub(super) const LIST: &str = "[]interface {}";
pub(super) const MAP: &str = "map[string]interface {}";

/// The levels that names may be nested.
pub(super) const MAX_LEVELS: usize = 30;
/// The levels that lists may be nested; Helm has no bound.
pub(super) const MAX_LISTS: usize = 200;
