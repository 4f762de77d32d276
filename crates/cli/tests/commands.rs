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

#[test]
fn helm_writes_templates_to_files() {
    let chart = tempfile::tempdir().expect("a folder for the chart");
    let write = |name: &str, text: &str| {
        let file = chart.path().join("web").join(name);
        std::fs::create_dir_all(file.parent().expect("it is in a folder")).expect("the folder is made");
        std::fs::write(file, text).expect("the chart is written");
    };
    write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    write("templates/a.yaml", "kind: A\n---\nkind: B\n");
    let (web, out) = (path(&chart.path().join("web")), path(&chart.path().join("out")));
    let arguments = ["helm", "template", "rel", &web, "--output-dir", &out, "--release-name"];
    let written = format!("{out}/rel/web/templates/a.yaml");
    for _ in 0..2 {
        let output = taut(&arguments);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("wrote {written}\nwrote {written}\n\n"));
        let text = std::fs::read_to_string(&written).expect("the file is there");
        let source = "---\n# Source: web/templates/a.yaml\n";
        assert_eq!(text, format!("{source}kind: A\n\n{source}kind: B\n\n"));
    }
    let refused = taut(&["helm", "template", &web, "--strict"]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&refused.stderr), "Error: unknown flag: --strict\n");
}
