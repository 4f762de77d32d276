//! Planning alone: from paired objects and their differences to ordered steps.

use std::sync::Arc;
use std::time::Instant;

use tautline::core::{Freshness, Manifest, Object, Origin, Presence, Timestamp, value};
use tautline::diff::{Difference, Outcome};
use tautline::ownership::{Owner, Pair};
use tautline::plan::{Inputs, Plan, PlanOptions};

/// Plans so many objects in five waves: half are new, half leave Git. Prints the best of ten.
pub(crate) fn plan(count: usize) {
    let pairs: Vec<(Pair, Difference)> = (0..count).map(pair).collect();
    let options = PlanOptions { prune: true, is_whole: true, ..PlanOptions::default() };
    let mut best = f64::INFINITY;
    for _ in 0..10 {
        let start = Instant::now();
        let (plan, _) = Plan::build(Inputs::default(), pairs.iter().map(|(p, d)| (p, d)), &[], &options);
        best = best.min(start.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(plan.steps.len(), count, "every object has one step");
    }
    println!("plan of {count} objects: {best:.1} ms");
}

fn pair(index: usize) -> (Pair, Difference) {
    let kinds =
        [("v1", "ConfigMap"), ("v1", "Service"), ("apps/v1", "Deployment"), ("example.com/v1", "Widget")];
    let (version, kind) = kinds.get(index % kinds.len()).copied().unwrap_or(("v1", "ConfigMap"));
    let object = Object::from_map(
        value!({ "apiVersion": version, "kind": kind,
            "metadata": { "name": format!("object-{index}"), "namespace": "bench", "uid": format!("{index}"),
                "annotations": { "argocd.argoproj.io/sync-wave": format!("{}", index % 5) } } })
        .as_map()
        .cloned()
        .unwrap_or_default(),
    );
    let key = object.key();
    let is_new = index.is_multiple_of(2);
    let absent = Freshness { kind: key.group_kind(), version: "1".into(), at: Timestamp::default() };
    let (desired, live) = match is_new {
        true => (Some(Manifest::new(object, Origin::file("a.yaml", 1))), Presence::Absent(absent)),
        false => (None, Presence::Present(Arc::new(object))),
    };
    let owner = if is_new { Owner::Nobody } else { Owner::Us };
    let outcome = if is_new { Outcome::Create } else { Outcome::Delete };
    (Pair { key, desired, live, owner, also_held_by: None }, Difference::of(outcome))
}
