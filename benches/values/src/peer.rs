//! Kubernetes' own Go libraries, in a program of their own on the same files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tautline_core::{Object, Value};

use crate::inputs::Inputs;
use crate::timing::{print, print_throughput};

/// What the program answered: times by name, and outputs to compare.
#[derive(Default)]
pub(crate) struct Peer {
    times: BTreeMap<String, Duration>,
    outputs: BTreeMap<String, Value>,
}

impl Peer {
    /// Writes the inputs to a folder and runs the program on them; without a program, nothing.
    pub(crate) fn run(program: Option<&Path>, inputs: &Inputs, documents: &[String]) -> Result<Self, String> {
        let Some(program) = program else {
            println!("the Go program was not named: no peer of Kubernetes' own");
            return Ok(Self::default());
        };
        let folder = std::env::temp_dir().join(format!("tautline-values-bench-{}", std::process::id()));
        let result = write_all(&folder, inputs, documents).and_then(|()| answers(program, &folder));
        // What is left in the folder for temporary files does no harm.
        drop(std::fs::remove_dir_all(&folder));
        result
    }

    /// Prints a time of the program, if it ran.
    pub(crate) fn print(&self, name: &str, label: &str, bytes: Option<usize>) {
        match (self.times.get(name), bytes) {
            (Some(took), Some(bytes)) => print_throughput(label, *took, bytes),
            (Some(took), None) => print(label, *took),
            (None, _) => {}
        }
    }

    /// Compares an output of ours with the program's, if it ran.
    pub(crate) fn compare(&self, name: &str, ours: &Value) -> Result<(), String> {
        match self.outputs.get(name) {
            Some(theirs) if theirs != ours => Err(format!(
                "{name}: the outputs differ; nothing is compared\nours:   {}\ntheirs: {}",
                ours.to_json(),
                theirs.to_json()
            )),
            _ => Ok(()),
        }
    }
}

fn write_all(folder: &Path, inputs: &Inputs, documents: &[String]) -> Result<(), String> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, object) in [
        ("pod", &inputs.pod),
        ("crd", &inputs.live_crd),
        ("live", &inputs.live),
        ("unchanged", &inputs.desired),
        ("changed", &inputs.changed),
    ] {
        write(&format!("{name}.json"), &object.to_value().to_json())?;
    }
    write("manifests.json", &Value::from(documents.to_vec()).to_json())
}

/// Each line is `NAME<tab>NANOSECONDS[<tab>OUTPUT]`.
fn answers(program: &Path, folder: &PathBuf) -> Result<Peer, String> {
    let output = Command::new(program).arg(folder).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{}: {}", program.display(), String::from_utf8_lossy(&output.stderr)));
    }
    let mut peer = Peer::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut parts = line.split('\t');
        let (Some(name), Some(nanos)) = (parts.next(), parts.next().and_then(|n| n.parse().ok())) else {
            continue;
        };
        peer.times.insert(name.to_owned(), Duration::from_nanos(nanos));
        if let Some(output) = parts.next() {
            let mut output =
                Value::from_json(output.as_bytes()).map_err(|error| format!("{name}: {error}"))?;
            drop_times(&mut output);
            peer.outputs.insert(name.to_owned(), output);
        }
    }
    Ok(peer)
}

/// An object without the times of its owners: each side has its own clock.
pub(crate) fn without_times(object: &Object) -> Value {
    let mut value = object.to_value();
    drop_times(&mut value);
    value
}

fn drop_times(value: &mut Value) {
    let entries =
        value.get_mut("metadata").and_then(|m| m.get_mut("managedFields")).and_then(Value::as_list_mut);
    for entry in entries.into_iter().flat_map(|list| list.iter_mut()) {
        if let Some(map) = entry.as_map_mut() {
            map.remove("time");
        }
    }
}
