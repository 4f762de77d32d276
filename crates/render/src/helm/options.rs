//! What an Application says about its chart: `spec.source.helm`.

use std::collections::BTreeMap;

use tautline_core::{TreePath, Want};
use tautline_helm::Dialect;

/// How a chart is rendered, in Argo CD's words.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct HelmOptions {
    /// The release's name.
    pub release_name: String,
    /// The namespace of the release.
    pub namespace: String,
    /// Whose output is wanted: `version: v3` asks for Helm 3.
    pub dialect: Dialect,
    /// Values files: relative to the chart, from the root with a leading `/`, patterns, or of another source
    /// as `$ref/…`.
    pub value_files: Vec<String>,
    /// Whether values files that are not there are passed over.
    pub ignore_missing_value_files: bool,
    /// Values as YAML; they beat the files.
    pub values: String,
    /// `--set` and `--set-string`; they beat all.
    pub parameters: Vec<HelmParameter>,
    /// `--set-file`: names and paths.
    pub file_parameters: Vec<(String, String)>,
    /// Whether `crds/` is left out.
    pub skip_crds: bool,
    /// Whether test hooks are left out.
    pub skip_tests: bool,
    /// Whether `values.schema.json` is left alone.
    pub skip_schema_validation: bool,
    /// Whether credentials go to all hosts that a chart's dependencies are on. For those who fetch them.
    pub pass_credentials: bool,
    /// The version of Kubernetes, in place of the cluster's.
    pub kube_version: Option<String>,
    /// What the cluster serves, in place of what it says; nothing for that.
    pub api_versions: Vec<String>,
    /// What stands for `$ARGOCD_APP_NAME` and the like in values files and parameters.
    pub variables: BTreeMap<String, String>,
    /// The sources that `$ref/…` leads to.
    pub refs: BTreeMap<String, Want>,
    /// Whether `lookup` sees the cluster. Argo CD's never does.
    pub live_lookups: bool,
}

/// A `--set` of an Application.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct HelmParameter {
    /// The key, in the grammar of `--set`.
    pub name: String,
    /// The value. Commas in it are escaped, unless it is a list in braces.
    pub value: String,
    /// Whether the value stays text.
    pub force_string: bool,
}

impl std::fmt::Debug for HelmOptions {
    /// Values and parameters may be secret: only their number is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HelmOptions")
            .field("release_name", &self.release_name)
            .field("namespace", &self.namespace)
            .field("dialect", &self.dialect)
            .field("value_files", &self.value_files)
            .field("values", &self.values.len())
            .field("parameters", &self.parameters.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for HelmParameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)
    }
}

impl HelmOptions {
    /// A chart that nobody says anything about: the release is called like its folder.
    pub(crate) fn of_folder(path: &TreePath) -> Self {
        let name = if path.is_root() { "release-name" } else { path.name() };
        Self { release_name: name.to_owned(), namespace: "default".to_owned(), ..Self::default() }
    }

    /// Puts variables in, as Argo CD does: `$NAME`, `${NAME}`, `$$` for a dollar; unknown ones are empty.
    /// The revision's are made of `revision`.
    pub(super) fn substituted(&self, text: &str, revision: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            out.push_str(before);
            let (name, after) = variable(behind);
            match name {
                Some("$") => out.push('$'),
                Some("ARGOCD_APP_REVISION") => out.push_str(revision),
                Some("ARGOCD_APP_REVISION_SHORT") => out.push_str(revision.get(..7).unwrap_or(revision)),
                Some("ARGOCD_APP_REVISION_SHORT_8") => out.push_str(revision.get(..8).unwrap_or(revision)),
                Some(name) => out.push_str(self.variables.get(name).map_or("", String::as_str)),
                None => out.push('$'),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// The name behind a `$`, and what follows it.
fn variable(text: &str) -> (Option<&str>, &str) {
    if let Some(rest) = text.strip_prefix('$') {
        return (Some("$"), rest);
    }
    if let Some(rest) = text.strip_prefix('{') {
        return rest.split_once('}').map_or((None, text), |(name, after)| (Some(name), after));
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    if name.is_empty() { (None, text) } else { (Some(name), after) }
}

/// A value as Argo CD hands it to `--set`: commas escaped that are not yet, lists in braces left alone.
pub(super) fn escaped(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut before = ' ';
    for c in value.chars() {
        if c == ',' && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_commas() {
        let options = HelmOptions {
            variables: [("ARGOCD_APP_NAME".to_owned(), "web".to_owned())].into(),
            ..Default::default()
        };
        let check = |text: &str, expect: &str| {
            assert_eq!(options.substituted(text, "0123456789ab"), expect, "{text}")
        };
        check("values-$ARGOCD_APP_NAME.yaml", "values-web.yaml");
        check("${ARGOCD_APP_NAME}x$$y$NOPE/z", "webx$y/z");
        check("100 $ only", "100 $ only");
        check("v-$ARGOCD_APP_REVISION_SHORT", "v-0123456");
        assert_eq!(escaped("a,b\\,c"), "a\\,b\\,c");
        assert_eq!(escaped("{a,b}"), "{a,b}");
    }
}
