//! Which fields the built-in transformers touch: the defaults, and what `configurations` and `crds` add.

mod crds;
mod defaults;

use std::sync::Arc;

use tautline_core::Budget;

use crate::error::{During, Error, Result};
use crate::field_spec::{FieldSpec, merge_all};
use crate::kustomization::decode::{Decode, SPECS, record};
use crate::kustomization::{FieldSpecEntry, read_value};
use crate::resource::Gvk;

pub(crate) use crds::read_crds;
pub(crate) use defaults::defaults;

/// Field specs by transformer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TransformerConfig {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<NameReference>,
    pub(crate) var_reference: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
}

/// The fields that hold names of resources of a kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NameReference {
    pub(crate) gvk: Gvk,
    pub(crate) referrers: Vec<FieldSpec>,
}

record! {
    struct ConfigFile as "TransformerConfig" {
        name_prefix: Vec<FieldSpecEntry> = "namePrefix",
        name_suffix: Vec<FieldSpecEntry> = "nameSuffix",
        namespace: Vec<FieldSpecEntry> = "namespace",
        common_labels: Vec<FieldSpecEntry> = "commonLabels",
        labels: Vec<FieldSpecEntry> = "labels",
        template_labels: Vec<FieldSpecEntry> = "templateLabels",
        common_annotations: Vec<FieldSpecEntry> = "commonAnnotations",
        name_reference: Vec<NameReferenceEntry> = "nameReference",
        var_reference: Vec<FieldSpecEntry> = "varReference",
        images: Vec<FieldSpecEntry> = "images",
        replicas: Vec<FieldSpecEntry> = "replicas",
    }
}

record! {
    struct NameReferenceEntry as "NameBackReferences" {
        group: String = "group",
        version: String = "version",
        kind: String = "kind",
        specs: Vec<FieldSpecEntry> = "fieldSpecs",
    }
}

/// Field specs as a file writes them.
pub(crate) fn field_specs(entries: Vec<FieldSpecEntry>) -> Vec<FieldSpec> {
    let spec = |entry: FieldSpecEntry| {
        FieldSpec::new(Gvk::new(&entry.group, &entry.version, &entry.kind), &entry.path, entry.create)
    };
    entries.into_iter().map(spec).collect()
}

impl TransformerConfig {
    /// Reads a file of `configurations`.
    pub(crate) fn read(text: &str, budget: &Budget) -> Result<Self> {
        let wrong = |message: String| Error::Configuration(message);
        let value = read_value(text, budget).map_err(wrong)?;
        let file = ConfigFile::decode(&value, SPECS, "TransformerConfig").map_err(|message| {
            Error::Configuration(format!("error unmarshaling JSON: while decoding JSON: {message}"))
        })?;
        let reference = |entry: NameReferenceEntry| NameReference {
            gvk: Gvk::new(&entry.group, &entry.version, &entry.kind),
            referrers: field_specs(entry.specs),
        };
        let mut config = Self {
            name_prefix: field_specs(file.name_prefix),
            name_suffix: field_specs(file.name_suffix),
            namespace: field_specs(file.namespace),
            common_labels: field_specs(file.common_labels),
            labels: field_specs(file.labels),
            template_labels: field_specs(file.template_labels),
            common_annotations: field_specs(file.common_annotations),
            name_reference: file.name_reference.into_iter().map(reference).collect(),
            var_reference: field_specs(file.var_reference),
            images: field_specs(file.images),
            replicas: field_specs(file.replicas),
        };
        config.sort();
        Ok(config)
    }

    fn lists(&mut self) -> [(&'static str, &mut Vec<FieldSpec>); 10] {
        [
            ("NamePrefix", &mut self.name_prefix),
            ("NameSuffix", &mut self.name_suffix),
            ("NameSpace", &mut self.namespace),
            ("CommonAnnotations", &mut self.common_annotations),
            ("CommonLabels", &mut self.common_labels),
            ("Labels", &mut self.labels),
            ("TemplateLabels", &mut self.template_labels),
            ("VarReference", &mut self.var_reference),
            ("Images", &mut self.images),
            ("Replicas", &mut self.replicas),
        ]
    }

    fn sort(&mut self) {
        for (_, specs) in self.lists() {
            specs.sort_by_cached_key(|spec| spec.gvk.table_order());
        }
        self.name_reference.sort_by_cached_key(|reference| reference.gvk.table_order());
    }

    /// Adds what another config has.
    pub(crate) fn add(&mut self, mut other: Self) -> Result<()> {
        for ((name, specs), (_, new)) in self.lists().into_iter().zip(other.lists()) {
            merge_all(specs, new).during(|| format!("failed to merge {name} fieldSpec"))?;
        }
        for reference in other.name_reference {
            self.add_reference(reference).during(|| "failed to merge NameReference fieldSpec".to_owned())?;
        }
        self.sort();
        Ok(())
    }

    pub(crate) fn add_reference(&mut self, new: NameReference) -> Result<()> {
        let mut found = false;
        for known in self.name_reference.iter_mut().filter(|known| known.gvk == new.gvk) {
            merge_all(&mut known.referrers, &new.referrers)?;
            found = true;
        }
        if !found {
            self.name_reference.push(new);
        }
        Ok(())
    }
}

/// Joins two configs; almost always both are the defaults, which are shared.
pub(crate) fn merged(
    known: Option<Arc<TransformerConfig>>,
    new: &Arc<TransformerConfig>,
) -> Result<Arc<TransformerConfig>> {
    match known {
        None if Arc::ptr_eq(&defaults(), new) => Ok(Arc::clone(new)),
        // Adding to nothing is no copy: a spec for one kind that comes first covers one for all kinds.
        None => {
            let mut joined = TransformerConfig::default();
            joined.add(TransformerConfig::clone(new))?;
            Ok(Arc::new(joined))
        }
        Some(known) if Arc::ptr_eq(&known, new) => Ok(known),
        Some(known) => {
            let mut joined = Arc::unwrap_or_clone(known);
            joined.add(TransformerConfig::clone(new))?;
            Ok(Arc::new(joined))
        }
    }
}
