//! Every driver on stable, bounded: on bytes made from pieces of what it reads, and on those pieces damaged.

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use tautline_fuzz_drivers as drivers;
use tautline_test_generators::{Dice, object};

/// 256 cases, or as many as `TAUTLINE_CASES` says. What failed once is kept beside this file and tried first.
#[allow(clippy::disallowed_methods, reason = "how long tests run, the environment says")]
fn config() -> Config {
    let cases = std::env::var("TAUTLINE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(256);
    let seeds = FileFailurePersistence::WithSource("regressions");
    Config { cases, failure_persistence: Some(Box::new(seeds)), ..Config::default() }
}

/// Sound text with some bytes changed, dropped, doubled or cut off.
fn damaged(mut bytes: Vec<u8>, seed: u64) -> Vec<u8> {
    const BYTES: &[u8] = b"\0\n \t:-{}[]\",'#&*!|>%@`\\09aef~<.=\xff\xc2";
    let mut dice = Dice::new(seed);
    for _ in 0..dice.roll(6) {
        let at = dice.roll(bytes.len());
        let byte = BYTES.get(dice.roll(BYTES.len())).copied().unwrap_or_default();
        match dice.roll(4) {
            0 if at < bytes.len() => bytes[at] = byte,
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at, byte),
            _ if dice.chance(20) => bytes.truncate(at),
            _ => {}
        }
    }
    bytes
}

fn json() -> impl Strategy<Value = String> {
    any::<u64>().prop_map(|seed| object(seed).to_value().to_json())
}

fn pieces(of: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(of), 0..most).prop_map(|words| words.concat())
}

const YAML: &[&str] = &[
    "a", "b:", ": ", "- ", "\n", "\n  ", "\n    ", "'x'", "\"y\\n\"", "|", ">-", "[1, a]", "{a: b}", "# c",
    "&x ", "*x", "<<: ", "0644", "1e3", "yes", "~", "---\n", "!!str ",
];
const PATHS: &[&str] =
    &["spec", ".", "[", "]", "name", "=", "app", ",", "\"a.b\"", "80", "=\"x\"", "null", "0", "{}", "\\"];
const QUANTITIES: &[&str] =
    &["1", "0", "9", ".", "-", "+", "e", "E", "Ki", "M", "m", "n", "u", "999999999999999999", "Ei", " "];
const FIELDS: &[&str] = &[
    "{",
    "}",
    "\"f:spec\":",
    "\"f:a\":{}",
    "\"k:{\\\"name\\\":\\\"a\\\"}\":",
    "\"v:1\":{}",
    "\"i:0\":{}",
    "\".\":{}",
    ",",
    "{}",
    "\"v:\\\"x\\\"\":{}",
];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn yaml(rules in any::<u8>(), text in pieces(YAML, 24), seed in any::<u64>(), damage in any::<u64>()) {
        let manifest = tautline_yaml::write(&object(seed).into_value());
        for text in [text.into_bytes(), damaged(manifest.into_bytes(), damage)] {
            let data = [&[rules], text.as_slice()].concat();
            drivers::yaml_full(&data);
            drivers::yaml_fast(&data);
        }
    }

    #[test]
    fn json_and_patches(a in json(), b in json(), damage in any::<u64>()) {
        drivers::json(a.as_bytes());
        drivers::json(&damaged(a.clone().into_bytes(), damage));
        drivers::json_patch(&[a.as_bytes(), &[0], b.as_bytes()].concat());
        let patch = format!(r#"[{{"op":"add","path":"/spec/x","value":{b}}},{{"op":"move","from":"/spec","path":"/y"}}]"#);
        drivers::json_patch(&damaged([a.as_bytes(), &[0], patch.as_bytes()].concat(), damage));
    }

    #[test]
    fn merges(seed in any::<u64>(), other in json(), damage in any::<u64>()) {
        let data = [&seed.to_le_bytes()[..], other.as_bytes(), &[0], object(seed).to_value().to_json().as_bytes()].concat();
        drivers::strategic_merge(&data);
        drivers::strategic_merge(&damaged(data, damage));
        drivers::structured_merge(&[&seed.to_le_bytes()[..], &damaged(other.into_bytes(), damage)].concat());
    }

    #[test]
    fn small_languages(fields in pieces(FIELDS, 16), path in pieces(PATHS, 12), quantity in pieces(QUANTITIES, 6), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        drivers::fields_v1(fields.as_bytes());
        drivers::field_path(path.as_bytes());
        drivers::quantity(quantity.as_bytes());
        for (_, driver) in drivers::DRIVERS {
            driver(&bytes);
        }
    }
}

/// What libFuzzer found: whole documents that are scalars.
#[test]
fn json_patches_of_whole_documents() {
    for data in [&b"2\x001"[..], b"[]\x001", b"1\x00{}"] {
        drivers::json_patch(data);
    }
}
