//! Builds a folder: `cargo run -p tautline-kustomize --example build -- ROOT PATH [--no-restrictor]`.
#![allow(clippy::disallowed_methods, reason = "an example reads its arguments and files")]

use std::path::Path;
use std::process::ExitCode;

use tautline_core::{MemoryTree, TreePath};
use tautline_kustomize::{LoadRestrictions, Request, build};

fn add(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            add(root, &path, files)?;
        } else if let (Ok(name), Ok(content)) = (path.strip_prefix(root), std::fs::read(&path)) {
            files.push((name.to_string_lossy().into_owned(), content));
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, path, flags @ ..] = arguments.as_slice() else {
        eprintln!("usage: build ROOT PATH [--no-restrictor]");
        return ExitCode::from(2);
    };
    let mut files = Vec::new();
    if let Err(error) = add(Path::new(root), Path::new(root), &mut files) {
        eprintln!("{root}: {error}");
        return ExitCode::from(2);
    }
    let tree = MemoryTree::new(files);
    let Ok(path) = TreePath::new(path) else { return ExitCode::from(2) };
    let mut request = Request::new(&tree, path);
    if flags.iter().any(|flag| flag.contains("restrict")) {
        request.options.load_restrictions = LoadRestrictions::None;
    }
    let report = build(&request);
    report.warnings.iter().for_each(|warning| eprintln!("{warning}"));
    match report.outcome.and_then(|built| built.into_yaml()) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}
