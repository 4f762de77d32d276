//! [`State`]: everything a server holds, behind one lock.

use std::sync::Arc;

use tautline_core::{GroupVersionKind, Object, Text, Timestamp, Value};
use tautline_grammar::time;

use crate::addresses::Addresses;
use crate::catalog::{Catalog, Served};
use crate::options::Options;
use crate::rules::Rules;
use crate::store::{Place, Slot, Store};

/// Everything a server holds.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    pub(crate) rules: Rules,
    pub(crate) addresses: Addresses,
    pub(crate) tokens: crate::authorize::token::Tokens,
    pub(crate) policies: crate::policies::Compiled,
    /// How many versions behind the answer to the present read is.
    pub(crate) lag: u64,
    /// What pods have written, by namespace and name.
    pub(crate) logs: std::collections::BTreeMap<(String, String), String>,
    /// The uids of claims that nobody has written to since they were made.
    pub(crate) fresh_claims: std::collections::BTreeSet<String>,
    uids: u64,
    names: u64,
    watches: u64,
    /// Watches older than this number are ended: see `Server::drop_watches`.
    pub(crate) ended: u64,
}

impl State {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            store: Store::new(options.history),
            catalog: Catalog::new(),
            rules: Rules::default(),
            addresses: Addresses::default(),
            tokens: crate::authorize::token::Tokens::default(),
            policies: crate::policies::Compiled::default(),
            lag: 0,
            fresh_claims: std::collections::BTreeSet::new(),
            uids: 0,
            names: 0,
            watches: 0,
            ended: 0,
            logs: std::collections::BTreeMap::new(),
            options,
        }
    }

    /// The last lines of a pod's log, or all.
    pub(crate) fn log_tail(&self, namespace: &str, pod: &str, lines: Option<usize>) -> String {
        let log = self.logs.get(&(namespace.to_owned(), pod.to_owned()));
        let all: Vec<&str> = log.iter().flat_map(|text| text.split_inclusive('\n')).collect();
        let from = lines.map_or(0, |lines| all.len().saturating_sub(lines));
        all.get(from..).unwrap_or_default().concat()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// Now, as `metadata` writes it.
    pub(crate) fn now_text(&self) -> String {
        time::seconds(self.now())
    }

    /// A uid that no object of this server had.
    pub(crate) fn new_uid(&mut self) -> String {
        self.uids += 1;
        format!("{:08x}-0000-4000-8000-{:012x}", self.options.seed, self.uids)
    }

    /// Goes on behind the uids of objects that were loaded.
    pub(crate) fn skip_uids(&mut self) {
        let lead = format!("{:08x}-0000-4000-8000-", self.options.seed);
        let own = self.store.uids().filter_map(|uid| uid.strip_prefix(&lead));
        let last = own.filter_map(|number| u64::from_str_radix(number, 16).ok()).max();
        self.uids = self.uids.max(last.unwrap_or(0));
    }

    /// The five characters that `generateName` adds. A sequence, in the alphabet of
    /// `k8s.io/apimachinery/pkg/util/rand`, spread so that neighbours look different.
    pub(crate) fn new_suffix(&mut self) -> String {
        const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        self.names += 1;
        // 27^5 names; the factor is odd and no multiple of 3, so that no two of them collide.
        let mut n = self.names.wrapping_mul(8_675_309) % 14_348_907;
        (0..5)
            .map(|_| {
                let letter = ALPHABET.get((n % 27) as usize).copied().unwrap_or(b'x');
                n /= 27;
                char::from(letter)
            })
            .collect()
    }

    pub(crate) fn new_watch(&mut self) -> u64 {
        self.watches += 1;
        self.watches
    }

    /// Ends all watches that are open now.
    pub(crate) fn end_watches(&mut self) {
        self.ended = self.watches;
        self.store.wake_all();
    }

    /// Where an object of a kind is.
    pub(crate) fn place(&self, served: &Served, namespace: &str, name: &str) -> Place {
        let namespace = if served.is_namespaced() { namespace } else { "" };
        Place { shelf: served.shelf.clone(), slot: Slot::new(namespace, name) }
    }

    /// A stored object.
    pub(crate) fn find(&self, served: &Served, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.store.get(&self.place(served, namespace, name)).cloned()
    }

    /// A stored object of a built-in kind.
    pub(crate) fn find_builtin(
        &self,
        api: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Object>> {
        let served = self.catalog.named(&GroupVersionKind::parse(api, kind))?;
        self.find(served, namespace, name)
    }

    /// The kind that a place holds.
    pub(crate) fn kind_at(&self, place: &Place) -> Option<Arc<Served>> {
        self.catalog.shelf(&place.shelf).cloned()
    }
}

/// Whether the object's namespace has begun to go away.
pub(crate) fn is_terminating(namespace: &Object) -> bool {
    namespace.is_terminating() || namespace.str_at(&["status", "phase"]) == Some("Terminating")
}

/// Text of an int-or-string or scalar for messages and cells.
pub(crate) fn plain(value: &Value) -> Text {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => Text::default(),
        other => other.to_json().into(),
    }
}
