//! Server-side apply and the diff.

use std::sync::Arc;

use tautline_core::{FieldManager, Manifest, MaskingKey, Object, Origin, Presence, Timestamp};
use tautline_diff::{Differ, Outcome, Sides, Structured};
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
    println!("diff of a CRD of {} bytes", inputs.crd.to_value().to_json().len());
    let live = Presence::Present(Arc::new(inputs.live_crd.clone()));
    diff("unchanged", &differ, &inputs.crd, &live, &Outcome::Unchanged)?;
    diff("changed everywhere", &differ, &inputs.changed_crd, &live, &Outcome::Change)
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
        defaulter: &|object| defaults::settle(object, schemas),
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
    let sides = Sides { desired: &desired, live, learned: None, ignore: None };
    let outcome = differ.diff(&sides).outcome;
    if outcome != *expect {
        return Err(format!("{name}: {outcome:?} instead of {expect:?}"));
    }
    print(&format!("{name}, ours"), time(|| differ.diff(&sides)));
    Ok(())
}
