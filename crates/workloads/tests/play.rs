//! Controllers and kubelet on the in-process server.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use tautline_apiserver::{Identity, Local, Options, Server, Verb};
use tautline_cluster::{Patch, Query, Target, WriteOptions};
use tautline_core::{FieldManager, ManualClock, Object, Timestamp, Value, value};
use tautline_ownership::Propagation;
use tautline_workloads::{Play, Player, Trouble};

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

    /// A node with so much CPU.
    fn node(&self, name: &str, cpu: &str) {
        let node = Object::new(value!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": name } }));
        let target = Target::new(self.local.resource("v1", "Node").unwrap(), "", name);
        let by = || WriteOptions::by(FieldManager::new("test"));
        self.local.make(&target, &node.unwrap(), &by()).unwrap();
        let status = value!({ "status": { "allocatable": { "cpu": cpu, "memory": "8Gi", "pods": "110" } } });
        let options = WriteOptions { subresource: Some("status".to_owned()), ..by() };
        self.local.change(&target, &Patch::Merge(status), &options).unwrap();
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

fn job_template() -> Value {
    value!({ "spec": { "template": { "spec": { "restartPolicy": "Never",
        "containers": [{ "name": "job", "image": "task:1" }] } } } })
}

#[test]
fn a_cron_job_runs_when_it_is_due() {
    let mut stage = start();
    stage.make(value!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "nightly" },
        "spec": { "schedule": "*/10 * * * *", "successfulJobsHistoryLimit": 2, "jobTemplate": job_template() } }));
    stage.play();
    assert!(stage.list("batch/v1", "Job").is_empty(), "it is not due when it is made");
    stage.clock.advance(Duration::from_secs(605));
    stage.play();
    let job = stage.list("batch/v1", "Job").remove(0);
    assert_eq!(job.name(), "nightly-31557610");
    assert_eq!(condition(&job, "Complete").str_at(&["status"]), Some("True"));
    let nightly = stage.get("batch/v1", "CronJob", "nightly");
    assert_eq!(nightly.str_at(&["status", "lastScheduleTime"]), Some("2030-01-01T00:10:00Z"));
    assert_eq!(nightly.str_at(&["status", "lastSuccessfulTime"]), Some("2030-01-01T00:10:05Z"));
    for _ in 0..3 {
        stage.clock.advance(Duration::from_secs(600));
        stage.play();
    }
    assert_eq!(stage.list("batch/v1", "Job").len(), 2, "only so many are kept");
    stage.merge(&stage.at("batch/v1", "CronJob", "nightly"), value!({ "spec": { "suspend": true } }));
    let before = stage.list("batch/v1", "Job").last().unwrap().name().to_owned();
    stage.clock.advance(Duration::from_secs(3600));
    stage.play();
    assert_eq!(stage.list("batch/v1", "Job").last().unwrap().name(), before);
}

#[test]
fn a_cron_job_that_forbids_a_second_waits_for_the_first() {
    let mut stage = start();
    stage.make(value!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "c" },
        "spec": { "schedule": "* * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": job_template() } }));
    stage.player.trouble("default", "c-", Some(Trouble::ImagePullBackOff));
    for _ in 0..3 {
        stage.clock.advance(Duration::from_secs(60));
        stage.play();
    }
    assert_eq!(stage.list("batch/v1", "Job").len(), 1);
    let cron = stage.get("batch/v1", "CronJob", "c");
    assert_eq!(cron.list_at(&["status", "active"]).len(), 1);
}

