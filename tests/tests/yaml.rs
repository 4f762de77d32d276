//! YAML as the real kubectl reads and writes it.
#![allow(clippy::disallowed_methods, reason = "the test starts kubectl to compare with it")]
#![allow(clippy::unwrap_used, reason = "a failure is the test's failure, in its helpers too")]

use std::io::Write;
use std::process::{Command, Stdio};

use tautline_core::{Map, Value};
use tautline_tests::fixtures;
use tautline_tests::yaml_cases::{self, line_difference};
use tautline_yaml::{Options, read, read_all, read_fully, write};

#[test]
fn recorded_scalars_and_output() {
    let Some(folder) = fixtures::folder("yaml") else { return };
    let outcome = yaml_cases::run(&folder).unwrap();
    assert!(outcome.misses.is_empty(), "{outcome}:\n{}", outcome.misses.join("\n"));
}

/// A small generator of pseudo-random numbers, so that a case is its number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 48] = [
            "a", "b", "word", "Z", "0", "1", "7", "12", "_", "-", ".", ":", " ", " ", " ", "  ", "\n", "\n",
            "\t", "#", "'", "\"", "\\", ",", "?", "!", "&", "*", "|", ">", "%", "@", "`", "{", "}", "[", "]",
            "=", "~", "é", "😀", "\u{a0}", "\u{2028}", "\u{85}", "\r", "\u{1}", "yes", "null",
        ];
        let length = if self.roll(8) == 0 { 60 } else { 6 };
        (0..self.roll(length)).map(|_| PIECES[self.roll(PIECES.len())]).collect()
    }
}

#[test]
fn random_documents_print_as_kubectl_prints_them() {
    let Some(kubectl) = fixtures::oracle("kubectl") else { return };
    let total = fixtures::cases(300);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut done = 0;
    while done < total {
        let batch = (total - done).min(500);
        let objects: Vec<Value> = (0..batch).map(|i| config_map(&mut dice, done + i)).collect();
        let list = tautline_core::value!({ "apiVersion": "v1", "kind": "List", "items": (objects.clone()) });
        let real = kubectl_prints(&kubectl, &list.to_json());
        // kubectl prints the items one after the other, with the labels it was asked to change.
        let got: String = objects
            .into_iter()
            .map(|mut object| {
                object.get_mut("metadata").and_then(Value::as_map_mut).unwrap().insert("labels", Map::new());
                write(&object)
            })
            .collect();
        assert_eq!(line_difference(&got, &real), None);
        done += batch;
    }
    eprintln!("{done} documents equal to kubectl's");
}

fn config_map(dice: &mut Dice, number: usize) -> Value {
    let data: Map = (0..4)
        .map(|i| {
            // Digits inside keys make go-yaml's order a circle (121 < 1w < 3 < 7n < 121) that even kubectl does
            // not print the same way twice.
            let key: String =
                dice.text().chars().filter(|c| c.is_ascii_alphabetic() || "-_.".contains(*c)).collect();
            (format!("{key}{i}"), dice.text())
        })
        .collect();
    tautline_core::value!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": (format!("m{number}")), "annotations": { "note": (dice.text()) } },
        "data": data
    })
}

fn kubectl_prints(kubectl: &std::path::Path, json: &str) -> String {
    let mut child = Command::new(kubectl)
        .args(["label", "--local", "--dry-run=client", "-o", "yaml", "-f", "-", "a-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let json = json.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(json.as_bytes()));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_recorded_manifest_reads_alike_on_both_paths() {
    let Some(folder) = fixtures::folder("kustomize") else { return };
    let (mut documents, mut folders) = (0, vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "yaml")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                for (line, value) in read_all(&text, &Options::default()) {
                    documents += 1;
                    let Ok(value) = value else { continue };
                    assert_eq!(read(&write(&value), &Options::default()), Ok(value), "{path:?}:{line}");
                }
                for document in tautline_yaml::split(&text).flatten() {
                    let (fast, full) = (
                        read(document.text, &Options::default()),
                        read_fully(document.text, &Options::default()),
                    );
                    assert_eq!(fast.ok(), full.ok(), "{path:?}:{}", document.line);
                }
            }
        }
    }
    assert!(documents > 500, "only {documents} documents found");
}
