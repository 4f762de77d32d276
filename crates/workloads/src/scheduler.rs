//! The scheduler, as far as room goes: which pods have a place on the cluster's nodes.
//!
//! Without any Node object there is room for everything. With nodes, each pod gets the first one that is not cordoned, has
//! the labels it asks for, no taint that it does not tolerate, and enough CPU, memory and pods left.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_core::{Object, Value};
use tautline_grammar::Quantity;

/// The resources that are counted, in the order in which messages name them.
const COUNTED: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// What a node puts on itself until it is ready, which here it always is.
const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Where pods are, by uid.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<String, Place>);

#[derive(Debug)]
struct Place {
    node: String,
    asks: [i64; 3],
}

impl Places {
    /// Gives a pod a place, or says why it has none.
    pub(crate) fn place(&mut self, pod: &Object, nodes: &[Arc<Object>]) -> Result<(), String> {
        let uid = pod.metadata_str("uid");
        let stands = self.0.get(uid).is_some_and(|place| nodes.iter().any(|node| node.name() == place.node));
        if nodes.is_empty() || stands {
            return Ok(());
        }
        self.0.remove(uid);
        let asks = asked(pod);
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for node in nodes {
            match self.refusals(node, pod, asks) {
                none if none.is_empty() => {
                    self.0.insert(uid.to_owned(), Place { node: node.name().to_owned(), asks });
                    return Ok(());
                }
                some => some.into_iter().for_each(|reason| *reasons.entry(reason).or_default() += 1),
            }
        }
        let all: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        Err(format!("0/{} nodes are available: {}.", nodes.len(), all.join(", ")))
    }

    /// Takes a pod off its node; whether it had one.
    pub(crate) fn release(&mut self, pod: &Object) -> bool {
        self.0.remove(pod.metadata_str("uid")).is_some()
    }

    fn refusals(&self, node: &Object, pod: &Object, asks: [i64; 3]) -> Vec<String> {
        if node.at(&["spec", "unschedulable"]).and_then(Value::as_bool) == Some(true) {
            return vec!["node(s) were unschedulable".to_owned()];
        }
        let taint = node.list_at(&["spec", "taints"]).iter().find(|taint| !tolerates(pod, taint));
        if let Some(taint) = taint {
            let of = |field: &str| taint.str_at(&[field]).unwrap_or_default();
            return vec![format!("node(s) had untolerated taint {{{}: {}}}", of("key"), of("value"))];
        }
        let labels = pod.at(&["spec", "nodeSelector"]).and_then(Value::as_map);
        if labels.into_iter().flatten().any(|(key, value)| node.label(key) != value.as_str()) {
            return vec!["node(s) didn't match Pod's node affinity/selector".to_owned()];
        }
        let here: Vec<&Place> = self.0.values().filter(|place| place.node == node.name()).collect();
        let mut lacks = Vec::new();
        if room(node, "pods").is_some_and(|most| i64::try_from(here.len()).unwrap_or(i64::MAX) >= most / 1000)
        {
            lacks.push("Too many pods".to_owned());
        }
        for (i, name) in COUNTED.into_iter().enumerate() {
            let of = |asks: &[i64; 3]| asks.get(i).copied().unwrap_or(0);
            let used: i64 = here.iter().map(|place| of(&place.asks)).sum();
            let most = room(node, name);
            if of(&asks) > 0 && most.is_some_and(|most| used + of(&asks) > most) {
                lacks.push(format!("Insufficient {name}"));
            }
        }
        lacks
    }
}

/// What a node can give, in thousandths; `None` where it does not say, and then it has enough.
fn room(node: &Object, resource: &str) -> Option<i64> {
    let told =
        node.at(&["status", "allocatable", resource]).or_else(|| node.at(&["status", "capacity", resource]));
    Quantity::from_value(told?)?.ok().map(|quantity| quantity.to_millis())
}

/// What a pod asks for: the sum of its containers, or the largest of those that run before them.
fn asked(pod: &Object) -> [i64; 3] {
    COUNTED.map(|name| {
        let of = |container: &Value| {
            let asked = container.at(&["resources", "requests", name]);
            asked.and_then(Quantity::from_value).and_then(Result::ok).map_or(0, |q| q.to_millis())
        };
        let sum: i64 = pod.list_at(&["spec", "containers"]).iter().map(of).sum();
        pod.list_at(&["spec", "initContainers"]).iter().map(of).fold(sum, i64::max)
    })
}

fn tolerates(pod: &Object, taint: &Value) -> bool {
    let of = |value: &Value, field: &str| value.str_at(&[field]).unwrap_or_default().to_owned();
    if of(taint, "key") == NOT_READY || of(taint, "effect") == "PreferNoSchedule" {
        return true;
    }
    pod.list_at(&["spec", "tolerations"]).iter().any(|toleration| {
        let key = of(toleration, "key");
        let exists = of(toleration, "operator") == "Exists";
        (key.is_empty() && exists || key == of(taint, "key"))
            && (exists || of(toleration, "value") == of(taint, "value"))
            && ["", &of(taint, "effect")].contains(&of(toleration, "effect").as_str())
    })
}
