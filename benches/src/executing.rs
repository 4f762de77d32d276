//! Executing alone: how near the controller's writes come to those of a load generator that does nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tautline::cluster::{Cluster, Target, WriteOptions};
use tautline::core::{FieldManager, Object, value};

use crate::bench::{Bench, target};
use crate::slow::Slow;

/// What every write takes longer than it does.
const LATENCY: Duration = Duration::from_millis(5);

/// How many writes run side by side in both: the runtime's default.
const PARALLEL: usize = 32;

/// How often both are measured, one after the other.
const ROUNDS: usize = 3;

/// Syncs an app of so many new ConfigMaps against a cluster whose writes take 5 ms more, and has a load generator apply
/// as many to the same server. Prints both rates, each between its first write and its last, and the ratio.
pub(crate) async fn execute(count: usize) -> Result<(), String> {
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let mut slow = None;
        let bench = Bench::over(|engine| {
            let made = Slow::new(engine, LATENCY);
            slow = Some(made.clone());
            Arc::new(made)
        })
        .await?;
        let slow = slow.ok_or("the controller has a cluster")?;
        let raw = generate(&slow, count, round).await?;
        bench.first_sync(count).await?;
        let (engine, written) = slow.rate();
        if written != count {
            return Err(format!("{written} applies for {count} objects"));
        }
        let ratio = engine / raw;
        println!(
            "round {round}: load generator {raw:.0}/s, controller {engine:.0}/s, ratio {:.0} %",
            ratio * 100.0
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ROUNDS / 2).copied().unwrap_or(0.0);
    println!("executing {count} new objects: {:.0} % of the load generator's rate (median)", median * 100.0);
    Ok(())
}

/// Applies as many ConfigMaps as fast as so many tasks can, and answers how many a second.
async fn generate(slow: &Slow, count: usize, round: usize) -> Result<f64, String> {
    let one = config_map(0, round);
    let like: Target = target(slow, &one).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..PARALLEL)
        .map(|_| {
            let (slow, next, resource) = (slow.clone(), next.clone(), like.resource.clone());
            tokio::spawn(async move {
                let options =
                    WriteOptions { force: true, ..WriteOptions::by(FieldManager::new("generator")) };
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return Ok::<(), String>(());
                    }
                    let object = config_map(index, round);
                    let target = Target::of(resource.clone(), &object);
                    slow.apply(&target, &object, &options).await.map_err(|error| error.to_string())?;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.map_err(|error| error.to_string())??;
    }
    Ok(slow.rate().0)
}

fn config_map(index: usize, round: usize) -> Object {
    let value = value!({ "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": format!("generated-{round}-{index}"), "namespace": "default",
            "annotations": { "argocd.argoproj.io/tracking-id": format!("x:/ConfigMap:default/other-{index}") } },
        "data": { "key": "one", "other": format!("{index}") } });
    Object::from_map(value.as_map().cloned().unwrap_or_default())
}
