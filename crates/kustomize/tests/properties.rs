//! Laws that every build obeys.
#![allow(clippy::unwrap_used, reason = "a failure is the test's failure, in its helpers too")]

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use tautline_core::{Budget, Entry, MemoryTree, Read, Tree, TreeError, TreeId, TreePath};
use tautline_kustomize::{Report, Request, build};

type Files = BTreeMap<String, String>;

fn run(files: &Files) -> Report {
    let tree = MemoryTree::new(files.clone());
    build(&Request::new(&tree, TreePath::new("top").unwrap()))
}

fn text(files: &Files) -> Result<String, String> {
    run(files).outcome.and_then(|built| built.to_yaml()).map_err(|error| error.to_string())
}

/// One of the things that a kustomization can say.
fn step() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{1,3}-".prop_map(|prefix| format!("namePrefix: {prefix}\n")),
        "-[a-c]{1,3}".prop_map(|suffix| format!("nameSuffix: {suffix}\n")),
        "[a-c]{1,4}".prop_map(|namespace| format!("namespace: {namespace}\n")),
        ("[a-c]", "[a-c0-9]{1,3}").prop_map(|(key, value)| format!("commonLabels: {{{key}: \"{value}\"}}\n")),
        ("[a-c]", "[a-c0-9 ]{1,9}").prop_map(|(key, value)| format!("commonAnnotations: {{{key}: \"{value}\"}}\n")),
        Just("images: [{name: shop, newTag: \"2\"}]\n".to_owned()),
        Just("patches: [{path: patch.yaml}]\n".to_owned()),
        Just("patches: [{patch: '[{\"op\": \"add\", \"path\": \"/metadata/labels\", \"value\": {\"x\": \"y\"}}]', target: {kind: Deployment}}]\n".to_owned()),
        "[a-z]{1,5}".prop_map(|v| format!("configMapGenerator: [{{name: map, behavior: merge, literals: [k={v}]}}]\n")),
    ]
}

fn content() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map("[a-z]{1,4}", "[ -~]{0,12}", 0..4)
}

/// A base with an overlay or two.
fn files() -> impl Strategy<Value = Files> {
    (proptest::collection::vec(step(), 0..4), proptest::collection::vec(step(), 0..3), content()).prop_map(
        |(top, middle, data)| {
            let unique = |steps: Vec<String>| -> String {
                let by_field: BTreeMap<String, String> =
                    steps.into_iter().map(|step| (step.split(':').next().unwrap().to_owned(), step)).collect();
                by_field.into_values().collect()
            };
            let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 7}\n";
            let entries: String =
                data.iter().map(|(k, v)| format!("  {k}: '{}'\n", v.replace('\'', "''"))).collect();
            let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: plain}}\ndata:\n{entries}");
            let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: shop:1\n        envFrom: [{configMapRef: {name: map}}, {configMapRef: {name: plain}}]\n";
            [
                ("base/kustomization.yaml", "resources: [a.yaml, b.yaml]\nconfigMapGenerator: [{name: map, literals: [a=b]}]\n".to_owned()),
                ("base/a.yaml", deployment.to_owned()),
                ("base/b.yaml", map),
                ("middle/kustomization.yaml", format!("resources: [../base]\n{}", unique(middle))),
                ("middle/patch.yaml", patch.to_owned()),
                ("top/kustomization.yaml", format!("resources: [../middle]\n{}", unique(top))),
                ("top/patch.yaml", patch.to_owned()),
            ]
            .into_iter()
            .map(|(path, text)| (path.to_owned(), text))
            .collect()
        },
    )
}

/// A tree that lists its folders backwards.
struct Backwards(MemoryTree);

impl Tree for Backwards {
    fn id(&self) -> TreeId {
        self.0.id()
    }
    fn stat(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        self.0.stat(path)
    }
    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        self.0.list(path).map(|names| names.into_iter().rev().collect())
    }
    fn read(&self, path: &TreePath, budget: &Budget) -> Result<Bytes, TreeError> {
        self.0.read(path, budget)
    }
}

