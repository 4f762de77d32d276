//! `taut snapshot`: a cluster's state as files; and clusters made from them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tautline::apiserver::{Identity, Options, Server, Snapshot};

use crate::arguments::SnapshotOptions;
use crate::failure::{Failure, Result};
use crate::live::{Live, connect};
use crate::system::SystemClock;

/// Runs the verb.
pub(crate) async fn run(options: &SnapshotOptions) -> Result<u8> {
    let live = connect(&options.cluster).await?;
    let snapshot = Snapshot::of_cluster(&*live.cluster).await.map_err(Failure::work)?;
    write(&options.folder, &snapshot.to_files())?;
    let count = snapshot.iter().count();
    println!("{count} objects of {} are in {}", live.server, options.folder.display());
    Ok(0)
}

fn write(folder: &Path, files: &BTreeMap<String, String>) -> Result<()> {
    let failed = |error| Failure::work(format!("{}: {error}.", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    if std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(Failure::usage(format!("{} is not empty; name a new folder.", folder.display())));
    }
    for (name, text) in files {
        write_private(&folder.join(name), text.as_bytes()).map_err(failed)?;
    }
    Ok(())
}

/// Secrets are in it: only the owner may read.
fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(file)?.write_all(bytes)
}

/// A server with the state of a snapshot.
pub(crate) fn serve(folder: &Path, options: Options) -> Result<Server> {
    let failed = |error| {
        Failure::usage(format!("{}: {error}; name a folder that taut snapshot wrote.", folder.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".jsonl") {
            files.push((name, std::fs::read_to_string(&path).map_err(failed)?));
        }
    }
    if files.is_empty() {
        let message = format!("{} holds no snapshot; make one with taut snapshot.", folder.display());
        return Err(Failure::usage(message));
    }
    let snapshot = Snapshot::from_files(files).map_err(Failure::usage)?;
    Server::from_snapshot(options, &snapshot).map_err(Failure::usage)
}

/// The cluster of a snapshot, in the process.
pub(crate) fn offline(folder: &Path) -> Result<Live> {
    let server = serve(folder, Options::with_clock(Arc::new(SystemClock)))?;
    let cluster = Arc::new(server.caller(Identity::admin("taut")));
    Ok(Live { cluster, server: "https://kubernetes.default.svc".to_owned() })
}
