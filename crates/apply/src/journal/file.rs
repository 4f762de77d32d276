//! A journal in a folder.

use std::path::PathBuf;

use async_trait::async_trait;
use tautline_core::AppId;
use tautline_plan::{Entry, Epoch, Intent, Record};
use tokio::sync::Mutex;

use super::{Change, Journal, JournalError};

/// Keeps one JSON file an app in a folder: for embedders without Applications.
///
/// A file is written beside its place and moved into it, so that it is whole at any moment. Two processes must not
/// share a folder: nothing stands between one's reading and writing a file and the other's.
#[derive(Debug)]
pub struct FileJournal {
    folder: PathBuf,
    /// Held while a file is read, changed and written.
    turn: Mutex<()>,
}

impl FileJournal {
    /// A journal in this folder, which is made when first needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), turn: Mutex::new(()) }
    }

    /// Names of apps are names of Kubernetes objects: they hold no separator and no `_`.
    fn path(&self, app: &AppId) -> PathBuf {
        self.folder.join(format!("{}_{}.json", app.namespace, app.name))
    }

    async fn stored(&self, app: &AppId) -> Result<Option<Record>, JournalError> {
        match tokio::fs::read(self.path(app)).await {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| failed("read", app, error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", app, error)),
        }
    }

    async fn change(&self, app: &AppId, change: Change<'_>) -> Result<Epoch, JournalError> {
        let _turn = self.turn.lock().await;
        let record = change.of(self.stored(app).await?).map_err(JournalError::Overtaken)?;
        let text = serde_json::to_vec(&record).map_err(|error| failed("write", app, error))?;
        let place = self.path(app);
        let beside = place.with_extension("json.new");
        let write = async {
            tokio::fs::create_dir_all(&self.folder).await?;
            let mut file = tokio::fs::File::create(&beside).await?;
            tokio::io::AsyncWriteExt::write_all(&mut file, &text).await?;
            file.sync_all().await?;
            tokio::fs::rename(&beside, &place).await
        };
        write.await.map_err(|error: std::io::Error| failed("write", app, error))?;
        Ok(record.epoch)
    }
}

fn failed(
    step: &'static str,
    app: &AppId,
    error: impl std::error::Error + Send + Sync + 'static,
) -> JournalError {
    JournalError::Failed { step, app: app.clone(), message: error.to_string(), source: Some(Box::new(error)) }
}

#[async_trait]
impl Journal for FileJournal {
    async fn read(&self, app: &AppId) -> Result<Option<Record>, JournalError> {
        let _turn = self.turn.lock().await;
        self.stored(app).await
    }

    async fn open(&self, app: &AppId, known: Epoch, intent: &Intent) -> Result<Epoch, JournalError> {
        self.change(app, Change::Open(known, intent)).await
    }

    async fn note(&self, app: &AppId, epoch: Epoch, entries: &[Entry]) -> Result<(), JournalError> {
        self.change(app, Change::Note(epoch, entries)).await.map(drop)
    }

    async fn close(&self, app: &AppId, epoch: Epoch, has_succeeded: bool) -> Result<(), JournalError> {
        self.change(app, Change::Close(epoch, has_succeeded)).await.map(drop)
    }
}
