//! Controllers and kubelet on the in-process server.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use tautline_apiserver::{Identity, Local, Options, Server, Verb};
use tautline_cluster::{Patch, Query, Target, WriteOptions};
use tautline_core::{FieldManager, ManualClock, Object, Timestamp, Value, value};
use tautline_ownership::Propagation;
use tautline_workloads::{Play, Player};

struct Stage {
    local: Local,
    player: Player,
    clock: Arc<ManualClock>,
}

fn start() -> Stage {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_893_456_000)));
    let local = Server::new(Options::with_clock(clock.clone())).caller(Identity::admin("test"));
    let stage = local.server().caller(Identity::admin("workloads"));
    Stage { local, player: Player::new(Arc::new(stage), clock.clone(), Play::All), clock }
}

impl Stage {
    fn play(&mut self) -> usize {
        block_on(self.player.catch_up()).unwrap()
    }

    fn at(&self, api: &str, kind: &str, name: &str) -> Target {
        Target::new(self.local.resource(api, kind).unwrap(), "default", name)
    }

    fn make(&self, object: Value) -> Arc<Object> {
        let mut object = Object::new(object).unwrap();
        object.metadata_mut().insert("namespace", "default");
        let target = Target::of(self.local.resource(object.api_version(), object.kind()).unwrap(), &object);
        self.local.make(&target, &object, &WriteOptions::by(FieldManager::new("test"))).unwrap().object
    }

    fn merge(&self, target: &Target, patch: Value) {
        self.local
            .change(target, &Patch::Merge(patch), &WriteOptions::by(FieldManager::new("test")))
            .unwrap();
    }

    fn get(&self, api: &str, kind: &str, name: &str) -> Arc<Object> {
        self.local.read(&self.at(api, kind, name)).unwrap().unwrap()
    }

    fn list(&self, api: &str, kind: &str) -> Vec<Arc<Object>> {
        let mut query = Query::all(self.local.resource(api, kind).unwrap());
        query.namespace = Some("default".to_owned());
        self.local.list_all(&query).unwrap().0
    }
}

fn deployment(name: &str, image: &str, replicas: i64) -> Value {
    value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": { "replicas": replicas, "selector": { "matchLabels": { "app": name } },
            "template": { "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "app", "image": image }] } } } })
}

fn condition<'o>(object: &'o Object, kind: &str) -> &'o Value {
    let list = object.list_at(&["status", "conditions"]);
    list.iter().find(|c| c.str_at(&["type"]) == Some(kind)).unwrap()
}

#[test]
fn a_deployment_lives_and_dies() {
    let mut stage = start();
    stage.make(deployment("web", "shop:1", 3));
    stage.play();
    let web = stage.get("apps/v1", "Deployment", "web");
    assert_eq!(web.i64_at(&["status", "availableReplicas"]), Some(3));
    assert_eq!(web.i64_at(&["status", "observedGeneration"]), web.generation());
    assert_eq!(condition(&web, "Progressing").str_at(&["reason"]), Some("NewReplicaSetAvailable"));
    assert_eq!(web.annotation("deployment.kubernetes.io/revision"), Some("1"));
    assert_eq!(stage.list("v1", "Pod").len(), 3);
    assert_eq!(stage.play(), 0, "nothing is written twice");
    let target = stage.at("apps/v1", "Deployment", "web");
    stage.local.remove(&target, Propagation::Foreground).unwrap();
    stage.play();
    assert!(stage.local.read(&target).unwrap().is_none());
    assert!(stage.list("apps/v1", "ReplicaSet").is_empty() && stage.list("v1", "Pod").is_empty());
}

