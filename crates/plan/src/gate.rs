//! Gates: who may still say no to a plan.

use tautline_core::Timestamp;

use crate::Plan;

/// What a gate judges by, beside the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The present moment.
    pub now: Timestamp,
    /// Whether a person asked for this sync.
    pub is_manual: bool,
    /// How many live objects the app has.
    pub objects: usize,
}

/// What a gate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The plan may run.
    Allow,
    /// It may not, for this reason; it is judged again at this moment, if one is known.
    Refuse {
        /// A full sentence with the remedy.
        reason: String,
        /// When the answer may change.
        until: Option<Timestamp>,
    },
}

/// Judges a plan before its first write: project permissions, windows, deletion budgets, approvals.
pub trait Gate: Send + Sync {
    /// The verdict.
    fn judge(&self, plan: &Plan, circumstances: &Circumstances) -> Verdict;
}
