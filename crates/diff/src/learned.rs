//! What the server's answers teach (rule R5).

use tautline_core::{Digest, FieldPath, Object, Value};

use crate::walk::differing;
use crate::{Difference, Outcome, Why};

/// Fields that the server answered with another value than we predicted: set by admission or by a default
/// nobody told us of. They count as in sync while desired is the same and live still has the answered value.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    desired: Digest,
    answered: Vec<(FieldPath, Option<Value>)>,
}

impl Learned {
    /// Compares a prediction with the server's answer. `None` if the server did what was predicted.
    pub fn from_answer(desired: &Object, predicted: &Object, answer: &Object) -> Option<Self> {
        let answered: Vec<(FieldPath, Option<Value>)> =
            differing(predicted, answer).into_iter().map(|(path, _, answered)| (path, answered)).collect();
        (!answered.is_empty()).then(|| Self { desired: desired.to_value().digest(), answered })
    }

    /// Marks the changes that admission would undo; without any other the object is in sync.
    pub fn settle(&self, desired: &Object, live: &Object, difference: &mut Difference) {
        if difference.outcome != Outcome::Change || desired.to_value().digest() != self.desired {
            return;
        }
        let live = live.to_value();
        for change in &mut difference.changes {
            let is_learned = self.answered.iter().any(|(path, answered)| {
                (path.covers(&change.path) || change.path.covers(path))
                    && path.get(&live) == answered.as_ref()
            });
            if is_learned {
                change.why = Why::SetByAdmission;
            }
        }
        if difference.changes.iter().all(|change| change.why == Why::SetByAdmission) {
            difference.outcome = Outcome::Unchanged;
        }
    }
}
