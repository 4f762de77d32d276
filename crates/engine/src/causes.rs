//! Why objects are not well, for the report.

use std::sync::Arc;

use tautline_core::{GroupKind, Object, Presence, ResourceKey, Timestamp};
use tautline_health::{Cause, HealthStatus, Surroundings, explain};
use tautline_ownership::LiveView;

use crate::app::App;
use crate::event::World;
use crate::report::{Report, Row};

/// How many objects of one app are explained at most: the rest has the same causes more often than not.
const MOST: usize = 20;

impl App {
    /// Everything the app says of itself, with the first causes of what is not well as far as the cache tells them.
    pub fn explained(&self, world: &World<'_>, now: Timestamp) -> Report {
        let mut report = self.report();
        let around = Around { world, app: self.spec.destination.app.as_str() };
        for row in report.rows.iter_mut().filter(|row| is_troubled(row)).take(MOST) {
            let live = world.live.get(&row.key).present();
            let cause = live.and_then(|live| explain(&live, world.health, &around, now));
            // A chain of one link says no more than the object's own health does.
            row.cause = cause.filter(|cause| cause.links.len() > 1);
        }
        let status = report.health.status;
        let worst = |row: &&Row| row.health.as_ref().is_some_and(|health| health.status == status);
        let cause: Option<&Cause> = report.rows.iter().filter(worst).find_map(|row| row.cause.as_ref());
        if let Some(cause) = cause {
            let message = &report.health.message;
            report.health.message = format!("{message}: {cause}");
        }
        report
    }

    /// Whether some object of the app is not well.
    pub(crate) fn has_trouble(&self) -> bool {
        let mut health = self.resources.values().filter_map(|resource| resource.health());
        health.any(|health| health.status != HealthStatus::Healthy)
    }
}

fn is_troubled(row: &Row) -> bool {
    use HealthStatus::{Degraded, Progressing, Unknown};
    row.health.as_ref().is_some_and(|health| matches!(health.status, Degraded | Progressing | Unknown))
}

/// All that the world knows.
struct Around<'a> {
    world: &'a World<'a>,
    app: &'a str,
}

impl Surroundings for Around<'_> {
    fn children(&self, object: &Object) -> Vec<Arc<Object>> {
        object.uid().map(|uid| self.world.live.children(&uid)).unwrap_or_default()
    }

    fn get(&self, key: &ResourceKey) -> Presence<Arc<Object>> {
        LiveView::get(self.world.live, key)
    }

    fn of_kind(&self, kind: &GroupKind) -> Vec<Arc<Object>> {
        self.world.live.of_kind(kind)
    }

    fn app_of(&self, key: &ResourceKey) -> Option<String> {
        self.world.neighbours.other_holder(self.app, key)
    }
}
