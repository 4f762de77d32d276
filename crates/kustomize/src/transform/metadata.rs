//! Labels and annotations.

use std::collections::BTreeMap;

use tautline_yaml::Node;

use crate::error::Result;
use crate::field_spec::{Create, FieldSpec, apply_all};
use crate::fields;
use crate::resource::{Resource, Resources};

/// Texts to put into maps.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) specs: Vec<FieldSpec>,
}

impl Texts {
    pub(crate) fn run(&self, resources: &mut Resources) -> Result<()> {
        if self.texts.is_empty() {
            return Ok(());
        }
        resources.fields_mut().try_for_each(|resource| self.run_one(resource))?;
        resources.drop_gone();
        Ok(())
    }

    /// Works on one resource, without a look at the others.
    pub(super) fn run_one(&self, resource: &mut Resource) -> Result<()> {
        if self.texts.is_empty() {
            return Ok(());
        }
        let first_id = resource.shared;
        resource.shared += self.texts.len();
        apply_all(&mut resource.node, &self.specs, Create::Map, &mut |map| self.put(map, first_id))?;
        if first_id > 0 {
            fields::spread(&mut resource.node);
        }
        Ok(())
    }

    fn put(&self, map: &mut Node, first_id: usize) -> Result<()> {
        for (at, (key, text)) in self.texts.iter().enumerate() {
            fields::set_field(map, key, fields::shared_text(text, first_id + at))?;
        }
        Ok(())
    }
}
