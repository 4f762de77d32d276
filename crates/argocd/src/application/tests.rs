//! Applications as people write them.

use tautline_engine::{Automated, Deletion};
use tautline_ownership::Propagation;

use super::*;

fn settings() -> Settings {
    Settings { control_plane: "argocd".into(), poll: Duration::from_secs(180), observe: false }
}

fn read(yaml: &str) -> Application {
    let value = tautline_yaml::read(yaml, &tautline_yaml::Options::default()).unwrap();
    Application::read(&Object::new(value).unwrap(), &settings())
}

const TUTORIAL: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: ai-agent-prod\n  namespace: argocd\nspec:\n  project: default\n  source:\n    repoURL: 'https://github.com/my-org/ai-repo.git'\n    targetRevision: HEAD\n    path: charts/ai-agent\n  destination:\n    server: 'https://kubernetes.default.svc'\n    namespace: production\n  syncPolicy:\n    automated:\n      prune: true\n      selfHeal: true\n";

#[test]
fn the_tutorials_application_is_understood() {
    let app = read(TUTORIAL);
    assert!(app.spec.refused.is_empty(), "{:?}", app.spec.refused);
    assert_eq!(
        app.spec.policy.automated,
        Some(Automated { prune: true, self_heal: true, allow_empty: false })
    );
    assert_eq!(app.spec.destination.app.as_str(), "ai-agent-prod");
    assert_eq!(app.path.as_str(), "charts/ai-agent");
    assert_eq!(app.spec.want.to_string(), "https://github.com/my-org/ai-repo.git at HEAD");
}

#[test]
fn r01_what_is_not_understood_is_refused() {
    for (extra, field) in [
        ("  ignoreDifferences: [{kind: Deployment, jqPathExpressions: ['env']}]\n", "ignoreDifferences"),
        ("  ignoreDifferences: [{kind: Deployment, jsonPointer: /spec}]\n", "jsonPointer"),
        ("  sources: [{repoURL: x}]\n", "sources"),
        ("  sourceHydrator: {}\n", "sourceHydrator"),
        ("  surprise: 1\n", "surprise"),
    ] {
        let app = read(&format!("{TUTORIAL}{extra}"));
        assert!(
            app.spec.refused.iter().any(|p| p.message.contains(field)),
            "{field}: {:?}",
            app.spec.refused
        );
    }
    let app = read(&TUTORIAL.replace("    path:", "    plugin: {name: x}\n    path:"));
    assert!(app.spec.refused.iter().any(|p| p.message.contains("source.plugin")));
}

