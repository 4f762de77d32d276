//! What reaches the coordinator.

use std::collections::BTreeSet;
use std::sync::Arc;

use tautline_core::{AppId, GroupKind, Object, ResourceKey, Revision, Want};
use tautline_engine::{Event, Report};
use tokio::sync::oneshot;

use crate::embedder::AppInput;

/// Whether a kind is left alone.
pub(crate) type Excludes = Arc<dyn Fn(&GroupKind) -> bool + Send + Sync>;

pub(crate) enum Message {
    /// An app is new or was told something else.
    Set(Box<AppInput>),
    /// An app is gone.
    Remove(AppId),
    /// An app by its name in tracking ids that somebody else runs, and whether it exists.
    Elsewhere(String, bool),
    /// Something happened to an app.
    Event(AppId, Event),
    /// A repository was asked on behalf of an app. Looks are counted as they begin.
    Resolved { app: AppId, want: Want, look: u64, result: Result<Revision, String> },
    /// Live objects changed.
    Changed(Vec<ResourceKey>),
    /// What is known of a kind changed.
    Kind(GroupKind),
    /// Discovery changed, or may have.
    Rediscover,
    /// How health is judged changed.
    Rules,
    /// Which kinds are left alone changed.
    Exclude(Excludes),
    /// Discovery was taken in.
    Discovered,
    /// A report was written.
    Reported(AppId),
    /// The cluster was searched: for each app, the kinds it has objects of.
    Scanned(Result<Vec<(String, BTreeSet<GroupKind>)>, String>),
    /// Somebody asks for an app's report.
    Ask(AppId, oneshot::Sender<Option<(Report, Vec<Arc<Object>>)>>),
    /// Somebody asks how an app is seen.
    AskOne(AppId, oneshot::Sender<Option<crate::AppView>>),
    /// Somebody asks how all apps are seen.
    AskAll(oneshot::Sender<Vec<crate::AppView>>),
    /// Somebody asks whose the objects are.
    AskLedger(oneshot::Sender<crate::Ledger>),
    /// End everything.
    Stop(oneshot::Sender<()>),
}
