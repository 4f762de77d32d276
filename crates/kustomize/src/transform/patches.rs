//! Patches, each with or without a target.

use crate::error::{During, Error, Result};
use crate::kustomization::Selector;
use crate::patch::JsonPatch;
use crate::resource::{Resource, Resources};

use super::Surroundings;

/// One entry of `patches`, or of the two fields before it.
#[derive(Clone)]
pub(crate) struct Patches {
    /// The transformer's name.
    pub(crate) kind: &'static str,
    pub(crate) body: Body,
    pub(crate) target: Option<Selector>,
    /// What it is called in messages: `[path: "a.yaml"]`.
    pub(crate) source: String,
    /// Which file it is, for origins.
    pub(crate) via: String,
}

/// What a patch is.
#[derive(Clone)]
pub(crate) enum Body {
    Strategic(Vec<Resource>),
    Json(JsonPatch),
}

impl Patches {
    pub(crate) fn run(&self, resources: &mut Resources, around: &Surroundings<'_>) -> Result<()> {
        let result = match (&self.body, &self.target) {
            (Body::Strategic(patches), Some(target)) => {
                self.merge_selected(patches, target, resources, around)
            }
            (Body::Strategic(patches), None) => self.merge_named(patches, resources, around),
            (Body::Json(patch), target) => self.apply_json(patch, target.as_ref(), resources, around),
        };
        resources.drop_gone();
        result
    }

    fn merge_named(
        &self,
        patches: &[Resource],
        resources: &mut Resources,
        around: &Surroundings<'_>,
    ) -> Result<()> {
        for patch in patches {
            let id = patch.original_id();
            let at = resources.target_of_patch(&id);
            let at = match self.kind {
                "PatchTransformer" => {
                    at.during(|| format!("no resource matches strategic merge patch \"{id}\""))?
                }
                _ => at?,
            };
            let own;
            let patch = if self.kind == "PatchTransformer" {
                patch
            } else {
                own = with_texts(patch)?;
                &own
            };
            let renames = patch.memory.may_change_name || patch.memory.may_change_kind;
            let Some(resource) = (if renames { resources.get_mut(at) } else { resources.fields_at(at) })
            else {
                continue;
            };
            resource.note(&self.via);
            resource.merge(patch, around.schemas)?;
            if self.kind != "PatchTransformer" {
                resources.drop_gone();
            }
        }
        Ok(())
    }

    fn merge_selected(
        &self,
        patches: &[Resource],
        target: &Selector,
        resources: &mut Resources,
        around: &Surroundings<'_>,
    ) -> Result<()> {
        let patch = match patches {
            [patch] => patch,
            [] => return Ok(()),
            _ => {
                return Err(Error::Patch(format!(
                    "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: {}",
                    self.source
                )));
            }
        };
        let places = resources.select(target).during(|| {
            format!("unable to find patch target {:?} in `resources`", crate::kustomization::shown(target))
        })?;
        if places.is_empty() {
            return Ok(());
        }
        let mut patch = with_texts(patch)?;
        for at in places {
            let Some(resource) = resources.get_mut(at) else { continue };
            patch.set_api_version(resource.api_version())?;
            resource.note(&self.via);
            resource.merge(&patch, around.schemas)?;
        }
        // A patch may have made two resources one.
        let list = std::mem::take(resources).into_vec();
        resources.append_all(list.into_iter().filter(|resource| !resource.is_gone()))
    }

    fn apply_json(
        &self,
        patch: &JsonPatch,
        target: Option<&Selector>,
        resources: &mut Resources,
        around: &Surroundings<'_>,
    ) -> Result<()> {
        let target = target
            .ok_or_else(|| Error::Patch(format!("must specify a target for JSON patch {}", self.source)))?;
        for at in resources.select(target)? {
            let Some(resource) = resources.get_mut(at) else { continue };
            if self.kind == "PatchTransformer" {
                resource.remember_id();
            }
            resource.note(&self.via);
            resource.apply_json(patch, around.budget)?;
        }
        Ok(())
    }
}

/// A patch whose labels and annotations are texts, null included: Kustomize copies them so on this way.
fn with_texts(patch: &Resource) -> Result<Resource> {
    let mut patch = patch.clone();
    for field in ["labels", "annotations"] {
        let texts = patch.texts(field);
        patch.set_texts(field, texts)?;
    }
    Ok(patch)
}
