//! [`Options`]: how a server behaves.

use std::sync::Arc;

use tautline_core::{Clock, ClusterId, ManualClock, Timestamp};

/// How a server behaves. The default is a cluster whose built-in controllers for namespaces and garbage
/// run, and whose clock stands still at 2030-01-01.
#[derive(Clone)]
pub struct Options {
    /// Which cluster it calls itself.
    pub id: ClusterId,
    /// Where it takes the time from.
    pub clock: Arc<dyn Clock>,
    /// How many changes of each resource watches may go back.
    pub history: usize,
    /// Whether the parts of kube-controller-manager that live in the store run after each write: garbage
    /// collection by ownerReferences, the deletion of namespaces' content, the `default` ServiceAccount and
    /// the `kube-root-ca.crt` ConfigMap. Without it the server is a kube-apiserver alone.
    pub controllers: bool,
    /// Whether those controllers run by themselves after each write; else [`crate::Server::settle`] runs them.
    pub settle: bool,
    /// Whether RBAC is evaluated: roles, bindings, aggregation, impersonation, and that nobody grants what he does not
    /// hold. Without it everybody may do everything that no [`crate::Right`] takes away.
    pub rbac: bool,
    /// Whether ResourceQuotas and LimitRanges are enforced. Without it they are ordinary objects.
    pub quotas: bool,
    /// The first eight hexadecimal digits of uids, so that two servers need not make the same.
    pub seed: u32,
    /// What `/version` says.
    pub version: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            id: ClusterId::in_cluster(),
            clock: Arc::new(ManualClock::at(Timestamp::from_seconds(1_893_456_000))),
            history: 4096,
            controllers: true,
            settle: true,
            rbac: false,
            quotas: false,
            seed: 0,
            version: "v1.37.2".to_owned(),
        }
    }
}

impl Options {
    /// The default with this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..Self::default() }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("id", &self.id)
            .field("history", &self.history)
            .field("controllers", &self.controllers)
            .field("settle", &self.settle)
            .field("rbac", &self.rbac)
            .field("quotas", &self.quotas)
            .field("seed", &self.seed)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
