//! Files into a [`Chart`], recursively.

use std::collections::BTreeMap;

use bytes::Bytes;
use tautline_core::{Budget, Digest, EntryKind, Read, ReadSet, Tree, TreePath, Value, resolve};
use tautline_yaml::Options;

use super::archive::{self, Allowance};
use super::directory::{self, WalkError};
use super::{Chart, File};
use crate::values::{ValuesError, defaults};
use crate::{Dialect, yaml};

/// All bytes of a chart, unpacked, with its sub-charts (Helm 4.3.1: 100 MiB an archive).
const BYTES: usize = 100 << 20;
/// All files and folders of a chart.
const ENTRIES: usize = 100_000;
/// Charts within charts.
const DEPTH: usize = 16;

/// Why a chart cannot be loaded, in Helm's words.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// Nothing stands at the path.
    #[error("path {0:?} not found")]
    NotFound(String),
    /// The folder cannot be read.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A part of the chart is wrong.
    #[error("{0}")]
    Invalid(String),
}

/// A chart and what was read to load it.
#[derive(Debug)]
pub struct LoadedChart {
    /// The chart.
    pub chart: Chart,
    /// What was read. Files that only templates can reach are not in it: see [`File::is_used`].
    pub reads: ReadSet,
    /// What Helm logs while loading.
    pub warnings: Vec<String>,
}

/// Loads charts by the rules of a dialect, within a budget.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    /// Whose rules.
    pub dialect: Dialect,
    /// What one file may cost to read; all files together are bounded as in Helm.
    pub budget: Budget,
}

impl Loader {
    /// Loads the chart at a path: a folder, or an archive.
    pub fn load(&self, tree: &dyn Tree, path: &TreePath) -> Result<LoadedChart, ChartError> {
        let mut work = self.work();
        let at = resolve(tree, path).map_err(WalkError::Tree)?;
        let Some((real, entry)) = at else {
            return Err(ChartError::NotFound(path.to_string()));
        };
        let chart = match entry.kind {
            EntryKind::Folder => work.folder(tree, path)?,
            _ => {
                let budget = Budget { bytes: BYTES, ..self.budget.clone() };
                let bytes = tree.read(&real, &budget).map_err(WalkError::Tree)?;
                work.reads.found(Read::File(path.to_string()), Digest::of_bytes(&bytes));
                self.archive(path.as_str(), &bytes, &mut work)?
            }
        };
        Ok(LoadedChart { chart, reads: work.reads, warnings: work.warnings })
    }

    /// Loads a chart from the bytes of an archive; `name` is the file's, for errors.
    pub fn load_archive(&self, name: &str, bytes: &Bytes) -> Result<LoadedChart, ChartError> {
        let mut work = self.work();
        let chart = self.archive(name, bytes, &mut work)?;
        Ok(LoadedChart { chart, reads: work.reads, warnings: work.warnings })
    }

    fn archive(&self, name: &str, bytes: &Bytes, work: &mut Work<'_>) -> Result<Chart, ChartError> {
        if !bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
            return Err(ChartError::Invalid(not_an_archive(name, bytes)));
        }
        let files = archive::files(bytes, &mut work.allowance).map_err(ChartError::Invalid)?;
        let files: Vec<File> = files.into_iter().map(|(file, data)| packed(name, &file, data)).collect();
        if !self.dialect.is_helm3() && !files.iter().any(|f| &*f.name == "Chart.yaml") {
            return Err(ChartError::Invalid(
                "unable to detect chart version, no Chart.yaml found".to_owned(),
            ));
        }
        work.files(files, 0).map_err(ChartError::Invalid)
    }

    fn work(&self) -> Work<'_> {
        let allowance =
            Allowance { bytes: BYTES, entries: ENTRIES, limit: BYTES, cancel: self.budget.cancel.clone() };
        Work { loader: self, allowance, reads: ReadSet::default(), warnings: Vec::new() }
    }
}

