//! The commands as a pipeline calls them: output, exit codes, and what bad input is told.
#![allow(clippy::disallowed_methods, reason = "the tests start the program and make its input files")]

use std::path::Path;
use std::process::{Command, Output};

fn taut(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_taut")).args(arguments).output().expect("the program starts")
}

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the input");
    std::fs::write(folder.path().join("a.yaml"), text).expect("the input is written");
    folder
}

fn path(folder: &Path) -> String {
    folder.display().to_string()
}

#[test]
fn help_names_every_command() {
    let help = String::from_utf8_lossy(&taut(&["--help"]).stdout).into_owned();
    for command in ["render", "diff", "plan", "apply", "tree", "health", "apiserver"] {
        assert!(help.contains(command), "{command} is missing:\n{help}");
    }
}

#[test]
fn render_prints_manifests() {
    let folder = folder("kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  on: \"yes\"\n");
    let output = taut(&["render", &path(folder.path())]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("kind: ConfigMap\n") && text.contains("\"yes\""), "{text}");
}

#[test]
fn bad_yaml_names_file_and_line_and_fails() {
    let folder = folder("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: [1\n");
    let output = taut(&["render", &path(folder.path())]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("a.yaml:4"), "{text}");
}

#[test]
fn a_wrong_flag_is_a_usage_error() {
    assert_eq!(taut(&["render", "--no-such-flag"]).status.code(), Some(2));
}
