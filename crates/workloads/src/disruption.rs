//! The disruption controller: how many pods of a PodDisruptionBudget may go now.

use std::sync::Arc;

use tautline_core::{Map, Object, ResourceKey, Timestamp, Value};
use tautline_grammar::LabelSelector;

use crate::action::Action;
use crate::shape::{self, Conditions};
use crate::world::World;

/// What the controller does about a budget.
pub(crate) fn step(world: &World, budget: &Arc<Object>, now: Timestamp) -> Vec<Action> {
    if budget.is_terminating() {
        return Vec::new();
    }
    let selector = budget.at(&["spec", "selector"]).and_then(|value| LabelSelector::from_value(value).ok());
    let Some(selector) = selector else { return Vec::new() };
    let pods: Vec<&Arc<Object>> = world
        .within("", "Pod", budget.namespace())
        .filter(|pod| shape::is_active(pod) && selector.matches(|key| pod.label(key)))
        .collect();
    let healthy = count(pods.iter().filter(|pod| shape::is_ready(pod)).count());
    let (expected, desired) = wanted(world, budget, &pods);
    let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 };
    let mut status = budget.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    let numbers = [
        ("currentHealthy", healthy),
        ("desiredHealthy", desired),
        ("expectedPods", expected),
        ("disruptionsAllowed", allowed),
    ];
    for (field, number) in numbers {
        status.insert(field, number);
    }
    if let Some(generation) = budget.generation() {
        status.insert("observedGeneration", generation);
    }
    forget_gone(&pods, &mut status);
    let mut conditions = Conditions::of(budget, now);
    let (truth, reason) =
        if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    conditions.set("DisruptionAllowed", truth, reason, "", false);
    conditions.write(&mut status);
    Action::status(budget, status).into_iter().collect()
}

/// How many pods there should be, and how many of them must be well.
fn wanted(world: &World, budget: &Object, pods: &[&Arc<Object>]) -> (i64, i64) {
    let field = |name: &str| budget.at(&["spec", name]).filter(|value| !value.is_null());
    if let Some(most) = field("maxUnavailable") {
        let expected = scaled(world, pods);
        return (expected, (expected - part(most, expected)).max(0));
    }
    match field("minAvailable") {
        Some(Value::Int(least)) => (count(pods.len()), *least),
        Some(least) => {
            let expected = scaled(world, pods);
            (expected, part(least, expected))
        }
        // Neither: one may be missing.
        None => {
            let expected = scaled(world, pods);
            (expected, (expected - 1).max(0))
        }
    }
}

/// The pods that the pods' controllers wish for, each controller counted once.
fn scaled(world: &World, pods: &[&Arc<Object>]) -> i64 {
    let mut controllers: Vec<ResourceKey> = pods
        .iter()
        .filter_map(|pod| {
            let owner = pod.controller()?;
            Some(ResourceKey::new(owner.group(), owner.kind, pod.namespace(), owner.name))
        })
        .collect();
    controllers.sort();
    controllers.dedup();
    let wishes = controllers.iter().filter_map(|key| world.get(key)).map(|owner| shape::wished(owner));
    let bare = pods.iter().filter(|pod| pod.controller().is_none()).count();
    wishes.sum::<i64>() + count(bare)
}

/// A number, or a percentage of a whole, rounded up.
fn part(of: &Value, whole: i64) -> i64 {
    match of {
        Value::Int(number) => *number,
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (whole * percent + 99) / 100
        }
        _ => 0,
    }
}

/// Evicted pods are remembered until they are gone.
fn forget_gone(pods: &[&Arc<Object>], status: &mut Map) {
    let Some(Value::Map(disrupted)) = status.remove("disruptedPods") else { return };
    let there = |name: &str| pods.iter().any(|pod| pod.name() == name);
    let left: Map = disrupted.into_iter().filter(|(name, _)| there(name)).collect();
    if !left.is_empty() {
        status.insert("disruptedPods", left);
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
