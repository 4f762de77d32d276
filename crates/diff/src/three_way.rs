//! [`ThreeWay`]: what a client-side apply would do, as kubectl and Argo CD by default.

use std::sync::Arc;

use tautline_core::{FieldManager, Manifest, MaskingKey, Object, Origin, Presence, Value};
use tautline_merge::{ClientApply, client_apply, merge_patch, strategic};
use tautline_schema::{Schemas, defaults};

use crate::aside::{Writer, aside, payload};
use crate::normal::{comparable, wanted};
use crate::walk::differing_from;
use crate::why::{LAST_APPLIED, explain, is_last_applied};
use crate::{Differ, Difference, Outcome, Sides};

/// Compares last applied × desired × live: last applied is the annotation of client-side apply. Where there is none,
/// or it cannot be used, nothing is removed.
///
/// What lives and was never applied is nobody's business: a label that somebody added is not seen. Objects of kinds
/// that the schema does not know are compared by JSON merge patch, as kubectl does.
#[expect(missing_debug_implementations, reason = "holds a trait object")]
pub struct ThreeWay {
    schemas: Arc<dyn Schemas>,
    masking: MaskingKey,
}

impl ThreeWay {
    /// A differ for client-side writes over these schemas. Live Secrets are expected masked with the same key.
    pub fn new(schemas: Arc<dyn Schemas>, masking: MaskingKey) -> Self {
        Self { schemas, masking }
    }

    /// The live object after the patch that client-side apply would send.
    fn predict(&self, desired: &Object, live: &Object) -> Result<Object, String> {
        let patched = match self.patched(desired, live) {
            Ok(patched) => patched,
            Err(_) => {
                let mut unremembered = live.clone();
                unremembered.metadata_mut().map_at("annotations").remove(LAST_APPLIED);
                self.patched(desired, &unremembered)?
            }
        };
        let Value::Map(map) = patched else { return Err("the patched object is no map".to_owned()) };
        let mut predicted = Object::from_map(map);
        defaults::settle(&mut predicted, &*self.schemas)?;
        Ok(predicted)
    }

    fn patched(&self, desired: &Object, live: &Object) -> Result<Value, String> {
        let value = live.to_value();
        let root = || self.schemas.root(&desired.gvk()).ok_or_else(|| "the kind has no schema".to_owned());
        match client_apply(desired, Some(live), &*self.schemas).map_err(|error| error.message)? {
            ClientApply::Create(object) => Ok(object),
            ClientApply::Unchanged => Ok(value),
            ClientApply::Strategic(patch) => {
                strategic::apply(&value, &patch, root()?.node()).map_err(|error| error.message)
            }
            ClientApply::Merge(patch) => merge_patch::apply(&value, &patch).map_err(|error| error.message),
        }
    }

    fn compare(&self, desired: &Object, live: &Object, origin: &Origin) -> Difference {
        let predicted = match self.predict(desired, live) {
            Ok(predicted) => predicted,
            Err(why) => return Difference::of(Outcome::Unknown(why)),
        };
        // What the server stores of the live object already is in its form; what an old server stored may not be.
        let mut settled = live.clone();
        if defaults::settle(&mut settled, &*self.schemas).is_err() {
            settled = live.clone();
        }
        let root = self.schemas.root(&desired.gvk());
        let (before, after) = (comparable(&settled), comparable(&predicted));
        let mut found = differing_from(&before, &after, Some(desired), root.as_ref());
        found.retain(|found| !is_last_applied(&found.path));
        let changes = explain(found, live, origin, &FieldManager::new("kubectl-client-side-apply"));
        Difference::found(changes, Some(Arc::new(predicted)))
    }
}

impl Differ for ThreeWay {
    fn diff(&self, sides: &Sides<'_>) -> Difference {
        let Manifest { object, origin } = sides.desired;
        let mut desired = wanted(object).into_owned();
        self.masking.mask_object(&mut desired);
        match sides.live {
            Presence::Unknown(why) => Difference::of(Outcome::Unknown(why.to_string())),
            Presence::Absent(_) => {
                let settled = defaults::settle(&mut desired, &*self.schemas).is_ok();
                let predicted = settled.then(|| Arc::new(desired));
                Difference { predicted, ..Difference::of(Outcome::Create) }
            }
            Presence::Present(live) => {
                let compare = |desired: &Object| self.compare(desired, live, origin);
                let mut difference =
                    aside(sides.ignore, &desired, live, &*self.schemas, Writer::ClientSide, compare);
                if let Some(learned) = sides.learned {
                    let root = self.schemas.root(&desired.gvk());
                    learned.settle(&desired, live, root.as_ref(), &mut difference);
                }
                difference
            }
        }
    }

    fn generation(&self) -> u64 {
        self.schemas.generation()
    }

    fn payload(&self, sides: &Sides<'_>) -> Option<Object> {
        payload(sides, &*self.schemas, Writer::ClientSide)
    }
}