#[test]
fn a_new_image_rolls_over_and_keeps_the_old_replica_set() {
    let mut stage = start();
    stage.make(deployment("web", "shop:1", 4));
    stage.play();
    let target = stage.at("apps/v1", "Deployment", "web");
    let image = |image: &str| value!({ "spec": { "template": { "spec": { "containers": [{ "name": "app", "image": image }] } } } });
    stage.merge(&target, image("shop:2"));
    stage.play();
    let web = stage.get("apps/v1", "Deployment", "web");
    assert_eq!(web.i64_at(&["status", "updatedReplicas"]), Some(4));
    assert_eq!(web.i64_at(&["status", "replicas"]), Some(4));
    let images: Vec<_> = stage
        .list("v1", "Pod")
        .iter()
        .map(|pod| pod.list_at(&["spec", "containers"])[0].str_at(&["image"]).unwrap().to_owned())
        .collect();
    assert_eq!(images, ["shop:2"; 4]);
    assert_eq!(stage.list("apps/v1", "ReplicaSet").len(), 2);
    stage.merge(&target, image("broken:3"));
    stage.play();
    let web = stage.get("apps/v1", "Deployment", "web");
    // 25 % of four may be missing, so three stay while the new ones cannot start.
    assert_eq!(web.i64_at(&["status", "availableReplicas"]), Some(3));
    assert_eq!(condition(&web, "Available").str_at(&["status"]), Some("True"));
    stage.clock.advance(Duration::from_secs(700));
    stage.play();
    let web = stage.get("apps/v1", "Deployment", "web");
    assert_eq!(condition(&web, "Progressing").str_at(&["reason"]), Some("ProgressDeadlineExceeded"));
}

#[test]
fn images_named_broken_are_never_pulled() {
    let mut stage = start();
    stage.make(deployment("web", "registry.ex.test/broken-image:1", 1));
    stage.play();
    let pod = stage.list("v1", "Pod").remove(0);
    let status = &pod.list_at(&["status", "containerStatuses"])[0];
    assert_eq!(status.str_at(&["state", "waiting", "reason"]), Some("ImagePullBackOff"));
    assert_eq!(pod.str_at(&["status", "phase"]), Some("Pending"));
    let web = stage.get("apps/v1", "Deployment", "web");
    assert_eq!(condition(&web, "Available").str_at(&["status"]), Some("False"));
}

#[test]
fn a_stateful_set_has_numbered_pods_with_claims() {
    let mut stage = start();
    stage.make(value!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "db" },
        "spec": { "replicas": 2, "serviceName": "db", "selector": { "matchLabels": { "app": "db" } },
            "template": { "metadata": { "labels": { "app": "db" } },
                "spec": { "containers": [{ "name": "db", "image": "db:1" }] } },
            "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } }] } }));
    stage.play();
    let names: Vec<_> = stage.list("v1", "Pod").iter().map(|pod| pod.name().to_owned()).collect();
    assert_eq!(names, ["db-0", "db-1"]);
    let claim = stage.get("v1", "PersistentVolumeClaim", "data-db-1");
    assert_eq!(claim.str_at(&["status", "phase"]), Some("Bound"));
    let set = stage.get("apps/v1", "StatefulSet", "db");
    assert_eq!(set.i64_at(&["status", "readyReplicas"]), Some(2));
    stage.merge(
        &stage.at("apps/v1", "StatefulSet", "db"),
        value!({ "spec": { "replicas": 1, "template": { "spec": { "containers": [{ "name": "db", "image": "db:2" }] } } } }),
    );
    stage.play();
    let set = stage.get("apps/v1", "StatefulSet", "db");
    assert_eq!(set.str_at(&["status", "currentRevision"]), set.str_at(&["status", "updateRevision"]));
    assert_eq!(stage.list("v1", "Pod").len(), 1);
}

#[test]
fn jobs_finish_or_give_up() {
    let mut stage = start();
    let job = |name: &str, image: &str| {
        value!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name },
            "spec": { "backoffLimit": 1, "completions": 2, "parallelism": 1, "template": { "spec": { "restartPolicy": "Never",
                "containers": [{ "name": "job", "image": image }] } } } })
    };
    stage.make(job("good", "task:1"));
    stage.make(job("bad", "fail:1"));
    stage.play();
    let good = stage.get("batch/v1", "Job", "good");
    assert_eq!(good.i64_at(&["status", "succeeded"]), Some(2));
    assert_eq!(condition(&good, "Complete").str_at(&["status"]), Some("True"));
    let bad = stage.get("batch/v1", "Job", "bad");
    assert_eq!(bad.i64_at(&["status", "failed"]), Some(2));
    assert_eq!(condition(&bad, "Failed").str_at(&["reason"]), Some("BackoffLimitExceeded"));
}

