//! Kustomize 5.8's own field specs, out of a table.

use std::sync::{Arc, LazyLock};

use super::{NameReference, TransformerConfig};
use crate::field_spec::FieldSpec;
use crate::resource::Gvk;

const TABLE: &str = include_str!("../tables/field_specs.txt");

/// The field specs of a build that configures none.
pub(crate) fn defaults() -> Arc<TransformerConfig> {
    static DEFAULTS: LazyLock<Arc<TransformerConfig>> = LazyLock::new(|| Arc::new(parse(TABLE)));
    Arc::clone(&DEFAULTS)
}

fn parse(table: &str) -> TransformerConfig {
    let mut config = TransformerConfig::default();
    let mut section = "";
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
            if let Some(gvk) = name.strip_prefix("nameReference ") {
                let gvk = gvk_of(&mut gvk.split('|'));
                config.name_reference.push(NameReference { gvk, referrers: Vec::new() });
            }
            continue;
        }
        let (line, create) = match line.strip_suffix(" create") {
            Some(line) => (line, true),
            None => (line, false),
        };
        let mut parts = line.split('|');
        let gvk = gvk_of(&mut parts);
        let spec = FieldSpec::new(gvk, parts.next().unwrap_or_default(), create);
        let list = match section {
            "namePrefix" => &mut config.name_prefix,
            "nameSuffix" => &mut config.name_suffix,
            "namespace" => &mut config.namespace,
            "commonLabels" => &mut config.common_labels,
            "labels" => &mut config.labels,
            "templateLabels" => &mut config.template_labels,
            "commonAnnotations" => &mut config.common_annotations,
            "varReference" => &mut config.var_reference,
            "images" => &mut config.images,
            "replicas" => &mut config.replicas,
            _ => match config.name_reference.last_mut() {
                Some(reference) => &mut reference.referrers,
                None => continue,
            },
        };
        list.push(spec);
    }
    config
}

fn gvk_of<'t>(parts: &mut impl Iterator<Item = &'t str>) -> Gvk {
    let mut part = || parts.next().unwrap_or_default();
    Gvk { group: part().into(), version: part().into(), kind: part().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let config = defaults();
        assert_eq!(config.name_prefix.len(), 1);
        assert_eq!(config.name_reference.len(), 16);
        assert!(config.name_reference.iter().all(|reference| !reference.referrers.is_empty()));
        assert_eq!(config.replicas[0].path, "spec/replicas");
    }
}
