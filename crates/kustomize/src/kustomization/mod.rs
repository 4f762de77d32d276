//! Kustomization files: reading, warnings, and old fields turned into new ones.

pub(crate) mod decode;
mod types;

use tautline_core::{Budget, Map, Value};
use tautline_yaml::{Options, Resolver};

use crate::error::{Error, Result};
use decode::{Decode, FILE};

pub use types::HelmChart;
pub(crate) use types::*;

/// The names under which a kustomization file is found.
pub(crate) const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";
pub(crate) const COMPONENT: &str = "Component";

/// Reads a YAML text of configuration, by YAML 1.1's rules.
pub(crate) fn read_value(text: &str, budget: &Budget) -> Result<Value, String> {
    let options = Options { resolver: Resolver::V2, strict: false, budget: budget.clone() };
    tautline_yaml::read(text, &options).map_err(|error| match error.kind {
        tautline_yaml::ErrorKind::Duplicate(key) => {
            format!("yaml: unmarshal errors:\n  line {}: key {key:?} already set in map", error.line)
        }
        kind => format!("error converting YAML to JSON: yaml: line {}: {kind}", error.line),
    })
}

/// A selector as messages show it.
pub(crate) fn shown(selector: &Selector) -> String {
    let gvk = crate::resource::Gvk::new(&selector.group, &selector.version, &selector.kind);
    let id = crate::resource::Id::unscoped(gvk, &selector.name, &selector.namespace);
    format!("{id}:a={}:l={}", selector.annotation_selector, selector.label_selector)
}

impl Kustomization {
    /// Reads a kustomization file; warnings about old fields are added to `warnings`.
    pub(crate) fn read(
        text: &str,
        folder: &str,
        budget: &Budget,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let invalid = |message: String| Error::Configuration(format!("invalid Kustomization: {message}"));
        let value = read_value(text, budget).map_err(invalid)?;
        let mut file = Self::decode(&value, FILE, "Kustomization").map_err(invalid)?;
        file.warn(warnings);
        if value.as_map().is_none_or(is_empty) {
            return Err(Error::Configuration("kustomization.yaml is empty".to_owned()));
        }
        file.modernize();
        file.check(folder)?;
        Ok(file)
    }

    pub(crate) fn is_component(&self) -> bool {
        self.kind == COMPONENT
    }

    fn warn(&self, warnings: &mut Vec<String>) {
        let old = [
            (self.bases.is_some(), "bases", "resources", ""),
            (self.common_labels.is_some(), "commonLabels", "labels", ""),
            (self.image_tags.is_some(), "imageTags", "images", ""),
            (self.patches_json6902.is_some(), "patchesJson6902", "patches", ""),
            (self.patches_strategic_merge.is_some(), "patchesStrategicMerge", "patches", ""),
            (self.vars.is_some(), "vars", "replacements", "[EXPERIMENTAL] "),
        ];
        for (_, field, instead, experimental) in old.into_iter().filter(|(is_set, ..)| *is_set) {
            warnings.push(format!(
                "# Warning: '{field}' is deprecated. Please use '{instead}' instead. {experimental}Run 'kustomize edit fix' to update your Kustomization automatically."
            ));
        }
    }

    /// Fills defaults and turns old fields into new ones.
    fn modernize(&mut self) {
        if self.kind.is_empty() {
            self.kind = "Kustomization".to_owned();
        }
        if self.api_version.is_empty() {
            self.api_version = if self.is_component() { COMPONENT_VERSION } else { VERSION }.to_owned();
        }
        self.resources.extend(self.bases.take().unwrap_or_default());
        self.images.extend(self.image_tags.take().unwrap_or_default());
        for args in &mut self.config_maps {
            args.envs.extend(Some(std::mem::take(&mut args.env)).filter(|env| !env.is_empty()));
        }
        for args in &mut self.secrets {
            args.envs.extend(Some(std::mem::take(&mut args.env)).filter(|env| !env.is_empty()));
        }
        for old in std::mem::take(&mut self.helm_chart_inflation) {
            self.add_old_chart(old);
        }
    }

    fn add_old_chart(&mut self, old: OldHelmChart) {
        if !old.chart_home.is_empty() || !old.helm_home.is_empty() {
            let globals = self.helm_globals.get_or_insert_default();
            for (new, old) in
                [(&mut globals.chart_home, &old.chart_home), (&mut globals.config_home, &old.helm_home)]
            {
                if !old.is_empty() {
                    *new = old.clone();
                }
            }
        }
        self.helm_charts.push(HelmChart {
            name: old.chart_name,
            version: old.chart_version,
            repo: old.chart_repo_url,
            values_file: old.values,
            values_inline: old.values_local,
            values_merge: old.values_merge,
            release_name: old.release_name,
            ..HelmChart::default()
        });
    }

    fn check(&self, folder: &str) -> Result<()> {
        let mut wrong = Vec::new();
        if self.kind != "Kustomization" && !self.is_component() {
            wrong.push("kind should be Kustomization or Component".to_owned());
        }
        let version = if self.is_component() { COMPONENT_VERSION } else { VERSION };
        if self.api_version != version {
            wrong.push(format!("apiVersion for {} should be {version}", self.kind));
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let message = format!("Failed to read kustomization file under {folder}:\n{}", wrong.join("\n"));
        Err(Error::Configuration(message))
    }
}

/// Whether a file says nothing but what it is.
fn is_empty(map: &Map) -> bool {
    map.iter().all(|(key, value)| match (key.to_ascii_lowercase().as_str(), value) {
        ("apiversion" | "kind", _) | (_, Value::Null) => true,
        ("nameprefix" | "namesuffix" | "namespace", value) => value.as_str() == Some(""),
        ("bases" | "imagetags" | "helmchartinflationgenerator", Value::List(list)) => list.is_empty(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let read = Kustomization::read(text, "/x", &Budget::default(), &mut Vec::new());
        read.map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_named_in_gos_words() {
        assert_eq!(error("bogus: 1\n"), "invalid Kustomization: json: unknown field \"bogus\"");
        assert_eq!(error("kind: Kustomization\n"), "kustomization.yaml is empty");
        assert_eq!(
            error("apiVersion: v1\nresources: [a]\n"),
            "Failed to read kustomization file under /x:\napiVersion for Kustomization should be kustomize.config.k8s.io/v1beta1"
        );
        assert!(
            error("resources: a\n")
                .contains("cannot unmarshal string into Go struct field Kustomization.resources")
        );
        assert!(error("images: [{newTag: 1.5}]\n").contains("cannot unmarshal number"));
    }

    #[test]
    fn old_fields_warn_and_become_new_ones() {
        let mut warnings = Vec::new();
        let text = "bases: [../b]\nResources: [a.yaml]\nconfigMapGenerator: [{name: c, env: e}]\n";
        let file = Kustomization::read(text, "/", &Budget::default(), &mut warnings).unwrap();
        assert_eq!(file.resources, ["a.yaml", "../b"]);
        assert_eq!(file.config_maps[0].envs, ["e"]);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("# Warning: 'bases' is deprecated. Please use 'resources' instead."));
    }
}
