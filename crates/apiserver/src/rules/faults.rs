//! Faults on demand: [`FaultRule`] says which requests fail and how.

use std::time::Duration;

use crate::caller::{Ask, Verb};
use crate::failure::Failure;

/// Which requests a rule is about. An empty field means any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// The verbs.
    pub verbs: Vec<Verb>,
    /// The resource: `deployments`, or with its group, `deployments.apps`.
    pub resource: String,
    /// The namespace.
    pub namespace: String,
    /// The object.
    pub name: String,
    /// The user agent.
    pub agent: String,
}

impl Matcher {
    /// Requests with this verb for this resource.
    pub fn new(verb: Verb, resource: &str) -> Self {
        Self { verbs: vec![verb], resource: resource.to_owned(), ..Self::default() }
    }

    /// The same, for one object.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// The same, for one agent.
    #[must_use]
    pub fn by(mut self, agent: &str) -> Self {
        self.agent = agent.to_owned();
        self
    }

    pub(crate) fn matches(&self, ask: &Ask) -> bool {
        let is = |want: &str, have: &str| want.is_empty() || want == have;
        (self.verbs.is_empty() || self.verbs.contains(&ask.verb))
            && (is(&self.resource, &ask.resource)
                || self.resource == crate::failure::qualified(&ask.resource, &ask.group))
            && is(&self.namespace, &ask.namespace)
            && is(&self.name, &ask.name)
            && is(&self.agent, &ask.who.agent)
    }
}

/// How a request fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// With this answer, and nothing was written.
    Answer(Failure),
    /// With 429 and so many seconds to wait.
    TooManyRequests(u32),
    /// With 504 after the write was done.
    AfterCommit,
    /// With 504 before anything was done.
    BeforeCommit,
    /// With 410: list again.
    Gone,
    /// It takes so long, by a timer of tokio. Only over HTTP; in the process nothing takes time.
    Latency(Duration),
    /// The connection breaks after this many bytes of the answer's body, after whatever was written. Only over HTTP; in
    /// the process it is as [`Fault::AfterCommit`].
    Reset(usize),
    /// A watch ends after this many events, without a word.
    DropWatch(usize),
    /// A read is answered as of this many versions ago, as by a server that lags behind. What history does not reach
    /// is answered as of now.
    Stale(u64),
    /// The server restarts: all watches end, history is forgotten, and the request fails with 503.
    Restart,
}

/// A rule: from the `nth` matching request on, so many `times`, the fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// Which requests.
    pub on: Matcher,
    /// The first of them that fails, counted from 1.
    pub nth: u64,
    /// How many fail; `u64::MAX` for all from then on.
    pub times: u64,
    /// How.
    pub fault: Fault,
}

impl FaultRule {
    /// The next matching request fails.
    pub fn once(on: Matcher, fault: Fault) -> Self {
        Self { on, nth: 1, times: 1, fault }
    }

    /// Every matching request fails until the rules are cleared.
    pub fn always(on: Matcher, fault: Fault) -> Self {
        Self { on, nth: 1, times: u64::MAX, fault }
    }
}

/// Whether a fault strikes before the write or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    Before,
    After,
}

/// What a request meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Struck {
    /// It fails, before or after it did something.
    Fails(Timing, Failure),
    /// It is answered from the past.
    Stale(u64),
    /// The server goes down.
    Restart,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(FaultRule, u64)>);

impl Faults {
    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.0.push((rule, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a request against every rule; the first rule whose turn it is strikes.
    pub(super) fn strike(&mut self, ask: &Ask) -> Option<Struck> {
        let mut struck = None;
        for (rule, seen) in self.0.iter_mut().filter(|(rule, _)| rule.on.matches(ask)) {
            *seen += 1;
            if rule.is_turn(*seen) && struck.is_none() {
                struck = rule.fault.strike();
            }
        }
        struck
    }

    /// What the next request that matches will meet of what is done to its answer and not to the request: latency, a
    /// reset, the end of a watch. It is asked before the request is counted.
    pub(crate) fn of_answer(&self, ask: &Ask) -> Vec<Fault> {
        let next = self.0.iter().filter(|(rule, _)| rule.on.matches(ask));
        next.filter(|(rule, seen)| rule.is_turn(seen + 1)).map(|(rule, _)| rule.fault.clone()).collect()
    }
}

impl FaultRule {
    fn is_turn(&self, seen: u64) -> bool {
        seen >= self.nth && seen - self.nth < self.times
    }
}

impl Fault {
    fn strike(&self) -> Option<Struck> {
        let timeout = || Failure::new(504, "Timeout", "request did not complete within requested timeout");
        let (timing, failure) = match self {
            Self::Answer(failure) => (Timing::Before, failure.clone()),
            Self::TooManyRequests(seconds) => {
                let message = "the server has received too many requests and has asked us to try again later";
                let mut failure = Failure::new(429, "TooManyRequests", message).about("", "", "");
                failure.retry_after = Some(*seconds);
                (Timing::Before, failure)
            }
            Self::AfterCommit | Self::Reset(_) => (Timing::After, timeout()),
            Self::BeforeCommit => (Timing::Before, timeout()),
            Self::Gone => (Timing::Before, Failure::expired("too old resource version")),
            Self::Latency(_) | Self::DropWatch(_) => return None,
            Self::Stale(versions) => return Some(Struck::Stale(*versions)),
            Self::Restart => return Some(Struck::Restart),
        };
        Some(Struck::Fails(timing, failure))
    }
}
