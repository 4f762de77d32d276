//! The annotations that `buildMetadata` asks for: where objects come from and what changed them.

use tautline_core::Value;
use tautline_yaml::{Node, Style, write_node};

use crate::error::Result;
use crate::field_spec::{Create, FieldSpec, apply};
use crate::fields;
use crate::load::RepoUrl;
use crate::resource::{Gvk, Resource, from_value};

pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// Where an object comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OriginNote {
    pub(crate) path: String,
    repo: String,
    reference: String,
    configured_in: String,
    /// apiVersion, kind, name and namespace of what made it.
    configured_by: Option<[String; 4]>,
}

impl OriginNote {
    /// The same behind another path, which may be a repository's URL.
    pub(crate) fn append(&self, path: &str) -> Self {
        let mut note = self.clone();
        let mut below = path.to_owned();
        if let Some(url) = RepoUrl::read(path) {
            note.path = String::new();
            below = if url.folder.is_empty() { "notCloned".to_owned() } else { url.folder };
            note.repo = url.repository;
            note.reference = url.reference;
        }
        note.path = join(&note.path, &below);
        note
    }

    /// What a built-in plugin of a kustomization file makes.
    pub(crate) fn built_in(&self, file: &str, kind: &str) -> Self {
        Self {
            path: String::new(),
            configured_in: join(&self.path, file),
            configured_by: Some(["builtin".to_owned(), kind.to_owned(), String::new(), String::new()]),
            ..self.clone()
        }
    }

    /// What a configured plugin makes, if the configuration itself has an origin.
    pub(crate) fn of_plugin(config: &Resource) -> Option<Self> {
        let text = config.text_of("annotations", ORIGIN)?;
        let found = tautline_yaml::nodes(text, &tautline_yaml::Options::default()).ok()?;
        let origin = found.first()?;
        let part = |key: &str| origin.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
        let own = |text: &str| text.to_owned();
        Some(Self {
            path: String::new(),
            repo: part("repo"),
            reference: part("ref"),
            configured_in: part("path"),
            configured_by: Some([
                own(config.api_version()),
                own(config.kind()),
                own(config.name()),
                own(config.namespace()),
            ]),
        })
    }

    fn node(&self) -> Node {
        let mut map = Node::map();
        let parts = [
            ("path", &self.path),
            ("repo", &self.repo),
            ("ref", &self.reference),
            ("configuredIn", &self.configured_in),
        ];
        for (key, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            map.push(key, from_value(&Value::string(value.as_str())));
        }
        if let Some(by) = &self.configured_by {
            let mut configured = Node::map();
            let keys = ["apiVersion", "kind", "name", "namespace"];
            for (key, value) in keys.into_iter().zip(by).filter(|(_, value)| !value.is_empty()) {
                configured.push(key, from_value(&Value::string(value.as_str())));
            }
            map.push("configuredBy", configured);
        }
        map
    }

    fn text(&self) -> String {
        write_node(&self.node(), Style::Kyaml)
    }

    /// Annotates an object that was just read; its other annotations stay as they are written.
    pub(crate) fn annotate(&self, resource: &mut Resource) -> Result<()> {
        let spec = FieldSpec::new(Gvk::default(), "metadata/annotations", true);
        let text = self.text();
        apply(&mut resource.node, &spec, Create::Map, &mut |map| {
            fields::set_field(map, ORIGIN, Node::text(text.as_str()))
        })
    }

    /// Annotates an object, in place of an origin it has.
    pub(crate) fn put(&self, resource: &mut Resource) -> Result<()> {
        set(resource, ORIGIN, self.text())
    }

    /// Annotates an object that has no origin yet.
    pub(crate) fn put_if_absent(&self, resource: &mut Resource) -> Result<()> {
        if resource.text_of("annotations", ORIGIN).is_some() { Ok(()) } else { self.put(resource) }
    }

    /// Notes a transformation; of an object without an origin it is the origin.
    pub(crate) fn transformed(&self, resource: &mut Resource) -> Result<()> {
        if resource.text_of("annotations", ORIGIN).is_none() {
            return self.put(resource);
        }
        let mut list = Node::list();
        list.items_mut().into_iter().for_each(|items| items.push(self.node()));
        let known = resource.text_of("annotations", TRANSFORMATIONS).unwrap_or_default();
        let known = if known.trim() == "[]" { "" } else { known };
        let text = format!("{known}{}", write_node(&list, Style::Kyaml));
        set(resource, TRANSFORMATIONS, text)
    }
}

fn set(resource: &mut Resource, key: &str, text: String) -> Result<()> {
    let mut texts = resource.texts("annotations");
    texts.retain(|(known, _)| known != key);
    texts.push((key.to_owned(), text));
    resource.set_texts("annotations", texts)
}

/// Joins two paths and works `.` and `..` off as far as that goes.
fn join(base: &str, path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in base.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_repositories() {
        let top = OriginNote::default();
        assert_eq!(top.append("../base").append("a.yaml").text(), "path: ../base/a.yaml\n");
        let remote = top.append("github.com/org/repo/x?ref=v1").append("a.yaml");
        assert_eq!(remote.text(), "path: x/a.yaml\nrepo: https://github.com/org/repo\nref: v1\n");
        let made = top.append("../base").built_in("kustomization.yaml", "ConfigMapGenerator");
        assert_eq!(
            made.text(),
            "configuredIn: ../base/kustomization.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n"
        );
    }
}
