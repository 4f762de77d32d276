//! ValueAddTransformer: one value in many fields, whole or as a part of paths.

use tautline_yaml::Node;

use crate::error::Result;
use crate::fields;
use crate::kustomization::Selector;
use crate::kustomization::decode::record;
use crate::resource::Resources;
use crate::transform::namespace::{Namespace, Subjects};

record! {
    /// Where the value goes.
    pub(crate) struct Target as "Target" {
        pub(crate) selector: Option<Selector> = "selector",
        pub(crate) field_path: String = "fieldPath",
        pub(crate) position: i64 = "filePathPosition",
    }
}

/// Puts a value into fields.
#[derive(Clone, Debug)]
pub(crate) struct ValueAdd {
    pub(crate) value: String,
    pub(crate) targets: Vec<Target>,
}

impl ValueAdd {
    pub(crate) fn run(&self, resources: &mut Resources) -> Result<()> {
        for target in &self.targets {
            let places = match &target.selector {
                None => (0..resources.len()).collect(),
                Some(selector) => resources.select(selector)?,
            };
            for at in places {
                let Some(resource) = resources.get_mut(at) else { continue };
                if target.field_path == "metadata/namespace" {
                    // As the namespace transformer does it, subjects of role bindings included.
                    let namespace = Namespace {
                        namespace: self.value.clone(),
                        specs: Vec::new(),
                        unset_only: false,
                        subjects: Subjects::default(),
                    };
                    namespace.move_one(resource)?;
                } else {
                    self.put(&mut resource.node, target)?;
                }
            }
        }
        Ok(())
    }

    fn put(&self, node: &mut Node, target: &Target) -> Result<()> {
        let parts = join_escaped(&target.field_path);
        let mut at = node;
        for (i, part) in parts.iter().enumerate() {
            let is_last = i + 1 == parts.len();
            at = fields::field_or_insert(at, part, || if is_last { Node::plain("") } else { Node::map() })?;
        }
        fields::expect_scalar(at)?;
        let new = match usize::try_from(target.position) {
            Ok(position) if position > 0 => {
                insert_part(at.as_str().unwrap_or_default(), position - 1, &self.value)
            }
            _ => self.value.clone(),
        };
        fields::set_scalar(at, &new, "")
    }
}

/// A path's parts; a backslash before a slash keeps it.
fn join_escaped(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Inserts a part into a file path; a leading slash is no part.
fn insert_part(path: &str, position: usize, part: &str) -> String {
    if part.is_empty() {
        return path.to_owned();
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_inserted() {
        assert_eq!(insert_part("", 5, "PEACH"), "PEACH");
        assert_eq!(insert_part("/", 5, "PEACH"), "/PEACH");
        assert_eq!(insert_part("/pie", 0, "PEACH"), "/PEACH/pie");
        assert_eq!(insert_part("a/nice/warm/pie", 3, "PEACH"), "a/nice/warm/PEACH/pie");
        assert_eq!(insert_part("raw", 1, "PEACH"), "raw/PEACH");
    }
}
