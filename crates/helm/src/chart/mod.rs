//! [`Chart`]: a chart as it was loaded, sub-charts included.

mod archive;
mod directory;
pub(crate) mod glob;
mod ignore;
mod load;
mod metadata;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tautline_core::Map;
use tautline_gotemplate::{ParseError, Parsed, Templates};

pub use load::{ChartError, LoadedChart, Loader};
pub use metadata::{Dependency, Maintainer, Metadata};

/// A chart: what it says of itself, its templates, default values, files and sub-charts.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// `Chart.yaml`.
    pub metadata: Metadata,
    /// `values.yaml`, numbers as Helm has them: all floats.
    pub values: Map,
    /// `values.schema.json`.
    pub schema: Option<Bytes>,
    /// Files below `templates/`, in the order they were found.
    pub templates: Vec<File>,
    /// All other files, `crds/` included.
    pub files: Vec<File>,
    /// `values.yaml` as it was written.
    pub raw_values: Option<Bytes>,
    /// The name that its sub-charts' paths show, where that is not its own: Helm 3 does not tell them that
    /// the chart above them got an alias.
    pub(crate) path_name: Option<String>,
    /// Charts below `charts/`. Once dependencies are resolved: those that are on, under their aliases.
    pub dependencies: Vec<Chart>,
}

/// A file of a chart.
#[derive(Clone)]
pub struct File {
    /// Its path in its own chart: `templates/web.yaml`.
    pub name: Arc<str>,
    /// Its bytes, without a byte order mark.
    pub data: Bytes,
    /// Its path in the source; that of the archive for a file of a packed chart.
    pub origin: Arc<str>,
    /// Whether a render looked at the content.
    used: Arc<AtomicBool>,
    /// It as a template, under the path that it was first rendered as.
    parsed: Arc<OnceLock<(String, Parsed)>>,
}

impl File {
    /// A file.
    pub fn new(name: impl Into<Arc<str>>, data: impl Into<Bytes>, origin: impl Into<Arc<str>>) -> Self {
        let (name, data, origin) = (name.into(), data.into(), origin.into());
        Self { name, data, origin, used: Arc::default(), parsed: Arc::default() }
    }

    /// The content, for something that depends on it.
    pub(crate) fn content(&self) -> &Bytes {
        self.used.store(true, Ordering::Relaxed);
        &self.data
    }

    /// Adds the templates in it to a set. They are parsed once, however often the chart is rendered.
    pub(crate) fn add_to(&self, templates: &mut Templates, path: &str) -> Result<(), ParseError> {
        if let Some((known, parsed)) = self.parsed.get()
            && known == path
            && templates.add(parsed)
        {
            return Ok(());
        }
        let parsed = templates.parsed(path, &self.data)?;
        templates.add(&parsed);
        self.parsed.get_or_init(|| (path.to_owned(), parsed));
        Ok(())
    }

    /// Whether something depended on the content.
    pub fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// The name without folders.
    pub(crate) fn base(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

impl std::fmt::Debug for File {
    /// Never the content: it may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.data.len())
    }
}

impl Chart {
    /// The chart's name; an aliased sub-chart's is its alias.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The CRDs below `crds/`, of this chart and then of its sub-charts, with the path that Helm prints.
    pub fn crds(&self) -> Vec<(String, &File)> {
        let mut crds = Vec::new();
        self.collect_crds("", &mut crds);
        crds
    }

    /// The path that its sub-charts stand below, if its own stands below `above`.
    pub(crate) fn path_for_subcharts(&self, above: &str) -> String {
        format!("{above}{}", self.path_name.as_deref().unwrap_or_else(|| self.name()))
    }

    fn collect_crds<'c>(&'c self, above: &str, crds: &mut Vec<(String, &'c File)>) {
        let is_manifest = |name: &str| {
            let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
            ["yaml", "yml", "json"].iter().any(|e| ending.eq_ignore_ascii_case(e))
        };
        let own = self.files.iter().filter(|f| f.name.starts_with("crds/") && is_manifest(&f.name));
        crds.extend(own.map(|file| (format!("{above}{}/{}", self.name(), file.name), file)));
        let below = format!("{}/charts/", self.path_for_subcharts(above));
        for dependency in &self.dependencies {
            dependency.collect_crds(&below, crds);
        }
    }

    /// The files whose content a render depended on, of this chart and those below it.
    pub fn used_files(&self) -> Vec<&File> {
        let own = self.templates.iter().chain(&self.files).filter(|file| file.is_used());
        own.chain(self.dependencies.iter().flat_map(Self::used_files)).collect()
    }

    /// The dependencies that `Chart.yaml` lists and `charts/` lacks.
    pub fn missing_dependencies(&self) -> Vec<&Dependency> {
        let there = |d: &&Dependency| !self.dependencies.iter().any(|chart| chart.name() == d.name);
        self.metadata.dependencies.iter().flatten().filter(there).collect()
    }
}
