//! [`World`]: what controllers see, and which of it they have not looked at yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tautline_core::{Digest, Object, ResourceKey, Timestamp, Value};

use crate::action::Action;
use crate::scheduler::Places;
use crate::trouble::Trouble;
use crate::{
    autoscaler, claims, cronjob, daemonset, deployment, disruption, endpoints, job, kubelet, replicas, shape,
    statefulset,
};

/// Who is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// The built-in controllers and the kubelet, for a server that has neither.
    All,
    /// The kubelet alone, beside a real kube-controller-manager.
    Kubelet,
}

impl Play {
    /// The kinds that must be watched, as `apiVersion` and kind.
    pub fn kinds(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Kubelet => &[("v1", "Pod")],
            Self::All => &[
                ("v1", "Pod"),
                ("apps/v1", "ReplicaSet"),
                ("apps/v1", "Deployment"),
                ("apps/v1", "StatefulSet"),
                ("apps/v1", "DaemonSet"),
                ("apps/v1", "ControllerRevision"),
                ("batch/v1", "Job"),
                ("batch/v1", "CronJob"),
                ("policy/v1", "PodDisruptionBudget"),
                ("v1", "Node"),
                ("autoscaling/v2", "HorizontalPodAutoscaler"),
                ("v1", "PersistentVolumeClaim"),
                ("v1", "PersistentVolume"),
                ("v1", "Service"),
                ("v1", "Endpoints"),
                ("discovery.k8s.io/v1", "EndpointSlice"),
                ("networking.k8s.io/v1", "Ingress"),
            ],
        }
    }
}

/// What controllers see, and what they have not looked at yet.
///
/// Feed it objects with [`World::observe`] and [`World::forget`], ask [`World::step`] what to do, feed it
/// the answers. It does no I/O: the same observations always lead to the same actions.
#[derive(Debug)]
pub struct World {
    play: Play,
    objects: BTreeMap<ResourceKey, Arc<Object>>,
    owned: HashMap<String, BTreeSet<ResourceKey>>,
    dirty: BTreeSet<ResourceKey>,
    names: u64,
    used: HashMap<ResourceKey, i64>,
    places: Places,
    /// By namespace and beginning of a name.
    troubles: BTreeMap<(String, String), Trouble>,
}

impl World {
    /// An empty world.
    pub fn new(play: Play) -> Self {
        Self {
            play,
            objects: BTreeMap::new(),
            owned: HashMap::new(),
            dirty: BTreeSet::new(),
            names: 0,
            used: HashMap::new(),
            places: Places::default(),
            troubles: BTreeMap::new(),
        }
    }

    /// Takes an object as it is now. One that is older than what is known is ignored.
    pub fn observe(&mut self, object: Arc<Object>) {
        let key = object.key();
        if let Some(known) = self.objects.get(&key) {
            let newer = match (known.resource_version(), object.resource_version()) {
                (Some(known), Some(new)) => !known.is_at_least(&new),
                _ => true,
            };
            if !newer {
                return;
            }
            let known = known.clone();
            self.unlink(&known);
        }
        for owner in object.owner_references() {
            self.owned.entry(owner.uid.to_owned()).or_default().insert(key.clone());
        }
        self.stir(&object);
        self.objects.insert(key, object);
    }

    /// Takes note that an object is gone.
    pub fn forget(&mut self, key: &ResourceKey) {
        if let Some(object) = self.objects.remove(key) {
            self.unlink(&object);
            self.stir(&object);
            self.dirty.remove(key);
            self.make_room(&object);
        }
    }

    /// Forgets objects of a kind that a fresh list does not hold.
    pub fn keep_only(&mut self, group: &str, kind: &str, listed: &BTreeSet<ResourceKey>) {
        let gone: Vec<ResourceKey> = self
            .objects
            .keys()
            .filter(|key| key.group == group && key.kind == kind && !listed.contains(key))
            .cloned()
            .collect();
        gone.iter().for_each(|key| self.forget(key));
    }

    /// Marks an object to be looked at again.
    pub fn revisit(&mut self, key: &ResourceKey) {
        if self.objects.contains_key(key) {
            self.dirty.insert(key.clone());
        }
    }

