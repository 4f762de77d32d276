//! What stored objects weigh.

use tautline_apiserver::{Identity, Options, Server};
use tautline_cluster::{Target, WriteOptions};
use tautline_core::{FieldManager, Object, value};

const COUNT: usize = 100_000;

/// Fills a server and prints by how much the process grew.
pub(crate) fn fill() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::new(Options { controllers: false, ..Options::default() });
    let cluster = server.caller(Identity::admin("bench"));
    let maps = cluster.resource("v1", "ConfigMap").ok_or("ConfigMaps are not served")?;
    let before = resident()?;
    for i in 0..COUNT {
        // A kilobyte that is no other's.
        let text = format!("{i:08}").repeat(128);
        let map = Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": format!("map-{i:06}"), "namespace": "default" }, "data": { "text": text } }))?;
        let target = Target::of(maps.clone(), &map);
        cluster.make(&target, &map, &WriteOptions::by(FieldManager::new("bench")))?;
    }
    let grown = resident()? - before;
    println!("{COUNT} ConfigMaps of 1 KB: {:.0} MB, {:.0} bytes each", grown / 1e6, grown / COUNT as f64);
    Ok(())
}

/// The memory of this process in bytes.
fn resident() -> Result<f64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).ok_or("VmRSS has no number")?.parse()?;
    Ok(kilobytes * 1024.0)
}
