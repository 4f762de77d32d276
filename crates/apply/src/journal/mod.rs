//! [`Journal`]: what is on record of plans while they are followed.

mod file;
mod memory;

use async_trait::async_trait;
use tautline_core::AppId;
use tautline_plan::{Entry, Epoch, Intent, Record};

pub use file::FileJournal;
pub use memory::MemoryJournal;

/// Keeps one [`Record`] an app: the intent of the plan that is followed, and an entry for each hook run, delete,
/// recreate and replace.
///
/// The runtime opens a plan before its first write, notes entries before what they stand for is done, and closes the
/// plan when it has ended. Whoever starts anew reads what is on record and goes on with it.
///
/// Every call names the epoch that the caller knows. Where a later one is on record somebody else follows a plan of
/// this app: the call changes nothing and answers [`JournalError::Overtaken`]. So of two processes that both think
/// they lead at most one has its entry on record before a hook is run or an object deleted. The epoch is compared
/// here only; what the API server holds against a stale write are the preconditions of the write itself.
#[async_trait]
pub trait Journal: Send + Sync {
    /// What is on record of an app.
    ///
    /// # Errors
    /// [`JournalError::Failed`] if the record cannot be read: that is not the same as none.
    async fn read(&self, app: &AppId) -> Result<Option<Record>, JournalError>;

    /// Puts the intent of a plan on record, in the epoch after `known`. What an interrupted run of the same sync has
    /// on record is taken over ([`Record::opened`]).
    ///
    /// # Errors
    /// [`JournalError::Overtaken`] if the epoch on record is not `known`; [`JournalError::Failed`] if it could not be
    /// written. Nothing of the plan may be written then.
    async fn open(&self, app: &AppId, known: Epoch, intent: &Intent) -> Result<Epoch, JournalError>;

    /// Notes entries. They are on record when this returns.
    ///
    /// # Errors
    /// As for [`Journal::open`]. What the entries stand for must not be done then.
    async fn note(&self, app: &AppId, epoch: Epoch, entries: &[Entry]) -> Result<(), JournalError>;

    /// The plan has ended, well or badly. This may be on record only with the next write: a plan whose end is not on record is looked
    /// at once more after a restart, and nothing is left to do.
    ///
    /// # Errors
    /// As for [`Journal::open`].
    async fn close(&self, app: &AppId, epoch: Epoch, has_succeeded: bool) -> Result<(), JournalError>;
}

/// Why nothing was put on record.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process follows a plan of this app.
    #[error("another controller follows plan {} of this app, in epoch {}; this one leaves it to that", .0.intent.plan.short(), .0.epoch)]
    Overtaken(Box<Record>),
    /// It could not be read or written.
    #[error("{step} the journal of app {app}: {message}")]
    Failed {
        /// `read`, `write`.
        step: &'static str,
        /// Whose.
        app: AppId,
        /// What went wrong, and what helps.
        message: String,
        /// Where it came from.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// What a call does to a record, wherever that is kept: the rules of [`Journal`] in one place.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// [`Journal::open`].
    Open(Epoch, &'a Intent),
    /// [`Journal::note`].
    Note(Epoch, &'a [Entry]),
    /// [`Journal::close`].
    Close(Epoch, bool),
}

impl Change<'_> {
    /// The record after the change.
    ///
    /// # Errors
    /// The record that overtakes it.
    pub fn of(self, before: Option<Record>) -> Result<Record, Box<Record>> {
        let on_record = before.as_ref().map_or(Epoch::default(), |record| record.epoch);
        let (Self::Open(known, _) | Self::Note(known, _) | Self::Close(known, _)) = self;
        match (self, before) {
            (_, Some(record)) if on_record != known => Err(Box::new(record)),
            (Self::Open(_, intent), before) => {
                // A record that was lost does not set the count back.
                let record = Record::opened(before, intent.clone());
                Ok(Record { epoch: record.epoch.max(known.next()), ..record })
            }
            // Its end is on record, and with that what became of all.
            (Self::Note(..), Some(record)) if record.is_closed => Ok(record),
            (Self::Note(_, entries), Some(mut record)) => {
                entries.iter().for_each(|entry| record.note(entry));
                Ok(record)
            }
            (Self::Close(_, has_succeeded), Some(record)) => {
                Ok(Record { entries: Vec::new(), is_closed: true, has_succeeded, ..record })
            }
            // Somebody took the record away: what follows is judged by what lives.
            (Self::Note(epoch, _) | Self::Close(epoch, _), None) => Err(Box::new(lost(epoch))),
        }
    }
}

/// What stands for a record that is gone while its plan is followed.
fn lost(epoch: Epoch) -> Record {
    let intent = Intent {
        plan: tautline_core::Digest::of_bytes(b""),
        revision: String::new(),
        source: tautline_core::Digest::of_bytes(b""),
        started_at: tautline_core::Timestamp::default(),
        prune: false,
        purpose: tautline_plan::Purpose::Sync,
        by: None,
        instead_of: None,
        only: Vec::new(),
        skips_hooks: false,
        kinds: std::collections::BTreeSet::new(),
    };
    Record { epoch, intent, entries: Vec::new(), is_closed: true, has_succeeded: false }
}

#[cfg(test)]
mod tests;