#[test]
fn daemon_sets_services_and_ingresses() {
    let mut stage = start();
    stage.make(value!({ "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": { "name": "agent" },
        "spec": { "selector": { "matchLabels": { "app": "agent" } }, "template": {
            "metadata": { "labels": { "app": "agent" } },
            "spec": { "containers": [{ "name": "a", "image": "a:1", "ports": [{ "name": "http", "containerPort": 8080 }] }] } } } }));
    stage.make(value!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "agent" },
        "spec": { "type": "LoadBalancer", "selector": { "app": "agent" }, "ports": [{ "port": 80, "targetPort": "http" }] } }));
    stage.play();
    let agent = stage.get("apps/v1", "DaemonSet", "agent");
    assert_eq!(agent.i64_at(&["status", "numberReady"]), Some(1));
    let slice = stage.list("discovery.k8s.io/v1", "EndpointSlice").remove(0);
    assert_eq!(slice.list_at(&["ports"])[0].i64_at(&["port"]), Some(8080));
    assert_eq!(slice.list_at(&["endpoints"]).len(), 1);
    let endpoints = stage.get("v1", "Endpoints", "agent");
    assert_eq!(endpoints.list_at(&["subsets"])[0].list_at(&["addresses"]).len(), 1);
    let service = stage.get("v1", "Service", "agent");
    assert!(service.str_at(&["spec", "clusterIP"]).unwrap().starts_with("10.96."));
    assert_eq!(service.list_at(&["status", "loadBalancer", "ingress"]).len(), 1);
}

#[test]
fn an_autoscaler_follows_the_use_it_is_fed() {
    let mut stage = start();
    stage.make(deployment("web", "shop:1", 1));
    stage.make(value!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "web" },
        "spec": { "minReplicas": 2, "maxReplicas": 5,
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" },
            "metrics": [{ "type": "Resource", "resource": { "name": "cpu",
                "target": { "type": "Utilization", "averageUtilization": 50 } } }] } }));
    stage.play();
    let replicas =
        |stage: &Stage| stage.get("apps/v1", "Deployment", "web").i64_at(&["spec", "replicas"]).unwrap();
    assert_eq!(replicas(&stage), 2);
    let web = tautline_core::ResourceKey::new("apps", "Deployment", "default", "web");
    stage.player.feed_use(&web, 100);
    stage.play();
    // Twice the use asks for twice the pods, again and again up to the bound: nobody has told that the use fell.
    assert_eq!(replicas(&stage), 5);
    stage.player.feed_use(&web, 52);
    stage.play();
    assert_eq!(replicas(&stage), 5);
    let scaler = stage.get("autoscaling/v2", "HorizontalPodAutoscaler", "web");
    assert_eq!(condition(&scaler, "ScalingActive").str_at(&["status"]), Some("True"));
}

#[test]
fn a_hundred_deployments_take_a_bounded_number_of_writes() {
    let mut stage = start();
    for i in 0..100 {
        stage.make(deployment(&format!("web-{i}"), "shop:1", 1));
    }
    stage.local.server().clear_counts();
    stage.play();
    let healthy = stage.list("apps/v1", "Deployment");
    assert!(healthy.iter().all(|d| d.i64_at(&["status", "availableReplicas"]) == Some(1)));
    let counts = stage.local.server().counts();
    // Two objects and an Event for each.
    assert_eq!(counts.of(Verb::Create, ""), 400);
    // Besides these: the pod, its ReplicaSet and the Deployment tell each step, and the revision.
    assert!(counts.writes() <= 1400, "{} writes", counts.writes());
}