/// A file of an archive, without a byte order mark.
fn packed(archive: &str, name: &str, data: Bytes) -> File {
    let data = data.strip_prefix(b"\xef\xbb\xbf").map_or_else(|| data.clone(), |rest| data.slice_ref(rest));
    let file = File::new(name, data, archive);
    // The archive as a whole is among the reads.
    file.content();
    file
}

fn not_an_archive(name: &str, bytes: &[u8]) -> String {
    if name.ends_with(".yml") || name.ends_with(".yaml") {
        return format!("file '{name}' seems to be a YAML file, but expected a gzipped archive");
    }
    let kind = if bytes.iter().take(512).any(|b| matches!(b, 0..=8 | 11 | 14..=26 | 28..=31)) {
        "application/octet-stream"
    } else {
        "text/plain; charset=utf-8"
    };
    format!("file '{name}' does not appear to be a gzipped archive; got '{kind}'")
}

struct Work<'a> {
    loader: &'a Loader,
    allowance: Allowance,
    reads: ReadSet,
    warnings: Vec<String>,
}

impl Work<'_> {
    fn folder(&mut self, tree: &dyn Tree, path: &TreePath) -> Result<Chart, ChartError> {
        let found = directory::files(tree, path, &mut self.allowance, &mut self.reads)?;
        if !self.loader.dialect.is_helm3() {
            self.detect(path, &found)?;
        }
        let files = found.into_iter().map(|f| File::new(f.name, f.data, f.origin)).collect();
        let chart = self.files(files, 0).map_err(ChartError::Invalid)?;
        Ok(chart)
    }

    /// Helm 4 looks at the apiVersion first.
    fn detect(&self, path: &TreePath, found: &[directory::Found]) -> Result<(), ChartError> {
        let Some(file) = found.iter().find(|f| f.name == "Chart.yaml") else { return Ok(()) };
        let value =
            self.yaml(&file.data).map_err(|e| ChartError::Invalid(format!("cannot load Chart.yaml: {e}")))?;
        match value.str_at(&["apiVersion"]).unwrap_or_default() {
            "" | "v1" | "v2" => Ok(()),
            "v3" => Err(ChartError::Invalid("invalid chart apiVersion".to_owned())),
            _ if path.as_str().is_empty() => Err(ChartError::Invalid("unsupported chart version".to_owned())),
            _ => Err(ChartError::Invalid("unsupported chart version".to_owned())),
        }
    }

    /// Sorts files into a chart.
    fn files(&mut self, files: Vec<File>, depth: usize) -> Result<Chart, String> {
        if depth > DEPTH {
            return Err(format!("charts are nested deeper than {DEPTH} levels"));
        }
        let mut chart = Chart::default();
        let mut has_metadata = false;
        for file in files.iter().filter(|f| &*f.name == "Chart.yaml") {
            has_metadata = true;
            let value = self.read(file).map_err(|e| format!("cannot load Chart.yaml: {e}"))?;
            chart.metadata.read(&value).map_err(|e| format!("cannot load Chart.yaml: {e}"))?;
            if chart.metadata.api_version.is_empty() {
                chart.metadata.api_version = "v1".to_owned();
            }
        }
        let mut below: BTreeMap<String, Vec<File>> = BTreeMap::new();
        for file in files {
            has_metadata |= self.place(&mut chart, file, &mut below)?;
        }
        if !has_metadata {
            return Err("Chart.yaml file is missing".to_owned());
        }
        chart.metadata.validate(self.loader.dialect)?;
        for (name, files) in below {
            if name.starts_with(['_', '.']) {
                continue;
            }
            let sub = self
                .subchart(&chart, &name, files, depth)
                .map_err(|e| format!("error unpacking subchart {name} in {}: {e}", chart.name()))?;
            chart.dependencies.push(sub);
        }
        Ok(chart)
    }

    /// Puts one file where it belongs; true if it makes a chart of the folder all by itself.
    fn place(
        &mut self,
        chart: &mut Chart,
        file: File,
        below: &mut BTreeMap<String, Vec<File>>,
    ) -> Result<bool, String> {
        let is_v1 = chart.metadata.api_version == "v1";
        let name = file.name.clone();
        match &*name {
            "Chart.yaml" => {}
            "Chart.lock" => self.lock(&file)?,
            "values.yaml" => {
                let fail = |e: ValuesError| format!("cannot load values.yaml: {e}");
                self.note(&file);
                chart.values =
                    defaults(file.content(), self.loader.dialect, &self.loader.budget).map_err(fail)?;
                chart.raw_values = Some(file.data);
            }
            "values.schema.json" => {
                self.note(&file);
                chart.schema = Some(file.data);
            }
            "requirements.yaml" => {
                if !is_v1 {
                    self.warnings.push("Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend migrating dependencies to Chart.yaml.".to_owned());
                }
                let value = self.read(&file).map_err(|e| format!("cannot load requirements.yaml: {e}"))?;
                chart.metadata.read(&value).map_err(|e| format!("cannot load requirements.yaml: {e}"))?;
                if is_v1 {
                    chart.files.push(file);
                }
                return Ok(true);
            }
            "requirements.lock" => {
                self.lock(&file)?;
                if !is_v1 {
                    self.warnings.push("Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend migrating to Chart.lock.".to_owned());
                } else {
                    chart.files.push(file);
                }
                return Ok(true);
            }
            name if name.starts_with("templates/") => {
                self.note(&file);
                chart.templates.push(file);
            }
            name if name.starts_with("charts/") && extension(name) != ".prov" => {
                let inner = name.strip_prefix("charts/").unwrap_or_default();
                let folder = inner.split('/').next().unwrap_or_default().to_owned();
                let moved = File { name: inner.into(), ..file };
                below.entry(folder).or_default().push(moved);
            }
            _ => chart.files.push(file),
        }
        Ok(false)
    }

    fn subchart(
        &mut self,
        parent: &Chart,
        name: &str,
        files: Vec<File>,
        depth: usize,
    ) -> Result<Chart, String> {
        if extension(name) != ".tgz" {
            let inner = files.into_iter().filter_map(|file| {
                let (_, inner) = file.name.split_once('/')?;
                Some(File { name: inner.into(), ..file })
            });
            return self.files(inner.collect(), depth + 1);
        }
        let Some(file) = files.first() else { return Err("no files in chart archive".to_owned()) };
        if &*file.name != name {
            return Err(format!(
                "error unpacking subchart tar in {}: expected {name}, got {}",
                parent.name(),
                file.name
            ));
        }
        self.note(file);
        let files = archive::files(file.content(), &mut self.allowance)?;
        let files = files.into_iter().map(|(inner, data)| packed(&file.origin, &inner, data));
        self.files(files.collect(), depth + 1)
    }

    fn lock(&mut self, file: &File) -> Result<(), String> {
        let value = self.read(file).map_err(|e| format!("cannot load {}: {e}", file.name))?;
        match value {
            Value::Null | Value::Map(_) => Ok(()),
            other => Err(format!(
                "cannot load {}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type chart.Lock",
                file.name,
                other.kind_name()
            )),
        }
    }

    fn read(&mut self, file: &File) -> Result<Value, String> {
        self.note(file);
        self.yaml(file.content())
    }

    /// Records that the chart cannot be understood without this file.
    fn note(&mut self, file: &File) {
        file.content();
        self.reads.found(Read::File(file.origin.to_string()), Digest::of_bytes(&file.data));
    }

    fn yaml(&self, bytes: &[u8]) -> Result<Value, String> {
        let options = Options { budget: self.loader.budget.clone(), ..Options::default() };
        let text = yaml::decode(bytes)?;
        yaml::read(&text, &options)
    }
}

/// `filepath.Ext` of a path.
fn extension(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    base.rfind('.').and_then(|dot| base.get(dot..)).unwrap_or_default()
}
