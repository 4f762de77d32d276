//! Times of chart renders: ours, Helm's SDK in its own process, and `helm template`, on the same charts, after
//! their outputs were compared.
//!
//! ```text
//! (cd benches/peers/helm && go build -o ../../../target/helm-peer .)
//! cargo run --release -p tautline-helm-bench -- target/helm-peer [CHART]…
//! ```
//! Without charts they are made: what `helm create` makes, 1000 templates (and 250), an umbrella of 100 charts
//! (and 25). The peers are found as `helm` in `TAUTLINE_ORACLES` or `~/.cache/oracles/bin`, and as the program
//! of the first argument; what is not there is left out. Ours starts from files in memory, the peers from the
//! disk's cache.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, its arguments and files")]

mod charts;
mod files;
#[path = "../../turns.rs"]
mod turns;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tautline_core::{Budget, TreePath};
use tautline_helm::{
    Capabilities, Chart, Dialect, KubeVersion, Loader, Overrides, PrintOptions, Release, Settings, print,
    template,
};

use files::Files;
use turns::Turns;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const SHORT: [&str; 6] = ["--namespace", "ns1", "--kube-version", "1.32.0", "template", "rel"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let peer = arguments.first().map(PathBuf::from).filter(|peer| peer.is_file());
    let outcome = match arguments.get(1..).filter(|charts| !charts.is_empty()) {
        Some(charts) => charts.iter().try_for_each(|chart| compare(Path::new(chart), peer.as_deref())),
        None => made(peer.as_deref()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn made(peer: Option<&Path>) -> Result<()> {
    let folder = std::env::temp_dir().join("tautline-helm-bench");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    for count in [250, 1000] {
        charts::many_templates(&folder.join(format!("many{count}")), count)?;
    }
    linear(&folder, "many", [250, 1000], peer)?;
    let created = folder.join("created");
    let helm = helm().ok_or("helm is not there to create a chart")?;
    if !Command::new(helm).arg("create").arg(&created).output()?.status.success() {
        return Err("helm create failed".into());
    }
    compare(&created, peer)?;
    for count in [25, 100] {
        charts::umbrella(&folder.join(format!("umbrella{count}")), count, &created)?;
    }
    linear(&folder, "umbrella", [25, 100], peer)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Two charts of which the second is four times the first.
fn linear(folder: &Path, name: &str, counts: [usize; 2], peer: Option<&Path>) -> Result<()> {
    let folders = counts.map(|count| folder.join(format!("{name}{count}")));
    folders.iter().try_for_each(|folder| compare(folder, peer))?;
    let [small, large] = &folders;
    let (small, large, settings) = (Files::read(small)?, Files::read(large)?, settings()?);
    let render = |tree| ours(&load(tree)?, &[], &settings).map(drop);
    println!(
        "{name}: four times as much takes this many times as long: {}",
        Turns::run(|| render(&small), || render(&large))?
    );
    Ok(())
}

fn compare(folder: &Path, peer: Option<&Path>) -> Result<()> {
    let tree = Files::read(folder)?;
    let settings = settings()?;
    let text = ours(&load(&tree)?, &[], &settings)?;
    let lines = text.iter().filter(|b| **b == b'\n').count();
    println!("{}: {lines} lines", folder.display());
    let whole = best(|| ours(&load(&tree)?, &[], &settings).map(drop))?;
    println!("  ours, in process           {:9.3} ms", millis(whole));
    let chart = load(&tree)?;
    let again = best(|| ours(&chart, &["nameOverride=other"], &settings).map(drop))?;
    println!("  ours, again, other values  {:9.3} ms", millis(again));
    println!("  ours, most memory so far   {:9.1} MiB", most_memory());
    if let Some(peer) = peer {
        let file = std::env::temp_dir().join("tautline-helm-peer.yaml");
        run(Command::new(peer).arg(folder).arg(&file))?;
        same(&std::fs::read(&file)?, &text, "the SDK")?;
        let time = run(Command::new(peer).arg(folder))?;
        println!("  Go SDK, in process         {:>9} ms", String::from_utf8_lossy(&time).trim());
    }
    if let Some(helm) = helm() {
        let start = Instant::now();
        let real = run(Command::new(helm).args(SHORT).arg(folder))?;
        println!("  helm template              {:9.3} ms", millis(start.elapsed()));
        same(&real, &text, "helm template")?;
    }
    Ok(())
}

fn settings() -> Result<Settings> {
    let mut capabilities = Capabilities::default_of(Dialect::Helm4);
    capabilities.kube_version = KubeVersion::parse("1.32.0", Dialect::Helm4)?;
    Ok(Settings { capabilities: Some(Arc::new(capabilities)), ..Settings::default() })
}

fn load(tree: &Files) -> Result<Chart> {
    Ok(Loader::default().load(tree, &TreePath::root())?.chart)
}

fn ours(chart: &Chart, set: &[&str], settings: &Settings) -> Result<Vec<u8>> {
    let set = set.iter().map(|text| (*text).to_owned()).collect();
    let values = Overrides { set, ..Overrides::default() }.merge(Dialect::Helm4, &Budget::default())?;
    let rendered = template(chart.clone(), values, &Release::install("rel", "ns1"), settings)?;
    Ok(print(&rendered, &PrintOptions::default())?)
}

fn same(theirs: &[u8], ours: &[u8], whose: &str) -> Result<()> {
    if theirs == ours {
        Ok(())
    } else {
        Err(format!("{whose} gives another output; nothing is compared").into())
    }
}

fn run(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(output.stdout)
}

/// The best of several runs.
fn best(mut run: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..9 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The process's peak in MiB, where the system tells.
fn most_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

fn helm() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let root =
        std::env::var_os("TAUTLINE_ORACLES").map_or_else(|| home.join(".cache/oracles/bin"), PathBuf::from);
    Some(root.join("helm")).filter(|tool| tool.is_file())
}
