//! Random kustomization trees through us and through the real tool.
//!
//! `TAUTLINE_DEEP=1` runs 2000 trees, else `TAUTLINE_CASES` says how many, `TAUTLINE_SEED` from another number on.
#![allow(clippy::disallowed_methods, reason = "the test starts kubectl to compare with it")]
#![allow(clippy::unwrap_used, reason = "a failure is the test's failure, in its helpers too")]

use std::path::Path;
use std::process::Command;

use tautline::kustomize::{Request, build};
use tautline_core::{MemoryTree, TreePath};
use tautline_tests::fixtures;
use tautline_tests::kustomize_cases::{Case, case};

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn ours(case: &Case) -> Result<String, String> {
    let tree = MemoryTree::new(case.files.clone());
    let request = Request::new(&tree, TreePath::new(&case.target).unwrap());
    build(&request).outcome.and_then(|built| built.to_yaml()).map_err(|error| error.to_string())
}

fn real(kubectl: &Path, case: &Case) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in &case.files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let output =
        Command::new(kubectl).args(["kustomize", &case.target]).current_dir(folder.path()).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn random_trees() {
    let Some(kubectl) = fixtures::oracle("kubectl") else { return };
    let deep = number("TAUTLINE_DEEP").is_some_and(|deep| deep > 0);
    let count = if deep { 2000 } else { fixtures::cases(40) as u64 };
    let first = number("TAUTLINE_SEED").unwrap_or(1);
    let (mut built, mut refused, mut wrong) = (0, 0, Vec::new());
    for seed in first..first + count {
        let case = case(seed);
        match (ours(&case), real(&kubectl, &case)) {
            (Ok(ours), Ok(real)) if ours == real => built += 1,
            (Err(_), Err(_)) => refused += 1,
            (ours, real) => {
                let short = |text: Result<String, String>| match text {
                    Ok(text) => format!("{} lines", text.lines().count()),
                    Err(error) => format!("error {}", error.chars().take(300).collect::<String>()),
                };
                wrong.push(format!("tree {seed}: ours {}, real {}", short(ours), short(real)));
            }
        }
    }
    println!("{built} trees built alike, {refused} refused by both");
    assert!(built > 0, "no tree was built: the generator makes nothing but errors");
    assert!(wrong.is_empty(), "{} of {count} trees differ:\n{}", wrong.len(), wrong.join("\n"));
}
