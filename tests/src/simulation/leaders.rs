//! Two controllers that both believe they lead.

use std::collections::{BTreeSet, VecDeque};

use tautline::engine::{App, Effect, Event};
use tautline_argocd::Application;
use tautline_cluster::Cache;
use tautline_core::{GroupKind, MaskingKey, Timestamp};

use super::{Simulation, argocd_settings};

/// All that a controller holds in memory, what it was about to do included.
#[expect(missing_debug_implementations, reason = "holds a cache")]
pub struct Leader {
    app: App,
    cache: Cache,
    wanted: BTreeSet<GroupKind>,
    seen: u64,
    events: VecDeque<Event>,
    pending: VecDeque<Effect>,
    timers: BTreeSet<Timestamp>,
}

impl Simulation {
    /// A controller that was just started, and knows what is on record.
    pub fn newcomer(&self) -> Leader {
        let spec = Application::read(&self.application, &argocd_settings()).spec;
        Leader {
            app: App::new(spec.clone(), self.memory.clone()),
            cache: Cache::new(MaskingKey::new([7; 32])),
            wanted: BTreeSet::new(),
            seen: 0,
            events: VecDeque::from([Event::Spec(Box::new(spec))]),
            pending: VecDeque::new(),
            timers: BTreeSet::new(),
        }
    }

    /// Pauses the controller that runs and lets another one run. Answers the paused one, which knows nothing of what
    /// happens meanwhile.
    pub fn lead(&mut self, other: Leader) -> Leader {
        Leader {
            app: std::mem::replace(&mut self.app, other.app),
            cache: std::mem::replace(&mut self.cache, other.cache),
            wanted: std::mem::replace(&mut self.wanted, other.wanted),
            seen: std::mem::replace(&mut self.seen, other.seen),
            events: std::mem::replace(&mut self.events, other.events),
            pending: std::mem::replace(&mut self.pending, other.pending),
            timers: std::mem::replace(&mut self.timers, other.timers),
        }
    }

    /// Puts what is in memory away.
    pub(super) fn forget_all(&mut self) {
        let newcomer = self.newcomer();
        self.lead(newcomer);
    }
}
