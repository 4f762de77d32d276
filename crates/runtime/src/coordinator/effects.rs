//! Handing effects to those who do them.

use tautline_core::{AppId, Timestamp};
use tautline_engine::{Effect, Event};

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
            Effect::Render { revision, fresh } => {
                let Some(entry) = self.apps.get(id) else { return };
                let (fetcher, path, tool) =
                    (self.fetcher.clone(), entry.input.path.clone(), entry.input.tool.clone());
                tokio::spawn(async move {
                    let rendered = fetcher.render(revision, path, tool, fresh).await;
                    let _ = out.send(Message::Event(app, Event::Rendered(Box::new(rendered))));
                });
            }
            Effect::Record(intent) => {
                let records = self.parts.records.clone();
                tokio::spawn(async move {
                    let result = records.record(&app, &intent).await;
                    let _ = out.send(Message::Event(app, Event::Recorded(result)));
                });
            }
            Effect::Perform(work) => {
                for work in work {
                    let (performer, app) = (self.performer.clone(), app.clone());
                    tokio::spawn(async move { performer.perform(app, work).await });
                }
            }
            Effect::DryRun { key, desired } => {
                let performer = self.performer.clone();
                tokio::spawn(async move { performer.dry_run(app, key, desired).await });
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
