//! One app's life as a state machine.
//!
//! `app.step(event, world, now)` takes what happened and answers what is to be done, as data. There is no
//! I/O, no clock and no randomness in here: crash, stale view, lost event and two leaders are tested by
//! feeding events, and the tokio runner (crate `runtime`) is boring.
//!
//! | module | what it holds |
//! |---|---|
//! | [`AppSpec`], [`SyncPolicy`], [`Deletion`] | what an app is told to be |
//! | [`Event`], [`Effect`], [`World`] | what goes in, what comes out, what is at hand |
//! | [`App`] | the state machine |
//! | [`Report`], [`Row`], [`Operation`] | what an app says of itself |
//! | [`Planned`], [`PlanState`], [`StepState`] | the plan of an app and how far it has come |
//!
//! # The way of an app
//! Told what to be, it asks the repository ([`Effect::Resolve`]), has the revision rendered
//! ([`Effect::Render`]), watches the kinds it needs ([`Effect::Watch`]), compares, and, if it may sync by
//! itself, records its intent ([`Effect::Record`]) and has steps performed ([`Effect::Perform`]). A live object
//! that changes is judged alone, so drift is healed in the time of one comparison and one write. An app that is
//! deleted removes what it owns batch by batch and ends with [`Effect::Finalize`].
//!
//! # Invariant
//! Nothing is written while anything in the spec is not understood, while the last render is incomplete, or
//! while a kind that matters is unknown; and only a complete render ever leads to a prune.
#![forbid(unsafe_code)]

mod app;
mod begin;
mod cascade;
mod causes;
mod conditions;
mod dry_run;
mod ending;
mod event;
mod follow;
mod heal;
mod hooks;
mod log_tail;
mod looks;
mod pin;
mod planned;
mod report;
mod resource;
mod resources;
mod retry;
mod running;
mod spec;
mod trigger;

pub use app::App;
pub use event::{Effect, Event, Intent, Rendered, Work, World};
pub use planned::{PlanState, Planned, StepState};
pub use report::{
    Condition, ConditionKind, ObjectResult, Operation, OperationPhase, Report, Row, SyncStatus, Trigger,
};
pub use retry::Retry;
pub use spec::{
    AppSpec, Automated, Deletion, HistoryEntry, Interrupted, Memory, RequestOptions, SyncPolicy, SyncRequest,
};
