//! [`Server`]: the handle that everybody holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tautline_core::{GroupVersionKind, Map, Object, Value, value};

use crate::caller::Identity;
use crate::local::Local;
use crate::options::Options;
use crate::rules::{Admission, Counts, FaultRule, Right};
use crate::state::State;
use crate::write::How;

/// A Kubernetes API server in the process.
///
/// Clones are handles to the same server; many servers can live in one process. Every call is answered
/// before it returns: there is no thread and no task behind it. It is itself a
/// [`tautline_cluster::Cluster`], in the name of an admin; [`Server::caller`] gives handles in other names.
#[derive(Clone)]
pub struct Server {
    state: Arc<Mutex<State>>,
    pub(crate) options: Options,
}

impl Server {
    /// Starts a server with the namespaces `default`, `kube-system`, `kube-public` and `kube-node-lease`.
    pub fn new(options: Options) -> Self {
        let server = Self::bare(options);
        let mut state = server.lock();
        bootstrap(&mut state);
        state.rules.counts.clear();
        state.store.begin();
        drop(state);
        server
    }

    /// A server without any object.
    pub(crate) fn bare(options: Options) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(options.clone()))), options }
    }

    /// A handle that asks in somebody's name.
    pub fn caller(&self, who: Identity) -> Local {
        Local::new(self.clone(), who)
    }

    /// What was asked so far.
    pub fn counts(&self) -> Counts {
        self.lock().rules.counts.clone()
    }

    /// Forgets what was asked so far.
    pub fn clear_counts(&self) {
        self.lock().rules.counts.clear();
    }

    /// Sets what the containers of a pod have written, as its kubelet keeps it. Nothing is written by itself.
    pub fn set_log(&self, namespace: &str, pod: &str, text: &str) {
        self.lock().logs.insert((namespace.to_owned(), pod.to_owned()), text.to_owned());
    }

    /// Adds a rule that makes requests fail.
    pub fn add_fault(&self, rule: FaultRule) {
        self.lock().rules.faults.add(rule);
    }

    /// Removes all rules that make requests fail.
    pub fn clear_faults(&self) {
        self.lock().rules.faults.clear();
    }

    /// Takes a right away.
    pub fn deny(&self, right: Right) {
        self.lock().rules.rights.push(right);
    }

    /// Gives all rights back.
    pub fn allow_all(&self) {
        self.lock().rules.rights.clear();
    }

    /// Adds an admission hook that may change objects.
    pub fn add_mutating(&self, hook: Admission) {
        self.lock().rules.mutating.push(Arc::new(hook));
    }

    /// Adds an admission hook that may refuse objects.
    pub fn add_validating(&self, hook: Admission) {
        self.lock().rules.validating.push(Arc::new(hook));
    }

    /// Removes all admission hooks.
    pub fn clear_admission(&self) {
        let mut state = self.lock();
        state.rules.mutating.clear();
        state.rules.validating.clear();
    }

    /// Lets the built-in controllers look at everything they have not seen yet. Needed only with
    /// [`Options::settle`] off.
    pub fn settle(&self) {
        self.lock().settle();
    }

    /// The version of the last write.
    pub fn version(&self) -> u64 {
        self.lock().store.version()
    }

    /// Forgets all history: watches and continue tokens from versions before now get a 410.
    pub fn compact(&self) {
        self.lock().store.forget();
    }

    /// Ends all open watches, as a restart of the server does.
    pub fn drop_watches(&self) {
        self.lock().end_watches();
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.lock().store.shelves().map(|(_, shelf)| shelf.len()).sum()
    }

    /// Whether there is no object; never so, the namespaces are there from the start.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in a test's hook must not take the server from the other tests' threads.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.options.id)
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

/// What a fresh cluster holds.
fn bootstrap(state: &mut State) {
    for name in ["kube-system", "kube-public", "kube-node-lease", "default"] {
        put(state, "Namespace", value!({ "metadata": { "name": name } }));
    }
    put(
        state,
        "Service",
        value!({ "metadata": { "name": "kubernetes", "namespace": "default",
                "labels": { "component": "apiserver", "provider": "kubernetes" } },
            "spec": { "type": "ClusterIP", "clusterIP": "10.96.0.1",
                "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443 }] } }),
    );
    if state.options.rbac {
        for object in crate::authorize::bootstrap() {
            let kind = object.gvk();
            let Some(served) = state.catalog.named(&kind).cloned() else { continue };
            let who = Identity::admin("kube-apiserver");
            let ask = crate::caller::Ask::new(&who, crate::caller::Verb::Create, &served, "", "");
            let _ = state.create(&ask, object.into_value(), &How::by("kube-apiserver"));
        }
    }
    state.settle();
}

fn put(state: &mut State, kind: &str, body: Value) {
    let gvk = GroupVersionKind::new("", "v1", kind);
    let Some(served) = state.catalog.named(&gvk).cloned() else { return };
    let Value::Map(map) = body else { return };
    let mut object = Object::bare(&gvk, "", "");
    object.as_map_mut().extend(map.into_iter().collect::<Map>());
    let namespace = object.namespace().to_owned();
    let who = Identity::admin("kube-apiserver");
    let ask = crate::caller::Ask::new(&who, crate::caller::Verb::Create, &served, &namespace, "");
    // A built-in object that its own server refuses would be a bug that every test of this crate shows.
    let _ = state.create(&ask, object.into_value(), &How::by("kube-apiserver"));
}
