//! YAML in: 20 MB of mixed manifests.

use std::path::{Path, PathBuf};

use tautline_core::Value;
use tautline_yaml::{Options, read, read_fully, split, write};

use crate::inputs::Inputs;
use crate::peer::Peer;
use crate::timing::{print_throughput, time};

/// The documents of all manifests, repeated to 20 MB.
pub(crate) fn documents(folder: Option<&Path>) -> Vec<String> {
    const BYTES: usize = 20_000_000;
    let mut files = Vec::new();
    match folder {
        Some(folder) => find(folder, &mut files, &|_| true),
        None => {
            let root = std::env::var_os("TAUTLINE_FIXTURES")
                .map_or_else(|| PathBuf::from("../shared/fixtures"), PathBuf::from);
            let is_rendered = |path: &Path| path.components().any(|part| part.as_os_str() == "expected");
            find(&root, &mut files, &is_rendered);
        }
    }
    files.sort();
    let texts = files.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    let mut once: Vec<String> = texts
        .flat_map(|text| split(&text).flatten().map(|document| document.text.to_owned()).collect::<Vec<_>>())
        .filter(|text| read(text, &Options::default()).is_ok_and(|value| !value.is_null()))
        .collect();
    if once.is_empty() {
        println!("no manifests were found: generated ones stand in");
        let made = Inputs::make().map(|inputs| [inputs.desired, inputs.live, inputs.pod, inputs.crd]);
        once = made.iter().flatten().map(|object| write(&object.to_value())).collect();
    }
    let bytes: usize = once.iter().map(String::len).sum();
    let rounds = BYTES.div_ceil(bytes.max(1));
    (0..rounds)
        .flat_map(|_| once.iter().cloned())
        .scan(0, |sum, text| {
            *sum += text.len();
            (*sum < BYTES + text.len()).then_some(text)
        })
        .collect()
}

fn find(folder: &Path, out: &mut Vec<PathBuf>, wanted: &dyn Fn(&Path) -> bool) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, out, wanted);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") && wanted(&path) {
            out.push(path);
        }
    }
}

pub(crate) fn run(documents: &[String], peer: &Peer) -> Result<(), String> {
    let bytes: usize = documents.iter().map(String::len).sum();
    println!("YAML, {} documents, {:.1} MB", documents.len(), bytes as f64 / 1e6);
    let options = Options::default();
    let (mut same, mut other) = (0, 0);
    for text in documents.iter().take(2000) {
        let ours = read(text, &options).map_err(|error| error.to_string())?.to_json();
        let theirs = serde_yaml::from_str::<serde_json::Value>(text).map(|value| value.to_string());
        if theirs.is_ok_and(|theirs| theirs == ours) { same += 1 } else { other += 1 }
    }
    println!("  yaml_serde reads {same} of {} documents as Kubernetes does", same + other);
    let all = |read: &dyn Fn(&str) -> bool| time(|| documents.iter().filter(|text| read(text)).count());
    print_throughput("ours", all(&|text| read(text, &options).is_ok()), bytes);
    print_throughput("ours, full path only", all(&|text| read_fully(text, &options).is_ok()), bytes);
    print_throughput(
        "yaml_serde",
        all(&|text| serde_yaml::from_str::<serde_json::Value>(text).is_ok()),
        bytes,
    );
    print_throughput(
        "serde-saphyr",
        all(&|text| serde_saphyr::from_str::<serde_json::Value>(text).is_ok()),
        bytes,
    );
    peer.print("yaml", "sigs.k8s.io/yaml", Some(bytes));
    let values: Vec<Value> = documents.iter().filter_map(|text| read(text, &options).ok()).collect();
    print_throughput(
        "write, ours",
        time(|| values.iter().map(|value| write(value).len()).sum::<usize>()),
        bytes,
    );
    Ok(())
}
