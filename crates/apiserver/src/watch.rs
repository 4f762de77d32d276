//! [`Watch`]: the changes of a resource, one after the other.
//!
//! A watch holds no queue. It remembers the last version it has seen and reads on in the resource's history,
//! so a slow reader costs nothing; one that falls out of the history gets a 410 and lists again.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use tautline_core::Object;

use crate::caller::Ask;
use crate::failure::Failure;
use crate::read::{Selection, shown};
use crate::server::Server;
use crate::store::Change;

/// What a watch asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct WatchHow {
    pub(crate) selection: Selection,
    /// The version to go on from; `None` for what is there now and then its changes.
    pub(crate) since: Option<u64>,
    /// Whether to tell the version when there is nothing else to tell.
    pub(crate) bookmarks: bool,
    /// Whether what is there comes first, and then a bookmark that says so.
    pub(crate) initial: bool,
}

/// One event of a watch.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// The object is new, or begins to be selected.
    Added(Arc<Object>),
    /// The object changed.
    Modified(Arc<Object>),
    /// The object is gone, or is no longer selected.
    Deleted(Arc<Object>),
    /// Nothing else happened up to this version; `true` at the end of the initial objects.
    Bookmark(u64, bool),
    /// The watch is over: list again.
    Failed(Failure),
}

/// The changes of a resource: an iterator of what is there, and a stream of what comes.
pub struct Watch {
    server: Server,
    ask: Ask,
    how: WatchHow,
    number: u64,
    seen: u64,
    ready: VecDeque<WatchEvent>,
    over: bool,
    /// How many more events it will tell before it ends on purpose.
    left: Option<usize>,
}

/// How many events are read from the history at a time.
const BATCH: usize = 256;

impl Watch {
    pub(crate) fn open(server: &Server, ask: Ask, how: WatchHow) -> Result<Self, Failure> {
        let mut state = server.lock();
        let newest = state.store.version();
        let number = state.new_watch();
        let mut ready = VecDeque::new();
        let seen = match how.since {
            Some(since) if !how.initial => since,
            _ => {
                if let Some(shelf) = state.store.shelf(&ask.served.shelf) {
                    let selected = shelf.within(&ask.namespace).filter(|(_, o)| how.selection.holds(o));
                    ready.extend(selected.map(|(_, o)| WatchEvent::Added(shown(&ask.served, o.clone()))));
                }
                newest
            }
        };
        if how.initial && how.bookmarks {
            ready.push_back(WatchEvent::Bookmark(newest, true));
        }
        // The shelf must be there to be waited on.
        state.store.shelf_mut(&ask.served.shelf);
        drop(state);
        Ok(Self { server: server.clone(), ask, how, number, seen, ready, over: false, left: None })
    }

    /// The same, ending without a word after so many events.
    #[must_use]
    pub(crate) fn ending_after(mut self, events: Option<usize>) -> Self {
        self.left = events;
        self
    }

    /// The next event that has already happened; `None` if there is none yet or the watch is over.
    pub fn try_next(&mut self) -> Option<WatchEvent> {
        self.fill(None);
        self.pop()
    }

    fn pop(&mut self) -> Option<WatchEvent> {
        if let Some(left) = &mut self.left {
            if *left == 0 {
                self.over = true;
                self.ready.clear();
                return None;
            }
            if !self.ready.is_empty() {
                *left -= 1;
            }
        }
        self.ready.pop_front()
    }

    /// Whether nothing will come any more.
    pub fn is_over(&self) -> bool {
        self.over && self.ready.is_empty()
    }

    /// Reads on in the history; leaves word to be woken where there is nothing to read.
    fn fill(&mut self, waker: Option<&std::task::Waker>) {
        if !self.ready.is_empty() || self.over {
            return;
        }
        let server = self.server.clone();
        let mut state = server.lock();
        if self.number <= state.ended {
            self.over = true;
            return;
        }
        let newest = state.store.version();
        let shelf = state.store.shelf_mut(&self.ask.served.shelf);
        let Some(changes) = shelf.after(self.seen) else {
            let message = format!("too old resource version: {} ({})", self.seen, shelf.forgotten());
            self.ready.push_back(WatchEvent::Failed(Failure::expired(message)));
            self.over = true;
            return;
        };
        let mut count = 0;
        for change in changes.take(BATCH) {
            self.seen = change.version;
            count += 1;
            let event = event_of(change, &self.ask, &self.how.selection);
            self.ready.extend(event);
        }
        if count == 0
            && let Some(waker) = waker
        {
            shelf.wait(self.number, waker);
        }
        if count > 0 && self.ready.is_empty() && self.how.bookmarks {
            self.ready.push_back(WatchEvent::Bookmark(newest.min(self.seen), false));
        } else if count == BATCH && self.ready.is_empty() {
            drop(state);
            self.fill(waker);
        } else if count > 0
            && self.ready.is_empty()
            && let Some(waker) = waker
        {
            shelf.wait(self.number, waker);
        }
    }
}

/// What a change means to a watch with a selection: an object may begin or cease to be selected.
fn event_of(change: &Change, ask: &Ask, selection: &Selection) -> Option<WatchEvent> {
    if !ask.namespace.is_empty() && change.object.namespace() != ask.namespace {
        return None;
    }
    let show = |object: &Arc<Object>| shown(&ask.served, object.clone());
    let was = change.before.as_ref().is_some_and(|before| selection.holds(before));
    let is = !change.gone && selection.holds(&change.object);
    match (was, is) {
        (false, true) => Some(WatchEvent::Added(show(&change.object))),
        (true, true) => Some(WatchEvent::Modified(show(&change.object))),
        (true, false) if change.gone => Some(WatchEvent::Deleted(show(&change.object))),
        (true, false) => {
            // The last selected state under the version that ended it.
            let mut last = Object::clone(change.before.as_ref()?);
            last.metadata_mut().insert("resourceVersion", change.version.to_string());
            Some(WatchEvent::Deleted(shown(&ask.served, Arc::new(last))))
        }
        (false, false) => None,
    }
}

impl Stream for Watch {
    type Item = WatchEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        let watch = self.get_mut();
        watch.fill(Some(cx.waker()));
        match watch.pop() {
            Some(event) => Poll::Ready(Some(event)),
            None if watch.over => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.server.lock();
        state.store.shelf_mut(&self.ask.served.shelf).leave(self.number);
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watch({} {} after {})", self.ask.resource, self.ask.namespace, self.seen)
    }
}
