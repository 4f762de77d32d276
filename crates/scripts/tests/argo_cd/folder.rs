//! The folder with the customizations.
#![allow(clippy::disallowed_methods, reason = "the folder lies on the disk; where, the environment says")]

use std::path::{Path, PathBuf};

use tautline_core::Value;
use tautline_scripts::Customizations;

/// Where it is; says so if it is nowhere.
pub(crate) fn root() -> Option<PathBuf> {
    let root = std::env::var_os("TAUTLINE_CUSTOMIZATIONS").map(PathBuf::from);
    if root.is_none() {
        eprintln!("SKIPPED: set TAUTLINE_CUSTOMIZATIONS to a folder like Argo CD's resource_customizations");
    }
    root
}

/// All files in it.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(root, &mut found);
    found
}

/// All scripts in it.
pub(crate) fn scripts(root: &Path) -> Customizations {
    let files = files(root);
    let text = |path: &PathBuf| {
        (path.strip_prefix(root).unwrap().display().to_string(), std::fs::read_to_string(path).unwrap())
    };
    let scripts = files.iter().filter(|path| path.extension().is_some_and(|end| end == "lua"));
    let scripts: Vec<(String, String)> = scripts.map(text).collect();
    Customizations::from_files(scripts.iter().map(|(path, text)| (path.as_str(), text.as_str()))).unwrap()
}

/// The first document of a YAML file.
pub(crate) fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    tautline_yaml::read_all(&text, &tautline_yaml::Options::default()).remove(0).1.unwrap()
}

fn collect(at: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() { collect(&path, found) } else { found.push(path) }
    }
}