#[test]
fn a_charts_options_are_read() {
    let helm = "    path: charts/ai-agent\n    helm:\n      version: v3\n      valueFiles: [values-prod.yaml, /shared/*.yaml]\n      ignoreMissingValueFiles: true\n      values: 'a: 1'\n      valuesObject: {b: 2}\n      parameters:\n      - {name: x, value: '1'}\n      - {name: x, value: '2'}\n      - {name: z, value: '3', forceString: true}\n      fileParameters: [{name: f, path: files/f.txt}]\n      skipCrds: true\n      kubeVersion: 1.30.0\n      apiVersions: [foo/v1]\n";
    let app = read(&TUTORIAL.replace("    path: charts/ai-agent\n", helm));
    assert!(app.spec.refused.is_empty(), "{:?}", app.spec.refused);
    let Tool::Helm(options) = &app.tool else { panic!("{:?}", app.tool) };
    assert_eq!((options.release_name.as_str(), options.namespace.as_str()), ("ai-agent-prod", "production"));
    assert_eq!(options.value_files, ["values-prod.yaml", "/shared/*.yaml"]);
    assert_eq!(options.values, r#"{"b":2}"#);
    let parameters: Vec<_> =
        options.parameters.iter().map(|p| (p.name.as_str(), p.value.as_str(), p.force_string)).collect();
    assert_eq!(parameters, [("x", "2", false), ("z", "3", true)]);
    assert_eq!(options.file_parameters, [("f".to_owned(), "files/f.txt".to_owned())]);
    assert!(options.skip_crds && options.ignore_missing_value_files && !options.skip_tests);
    assert_eq!(options.dialect, tautline_render::Dialect::Helm3);
    assert_eq!(options.variables["ARGOCD_APP_NAME"], "ai-agent-prod");
    let wrong =
        read(&TUTORIAL.replace(
            "    path: charts/ai-agent\n",
            "    helm: {valuesFiles: [a], version: v2}\n    path: a\n",
        ));
    let fields: Vec<&str> = wrong.spec.refused.iter().map(|p| p.message.split(':').next().unwrap()).collect();
    assert_eq!(fields, ["spec.source.helm.valuesFiles", "spec.source.helm.version"]);
}

#[test]
fn a_kustomizations_overlay_is_read() {
    let block = "    path: charts/ai-agent\n    kustomize:\n      namePrefix: p-\n      images: ['shop:1.5']\n      replicas: [{name: web, count: '3'}]\n      commonLabels: {app: $ARGOCD_APP_NAME}\n      labelWithoutSelector: true\n      patches:\n      - target: {kind: Deployment}\n        patch: '[]'\n        options: {allowNameChange: true}\n      components: [../c]\n";
    let app = read(&TUTORIAL.replace("    path: charts/ai-agent\n", block));
    assert!(app.spec.refused.is_empty(), "{:?}", app.spec.refused);
    let Tool::Kustomize(options) = &app.tool else { panic!("{:?}", app.tool) };
    let overlay = &options.overlay;
    assert_eq!((overlay.name_prefix.as_str(), overlay.images[0].as_str()), ("p-", "shop:1.5"));
    assert_eq!((overlay.replicas["web"], overlay.label_without_selector), (3, true));
    let target = overlay.patches[0].target.as_ref().map(|target| target.kind.as_str());
    assert_eq!((target, overlay.patches[0].allow_name_change), (Some("Deployment"), true));
    assert_eq!(overlay.environment["ARGOCD_APP_NAME"], "ai-agent-prod");
    let wrong =
        read(&TUTORIAL.replace("    path:", "    kustomize: {nameprefix: x, version: v4}\n    path:"));
    let fields: Vec<&str> = wrong.spec.refused.iter().map(|p| p.message.split(':').next().unwrap()).collect();
    assert_eq!(fields, ["spec.source.kustomize.nameprefix", "spec.source.kustomize.version"]);
}

#[test]
fn r01_automation_that_is_switched_off_is_off() {
    let app = read(&TUTORIAL.replace("      prune: true\n", "      prune: true\n      enabled: false\n"));
    assert_eq!(app.spec.policy.automated, None);
}

#[test]
fn r02_only_this_cluster_is_a_destination() {
    let other = read(&TUTORIAL.replace("https://kubernetes.default.svc", "https://10.0.0.1"));
    assert!(other.spec.refused[0].message.contains("is not this cluster"));
    let named = read(&TUTORIAL.replace("server: 'https://kubernetes.default.svc'", "name: in-cluster"));
    assert!(named.spec.refused.is_empty());
    let both = read(&TUTORIAL.replace("    namespace: production", "    name: in-cluster"));
    assert!(both.spec.refused[0].message.contains("must not both be set"));
}

#[test]
fn r18_finalizers_decide_the_deletion() {
    let with = |finalizers: &str| {
        let head =
            format!("metadata:\n  deletionTimestamp: '2030-01-01T00:00:00Z'\n  finalizers: {finalizers}\n");
        read(&TUTORIAL.replace("metadata:\n", &head)).spec.deletion
    };
    let since = time::parse("2030-01-01T00:00:00Z").unwrap();
    let cascade = |propagation| {
        Some(Deletion::Cascade { propagation, since, needs_hooks: false, keeps_objects: false })
    };
    assert_eq!(with("[resources-finalizer.argocd.argoproj.io]"), cascade(Propagation::Foreground));
    assert_eq!(with("[resources-finalizer.argocd.argoproj.io/background]"), cascade(Propagation::Background));
    assert_eq!(with("[other]"), Some(Deletion::Orphan));
    let hooks_alone = with("[pre-delete-finalizer.argocd.argoproj.io]");
    assert!(matches!(hooks_alone, Some(Deletion::Cascade { needs_hooks: true, keeps_objects: true, .. })));
    let both = "[resources-finalizer.argocd.argoproj.io, post-delete-finalizer.argocd.argoproj.io/cleanup]";
    assert!(matches!(with(both), Some(Deletion::Cascade { needs_hooks: true, keeps_objects: false, .. })));
    assert_eq!(read(TUTORIAL).spec.deletion, None);
}
