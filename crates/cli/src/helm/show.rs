//! `helm show`.

use tautline_core::{Budget, Map, Value};
use tautline_helm::{Chart, Dialect, Metadata};

use super::Outcome;
use super::flags::Flags;
use super::template::{load, locate, unverified};

/// Prints what a chart says of itself.
pub(super) fn run(arguments: &[String], flags: &Flags, dialect: Dialect) -> Result<Outcome, String> {
    let known = ["all", "chart", "crds", "readme", "values"];
    // As Helm does, an unknown one shows how it is used.
    let Some((what, rest)) = arguments.split_first().filter(|(what, _)| known.contains(&what.as_str()))
    else {
        return Ok(Outcome { stdout: super::USAGE.into(), ..Outcome::default() });
    };
    let [path] = rest else {
        return Err(format!(
            "\"helm show {what}\" requires 1 argument\n\nUsage:  helm show {what} [CHART] [flags]"
        ));
    };
    if flags.text("jsonpath").is_some_and(|path| !path.is_empty()) {
        return Err(
            "--jsonpath is not supported: print the values and choose with another program".to_owned()
        );
    }
    if flags.is_set("verify") {
        return Err(unverified(path));
    }
    let loaded = load(&locate(path, dialect)?, dialect, &Budget::default())?;
    Ok(Outcome { stdout: text(&loaded.chart, what, dialect), ..Outcome::default() })
}

fn text(chart: &Chart, what: &str, dialect: Dialect) -> Vec<u8> {
    let mut out = Vec::new();
    let is = |part: &str| what == part || what == "all";
    let mut line = |bytes: &[u8]| {
        out.extend_from_slice(bytes);
        out.push(b'\n');
    };
    if is("chart") {
        line(tautline_yaml::write(&Value::Map(metadata(&chart.metadata))).as_bytes());
    }
    if is("values")
        && let Some(raw) = &chart.raw_values
    {
        if what == "all" {
            line(b"---");
        }
        line(raw);
    }
    let names = ["readme.md", "readme.txt", "readme"];
    let readme = chart.files.iter().find(|f| names.iter().any(|name| f.name.eq_ignore_ascii_case(name)));
    if is("readme")
        && let Some(readme) = readme
    {
        if what == "all" {
            line(b"---");
        }
        line(&readme.data);
    }
    if is("crds") {
        for (_, file) in chart.crds() {
            if !file.data.starts_with(b"---") && (what == "all" || dialect == Dialect::Helm4) {
                line(b"---");
            }
            line(&file.data);
        }
    }
    out
}

/// The fields of `Chart.yaml` that are not empty.
fn metadata(metadata: &Metadata) -> Map {
    let mut map = Map::new();
    let texts = |items: &[String]| Value::List(items.iter().map(String::as_str).collect());
    let filled = |pairs: &[(&str, &str)]| -> Map {
        pairs
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (*name, Value::from(*text)))
            .collect()
    };
    map.extend(filled(&[
        ("name", &metadata.name),
        ("home", &metadata.home),
        ("version", &metadata.version),
        ("description", &metadata.description),
        ("icon", &metadata.icon),
        ("apiVersion", &metadata.api_version),
        ("condition", &metadata.condition),
        ("tags", &metadata.tags),
        ("appVersion", &metadata.app_version),
        ("kubeVersion", &metadata.kube_version),
        ("type", &metadata.kind),
    ]));
    if !metadata.sources.is_empty() {
        map.insert("sources", texts(&metadata.sources));
    }
    if !metadata.keywords.is_empty() {
        map.insert("keywords", texts(&metadata.keywords));
    }
    if metadata.deprecated {
        map.insert("deprecated", true);
    }
    if let Some(annotations) = metadata.annotations.as_ref().filter(|a| !a.is_empty()) {
        let entries = annotations.iter().map(|(key, value)| (key.as_str(), Value::from(value.as_str())));
        map.insert("annotations", entries.collect::<Map>());
    }
    if !metadata.maintainers.is_empty() {
        let maintainer = |m: &tautline_helm::Maintainer| {
            Value::Map(filled(&[("name", &m.name), ("email", &m.email), ("url", &m.url)]))
        };
        map.insert("maintainers", Value::List(metadata.maintainers.iter().map(maintainer).collect()));
    }
    let dependencies: Vec<Value> = metadata.dependencies.iter().flatten().map(dependency).collect();
    if !dependencies.is_empty() {
        map.insert("dependencies", dependencies);
    }
    map
}

fn dependency(dependency: &tautline_helm::Dependency) -> Value {
    let mut map: Map = [("name", dependency.name.as_str()), ("repository", dependency.repository.as_str())]
        .into_iter()
        .collect();
    for (name, text) in
        [("version", &dependency.version), ("condition", &dependency.condition), ("alias", &dependency.alias)]
    {
        if !text.is_empty() {
            map.insert(name, text.as_str());
        }
    }
    if !dependency.tags.is_empty() {
        map.insert("tags", dependency.tags.iter().map(String::as_str).collect::<tautline_core::List>());
    }
    if dependency.enabled {
        map.insert("enabled", true);
    }
    if !dependency.import_values.is_empty() {
        map.insert("import-values", dependency.import_values.clone());
    }
    Value::Map(map)
}
