//! How Go prints the fields of the API's structs: from their `json` tags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tautline_schema::{Presence, TypeKind};

/// The structs of the API's Go packages, by the name of their OpenAPI definition.
pub(crate) struct Structs(BTreeMap<String, Struct>);

#[derive(Default)]
struct Struct {
    fields: BTreeMap<String, Tag>,
    /// Structs whose fields are printed as if they were of this one.
    inlined: Vec<String>,
}

struct Tag {
    go_type: String,
    omit_empty: bool,
    omit_zero: bool,
}

/// Where the packages are, and how their definitions' names begin.
const PACKAGES: [(&str, &str, &str); 5] = [
    ("api@", "", "io.k8s.api"),
    ("apimachinery@", "pkg/apis/meta", "io.k8s.apimachinery.pkg.apis.meta"),
    ("apimachinery@", "pkg/runtime", "io.k8s.apimachinery.pkg.runtime"),
    ("apiextensions-apiserver@", "pkg/apis", "io.k8s.apiextensions-apiserver.pkg.apis"),
    ("kube-aggregator@", "pkg/apis", "io.k8s.kube-aggregator.pkg.apis"),
];

impl Structs {
    pub(crate) fn read(modules: &Path) -> std::io::Result<Self> {
        let mut structs = Self(BTreeMap::new());
        let mut found: Vec<PathBuf> =
            std::fs::read_dir(modules)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        found.sort();
        for (module, below, prefix) in PACKAGES {
            let named =
                |path: &&PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(module));
            if let Some(root) = found.iter().rev().find(named) {
                structs.folder(&root.join(below), prefix)?;
            }
        }
        Ok(structs)
    }

    fn folder(&mut self, folder: &Path, prefix: &str) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_dir() {
                self.folder(&entry.path(), &format!("{prefix}.{name}"))?;
            } else if name.ends_with(".go") && !name.ends_with("_test.go") && !name.contains("generated") {
                self.file(&std::fs::read_to_string(entry.path())?, prefix);
            }
        }
        Ok(())
    }

    fn file(&mut self, text: &str, package: &str) {
        let mut open: Option<String> = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("type ") {
                open = rest.strip_suffix(" struct {").map(|name| format!("{package}.{name}"));
            } else if line == "}" {
                open = None;
            } else if let Some(name) = &open
                && let Some((before, tag)) = line.trim().split_once('`')
                && let Some(json) = tag.split_once("json:\"").and_then(|(_, rest)| rest.split('"').next())
            {
                let of = self.0.entry(name.clone()).or_default();
                of.field(before, json, package);
            }
        }
    }

    fn find(&self, definition: &str, field: &str) -> Option<&Tag> {
        let of = self.0.get(definition)?;
        of.fields.get(field).or_else(|| of.inlined.iter().find_map(|inlined| self.find(inlined, field)))
    }

    pub(crate) fn presence(&self, definition: &str, field: &str, kind: TypeKind) -> Option<Presence> {
        let tag = self.find(definition, field)?;
        let pointer = tag.go_type.starts_with('*');
        let grows = tag.go_type.starts_with('[') || tag.go_type.starts_with("map[");
        // A named type of a list or map, such as `ResourceList`, has the schema's kind.
        let is_struct = !pointer && !grows && is_struct(&tag.go_type, kind);
        Some(match (tag.omit_empty, tag.omit_zero) {
            (false, false) => Presence::Always,
            (_, true) if !pointer => Presence::UnlessZero,
            _ if pointer => Presence::UnlessNull,
            _ if is_struct => Presence::Always,
            _ => Presence::UnlessZero,
        })
    }
}

fn is_struct(go_type: &str, kind: TypeKind) -> bool {
    const STRUCTS: [&str; 6] = ["Time", "MicroTime", "IntOrString", "Quantity", "RawExtension", "Duration"];
    let name = go_type.rsplit('.').next().unwrap_or_default();
    const MAPS: [&str; 8] = [
        "ResourceList",
        "LabelSet",
        "ExtraValue",
        "NodeSelectorTerms",
        "JSONSchemaDefinitions",
        "JSONSchemaDependencies",
        "PodResourceClaims",
        "UIDPreconditions",
    ];
    STRUCTS.contains(&name) && name != "Duration" || kind == TypeKind::Object && !MAPS.contains(&name)
}

impl Struct {
    fn field(&mut self, before: &str, json: &str, package: &str) {
        let mut words = before.split_whitespace();
        let (first, go_type) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut parts = json.split(',');
        let name = parts.next().unwrap_or_default();
        let options: Vec<&str> = parts.collect();
        if name == "-" {
            return;
        }
        if name.is_empty() {
            self.inlined.push(qualified(if go_type.is_empty() { first } else { go_type }, package));
            return;
        }
        let has = |option| options.contains(&option);
        let tag =
            Tag { go_type: go_type.to_owned(), omit_empty: has("omitempty"), omit_zero: has("omitzero") };
        self.fields.insert(name.to_owned(), tag);
    }
}

/// The definition of an inlined type: of the same package, or one of those that are imported for this.
fn qualified(go_type: &str, package: &str) -> String {
    match go_type.split_once('.') {
        None => format!("{package}.{go_type}"),
        Some(("metav1" | "meta", name)) => format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}"),
        Some(("v1" | "corev1" | "core", name)) if name == "TypeMeta" || name == "ObjectMeta" => {
            format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}")
        }
        Some((_, name)) => format!("io.k8s.api.core.v1.{name}"),
    }
}
