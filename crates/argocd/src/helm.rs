//! `spec.source.helm` of an Application.

use std::collections::BTreeMap;

use tautline_core::{Map, Object, Value};
use tautline_render::{HelmOptions, HelmParameter};

use crate::application::{Refused, text};

/// The fields that Argo CD 3.6 knows.
const FIELDS: [&str; 15] = [
    "valueFiles",
    "parameters",
    "releaseName",
    "values",
    "fileParameters",
    "version",
    "passCredentials",
    "ignoreMissingValueFiles",
    "skipCrds",
    "valuesObject",
    "namespace",
    "kubeVersion",
    "apiVersions",
    "skipTests",
    "skipSchemaValidation",
];

/// Reads the block, or what stands for it where there is none.
pub(crate) fn options(object: &Object, source: &Map, refused: &mut Refused) -> HelmOptions {
    let helm = source.get("helm").and_then(Value::as_map).cloned().unwrap_or_default();
    for key in helm.keys().filter(|key| !FIELDS.contains(&key.as_str())) {
        refused.add(&format!("source.helm.{key}"), "this field is not known; check its spelling");
    }
    let spec = object.get("spec").cloned().unwrap_or_default();
    let or =
        |given: &str, otherwise: &str| if given.is_empty() { otherwise.to_owned() } else { given.to_owned() };
    let flag = |field: &str| helm.get(field).and_then(Value::as_bool).unwrap_or(false);
    let texts = |field: &str| -> Vec<String> {
        let items = helm.get(field).and_then(Value::as_list).map(|list| list.to_vec()).unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let destination = match spec.str_at(&["destination", "namespace"]).unwrap_or_default() {
        "" => "default",
        namespace => namespace,
    };
    HelmOptions {
        release_name: or(text(&helm, "releaseName"), object.name()),
        namespace: or(text(&helm, "namespace"), destination),
        dialect: dialect(text(&helm, "version"), refused),
        value_files: texts("valueFiles"),
        ignore_missing_value_files: flag("ignoreMissingValueFiles"),
        values: values(&helm, refused),
        parameters: parameters(&helm),
        file_parameters: file_parameters(&helm),
        skip_crds: flag("skipCrds"),
        skip_tests: flag("skipTests"),
        skip_schema_validation: flag("skipSchemaValidation"),
        pass_credentials: flag("passCredentials"),
        kube_version: Some(text(&helm, "kubeVersion").to_owned()).filter(|version| !version.is_empty()),
        api_versions: texts("apiVersions"),
        variables: variables(object, source, destination),
        ..HelmOptions::default()
    }
}

/// `v3` asks for Helm 3, as in every Application since 2020 that says it.
fn dialect(version: &str, refused: &mut Refused) -> tautline_render::Dialect {
    match version {
        "" | "v4" => tautline_render::Dialect::Helm4,
        "v3" => tautline_render::Dialect::Helm3,
        other => {
            refused.add("source.helm.version", &format!("{other} is not supported; use v3 or v4"));
            tautline_render::Dialect::Helm4
        }
    }
}

/// `valuesObject` beats `values`.
fn values(helm: &Map, refused: &mut Refused) -> String {
    match (helm.get("valuesObject"), helm.get("values")) {
        (Some(object @ Value::Map(map)), _) if !map.is_empty() => object.to_json(),
        (_, None | Some(Value::Null)) => String::new(),
        (_, Some(Value::String(text))) => text.to_string(),
        (_, Some(_)) => {
            refused.add("source.helm.values", "it must be text; put a map into valuesObject");
            String::new()
        }
    }
}

fn items<'v>(helm: &'v Map, field: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    helm.get(field).and_then(Value::as_list).into_iter().flat_map(|list| list.iter())
}

fn parameters(helm: &Map) -> Vec<HelmParameter> {
    let mut last: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    let all: Vec<&Value> = items(helm, "parameters").collect();
    let key = |item: &'_ Value| item.get("forceString").and_then(Value::as_bool).unwrap_or(false);
    for (i, item) in all.iter().enumerate() {
        last.insert((key(item), item.str_at(&["name"]).unwrap_or_default()), i);
    }
    // Of one name the last counts, as in Argo CD's map.
    let mut kept: Vec<usize> = last.into_values().collect();
    kept.sort_unstable();
    let parameter = |i: usize| {
        let item = *all.get(i)?;
        Some(HelmParameter {
            name: item.str_at(&["name"]).unwrap_or_default().to_owned(),
            value: item.str_at(&["value"]).unwrap_or_default().to_owned(),
            force_string: key(item),
        })
    };
    kept.into_iter().filter_map(parameter).collect()
}

fn file_parameters(helm: &Map) -> Vec<(String, String)> {
    let part = |item: &Value, field: &str| item.str_at(&[field]).unwrap_or_default().to_owned();
    items(helm, "fileParameters").map(|item| (part(item, "name"), part(item, "path"))).collect()
}

/// The build variables that are known before the source is looked at; the revision's come with it.
fn variables(object: &Object, source: &Map, namespace: &str) -> BTreeMap<String, String> {
    let project = object.get("spec").and_then(|spec| spec.str_at(&["project"])).unwrap_or("default");
    [
        ("ARGOCD_APP_NAME", object.name()),
        ("ARGOCD_APP_NAMESPACE", namespace),
        ("ARGOCD_APP_PROJECT_NAME", project),
        ("ARGOCD_APP_SOURCE_REPO_URL", text(source, "repoURL")),
        ("ARGOCD_APP_SOURCE_PATH", text(source, "path")),
        ("ARGOCD_APP_SOURCE_TARGET_REVISION", text(source, "targetRevision")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}
