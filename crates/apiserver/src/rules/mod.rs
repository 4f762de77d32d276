//! What embedders put between a request and the store: rights, faults, admission, counters.

mod admission;
mod counts;
mod faults;
mod rights;

pub use admission::{Admission, Review};
pub use counts::{Count, Counts};
pub use faults::{Fault, FaultRule, Matcher};
pub(crate) use faults::{Faults, Struck, Timing};
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
    /// Counts a request and says what it meets.
    fn meet(&mut self, ask: &Ask) -> Result<Option<Struck>, Failure> {
        self.counts.add(ask);
        rights::check(&self.rights, ask)?;
        Ok(self.faults.strike(ask))
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
        self.lag = 0;
        match self.rules.meet(ask)? {
            Some(Struck::Fails(Timing::Before, failure)) => Err(failure),
            Some(Struck::Fails(Timing::After, failure)) => Ok(Some(failure)),
            Some(Struck::Stale(versions)) => {
                self.lag = versions;
                Ok(None)
            }
            Some(Struck::Restart) => {
                self.store.forget();
                self.end_watches();
                let message = "the server is currently unable to handle the request";
                Err(Failure::new(503, "ServiceUnavailable", message).about("", "", ""))
            }
            None => Ok(None),
        }
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
