//! What the server's answers teach (rule R5).

use tautline_core::{Digest, Object};
use tautline_schema::Root;

use crate::walk::differing;
use crate::{Difference, Outcome, Why};

/// Fields that the server answered with another value than we predicted: set by admission or by a default
/// nobody told us of. They count as in sync while desired is the same and live still has the answered value.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    desired: Digest,
    predicted: Object,
    answer: Object,
}

impl Learned {
    /// Compares a prediction with the server's answer. `None` if the server did what was predicted.
    pub fn from_answer(desired: &Object, predicted: &Object, answer: &Object) -> Option<Self> {
        (!differing(predicted, answer, None).is_empty()).then(|| Self {
            desired: desired.to_value().digest(),
            predicted: predicted.clone(),
            answer: answer.clone(),
        })
    }

    /// What it says, in a digest: part of the key under which a comparison is kept.
    pub fn digest(&self) -> Digest {
        let [a, b] = [&self.predicted, &self.answer].map(|object| object.to_value().digest());
        Digest::of_parts([self.desired.as_bytes(), a.as_bytes(), b.as_bytes()])
    }

    /// Marks the changes that admission would undo; without any other the object is in sync.
    pub(crate) fn settle(
        &self,
        desired: &Object,
        live: &Object,
        root: Option<&Root>,
        difference: &mut Difference,
    ) {
        if difference.outcome != Outcome::Change || desired.to_value().digest() != self.desired {
            return;
        }
        let live = live.to_value();
        let answered = differing(&self.predicted, &self.answer, root);
        for change in &mut difference.changes {
            let is_learned = answered.iter().any(|answered| {
                let path = &answered.path;
                (path.covers(&change.path) || change.path.covers(path))
                    && path.get(&live) == answered.to.as_ref()
            });
            if is_learned {
                change.why = Why::SetByAdmission;
            }
        }
        difference.settle();
    }
}
