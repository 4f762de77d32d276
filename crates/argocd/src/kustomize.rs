//! `spec.source.kustomize` of an Application.

use std::collections::BTreeMap;

use tautline_core::{Map, Object, Value};
use tautline_render::{KustomizeOptions, Overlay, OverlayPatch, OverlayTarget};

use crate::application::{Refused, text};

/// The fields that Argo CD 3.6 knows.
const FIELDS: [&str; 19] = [
    "namePrefix",
    "nameSuffix",
    "images",
    "commonLabels",
    "version",
    "commonAnnotations",
    "forceCommonLabels",
    "forceCommonAnnotations",
    "namespace",
    "commonAnnotationsEnvsubst",
    "replicas",
    "patches",
    "components",
    "ignoreMissingComponents",
    "labelWithoutSelector",
    "labelIncludeTemplates",
    "kubeVersion",
    "apiVersions",
    "buildOptions",
];

/// Reads the block.
pub(crate) fn options(object: &Object, source: &Map, refused: &mut Refused) -> KustomizeOptions {
    let block = source.get("kustomize").and_then(Value::as_map).cloned().unwrap_or_default();
    for key in block.keys().filter(|key| !FIELDS.contains(&key.as_str())) {
        refused.add(&format!("source.kustomize.{key}"), "this field is not known; check its spelling");
    }
    for field in ["version", "buildOptions"] {
        if !text(&block, field).is_empty() {
            let why = "this version builds as Kustomize 5.8 does and takes no other; remove it";
            refused.add(&format!("source.kustomize.{field}"), why);
        }
    }
    let flag = |field: &str| block.get(field).and_then(Value::as_bool).unwrap_or(false);
    let own = |field: &str| text(&block, field).to_owned();
    let texts = |field: &str| items(&block, field).filter_map(Value::as_str).map(str::to_owned).collect();
    let overlay = Overlay {
        name_prefix: own("namePrefix"),
        name_suffix: own("nameSuffix"),
        namespace: own("namespace"),
        images: texts("images"),
        replicas: replicas(&block, refused),
        common_labels: map(&block, "commonLabels"),
        force_common_labels: flag("forceCommonLabels"),
        label_without_selector: flag("labelWithoutSelector"),
        label_include_templates: flag("labelIncludeTemplates"),
        common_annotations: map(&block, "commonAnnotations"),
        force_common_annotations: flag("forceCommonAnnotations"),
        common_annotations_envsubst: flag("commonAnnotationsEnvsubst"),
        patches: items(&block, "patches").map(patch).collect(),
        components: texts("components"),
        ignore_missing_components: flag("ignoreMissingComponents"),
        environment: environment(object, source),
    };
    KustomizeOptions {
        helm_kube_version: own("kubeVersion"),
        helm_api_versions: texts("apiVersions"),
        overlay,
        ..KustomizeOptions::default()
    }
}

fn items<'v>(block: &'v Map, field: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    block.get(field).and_then(Value::as_list).into_iter().flat_map(|list| list.iter())
}

fn map(block: &Map, field: &str) -> BTreeMap<String, String> {
    let map = block.get(field).and_then(Value::as_map);
    let entry =
        |(key, value): (&tautline_core::Key, &Value)| Some((key.to_string(), value.as_str()?.to_owned()));
    map.into_iter().flat_map(Map::iter).filter_map(entry).collect()
}

/// Counts are numbers or texts of numbers.
fn replicas(block: &Map, refused: &mut Refused) -> BTreeMap<String, i64> {
    let mut replicas = BTreeMap::new();
    for item in items(block, "replicas") {
        let name = item.str_at(&["name"]).unwrap_or_default();
        let count = item.i64_at(&["count"]).or_else(|| item.str_at(&["count"])?.parse().ok());
        match count {
            Some(count) => drop(replicas.insert(name.to_owned(), count)),
            None => refused.add("source.kustomize.replicas", &format!("the count of {name} is no number")),
        }
    }
    replicas
}

fn patch(item: &Value) -> OverlayPatch {
    let own = |path: &[&str]| item.str_at(path).unwrap_or_default().to_owned();
    let flag = |field: &str| item.at(&["options", field]).and_then(Value::as_bool).unwrap_or(false);
    let target = item.get("target").filter(|target| !target.is_null()).map(|_| OverlayTarget {
        group: own(&["target", "group"]),
        version: own(&["target", "version"]),
        kind: own(&["target", "kind"]),
        name: own(&["target", "name"]),
        namespace: own(&["target", "namespace"]),
        label_selector: own(&["target", "labelSelector"]),
        annotation_selector: own(&["target", "annotationSelector"]),
    });
    OverlayPatch {
        path: own(&["path"]),
        patch: own(&["patch"]),
        target,
        allow_name_change: flag("allowNameChange"),
        allow_kind_change: flag("allowKindChange"),
    }
}

/// The build variables that are known before the source is looked at.
fn environment(object: &Object, source: &Map) -> BTreeMap<String, String> {
    let spec = object.get("spec").cloned().unwrap_or_default();
    let namespace = match spec.str_at(&["destination", "namespace"]).unwrap_or_default() {
        "" => "default",
        namespace => namespace,
    };
    [
        ("ARGOCD_APP_NAME", object.name()),
        ("ARGOCD_APP_NAMESPACE", namespace),
        ("ARGOCD_APP_PROJECT_NAME", spec.str_at(&["project"]).unwrap_or("default")),
        ("ARGOCD_APP_SOURCE_REPO_URL", text(source, "repoURL")),
        ("ARGOCD_APP_SOURCE_PATH", text(source, "path")),
        ("ARGOCD_APP_SOURCE_TARGET_REVISION", text(source, "targetRevision")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}
