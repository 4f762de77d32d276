//! A hook that fails says how its log ends, before its policy removes it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers fail the test that uses them"
)]

use std::time::Duration;

use tautline_cluster::Query;
use tautline_core::{Value, value};
use tautline_tests::scenario::{key, manifest};
use tautline_tests::simulation::{Moment, Simulation};
use tautline_tests::stand::{application, set};

const QUIET: Duration = Duration::from_secs(60);

/// An app whose hook fails. What the pods write is said by name.
fn failing(policy: &str, logs: &[(String, String)]) -> Simulation {
    failing_beside(policy, logs, &[])
}

/// The same beside other objects.
fn failing_beside(policy: &str, logs: &[(String, String)], others: &[Value]) -> Simulation {
    let mut app = application("web", "web", "prod");
    set(&mut app, &["spec", "syncPolicy", "retry"], value!({ "limit": 0 }));
    let mut simulation = Simulation::new(app);
    for (pod, text) in logs {
        simulation.server.set_log("prod", pod, text);
    }
    let objects = [format!("Job migrate hook=PreSync image=fail:1{policy}"), "ConfigMap a".to_owned()];
    let objects = objects.iter().map(|object| manifest(object)).chain(others.iter().cloned());
    let named = (0..).zip(objects);
    simulation.commit(named.map(|(n, object): (u32, _)| (format!("web/{n}.json"), object.to_json())));
    simulation
}

/// The name of the pod that the hook's Job makes: every run of a simulation is the same.
fn pod() -> String {
    let mut simulation = failing("", &[]);
    simulation.run(QUIET);
    let resource = simulation.admin.resource("v1", "Pod").unwrap();
    let (pods, _) = simulation.admin.list_all(&Query::all(resource)).unwrap();
    pods.first().expect("the Job made a pod").name().to_owned()
}

fn message(simulation: &Simulation) -> String {
    let operation = simulation.report().operation.expect("there was a sync");
    let result = operation.results.iter().find(|result| result.is_hook).expect("the hook has a result");
    assert!(operation.message.contains(&result.message), "{}", operation.message);
    result.message.clone()
}

#[test]
fn the_end_of_the_log_is_in_the_result_though_the_hook_is_removed() {
    let text: String = (0..30).map(|n| format!("step {n}\n")).collect::<String>() + "no such table: orders\n";
    let mut simulation = failing(" policy=HookFailed", &[(pod(), text)]);
    simulation.run(QUIET);
    let message = message(&simulation);
    assert!(message.contains("ends:\nstep 21\n") && message.ends_with("no such table: orders"), "{message}");
    assert!(simulation.get(&key("Job/migrate")).is_none(), "its policy removes it");
    assert_eq!(simulation.effects.iter().filter(|effect| **effect == "read log").count(), 1);
}

#[test]
fn r26_values_of_secrets_are_masked_in_the_end_of_the_log() {
    let secret = value!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "database" },
        "stringData": { "password": "hunter2-hunter2", "pin": "abc" },
        "data": { "token": "c2VjcmV0LXRva2Vu" } });
    let text = "dsn postgres://u:hunter2-hunter2@db\ntoken secret-token c2VjcmV0LXRva2Vu\nabc\n";
    let logs = [(pod(), text.to_owned())];
    let mut simulation = failing_beside("", &logs, &[secret]);
    simulation.run(QUIET);
    let message = message(&simulation);
    for value in ["hunter2", "secret-token", "c2VjcmV0"] {
        assert!(!message.contains(value), "{message}");
    }
    let masks: Vec<&str> = message.split_whitespace().filter(|word| word.starts_with("masked")).collect();
    assert!(matches!(masks[..], [one, other] if one == other), "a value has one mask: {message}");
    assert!(message.contains("postgres://u:masked") && message.ends_with("abc"), "{message}");
}

#[test]
fn that_there_is_no_log_is_said() {
    let mut simulation = failing("", &[]);
    simulation.run(QUIET);
    assert!(message(&simulation).contains("is empty"), "{}", message(&simulation));
}

#[test]
fn a_controller_that_dies_while_it_reads_reads_again() {
    for moment in [Moment::Before, Moment::After] {
        let mut simulation = failing("", &[(pod(), "no such table\n".to_owned())]);
        while simulation.effects.last() != Some(&"read log") {
            simulation.run_effects(1, QUIET);
        }
        if moment == Moment::After {
            simulation.run_effects(1, QUIET);
        }
        simulation.restart();
        simulation.run(QUIET);
        assert!(message(&simulation).contains("no such table"), "{moment:?}: {}", message(&simulation));
    }
}
