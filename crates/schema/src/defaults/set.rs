//! Filling in defaults: at paths of field names, where `[]` stands for every item. What nothing is set in keeps its
//! place in memory, so that later steps see without looking that it is the same.

use tautline_core::{Key, List, Map, Value};

/// A rule: where, and the default as JSON.
pub(super) type Rule = (&'static str, &'static str);

/// Rules put together by their paths, to be followed in one walk.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// What is set where the value is absent, null or empty.
    default: Option<Value>,
    below: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: Key,
    /// Whether the rules are about every item of a list.
    items: bool,
    rules: Rules,
}

impl Rules {
    /// Puts rules together. Nothing is set below what is absent, unless a rule before sets it.
    pub(super) fn of<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Self {
        let mut all = Self::default();
        for (path, json) in rules {
            all.at(path).default = Value::from_json(json.as_bytes()).ok();
        }
        all
    }

    /// Adds rules below a path.
    pub(super) fn add(&mut self, below: &str, rules: &[Rule]) {
        for (path, json) in rules {
            self.at(below).at(path).default = Value::from_json(json.as_bytes()).ok();
        }
    }

    fn at(&mut self, path: &str) -> &mut Self {
        path.split('.').fold(self, |rules, step| {
            let (name, items) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
            let found = rules.below.iter().position(|s| s.name == name && s.items == items);
            let i = found.unwrap_or_else(|| {
                rules.below.push(Step { name: Key::new(name), items, rules: Self::default() });
                rules.below.len() - 1
            });
            &mut rules.below[i].rules
        })
    }

    /// Sets each rule's default where its field is absent, null or empty. What the value shares with one in which all
    /// are set needs no look.
    pub(super) fn fill(&self, value: &mut Value, before: Option<&Value>) {
        if let Some(filled) = self.filled(value, before) {
            *value = filled;
        }
    }

    /// `None` if there is nothing to set.
    fn filled(&self, value: &Value, before: Option<&Value>) -> Option<Value> {
        let Value::Map(map) = value else { return None };
        let before = before.and_then(Value::as_map);
        if before.is_some_and(|before| map.is_same(before)) {
            return None;
        }
        let mut out: Option<Map> = None;
        for step in &self.below {
            let present = out.as_ref().unwrap_or(map).get_key(&step.name);
            let default = step.rules.default.as_ref().filter(|_| is_unset(present));
            let filled = match (default, present) {
                (Some(default), _) => step.below(default, None).or_else(|| Some(default.clone())),
                (None, Some(present)) if !step.rules.below.is_empty() => {
                    step.below(present, before.and_then(|before| before.get_key(&step.name)))
                }
                (None, _) => None,
            };
            if let Some(filled) = filled {
                out.get_or_insert_with(|| map.clone()).insert(step.name.clone(), filled);
            }
        }
        out.map(Value::Map)
    }
}

impl Step {
    fn below(&self, value: &Value, before: Option<&Value>) -> Option<Value> {
        match value {
            Value::List(items) if self.items => match before.and_then(Value::as_list) {
                Some(before) if before.is_same(items) => None,
                before => each_item(items, |i, item| {
                    self.rules.filled(item, before.and_then(|before| before.get(i)))
                }),
            },
            value => self.rules.filled(value, before),
        }
    }
}

/// The list with what a change makes of its items; `None` if it makes nothing of any.
fn each_item(items: &List, mut change: impl FnMut(usize, &Value) -> Option<Value>) -> Option<Value> {
    let mut out: Option<Vec<Value>> = None;
    for (i, item) in items.iter().enumerate() {
        if let Some(changed) = change(i, item)
            && let Some(place) = out.get_or_insert_with(|| items.to_vec()).get_mut(i)
        {
            *place = changed;
        }
    }
    out.map(|out| Value::List(out.into()))
}

/// Changes the maps that hold a path's last field.
pub(super) fn each(value: &mut Value, path: &str, visit: &mut dyn FnMut(&mut Map, &str)) {
    each_over(value, None, path, visit);
}

/// [`each`] for changes that rest on nothing beside the map they are made in: what the value shares with one in which
/// they are made needs no look.
pub(super) fn each_over(
    value: &mut Value,
    before: Option<&Value>,
    path: &str,
    visit: &mut dyn FnMut(&mut Map, &str),
) {
    if let Some(changed) = changed(value, before, path, visit) {
        *value = changed;
    }
}

/// `None` if the visits change nothing.
fn changed(
    value: &Value,
    before: Option<&Value>,
    path: &str,
    visit: &mut dyn FnMut(&mut Map, &str),
) -> Option<Value> {
    let Value::Map(map) = value else { return None };
    if before.is_some_and(|before| value.is_same(before)) {
        return None;
    }
    let dot = path.bytes().position(|b| b == b'.');
    let (first, rest) = match dot.and_then(|dot| path.split_at_checked(dot)) {
        Some((first, rest)) => (first, rest.get(1..)),
        None => (path, None),
    };
    let (name, items) = first.strip_suffix("[]").map_or((first, false), |name| (name, true));
    let Some(rest) = rest else {
        let mut out = map.clone();
        visit(&mut out, name);
        return (!out.is_same(map)).then_some(Value::Map(out));
    };
    let (below, before) = (map.get(name)?, before.and_then(|before| before.get(name)));
    let below = match below {
        below if before.is_some_and(|before| below.is_same(before)) => return None,
        Value::List(list) if items => {
            let before = before.and_then(Value::as_list);
            let before = |i: usize| before.and_then(|before| before.get(i));
            each_item(list, |i, item| changed(item, before(i), rest, visit))?
        }
        below => changed(below, before, rest, visit)?,
    };
    let mut out = map.clone();
    out.insert(name, below);
    Some(Value::Map(out))
}

/// Changes what is below a chain of fields, if it is there.
pub(super) fn at(value: &mut Value, path: &[&str], change: impl FnOnce(&mut Value)) {
    let Some(mut below) = value.at(path).cloned() else { return };
    let before = below.clone();
    change(&mut below);
    if !below.is_same(&before)
        && let Some(place) = path.iter().try_fold(value, |value, field| value.get_mut(field))
    {
        *place = below;
    }
}

/// [`at`], if there is a map.
pub(super) fn map_at(value: &mut Value, path: &[&str], change: impl FnOnce(&mut Map)) {
    at(value, path, |value| {
        if let Value::Map(map) = value {
            change(map);
        }
    });
}

/// Sets a field that is absent, null, or empty text or an empty list.
pub(super) fn set(map: &mut Map, field: &str, default: impl Into<Value>) {
    if is_unset(map.get(field)) {
        map.insert(field, default);
    }
}

/// Sets a field to a value, whatever it was.
pub(super) fn put(map: &mut Map, field: &str, value: impl Into<Value>) {
    let value = value.into();
    if map.get(field) != Some(&value) {
        map.insert(field, value);
    }
}

/// Changes the map in a field; made if there is none.
pub(super) fn map_in(map: &mut Map, field: &str, change: impl FnOnce(&mut Map)) {
    let before = map.get(field).and_then(Value::as_map).cloned();
    let mut below = before.clone().unwrap_or_default();
    change(&mut below);
    if before.is_none_or(|before| !before.is_same(&below)) {
        map.insert(field, below);
    }
}

/// Whether a field is absent, null, or empty text or an empty list.
pub(super) fn is_unset(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::List(items)) => items.is_empty(),
        Some(_) => false,
    }
}
