//! Random requests: the embedded server answers as the real one does, or, where there is none, as a small reference.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![allow(clippy::disallowed_methods, reason = "tests read the environment")]

use std::collections::BTreeMap;

use tautline_core::Value;
use tautline_tests::model::{Kind, Reference, Side, sequence};
use tautline_tests::served_cases::Peer;

const ALL: u64 = 400;
const LENGTH: usize = 40;

/// How many sequences are run: a twentieth, unless asked for all.
fn count() -> u64 {
    if std::env::var_os("TAUTLINE_DEEP").is_some() { ALL } else { ALL / 20 }
}

#[tokio::test]
async fn the_embedded_server_answers_as_the_reference() {
    let mut peer = Peer::embedded();
    for number in 0..count() {
        let mut reference = Reference::default();
        let mut side = Side::begin(&mut peer).await.unwrap();
        for (i, request) in sequence(number, Kind::ConfigMap, LENGTH).iter().enumerate() {
            let expected = reference.ask(request);
            let seen = side.ask(request).await.unwrap();
            let at = format!("sequence {number}, request {i}: {request:?}\n{}", seen.body);
            assert_eq!(seen.code, expected.code, "{at}");
            if let Some(data) = expected.data {
                let body = Value::from_json(seen.body.as_bytes()).unwrap();
                let got: BTreeMap<String, String> = body
                    .get("data")
                    .and_then(Value::as_map)
                    .into_iter()
                    .flatten()
                    .map(|(key, value)| (key.to_string(), value.as_str().unwrap().to_owned()))
                    .collect();
                assert_eq!(got, data, "{at}");
            }
        }
    }
}

#[tokio::test]
async fn the_embedded_server_answers_as_the_real_one() {
    let Ok(kubeconfig) = std::env::var("TAUTLINE_E2E_KUBECONFIG") else {
        eprintln!("skipped: TAUTLINE_E2E_KUBECONFIG names no real server");
        return;
    };
    let (mut embedded, mut real) = (Peer::embedded(), Peer::real(kubeconfig));
    for number in 0..count() {
        let kind = if number % 2 == 0 { Kind::ConfigMap } else { Kind::Deployment };
        let mut here = Side::begin(&mut embedded).await.unwrap();
        let mut there = Side::begin(&mut real).await.unwrap();
        for (i, request) in sequence(number, kind, LENGTH).iter().enumerate() {
            let (here, there) = (here.ask(request).await.unwrap(), there.ask(request).await.unwrap());
            assert_eq!(here, there, "sequence {number}, request {i}: {request:?}");
        }
    }
}
