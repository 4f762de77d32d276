//! `crds`: OpenAPI definitions that mark fields as names, labels or annotations.

use tautline_core::{Budget, Map, Value};

use super::{NameReference, TransformerConfig};
use crate::error::{Error, Result};
use crate::field_spec::{FieldSpec, merge_one};
use crate::kustomization::read_value;
use crate::resource::Gvk;

/// The field specs in a file of `crds`.
pub(crate) fn read_crds(text: &str, file: &str, budget: &Budget) -> Result<TransformerConfig> {
    let value = read_value(text, budget).map_err(|message| {
        Error::Configuration(format!("unable to parse open API definition from '{file}': {message}"))
    })?;
    let mut config = TransformerConfig::default();
    let Some(definitions) = value.as_map() else { return Ok(config) };
    for name in definitions.keys() {
        let is_type = properties(definitions, name).is_some_and(|properties| {
            ["kind", "apiVersion", "metadata"].iter().all(|field| properties.contains_key(field))
        });
        if !is_type {
            continue;
        }
        let kind = name.rsplit('.').next().unwrap_or_default();
        let mut found = TransformerConfig::default();
        let mut walk = Walk { definitions, gvk: Gvk::new("", "", kind), config: &mut found };
        walk.definition(name, &mut Vec::new())?;
        config.add(found)?;
    }
    Ok(config)
}

fn properties<'v>(definitions: &'v Map, name: &str) -> Option<&'v Map> {
    let schema = definitions.iter().find(|(key, _)| key.as_str() == name)?.1;
    let field = |value: &'v Value, name: &str| {
        let map = value.as_map()?;
        map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    field(schema, "Schema").and_then(|schema| schema.get("properties")).and_then(Value::as_map)
}

struct Walk<'w> {
    definitions: &'w Map,
    gvk: Gvk,
    config: &'w mut TransformerConfig,
}

impl Walk<'_> {
    fn definition(&mut self, name: &str, path: &mut Vec<String>) -> Result<()> {
        if path.len() > 64 {
            let message = format!("the definitions of crds refer to each other without end at {name}");
            return Err(Error::Budget(message));
        }
        let Some(properties) = properties(self.definitions, name) else { return Ok(()) };
        for (property, schema) in properties {
            path.push(property.to_string());
            self.property(schema, path)?;
            if let Some(reference) = schema.str_at(&["$ref"]) {
                self.definition(reference, path)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn property(&mut self, schema: &Value, path: &[String]) -> Result<()> {
        let text = |key: &str| schema.str_at(&[key]);
        let spec = |path: &[String]| FieldSpec::new(self.gvk.clone(), &path.join("/"), false);
        if text("x-kubernetes-annotation").is_some() {
            merge_one(&mut self.config.common_annotations, &spec(path))?;
        }
        if text("x-kubernetes-label-selector").is_some() {
            merge_one(&mut self.config.common_labels, &spec(path))?;
        }
        if text("x-kubernetes-identity").is_some() {
            merge_one(&mut self.config.name_prefix, &spec(path))?;
        }
        let version = text("x-kubernetes-object-ref-api-version");
        if let (Some(version), Some(kind)) = (version, text("x-kubernetes-object-ref-kind")) {
            let mut path = path.to_vec();
            path.push(text("x-kubernetes-object-ref-name-key").unwrap_or("name").to_owned());
            let reference = NameReference { gvk: Gvk::new("", version, kind), referrers: vec![spec(&path)] };
            self.config.add_reference(reference)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_behind_references() {
        let text = r##"{"x.Bee": {"Schema": {"properties": {"kind": {}, "apiVersion": {}, "metadata": {},
            "spec": {"$ref": "x.BeeSpec"}}}}, "x.BeeSpec": {"Schema": {"properties": {"secretRef": {
            "x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "Secret"}}}}}"##;
        let config = read_crds(text, "f", &Budget::default()).unwrap();
        assert_eq!(config.name_reference.len(), 1);
        let reference = &config.name_reference[0];
        assert_eq!(
            (reference.gvk.kind.as_str(), reference.referrers[0].path.as_str()),
            ("Secret", "spec/secretRef/name")
        );
        assert_eq!(reference.referrers[0].gvk.kind, "Bee");
    }

    #[test]
    fn endless_references_end() {
        let text = r#"{"x.A": {"Schema": {"properties": {"kind": {}, "apiVersion": {}, "metadata": {}, "a": {"$ref": "x.A"}}}}}"#;
        assert!(matches!(read_crds(text, "f", &Budget::default()), Err(Error::Budget(_))));
    }
}
