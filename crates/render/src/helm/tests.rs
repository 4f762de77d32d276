use std::sync::Arc;

use tautline_core::{Budget, MemoryTree, Need, Read, Tree, TreePath, Want};

use super::*;
use crate::request::{Answers, ClusterApis, Tool};
use crate::{BuiltIn, Renderer, still_holds};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n";

fn tree(more: &[(&str, &str)]) -> MemoryTree {
    let template = format!("{MAP}  x: {{{{ .Values.x }}}}\n");
    let mut files = vec![
        ("charts/web/Chart.yaml".to_owned(), CHART.to_owned()),
        ("charts/web/values.yaml".to_owned(), "x: default\n".to_owned()),
        ("charts/web/templates/map.yaml".to_owned(), template),
        ("charts/web/README.md".to_owned(), "# web\n".to_owned()),
    ];
    files.retain(|(path, _)| !more.iter().any(|(other, _)| other == path));
    files.extend(more.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    MemoryTree::new(files)
}

fn options() -> HelmOptions {
    HelmOptions { release_name: "rel".into(), namespace: "prod".into(), ..HelmOptions::default() }
}

fn render(tree: &dyn Tree, options: HelmOptions, answers: &Answers) -> Rendered {
    BuiltIn.render(&request(tree, options, answers))
}

fn request<'a>(tree: &'a dyn Tree, options: HelmOptions, answers: &'a Answers) -> Request<'a> {
    let path = TreePath::new("charts/web").unwrap();
    Request { tree, path, tool: Tool::Helm(options), budget: Budget::default(), answers }
}

/// The value of `data.x`, or what is wrong.
fn x(rendered: &Rendered) -> String {
    if let Some(problem) = rendered.problems.iter().find(|p| p.severity == tautline_core::Severity::Error) {
        return format!("! {}", problem.message);
    }
    let object = rendered.manifests[0].object.to_value();
    object.at(&["data", "x"]).map(Value::to_json).unwrap_or_default()
}

#[test]
fn a_chart_renders_with_origins() {
    let tree = tree(&[]);
    let rendered = render(&tree, options(), &Answers::default());
    assert_eq!(x(&rendered), r#""default""#);
    assert!(rendered.is_complete());
    assert_eq!(rendered.manifests[0].key().to_string(), "ConfigMap rel");
    assert_eq!(rendered.manifests[0].origin.file, "charts/web/templates/map.yaml");
}

#[test]
fn origins_name_the_lines_of_the_template() {
    let map = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    let (of_range, of_helper, last) = (map("{{ . }}"), map("helped"), map("last"));
    let template = format!(
        "{{{{/* a\ncomment */}}}}\n{{{{- range list \"a\" \"b\" }}}}\n---\n{of_range}{{{{ end }}}}\n---\n{{{{ include \"helped\" . }}}}\n---\n{{{{ .Values.absent }}}}\n{last}"
    );
    let helper = format!("{{{{ define \"helped\" }}}}\n{of_helper}{{{{ end }}}}\n");
    let tree =
        tree(&[("charts/web/templates/map.yaml", &template), ("charts/web/templates/_h.tpl", &helper)]);
    let rendered = render(&tree, options(), &Answers::default());
    let shown: Vec<String> = rendered
        .manifests
        .iter()
        .map(|m| format!("{} {} {}", m.object.name(), m.origin.line, m.origin.via.join(" ")))
        .collect();
    let line = |name: &str, template: usize, rendered: usize| {
        format!("{name} {template} web/templates/map.yaml, rendered line {rendered}")
    };
    // What the range writes twice stands once in the template.
    assert_eq!(shown, [line("a", 5, 3), line("b", 5, 8), line("helped", 10, 14), line("last", 13, 20)]);
}

#[test]
fn values_come_in_argo_cds_order() {
    let tree = tree(&[
        ("charts/web/a.yaml", "x: a\n"),
        ("charts/web/env/1.yaml", "x: one\n"),
        ("charts/web/env/2.yaml", "x: two\n"),
        ("shared.yaml", "x: shared\n"),
        ("charts/web/note.txt", "from a file"),
    ]);
    let check = |change: &dyn Fn(&mut HelmOptions), expect: &str| {
        let mut options = options();
        change(&mut options);
        assert_eq!(x(&render(&tree, options, &Answers::default())), expect);
    };
    let files = |files: &'static [&'static str]| {
        move |o: &mut HelmOptions| o.value_files = files.iter().map(|f| (*f).to_owned()).collect()
    };
    check(&files(&["a.yaml", "/shared.yaml"]), r#""shared""#);
    check(&files(&["../../shared.yaml", "a.yaml"]), r#""a""#);
    check(&files(&["env/*.yaml"]), r#""two""#);
    // A file that is named keeps its place and is no part of the pattern.
    check(&files(&["env/2.yaml", "env/**/*.yaml", "env/1.yaml"]), r#""one""#);
    check(
        &files(&["../../../etc/passwd"]),
        "! path \"../../../etc/passwd\" leaves the source; use a path below its root without \"..\"",
    );
    check(
        &files(&["https://example.com/v.yaml"]),
        "! values file https://example.com/v.yaml: https is the network, and nothing is fetched; put it into Git",
    );
    check(
        &files(&["nope.yaml"]),
        "! values file nope.yaml is not in the source; add it, or set ignoreMissingValueFiles",
    );
    check(
        &files(&["nope/*.yaml"]),
        "! no values file matches nope/*.yaml; correct it, or set ignoreMissingValueFiles",
    );
    check(
        &|o| {
            files(&["nope.yaml", "nope/*"])(o);
            o.ignore_missing_value_files = true;
        },
        r#""default""#,
    );
    check(
        &|o| {
            files(&["a.yaml"])(o);
            o.values = "x: inline\n".into();
        },
        r#""inline""#,
    );
    let parameter =
        |value: &str, force_string| HelmParameter { name: "x".into(), value: value.into(), force_string };
    check(&|o| o.parameters = vec![parameter("a,b", false)], r#""a,b""#);
    check(&|o| o.parameters = vec![parameter("7", false)], "7");
    check(&|o| o.file_parameters = vec![("x".into(), "note.txt".into())], r#""from a file""#);
    check(
        &|o| o.file_parameters = vec![("x".into(), "nope.txt".into())],
        "! failed parsing --set-file data: open charts/web/nope.txt: no such file or directory",
    );
}

#[test]
fn another_sources_values_are_asked_for() {
    let tree = tree(&[]);
    let want = Want::Git { repository: "r".into(), reference: "main".into() };
    let mut options = options();
    options.value_files = vec!["$values/prod/v.yaml".into()];
    options.refs.insert("values".into(), want.clone());
    let mut answers = Answers::default();
    let rendered = render(&tree, options.clone(), &answers);
    assert_eq!(rendered.needs, [Need::Tree(want.clone())]);
    answers.trees.insert(want.clone(), Arc::new(MemoryTree::new([("prod/v.yaml", "x: other\n")])));
    let rendered = render(&tree, options.clone(), &answers);
    assert_eq!(x(&rendered), r#""other""#);
    assert!(still_holds(&rendered.reads, &request(&tree, options.clone(), &answers)));
    answers.trees.insert(want, Arc::new(MemoryTree::new([("prod/v.yaml", "x: changed\n")])));
    assert!(!still_holds(&rendered.reads, &request(&tree, options, &answers)));
}

#[test]
fn dependencies_that_are_not_there_are_asked_for() {
    let chart = format!(
        "{CHART}dependencies:\n- name: sub\n  version: 1.x\n  repository: https://charts.example.com\n"
    );
    let tree = tree(&[("charts/web/Chart.yaml", &chart)]);
    let want = Want::HelmChart {
        repository: "https://charts.example.com".into(),
        chart: "sub".into(),
        version: "1.x".into(),
    };
    let mut answers = Answers::default();
    let rendered = render(&tree, options(), &answers);
    assert_eq!(rendered.needs, [Need::Tree(want.clone())]);
    let sub = MemoryTree::new([
        ("Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.2.0\n".to_owned()),
        ("templates/sub.yaml", MAP.replace("{{ .Release.Name }}", "sub")),
    ]);
    answers.trees.insert(want, Arc::new(sub));
    let rendered = render(&tree, options(), &answers);
    let keys: Vec<String> = rendered.manifests.iter().map(|m| m.key().to_string()).collect();
    assert_eq!(keys, ["ConfigMap sub", "ConfigMap rel"], "{:?}", rendered.problems);

    let local = format!("{CHART}dependencies:\n- name: lib\n  version: '*'\n  repository: file://../lib\n");
    let tree = self::tree(&[
        ("charts/web/Chart.yaml", &local),
        ("charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.2.0\n"),
        ("charts/lib/templates/a.yaml", &MAP.replace("{{ .Release.Name }}", "lib")),
    ]);
    let rendered = render(&tree, options(), &Answers::default());
    assert_eq!(rendered.manifests.len(), 2, "{:?}", rendered.problems);

    let other = format!("{CHART}dependencies:\n- name: sub\n  version: 1.x\n  repository: ''\n");
    let tree = self::tree(&[("charts/web/Chart.yaml", &other)]);
    let rendered = render(&tree, options(), &Answers::default());
    assert!(x(&rendered).ends_with("found in Chart.yaml, but missing in charts/ directory: sub"));
}

#[test]
fn only_what_was_read_makes_a_render_stale() {
    let template = format!(
        "{MAP}  x: {{{{ .Files.Get \"used.txt\" }}}}\n  api: {{{{ .Capabilities.APIVersions.Has \"a/v1\" | toString }}}}\n"
    );
    let files = |more: &[(&str, &str)]| {
        let mut all = vec![
            ("charts/web/templates/map.yaml", template.as_str()),
            ("charts/web/used.txt", "u"),
            ("charts/web/unused.txt", "n"),
        ];
        all.retain(|(path, _)| !more.iter().any(|(other, _)| other == path));
        all.extend(more);
        tree(&all)
    };
    let cluster = |apis: &[&str]| {
        let api_versions = apis.iter().map(|a| (*a).to_owned()).collect();
        let cluster = ClusterApis { kube_version: "v1.35.0".into(), api_versions };
        Answers { cluster: Some(Arc::new(cluster)), ..Answers::default() }
    };
    let answers = cluster(&["a/v1"]);
    let before = files(&[]);
    let rendered = render(&before, options(), &answers);
    assert_eq!(x(&rendered), r#""u""#);
    let check = |tree: &MemoryTree, answers: &Answers, expect: bool| {
        assert_eq!(still_holds(&rendered.reads, &request(tree, options(), answers)), expect);
    };
    check(&before, &answers, true);
    check(
        &files(&[("charts/web/README.md", "# changed\n"), ("charts/web/unused.txt", "changed")]),
        &answers,
        true,
    );
    check(&files(&[("other/file", "x")]), &answers, true);
    check(&files(&[("charts/web/used.txt", "changed")]), &answers, false);
    check(&files(&[("charts/web/values.yaml", "x: 2\n")]), &answers, false);
    check(&files(&[("charts/web/templates/new.yaml", "")]), &answers, false);
    check(&before, &cluster(&["a/v1", "b/v1"]), true);
    check(&before, &cluster(&["b/v1"]), false);
    let asks = rendered.reads.iter().any(|(read, _)| *read == Read::Version("kubernetes".into()));
    assert!(!asks, "the version was not asked for");
}

#[test]
fn what_fails_names_file_and_line() {
    let tree = tree(&[("charts/web/templates/bad.yaml", "a: 1\nb: {{ .Values.no.such }}\n")]);
    let rendered = render(&tree, options(), &Answers::default());
    let problem = &rendered.problems[0];
    assert_eq!(problem.origin.as_ref().unwrap().to_string(), "charts/web/templates/bad.yaml:2");
    assert!(!rendered.is_complete());
}

#[test]
fn crds_hooks_and_tests() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: a.b\n";
    let hook = MAP.replace("{{ .Release.Name }}", "hook\n  annotations: {helm.sh/hook: pre-install}");
    let test = MAP.replace("{{ .Release.Name }}", "test\n  annotations: {helm.sh/hook: test}");
    let tree = tree(&[
        ("charts/web/crds/a.yaml", crd),
        ("charts/web/templates/hook.yaml", &hook),
        ("charts/web/templates/test.yaml", &test),
    ]);
    let check = |change: &dyn Fn(&mut HelmOptions), expect: &[&str]| {
        let mut options = options();
        change(&mut options);
        let rendered = render(&tree, options, &Answers::default());
        let names: Vec<&str> = rendered.manifests.iter().map(|m| m.object.name()).collect();
        assert_eq!(names, expect, "{:?}", rendered.problems);
    };
    check(&|_| {}, &["a.b", "rel", "hook", "test"]);
    check(&|o| o.skip_tests = true, &["a.b", "rel", "hook"]);
    check(&|o| o.skip_crds = true, &["rel", "hook", "test"]);
}
