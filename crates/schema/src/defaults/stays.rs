//! Whether an object stays settled where single values took the place of others.

use std::sync::LazyLock;

use tautline_core::{FieldPath, Key, Object, PathElement, Value};

use crate::stored::is_zero;

/// What an object was made of.
#[derive(Clone, Copy, Debug)]
pub struct Over<'a> {
    /// An object that is settled, as a server answered with it.
    pub live: &'a Object,
    /// Where the new object is another than that: in these places or below them, and nowhere else.
    pub touched: &'a [Touched],
    /// Whether all that was put there is known to be as its type stores it, see [`crate::TypeRef::stores`].
    pub is_stored: bool,
}

/// A place where an object is another than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The place.
    pub path: FieldPath,
    /// What was there.
    pub from: Option<Value>,
    /// What is there now.
    pub to: Option<Value>,
    /// Whether all of it is another value, so that nothing below the place needs to be compared.
    pub is_whole: bool,
}

/// Fields whose value makes a difference to defaults of others, or that are set whatever they were: all that the code in
/// [`super::kinds`] and [`super::pods`] reads for more than whether it is there.
static READ: LazyLock<[Key; 12]> = LazyLock::new(|| {
    [
        "allocationMode",
        "apiVersion",
        "hostNetwork",
        "ip",
        "kind",
        "kubernetes.io/metadata.name",
        "podIP",
        "serviceAccount",
        "serviceAccountName",
        "sessionAffinity",
        "stringData",
        "type",
    ]
    .map(Key::new)
});

/// Whether all that was put in the places is stored as it is and sets off no default. Also `false` where that takes a
/// closer look: where it is more than one scalar for another, neither of them empty.
pub(super) fn stay_settled(over: Over<'_>) -> bool {
    const FEW: usize = 16;
    over.is_stored && (1..=FEW).contains(&over.touched.len()) && over.touched.iter().all(stays_settled)
}

fn stays_settled(Touched { path, from, to, .. }: &Touched) -> bool {
    let is_said = |value: &Option<Value>| {
        value
            .as_ref()
            .is_some_and(|value| !matches!(value, Value::List(_) | Value::Map(_)) && !is_zero(value))
    };
    let is_read = |element: &PathElement| match element {
        PathElement::Field(name) => READ.contains(name),
        _ => true,
    };
    // A namespace's name is a label of it.
    let is_name = path.len() == 2 && *path == FieldPath::fields(["metadata", "name"]);
    is_said(from) && is_said(to) && !is_name && path.last().is_some_and(|element| !is_read(element))
}

#[cfg(test)]
mod tests {
    use super::super::settle_over;
    use super::*;
    use crate::types::{ListType, TypeRef};
    use crate::{Schemas, builtin};
    use tautline_core::value;

    /// The places of all scalars.
    fn scalars(value: &Value, of: TypeRef<'_>, at: &FieldPath, found: &mut Vec<FieldPath>) {
        match value {
            Value::Map(map) => {
                for (key, below) in map {
                    let Some(of) = of.field_key(key) else { continue };
                    scalars(below, of, &at.field(key), found);
                }
            }
            Value::List(items) => {
                let (Some(below), ListType::Map(keys)) = (of.items(), of.list_type()) else { return };
                for item in items {
                    let named = keys.iter().filter_map(|key| Some((key, item.get(key)?.clone())));
                    scalars(item, below, &at.with(PathElement::Item(named.collect())), found);
                }
            }
            _ => found.push(at.clone()),
        }
    }

    fn put(value: &Value, path: &mut dyn Iterator<Item = &PathElement>, to: &Value) -> Value {
        let Some(element) = path.next() else { return to.clone() };
        match (element, value) {
            (PathElement::Field(name), Value::Map(map)) => {
                let mut map = map.clone();
                let below = map.get(name).cloned().unwrap_or_default();
                map.insert(name, put(&below, path, to));
                Value::Map(map)
            }
            (element, Value::List(items)) => {
                let is_it = element.get(value).cloned();
                let mut items = items.to_vec();
                for item in items.iter_mut().filter(|item| Some(&**item) == is_it.as_ref()) {
                    *item = put(item, path, to);
                }
                Value::List(items.into())
            }
            _ => value.clone(),
        }
    }

