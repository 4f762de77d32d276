//! The admission plugins LimitRanger and ResourceQuota, for servers with [`crate::Options::quotas`].

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_core::{Object, Value};
use tautline_grammar::Quantity;

use crate::caller::Ask;
use crate::failure::Failure;
use crate::state::State;

type Amounts = BTreeMap<String, Quantity>;

fn amounts(value: Option<&Value>) -> Amounts {
    let map = value.and_then(Value::as_map).into_iter().flatten();
    map.filter_map(|(key, v)| Some((key.to_string(), Quantity::from_value(v)?.ok()?))).collect()
}

fn plus(into: &mut Amounts, more: &Amounts) {
    for (key, amount) in more {
        let sum = match into.get(key) {
            Some(had) => added(had, amount),
            None => amount.clone(),
        };
        into.insert(key.clone(), sum);
    }
}

/// The sum, printed as the first of them is.
fn added(a: &Quantity, b: &Quantity) -> Quantity {
    let millis = a.to_millis().saturating_add(b.to_millis());
    let whole = millis % 1000 == 0;
    let text = match (whole, a.notation()) {
        (true, _) if a.to_i64() == 0 => return b.clone(),
        (true, _) => binary(millis / 1000, &a.canonical()),
        (false, _) => format!("{millis}m"),
    };
    text.parse().unwrap_or_else(|_| Quantity::from_i64(millis / 1000))
}

