//! Objects with something wrong: the embedded server answers as the real one does, word for word.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![allow(clippy::disallowed_methods, reason = "tests read the environment and files")]

use tautline_core::Value;
use tautline_tests::model::{Nursery, Request, Seen, Side, Version};
use tautline_tests::served_cases::Peer;

/// How many mutants are compared, unless `TAUTLINE_CASES` says otherwise.
const CASES: u64 = 1_000;
/// How many of a hundred are answered alike, in every word: what stands. The others are printed.
const LEAST: usize = 97;
/// How many share a namespace: those of one batch see what was made before them.
const BATCH: u64 = 500;

fn nursery() -> Nursery {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/mutants");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}.yaml")).unwrap();
    let texts = [read("workloads"), read("network"), read("rest")];
    Nursery::read(&texts.each_ref().map(String::as_str)).unwrap()
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Makes what mutants refer to: the seeds themselves, which replacements replace.
async fn plant(side: &mut Side<'_>, nursery: &Nursery) -> Vec<(String, Seen)> {
    let account = tautline_core::value!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default" },
    });
    let mut answers = Vec::new();
    let mut collections = std::collections::BTreeSet::new();
    for (collection, object) in std::iter::once(("/api/v1/namespaces/NAMESPACE/serviceaccounts", &account))
        .chain(nursery.seeds().iter().map(|seed| (seed.collection.as_str(), &seed.object)))
    {
        let what = format!("{collection} {}", object.str_at(&["metadata", "name"]).unwrap_or_default());
        answers.push((what, side.ask_alone(&creation(collection, object)).await.unwrap()));
        // What is there without us differs.
        if collection.contains("NAMESPACE") {
            collections.insert(collection);
        }
    }
    for collection in collections {
        let table = Request {
            method: "GET",
            path: format!("{collection}?includeObject=None"),
            media: "application/json;as=Table;v=v1;g=meta.k8s.io",
            ..creation(collection, &Value::Null)
        };
        answers.push((format!("table of {collection}"), side.ask_alone(&table).await.unwrap()));
    }
    answers
}

fn creation(collection: &str, object: &Value) -> Request {
    Request {
        method: "POST",
        path: format!("{collection}?fieldManager=mutant"),
        media: "application/json",
        body: object.clone(),
        name: String::new(),
        version: Version::None,
        manager: "mutant",
        force: false,
    }
}

#[tokio::test]
async fn seeds_are_valid_and_most_mutants_are_not() {
    let nursery = nursery();
    let mut peer = Peer::embedded();
    let mut side = Side::begin(&mut peer).await.unwrap();
    let planted = plant(&mut side, &nursery).await;
    let refused: Vec<_> =
        planted.iter().filter(|(_, answer)| !matches!(answer.code, 200 | 201 | 409)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let mut refused = 0;
    for n in 0..200 {
        let (request, done) = nursery.mutant(n).unwrap();
        let seen = side.ask_alone(&request).await.unwrap();
        assert!(seen.code < 500 || seen.body.contains("unable to"), "mutant {n} ({done}): {}", seen.body);
        refused += usize::from(seen.code >= 400);
    }
    assert!((50..200).contains(&refused), "{refused} of 200 are refused");
}

#[tokio::test]
async fn the_embedded_server_answers_as_the_real_one() {
    let Ok(kubeconfig) = std::env::var("TAUTLINE_E2E_KUBECONFIG") else {
        eprintln!("SKIPPED: TAUTLINE_E2E_KUBECONFIG names no real server");
        return;
    };
    let nursery = nursery();
    let (mut embedded, mut real) = (Peer::embedded(), Peer::real(kubeconfig));
    let (first, cases) = (number("TAUTLINE_FIRST", 0), number("TAUTLINE_CASES", CASES));
    let (mut total, mut misses) = (0, Vec::new());
    for batch in 0..cases.div_ceil(BATCH) {
        let mut here = Side::begin(&mut embedded).await.unwrap();
        let mut there = Side::begin(&mut real).await.unwrap();
        for ((what, here), (_, there)) in
            plant(&mut here, &nursery).await.iter().zip(plant(&mut there, &nursery).await)
        {
            if here != &there && there.code != 409 {
                misses.push(format!("seed {what}\n  {}", here.differences(&there).join("\n  ")));
            }
        }
        for n in (batch * BATCH..cases.min((batch + 1) * BATCH)).map(|n| first + n) {
            let (request, done) = nursery.mutant(n).unwrap();
            // The real server breaks the connection where it panics.
            let Ok(there) = there.ask_alone(&request).await else { continue };
            let here = here.ask_alone(&request).await.unwrap();
            total += 1;
            if here != there {
                let differences = here.differences(&there).join("\n  ");
                misses.push(format!(
                    "mutant {n} ({} {}: {done})\n  {differences}",
                    request.method, request.path
                ));
            }
        }
    }
    for miss in &misses {
        eprintln!("{miss}");
    }
    println!("mutants: {}/{total}", total - misses.len().min(total));
    let part = (total - misses.len().min(total)) * 100 / total.max(1);
    assert!(part >= LEAST, "{part} % are answered alike, at least {LEAST} % expected");
}
