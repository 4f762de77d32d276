//! What `taut apply --journal FOLDER` puts on record, so that one that was interrupted goes on where it was.

use std::collections::BTreeSet;
use std::path::Path;

use tautline::apply::{FileJournal, Journal};
use tautline::core::{AppId, Clock, Timestamp};
use tautline::plan::{Entry, Epoch, Intent, Purpose, Record, Stage, Step};

use crate::failure::{Failure, Result};
use crate::plan::Planned;
use crate::system::SystemClock;

/// The journal of one apply.
pub(crate) struct Noted {
    journal: FileJournal,
    app: AppId,
    epoch: Epoch,
    /// What has come of hooks and is not on record yet.
    news: Vec<Entry>,
}

/// What an earlier apply of the app has on record and did not come to the end of.
pub(crate) async fn interrupted(folder: &Path, app: &str) -> Result<Option<Record>> {
    let record = FileJournal::new(folder).read(&id(app)).await.map_err(Failure::work)?;
    Ok(record.filter(|record| !record.is_closed))
}

/// When the apply that has this on record began, if it was of the revision.
pub(crate) fn began(record: Option<&Record>, revision: &str) -> Option<Timestamp> {
    record.filter(|record| record.intent.revision == revision).map(|record| record.intent.started_at)
}

impl Noted {
    /// Puts the plan on record.
    pub(crate) async fn open(folder: &Path, planned: &Planned, prune: bool) -> Result<Self> {
        let journal = FileJournal::new(folder);
        let app = id(planned.subject.destination.app.as_str());
        let before = journal.read(&app).await.map_err(Failure::work)?;
        let revision = planned.plan.inputs.revision.clone();
        let open = before.as_ref().filter(|record| !record.is_closed);
        let intent = Intent {
            plan: planned.plan.digest(),
            source: planned.plan.digest(),
            started_at: began(open, &revision).unwrap_or_else(|| SystemClock.now()),
            revision,
            prune,
            purpose: Purpose::Sync,
            by: None,
            instead_of: None,
            only: Vec::new(),
            skips_hooks: false,
            kinds: BTreeSet::new(),
        };
        let known = before.map_or(Epoch::default(), |record| record.epoch);
        let epoch = journal.open(&app, known, &intent).await.map_err(Failure::work)?;
        Ok(Self { journal, app, epoch, news: Vec::new() })
    }

    /// Has on record what is about to be done.
    pub(crate) async fn begin<'a>(&mut self, steps: impl Iterator<Item = &'a Step>) -> Result<()> {
        self.news.extend(steps.filter_map(Entry::of));
        self.flush().await
    }

    /// Notes how far a hook has come.
    pub(crate) fn hook(&mut self, step: &Step, stage: Stage) {
        self.news.push(Entry::of_hook(step, stage, None));
    }

    /// Puts on record what was noted.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.news.is_empty() {
            return Ok(());
        }
        self.journal.note(&self.app, self.epoch, &self.news).await.map_err(Failure::work)?;
        self.news.clear();
        Ok(())
    }

    /// The plan was followed to its end.
    pub(crate) async fn close(&self, has_succeeded: bool) -> Result<()> {
        self.journal.close(&self.app, self.epoch, has_succeeded).await.map_err(Failure::work)
    }
}

/// An app as the journal names it: by its name in tracking ids.
fn id(app: &str) -> AppId {
    AppId::new("taut", app)
}
