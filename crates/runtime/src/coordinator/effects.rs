//! Handing effects to those who do them.

use tautline_apply::JournalError;
use tautline_core::{AppId, Timestamp};
use tautline_engine::{Effect, Event};
use tautline_plan::StepResult;

use super::Coordinator;
use crate::message::Message;

impl Coordinator {
    pub(super) fn effect(&mut self, id: &AppId, effect: Effect, now: Timestamp) {
        let out = self.out.clone();
        let app = id.clone();
        match effect {
            Effect::Watch(kinds) => {
                if let Some(entry) = self.apps.get_mut(id) {
                    entry.kinds = kinds;
                }
                self.watch_kinds();
            }
            Effect::Resolve(want) => {
                let fetcher = self.fetcher.clone();
                self.looks += 1;
                let look = self.looks;
                tokio::spawn(async move {
                    let result = fetcher.resolve(&want).await;
                    let _ = out.send(Message::Resolved { app, want, look, result });
                });
            }
            Effect::Render { number, revision, fresh } => {
                let Some(entry) = self.apps.get(id) else { return };
                let (fetcher, path, tool) =
                    (self.fetcher.clone(), entry.input.path.clone(), entry.input.tool.clone());
                tokio::spawn(async move {
                    let rendered = fetcher.render(revision, path, tool, fresh).await;
                    let _ = out.send(Message::Event(app, Event::Rendered(number, Box::new(rendered))));
                });
            }
            Effect::Recall => {
                let journal = self.parts.journal.clone();
                tokio::spawn(async move {
                    let record = journal.read(&app).await.map_err(|error| error.to_string());
                    let _ = out.send(Message::Event(app, Event::Recalled(record)));
                });
            }
            Effect::Record { known, intent } => {
                if let Some(entry) = self.apps.get_mut(id) {
                    entry.reporting.tells_a_sync(now);
                }
                let journal = self.parts.journal.clone();
                tokio::spawn(async move {
                    let event = match journal.open(&app, known, &intent).await {
                        Ok(epoch) => Event::Recorded(Ok(epoch)),
                        Err(JournalError::Overtaken(record)) => Event::Overtaken(record),
                        Err(error) => Event::Recorded(Err(error.to_string())),
                    };
                    let _ = out.send(Message::Event(app, event));
                });
            }
            Effect::Note { epoch, entries, work } => {
                let (journal, performer) = (self.parts.journal.clone(), self.performer.clone());
                tokio::spawn(async move {
                    match journal.note(&app, epoch, &entries).await {
                        Ok(()) => performer.perform_all(&app, work),
                        Err(JournalError::Overtaken(record)) => {
                            tracing::warn!(%app, epoch = %record.epoch, "another controller follows a plan of it");
                            let _ = out.send(Message::Event(app, Event::Overtaken(record)));
                        }
                        Err(error) => {
                            tracing::warn!(%app, %error, "nothing was put on record, and what needs it was not done");
                            for work in work {
                                let result = StepResult::Failed(error.to_string());
                                let event = Event::Stepped(work.step.id, result, None);
                                let _ = out.send(Message::Event(app.clone(), event));
                            }
                        }
                    }
                });
            }
            Effect::Close { epoch, has_succeeded } => {
                if let Some(entry) = self.apps.get_mut(id) {
                    entry.reporting.closes = Some((epoch, has_succeeded));
                }
            }
            Effect::Perform(work) => self.performer.perform_all(&app, work),
            Effect::DryRun { key, desired } => {
                let performer = self.performer.clone();
                tokio::spawn(async move { performer.dry_run(app, key, desired).await });
            }
            Effect::ReadLog { step, pod, container, lines } => {
                let performer = self.performer.clone();
                tokio::spawn(async move {
                    let result = performer.log_tail(&pod, &container, lines).await;
                    let _ = out.send(Message::Event(app, Event::LogRead(step, result)));
                });
            }
            Effect::Scan => {
                if let Some(entry) = self.apps.get_mut(id) {
                    entry.wants_scan = true;
                }
                self.scan();
            }
            Effect::Report { urgent } => {
                if let Some(entry) = self.apps.get_mut(id) {
                    entry.reporting.dirty_since.get_or_insert(now);
                    entry.reporting.is_urgent |= urgent;
                }
            }
            Effect::WakeAt(at) => drop(self.timers.insert((at.max(now), app))),
            Effect::Finalize => {
                let records = self.parts.records.clone();
                tokio::spawn(async move {
                    if let Err(error) = records.finalize(&app).await {
                        tracing::warn!(%app, error, "the finalizer could not be taken off");
                    }
                });
            }
            Effect::TellNeighbours => {
                let held = self.apps.get(id).map(|e| e.app.held_keys()).unwrap_or_default();
                if self.index.set_held(id, held) {
                    self.tell_contested();
                }
            }
        }
    }
}
