//! Hostile trees end in errors that say what is wrong, soon and within the budget.
#![allow(clippy::unwrap_used, reason = "a failure is the test's failure, in its helpers too")]

use tautline_core::{Budget, MemoryTree, TreePath};
use tautline_kustomize::{Error, Request, build};

fn error_within(files: Vec<(String, String)>, budget: Budget) -> Error {
    let tree = MemoryTree::new(files);
    let request = Request { budget, ..Request::new(&tree, TreePath::new("top").unwrap()) };
    build(&request).outcome.and_then(|built| built.to_yaml()).unwrap_err()
}

fn error(files: &[(&str, &str)]) -> String {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    error_within(files, Budget::default()).to_string()
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

#[test]
fn cycles() {
    let two = error(&[
        ("top/kustomization.yaml", "resources: [../other]\n"),
        ("other/kustomization.yaml", "resources: [../top]\n"),
    ]);
    assert!(two.contains("cycle detected: candidate root '/top' contains visited root '/top'"), "{two}");
    assert!(error(&[("top/kustomization.yaml", "resources: [.]\n")]).contains("cycle detected"));
    assert!(error(&[("top/kustomization.yaml", "components: [../top]\n")]).contains("cycle detected"));
}

#[test]
fn ten_thousand_overlays() {
    let mut files: Vec<(String, String)> = (0..10_000)
        .map(|at| (format!("d{at}/kustomization.yaml"), format!("resources: [../d{}]\n", at + 1)))
        .collect();
    files.push(("top/kustomization.yaml".to_owned(), "resources: [../d0]\n".to_owned()));
    let error = error_within(files, Budget::default());
    assert!(matches!(error, Error::Budget(_)), "{error}");
    assert!(error.to_string().contains("nested deeper than 200 levels"), "{error}");
}

#[test]
fn a_million_bases_by_doubling() {
    // Each level names the one below twice: 2^40 builds, or an error at the first doubled resource.
    let mut files: Vec<(String, String)> = (0..40)
        .map(|at| {
            (
                format!("d{at}/kustomization.yaml"),
                format!("resources: [../d{next}, ../d{next}]\n", next = at + 1),
            )
        })
        .collect();
    files.push(("d40/kustomization.yaml".to_owned(), "resources: []\n".to_owned()));
    files.push(("top/kustomization.yaml".to_owned(), "resources: [../d0]\n".to_owned()));
    let budget = Budget { steps: 100_000, ..Budget::default() };
    let error = error_within(files, budget);
    assert!(matches!(error, Error::Budget(_)), "{error}");
}

#[test]
fn paths_out_of_the_tree() {
    for path in ["../../etc/passwd", "/etc/passwd", "a/../../../etc", "..\\etc"] {
        let text = format!("resources: ['{path}']\n");
        let error = error(&[("top/kustomization.yaml", text.as_str()), ("top/a/b", "x")]);
        assert!(!error.is_empty(), "{path}");
    }
    let outside = error(&[
        ("top/kustomization.yaml", "configMapGenerator: [{name: a, files: [../secret]}]\n"),
        ("secret", "x"),
    ]);
    assert!(outside.contains("security; file '/secret' is not in or below '/top'"), "{outside}");
}

#[test]
fn links_out_of_the_root() {
    let tree = MemoryTree::new([("top/kustomization.yaml", "resources: [link.yaml]\n"), ("out.yaml", MAP)])
        .with_link("top/link.yaml", "../out.yaml");
    let error = build(&Request::new(&tree, TreePath::new("top").unwrap())).outcome.unwrap_err().to_string();
    assert!(error.contains("security; file '/top/link.yaml' is not in or below '/top'"), "{error}");
}

#[test]
fn expressions_that_explode() {
    let nested = "(".repeat(200) + "a" + &"{1,1000}){1,1000}".repeat(5);
    for pattern in [nested.as_str(), "(a{1,1000}){1,1000}", "(((x{100}){100}){100}){100}", "["] {
        let text = format!(
            "resources: [a.yaml]\npatches: [{{patch: '[]', target: {{name: '{pattern}'}}}}]\nimages: [{{name: '{pattern}', newTag: x}}]\n"
        );
        let error = error(&[("top/kustomization.yaml", text.as_str()), ("top/a.yaml", MAP)]);
        assert!(error.contains("regexp"), "{error}");
    }
    // A slow one for a backtracking engine is none here.
    let text =
        "resources: [a.yaml]\nnamePrefix: x\npatches: [{path: gone.yaml, target: {name: '(a*)*(a*)*b'}}]\n";
    assert!(error(&[("top/kustomization.yaml", text), ("top/a.yaml", MAP)]).contains("gone.yaml"));
}

#[test]
fn replacements_that_explode() {
    let map = format!("{MAP}data: {{a: {{x: y}}}}\n");
    let run = |entries: String| {
        let text = format!("resources: [a.yaml]\nreplacements:\n{entries}");
        let files = vec![("top/kustomization.yaml".to_owned(), text), ("top/a.yaml".to_owned(), map.clone())];
        error_within(files, Budget { nodes: 100_000, ..Budget::default() })
    };
    let entry = |field: String| {
        let target =
            format!("{{select: {{kind: ConfigMap}}, fieldPaths: [data.{field}], options: {{create: true}}}}");
        format!("- {{source: {{kind: ConfigMap, name: a, fieldPath: data}}, targets: [{target}]}}\n")
    };
    // Each doubles the map by putting it into itself under a new key.
    let doubling = run((0..60).map(|at| entry(format!("b{at}"))).collect());
    assert!(matches!(doubling, Error::Budget(_)), "{doubling}");
    // Each nests it one level deeper.
    let deeper = run((0..1000).map(|_| entry("b".to_owned())).collect());
    assert!(matches!(deeper, Error::Budget(_)), "{deeper}");
}

#[test]
fn patches_that_explode() {
    let map = format!("{MAP}data: {{a: b}}\n");
    let run = |operations: String| {
        let patch = operations.trim_end().replace('\n', "\n    ");
        let text = format!(
            "resources: [a.yaml]\npatches:\n- target: {{kind: ConfigMap}}\n  patch: |-\n    {patch}\n"
        );
        let files = vec![("top/kustomization.yaml".to_owned(), text), ("top/a.yaml".to_owned(), map.clone())];
        error_within(files, Budget { nodes: 100_000, ..Budget::default() }).to_string()
    };
    let doubling =
        run((0..60).map(|at| format!("- {{op: copy, from: /data, path: /data/x{at}}}\n")).collect());
    assert!(doubling.contains("the copies of a patch hold more than 100000 values"), "{doubling}");
    let deeper = run("- {op: copy, from: /data, path: /data/x}\n".repeat(300));
    assert!(deeper.contains("nested deeper than 200 levels"), "{deeper}");
}

#[test]
fn aliases_that_explode() {
    let mut text = format!("{MAP}data:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for at in 1..12 {
        let below = format!("*a{},", at - 1).repeat(9);
        text.push_str(&format!("  a{at}: &a{at} [{below}]\n"));
    }
    let error = error(&[("top/kustomization.yaml", "resources: [a.yaml]\n"), ("top/a.yaml", text.as_str())]);
    assert!(error.contains("more than 1000000 values"), "{error}");
}

#[test]
fn huge_generators() {
    let files = vec![
        (
            "top/kustomization.yaml".to_owned(),
            "configMapGenerator: [{name: a, files: [big, big2=big]}]\n".to_owned(),
        ),
        ("top/big".to_owned(), "x".repeat(700_000)),
    ];
    let error = error_within(files, Budget { bytes: 1 << 20, ..Budget::default() });
    assert!(matches!(error, Error::Budget(_)), "{error}");
}

#[test]
fn a_cancelled_build_ends() {
    let budget = Budget::default();
    budget.cancel.cancel();
    let files = vec![
        ("top/kustomization.yaml".to_owned(), "resources: [a.yaml]\n".to_owned()),
        ("top/a.yaml".to_owned(), MAP.to_owned()),
    ];
    assert!(matches!(error_within(files, budget), Error::Budget(_)));
}

#[test]
fn programs_are_not_run() {
    let plugin = "apiVersion: x.io/v1\nkind: Evil\nmetadata:\n  name: e\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: /bin/sh}\n";
    let error = error(&[("top/kustomization.yaml", "generators: [p.yaml]\n"), ("top/p.yaml", plugin)]);
    assert!(error.contains("external plugins disabled; unable to load external plugin 'Evil'"), "{error}");
}
