//! Which kinds ConfigMap `argocd-cm` leaves alone: `resource.exclusions` and `resource.inclusions`.

use tautline_core::{GroupKind, Object, Value};
use tautline_grammar::Glob;

use crate::application::IN_CLUSTER;

/// The two lists. A kind is left alone if there are inclusions and none fits, or if an exclusion fits.
#[derive(Debug, Default)]
pub(crate) struct KindLists {
    inclusions: Vec<Pattern>,
    exclusions: Vec<Pattern>,
}

/// An entry of a list; what it does not name it leaves open.
#[derive(Debug)]
struct Pattern {
    groups: Vec<Glob>,
    kinds: Vec<String>,
}

impl KindLists {
    /// Reads the lists. One that cannot be read is told in the log and counts as empty.
    pub(crate) fn read(config_map: Option<&Object>) -> Self {
        let list = |key: &str| {
            let text = config_map.and_then(|map| map.str_at(&["data", key])).unwrap_or_default();
            patterns(text).unwrap_or_else(|problem| {
                tracing::warn!(key, problem, "argocd-cm");
                Vec::new()
            })
        };
        Self { inclusions: list("resource.inclusions"), exclusions: list("resource.exclusions") }
    }

    /// Whether objects of the kind are left alone.
    pub(crate) fn excludes(&self, kind: &GroupKind) -> bool {
        let fits = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.fits(kind));
        !self.inclusions.is_empty() && !fits(&self.inclusions) || fits(&self.exclusions)
    }
}

impl Pattern {
    fn fits(&self, kind: &GroupKind) -> bool {
        let group = self.groups.is_empty() || self.groups.iter().any(|group| group.matches(&kind.group));
        let named = |pattern: &String| pattern == "*" || *pattern == kind.kind;
        group && (self.kinds.is_empty() || self.kinds.iter().any(named))
    }
}

/// The entries of a list that are about this cluster.
fn patterns(text: &str) -> Result<Vec<Pattern>, String> {
    let mut documents = tautline_yaml::read_all(text, &tautline_yaml::Options::default()).into_iter();
    let Some((_, list)) = documents.next() else { return Ok(Vec::new()) };
    let list = match list.map_err(|error| error.to_string())? {
        Value::Null => return Ok(Vec::new()),
        Value::List(list) => list,
        other => {
            return Err(format!(
                "it must be a list of apiGroups, kinds and clusters, not a {}",
                other.kind_name()
            ));
        }
    };
    let glob = |text: &String| Glob::new(text, &[]).map_err(|error| format!("{text:?}: {error}"));
    let mut found = Vec::new();
    for entry in list.iter() {
        let clusters = texts(entry, "clusters")?.iter().map(glob).collect::<Result<Vec<_>, _>>()?;
        let groups = texts(entry, "apiGroups")?.iter().map(glob).collect::<Result<Vec<_>, _>>()?;
        let kinds = texts(entry, "kinds")?;
        if clusters.is_empty() || clusters.iter().any(|cluster| cluster.matches(IN_CLUSTER)) {
            found.push(Pattern { groups, kinds });
        }
    }
    Ok(found)
}

/// A list of texts; no list where one is wanted must not stand for "all".
fn texts(entry: &Value, field: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("{field} must be a list of texts");
    match entry.get(field) {
        None | Some(Value::Null) if entry.as_map().is_some() => Ok(Vec::new()),
        Some(Value::List(list)) => {
            list.iter().map(|text| text.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use tautline_core::value;

    use super::*;

    fn excludes(inclusions: &str, exclusions: &str, kind: &str) -> bool {
        let map = Object::new(
            value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "argocd-cm" },
            "data": { "resource.inclusions": inclusions, "resource.exclusions": exclusions } }),
        );
        let (group, kind) = kind.split_once('/').unwrap_or(("", kind));
        KindLists::read(Some(&map.expect("it has a kind and a name"))).excludes(&GroupKind::new(group, kind))
    }

    #[test]
    fn kinds_are_left_alone_as_argo_cd_does() {
        const CILIUM: &str =
            "- apiGroups: [cilium.io]\n  kinds: [CiliumIdentity, CiliumEndpoint]\n  clusters: ['*']\n";
        const ANY: &str =
            "- apiGroups: ['*.example.org']\n  kinds: ['*']\n- apiGroups: ['']\n  kinds: [Secret]\n";
        const HERE: &str = "- kinds: [Pod]\n  clusters: ['https://kubernetes.default.svc']\n";
        const THERE: &str = "- kinds: [Pod]\n  clusters: ['https://other']\n";
        for (inclusions, exclusions, kind, expect) in [
            ("", "", "Pod", false),
            ("", CILIUM, "cilium.io/CiliumIdentity", true),
            ("", CILIUM, "cilium.io/CiliumNetworkPolicy", false),
            ("", CILIUM, "CiliumIdentity", false),
            ("", ANY, "tea.example.org/Cup", true),
            ("", ANY, "example.org/Cup", false),
            ("", ANY, "Secret", true),
            ("", ANY, "apps/Secret", false),
            ("", HERE, "Pod", true),
            ("", THERE, "Pod", false),
            ("", "- apiGroups: ['*']\n", "Pod", true),
            (ANY, "", "tea.example.org/Cup", false),
            (ANY, "", "Secret", false),
            (ANY, "", "Pod", true),
            (ANY, "- kinds: [Cup]\n", "tea.example.org/Cup", true),
            // What cannot be read excludes nothing.
            ("", "not a list", "Pod", false),
            ("", "- kinds: Pod\n", "Pod", false),
            ("", "- apiGroups: [5]\n", "Pod", false),
        ] {
            assert_eq!(excludes(inclusions, exclusions, kind), expect, "{inclusions}|{exclusions}|{kind}");
        }
    }
}
