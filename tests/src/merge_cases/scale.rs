//! Writes to the scale of a built-in kind.

use tautline_core::{FieldPath, GroupVersionKind, Object, Value, value};
use tautline_merge::{Apply, ManagedFields, ReplicasPaths, Update};

use super::server::{Request, check_error};
use super::{Replay, Verdict};

impl Replay<'_> {
    pub(super) fn scale(&mut self, request: &Request<'_>, gvk: &GroupVersionKind, step: &Value) -> Verdict {
        let compiled = self.schemas.root(gvk).is_some_and(|root| root.node().is_compiled());
        let (Some(live), Some(Value::Map(body))) = (self.objects.get(&request.path).cloned(), &request.body)
        else {
            return Verdict::NotMerges;
        };
        if !compiled {
            // What is answered for custom resources is conversion's refusal; the parent's owners are not shown.
            self.objects.remove(&request.path);
            return Verdict::NotMerges;
        }
        let paths: ReplicasPaths =
            [(gvk.api_version(), Some(FieldPath::fields(["spec", "replicas"])))].into_iter().collect();
        let Ok(owners) = ManagedFields::read(&live) else { return Verdict::NotMerges };
        let mut scale = scale_of(&live);
        tautline_merge::scale_owners(&owners, &paths).write(&mut scale);
        let manager = request.manager(step);
        let written = if request.content_type == "application/apply-patch+yaml" {
            let config = Object::from_map(body.clone());
            tautline_merge::apply(Apply {
                live: Some(&scale),
                config: &config,
                manager: &manager,
                force: request.parameter("force") == Some("true"),
                subresource: Some("scale"),
                now: request.now,
                schemas: self.schemas,
                defaulter: &|_, _| Ok(()),
            })
            .map(|applied| applied.object)
        } else {
            let mut object = scale.clone();
            let sent = request.body.as_ref().and_then(|b| b.i64_at(&["spec", "replicas"]));
            object.as_map_mut().map_at("spec").insert("replicas", sent.unwrap_or_default());
            tautline_merge::update(Update {
                live: Some(&scale),
                object: &object,
                manager: &manager,
                subresource: Some("scale"),
                now: request.now,
                schemas: self.schemas,
            })
        };
        match written {
            Err(error) if !request.accepted() => check_error(request, &error),
            Err(error) => Verdict::Different(error.to_string()),
            Ok(_) if !request.accepted() => Verdict::NotMerges,
            Ok(written) => {
                let mut parent = live;
                let after = ManagedFields::read(&written).unwrap_or_default();
                let owners = tautline_merge::owners_after_scale(&owners, &after, &gvk.api_version(), &paths);
                owners.write(&mut parent);
                if let Some(replicas) = written.at(&["spec", "replicas"]).cloned() {
                    parent.as_map_mut().map_at("spec").insert("replicas", replicas);
                }
                // The answer shows the scale only; the next GET of the object is compared with this.
                self.objects.insert(request.path.clone(), parent);
                self.scaled = Some(request.path.clone());
                Verdict::NotMerges
            }
        }
    }
}

fn scale_of(live: &Object) -> Object {
    let replicas = live.i64_at(&["spec", "replicas"]).unwrap_or_default();
    let mut scale = value!({ "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {},
        "spec": { "replicas": replicas }, "status": { "replicas": 0 } });
    if let (Some(map), Some(metadata)) = (scale.as_map_mut(), live.get("metadata").cloned()) {
        map.insert("metadata", metadata);
    }
    match scale {
        Value::Map(map) => Object::from_map(map),
        _ => Object::from_map(tautline_core::Map::new()),
    }
}
