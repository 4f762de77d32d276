//! Charts among generators: inflated by whoever can.

use std::collections::BTreeMap;

use tautline_core::{EntryKind, Need, Tree, TreePath, Value, Want, resolve};
use tautline_yaml::{Node, Options as YamlOptions, Resolver, Style, nodes, write_node};

use crate::error::{During, Error, Result};
use crate::kustomization::{HelmChart, HelmGlobals};
use crate::load::{Loader, text};
use crate::patch::{Schemas, merge_nodes};
use crate::resource::{Resource, from_value, read_resources};

/// Inflates a chart: what `helm template` prints for it.
pub trait ChartInflator: Send + Sync {
    /// The chart's manifests as YAML.
    ///
    /// # Errors
    /// A full sentence; the build is refused with it.
    fn inflate(&self, request: &ChartRequest<'_>) -> Result<String, String>;
}

/// A chart and its values.
pub struct ChartRequest<'a> {
    /// The content that holds the chart.
    pub tree: &'a dyn Tree,
    /// The chart's folder in it.
    pub folder: TreePath,
    /// The entry of `helmCharts`, with the namespace filled in.
    pub chart: &'a HelmChart,
    /// Files of values as text, each laid over those before it.
    pub values: Vec<String>,
}

impl std::fmt::Debug for ChartRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChartRequest").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// One entry of `helmCharts`, checked.
pub(crate) struct Chart {
    chart: HelmChart,
    home: String,
}

impl Chart {
    pub(crate) fn new(mut chart: HelmChart, globals: &HelmGlobals, loader: &Loader<'_>) -> Result<Self> {
        let options = loader.context.options;
        if !options.enable_helm {
            return Err(Error::Plugin("must specify --enable-helm".to_owned()));
        }
        if chart.name.is_empty() {
            return Err(Error::Configuration("chart name cannot be empty".to_owned()));
        }
        if chart.kube_version.is_empty() {
            chart.kube_version.clone_from(&options.helm_kube_version);
        }
        if chart.api_versions.is_empty() {
            chart.api_versions.clone_from(&options.helm_api_versions);
        }
        for file in &chart.additional_values_files {
            loader.load(file).during(|| "could not load additionalValuesFile".to_owned())?;
        }
        if chart.values_merge.is_empty() {
            chart.values_merge = "override".to_owned();
        }
        if !["merge", "override", "replace"].contains(&chart.values_merge.as_str()) {
            let message = "valuesMerge must be one of [merge override replace]";
            return Err(Error::Configuration(message.to_owned()));
        }
        let home = if globals.chart_home.is_empty() { "charts" } else { &globals.chart_home };
        let home = match chart.version.is_empty() || chart.repo.is_empty() {
            true => home.to_owned(),
            false => format!("{home}/{}-{}", chart.name, chart.version),
        };
        Ok(Self { chart, home })
    }

    /// The chart's objects; they keep the namespaces that Helm gave them.
    pub(crate) fn generate(&self, loader: &Loader<'_>) -> Result<Vec<Resource>> {
        let context = loader.context;
        let inflator = context.supplies.charts.ok_or_else(|| {
            Error::Plugin(format!("chart {}: this build has no renderer for charts", self.chart.name))
        })?;
        let (tree, folder) = self.find(loader)?;
        let values = self.values(loader, tree, &folder)?;
        let request = ChartRequest { tree, folder: folder.clone(), chart: &self.chart, values };
        let text = inflator
            .inflate(&request)
            .map_err(|message| Error::Plugin(format!("chart {}: {message}", self.chart.name)))?;
        let mut resources = read_resources(&text, &loader.origin_of(folder.as_str()), context.budget)?;
        for resource in &mut resources {
            resource.memory.from_chart = true;
            resource.note(&format!("chart {}", self.chart.name));
        }
        Ok(resources)
    }

    /// The chart beside the kustomization, or the one fetched from its repository.
    fn find<'a>(&self, loader: &Loader<'a>) -> Result<(&'a dyn Tree, TreePath)> {
        let place = format!("{}/{}", self.home, self.chart.name);
        let local = loader.root().join(&place).ok().and_then(|path| {
            let (real, entry) = resolve(loader.tree(), &path).ok()??;
            (entry.kind == EntryKind::Folder).then_some(real)
        });
        if let Some(folder) = local {
            loader.context.note_folder(loader, &folder);
            return Ok((loader.tree(), folder));
        }
        if self.chart.repo.is_empty() {
            let message = format!("no repo specified for pull, no chart found at '{place}'");
            return Err(Error::Load(message));
        }
        let want = match self.chart.repo.strip_prefix("oci://") {
            Some(repository) => Want::Oci {
                repository: format!("{}/{}", repository.trim_end_matches('/'), self.chart.name),
                reference: self.chart.version.clone(),
            },
            None => Want::HelmChart {
                repository: self.chart.repo.clone(),
                chart: self.chart.name.clone(),
                version: self.chart.version.clone(),
            },
        };
        let tree = loader.context.tree(Need::Tree(want.clone()), &want)?;
        Ok((tree, TreePath::root()))
    }

    fn values(&self, loader: &Loader<'_>, tree: &dyn Tree, folder: &TreePath) -> Result<Vec<String>> {
        let own = || -> Result<String> {
            if !self.chart.values_file.is_empty() {
                return loader.load_text(&self.chart.values_file);
            }
            let path = folder.join("values.yaml").map_err(|error| Error::Load(error.to_string()))?;
            let bytes =
                tree.read(&path, loader.context.budget).map_err(|error| Error::Load(error.to_string()))?;
            text(&bytes).map(std::borrow::Cow::into_owned)
        };
        let first = if self.chart.values_inline.is_empty() {
            own()?
        } else if self.chart.values_merge == "replace" {
            write_node(&inline(&self.chart.values_inline), Style::Kyaml)
        } else {
            self.merged(&own()?)?
        };
        let mut values = vec![first];
        for file in &self.chart.additional_values_files {
            values.push(loader.load_text(file)?);
        }
        Ok(values)
    }

    /// The chart's values and those given in place; which win is `valuesMerge`'s to say.
    fn merged(&self, own: &str) -> Result<String> {
        let options = YamlOptions { resolver: Resolver::V3, ..YamlOptions::default() };
        let mut found = nodes(own, &options).map_err(|error| {
            Error::Configuration(format!("could not parse values file into rnode: {}", error.kind))
        })?;
        let own = if found.is_empty() { Node::map() } else { found.swap_remove(0) };
        let own = own.expanded(&options).map_err(|error| Error::Configuration(error.to_string()))?;
        let inline = inline(&self.chart.values_inline);
        let schemas = Schemas::built_in();
        let merged = match self.chart.values_merge.as_str() {
            "merge" => merge_nodes(inline, own, &schemas),
            _ => merge_nodes(own, inline, &schemas),
        };
        let merged = merged.during(|| "could not merge values".to_owned())?.unwrap_or_else(Node::map);
        Ok(write_node(&merged, Style::Kyaml))
    }
}

fn inline(values: &BTreeMap<String, Value>) -> Node {
    let map: tautline_core::Map = values.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    from_value(&Value::Map(map))
}
