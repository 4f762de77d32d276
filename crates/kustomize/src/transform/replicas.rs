//! Replica counts.

use crate::error::{Error, Result};
use crate::field_spec::{Create, FieldSpec, apply};
use crate::fields;
use crate::kustomization::Replica;
use crate::resource::Resources;

/// Sets the replicas of workloads of a name.
#[derive(Clone, Debug)]
pub(crate) struct Replicas {
    pub(crate) replica: Replica,
    pub(crate) specs: Vec<FieldSpec>,
}

impl Replicas {
    pub(crate) fn run(&self, resources: &mut Resources) -> Result<()> {
        let Replica { name, count } = &self.replica;
        let mut found = false;
        for spec in &self.specs {
            let matches =
                resources.with_any_id(name, |id| id.name == *name && id.gvk.is_selected_by(&spec.gvk));
            found |= !matches.is_empty();
            for at in matches {
                let Some(resource) = resources.fields_at(at) else { continue };
                apply(&mut resource.node, spec, Create::Scalar, &mut |field| {
                    fields::set_scalar(field, &count.to_string(), "!!int")
                })?;
            }
        }
        if found {
            return Ok(());
        }
        let kinds: Vec<String> = self.specs.iter().map(|spec| spec.gvk.to_string()).collect();
        Err(Error::Identity(format!(
            "resource with name {name} does not match a config with the following GVK [{}]",
            kinds.join(" ")
        )))
    }
}
