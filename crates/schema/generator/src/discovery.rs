//! What a default API server serves.

use tautline_core::{GroupVersion, GroupVersionKind, Value};
use tautline_schema::{Kind, Scope, Subresource};

/// Reads `{"apps/v1": {"preferred": true, "resources": [{"kind": …, "plural": …}]}}`.
pub(crate) fn read(discovery: &Value) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (api_version, group) in discovery.as_map().into_iter().flatten() {
        let of = GroupVersion::parse(api_version);
        let preferred = group.get("preferred").and_then(Value::as_bool).unwrap_or(false);
        kinds.extend(group.list_at(&["resources"]).iter().map(|resource| kind(resource, &of, preferred)));
    }
    kinds
}

fn kind(resource: &Value, of: &GroupVersion, preferred: bool) -> Kind {
    let text = |key| resource.str_at(&[key]).unwrap_or_default().to_owned();
    let gvk = GroupVersionKind::new(&of.group, &of.version, text("kind"));
    let namespaced = resource.get("namespaced").and_then(Value::as_bool).unwrap_or(false);
    let subresources = resource.get("subresources").and_then(Value::as_map);
    Kind {
        plural: text("plural"),
        singular: text("singular"),
        scope: if namespaced { Scope::Namespaced } else { Scope::Cluster },
        short_names: texts(resource, "shortNames"),
        categories: texts(resource, "categories"),
        verbs: texts(resource, "verbs"),
        subresources: subresources
            .into_iter()
            .flatten()
            .map(|(name, sub)| subresource(name, sub, &gvk))
            .collect(),
        preferred,
        gvk,
    }
}

/// An empty group and version mean those of the parent.
fn subresource(name: &str, sub: &Value, parent: &GroupVersionKind) -> Subresource {
    let text = |key| sub.str_at(&[key]).unwrap_or_default();
    let gvk = match text("version") {
        "" => GroupVersionKind::new(&parent.group, &parent.version, text("kind")),
        version => GroupVersionKind::new(text("group"), version, text("kind")),
    };
    Subresource { name: name.to_owned(), gvk, verbs: texts(sub, "verbs"), scale: None }
}

fn texts(of: &Value, key: &str) -> Vec<String> {
    of.list_at(&[key]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