    /// Marks everything whose state may change by time alone.
    pub fn tick(&mut self) {
        let waiting = |object: &Object| match object.kind() {
            "Deployment" => !deployment::is_complete(object),
            "Job" => job::waits_for_time(object),
            "CronJob" => true,
            _ => false,
        };
        let keys: Vec<ResourceKey> =
            self.objects.iter().filter(|(_, o)| waiting(o)).map(|(key, _)| key.clone()).collect();
        self.dirty.extend(keys);
    }

    /// What is to be done now for everything that changed since the last step.
    pub fn step(&mut self, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some(key) = self.dirty.pop_first() {
            let Some(object) = self.objects.get(&key).cloned() else { continue };
            actions.extend(self.look_at(&object, now));
        }
        actions
    }

    fn look_at(&mut self, object: &Arc<Object>, now: Timestamp) -> Vec<Action> {
        match (self.play, object.group(), object.kind()) {
            (_, "", "Pod") => self.run(object, now),
            (Play::Kubelet, _, _) => Vec::new(),
            (_, "batch", "CronJob") => cronjob::step(self, object, now),
            (_, "policy", "PodDisruptionBudget") => disruption::step(self, object, now),
            (_, "apps", "ReplicaSet") => replicas::step(self, object, now),
            (_, "apps", "Deployment") => deployment::step(self, object, now),
            (_, "apps", "StatefulSet") => statefulset::step(self, object, now),
            (_, "apps", "DaemonSet") => daemonset::step(self, object, now),
            (_, "batch", "Job") => job::step(self, object, now),
            (_, "autoscaling", "HorizontalPodAutoscaler") => autoscaler::step(self, object, now),
            (_, "", "PersistentVolumeClaim") => claims::step(object),
            (_, "", "PersistentVolume") => claims::step_volume(object),
            (_, "", "Service") => endpoints::step(self, object),
            (_, "networking.k8s.io", "Ingress") => endpoints::step_ingress(object),
            _ => Vec::new(),
        }
    }

    /// Lets something befall the pods of a namespace whose names begin so, or lets them be well again.
    pub fn trouble(&mut self, namespace: &str, prefix: &str, trouble: Option<Trouble>) {
        let key = (namespace.to_owned(), prefix.to_owned());
        match trouble {
            Some(trouble) => drop(self.troubles.insert(key, trouble)),
            None => drop(self.troubles.remove(&key)),
        }
        let pods: Vec<ResourceKey> = self.within("", "Pod", namespace).map(|pod| pod.key()).collect();
        self.dirty.extend(pods);
    }

    fn trouble_of(&self, pod: &Object) -> Option<Trouble> {
        let mut all = self.troubles.iter();
        let befalls =
            |key: &(String, String)| key.0 == pod.namespace() && pod.name().starts_with(key.1.as_str());
        all.find(|(key, _)| befalls(key)).map(|(_, trouble)| *trouble)
    }

    /// The kubelet's part, for a pod that has a place.
    fn run(&mut self, pod: &Object, now: Timestamp) -> Vec<Action> {
        let trouble = self.trouble_of(pod);
        if !shape::is_active(pod) {
            self.make_room(pod);
            return kubelet::step(pod, now, trouble);
        }
        let nodes: Vec<Arc<Object>> = self.within("", "Node", "").cloned().collect();
        let placed = match trouble {
            Some(Trouble::Unschedulable) => {
                Err("0/1 nodes are available: 1 node(s) had no room, as a test wants it.".to_owned())
            }
            _ => self.places.place(pod, &nodes),
        };
        match placed {
            Ok(()) => kubelet::step(pod, now, trouble),
            Err(why) => kubelet::pending(pod, &why, now),
        }
    }

    /// A pod that is gone or done leaves room for those that wait.
    fn make_room(&mut self, pod: &Object) {
        if pod.is("", "Pod") && self.places.release(pod) {
            self.stir_pending();
        }
    }

    fn stir_pending(&mut self) {
        let waits = |object: &&Arc<Object>| object.is("", "Pod") && !kubelet::is_scheduled(object);
        let keys: Vec<ResourceKey> = self.objects.values().filter(waits).map(|pod| pod.key()).collect();
        self.dirty.extend(keys);
    }

