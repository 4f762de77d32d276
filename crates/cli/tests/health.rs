//! `taut health` and `taut actions` on files.
#![allow(clippy::disallowed_methods, reason = "the tests start the program and make its input files")]

use std::path::Path;
use std::process::{Command, Output};

fn taut(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taut"));
    command.args(arguments).current_dir(folder).output().expect("the program starts")
}

/// A folder with objects, rules as data, and actions as Argo CD keeps them in folders.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the input");
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("it is in a folder")).expect("the folder is made");
        std::fs::write(file, text).expect("the input is written");
    };
    write(
        "cups.yaml",
        "apiVersion: tea.example.org/v1\nkind: Cup\nmetadata: {name: a, namespace: tea}\nspec: {size: 1}\nstatus: {phase: Empty}\n",
    );
    write(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {phase: Failed, message: gone}\n",
    );
    write("rules.yaml", "resource.customizations.rules:\n  tea.example.org/Cup: ['phase:Empty Degraded']\n");
    let actions = "scripts/tea.example.org/Cup/actions";
    write(
        &format!("{actions}/discovery.lua"),
        "return { fill = {}, drink = { disabled = obj.status.phase == 'Empty' } }",
    );
    write(
        &format!("{actions}/fill/action.lua"),
        "obj.spec.size = tonumber(actionParams['size'] or 2) return obj",
    );
    write(&format!("{actions}/drink/action.lua"), "return obj");
    folder
}

#[track_caller]
fn check(output: &Output, code: i32, parts: &[&str]) {
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn rules_are_data_that_users_bring() {
    let folder = folder();
    check(&taut(folder.path(), &["health", "cups.yaml"]), 0, &["tea.example.org/Cup tea/a  -  (none)"]);
    let own = taut(folder.path(), &["health", "cups.yaml", "--customizations", "rules.yaml"]);
    check(&own, 1, &["tea.example.org/Cup tea/a  Degraded  (table tea.example.org/Cup)"]);
}

#[test]
fn kstatus_is_a_second_view() {
    let folder = folder();
    check(&taut(folder.path(), &["health", "pod.yaml"]), 1, &["Pod p  Degraded  gone"]);
    check(&taut(folder.path(), &["health", "pod.yaml", "--kstatus"]), 0, &["Pod p  Current"]);
}

#[test]
fn actions_are_listed_and_what_they_come_to_is_printed() {
    let folder = folder();
    let taut = |arguments: &[&str]| taut(folder.path(), arguments);
    let list = taut(&["actions", "list", "cups.yaml", "--customizations", "scripts"]);
    check(&list, 0, &["tea.example.org/Cup tea/a  drink  (disabled)\n", "tea.example.org/Cup tea/a  fill\n"]);
    let fill =
        ["actions", "run", "fill", "cups.yaml", "--customizations", "scripts", "--parameter", "size=7"];
    check(&taut(&fill), 0, &["# change tea.example.org/Cup tea/a\n---\n", "size: 7"]);
    let drink = taut(&["actions", "run", "drink", "cups.yaml", "--customizations", "scripts"]);
    check(&drink, 2, &["action \"drink\" is disabled for it now"]);
    let fly = taut(&["actions", "run", "fly", "cups.yaml", "--customizations", "scripts"]);
    check(&fly, 2, &["action \"fly\" is none of its actions (drink, fill)"]);
    let none = taut(&["actions", "run", "fill", "pod.yaml", "--customizations", "scripts"]);
    check(&none, 2, &["none of its objects' kinds has actions"]);
}
