//! How many requests run side by side: as many as the server takes well.
//!
//! The API server's priority and fairness says in two ways that it has enough: it answers later, as requests queue,
//! and then with 429. [`Pace`] hears both. It begins with all the requests it may have at once; an answer of 429 (or of
//! 503 with `Retry-After`) halves them and holds everything back for as long as the server asks; answers that take
//! several times as long as the quickest take some away; and answers in time bring one back in a round.
//!
//! Who waits for a place is let in by weight, the longest chain of what depends on it first.

mod paced;
mod queue;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

pub use paced::{Paced, weighed};
use queue::Queue;

/// How long is waited when the server says that there is too much and not how long.
const REST: Duration = Duration::from_secs(1);

/// How many times the quickest answer an answer may take before it counts as slow, and by how much more than that.
const SLOW_FACTOR: f64 = 5.0;
const SLOW_MARGIN: f64 = 0.1;

/// What a sign of too much leaves of the requests at once.
const AFTER_REFUSAL: f64 = 0.5;
const AFTER_SLOWNESS: f64 = 0.9;

/// How quickly the quickest answer is forgotten, so that a server that got slower for good is no news for ever.
const FORGETTING: f64 = 1.001;

/// A number of requests at once that follows what the server says.
#[derive(Debug)]
pub struct Pace {
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How many may run at once; a part of one is on its way back.
    limit: f64,
    running: usize,
    waiting: Queue,
    /// The time of the quickest answer, in seconds.
    quickest: Option<f64>,
    /// Nothing is let in before this moment.
    resting_until: Option<Instant>,
    /// When the limit was last lowered because of slow answers: once a round is enough.
    lowered_at: Option<Instant>,
}

/// How a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// It was answered.
    Answered,
    /// The server has too much to do, and wants to be left alone for this long, if it says so.
    Refused(Option<Duration>),
    /// It came to nothing that says anything about the server's load.
    Otherwise,
}

/// A place among the requests at once. Give it back with `Pace::leave`; dropped, it is given back too.
#[derive(Debug)]
pub struct Place<'a> {
    pace: &'a Pace,
    since: Instant,
    is_left: bool,
}

impl Pace {
    /// At most so many requests at once; at least one.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        let state = State {
            limit: most as f64,
            running: 0,
            waiting: Queue::default(),
            quickest: None,
            resting_until: None,
            lowered_at: None,
        };
        Self { most, state: Mutex::new(state) }
    }

    /// How many requests may run at once now.
    pub fn limit(&self) -> usize {
        self.lock().places()
    }

    /// Waits for a place. Of those that wait the one with the greatest weight is next, of equals the first.
    pub async fn enter(&self, weight: u32) -> Place<'_> {
        loop {
            let rest = self.lock().resting_until;
            match rest.filter(|until| *until > Instant::now()) {
                Some(until) => tokio::time::sleep_until(until).await,
                None => break,
            }
        }
        let turn = {
            let mut state = self.lock();
            match state.running < state.places() && state.waiting.is_empty() {
                true => {
                    state.running += 1;
                    None
                }
                false => Some(state.waiting.join(weight)),
            }
        };
        if let Some(turn) = turn {
            // Whoever waits is let in by somebody who leaves; the queue lives as long as the pace.
            let _ = Turn { pace: self, turn }.await_turn().await;
        }
        Place { pace: self, since: Instant::now(), is_left: false }
    }

    fn leave(&self, took: Duration, went: Went) {
        let mut state = self.lock();
        state.running = state.running.saturating_sub(1);
        state.hear(took, went, self.most);
        state.let_in();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Gives the place back, and says how the request went.
    pub fn leave(mut self, went: Went) {
        self.is_left = true;
        self.pace.leave(self.since.elapsed(), went);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_left {
            self.pace.leave(self.since.elapsed(), Went::Otherwise);
        }
    }
}

impl State {
    fn places(&self) -> usize {
        // At least one, and far below what a float cannot count.
        self.limit.floor().max(1.0) as usize
    }

    /// Lets in as many as there are places for.
    fn let_in(&mut self) {
        while self.running < self.places() && self.waiting.let_in() {
            self.running += 1;
        }
    }

    fn hear(&mut self, took: Duration, went: Went, most: usize) {
        let now = Instant::now();
        match went {
            Went::Otherwise => {}
            Went::Refused(wait) => {
                // Those that were under way together are refused together: that is one sign.
                let is_news = self.resting_until.is_none_or(|until| until <= now);
                if is_news {
                    self.limit = (self.limit * AFTER_REFUSAL).max(1.0);
                }
                let until = now + wait.unwrap_or(REST);
                self.resting_until = Some(self.resting_until.map_or(until, |before| before.max(until)));
            }
            Went::Answered => {
                let took = took.as_secs_f64();
                let quickest = self.quickest.map_or(took, |quickest| (quickest * FORGETTING).min(took));
                self.quickest = Some(quickest);
                let is_slow = took > quickest * SLOW_FACTOR + SLOW_MARGIN;
                if !is_slow {
                    self.limit = (self.limit + 1.0 / self.limit).min(most as f64);
                } else if self.lowered_at.is_none_or(|at| (now - at).as_secs_f64() > took) {
                    self.limit = (self.limit * AFTER_SLOWNESS).max(1.0);
                    self.lowered_at = Some(now);
                }
            }
        }
    }
}

/// A wait for a turn. Whoever gives up waiting after being let in gives the place back.
struct Turn<'a> {
    pace: &'a Pace,
    turn: oneshot::Receiver<()>,
}

impl Turn<'_> {
    async fn await_turn(mut self) -> Result<(), oneshot::error::RecvError> {
        let result = (&mut self.turn).await;
        // Taken: the drop below finds nothing to give back.
        self.turn.close();
        result
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.turn.try_recv().is_ok() {
            self.pace.leave(Duration::ZERO, Went::Otherwise);
        }
    }
}

#[cfg(test)]
mod tests;
