//! [`ManagedFields`]: who owns what, as `metadata.managedFields` tells it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use tautline_core::{Key, Object, Timestamp, Value, value};

use crate::{FieldSet, go_print, time};

/// How a manager writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By create, update or patch.
    Update,
}

impl Operation {
    /// The word in `managedFields`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// An owner of fields. One name that applies and updates is two managers, as is one that updates in two
/// versions or by two subresources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    name: String,
    operation: Operation,
    /// Empty for appliers, who stay one manager through versions.
    api_version: String,
    subresource: String,
    /// What the API server sorts managers by.
    identifier: String,
}

impl Manager {
    /// Names a manager. An empty name is `unknown`, as on the server.
    pub fn new(name: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        Self::exact(if name.is_empty() { "unknown" } else { name }, operation, api_version, subresource)
    }

    /// A manager as an entry names it; entries may be without a name.
    pub(crate) fn exact(name: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        let api_version = if operation == Operation::Apply { "" } else { api_version };
        let mut identifier = String::from("{");
        let parts = [
            ("manager", name),
            ("operation", operation.as_str()),
            ("apiVersion", api_version),
            ("subresource", subresource),
        ];
        for (key, text) in parts.into_iter().filter(|(_, text)| !text.is_empty()) {
            identifier.push_str(&format!(",\"{key}\":{}", Value::from(text).to_json()));
        }
        Self {
            name: name.to_owned(),
            operation,
            api_version: api_version.to_owned(),
            subresource: subresource.to_owned(),
            identifier,
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it writes.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The subresource it writes to; empty for the object itself.
    pub fn subresource(&self) -> &str {
        &self.subresource
    }
}

impl Ord for Manager {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identifier.cmp(&other.identifier)
    }
}

impl PartialOrd for Manager {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Display for Manager {
    /// As the API server names it in conflicts: `"kubectl-edit" using apps/v1`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&go_print::quote(&self.name))?;
        if !self.subresource.is_empty() {
            write!(f, " with subresource {}", go_print::quote(&self.subresource))?;
        }
        if self.operation == Operation::Update {
            write!(f, " using {}", self.api_version)?;
        }
        Ok(())
    }
}

/// What a manager owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The paths.
    pub fields: FieldSet,
    /// The version that the paths are of.
    pub api_version: String,
    /// When it last changed a value; a manager that only claimed fields has none.
    pub time: Option<String>,
}

/// The entries of an object's `managedFields`, as they lie there.
pub(crate) fn entries(object: &Object) -> &[Value] {
    static NAME: LazyLock<Key> = LazyLock::new(|| Key::new("managedFields"));
    match object.metadata().and_then(|metadata| metadata.get_key(&NAME)) {
        Some(Value::List(entries)) => entries,
        _ => &[],
    }
}

/// All owners of an object's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedFields(pub(super) BTreeMap<Manager, Owned>);

impl ManagedFields {
    /// Reads `metadata.managedFields`.
    ///
    /// # Errors
    /// With the API server's words, when an entry has no operation, version or type, or unreadable fields.
    pub fn read(object: &Object) -> Result<Self, String> {
        let entries = object.list_at(&["metadata", "managedFields"]);
        let mut read = BTreeMap::new();
        for (i, entry) in entries.iter().enumerate() {
            let text = |key| entry.str_at(&[key]).unwrap_or_default();
            let operation = match text("operation") {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return Err("operation must be `Apply` or `Update`".to_owned()),
            };
            if text("apiVersion").is_empty() {
                return Err("apiVersion must not be empty".to_owned());
            }
            match text("fieldsType") {
                "FieldsV1" => {}
                "" => return Err(format!("missing fieldsType in managed fields entry {i}")),
                other => {
                    return Err(format!(
                        "invalid fieldsType {} in managed fields entry {i}",
                        go_print::quote(other)
                    ));
                }
            }
            let fields = match entry.get("fieldsV1") {
                None | Some(Value::Null) => FieldSet::new(),
                Some(fields) => {
                    FieldSet::from_value(fields).map_err(|e| format!("error decoding set: {e}"))?
                }
            };
            let manager = Manager::exact(text("manager"), operation, text("apiVersion"), text("subresource"));
            let time = entry.str_at(&["time"]).map(str::to_owned);
            read.insert(manager, Owned { fields, api_version: text("apiVersion").to_owned(), time });
        }
        Ok(Self(read))
    }

    /// Writes `metadata.managedFields`; without owners the field goes.
    pub fn write(&self, object: &mut Object) {
        if self.0.is_empty() {
            object.metadata_mut().remove("managedFields");
            return;
        }
        let list: Vec<Value> =
            self.sorted().into_iter().map(|(manager, owned)| entry(manager, owned)).collect();
        object.metadata_mut().insert("managedFields", list);
    }

