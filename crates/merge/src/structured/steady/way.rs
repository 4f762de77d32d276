//! The way to a place in two objects.

use tautline_core::{FieldPath, Key, PathElement, Value};
use tautline_schema::{ListType, TypeRef};

use super::super::shape::item_element;

/// A step on the way to the place that is looked at: made a path's element only where something is found.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Field(&'a Key),
    Item(Item<'a>),
}

/// An item of two lists.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) of: TypeRef<'a>,
    pub(super) live: &'a [Value],
    pub(super) config: &'a [Value],
    pub(super) place: usize,
}

/// The path of a place, and whether all items on the way are named by what is written out in them.
pub(super) fn path(at: &[Step<'_>]) -> (FieldPath, bool) {
    let mut are_named = true;
    let element = |step: &Step<'_>| match step {
        Step::Field(key) => PathElement::Field(Key::clone(key)),
        Step::Item(item) => {
            are_named &= item.is_named();
            item.element()
        }
    };
    (at.iter().map(element).collect(), are_named)
}

impl Item<'_> {
    fn element(&self) -> PathElement {
        let item = self.config.get(self.place).and_then(|item| item_element(self.of, item).ok());
        // Every item was found to have a name.
        item.unwrap_or(PathElement::Index(self.place))
    }

    /// Whether its whole name, and something of every other's, is written out on both sides.
    fn is_named(&self) -> bool {
        let ListType::Map(keys) = self.of.list_type() else { return false };
        let has = |item: &Value, key: &Key| item.as_map().is_some_and(|item| item.get_key(key).is_some());
        [self.live, self.config].into_iter().all(|list| {
            list.iter().all(|item| keys.iter().any(|key| has(item, key)))
                && list.get(self.place).is_some_and(|item| keys.iter().all(|key| has(item, key)))
        })
    }
}
