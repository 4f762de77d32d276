//! The dot of each template: `.Values`, `.Chart`, `.Release` and the others.

use std::sync::Arc;

use tautline_core::Value as Core;
use tautline_gotemplate::{Elem, List, Map, MapType, Value};

use super::cluster::{Struct, capabilities};
use super::files::Files;
use super::state::State;
use crate::chart::{Chart, File, Metadata};
use crate::{Capabilities, Dialect, Release};

/// A template with the dot it runs on.
pub(super) struct Prepared<'c> {
    pub(super) path: String,
    pub(super) file: &'c File,
    pub(super) base_path: String,
    pub(super) dot: Map,
}

/// Prepares all templates of a chart and of those below it. Values are shared by reference: what a template
/// sets in its values, the chart above sees.
pub(super) fn prepare<'c>(
    chart: &'c Chart,
    values: &tautline_core::Map,
    release: &Release,
    cluster: &Arc<Capabilities>,
    state: &Arc<State>,
    dialect: Dialect,
) -> Vec<Prepared<'c>> {
    let shared = Shared {
        release: release_map(release),
        capabilities: capabilities(cluster, state, dialect),
        dialect,
    };
    let values = match Value::from(&Core::Map(values.clone())) {
        Value::Map(map) => map,
        _ => Map::new(),
    };
    let mut prepared = Vec::new();
    shared.chart(chart, values.named(dialect.values_type()), "", true, &mut prepared);
    prepared
}

struct Shared {
    release: Map,
    capabilities: Value,
    dialect: Dialect,
}

impl Shared {
    fn chart<'c>(
        &self,
        chart: &'c Chart,
        values: Map,
        above: &str,
        is_root: bool,
        prepared: &mut Vec<Prepared<'c>>,
    ) -> Map {
        let dot = Map::new();
        let below = Map::new();
        dot.set("Chart", chart_value(&chart.metadata, is_root, self.dialect));
        dot.set("Files", Value::host(Files::new(&chart.files)));
        dot.set("Release", self.release.clone());
        dot.set("Capabilities", self.capabilities.clone());
        dot.set("Values", values.clone());
        dot.set("Subcharts", below.clone());
        let for_subcharts = format!("{}/charts/", chart.path_for_subcharts(above));
        for sub in &chart.dependencies {
            let own = match values.get(sub.name().as_bytes()) {
                Some(Value::Map(map)) => map.named(self.dialect.values_type()),
                _ => Map::new().named(self.dialect.values_type()),
            };
            let inner = self.chart(sub, own, &for_subcharts, false, prepared);
            below.set(sub.name(), inner);
        }
        let path = format!("{above}{}", chart.name());
        for template in &chart.templates {
            if chart.metadata.is_library() && !template.base().starts_with('_') {
                continue;
            }
            prepared.push(Prepared {
                path: format!("{path}/{}", template.name),
                file: template,
                base_path: format!("{path}/templates"),
                dot: dot.named(self.dialect.values_type()),
            });
        }
        dot
    }
}

impl Dialect {
    /// The Go type of values.
    pub(super) fn values_type(self) -> &'static MapType {
        match self {
            Self::Helm3 => &MapType { name: "chartutil.Values" },
            Self::Helm4 => &MapType { name: "common.Values" },
        }
    }
}

fn release_map(release: &Release) -> Map {
    [
        ("Name", Value::from(release.name.as_str())),
        ("Namespace", Value::from(release.namespace.as_str())),
        ("IsUpgrade", Value::from(release.is_upgrade)),
        ("IsInstall", Value::from(!release.is_upgrade)),
        ("Revision", Value::from(release.revision)),
        ("Service", Value::from("Helm")),
    ]
    .into_iter()
    .collect()
}

/// `.Chart`: for Helm 4 a map with the names of Go's fields, for Helm 3 the Go struct.
fn chart_value(metadata: &Metadata, is_root: bool, dialect: Dialect) -> Value {
    let mut fields = fields(metadata, dialect);
    match dialect {
        Dialect::Helm4 => {
            fields.push(("IsRoot", is_root.into()));
            fields.into_iter().collect::<Map>().into()
        }
        Dialect::Helm3 => {
            let json = json(metadata);
            json.set("IsRoot", is_root);
            let embedded = Struct::new("chart.Metadata", fields.clone()).with_json(json.clone().into());
            // The embedded struct's fields are the outer one's too.
            let printed = vec![("Metadata", Value::host(embedded)), ("IsRoot", is_root.into())];
            Value::host(Struct::embedding("struct { chart.Metadata; IsRoot bool }", printed, fields, json))
        }
    }
}

fn text(text: &str) -> Value {
    Value::from(text)
}

fn texts(texts: &[String], dialect: Dialect) -> Value {
    match dialect {
        Dialect::Helm4 => List::new(texts.iter().map(|t| text(t)).collect()).into(),
        Dialect::Helm3 if texts.is_empty() => List::nil(Elem::String).into(),
        Dialect::Helm3 => List::strings(texts.iter().map(String::as_str)).into(),
    }
}

