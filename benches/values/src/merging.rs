//! Server-side apply and the diff.

use std::sync::Arc;

use tautline_core::{Digest, FieldManager, Manifest, MaskingKey, Object, Origin, Presence, Timestamp};
use tautline_diff::{Circumstances, Differ, Memo, Outcome, Sides, Structured, ThreeWay};
use tautline_merge::{Applied, Apply, ApplyError, apply};
use tautline_schema::{builtin, defaults};

use crate::inputs::Inputs;
use crate::peer::{Peer, without_times};
use crate::timing::{print, time};

pub(crate) fn run(inputs: &Inputs, peer: &Peer) -> Result<(), String> {
    println!("server-side apply of a Deployment over a live one");
    for (name, config) in [("unchanged", &inputs.desired), ("changed", &inputs.changed)] {
        let predicted = predict(&inputs.live, config).map_err(|error| error.to_string())?.object;
        peer.compare(&format!("apply {name}"), &without_times(&predicted))?;
        print(&format!("predict, {name}, ours"), time(|| predict(&inputs.live, config)));
        peer.print(&format!("apply {name}"), &format!("apply, {name}, structured-merge-diff"), None);
    }
    println!("diff of a Deployment");
    let git = FieldManager::new("git");
    let differ = Structured::new(tautline_schema::shared(), git, MaskingKey::new([0; 32]), Vec::new());
    let live = Presence::Present(Arc::new(inputs.live.clone()));
    diff("unchanged", &differ, &inputs.desired, &live, &Outcome::Unchanged)?;
    diff("changed", &differ, &inputs.changed, &live, &Outcome::Change)?;
    memo(&differ, &inputs.desired, &inputs.live, &live)?;
    let three_way = ThreeWay::new(tautline_schema::shared(), MaskingKey::new([0; 32]));
    diff("changed, client-side", &three_way, &inputs.changed, &live, &Outcome::Change)?;
    println!("diff of a CRD of {} bytes", inputs.crd.to_value().to_json().len());
    let live = Presence::Present(Arc::new(inputs.live_crd.clone()));
    diff("unchanged", &differ, &inputs.crd, &live, &Outcome::Unchanged)?;
    diff("changed in one place", &differ, &inputs.edited_crd, &live, &Outcome::Change)?;
    diff("changed everywhere", &differ, &inputs.changed_crd, &live, &Outcome::Change)
}

/// The memo: asked of the very version again, and of the same after a heartbeat of the status.
fn memo(
    differ: &dyn Differ,
    desired: &Object,
    live: &Object,
    first: &Presence<Arc<Object>>,
) -> Result<(), String> {
    let desired = Manifest::new(desired.clone(), Origin::file("shop.yaml", 1));
    let circumstances = Circumstances { options: Digest::of_bytes(b"options"), schemas: 1 };
    let mut memo = Memo::new();
    let mut ask = |live: &Presence<Arc<Object>>| {
        memo.diff(
            differ,
            &Sides { desired: &desired, live, learned: None, ignore: None, taken_over: &[] },
            &circumstances,
        )
    };
    let same = Presence::Present(Arc::new(live.clone()));
    ask(first);
    print("the memo answers, same version", time(|| ask(&same)));
    let beats: Vec<Presence<Arc<Object>>> = (0..2)
        .map(|i| {
            let mut beat = live.clone();
            beat.metadata_mut().insert("resourceVersion", (i + 5000).to_string());
            beat.as_map_mut().map_at("status").insert("readyReplicas", i64::from(i));
            Presence::Present(Arc::new(beat))
        })
        .collect();
    let mut turn = 0;
    let took = time(|| {
        turn += 1;
        beats.get(turn % 2).map(&mut ask)
    });
    print("the memo answers, status heartbeat", took);
    Ok(())
}

fn predict(live: &Object, config: &Object) -> Result<Applied, ApplyError> {
    let schemas = builtin();
    apply(Apply {
        live: Some(live),
        config,
        manager: &FieldManager::new("git"),
        force: true,
        subresource: None,
        now: Timestamp::from_seconds(1_900_000_000),
        schemas,
        defaulter: &|object, live| defaults::settle_over(object, live, schemas),
    })
}

fn diff(
    name: &str,
    differ: &dyn Differ,
    desired: &Object,
    live: &Presence<Arc<Object>>,
    expect: &Outcome,
) -> Result<(), String> {
    let desired = Manifest::new(desired.clone(), Origin::file("shop.yaml", 1));
    let sides = Sides { desired: &desired, live, learned: None, ignore: None, taken_over: &[] };
    let outcome = differ.diff(&sides).outcome;
    if outcome != *expect {
        return Err(format!("{name}: {outcome:?} instead of {expect:?}"));
    }
    print(&format!("{name}, ours"), time(|| differ.diff(&sides)));
    Ok(())
}
