//! What embedders put between a request and the store: rights, faults, admission, counters.

mod admission;
mod counts;
mod faults;
mod rights;

pub use admission::{Admission, Review};
pub use counts::{Count, Counts};
pub use faults::{Fault, FaultRule, Matcher};
pub(crate) use faults::{Faults, Timing};
pub use rights::Right;

use std::sync::Arc;

use crate::caller::Ask;
use crate::failure::Failure;

/// All rules of a server.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) rights: Vec<Right>,
    pub(crate) faults: Faults,
    pub(crate) counts: Counts,
    pub(crate) mutating: Vec<Arc<Admission>>,
    pub(crate) validating: Vec<Arc<Admission>>,
}

impl Rules {
    /// Counts a request and says whether it may go on; `Some` is a fault to raise after the write.
    pub(crate) fn enter(&mut self, ask: &Ask) -> Result<Option<Failure>, Failure> {
        self.counts.add(ask);
        rights::check(&self.rights, ask)?;
        match self.faults.strike(ask) {
            Some((Timing::Before, failure)) => Err(failure),
            Some((Timing::After, failure)) => Ok(Some(failure)),
            None => Ok(None),
        }
    }
}

impl crate::state::State {
    /// Counts a request and says whether it may go on; `Some` is a fault to raise after the write.
    pub(crate) fn enter(&mut self, ask: &Ask) -> Result<Option<Failure>, Failure> {
        let question = crate::authorize::rule::Question::of(ask);
        if let Err(refused) = self.authorize(&ask.who, &question) {
            self.rules.counts.add(ask);
            return Err(refused);
        }
        self.rules.enter(ask)
    }
}

impl Rules {
    /// Whether the rules about rights allow a request.
    #[cfg(feature = "http")]
    pub(crate) fn allows(&self, ask: &Ask) -> bool {
        rights::check(&self.rights, ask).is_ok()
    }
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules")
            .field("rights", &self.rights)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
