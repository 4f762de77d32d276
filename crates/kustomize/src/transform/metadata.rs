//! Labels and annotations.

use std::collections::BTreeMap;

use tautline_yaml::Node;

use crate::error::Result;
use crate::field_spec::{Create, FieldSpec, apply};
use crate::fields;
use crate::resource::Resources;

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
        for resource in resources.fields_mut() {
            let first_id = resource.shared;
            resource.shared += self.texts.len();
            for spec in &self.specs {
                apply(&mut resource.node, spec, Create::Map, &mut |map| self.put(map, first_id))?;
            }
            if first_id > 0 {
                fields::spread(&mut resource.node);
            }
        }
        resources.drop_gone();
        Ok(())
    }

    fn put(&self, map: &mut Node, first_id: usize) -> Result<()> {
        for (at, (key, text)) in self.texts.iter().enumerate() {
            fields::set_field(map, key, fields::shared_text(text, first_id + at))?;
        }
        Ok(())
    }
}
