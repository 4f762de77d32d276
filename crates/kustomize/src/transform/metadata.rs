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
            for spec in &self.specs {
                apply(&mut resource.node, spec, Create::Map, &mut |map| self.put(map))?;
            }
        }
        resources.drop_gone();
        Ok(())
    }

    fn put(&self, map: &mut Node) -> Result<()> {
        self.texts.iter().try_for_each(|(key, text)| fields::set_field(map, key, Node::text(text.as_str())))
    }
}
