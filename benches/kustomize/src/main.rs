//! Times of kustomize builds: ours, `kubectl kustomize`, and the Go library in its own process, on the same
//! trees, after their outputs were compared.
//!
//! ```text
//! (cd benches/peers/kustomize && go build -o ../../../target/kustomize-peer .)
//! cargo run --release -p tautline-kustomize-bench -- target/kustomize-peer [FOLDER TARGET]…
//! ```
//! Without folders the trees are made: N resources with four transformers. The peers are found as `kubectl` in
//! `TAUTLINE_ORACLES` or `~/.cache/oracles/bin`, and as the program of the first argument; what is not there is
//! left out.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, its arguments and files")]

mod trees;
#[path = "../../turns.rs"]
mod turns;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use tautline_core::{Tree, TreePath};
use tautline_kustomize::{Request, build};

use turns::Turns;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let peer = arguments.first().map(PathBuf::from).filter(|peer| peer.is_file());
    let outcome = match arguments.get(1..).filter(|folders| !folders.is_empty()) {
        Some(folders) => folders.chunks(2).try_for_each(|pair| match pair {
            [folder, target] => compare(Path::new(folder), target, peer.as_deref()).map(|_| ()),
            _ => Err("each folder needs its target".to_owned()),
        }),
        None => made(peer.as_deref()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Trees of 1000 and of 4000 resources, and two builds at once.
fn made(peer: Option<&Path>) -> Result<(), String> {
    let folders = [1000, 4000].map(|count| {
        let folder = std::env::temp_dir().join(format!("tautline-kustomize-bench-{count}"));
        trees::write(&folder, count).map_err(|error| format!("{}: {error}", folder.display()))?;
        // The real tool takes minutes for the large tree.
        compare(&folder, "overlay", peer.filter(|_| count <= 1000))?;
        Ok::<_, String>(folder)
    });
    let [small, large] = folders;
    let (small, large) = (small?, large?);
    at_once(&large)?;
    growth(&small, &large)?;
    [small, large].iter().try_for_each(std::fs::remove_dir_all).map_err(|error| error.to_string())
}

/// How much longer the large tree takes than the small one.
fn growth(small: &Path, large: &Path) -> Result<(), String> {
    let read = |folder: &Path| trees::read(folder).map_err(|error| error.to_string());
    let (small, large) = (read(small)?, read(large)?);
    let build = |tree| ours(tree, "overlay").map(drop);
    println!("t(4000)/t(1000) = {}", Turns::run(|| build(&small), || build(&large))?);
    Ok(())
}

/// The best of several runs.
fn best(mut run: impl FnMut() -> Result<(), String>) -> Result<Duration, String> {
    let mut best = Duration::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn ours(tree: &dyn Tree, target: &str) -> Result<String, String> {
    let path = TreePath::new(target).map_err(|error| error.to_string())?;
    let report = build(&Request::new(tree, path));
    report.outcome.and_then(|built| built.into_yaml()).map_err(|error| error.to_string())
}

fn compare(folder: &Path, target: &str, peer: Option<&Path>) -> Result<Duration, String> {
    let tree = trees::read(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let text = ours(&tree, target)?;
    let time = best(|| ours(&tree, target).map(|_| ()))?;
    println!("{} {target}: {} lines", folder.display(), text.lines().count());
    println!("  ours, in process      {:9.2} ms", millis(time));
    let Some(kubectl) = kubectl().filter(|_| peer.is_some()) else { return Ok(time) };
    let run = || {
        let output = Command::new(&kubectl).arg("kustomize").arg(target).current_dir(folder).output();
        output.map_err(|error| error.to_string())
    };
    let start = Instant::now();
    let real = run()?;
    println!("  kubectl kustomize     {:9.2} ms", millis(start.elapsed()));
    if real.stdout != text.as_bytes() {
        return Err(format!("{}: the outputs differ; nothing is compared", folder.display()));
    }
    if let Some(peer) = peer {
        let output =
            Command::new(peer).arg(folder.join(target)).output().map_err(|error| error.to_string())?;
        print!("  Go library, in process{}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(time)
}

/// Two builds in two threads beside one.
fn at_once(folder: &Path) -> Result<(), String> {
    let tree = trees::read(folder).map_err(|error| error.to_string())?;
    let one = best(|| ours(&tree, "overlay").map(|_| ()))?;
    let two = best(|| {
        std::thread::scope(|scope| {
            let threads = [(); 2].map(|()| scope.spawn(|| ours(&tree, "overlay").map(|_| ())));
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err("a build panicked".to_owned())))
        })
    })?;
    println!("  one build {:.2} ms, two at once {:.2} ms", millis(one), millis(two));
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn kubectl() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let root =
        std::env::var_os("TAUTLINE_ORACLES").map_or_else(|| home.join(".cache/oracles/bin"), PathBuf::from);
    Some(root.join("kubectl")).filter(|tool| tool.is_file())
}