    /// The owners in the API server's order: appliers first, then by time in seconds, then by name.
    pub fn sorted(&self) -> Vec<(&Manager, &Owned)> {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by(|(a, a_owned), (b, b_owned)| {
            a.operation
                .cmp(&b.operation)
                .then_with(|| a_owned.seconds().cmp(&b_owned.seconds()))
                .then_with(|| a.name.cmp(&b.name))
                .then_with(|| a_owned.api_version.cmp(&b_owned.api_version))
                .then_with(|| a.subresource.cmp(&b.subresource))
        });
        all
    }

    /// What a manager owns.
    pub fn get(&self, manager: &Manager) -> Option<&Owned> {
        self.0.get(manager)
    }

    /// Whether nobody owns anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The owners, in the order of their identifiers.
    pub fn iter(&self) -> impl Iterator<Item = (&Manager, &Owned)> {
        self.0.iter()
    }

    /// Gives a manager its fields; without any it is dropped.
    pub fn set(&mut self, manager: Manager, owned: Owned) {
        if owned.fields.is_empty() {
            self.0.remove(&manager);
        } else {
            self.0.insert(manager, owned);
        }
    }

    /// Drops a manager and returns what it owned.
    pub fn remove(&mut self, manager: &Manager) -> Option<Owned> {
        self.0.remove(manager)
    }
}

impl Owned {
    fn seconds(&self) -> i64 {
        self.time.as_deref().and_then(time::parse).map_or(0, Timestamp::seconds)
    }

    pub(super) fn same_moment(&self, other: &Self) -> bool {
        self.time.is_some() == other.time.is_some() && self.seconds() == other.seconds()
    }
}

fn entry(manager: &Manager, owned: &Owned) -> Value {
    let mut entry = value!({
        "apiVersion": owned.api_version.as_str(),
        "fieldsType": "FieldsV1",
        "operation": manager.operation.as_str()
    });
    if let Some(map) = entry.as_map_mut() {
        map.insert("fieldsV1", owned.fields.to_value());
        let texts = [
            ("manager", Some(&manager.name)),
            ("subresource", Some(&manager.subresource)),
            ("time", owned.time.as_ref()),
        ];
        for (key, text) in texts {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                map.insert(key, text.as_str());
            }
        }
    }
    entry
}

/// At most this many managers that update are told apart.
const MOST_UPDATERS: usize = 10;

impl ManagedFields {
    /// Folds the oldest updaters of a version into `ancient-changes` while there are more than ten.
    pub(super) fn cap_updaters(&mut self) {
        let updaters = self.0.iter().filter(|(m, _)| m.operation == Operation::Update);
        let mut oldest: Vec<(i64, Manager)> =
            updaters.map(|(m, owned)| (owned.seconds(), m.clone())).collect();
        oldest.sort();
        let mut left = oldest.len();
        let mut first_of: BTreeMap<String, Manager> = BTreeMap::new();
        for (_, manager) in oldest {
            if left <= MOST_UPDATERS {
                return;
            }
            let Some(version) = self.0.get(&manager).map(|owned| owned.api_version.clone()) else { continue };
            let Some(first) = first_of.get(&version) else {
                first_of.insert(version, manager);
                continue;
            };
            let bucket = Manager::new("ancient-changes", Operation::Update, &version, "");
            if !self.0.contains_key(&bucket)
                && let Some(owned) = self.0.remove(first)
            {
                self.0.insert(bucket.clone(), owned);
            }
            if let Some(owned) = self.0.remove(&manager) {
                let older = self.0.remove(&bucket).map(|o| o.fields).unwrap_or_default();
                self.0.insert(bucket, Owned { fields: owned.fields.union(&older), ..owned });
            }
            left -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::FieldPath;

    #[test]
    fn the_oldest_of_more_than_ten_updaters_are_folded() {
        let mut owners = ManagedFields::default();
        let mut add = |name: &str, operation, second: usize| {
            let fields = FieldSet::of(&FieldPath::fields(["data", name]));
            let time = Some(format!("2030-01-01T00:00:{second:02}Z"));
            owners.set(
                Manager::new(name, operation, "v1", ""),
                Owned { fields, api_version: "v1".to_owned(), time },
            );
        };
        add("git", Operation::Apply, 0);
        (0..13).for_each(|i| add(&format!("u{i:02}"), Operation::Update, i));
        owners.cap_updaters();
        let names: Vec<&str> = owners.sorted().into_iter().map(|(manager, _)| manager.name()).collect();
        let expect =
            ["git", "ancient-changes", "u04", "u05", "u06", "u07", "u08", "u09", "u10", "u11", "u12"];
        assert_eq!(names, expect);
        let ancient = Manager::new("ancient-changes", Operation::Update, "v1", "");
        let ancient = owners.get(&ancient).unwrap();
        assert_eq!((ancient.fields.len(), ancient.time.as_deref()), (4, Some("2030-01-01T00:00:03Z")));
    }
}
