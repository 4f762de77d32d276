//! Finds recorded behaviour of the real tools, and the tools themselves.
#![allow(clippy::disallowed_methods, reason = "fixtures lie on the disk; where, the environment may say")]

use std::path::{Path, PathBuf};

/// The folder of recorded fixtures: `TAUTLINE_FIXTURES`, or `../shared/fixtures` beside the workspace.
///
/// Nothing, and a line on standard error that says what is skipped, if it is not there.
pub fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TAUTLINE_FIXTURES")
        .map_or_else(|| workspace().join("../shared/fixtures"), PathBuf::from);
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no fixtures in {}; set TAUTLINE_FIXTURES", folder.display());
    None
}

/// The text of a fixture that must be there.
///
/// # Errors
/// Those of the file system.
pub fn text(folder: &Path, file: &str) -> std::io::Result<String> {
    std::fs::read_to_string(folder.join(file))
}

/// A real tool to compare with, from `TAUTLINE_ORACLES` or `~/.cache/oracles/bin`; skipped loudly likewise.
pub fn oracle(name: &str) -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let root =
        std::env::var_os("TAUTLINE_ORACLES").map_or_else(|| home.join(".cache/oracles/bin"), PathBuf::from);
    let tool = root.join(name);
    if tool.is_file() {
        return Some(tool);
    }
    eprintln!("SKIPPED: no {} to compare with; set TAUTLINE_ORACLES", tool.display());
    None
}

/// How many cases a differential test runs: `TAUTLINE_CASES`, or the few that CI has time for.
pub fn cases(few: usize) -> usize {
    std::env::var("TAUTLINE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}
