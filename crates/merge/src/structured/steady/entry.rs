//! [`Entry`]: who owns what, as it lies in `managedFields`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::LazyLock;

use tautline_core::{Key, Map, Object, Value};
use tautline_schema::Root;

use super::super::apply::Apply;
use super::super::managed::{Manager, Operation};
use super::super::typed::Typed;
use super::super::updater::{Updater, strip};
use crate::{FieldSet, time};

/// An entry of `managedFields` that would be printed as it lies there.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub(super) printed: Cow<'a, Map>,
    pub(super) name: &'a str,
    pub(super) operation: Operation,
    pub(super) api_version: &'a str,
    pub(super) subresource: &'a str,
    pub(super) seconds: i64,
    pub(super) fields: Cow<'a, Map>,
}

/// Whether each is a manager of its own.
pub(super) fn are_distinct(owners: &[Entry<'_>]) -> bool {
    owners.iter().enumerate().all(|(i, a)| owners.iter().take(i).all(|b| !a.is_manager(b)))
}

impl<'a> Entry<'a> {
    pub(super) fn read(entry: &'a Value) -> Option<Self> {
        static NAMES: LazyLock<[Key; 6]> = LazyLock::new(|| {
            ["manager", "operation", "apiVersion", "subresource", "time", "fieldsType"].map(Key::new)
        });
        let printed = entry.as_map()?;
        let (mut texts, mut fields) = ([""; 6], None);
        for (key, value) in printed {
            match (NAMES.iter().position(|name| name == key), value) {
                (Some(i), Value::String(text)) if !text.is_empty() => *texts.get_mut(i)? = text.as_str(),
                (None, Value::Map(map)) if key == "fieldsV1" && !map.is_empty() => fields = Some(map),
                _ => return None,
            }
        }
        let [name, operation, api_version, subresource, time, fields_type] = texts;
        let operation = match operation {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let fields = fields.filter(|_| fields_type == "FieldsV1")?;
        Some(Self {
            printed: Cow::Borrowed(printed),
            name,
            operation,
            api_version,
            subresource,
            seconds: time::parse(time).map_or(0, |at| at.seconds()),
            fields: Cow::Borrowed(fields),
        })
    }

    pub(super) fn manager(&self) -> Manager {
        Manager::exact(self.name, self.operation, self.api_version, self.subresource)
    }

    /// Whether both are one manager: appliers stay one through versions.
    pub(super) fn is_manager(&self, other: &Self) -> bool {
        self.name == other.name
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    pub(super) fn is_applier(&self, request: &Apply<'_>) -> bool {
        self.operation == Operation::Apply
            && self.name == request.manager.as_str()
            && self.subresource == request.subresource.unwrap_or_default()
    }

    /// The order of [`crate::ManagedFields::sorted`].
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let key = |e: &Self| (e.operation, e.seconds);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.name.cmp(other.name))
            .then_with(|| self.api_version.cmp(other.api_version))
            .then_with(|| self.subresource.cmp(other.subresource))
    }

    /// What a configuration makes its manager own, which is not what it owns; `None` if something of that goes.
    pub(super) fn claimed(&self, config: &Object, root: &Root, updater: &Updater<'_>) -> Option<FieldSet> {
        let last = FieldSet::from_value(&Value::Map(self.fields.clone().into_owned())).ok()?;
        let config = Typed { value: config.to_value(), root: root.clone() };
        let now = updater.resets.filter(config.fields());
        let claimed = strip(&now);
        (last.is_within(&now) && !claimed.is_empty()).then_some(claimed)
    }

    /// Gives it other fields; whether they are other ones.
    pub(super) fn own(&mut self, fields: FieldSet) -> bool {
        let Value::Map(fields) = fields.to_value() else { return false };
        if fields == *self.fields {
            return false;
        }
        self.printed.to_mut().insert("fieldsV1", fields.clone());
        self.fields = Cow::Owned(fields);
        true
    }

    pub(super) fn touch(&mut self, request: &Apply<'_>) {
        self.seconds = request.now.seconds();
        self.printed.to_mut().insert("time", time::print(request.now));
    }
}
