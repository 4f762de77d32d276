//! `taut kustomize` with bases in repositories, and Argo CD's `kustomize` fields through `taut render`.
#![allow(clippy::disallowed_methods, reason = "the tests start programs and make their input files")]

use std::path::Path;
use std::process::{Command, Output};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n      - image: shop:1.0\n        name: main\n";

fn taut(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_taut"));
    program.args(arguments).current_dir(folder).output().expect("the program starts")
}

/// What the program prints, which must succeed.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = taut(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the input");
    for (path, text) in files {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("files are in folders")).expect("the folder is made");
        std::fs::write(file, text).expect("the input is written");
    }
    folder
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
    let done = Command::new("git").args(identity).args(arguments).current_dir(folder).output();
    let done = done.expect("git starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn bases_in_repositories_are_fetched() {
    let files = [("shop/kustomization.yaml", "resources: [web.yaml]\n"), ("shop/web.yaml", WEB)];
    let repository = folder(&files);
    git(repository.path(), &["init", "-q"]);
    git(repository.path(), &["add", "."]);
    git(repository.path(), &["commit", "-q", "-m", "first"]);
    git(repository.path(), &["tag", "v1"]);
    std::fs::write(
        repository.path().join("shop/kustomization.yaml"),
        "resources: [web.yaml]\nnamePrefix: new-\n",
    )
    .expect("the input is written");
    git(repository.path(), &["commit", "-q", "-a", "-m", "second"]);
    let url = format!("file://{}//shop", repository.path().display());
    let overlay = |reference: &str| {
        let text = format!("resources: ['{url}{reference}']\nnamePrefix: prod-\n");
        folder(&[("app/kustomization.yaml", &text)])
    };
    let built = |reference: &str| printed(overlay(reference).path(), &["kustomize", "build", "app"]);
    assert!(built("?ref=v1").contains("\n  name: prod-web\n"));
    assert!(built("").contains("\n  name: prod-new-web\n"));
    // The target itself may be in a repository, and fields are explained across it.
    assert!(
        printed(repository.path(), &["kustomize", "build", &format!("{url}?ref=v1")]).contains("name: web\n")
    );
    let told = printed(
        overlay("?ref=v1").path(),
        &["kustomize", "explain", "app", "Deployment/prod-web", "metadata.name"],
    );
    assert!(told.starts_with("metadata.name: prod-web\t# PrefixTransformer in "), "{told}");
    let missing = taut(overlay("?ref=none").path(), &["kustomize", "build", "app"]);
    let told = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(missing.status.code() == Some(1) && told.contains("none"), "{told}");
}

#[test]
fn an_application_lays_its_fields_over_the_target() {
    let source = folder(&[
        ("app/kustomization.yaml", "resources: [web.yaml]\n"),
        ("app/web.yaml", WEB),
        (
            "parts/note/kustomization.yaml",
            "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\ncommonAnnotations: {part: note}\n",
        ),
    ]);
    let rendered = |fields: &str| {
        let application = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: shop, namespace: argocd}}\nspec:\n  project: default\n  destination: {{server: https://kubernetes.default.svc, namespace: prod}}\n  source:\n    repoURL: https://git.example/shop.git\n    path: app\n    kustomize: {{{fields}}}\n"
        );
        let input = folder(&[("application.yaml", &application)]);
        let at = source.path().display().to_string();
        let output = taut(input.path(), &["render", "application.yaml", "--source", &at]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text + &String::from_utf8_lossy(&output.stderr))
    };
    let check = |fields: &str, expect: &[&str]| {
        let (done, text) = rendered(fields);
        assert!(done, "{fields}: {text}");
        expect.iter().for_each(|part| assert!(text.contains(part), "{fields}: {part:?} is not in {text}"));
    };
    check("namePrefix: a-, nameSuffix: -z", &["name: a-web-z\n"]);
    check("namespace: own", &["namespace: own\n"]);
    check("images: ['shop:2.0']", &["image: shop:2.0\n"]);
    check("images: ['shop=registry.example/shop:3']", &["image: registry.example/shop:3\n"]);
    check("replicas: [{name: web, count: 3}]", &["replicas: 3\n"]);
    check("replicas: [{name: web, count: '4'}]", &["replicas: 4\n"]);
    check(
        "commonLabels: {by: '${ARGOCD_APP_NAME}'}",
        &["matchLabels:\n      app: web\n      by: shop\n", "  labels:\n    by: shop\n"],
    );
    check(
        "commonLabels: {by: me}, labelWithoutSelector: true",
        &["matchLabels:\n      app: web\n  template", "  labels:\n    by: me\n"],
    );
    check(
        "commonLabels: {by: me}, labelWithoutSelector: true, labelIncludeTemplates: true",
        &[
            "matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n        app: web\n        by: me\n",
        ],
    );
    check(
        "commonAnnotations: {of: '${ARGOCD_APP_NAME}'}, commonAnnotationsEnvsubst: true",
        &["annotations:\n    of: shop\n"],
    );
    check(
        r#"patches: [{target: {kind: Deployment}, patch: '[{"op": "replace", "path": "/spec/replicas", "value": 7}]'}]"#,
        &["replicas: 7\n"],
    );
    check("components: [../parts/note]", &["part: note\n"]);
    check("components: [../parts/none, ../parts/note], ignoreMissingComponents: true", &["part: note\n"]);
    let (done, text) = rendered("components: [../parts/none]");
    assert!(!done && text.contains("parts/none"), "{text}");
    let (done, text) = rendered("noSuchField: 1");
    assert!(!done && text.contains("noSuchField"), "{text}");
}