#[test]
fn a_disruption_budget_counts_its_pods() {
    let mut stage = start();
    stage.make(deployment("web", "shop:1", 4));
    stage.make(
        value!({ "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "web" },
        "spec": { "maxUnavailable": "25%", "selector": { "matchLabels": { "app": "web" } } } }),
    );
    stage.play();
    let numbers = |stage: &Stage| {
        let budget = stage.get("policy/v1", "PodDisruptionBudget", "web");
        ["expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed"]
            .map(|field| budget.i64_at(&["status", field]).unwrap())
    };
    assert_eq!(numbers(&stage), [4, 3, 4, 1]);
    let budget = stage.get("policy/v1", "PodDisruptionBudget", "web");
    assert_eq!(condition(&budget, "DisruptionAllowed").str_at(&["reason"]), Some("SufficientPods"));
    let pod = stage.list("v1", "Pod").remove(0).name().to_owned();
    stage.player.trouble("default", &pod, Some(Trouble::FailingProbe));
    stage.play();
    assert_eq!(numbers(&stage), [4, 3, 3, 0]);
}

#[test]
fn troubles_come_and_go() {
    let mut stage = start();
    stage.make(deployment("web", "shop:1", 1));
    let seen = |stage: &mut Stage, trouble: Option<Trouble>| {
        stage.player.trouble("default", "web-", trouble);
        stage.play();
        let pod = stage.list("v1", "Pod").remove(0);
        let status = pod.list_at(&["status", "containerStatuses"]).first().cloned().unwrap_or_default();
        let waits = status.str_at(&["state", "waiting", "reason"]).unwrap_or_default().to_owned();
        let ready = condition(&pod, "Ready").str_at(&["status"]).unwrap_or_default().to_owned();
        (pod.str_at(&["status", "phase"]).unwrap_or_default().to_owned(), waits, ready)
    };
    let is = |phase: &str, waits: &str, ready: &str| (phase.to_owned(), waits.to_owned(), ready.to_owned());
    assert_eq!(seen(&mut stage, None), is("Running", "", "True"));
    assert_eq!(seen(&mut stage, Some(Trouble::FailingProbe)), is("Running", "", "False"));
    assert_eq!(seen(&mut stage, Some(Trouble::CrashLoopBackOff)), is("Running", "CrashLoopBackOff", "False"));
    let trouble = seen(&mut stage, Some(Trouble::ImagePullBackOff));
    assert_eq!(trouble, is("Pending", "ImagePullBackOff", "False"));
    assert_eq!(seen(&mut stage, None), is("Running", "", "True"));
    let web = stage.get("apps/v1", "Deployment", "web");
    assert_eq!(web.i64_at(&["status", "availableReplicas"]), Some(1));
}

#[test]
fn a_pod_can_be_stuck_on_its_way_out() {
    let mut stage = start();
    stage.make(value!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" },
        "spec": { "nodeName": "n", "containers": [{ "name": "c", "image": "shop:1" }] } }));
    stage.make(value!({ "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "q", "finalizers": ["example.test/hold"] },
        "spec": { "containers": [{ "name": "c", "image": "shop:1" }] } }));
    stage.player.trouble("default", "p", Some(Trouble::StuckTerminating));
    stage.play();
    for name in ["p", "q"] {
        stage.local.remove(&stage.at("v1", "Pod", name), Propagation::Background).unwrap();
    }
    stage.play();
    assert_eq!(stage.list("v1", "Pod").len(), 2);
    stage.player.trouble("default", "p", None);
    stage.merge(&stage.at("v1", "Pod", "q"), value!({ "metadata": { "finalizers": null } }));
    stage.play();
    assert!(stage.list("v1", "Pod").is_empty());
}

