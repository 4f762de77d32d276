//! Image names, tags and digests.

use regex::Regex;
use tautline_yaml::{Node, NodeKind};

use crate::error::Result;
use crate::field_spec::{Create, FieldSpec, apply_all};
use crate::fields;
use crate::kustomization::Image;
use crate::resource::{Resource, Resources};
use crate::selector::regex;

/// Changes one image wherever it is used.
#[derive(Clone, Debug)]
pub(crate) struct Images {
    image: Image,
    pattern: Regex,
    specs: Vec<FieldSpec>,
}

impl Images {
    /// The name is a regular expression, as it is to Kustomize.
    pub(crate) fn new(image: Image, specs: Vec<FieldSpec>) -> Result<Self> {
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name);
        Ok(Self { pattern: regex(&pattern)?, image, specs })
    }

    pub(crate) fn run(&self, resources: &mut Resources) -> Result<()> {
        resources.fields_mut().try_for_each(|resource| self.run_one(resource))?;
        resources.drop_gone();
        Ok(())
    }

    /// Works on one resource, without a look at the others.
    pub(super) fn run_one(&self, resource: &mut Resource) -> Result<()> {
        if resource.kind() == "CustomResourceDefinition" {
            return Ok(());
        }
        self.containers(&mut resource.node)?;
        apply_all(&mut resource.node, &self.specs, Create::Never, &mut |field| self.update(field))
    }

    /// Every list of containers, wherever in an object it stands.
    fn containers(&self, node: &mut Node) -> Result<()> {
        match &mut node.kind {
            NodeKind::Map { entries, .. } => {
                for (key, value) in entries {
                    self.containers(value)?;
                    let is_list = matches!(key.as_str(), Some("containers" | "initContainers"));
                    let NodeKind::List { items, .. } = &mut value.kind else { continue };
                    if !is_list {
                        continue;
                    }
                    for item in items {
                        fields::expect_map(item)?;
                        if let Some(image) = item.field_mut("image") {
                            self.update(image)?;
                        }
                    }
                }
                Ok(())
            }
            NodeKind::List { items, .. } => items.iter_mut().try_for_each(|item| self.containers(item)),
            _ => Ok(()),
        }
    }

    fn update(&self, field: &mut Node) -> Result<()> {
        fields::expect_scalar(field)?;
        let text = field.as_str().unwrap_or_default();
        if !self.pattern.is_match(text) {
            return Ok(());
        }
        let new = self.renamed(text);
        fields::set_scalar(field, &new, "")
    }

    fn renamed(&self, text: &str) -> String {
        let (name, mut tag, mut digest) = split(text);
        let image = &self.image;
        let name = if image.new_name.is_empty() { name } else { &image.new_name };
        let suffixed;
        if !image.new_tag.is_empty() {
            tag = &image.new_tag;
            digest = &image.digest;
        } else if !image.digest.is_empty() {
            tag = "";
            digest = &image.digest;
        } else if !image.tag_suffix.is_empty() {
            suffixed = format!("{tag}{}", image.tag_suffix);
            tag = &suffixed;
            digest = "";
        }
        let mut new = name.to_owned();
        for (mark, part) in [(':', tag), ('@', digest)] {
            if !part.is_empty() {
                new.push(mark);
                new.push_str(part);
            }
        }
        new
    }
}

/// Name, tag and digest; a colon before the first slash is a registry's port.
fn split(image: &str) -> (&str, &str, &str) {
    let path = image.find('/').filter(|at| *at > 0).unwrap_or(0);
    let find = |mark: char| image.get(path..).and_then(|rest| rest.find(mark)).map(|at| at + path);
    let cut = |at: usize| image.split_at(at);
    match (find(':'), find('@')) {
        (None, None) => (image, "", ""),
        (colon, Some(at)) if colon.is_none_or(|colon| at < colon) => {
            let (name, digest) = cut(at);
            (name, "", digest.strip_prefix('@').unwrap_or(digest))
        }
        (Some(colon), Some(at)) => {
            let (rest, digest) = cut(at);
            let (name, tag) = rest.split_at(colon);
            (name, tag.strip_prefix(':').unwrap_or(tag), digest.strip_prefix('@').unwrap_or(digest))
        }
        (Some(colon), None) => {
            let (name, tag) = cut(colon);
            (name, tag.strip_prefix(':').unwrap_or(tag), "")
        }
        (None, Some(_)) => (image, "", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(image: Image, text: &str, expect: Option<&str>) {
        let images = Images::new(image, Vec::new()).unwrap();
        let got = images.pattern.is_match(text).then(|| images.renamed(text));
        assert_eq!(got.as_deref(), expect, "{text}");
    }

    #[test]
    fn parts_are_replaced() {
        let tag =
            |name: &str, tag: &str| Image { name: name.into(), new_tag: tag.into(), ..Image::default() };
        check(tag("nginx", "2"), "nginx:1", Some("nginx:2"));
        check(tag("nginx", "2"), "nginx:1@sha256:ab", Some("nginx:2"));
        check(tag("nginx", "2"), "my-nginx:1", None);
        check(tag("r:5000/a/b", "2"), "r:5000/a/b", Some("r:5000/a/b:2"));
        let digest = Image { name: "a".into(), digest: "sha256:ff".into(), ..Image::default() };
        check(digest, "a:1", Some("a@sha256:ff"));
        let suffix = Image { name: "a".into(), tag_suffix: "-x".into(), ..Image::default() };
        check(suffix, "a:1@sha256:ff", Some("a:1-x"));
        let name = Image { name: "a".into(), new_name: "b".into(), ..Image::default() };
        check(name, "a:1@sha256:ff", Some("b:1@sha256:ff"));
    }
}
