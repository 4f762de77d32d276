//! The names of CustomResourceDefinitions: which of those that one asks for are its own, and which others of its group
//! have taken.

use std::collections::BTreeSet;
use std::sync::Arc;

use tautline_core::{Map, Object, Value, value};

use crate::state::State;

const SHELF: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// The names that a definition has, and what is in the way of the others.
pub(crate) struct Names {
    pub(crate) accepted: Value,
    /// Reason and message of the last conflict.
    pub(crate) conflict: Option<(&'static str, String)>,
}

impl State {
    /// Holds the names that a definition asks for against those that others of its group have.
    pub(crate) fn names_of(&self, crd: &Object) -> Names {
        let (resources, kinds) = self.names_taken(crd);
        let wanted = crd.at(&["spec", "names"]).cloned().unwrap_or_default();
        let mut names = Names { accepted: Value::map(), conflict: None };
        let mut accepted =
            crd.at(&["status", "acceptedNames"]).and_then(Value::as_map).cloned().unwrap_or_default();
        let fields = [
            ("plural", "PluralConflict", &resources),
            ("singular", "SingularConflict", &resources),
            ("shortNames", "ShortNamesConflict", &resources),
            ("kind", "KindConflict", &kinds),
            ("listKind", "ListKindConflict", &kinds),
        ];
        for (field, reason, taken) in fields {
            let asked = wanted.get(field);
            let own: Vec<&str> = accepted.get(field).map(texts).unwrap_or_default();
            let is_taken = |name: &&str| taken.contains(*name) && !own.contains(name);
            let lost: Vec<String> = asked
                .map(texts)
                .unwrap_or_default()
                .iter()
                .filter(|name| is_taken(name))
                .map(|name| format!("\"{name}\" is already in use"))
                .collect();
            match (lost.as_slice(), asked) {
                ([], Some(asked)) => drop(accepted.insert(field, asked.clone())),
                ([], None) => drop(accepted.remove(field)),
                ([one], _) => names.conflict = Some((reason, one.clone())),
                (many, _) => names.conflict = Some((reason, format!("[{}]", many.join(", ")))),
            }
        }
        match wanted.get("categories") {
            Some(categories) => drop(accepted.insert("categories", categories.clone())),
            None => drop(accepted.remove("categories")),
        }
        // These two are always printed.
        for field in ["plural", "kind"] {
            if !accepted.contains_key(field) {
                accepted.insert(field, "");
            }
        }
        names.accepted = Value::Map(accepted);
        names
    }

    /// Whether a definition's objects are served: it was established, or nothing is in the way of its names.
    pub(crate) fn may_serve(&self, crd: &Object) -> bool {
        is_established(crd) || self.names_of(crd).conflict.is_none()
    }

    /// The definitions of a group that wait for names.
    pub(crate) fn waiting_for_names(&self, group: &str) -> Vec<Arc<Object>> {
        let waits = |crd: &Arc<Object>| {
            let condition = condition(crd, "NamesAccepted");
            of_group(crd, group) && condition.is_some_and(|c| c.str_at(&["status"]) == Some("False"))
        };
        self.definitions().filter(waits).collect()
    }

    fn definitions(&self) -> impl Iterator<Item = Arc<Object>> {
        let shelf = self.store.shelf(SHELF);
        shelf.into_iter().flat_map(|shelf| shelf.within("").map(|(_, crd)| crd.clone()))
    }

    fn names_taken(&self, crd: &Object) -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut resources, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        let group = crd.str_at(&["spec", "group"]).unwrap_or_default();
        for other in self.definitions().filter(|other| of_group(other, group) && other.name() != crd.name()) {
            let of = |field: &str| {
                let names = other.at(&["status", "acceptedNames", field]).map(texts).unwrap_or_default();
                names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>()
            };
            ["plural", "singular", "shortNames"].into_iter().for_each(|field| resources.extend(of(field)));
            ["kind", "listKind"].into_iter().for_each(|field| kinds.extend(of(field)));
        }
        (resources, kinds)
    }
}

/// The conditions of a definition with these names: it stays established if it was.
pub(crate) fn conditions(crd: &Object, names: &Names, now: &str) -> Vec<Value> {
    let (truth, reason, message) = match &names.conflict {
        None => ("True", "NoConflicts", "no conflicts found"),
        Some((reason, message)) => ("False", *reason, message.as_str()),
    };
    let established = match names.conflict {
        _ if is_established(crd) => {
            return vec![
                made(crd, "NamesAccepted", truth, reason, message, now),
                condition(crd, "Established").cloned().unwrap_or_default(),
            ];
        }
        None => ("True", "InitialNamesAccepted", "the initial names have been accepted"),
        Some(_) => ("False", "NotAccepted", "not all names are accepted"),
    };
    vec![
        made(crd, "NamesAccepted", truth, reason, message, now),
        made(crd, "Established", established.0, established.1, established.2, now),
    ]
}

