//! A journal in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tautline_core::AppId;
use tautline_plan::{Entry, Epoch, Intent, Record};

use super::{Change, Journal, JournalError};

/// Keeps records as long as the process lives: for embedders whose apps end with it, and for tests.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    records: Mutex<HashMap<AppId, Record>>,
}

impl MemoryJournal {
    /// [`Journal::read`], at once.
    pub fn get(&self, app: &AppId) -> Option<Record> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).get(app).cloned()
    }

    /// Makes a change, at once.
    ///
    /// # Errors
    /// [`JournalError::Overtaken`].
    pub fn change(&self, app: &AppId, change: Change<'_>) -> Result<Epoch, JournalError> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let record = change.of(records.get(app).cloned()).map_err(JournalError::Overtaken)?;
        let epoch = record.epoch;
        records.insert(app.clone(), record);
        Ok(epoch)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn read(&self, app: &AppId) -> Result<Option<Record>, JournalError> {
        Ok(self.get(app))
    }

    async fn open(&self, app: &AppId, known: Epoch, intent: &Intent) -> Result<Epoch, JournalError> {
        self.change(app, Change::Open(known, intent))
    }

    async fn note(&self, app: &AppId, epoch: Epoch, entries: &[Entry]) -> Result<(), JournalError> {
        self.change(app, Change::Note(epoch, entries)).map(drop)
    }

    async fn close(&self, app: &AppId, epoch: Epoch, has_succeeded: bool) -> Result<(), JournalError> {
        self.change(app, Change::Close(epoch, has_succeeded)).map(drop)
    }
}