/// The fields of the Go struct, in its order.
fn fields(metadata: &Metadata, dialect: Dialect) -> Vec<(&'static str, Value)> {
    let annotations = match &metadata.annotations {
        None => Map::nil(),
        Some(entries) => {
            let map = Map::typed(Elem::String);
            entries.iter().for_each(|(key, value)| map.set(key.as_str(), text(value)));
            map
        }
    };
    let structs = |name: &'static str, json: Vec<Value>, items: Vec<Vec<(&'static str, Value)>>| -> Value {
        let item = |(fields, json): (Vec<(&'static str, Value)>, Value)| match dialect {
            Dialect::Helm4 => fields.into_iter().collect::<Map>().into(),
            Dialect::Helm3 => Value::host(Struct::new(name, fields).with_json(json)),
        };
        List::new(items.into_iter().zip(json).map(item).collect()).into()
    };
    let maintainers = metadata
        .maintainers
        .iter()
        .map(|m| vec![("Name", text(&m.name)), ("Email", text(&m.email)), ("URL", text(&m.url))]);
    let dependencies = metadata.dependencies.iter().flatten().map(|d| {
        vec![
            ("Name", text(&d.name)),
            ("Version", text(&d.version)),
            ("Repository", text(&d.repository)),
            ("Condition", text(&d.condition)),
            ("Tags", texts(&d.tags, dialect)),
            ("Enabled", d.enabled.into()),
            ("ImportValues", List::new(d.import_values.iter().map(Value::from_yaml).collect()).into()),
            ("Alias", text(&d.alias)),
        ]
    });
    vec![
        ("Name", text(&metadata.name)),
        ("Home", text(&metadata.home)),
        ("Sources", texts(&metadata.sources, dialect)),
        ("Version", text(&metadata.version)),
        ("Description", text(&metadata.description)),
        ("Keywords", texts(&metadata.keywords, dialect)),
        ("Maintainers", structs("*chart.Maintainer", maintainers_json(metadata), maintainers.collect())),
        ("Icon", text(&metadata.icon)),
        ("APIVersion", text(&metadata.api_version)),
        ("Condition", text(&metadata.condition)),
        ("Tags", text(&metadata.tags)),
        ("AppVersion", text(&metadata.app_version)),
        ("Deprecated", metadata.deprecated.into()),
        ("Annotations", annotations.into()),
        ("KubeVersion", text(&metadata.kube_version)),
        ("Dependencies", structs("*chart.Dependency", dependencies_json(metadata), dependencies.collect())),
        ("Type", text(&metadata.kind)),
    ]
}

/// What Go's JSON encoder makes of the struct: names of `Chart.yaml`, empty fields left out.
fn json(metadata: &Metadata) -> Map {
    let map = Map::new();
    let set = |name: &str, value: Value| {
        if value.is_true() {
            map.set(name, value);
        }
    };
    let list = |items: &[String]| List::new(items.iter().map(|t| text(t)).collect()).into();
    set("name", text(&metadata.name));
    set("home", text(&metadata.home));
    set("sources", list(&metadata.sources));
    set("version", text(&metadata.version));
    set("description", text(&metadata.description));
    set("keywords", list(&metadata.keywords));
    set("icon", text(&metadata.icon));
    set("apiVersion", text(&metadata.api_version));
    set("condition", text(&metadata.condition));
    set("tags", text(&metadata.tags));
    set("appVersion", text(&metadata.app_version));
    set("deprecated", metadata.deprecated.into());
    set("kubeVersion", text(&metadata.kube_version));
    set("type", text(&metadata.kind));
    let annotations = metadata.annotations.iter().flatten();
    set("annotations", annotations.map(|(k, v)| (k.as_str(), text(v))).collect::<Map>().into());
    set("maintainers", List::new(maintainers_json(metadata)).into());
    set("dependencies", List::new(dependencies_json(metadata)).into());
    map
}

/// Fields that are not empty.
fn filled(fields: Vec<(&str, Value)>) -> Map {
    fields.into_iter().filter(|(_, value)| value.is_true()).collect()
}

fn maintainers_json(metadata: &Metadata) -> Vec<Value> {
    let json = |m: &crate::Maintainer| {
        filled(vec![("name", text(&m.name)), ("email", text(&m.email)), ("url", text(&m.url))]).into()
    };
    metadata.maintainers.iter().map(json).collect()
}

fn dependencies_json(metadata: &Metadata) -> Vec<Value> {
    let json = |d: &crate::Dependency| {
        let imports = d.import_values.iter().map(Value::from_yaml).collect();
        let json = filled(vec![
            ("version", text(&d.version)),
            ("condition", text(&d.condition)),
            ("tags", List::new(d.tags.iter().map(|t| text(t)).collect()).into()),
            ("enabled", d.enabled.into()),
            ("import-values", List::new(imports).into()),
            ("alias", text(&d.alias)),
        ]);
        json.set("name", text(&d.name));
        json.set("repository", text(&d.repository));
        json.into()
    };
    metadata.dependencies.iter().flatten().map(json).collect()
}