#[test]
fn pods_wait_for_room_on_the_nodes() {
    let mut stage = start();
    stage.node("small", "1500m");
    let mut web = deployment("web", "shop:1", 2);
    let asks = value!({ "requests": { "cpu": "1", "memory": "1Gi" } });
    let containers = value!([{ "name": "app", "image": "shop:1", "resources": asks }]);
    if let Some(Value::Map(spec)) = web.get("spec").and_then(|s| s.at(&["template", "spec"])).cloned() {
        let mut spec = spec;
        spec.insert("containers", containers);
        web.as_map_mut().unwrap().map_at("spec").map_at("template").insert("spec", spec);
    }
    stage.make(web);
    stage.play();
    let phases = |stage: &Stage| -> Vec<String> {
        let mut all: Vec<String> = stage
            .list("v1", "Pod")
            .iter()
            .map(|pod| pod.str_at(&["status", "phase"]).unwrap_or_default().to_owned())
            .collect();
        all.sort();
        all
    };
    assert_eq!(phases(&stage), ["Pending", "Running"]);
    let pods = stage.list("v1", "Pod");
    let waiting = pods.iter().find(|pod| pod.str_at(&["status", "phase"]) == Some("Pending")).unwrap();
    let scheduled = condition(waiting, "PodScheduled");
    assert_eq!(scheduled.str_at(&["reason"]), Some("Unschedulable"));
    assert_eq!(scheduled.str_at(&["message"]), Some("0/1 nodes are available: 1 Insufficient cpu."));
    stage.node("large", "8");
    stage.play();
    assert_eq!(phases(&stage), ["Running", "Running"]);
}

#[test]
fn sets_keep_their_revisions() {
    let mut stage = start();
    let template = |name: &str, image: &str| {
        value!({ "metadata": { "labels": { "app": name } },
            "spec": { "containers": [{ "name": "c", "image": image }] } })
    };
    stage.make(value!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "db" },
        "spec": { "replicas": 1, "serviceName": "db", "selector": { "matchLabels": { "app": "db" } },
            "template": template("db", "db:1") } }));
    stage.make(value!({ "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": { "name": "agent" },
        "spec": { "selector": { "matchLabels": { "app": "agent" } }, "template": template("agent", "agent:1") } }));
    stage.play();
    let revisions = |stage: &Stage, owner: &str| -> Vec<i64> {
        let all = stage.list("apps/v1", "ControllerRevision");
        let of = all.iter().filter(|revision| revision.controller().is_some_and(|c| c.name == owner));
        let mut numbers: Vec<i64> = of.filter_map(|r| r.get("revision").and_then(Value::as_i64)).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!((revisions(&stage, "db"), revisions(&stage, "agent")), (vec![1], vec![1]));
    let image = |kind: &str, name: &str, image: &str, stage: &Stage| {
        let patch = value!({ "spec": { "template": { "spec": { "containers": [{ "name": "c", "image": image }] } } } });
        stage.merge(&stage.at("apps/v1", kind, name), patch);
    };
    image("StatefulSet", "db", "db:2", &stage);
    image("DaemonSet", "agent", "agent:2", &stage);
    stage.play();
    assert_eq!((revisions(&stage, "db"), revisions(&stage, "agent")), (vec![1, 2], vec![1, 2]));
    let history = stage.list("apps/v1", "ControllerRevision");
    let first = history.iter().find(|revision| {
        revision.get("revision").and_then(Value::as_i64) == Some(1)
            && revision.controller().is_some_and(|c| c.name == "db")
    });
    // What `kubectl rollout undo` sends.
    let data = first.unwrap().get("data").cloned().unwrap();
    let target = stage.at("apps/v1", "StatefulSet", "db");
    let by = WriteOptions::by(FieldManager::new("kubectl-rollout"));
    stage.local.change(&target, &Patch::Strategic(data), &by).unwrap();
    stage.play();
    assert_eq!(revisions(&stage, "db"), [2, 3], "the old revision is the newest again");
    let pod = stage.get("v1", "Pod", "db-0");
    assert_eq!(pod.list_at(&["spec", "containers"])[0].str_at(&["image"]), Some("db:1"));
}

#[test]
fn an_ingress_gets_an_address() {
    let mut stage = start();
    stage.make(
        value!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": "web" },
        "spec": { "defaultBackend": { "service": { "name": "web", "port": { "number": 80 } } } } }),
    );
    stage.play();
    let web = stage.get("networking.k8s.io/v1", "Ingress", "web");
    let address = &web.list_at(&["status", "loadBalancer", "ingress"])[0];
    assert_eq!(address.str_at(&["ip"]), Some("192.0.2.10"));
}