    /// Puts several values in each place of a settled object, and settles what comes of it in both ways.
    fn check(object: Value) -> (usize, usize) {
        let (schemas, mut count) = (builtin(), (0, 0));
        let mut live = Object::new(object).unwrap();
        settle_over(&mut live, None, schemas).unwrap();
        let root = schemas.root(&live.gvk()).unwrap();
        let mut places = Vec::new();
        scalars(&live.to_value(), root.node(), &FieldPath::root(), &mut places);
        let texts =
            ["x", "7", "Always", "ClientIP", "LoadBalancer", "RollingUpdate", "User", "0.5", "y:latest", ""];
        let values = texts
            .map(Value::from)
            .into_iter()
            .chain([7, 0].map(Value::Int))
            .chain([true, false].map(Value::Bool));
        for (place, to) in places.iter().flat_map(|place| values.clone().map(move |to| (place, to))) {
            let made = put(&live.to_value(), &mut place.elements(), &to);
            let Value::Map(made) = made else { panic!("it is an object") };
            let mut object = Object::from_map(made);
            if object.gvk() != live.gvk() {
                continue;
            }
            let mut whole = object.clone();
            let is_stored = root.at(place).is_some_and(|of| of.stores(&to));
            let from = place.get(&live.to_value()).cloned();
            let touched = [Touched { path: place.clone(), from, to: Some(to), is_whole: true }];
            let over = Over { live: &live, touched: &touched, is_stored };
            count.0 += usize::from(stay_settled(over));
            count.1 += 1;
            let (short, long) =
                (settle_over(&mut object, Some(over), schemas), settle_over(&mut whole, None, schemas));
            assert_eq!(short, long, "{place}");
            if long.is_ok() {
                assert_eq!(object.to_value().to_json(), whole.to_value().to_json(), "{place}");
            }
        }
        count
    }

    fn pod() -> Value {
        value!({
            "serviceAccountName": "a", "hostNetwork": true, "priority": 3, "nodeSelector": { "disk": "fast" },
            "volumes": [{ "name": "v", "hostPath": { "path": "/x" } }, { "name": "c", "configMap": { "name": "c" } }],
            "containers": [{ "name": "app", "image": "app:1", "ports": [{ "containerPort": 80, "protocol": "TCP" }],
                "env": [{ "name": "A", "value": "b" }, { "name": "P", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }],
                "resources": { "limits": { "cpu": "1" } },
                "livenessProbe": { "httpGet": { "port": 80, "path": "/x" }, "periodSeconds": 3 } }]
        })
    }

    #[test]
    fn settling_what_was_touched_is_settling_the_whole() {
        let of = |api: &str, kind: &str, spec: Value| {
            value!({ "apiVersion": api, "kind": kind, "spec": spec,
                "metadata": { "name": "a", "labels": { "x": "y" }, "annotations": { "note": "n" } } })
        };
        let template = || value!({ "metadata": { "labels": { "x": "y" } }, "spec": (pod()) });
        let objects = [
            of("v1", "Pod", pod()),
            of(
                "apps/v1",
                "Deployment",
                value!({ "replicas": 2, "selector": { "matchLabels": { "x": "y" } }, "template": (template()) }),
            ),
            of(
                "apps/v1",
                "DaemonSet",
                value!({ "selector": { "matchLabels": { "x": "y" } }, "template": (template()) }),
            ),
            of(
                "apps/v1",
                "StatefulSet",
                value!({ "serviceName": "s", "template": (template()), "volumeClaimTemplates": [
                { "metadata": { "name": "d" }, "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } }] }),
            ),
            of("batch/v1", "Job", value!({ "template": (template()) })),
            of(
                "batch/v1",
                "CronJob",
                value!({ "schedule": "1 * * * *", "jobTemplate": { "spec": { "template": (template()) } } }),
            ),
            of(
                "v1",
                "Service",
                value!({ "type": "NodePort", "sessionAffinity": "ClientIP", "ports": [{ "port": 80 }, { "port": 53, "protocol": "UDP", "targetPort": "dns" }] }),
            ),
            of("v1", "Namespace", value!({ "finalizers": ["kubernetes"] })),
            of(
                "v1",
                "PersistentVolume",
                value!({ "hostPath": { "path": "/x" }, "capacity": { "storage": "1Gi" } }),
            ),
            of("v1", "LimitRange", value!({ "limits": [{ "type": "Container", "max": { "cpu": "1" } }] })),
            of(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                value!({ "maxReplicas": 3, "scaleTargetRef": { "kind": "Deployment", "name": "a" }, "behavior": { "scaleUp": { "selectPolicy": "Min" } } }),
            ),
            of(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                value!({ "podSelector": {}, "ingress": [{ "ports": [{ "port": 80 }] }] }),
            ),
            of(
                "flowcontrol.apiserver.k8s.io/v1",
                "PriorityLevelConfiguration",
                value!({ "type": "Limited", "limited": { "limitResponse": { "type": "Queue", "queuing": { "queues": 3 } } } }),
            ),
            of(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                value!({ "group": "e.com", "scope": "Namespaced", "names": { "plural": "things", "kind": "Thing" },
                "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": { "type": "object" } } }] }),
            ),
            value!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" }, "data": { "a": "eA==" }, "type": "Opaque" }),
            value!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": "a" },
                "roleRef": { "kind": "Role", "name": "r" }, "subjects": [{ "kind": "User", "name": "u" }] }),
            value!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": { "name": "a" },
                "webhooks": [{ "name": "w.e.com", "sideEffects": "None", "clientConfig": { "service": { "name": "s", "namespace": "n" } } }] }),
        ];
        let (mut short, mut all) = (0, 0);
        for object in objects {
            let (a, b) = check(object);
            (short, all) = (short + a, all + b);
        }
        assert!(short * 3 > all, "{short} of {all} needed no closer look");
    }
}
