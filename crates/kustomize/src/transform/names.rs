//! Prefixes, suffixes and the hashes of generated resources.

use crate::error::Result;
use crate::field_spec::{Create, FieldSpec, apply};
use crate::fields;
use crate::resource::{Gvk, Resource, Resources};

/// Text before or behind names.
#[derive(Clone, Debug)]
pub(crate) struct Affix {
    pub(crate) text: String,
    pub(crate) specs: Vec<FieldSpec>,
}

/// Where the text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Front,
    Back,
}

impl Affix {
    pub(crate) fn run(&self, resources: &mut Resources, side: Side) -> Result<()> {
        resources.iter_mut().try_for_each(|resource| self.run_one(resource, side))
    }

    /// Works on one resource, without a look at the others.
    pub(super) fn run_one(&self, resource: &mut Resource, side: Side) -> Result<()> {
        let id = resource.original_id();
        if keeps_name(&id.gvk) {
            return Ok(());
        }
        for spec in self.specs.iter().filter(|spec| id.gvk.is_selected_by(&spec.gvk)) {
            if spec.path == "metadata/name" && !self.text.is_empty() {
                match side {
                    Side::Front => resource.memory.prefixes.push(self.text.as_str().into()),
                    Side::Back => resource.memory.suffixes.push(self.text.as_str().into()),
                }
                resource.remember_id();
            }
            apply(&mut resource.node, spec, Create::Scalar, &mut |field| {
                let old = field.as_str().unwrap_or_default();
                let new = match side {
                    Side::Front => format!("{}{old}", self.text),
                    Side::Back => format!("{old}{}", self.text),
                };
                fields::set_scalar(field, &new, "")
            })?;
        }
        Ok(())
    }
}

/// Kinds whose names mean something by themselves.
fn keeps_name(gvk: &Gvk) -> bool {
    gvk.kind == "CustomResourceDefinition"
        || gvk.kind == "Namespace"
        || (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io")
}

/// Adds the hash of its content to the name of every resource that wants one.
pub(crate) fn add_hashes(resources: &mut Resources) -> Result<()> {
    for resource in resources.iter_mut().filter(|resource| resource.memory.needs_hash) {
        let hash = crate::hash::of(&resource.node)?;
        resource.remember_id();
        let name = format!("{}-{hash}", resource.name());
        resource.set_name(&name)?;
    }
    Ok(())
}
