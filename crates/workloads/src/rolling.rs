//! How many replicas each ReplicaSet of a Deployment should have now.

use std::sync::Arc;

use tautline_core::{Object, Value};

use crate::shape;

/// `maxSurge` and `maxUnavailable` in pods: percentages round up and down.
pub(crate) fn bounds(deployment: &Object) -> (i64, i64) {
    let wished = shape::wished(deployment);
    let read = |field: &str, up: bool| match deployment.at(&["spec", "strategy", "rollingUpdate", field]) {
        Some(Value::Int(n)) => *n,
        Some(Value::String(text)) => percent(text, wished, up),
        _ => percent("25%", wished, up),
    };
    if recreates(deployment) {
        return (0, wished);
    }
    let (surge, unavailable) = (read("maxSurge", true), read("maxUnavailable", false));
    if surge == 0 && unavailable == 0 { (0, 1.min(wished)) } else { (surge, unavailable.min(wished)) }
}

fn percent(text: &str, of: i64, up: bool) -> i64 {
    let number: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
    (number * of + if up { 99 } else { 0 }) / 100
}

pub(crate) fn recreates(deployment: &Object) -> bool {
    deployment.str_at(&["spec", "strategy", "type"]) == Some("Recreate")
}

fn available(set: &Object) -> i64 {
    set.i64_at(&["status", "availableReplicas"]).unwrap_or(0)
}

/// With how many replicas a new ReplicaSet starts beside old ones.
pub(crate) fn first(deployment: &Object, old: &[Arc<Object>]) -> i64 {
    let wished = shape::wished(deployment);
    let total: i64 = old.iter().map(|set| shape::wished(set)).sum();
    if recreates(deployment) {
        return if total == 0 { wished } else { 0 };
    }
    let (surge, _) = bounds(deployment);
    (wished + surge - total).clamp(0, wished)
}

type Scales = Vec<(Arc<Object>, i64)>;

/// While a Deployment is paused only its size is followed, in the newest ReplicaSet that has pods.
pub(crate) fn paused(deployment: &Object, newest: &Arc<Object>, old: &[Arc<Object>]) -> Scales {
    let wished = shape::wished(deployment);
    let others: i64 = old.iter().map(|set| shape::wished(set)).sum();
    vec![(newest.clone(), (wished - others).max(0))]
}

/// What each ReplicaSet should have now.
pub(crate) fn scale(
    deployment: &Object,
    newest: &Arc<Object>,
    old: &[Arc<Object>],
    pods_left: bool,
) -> Scales {
    let wished = shape::wished(deployment);
    if recreates(deployment) {
        let mut scales: Scales = old.iter().map(|set| (set.clone(), 0)).collect();
        if !pods_left && old.iter().all(|set| shape::wished(set) == 0) {
            scales.push((newest.clone(), wished));
        }
        return scales;
    }
    let (surge, unavailable) = bounds(deployment);
    let total: i64 = shape::wished(newest) + old.iter().map(|set| shape::wished(set)).sum::<i64>();
    let now = shape::wished(newest);
    let next = if now > wished { wished } else { (now + (wished + surge - total).max(0)).min(wished) };
    if next != now {
        // One step at a time: the old ones follow when the new one has what it was given.
        return vec![(newest.clone(), next)];
    }
    scale_old(newest, old, total - (wished - unavailable))
}

/// Takes from the old ReplicaSets what may be missed: first pods that are not available anyway.
fn scale_old(newest: &Object, old: &[Arc<Object>], spare: i64) -> Scales {
    let missing = shape::wished(newest) - available(newest);
    let mut may = spare - missing;
    let mut scales: Scales = Vec::new();
    let mut left: Vec<(Arc<Object>, i64)> = old.iter().map(|set| (set.clone(), shape::wished(set))).collect();
    left.sort_by_key(|(set, _)| set.metadata_str("creationTimestamp").to_owned());
    for unhealthy in [true, false] {
        for (set, count) in &mut left {
            let most = if unhealthy { (*count - available(set)).max(0) } else { *count };
            let take = most.min(may).max(0);
            *count -= take;
            may -= take;
        }
    }
    scales.extend(left);
    scales
}
