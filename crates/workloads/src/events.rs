//! Events, as the controllers tell what they did.

use tautline_core::{Object, Timestamp, value};
use tautline_grammar::time;

use crate::action::Action;
use crate::world::World;

/// An Event about an object, told by a controller (`deployment-controller`).
pub(crate) fn normal(
    world: &mut World,
    controller: &str,
    about: &Object,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> Action {
    let name = format!("{}.{}", about.name(), world.suffix(about));
    let namespace = if about.namespace().is_empty() { "default" } else { about.namespace() };
    let at = time::seconds(now);
    let event = value!({ "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": name, "namespace": namespace },
        "involvedObject": { "apiVersion": about.api_version(), "kind": about.kind(), "name": about.name(),
            "namespace": about.namespace(), "uid": about.metadata_str("uid"),
            "resourceVersion": about.metadata_str("resourceVersion") },
        "reason": reason, "message": message, "type": "Normal", "source": { "component": controller },
        "reportingComponent": controller, "firstTimestamp": at.as_str(), "lastTimestamp": at.as_str(), "count": 1 });
    Action::Create(Object::from_map(event.as_map().cloned().unwrap_or_default()))
}
