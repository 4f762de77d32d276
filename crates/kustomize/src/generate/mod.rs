//! The built-in generators.

mod pairs;

use base64::Engine;
use tautline_core::Origin;
use tautline_yaml::{Node, NodeKind, ScalarStyle};

use crate::error::{Error, Result};
use crate::fields;
use crate::kustomization::decode::record;
use crate::kustomization::{GeneratorArgs, GeneratorOptions};
use crate::load::Loader;
use crate::resource::{Behavior, Resource};

/// A ConfigMap out of literals and files.
pub(crate) fn config_map(args: &GeneratorArgs, loader: &Loader<'_>) -> Result<Resource> {
    let mut node = base("ConfigMap", args)?;
    for (key, value) in pairs::load(args, loader)? {
        let (field, value) = match String::from_utf8(value) {
            Ok(text) => ("data", text),
            Err(error) => ("binaryData", wrapped_base64(error.as_bytes())),
        };
        let map = fields::field_or_insert(&mut node, field, Node::map)?;
        fields::set_field(map, &key, block_text(value))?;
    }
    finish(node, args)
}

/// A Secret out of literals and files.
pub(crate) fn secret(args: &GeneratorArgs, secret_type: &str, loader: &Loader<'_>) -> Result<Resource> {
    let mut node = base("Secret", args)?;
    let secret_type = if secret_type.is_empty() { "Opaque" } else { secret_type };
    fields::set_field(&mut node, "type", Node::text(secret_type))?;
    let pairs = pairs::load(args, loader)?;
    let data = fields::field_or_insert(&mut node, "data", Node::map)?;
    for (key, value) in pairs {
        fields::set_field(data, &key, block_text(wrapped_base64(&value)))?;
    }
    finish(node, args)
}

fn base(kind: &str, args: &GeneratorArgs) -> Result<Node> {
    if args.name.is_empty() {
        return Err(Error::Configuration("a configmap must have a name".to_owned()));
    }
    let mut node = Node::map();
    node.push("apiVersion", Node::plain("v1"));
    node.push("kind", Node::plain(kind));
    let metadata = fields::field_or_insert(&mut node, "metadata", Node::map)?;
    fields::set_field(metadata, "name", Node::text(args.name.as_str()))?;
    if !args.namespace.is_empty() {
        fields::set_field(metadata, "namespace", Node::text(args.namespace.as_str()))?;
    }
    Ok(node)
}

fn finish(mut node: Node, args: &GeneratorArgs) -> Result<Resource> {
    let none = GeneratorOptions::default();
    let options = args.options.as_ref().unwrap_or(&none);
    for (field, texts) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        for (key, text) in texts {
            let metadata = fields::field_or_insert(&mut node, "metadata", Node::map)?;
            let map = fields::field_or_insert(metadata, field, Node::map)?;
            fields::set_field(map, key, Node::text(text.as_str()))?;
        }
    }
    if options.immutable {
        node.push("immutable", Node { tag: Some("!!bool".into()), ..Node::plain("true") });
    }
    let mut resource = Resource::new(node, Origin::default());
    resource.memory.needs_hash = !options.disable_name_suffix_hash;
    resource.memory.behavior = Some(Behavior::read(&args.behavior));
    Ok(resource)
}

/// Text, in a block if it has several lines.
fn block_text(text: String) -> Node {
    let style = if text.contains('\n') { ScalarStyle::Literal } else { ScalarStyle::Plain };
    match style {
        ScalarStyle::Literal => Node::new(NodeKind::Scalar { text: text.into(), style }),
        _ => Node::text(text),
    }
}

/// Base64, broken into lines of 70 digits if it needs several.
fn wrapped_base64(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    if text.len() < LINE {
        return text;
    }
    let mut out = String::with_capacity(text.len() + text.len() / LINE + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(LINE));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out
}

record! {
    /// IAMPolicyGenerator.
    pub(crate) struct IamPolicyArgs as "IAMPolicyGeneratorArgs" {
        cloud: String = "cloud",
        service: IamService = "kubernetesService",
        account: IamAccount = "serviceAccount",
    }
}

record! {
    struct IamService as "KubernetesService" {
        name: String = "name",
        namespace: String = "namespace",
    }
}

record! {
    struct IamAccount as "ServiceAccount" {
        name: String = "name",
        project: String = "projectId",
    }
}

impl IamPolicyArgs {
    /// A ServiceAccount bound to one of Google's.
    pub(crate) fn generate(&self) -> Result<Resource> {
        if self.cloud != "gke" {
            return Err(Error::Configuration(format!("cloud provider {} not supported yet", self.cloud)));
        }
        let mut node = Node::map();
        node.push("apiVersion", Node::plain("v1"));
        node.push("kind", Node::plain("ServiceAccount"));
        let mut annotations = Node::map();
        let account = format!("{}@{}.iam.gserviceaccount.com", self.account.name, self.account.project);
        annotations.push("iam.gke.io/gcp-service-account", Node::plain(account));
        let mut metadata = Node::map();
        metadata.push("annotations", annotations);
        metadata.push("name", Node::plain(self.service.name.as_str()));
        if !self.service.namespace.is_empty() {
            metadata.push("namespace", Node::plain(self.service.namespace.as_str()));
        }
        node.push("metadata", metadata);
        Ok(Resource::new(node, Origin::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_base64_is_broken_into_lines() {
        assert_eq!(wrapped_base64(b"x"), "eA==");
        let long = wrapped_base64(&[0; 60]);
        assert_eq!(long.lines().map(str::len).collect::<Vec<_>>(), [70, 10]);
        assert!(long.ends_with('\n'));
    }
}
