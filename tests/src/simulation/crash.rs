//! Killing the controller at one of its effects.

use tautline::engine::Effect;

use super::Simulation;

/// The effects of an app, each a place where its controller may die.
pub const EFFECTS: [&str; 12] = [
    "watch",
    "resolve",
    "render",
    "scan",
    "record",
    "create",
    "change",
    "delete",
    "run hook",
    "report",
    "wake",
    "tell neighbours",
];

/// Whether the controller dies before it does something, or after, with the answer lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing was done.
    Before,
    /// It was done, and nobody heard.
    After,
}

/// Where the controller dies.
#[derive(Clone, Copy, Debug)]
pub struct Crash {
    /// The index among [`Simulation::effects`].
    pub at: usize,
    /// Before it or after.
    pub moment: Moment,
}

impl Simulation {
    /// Counts an effect before it is done, and dies where it is to.
    pub(super) fn is_killed(&mut self, name: &'static str, moment: Moment) -> bool {
        if moment == Moment::Before {
            self.effects.push(name);
        }
        let index = self.effects.len().wrapping_sub(1);
        let is_it = self.crash.is_some_and(|crash| crash.at == index && crash.moment == moment);
        if is_it {
            self.crash = None;
            self.restart();
        }
        is_it
    }

    /// Ends the controller, and starts another that knows what is on record.
    pub fn restart(&mut self) {
        self.forget_all();
    }
}

/// An effect's name in [`EFFECTS`].
pub(super) fn name_of(effect: &Effect) -> &'static str {
    match effect {
        Effect::Watch(_) => "watch",
        Effect::Resolve(_) => "resolve",
        Effect::Render { .. } => "render",
        Effect::Recall => "recall",
        Effect::Record { .. } | Effect::Note { .. } => "record",
        Effect::Close { .. } => "close",
        Effect::Perform(_) => "perform",
        Effect::DryRun { .. } => "dry run",
        Effect::ReadLog { .. } => "read log",
        Effect::Scan => "scan",
        Effect::Report { .. } => "report",
        Effect::WakeAt(_) => "wake",
        Effect::Finalize => "finalize",
        Effect::TellNeighbours => "tell neighbours",
    }
}
