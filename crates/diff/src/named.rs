//! [`Named`]: items of lists by their names.

use std::sync::LazyLock;

use tautline_core::{Key, PathElement, Value};
use tautline_schema::{ListType, TypeRef};

/// A list whose items all have a name of their own.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    items: &'a [Value],
    /// The fields of the name; the value itself is the name without any.
    keys: &'a [Key],
}

impl<'a> Named<'a> {
    pub(crate) fn of(items: &'a [Value], of: Option<TypeRef<'a>>) -> Option<Self> {
        static BY_NAME: LazyLock<[Key; 1]> = LazyLock::new(|| ["name".into()]);
        let keys: &[Key] = match of.filter(|of| !of.is_untyped()).map(TypeRef::list_type) {
            Some(ListType::Map(keys)) => keys,
            Some(ListType::Set) => &[],
            Some(ListType::Atomic) => return None,
            None => &*BY_NAME,
        };
        let named = Self { items, keys };
        (items.iter().all(|item| named.has_name(item)) && named.are_distinct()).then_some(named)
    }

    fn has_name(self, item: &Value) -> bool {
        match item {
            Value::Map(fields) => self.keys.iter().any(|key| fields.get_key(key).is_some()),
            Value::List(_) | Value::Null => false,
            _ => self.keys.is_empty(),
        }
    }

    fn are_distinct(self) -> bool {
        const FEW: usize = 16;
        let text = |item: &'a Value| match self.keys.first() {
            Some(key) => item.as_map()?.get_key(key)?.as_str(),
            None => item.as_str(),
        };
        if self.items.len() > FEW
            && let Some(mut texts) = self.items.iter().map(text).collect::<Option<Vec<&str>>>()
        {
            texts.sort_unstable();
            if texts.windows(2).all(|pair| pair.first() != pair.last()) {
                return true;
            }
        }
        let is_own = |(i, item): (usize, &Value)| {
            self.items.iter().take(i).all(|other| !self.is_same_name(other, item))
        };
        self.items.iter().enumerate().all(is_own)
    }

    fn is_same_name(self, a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Map(a), Value::Map(b)) => self.keys.iter().all(|key| a.get_key(key) == b.get_key(key)),
            (a, b) => a == b,
        }
    }

    /// The item of a name, which is likely at a place, with its own place.
    pub(crate) fn find(self, name_of: &Value, likely: usize) -> Option<(usize, &'a Value)> {
        let is_it = |item: &&Value| self.is_same_name(item, name_of);
        let there = self.items.get(likely).filter(is_it).map(|item| (likely, item));
        there.or_else(|| self.items.iter().enumerate().find(|(_, item)| is_it(item)))
    }

    /// The name of an item that has one.
    pub(crate) fn name(self, item: &Value) -> PathElement {
        if self.keys.is_empty() {
            return PathElement::Value(item.clone());
        }
        let named = self.keys.iter().filter_map(|key| Some((key, item.as_map()?.get_key(key)?.clone())));
        PathElement::Item(named.collect())
    }
}
