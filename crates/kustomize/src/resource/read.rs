//! Text to resources.

use tautline_core::{Budget, Origin, Value};
use tautline_yaml::{Node, NodeKind, Options, Resolver, ScalarStyle, nodes_from};

use super::{Behavior, Former, Memory, Resource};
use crate::error::{Error, Result};
use crate::fields;

/// Where Kustomize keeps its memory in files that other tools pass on.
const MEMORY: &str = "internal.config.kubernetes.io/";
/// Annotations of kyaml's own readers and writers.
const READERS: [&str; 8] = [
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "config.kubernetes.io/id",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
];

/// Reads the resources of a file: every document, lists taken apart.
pub(crate) fn read_resources(text: &str, file: &str, budget: &Budget) -> Result<Vec<Resource>> {
    let options = Options { resolver: Resolver::V3, strict: true, budget: budget.clone() };
    let text =
        if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { std::borrow::Cow::from(text) };
    // A key may be written with escapes.
    let may_hold_lists = text.contains("items") || text.contains('\\');
    if may_hold_lists { with_lists(&text, file, &options) } else { one_by_one(&text, file, &options) }
}

/// Reads documents that are one resource each: what is to be done with one is done before the next is read.
fn one_by_one(text: &str, file: &str, options: &Options) -> Result<Vec<Resource>> {
    let documents = split(text)?;
    let (mut found, mut refused) = (Vec::with_capacity(documents.len()), None);
    for (line, text) in documents {
        let Some((line, node)) = document(line, text, options)? else { continue };
        match checked(node) {
            Ok(Some(node)) => found.push(remembered(Resource::new(node, Origin::file(file, line)))),
            Ok(None) => {}
            // What is malformed further down is said first.
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    refused.map_or(Ok(found), Err)
}

/// Reads documents some of which may be lists.
fn with_lists(text: &str, file: &str, options: &Options) -> Result<Vec<Resource>> {
    let mut found = Vec::new();
    let mut documents = Vec::new();
    for (line, text) in split(text)? {
        documents.extend(document(line, text, options)?);
    }
    let alone = documents.len() == 1;
    for (line, node) in documents {
        let origin = Origin::file(file, line);
        let items = node.field("items").map(|items| items.items().to_vec());
        match items {
            // The only document of a file is unwrapped as it is.
            Some(items) if alone && is_wrapper(&node) => {
                let origins = items.into_iter().map(|item| (Origin::file(file, line_of(&item, line)), item));
                found.extend(origins);
            }
            _ => found.push((origin, node)),
        }
    }
    let found = found
        .into_iter()
        .filter_map(|(origin, node)| checked(node).map(|n| n.map(|n| (origin, n))).transpose());
    let found = found.collect::<Result<Vec<_>>>()?;
    let flat = flatten(found, file)?;
    Ok(flat.into_iter().map(|(origin, node)| remembered(Resource::new(node, origin))).collect())
}

fn line_of(node: &Node, otherwise: usize) -> usize {
    if node.span.line > 0 { node.span.line as usize } else { otherwise }
}

fn is_wrapper(node: &Node) -> bool {
    let kind = node.field("kind").map(fields::value_of);
    matches!(kind, Some("List" | "ResourceList"))
}

/// A document of a stream with the line that its node starts on; nothing for an empty one.
fn document(line: usize, text: &str, options: &Options) -> Result<Option<(usize, Node)>> {
    let malformed = |error: tautline_yaml::Error| Error::Yaml {
        message: format!("MalformedYAMLError: yaml: line {}: {}", error.line, error.kind),
        malformed: true,
    };
    let mut found = nodes_from(text, line, options).map_err(malformed)?.into_iter();
    let Some(mut node) = found.next().filter(|node| !node.is_null()) else { return Ok(None) };
    if may_have_aliases(text) {
        node = node.expanded(options).map_err(|error| Error::Yaml {
            message: format!("yaml: line {}: {}", error.line, error.kind),
            malformed: false,
        })?;
    }
    Ok(Some((node.span.line as usize, node)))
}

/// Whether a text has what an alias or a merge key is written with. Anchors alone expand to nothing.
fn may_have_aliases(text: &str) -> bool {
    text.as_bytes().contains(&b'*') || text.contains("<<") || text.contains("merge")
}

/// Cuts a stream at its separators, as kyaml does: a line that starts with `---`, not the first.
fn split(text: &str) -> Result<Vec<(usize, &str)>> {
    let mut documents = Vec::new();
    let (mut start, mut line) = (0, 1);
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("\n---")) {
        let at = from + found;
        let rest = text.get(at + 1..).unwrap_or_default();
        let Some(end) = rest.find('\n') else { break };
        let separator = rest.get(3..end).unwrap_or_default().trim();
        if !separator.is_empty() && !separator.starts_with('#') {
            let message = format!("invalid document separator: ---{}", rest.get(3..end).unwrap_or_default());
            return Err(Error::Yaml { message: message.trim().to_owned(), malformed: false });
        }
        let document = text.get(start..=at).unwrap_or_default();
        documents.push((line, document));
        line += document.matches('\n').count() + 1;
        start = at + 1 + end + 1;
        // The line break before a separator is the one behind the separator before it only once.
        from = start;
    }
    documents.push((line, text.get(start..).unwrap_or_default()));
    Ok(documents)
}

/// An object with kind and name; nothing for what is empty.
fn checked(node: Node) -> Result<Option<Node>> {
    if fields::is_empty(Some(&node)) {
        return Ok(None);
    }
    let invalid = |message: String| Err(Error::Yaml { message, malformed: false });
    let text = |field: &str| node.field(field).filter(|f| !fields::is_empty(Some(f))).map(fields::value_of);
    let metadata = node.field("metadata").filter(|metadata| !fields::is_empty(Some(metadata)));
    let of_metadata = |field: &str| {
        metadata?.field(field).filter(|f| !fields::is_empty(Some(f))).map(|f| f.as_str().unwrap_or_default())
    };
    let (kind, version) = (text("kind").unwrap_or_default(), text("apiVersion").unwrap_or_default());
    let (name, namespace) = (of_metadata("name"), of_metadata("namespace"));
    let shown = || {
        format!(
            "{{{{{version} {kind}}} {{{{{} {}}} map[] map[]}}}}",
            name.unwrap_or_default(),
            namespace.unwrap_or_default()
        )
    };
    let has_nothing = text("kind").is_none() && text("apiVersion").is_none();
    if has_nothing
        && metadata.is_none_or(|m| {
            ["name", "namespace", "labels", "annotations"].iter().all(|f| fields::is_empty(m.field(f)))
        })
    {
        return invalid("missing Resource metadata".to_owned());
    }
    if kind.is_empty() {
        return invalid(format!("missing kind in object {}", shown()));
    }
    if !kind.ends_with("List") && name.unwrap_or_default().is_empty() {
        return invalid(format!("missing metadata.name in object {}", shown()));
    }
    Ok(Some(node))
}

/// Takes lists of any kind apart; their items come behind all documents.
fn flatten(found: Vec<(Origin, Node)>, file: &str) -> Result<Vec<(Origin, Node)>> {
    let mut queue: std::collections::VecDeque<_> = found.into();
    let mut flat = Vec::with_capacity(queue.len());
    while let Some((origin, node)) = queue.pop_front() {
        let kind = node.field("kind").and_then(Node::as_str).unwrap_or_default();
        let items = if kind.ends_with("List") { node.field("items") } else { None };
        let Some(items) = items else {
            flat.push((origin, node));
            continue;
        };
        if items.is_null() {
            continue;
        }
        if !items.is_list() {
            let message = format!("expected array in {kind}/items, but found {}", fields::kind_name(items));
            return Err(Error::Yaml { message, malformed: false });
        }
        for item in items.items() {
            let line = line_of(item, origin.line);
            if let Some(item) = checked(canonical(item)?)? {
                queue.push_back((Origin::file(file, line), item));
            }
        }
    }
    Ok(flat)
}

/// The tree after a detour through JSON: no styles, numbers as Go prints them.
fn canonical(node: &Node) -> Result<Node> {
    let options = Options { resolver: Resolver::V3, strict: true, budget: Budget::default() };
    let value = node.to_value(&options).map_err(|error| Error::Field(format!("yaml: {}", error.kind)))?;
    Ok(from_value(&value))
}

/// The tree of a value, as kyaml makes it: texts that look like something else are quoted.
pub(crate) fn from_value(value: &Value) -> Node {
    match value {
        Value::Null => read_scalar("null"),
        Value::Bool(b) => read_scalar(if *b { "true" } else { "false" }),
        Value::Int(n) => read_scalar(&n.to_string()),
        Value::Float(n) => read_scalar(tautline_yaml::write(&Value::Float(*n)).trim_end()),
        Value::String(text) => {
            let mut node = Node::plain(text.as_str());
            node.span.line = 1;
            // What go-yaml writes in quotes is in quotes when it is read again.
            if !tautline_yaml::is_written_plain(text)
                && let NodeKind::Scalar { style, .. } = &mut node.kind
            {
                *style = ScalarStyle::DoubleQuoted;
            }
            node
        }
        Value::List(list) => {
            let mut node = Node::list();
            node.span.line = 1;
            if let Some(items) = node.items_mut() {
                items.extend(list.iter().map(from_value));
            }
            node
        }
        Value::Map(map) => {
            let mut node = Node::map();
            node.span.line = 1;
            if let Some(entries) = node.entries_mut() {
                entries.extend(
                    map.iter()
                        .map(|(key, value)| (from_value(&Value::string(key.as_str())), from_value(value))),
                );
            }
            node
        }
    }
}

/// A plain scalar that counts as read, so that it is what it looks like.
fn read_scalar(text: &str) -> Node {
    let mut node = Node::plain(text);
    node.span.line = 1;
    node
}

/// Moves what another run of Kustomize left in annotations into the memory.
fn remembered(mut resource: Resource) -> Resource {
    let has_any = resource.node.field("metadata").and_then(|m| m.field("annotations")).is_some_and(|map| {
        map.entries()
            .iter()
            .any(|(key, _)| key.as_str().is_some_and(|key| key.starts_with(MEMORY) || READERS.contains(&key)))
    });
    if !has_any {
        return resource;
    }
    let texts = resource.texts("annotations");
    let find = |key: &str| {
        texts.iter().find(|(k, _)| k.strip_prefix(MEMORY) == Some(key)).map_or("", |(_, text)| text.as_str())
    };
    let csv = |key: &str| -> Vec<compact_str::CompactString> {
        let text = find(key);
        if text.is_empty() { Vec::new() } else { text.split(',').map(Into::into).collect() }
    };
    let (names, namespaces, kinds) = (csv("previousNames"), csv("previousNamespaces"), csv("previousKinds"));
    let former = names.into_iter().zip(namespaces).zip(kinds);
    let behavior = find("generatorBehavior");
    resource.memory = Memory {
        former: former.map(|((name, namespace), kind)| Former { name, namespace, kind }).collect(),
        prefixes: csv("prefixes"),
        suffixes: csv("suffixes"),
        behavior: (!behavior.is_empty()).then(|| Behavior::read(behavior)),
        needs_hash: find("needsHashSuffix") == "enabled",
        may_change_name: find("allowNameChange") == "enabled",
        may_change_kind: find("allowKindChange") == "enabled",
        from_chart: false,
    };
    if let Some(annotations) = resource.node.field_mut("metadata").and_then(|m| m.field_mut("annotations"))
        && let Some(entries) = annotations.entries_mut()
    {
        entries.retain(|(key, _)| {
            !key.as_str().is_some_and(|key| key.starts_with(MEMORY) || READERS.contains(&key))
        });
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let found = read_resources(text, "f.yaml", &Budget::default()).unwrap();
        let shown: Vec<String> = found.iter().map(|r| format!("{} {}", r.id(), r.origin)).collect();
        assert_eq!(shown, expect);
    }

    #[test]
    fn documents_and_lists() {
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ";
        check(
            &format!("{map}a}}\n---\n# nothing\n---\n{map}b}}\n"),
            &["ConfigMap.v1.[noGrp]/a.[noNs] f.yaml:1", "ConfigMap.v1.[noGrp]/b.[noNs] f.yaml:7"],
        );
        check(
            "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n",
            &["Secret.v1.[noGrp]/s.[noNs] f.yaml:4"],
        );
    }

    #[test]
    fn what_is_no_resource_is_refused() {
        let error =
            |text: &str| read_resources(text, "f", &Budget::default()).map(|_| ()).unwrap_err().to_string();
        assert_eq!(
            error("apiVersion: v1\nkind: ConfigMap\n"),
            "missing metadata.name in object {{v1 ConfigMap} {{ } map[] map[]}}"
        );
        assert!(error("a: [\n").starts_with("MalformedYAMLError: yaml: line"));
        assert!(error("a: 1\n--- x\nb: 1\n").starts_with("invalid document separator"));
    }

    #[test]
    fn gvk_of_a_core_kind() {
        assert_eq!(crate::resource::Gvk::of("v1", "Secret").to_string(), "Secret.v1.[noGrp]");
    }
}