/// Puts a kustomization over the top that says nothing but these lines.
fn over(files: &Files, lines: &str) -> Files {
    let mut renamed: Files =
        files.iter().map(|(path, text)| (path.replace("top/", "below/"), text.clone())).collect();
    renamed.insert("top/kustomization.yaml".to_owned(), format!("resources: [../below]\n{lines}"));
    renamed
}

proptest! {
    #[test]
    fn a_build_is_deterministic_whatever_the_order_of_listings(files in files()) {
        let tree = Backwards(MemoryTree::new(files.clone()));
        let backwards = build(&Request::new(&tree, TreePath::new("top").unwrap()));
        let backwards = backwards.outcome.and_then(|built| built.to_yaml()).map_err(|error| error.to_string());
        prop_assert_eq!(&text(&files), &backwards);
        prop_assert_eq!(text(&files), text(&files));
    }

    #[test]
    fn an_unused_file_changes_nothing(files in files()) {
        let mut more = files.clone();
        for path in ["base/unused.yaml", "top/unused/kustomization.yaml", "unused"] {
            more.insert(path.to_owned(), "kind: [broken".to_owned());
        }
        prop_assert_eq!(text(&files), text(&more));
    }

    #[test]
    fn an_overlay_that_says_nothing_is_the_identity(files in files()) {
        prop_assert_eq!(text(&files), text(&over(&files, "")));
    }

    #[test]
    fn prefix_and_suffix_commute(files in files()) {
        let prefix_first = over(&over(&files, "namePrefix: p-\n").into_iter().map(|(path, text)| {
            (path.replace("below/", "lowest/"), text.replace("../below", "../lowest"))
        }).collect(), "nameSuffix: -s\n");
        let suffix_first = over(&over(&files, "nameSuffix: -s\n").into_iter().map(|(path, text)| {
            (path.replace("below/", "lowest/"), text.replace("../below", "../lowest"))
        }).collect(), "namePrefix: p-\n");
        prop_assert_eq!(text(&prefix_first), text(&suffix_first));
    }

    #[test]
    fn a_hash_changes_exactly_with_the_content(a in content(), b in content()) {
        let name = |data: &BTreeMap<String, String>| {
            let literals: Vec<String> = data.iter().map(|(k, v)| format!("  - '{k}={}'\n", v.replace('\'', "''"))).collect();
            let literals = if literals.is_empty() { "  literals: []\n".to_owned() } else { format!("  literals:\n{}", literals.concat()) };
            let files = [("top/kustomization.yaml".to_owned(), format!("configMapGenerator:\n- name: m\n{literals}"))].into();
            let report = run(&files);
            let built = report.outcome.unwrap();
            built.manifests().unwrap()[0].object.name().to_owned()
        };
        // One pair of quotes around a value is taken off, so that two literals may be one value.
        let plain = |data: &BTreeMap<String, String>| data.values().all(|v| !v.starts_with(['"', '\'']));
        prop_assume!(plain(&a) && plain(&b));
        prop_assert_eq!(name(&a) == name(&b), a == b);
    }

    #[test]
    fn the_read_set_is_complete(files in files()) {
        let report = run(&files);
        let before = report.outcome.and_then(|built| built.to_yaml()).map_err(|error| error.to_string());
        let read: Vec<String> = report.reads.iter().filter_map(|(read, digest)| match read {
            Read::File(path) if digest.is_some() => Some(path.clone()),
            _ => None,
        }).collect();
        for path in files.keys() {
            let mut fewer = files.clone();
            fewer.remove(path);
            if !read.contains(path) {
                prop_assert_eq!(&before, &text(&fewer), "{} was not read", path);
                continue;
            }
            let mut changed = files.clone();
            changed.get_mut(path).unwrap().push_str("# changed\n");
            prop_assert_ne!(run(&files).reads.digest(), run(&changed).reads.digest(), "{} was read", path);
        }
    }
}