fn made(crd: &Object, kind: &str, status: &str, reason: &str, message: &str, now: &str) -> Value {
    let old = condition(crd, kind).filter(|old| old.str_at(&["status"]) == Some(status));
    let since = old.and_then(|old| old.str_at(&["lastTransitionTime"])).unwrap_or(now);
    let mut condition: Map = Map::new();
    let fields = [("type", kind), ("status", status), ("lastTransitionTime", since), ("reason", reason)];
    for (field, text) in fields.into_iter().chain([("message", message)]) {
        condition.insert(field, text);
    }
    value!(condition)
}

/// Whether a definition has been established.
pub(crate) fn is_established(crd: &Object) -> bool {
    condition(crd, "Established").is_some_and(|c| c.str_at(&["status"]) == Some("True"))
}

fn condition<'o>(crd: &'o Object, kind: &str) -> Option<&'o Value> {
    crd.list_at(&["status", "conditions"]).iter().find(|c| c.str_at(&["type"]) == Some(kind))
}

fn of_group(crd: &Object, group: &str) -> bool {
    crd.str_at(&["spec", "group"]) == Some(group)
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::List(list) => list.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::caller::Identity;
    use crate::local::Local;
    use crate::server::Server;
    use tautline_cluster::{Target, WriteOptions};
    use tautline_core::{FieldManager, Object, Value, value};

    fn define(cluster: &Local, plural: &str, singular: &str, kind: &str, short: &str) {
        let names = value!({ "plural": plural, "singular": singular, "kind": kind, "shortNames": [short] });
        let version = value!({ "name": "v1", "served": true, "storage": true,
            "schema": { "openAPIV3Schema": { "type": "object" } } });
        let crd = Object::new(value!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.names.example.test") },
            "spec": { "group": "names.example.test", "scope": "Namespaced", "names": names, "versions": [version] } }))
        .unwrap();
        let resource = cluster.resource("apiextensions.k8s.io/v1", "CustomResourceDefinition").unwrap();
        let options = WriteOptions::by(FieldManager::new("test"));
        cluster.make(&Target::of(resource, &crd), &crd, &options).unwrap();
    }

    fn target(cluster: &Local, plural: &str) -> Target {
        let resource = cluster.resource("apiextensions.k8s.io/v1", "CustomResourceDefinition").unwrap();
        Target::new(resource, "", &format!("{plural}.names.example.test"))
    }

    fn told(cluster: &Local, plural: &str) -> (String, Vec<String>) {
        let crd = cluster.read(&target(cluster, plural)).unwrap().unwrap();
        let conditions = crd.list_at(&["status", "conditions"]).iter();
        let line = |c: &Value| {
            let of = |field: &str| c.str_at(&[field]).unwrap_or_default();
            format!("{} {} {}: {}", of("type"), of("status"), of("reason"), of("message"))
        };
        let accepted = crd.at(&["status", "acceptedNames"]).map(Value::to_json).unwrap_or_default();
        (accepted, conditions.map(line).collect())
    }

    /// The answers are those of a real server.
    #[test]
    fn a_name_belongs_to_one_definition() {
        let cluster = Server::default().caller(Identity::admin("test"));
        define(&cluster, "as", "a", "A", "sa");
        define(&cluster, "bs", "b", "A", "sb");
        define(&cluster, "ds", "d", "D", "sa");
        let (accepted, conditions) = told(&cluster, "bs");
        assert_eq!(accepted, r#"{"kind":"","plural":"bs","shortNames":["sb"],"singular":"b"}"#);
        assert_eq!(
            conditions,
            [
                r#"NamesAccepted False ListKindConflict: "AList" is already in use"#,
                "Established False NotAccepted: not all names are accepted"
            ]
        );
        let (accepted, conditions) = told(&cluster, "ds");
        assert_eq!(accepted, r#"{"kind":"D","listKind":"DList","plural":"ds","singular":"d"}"#);
        assert_eq!(conditions[0], r#"NamesAccepted False ShortNamesConflict: "sa" is already in use"#);
        assert!(cluster.resource("names.example.test/v1", "D").is_none());
        assert_eq!(cluster.resource("names.example.test/v1", "A").unwrap().plural, "as");
        cluster.remove(&target(&cluster, "as"), tautline_ownership::Propagation::Background).unwrap();
        assert_eq!(cluster.resource("names.example.test/v1", "A").unwrap().plural, "bs");
        assert_eq!(
            told(&cluster, "ds").1,
            [
                "NamesAccepted True NoConflicts: no conflicts found",
                "Established True InitialNamesAccepted: the initial names have been accepted"
            ]
        );
    }
}
