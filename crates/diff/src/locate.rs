//! [`locate`]: the line of the very field that Git sets.

use tautline_core::{FieldPath, Manifest, Origin, PathElement, Value};
use tautline_yaml::{Node, NodeKind, Options, nodes, split};

use crate::{Change, Difference, Why};

/// Says of each change that Git makes on which line of its file the field stands, or the nearest one above it that
/// does. `text` is the file that the manifest's origin names. What was made out of a file, by a template or a patch,
/// keeps the line of its document.
pub fn locate(difference: &mut Difference, manifest: &Manifest, text: &str) {
    let object = &manifest.object;
    locate_changes(&mut difference.changes, object.kind(), object.name(), &manifest.origin, text);
}

/// [`locate`] for one who only has the changes of an object, its kind and name, and its manifest's origin.
pub fn locate_changes(changes: &mut [Change], kind: &str, name: &str, origin: &Origin, text: &str) {
    if !origin.via.is_empty() || text.contains("{{") {
        return;
    }
    let mut documents = split(text).map_while(Result::ok);
    let Some(document) = documents.find(|document| document.line == origin.line) else { return };
    let Ok(trees) = nodes(document.text, &Options::default()) else { return };
    let Some(root) = trees.first().and_then(|tree| root_of(tree, kind, name)) else { return };
    for change in changes {
        if let Why::SetInGit(place) = &mut change.why
            && let Some(line) = line_of(root, &change.path)
        {
            *place = format!("{}:{}", origin.file, document.line + line as usize - 1).into();
        }
    }
}

/// The object in its document, which may be a list of several.
fn root_of<'n>(tree: &'n Node, kind: &str, name: &str) -> Option<&'n Node> {
    let text =
        |node: &'n Node, keys: &[&str]| keys.iter().try_fold(node, |node, key| node.get(key))?.as_str();
    let is_it = |node: &&'n Node| {
        text(node, &["kind"]) == Some(kind) && text(node, &["metadata", "name"]).unwrap_or_default() == name
    };
    match tree.get("items").map(|items| &items.kind) {
        Some(NodeKind::List { items, .. }) if !is_it(&tree) => items.iter().find(is_it),
        _ => Some(tree).filter(is_it),
    }
}

/// The line of a field, or of the nearest above it that is written; `None` if not even its first step is.
fn line_of(root: &Node, path: &FieldPath) -> Option<u32> {
    let mut line = None;
    let mut node = root;
    for (depth, element) in path.elements().enumerate() {
        let found = step(node, element).or_else(|| match element {
            // What a Secret has in `stringData` is compared in `data`.
            PathElement::Field(name) if depth == 0 && name == "data" => {
                step(node, &PathElement::Field("stringData".into()))
            }
            _ => None,
        });
        let Some((at, below)) = found else { break };
        line = Some(at);
        node = below;
    }
    line
}

fn step<'n>(node: &'n Node, element: &PathElement) -> Option<(u32, &'n Node)> {
    match (element, &node.kind) {
        (PathElement::Field(name), NodeKind::Map { entries, .. }) => {
            let entry = entries.iter().rev().find(|(key, _)| key.as_str() == Some(name.as_str()))?;
            Some((entry.0.span.line, &entry.1))
        }
        (element, NodeKind::List { items, .. }) => {
            let item = match element {
                PathElement::Index(at) => items.get(*at)?,
                PathElement::Value(value) => items.iter().find(|item| is_text_of(item, value))?,
                PathElement::Item(keys) => items.iter().find(|item| {
                    // A key that is left out has its default.
                    keys.iter().all(|(key, value)| item.get(key).is_none_or(|node| is_text_of(node, value)))
                        && keys.keys().any(|key| item.get(key).is_some())
                })?,
                PathElement::Field(_) => return None,
            };
            Some((item.span.line, item))
        }
        _ => None,
    }
}

fn is_text_of(node: &Node, value: &Value) -> bool {
    let text = match value {
        Value::String(text) => text.to_string(),
        other => other.to_json(),
    };
    node.as_str() == Some(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::Object;

    const TEXT: &str = "\
# two of them
apiVersion: v1
kind: ConfigMap
metadata: { name: other }
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: side
        image: b
      - name: app
        ports:
        - containerPort: 80
        image: a
";

    #[test]
    fn changes_name_the_line_of_their_field() {
        let document = split(TEXT).nth(1).unwrap().unwrap();
        let value = tautline_yaml::read(document.text, &Options::default()).unwrap();
        let manifest = Manifest::new(Object::new(value).unwrap(), Origin::file("web.yaml", document.line));
        for (path, line) in [
            ("spec.replicas", 11),
            ("spec.template.spec.containers[name=app].image", 20),
            ("spec.template.spec.containers[name=app].ports[containerPort=80,protocol=TCP].name", 19),
            ("spec.template.spec.containers[name=gone]", 14),
            ("data", 6),
        ] {
            let change = Change {
                path: path.parse().unwrap(),
                from: None,
                to: Some(Value::Null),
                why: Why::SetInGit(manifest.origin.to_string().into()),
                owner: None,
            };
            let mut difference = Difference { changes: vec![change], ..Difference::default() };
            locate(&mut difference, &manifest, TEXT);
            assert_eq!(difference.changes[0].why, Why::SetInGit(format!("web.yaml:{line}").into()), "{path}");
        }
    }
}
