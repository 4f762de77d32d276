//! One thing that is measured, over and over and nothing else: for a program that counts instructions or samples.
//!
//! ```text
//! valgrind --tool=callgrind target/release/tautline-values-bench repeat diff-changed 1000
//! ```
//! The difference between two numbers of repetitions is the thing's own.

use std::hint::black_box;
use std::sync::Arc;

use tautline_core::{Digest, FieldManager, Manifest, MaskingKey, Object, Origin, Packed, Presence, Value};
use tautline_diff::{Circumstances, Differ, Memo, Sides, Structured};
use tautline_yaml::{Options, read};

use crate::inputs::Inputs;
use crate::manifests;

/// Repeats the thing of that name.
pub(crate) fn run(name: &str, times: usize) -> Result<(), String> {
    if name == "yaml" {
        let documents = manifests::documents(None);
        let bytes: usize = documents.iter().take(times).map(String::len).sum();
        let options = Options::default();
        let read = documents.iter().take(times).filter(|text| read(text, &options).is_ok()).count();
        println!("{read} documents, {bytes} bytes");
        return Ok(());
    }
    let inputs = Inputs::make()?;
    let pod = inputs.pod.to_value().to_json();
    let packed = Packed::new(&inputs.pod.to_value());
    let opened = packed.open().map_err(|error| error.to_string())?;
    let repeat = |run: &mut dyn FnMut()| (0..times).for_each(|_| run());
    match name {
        "decode" => repeat(&mut || drop(black_box(Value::from_json(pod.as_bytes())))),
        "open" => repeat(&mut || drop(black_box(packed.open()))),
        "compare" => {
            let other = inputs.pod.to_value();
            repeat(&mut || _ = black_box(black_box(&opened) == &other));
        }
        "memo" => memo(&inputs, times),
        "diff-unchanged" => diff(&inputs.desired, &inputs.live, times),
        "diff-changed" => diff(&inputs.changed, &inputs.live, times),
        "crd-unchanged" => diff(&inputs.crd, &inputs.live_crd, times),
        "crd-edited" => diff(&inputs.edited_crd, &inputs.live_crd, times),
        "crd-changed" => diff(&inputs.changed_crd, &inputs.live_crd, times),
        other => return Err(format!("nothing is called {other}")),
    }
    Ok(())
}

fn differ() -> Structured {
    let git = FieldManager::new("git");
    Structured::new(tautline_schema::shared(), git, MaskingKey::new([0; 32]), Vec::new())
}

fn diff(desired: &Object, live: &Object, times: usize) {
    let differ = differ();
    let desired = Manifest::new(desired.clone(), Origin::file("shop.yaml", 1));
    let live = Presence::Present(Arc::new(live.clone()));
    let sides = Sides { desired: &desired, live: &live, learned: None, ignore: None, taken_over: &[] };
    (0..times).for_each(|_| drop(black_box(differ.diff(black_box(&sides)))));
}

fn memo(inputs: &Inputs, times: usize) {
    let differ = differ();
    let desired = Manifest::new(inputs.desired.clone(), Origin::file("shop.yaml", 1));
    let live = Presence::Present(Arc::new(inputs.live.clone()));
    let circumstances = Circumstances { options: Digest::of_bytes(b"options"), schemas: 1 };
    let mut memo = Memo::new();
    let sides = Sides { desired: &desired, live: &live, learned: None, ignore: None, taken_over: &[] };
    (0..times).for_each(|_| drop(black_box(memo.diff(&differ, black_box(&sides), &circumstances))));
}
