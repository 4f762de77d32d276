//! The HorizontalPodAutoscaler controller, on the use of CPU that tests feed it.

use std::sync::Arc;

use tautline_core::{GroupKind, Map, Object, ResourceKey, Timestamp, Value, value};
use tautline_grammar::time;

use crate::action::Action;
use crate::shape::{self, Conditions};
use crate::world::World;

/// How far the use may be from its target before anything is scaled, in hundredths.
const TOLERANCE: i64 = 10;

/// What the controller does about an autoscaler.
pub(crate) fn step(world: &World, scaler: &Arc<Object>, now: Timestamp) -> Vec<Action> {
    if scaler.is_terminating() {
        return Vec::new();
    }
    let mut conditions = Conditions::of(scaler, now);
    let mut status = scaler.get("status").and_then(Value::as_map).cloned().unwrap_or_default();
    let mut actions = Vec::new();
    let Some(target) = world.get(&target(scaler)).cloned() else {
        let message = "the HPA controller was unable to get the target's current scale";
        conditions.set("AbleToScale", "False", "FailedGetScale", message, false);
        conditions.write(&mut status);
        return Action::status(scaler, status).into_iter().collect();
    };
    let current = shape::wished(&target);
    let used = world.use_of(&target.key());
    let wished = wished(scaler, current, used);
    if wished != current {
        actions.push(Action::patch(&target, value!({ "spec": { "replicas": wished } }), None));
        status.insert("lastScaleTime", time::seconds(now));
    }
    let message = "the HPA controller was able to get the target's current scale";
    conditions.set("AbleToScale", "True", "SucceededGetScale", message, false);
    match used {
        Some(percent) => {
            let message = "the HPA was able to successfully calculate a replica count from cpu resource \
                           utilization (percentage of request)";
            conditions.set("ScalingActive", "True", "ValidMetricFound", message, false);
            let metric = value!({ "type": "Resource",
                "resource": { "name": "cpu", "current": { "averageUtilization": percent, "averageValue": "0" } } });
            status.insert("currentMetrics", value!([metric]));
        }
        None => {
            let message = "the HPA was unable to compute the replica count: no metrics were fed";
            conditions.set("ScalingActive", "False", "FailedGetResourceMetric", message, false);
        }
    }
    count(&mut status, current, wished);
    conditions.write(&mut status);
    actions.extend(Action::status(scaler, status));
    actions
}

fn count(status: &mut Map, current: i64, wished: i64) {
    status.insert("currentReplicas", current);
    status.insert("desiredReplicas", wished);
}

fn target(scaler: &Object) -> ResourceKey {
    let of = |field: &str| scaler.str_at(&["spec", "scaleTargetRef", field]).unwrap_or_default();
    let kind = GroupKind::new(of("apiVersion").split_once('/').map_or("", |(group, _)| group), of("kind"));
    ResourceKey::new(&kind.group, &kind.kind, scaler.namespace(), of("name"))
}

/// As many replicas as bring the use to its target, within the bounds.
fn wished(scaler: &Object, current: i64, used: Option<i64>) -> i64 {
    let least = scaler.i64_at(&["spec", "minReplicas"]).unwrap_or(1);
    let most = scaler.i64_at(&["spec", "maxReplicas"]).unwrap_or(current);
    if current == 0 {
        // Scaled to nothing by hand: that switches the autoscaler off.
        return 0;
    }
    let metrics = scaler.list_at(&["spec", "metrics"]);
    let goal = metrics.iter().find_map(|m| m.i64_at(&["resource", "target", "averageUtilization"]));
    let count = match (used, goal.filter(|goal| *goal > 0)) {
        (Some(used), Some(goal)) if (used * 100 / goal - 100).abs() > TOLERANCE => {
            (current * used + goal - 1) / goal
        }
        _ => current,
    };
    count.clamp(least, most.max(least))
}
