//! Who waits for a place.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use tokio::sync::oneshot;

/// Those that wait: the greatest weight first, of equals whoever came first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<(Reverse<u32>, u64), oneshot::Sender<()>>,
    next: u64,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn join(&mut self, weight: u32) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert((Reverse(weight), self.next), sender);
        self.next += 1;
        receiver
    }

    /// Lets the next one in; answers whether there was one. Who has given up waiting is passed over.
    pub(super) fn let_in(&mut self) -> bool {
        while let Some((_, sender)) = self.waiting.pop_first() {
            if sender.send(()).is_ok() {
                return true;
            }
        }
        false
    }
}
