//! JSON in, compare, drop, digest, and values at rest.

use tautline_core::{Packed, Value};

use crate::inputs::Inputs;
use crate::peer::Peer;
use crate::timing::{print, print_throughput, time};

pub(crate) fn run(inputs: &Inputs, peer: &Peer) -> Result<(), String> {
    for (name, object) in [("pod", &inputs.pod), ("crd", &inputs.live_crd)] {
        let text = object.to_value().to_json();
        one(name, &text)?;
        peer.print(&format!("decode {name}"), "client-go unstructured", Some(text.len()));
        peer.print(&format!("decode typed {name}"), "client-go typed", Some(text.len()));
    }
    Ok(())
}

fn one(name: &str, text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let ours = Value::from_json(bytes).map_err(|error| error.to_string())?;
    let theirs: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if *ours.to_json() != *serde_json::to_string(&theirs).map_err(|error| error.to_string())? {
        return Err(format!("{name}: the outputs differ; nothing is compared"));
    }
    println!("JSON of a {name}, {} bytes", text.len());
    print_throughput("decode, ours", time(|| Value::from_json(bytes)), bytes.len());
    let decode = time(|| serde_json::from_slice::<serde_json::Value>(bytes));
    print_throughput("decode, serde_json::Value", decode, bytes.len());
    print_throughput("encode, ours", time(|| ours.to_json()), bytes.len());
    print_throughput("encode, serde_json::Value", time(|| theirs.to_string()), bytes.len());
    let (again, theirs_again) = (Value::from_json(bytes).unwrap_or_default(), theirs.clone());
    print("compare with an equal one, ours", time(|| ours == again));
    print("compare with an equal one, serde_json", time(|| theirs == theirs_again));
    print("clone and drop, ours", time(|| ours.clone()));
    print("clone and drop, serde_json", time(|| theirs.clone()));
    print("digest", time(|| ours.digest()));
    let packed = Packed::new(&ours);
    println!(
        "  packed: {} bytes, {:.2} of the text",
        packed.size(),
        packed.size() as f64 / text.len() as f64
    );
    print("pack", time(|| Packed::new(&ours)));
    print("open", time(|| packed.open()));
    Ok(())
}