    /// Feeds what an autoscaler sees: the use of CPU of what it scales, in percent of what its pods ask for.
    pub fn feed_use(&mut self, target: &ResourceKey, percent: i64) {
        self.used.insert(target.clone(), percent);
        self.stir_scalers(&target.namespace.clone());
    }

    pub(crate) fn use_of(&self, target: &ResourceKey) -> Option<i64> {
        self.used.get(target).copied()
    }

    fn stir_scalers(&mut self, namespace: &str) {
        let scalers = self.within("autoscaling", "HorizontalPodAutoscaler", namespace);
        let scalers: Vec<ResourceKey> = scalers.map(|scaler| scaler.key()).collect();
        self.dirty.extend(scalers);
    }

    /// An object by its key.
    pub fn get(&self, key: &ResourceKey) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// The objects of a kind that this one controls.
    pub(crate) fn controlled(&self, owner: &Object, kind: &str) -> Vec<Arc<Object>> {
        let uid = owner.metadata_str("uid");
        let keys = self.owned.get(uid).into_iter().flatten().filter(|key| key.kind == kind);
        keys.filter_map(|key| self.objects.get(key))
            .filter(|object| object.controller().is_some_and(|c| c.uid == uid))
            .cloned()
            .collect()
    }

    /// The objects of a kind in a namespace.
    pub(crate) fn within<'w>(
        &'w self,
        group: &str,
        kind: &str,
        namespace: &'w str,
    ) -> impl Iterator<Item = &'w Arc<Object>> {
        let from = ResourceKey::new(group, kind, namespace, "");
        let (group, kind) = (group.to_owned(), kind.to_owned());
        self.objects
            .range(from..)
            .take_while(move |(key, _)| key.group == group && key.kind == kind && key.namespace == namespace)
            .map(|(_, object)| object)
    }

    /// Five letters for the name of a new object: no two of one world are alike for one owner.
    pub(crate) fn suffix(&mut self, owner: &Object) -> String {
        self.names += 1;
        letters(&Digest::of_parts([owner.metadata_str("uid"), &self.names.to_string()]), 5)
    }

    /// Marks what depends on an object.
    fn stir(&mut self, object: &Object) {
        self.dirty.insert(object.key());
        if let Some(owner) = object.controller() {
            let key = ResourceKey::new(owner.group(), owner.kind, object.namespace(), owner.name);
            self.dirty.insert(key);
        }
        if object.get("spec").is_some_and(|spec| spec.get("replicas").is_some()) {
            self.stir_scalers(object.namespace());
        }
        if object.is("", "Node") {
            self.stir_pending();
        }
        if object.is("", "Pod") || object.get("spec").is_some_and(|spec| spec.get("replicas").is_some()) {
            let budgets = self.within("policy", "PodDisruptionBudget", object.namespace());
            let budgets: Vec<ResourceKey> = budgets.map(|budget| budget.key()).collect();
            self.dirty.extend(budgets);
        }
        if object.is("", "Pod") {
            let services: Vec<ResourceKey> =
                self.within("", "Service", object.namespace()).map(|service| service.key()).collect();
            self.dirty.extend(services);
        } else if object.is("", "Endpoints") {
            self.dirty.insert(ResourceKey::new("", "Service", object.namespace(), object.name()));
        }
    }

    fn unlink(&mut self, object: &Object) {
        for owner in object.owner_references() {
            if let Some(keys) = self.owned.get_mut(owner.uid) {
                keys.remove(&object.key());
                if keys.is_empty() {
                    self.owned.remove(owner.uid);
                }
            }
        }
    }
}

/// Letters that name things, in the alphabet that Kubernetes uses so that no words come out.
pub(crate) fn letters(digest: &Digest, count: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let letter = |byte: &u8| ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().unwrap_or(b'x');
    digest.as_bytes().iter().take(count).map(|byte| char::from(letter(byte))).collect()
}

/// The hash of a pod template, which its pods carry as a label.
pub(crate) fn template_hash(template: &Value) -> String {
    letters(&template.digest(), 10)
}
