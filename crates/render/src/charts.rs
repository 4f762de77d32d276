//! Charts inside a kustomization: `helmCharts` inflated by crate `helm`.

use std::sync::Arc;

use bytes::Bytes;
use tautline_core::{Budget, Timestamp};
use tautline_helm::{
    Capabilities, Dialect, KubeVersion, Loader, Overrides, PrintOptions, Release, Settings, print,
    release_name, template,
};
use tautline_kustomize::{ChartInflator, ChartRequest};

/// Inflates charts in the process, as `kustomize build --enable-helm` does by starting Helm.
#[derive(Clone, Debug)]
pub struct Charts {
    /// Whose output: the Helm that would be started.
    pub dialect: Dialect,
    /// What a template's `now` gives.
    pub now: Timestamp,
    /// Where a template's random text and keys come from.
    pub seed: [u8; 32],
    /// What one chart may cost.
    pub budget: Budget,
}

impl ChartInflator for Charts {
    fn inflate(&self, request: &ChartRequest<'_>) -> Result<String, String> {
        let ChartRequest { tree, folder, chart, values } = request;
        let failed = |step: &str, why: String| format!("helmCharts {}: {step}: {why}", chart.name);
        let loader = Loader { dialect: self.dialect, budget: self.budget.clone() };
        let loaded =
            loader.load(*tree, folder).map_err(|e| failed("the chart cannot be loaded", e.to_string()))?;
        let files = (0..).zip(values).map(|(i, text)| (format!("values {i}"), Bytes::from(text.clone())));
        let overrides = Overrides { files: files.collect(), ..Overrides::default() };
        let values =
            overrides.merge(self.dialect, &self.budget).map_err(|e| failed("values", e.to_string()))?;
        let mut capabilities = Capabilities::default_of(self.dialect).with_api_versions(&chart.api_versions);
        if !chart.kube_version.is_empty() {
            capabilities.kube_version = KubeVersion::parse(&chart.kube_version, self.dialect)
                .map_err(|e| failed("kubeVersion", e))?;
        }
        let name = match (chart.release_name.as_str(), chart.name_template.as_str()) {
            ("", "") => "release-name".to_owned(),
            (name, "") => name.to_owned(),
            ("", source) => release_name(source, self.now, self.seed, &self.budget)
                .map_err(|e| failed("nameTemplate", e))?,
            _ => {
                let why = "cannot set --name-template and also specify a name";
                return Err(failed("nameTemplate", why.to_owned()));
            }
        };
        let namespace = match chart.namespace.as_str() {
            "" => "default",
            namespace => namespace,
        };
        let settings = Settings {
            dialect: self.dialect,
            capabilities: Some(Arc::new(capabilities)),
            now: self.now,
            seed: self.seed,
            budget: self.budget.clone(),
            ..Settings::default()
        };
        let rendered = template(loaded.chart, values, &Release::install(&name, namespace), &settings)
            .map_err(|e| failed("it cannot be rendered", e.to_string()))?;
        let options = PrintOptions {
            include_crds: chart.include_crds,
            no_hooks: chart.skip_hooks,
            skip_tests: chart.skip_tests,
            dialect: self.dialect,
            ..PrintOptions::default()
        };
        let text = print(&rendered, &options).map_err(|e| failed("print", e.to_string()))?;
        String::from_utf8(text).map_err(|_| failed("print", "the output is not UTF-8".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::{MemoryTree, TreePath};
    use tautline_kustomize::{Options, Request, Supplies, build};

    #[test]
    fn a_chart_in_a_kustomization_is_inflated() {
        let tree = MemoryTree::new([
            (
                "app/kustomization.yaml",
                "namePrefix: p-\nhelmCharts:\n- name: web\n  releaseName: shop\n  valuesInline: {colour: red}\n",
            ),
            ("app/charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
            ("app/charts/web/values.yaml", "colour: blue\n"),
            (
                "app/charts/web/templates/map.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  colour: {{ .Values.colour }}\n",
            ),
        ]);
        let charts = Charts {
            dialect: Dialect::Helm4,
            now: Timestamp::default(),
            seed: [0; 32],
            budget: Budget::default(),
        };
        let path = TreePath::new("app").unwrap();
        let options = Options { enable_helm: true, ..Options::default() };
        let supplies = Supplies { charts: Some(&charts), ..Supplies::default() };
        let report = build(&Request { options, supplies, ..Request::new(&tree, path) });
        let built = report.outcome.unwrap();
        let manifest = built.objects[0].manifest().unwrap();
        assert_eq!(manifest.key().to_string(), "ConfigMap p-shop");
        assert_eq!(manifest.object.str_at(&["data", "colour"]), Some("red"));
    }
}
