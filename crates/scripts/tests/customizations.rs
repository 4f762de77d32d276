//! Which script is asked, and the forms in which scripts are kept.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use tautline_core::{Object, Timestamp, Value};
use tautline_scripts::Customizations;

fn says(word: &str) -> String {
    format!("return {{ status = 'Healthy', message = '{word}' }}")
}

fn judge(all: &Customizations, kind: &str) -> String {
    let (version, kind) = kind.split_once(' ').unwrap();
    let text =
        format!(r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"x"}},"spec":{{}}}}"#);
    let object = Object::new(Value::from_json(text.as_bytes()).unwrap()).unwrap();
    let verdict = all.judge(&object, Timestamp::default());
    let health =
        verdict.health.map_or("-".to_owned(), |health| format!("{} {}", health.status, health.message));
    format!("{}: {health}", verdict.rule)
}

#[test]
fn the_most_specific_is_asked() {
    let (all, group, kind, own) = (says("all"), says("group"), says("kind"), says("own"));
    let files = [
        ("_/_/health.lua", all.as_str()),
        ("_.example.org/_/health.lua", &group),
        ("./_.example.org/Cup/health.lua", &kind),
        ("tea.example.org/Cup/health.lua", &own),
        ("tea.example.org/Cup/testdata/x.yaml", "no script"),
    ];
    let set = Customizations::from_files(files).unwrap();
    assert_eq!(set.len(), 4);
    for (object, expect) in [
        ("tea.example.org/v1 Cup", "lua tea.example.org/Cup: Healthy own"),
        ("ice.example.org/v1 Cup", "lua ice.example.org/Cup: Healthy kind"),
        ("ice.example.org/v1 Pot", "lua ice.example.org/Pot: Healthy group"),
        ("apps/v1 Deployment", "lua apps/Deployment: Healthy all"),
        ("v1 Secret", "none: -"),
    ] {
        assert_eq!(judge(&set, object), expect);
    }
}

#[test]
fn argo_cds_config_map() {
    let set = Customizations::from_yaml(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n  \
         resource.customizations.health.tea_Cup: |\n    return { status = 'Healthy', message = 'key' }\n  \
         resource.customizations.useOpenLibs.tea_Cup: 'true'\n  \
         resource.customizations.health.Secret: return {}\n  \
         resource.customizations: |\n    '*.ice/*':\n      health.lua: |\n        return { status = 'Bad' }\n",
    );
    let set = set.unwrap();
    assert_eq!(judge(&set, "tea/v1 Cup"), "lua tea/Cup: Healthy key");
    assert_eq!(judge(&set, "v1 Secret"), "lua Secret: -");
    assert_eq!(judge(&set, "my.ice/v1 Cup"), "lua my.ice/Cup: Unknown Lua returned an invalid health status");
    assert_eq!(judge(&set, "v1 Service"), "built-in Service: Healthy ");
}

#[test]
fn the_bare_map_and_bad_ones() {
    let set = Customizations::from_yaml("tea/Cup:\n  health.lua: error('no', 0)\n").unwrap();
    assert_eq!(judge(&set, "tea/v1 Cup"), "lua tea/Cup: Unknown no");
    assert!(Customizations::from_yaml("- a").is_err());
    assert!(Customizations::from_yaml("a: [").is_err());
    assert!(Customizations::from_yaml("tea/Cup: {health.lua: {}}").is_err());
    assert!(Customizations::from_yaml("'[tea/Cup': {health.lua: x}").is_err());
}
