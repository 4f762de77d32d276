//! Kustomizations recorded from the real kustomize 5.8.1: the same bytes, and errors where it errs.
#![allow(clippy::disallowed_methods, reason = "fixtures lie on the disk")]
#![allow(clippy::unwrap_used, reason = "a failure is the test's failure, in its helpers too")]

use std::path::Path;

use tautline::kustomize::{LoadRestrictions, Request, build};
use tautline_core::{MemoryTree, TreePath, Value};
use tautline_tests::fixtures;

/// The files below a folder.
fn files(root: &Path, folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(root, &path, into);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            into.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

/// What is wrong with a case; nothing if all is well.
fn check(folder: &Path) -> Option<String> {
    let case = Value::from_json(fixtures::text(folder, "case.json").unwrap().as_bytes()).unwrap();
    let mut content = Vec::new();
    let input = folder.join("input");
    if input.is_dir() {
        files(&input, &input, &mut content);
    }
    let tree = MemoryTree::new(content);
    let mut request = Request::new(&tree, TreePath::new(case.str_at(&["target"]).unwrap()).unwrap());
    let arguments: Vec<&str> = case.list_at(&["args"]).iter().filter_map(Value::as_str).collect();
    if arguments.iter().any(|argument| argument.ends_with("LoadRestrictionsNone")) {
        request.options.load_restrictions = LoadRestrictions::None;
    }
    let name = case.str_at(&["case"]).unwrap();
    match (build(&request).outcome.and_then(|built| built.to_yaml()), case.get("expected_error")) {
        (Err(_), Some(_)) => None,
        (Ok(_), Some(_)) => Some(format!("{name}: no error")),
        (Err(error), None) => Some(format!("{name}: {error}")),
        (Ok(text), None) if text == fixtures::text(folder, "expected.yaml").unwrap() => None,
        (Ok(text), None) => {
            let expect = fixtures::text(folder, "expected.yaml").unwrap();
            let differ = text.lines().zip(expect.lines()).find(|(ours, real)| ours != real);
            Some(format!("{name}: first difference {differ:?}"))
        }
    }
}

#[test]
fn recorded_builds() {
    let Some(folder) = fixtures::folder("kustomize") else { return };
    let mut cases: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.join("case.json").is_file());
    cases.sort();
    assert!(!cases.is_empty(), "the folder of fixtures is empty");
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case)).collect();
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