/// A number in the binary unit of a sample, if it divides.
fn binary(number: i64, sample: &str) -> String {
    for (unit, size) in [("Gi", 1_i64 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
        if sample.ends_with('i') && number % size == 0 {
            return format!("{}{unit}", number / size);
        }
    }
    number.to_string()
}

fn containers(pod: &Object) -> impl Iterator<Item = (&'static str, &Value)> {
    let main = pod.list_at(&["spec", "containers"]).iter().map(|c| ("container", c));
    main.chain(pod.list_at(&["spec", "initContainers"]).iter().map(|c| ("init container", c)))
}

impl State {
    fn in_namespace(&self, kind: &str, namespace: &str) -> Vec<Arc<Object>> {
        let Some(served) = self.catalog.named(&tautline_core::GroupVersionKind::new("", "v1", kind)) else {
            return Vec::new();
        };
        let shelf = self.store.shelf(&served.shelf);
        shelf
            .into_iter()
            .flat_map(|s| s.within(namespace).map(|(_, o)| o.clone()).collect::<Vec<_>>())
            .collect()
    }

    /// Gives a new pod's containers the requests and limits of the namespace's LimitRanges.
    pub(super) fn default_limits(&self, ask: &Ask, pod: &mut Object) {
        if !self.options.quotas || !ask.served.is("", "Pod") {
            return;
        }
        for range in self.in_namespace("LimitRange", &ask.namespace) {
            let of = |field: &str| {
                let mut all = Amounts::new();
                let items = range.list_at(&["spec", "limits"]).iter();
                for item in items.filter(|item| item.str_at(&["type"]) == Some("Container")) {
                    all.extend(amounts(item.get(field)));
                }
                all
            };
            let (requests, limits) = (of("defaultRequest"), of("default"));
            let mut told = Vec::new();
            for (field, word) in [("containers", "container"), ("initContainers", "init container")] {
                let list = pod.as_map_mut().map_at("spec").get_mut(field).and_then(Value::as_list_mut);
                for container in list.into_iter().flat_map(|list| list.iter_mut()) {
                    let name = container.str_at(&["name"]).unwrap_or_default().to_owned();
                    let Some(map) = container.as_map_mut() else { continue };
                    for (kind, defaults) in [("request", &requests), ("limit", &limits)] {
                        let set = fill(map.map_at("resources"), &format!("{kind}s"), defaults);
                        if !set.is_empty() {
                            told.push(format!("{} {kind} for {word} {name}", set.join(", ")));
                        }
                    }
                }
            }
            if !told.is_empty() {
                let text = format!("LimitRanger plugin set: {}", told.join("; "));
                pod.annotate("kubernetes.io/limit-ranger", &text);
            }
        }
    }

    /// Refuses what goes beyond the namespace's LimitRanges and ResourceQuotas, and notes what a quota gave.
    ///
    /// # Errors
    /// 403.
    pub(super) fn within_limits(&mut self, ask: &Ask, object: &Object, dry_run: bool) -> Result<(), Failure> {
        if !self.options.quotas || ask.namespace.is_empty() || !ask.subresource.is_empty() {
            return Ok(());
        }
        let refused = |why: &str| Failure::forbidden(&ask.group, &ask.resource, object.name(), why);
        let mut problems = Vec::new();
        for range in self.in_namespace("LimitRange", &ask.namespace) {
            range.list_at(&["spec", "limits"]).iter().for_each(|item| hold(item, ask, object, &mut problems));
        }
        match problems.as_slice() {
            [] => {}
            [one] => return Err(refused(one)),
            many => return Err(refused(&format!("[{}]", many.join(", ")))),
        }
        let wanted = usage(ask, object);
        let mut grants = Vec::new();
        for quota in self.in_namespace("ResourceQuota", &ask.namespace) {
            let hard = amounts(quota.at(&["status", "hard"]));
            if !in_scope(&quota, ask, object) {
                continue;
            }
            let lacking = lacking(&hard, ask, object);
            if !lacking.is_empty() {
                return Err(refused(&format!("failed quota: {}: must specify {lacking}", quota.name())));
            }
            let mut used = amounts(quota.at(&["status", "used"]));
            let asked: Amounts = wanted
                .iter()
                .filter(|(key, _)| hard.contains_key(*key))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            let before = used.clone();
            plus(&mut used, &asked);
            let over: Vec<&String> = asked.keys().filter(|key| used.get(*key) > hard.get(*key)).collect();
            if !over.is_empty() {
                let print = |all: &Amounts| -> String {
                    let shown = over.iter().map(|key| {
                        format!("{key}={}", all.get(*key).map_or_else(|| "0".to_owned(), Quantity::canonical))
                    });
                    shown.collect::<Vec<_>>().join(",")
                };
                let why = format!(
                    "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                    quota.name(),
                    print(&asked),
                    print(&before),
                    print(&hard)
                );
                return Err(refused(&why));
            }
            if !asked.is_empty() {
                grants.push((quota, used));
            }
        }
        if !dry_run {
            grants.into_iter().for_each(|(quota, used)| self.note_used(&quota, &used));
        }
        Ok(())
    }

    fn note_used(&mut self, quota: &Object, used: &Amounts) {
        let mut new = quota.clone();
        let map: tautline_core::Map =
            used.iter().map(|(key, amount)| (key.as_str(), amount.canonical())).collect();
        new.as_map_mut().map_at("status").insert("used", map);
        if new != *quota {
            self.store.put(&"resourcequotas".into(), new);
        }
    }

    /// Counts anew what a namespace's quotas are used for, as their controller does.
    pub(crate) fn recount_quotas(&mut self, namespace: &str) {
        for quota in self.in_namespace("ResourceQuota", namespace) {
            let hard = quota.at(&["spec", "hard"]).cloned().unwrap_or_else(Value::map);
            let mut used: Amounts =
                amounts(Some(&hard)).into_keys().map(|key| (key, Quantity::from_i64(0))).collect();
            let kinds: Vec<_> =
                self.catalog.all().filter(|s| s.is_namespaced() && s.kind.can("get")).cloned().collect();
            for served in kinds.iter().filter(|served| *served.gvk() == served.stored) {
                let who = crate::caller::Identity::admin("");
                let ask = Ask::new(&who, crate::caller::Verb::Create, served, namespace, "");
                let Some(shelf) = self.store.shelf(&served.shelf) else { continue };
                for (_, object) in shelf.within(namespace) {
                    let done = matches!(object.str_at(&["status", "phase"]), Some("Succeeded" | "Failed"));
                    if in_scope(&quota, &ask, object) && !(served.is("", "Pod") && done) {
                        let mut more = usage(&ask, object);
                        more.retain(|key, _| used.contains_key(key));
                        plus(&mut used, &more);
                    }
                }
            }
            let mut new = Object::clone(&quota);
            new.as_map_mut().map_at("status").insert("hard", hard);
            if new != *quota {
                self.store.put(&"resourcequotas".into(), new.clone());
            }
            let Some(stored) = self.find_builtin("v1", "ResourceQuota", namespace, quota.name()) else {
                continue;
            };
            self.note_used(&stored, &used);
        }
    }
}

/// Fills in amounts that are not there; which these are.
fn fill(resources: &mut tautline_core::Map, kind: &str, defaults: &Amounts) -> Vec<String> {
    let mut set = Vec::new();
    for (name, amount) in defaults {
        if resources.get(kind).is_none_or(|have| have.get(name).is_none()) {
            resources.map_at(kind).insert(name.as_str(), amount.canonical());
            set.push(name.clone());
        }
    }
    set
}

/// Holds an object against one limit.
fn hold(item: &Value, ask: &Ask, object: &Object, problems: &mut Vec<String>) {
    let kind = item.str_at(&["type"]).unwrap_or_default();
    let is = |kind: &str| ask.served.is("", kind);
    let of = |value: &Value, field: &str| amounts(value.at(&["resources", field]));
    match kind {
        "Container" if is("Pod") => {
            for (_, container) in containers(object) {
                bounds(item, kind, &of(container, "requests"), &of(container, "limits"), true, problems);
            }
        }
        "Pod" if is("Pod") => {
            let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
            for container in object.list_at(&["spec", "containers"]) {
                plus(&mut requests, &of(container, "requests"));
                plus(&mut limits, &of(container, "limits"));
            }
            bounds(item, kind, &requests, &limits, true, problems);
        }
        "PersistentVolumeClaim" if is("PersistentVolumeClaim") => {
            let requests = amounts(object.at(&["spec", "resources", "requests"]));
            bounds(item, kind, &requests, &Amounts::new(), false, problems);
        }
        _ => {}
    }
}

fn bounds(
    item: &Value,
    kind: &str,
    requests: &Amounts,
    limits: &Amounts,
    limited: bool,
    problems: &mut Vec<String>,
) {
    let mut complain = |word: &str, name: &str, bound: &Quantity, what: &str| {
        problems.push(format!("{word} {name} usage per {kind} is {}{what}", bound.canonical()));
    };
    for (name, least) in &amounts(item.get("min")) {
        match (requests.get(name), limits.get(name)) {
            (None, _) => complain("minimum", name, least, ".  No request is specified"),
            (Some(asked), _) if asked < least => {
                complain("minimum", name, least, &format!(", but request is {}", asked.canonical()));
            }
            (_, Some(limit)) if limit < least => {
                complain("minimum", name, least, &format!(", but limit is {}", limit.canonical()));
            }
            _ => {}
        }
    }
    for (name, most) in &amounts(item.get("max")) {
        match (requests.get(name), limits.get(name)) {
            (_, None) if limited => complain("maximum", name, most, ".  No limit is specified"),
            (_, Some(limit)) if limit > most => {
                complain("maximum", name, most, &format!(", but limit is {}", limit.canonical()));
            }
            (Some(asked), _) if asked > most => {
                complain("maximum", name, most, &format!(", but request is {}", asked.canonical()));
            }
            _ => {}
        }
    }
}

/// What an object uses of quotas, under every name that a quota may give it.
fn usage(ask: &Ask, object: &Object) -> Amounts {
    let one = Quantity::from_i64(1);
    let counted = crate::failure::qualified(&ask.resource, &ask.group);
    let mut all: Amounts = [(format!("count/{counted}"), one.clone())].into_iter().collect();
    const NAMED: [&str; 8] = [
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "serviceaccounts",
    ];
    if ask.group.is_empty() && NAMED.contains(&ask.resource.as_str()) {
        all.insert(ask.resource.clone(), one.clone());
    }
    if ask.served.is("", "Pod") {
        for container in object.list_at(&["spec", "containers"]) {
            for kind in ["requests", "limits"] {
                let given = amounts(container.at(&["resources", kind]));
                plus(&mut all, &given.iter().map(|(k, v)| (format!("{kind}.{k}"), v.clone())).collect());
                if kind == "requests" {
                    plus(&mut all, &given);
                }
            }
        }
    }
    if ask.served.is("", "PersistentVolumeClaim") {
        let given = amounts(object.at(&["spec", "resources", "requests"]));
        all.extend(given.get("storage").map(|size| ("requests.storage".to_owned(), size.clone())));
    }
    if ask.served.is("", "Service") {
        match object.str_at(&["spec", "type"]) {
            Some("LoadBalancer") => drop(all.insert("services.loadbalancers".to_owned(), one)),
            Some("NodePort") => drop(all.insert("services.nodeports".to_owned(), one)),
            _ => {}
        }
    }
    all
}

/// What a quota needs to be told of a pod and is not: `cpu for: app; memory for: app`.
fn lacking(hard: &Amounts, ask: &Ask, object: &Object) -> String {
    if !ask.served.is("", "Pod") {
        return String::new();
    }
    let mut parts = Vec::new();
    for key in hard.keys() {
        let (kind, name) = key.split_once('.').unwrap_or(("requests", key));
        if !["requests", "limits"].contains(&kind) || !["cpu", "memory", "ephemeral-storage"].contains(&name)
        {
            continue;
        }
        let without = object.list_at(&["spec", "containers"]).iter();
        let without = without.filter(|c| c.at(&["resources", kind, name]).is_none());
        let names: Vec<&str> = without.filter_map(|c| c.str_at(&["name"])).collect();
        if !names.is_empty() {
            parts.push(format!("{key} for: {}", names.join(",")));
        }
    }
    parts.join("; ")
}

/// Whether a quota is about an object: its scopes narrow it to some pods.
fn in_scope(quota: &Object, ask: &Ask, object: &Object) -> bool {
    let scopes = quota.list_at(&["spec", "scopes"]);
    if scopes.is_empty() && quota.at(&["spec", "scopeSelector"]).is_none() {
        return true;
    }
    let ends = object.i64_at(&["spec", "activeDeadlineSeconds"]).is_some();
    let asks = containers(object).any(|(_, c)| {
        ["requests", "limits"].iter().any(|kind| !amounts(c.at(&["resources", kind])).is_empty())
    });
    ask.served.is("", "Pod")
        && !scopes.is_empty()
        && scopes.iter().all(|scope| match scope.as_str() {
            Some("Terminating") => ends,
            Some("NotTerminating") => !ends,
            Some("BestEffort") => !asks,
            Some("NotBestEffort") => asks,
            _ => false,
        })
}
