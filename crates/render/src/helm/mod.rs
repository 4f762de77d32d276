//! Charts, as Argo CD has Helm render them.

mod options;
mod value_files;

use std::sync::Arc;

use tautline_core::{Digest, Manifest, Map, Need, Object, Origin, Problem, Read, TreePath, Value, Want};
use tautline_helm::{
    Capabilities, Chart, ChartError, Dependency, Document, KubeVersion, LoadedChart, Loader, Lookups,
    Overrides, Release, Settings, TemplateError, template,
};
use tautline_yaml::{Options, decode, read_all};

use crate::request::{Rendered, Request, SourceType};
pub use options::{HelmOptions, HelmParameter};

/// Renders the chart at the request's path.
pub fn helm(request: &Request<'_>, options: &HelmOptions) -> Rendered {
    let rendered = Rendered { source_type: SourceType::Helm, ..Rendered::default() };
    let mut work = Chartwork { request, options, rendered };
    work.run();
    work.rendered
}

/// One render of a chart.
struct Chartwork<'a> {
    request: &'a Request<'a>,
    options: &'a HelmOptions,
    rendered: Rendered,
}

impl Chartwork<'_> {
    fn run(&mut self) {
        let Some(mut chart) = self.load() else { return };
        self.complete(&mut chart);
        let Some(values) = self.values() else { return };
        let capabilities = match capabilities(self.request, self.options) {
            Ok(capabilities) => Arc::new(capabilities),
            Err(message) => return self.problem("kube-version", message),
        };
        let settings = Settings {
            dialect: self.options.dialect,
            capabilities: Some(capabilities),
            skip_schema_validation: self.options.skip_schema_validation,
            lookups: match self.options.live_lookups {
                true => Lookups::Live(self.request.answers.lookups.clone()),
                false => Lookups::Empty,
            },
            now: self.request.answers.now,
            seed: self.seed(),
            budget: self.request.budget.clone(),
            ..Settings::default()
        };
        let release = Release::install(self.options.release_name.as_str(), self.options.namespace.as_str());
        match template(chart, values, &release, &settings) {
            Ok(rendered) => self.take(&rendered),
            Err(error) => self.failed(&error),
        }
    }

    fn load(&mut self) -> Option<Chart> {
        let loaded = self.loader().load(self.request.tree, &self.request.path);
        match loaded {
            Ok(LoadedChart { chart, reads, warnings }) => {
                self.reads(&reads);
                warnings.into_iter().for_each(|w| self.warning(w));
                Some(chart)
            }
            Err(ChartError::NotFound(path)) => {
                self.problem(
                    "source",
                    format!("{path}: app path does not exist in the source; check spec.source.path"),
                );
                None
            }
            Err(error) => {
                self.problem("chart", format!("{}: {error}", self.request.path));
                None
            }
        }
    }

    fn loader(&self) -> Loader {
        Loader { dialect: self.options.dialect, budget: self.request.budget.clone() }
    }

    /// Puts dependencies into the chart that are not in its `charts/`: those of the same source, and those
    /// that the caller found. The others are needs.
    fn complete(&mut self, chart: &mut Chart) {
        let missing: Vec<Dependency> = chart.missing_dependencies().into_iter().cloned().collect();
        for dependency in missing {
            match self.dependency(&dependency) {
                Some(Ok(loaded)) => {
                    self.reads(&loaded.reads);
                    chart.dependencies.push(loaded.chart);
                }
                Some(Err(error)) => {
                    self.problem("chart", format!("dependency {}: {error}", dependency.name));
                }
                None => {}
            }
        }
    }

    fn dependency(&mut self, dependency: &Dependency) -> Option<Result<LoadedChart, ChartError>> {
        if let Some(path) = dependency.repository.strip_prefix("file://") {
            let place = self.request.path.join(path).ok()?;
            return Some(self.loader().load(self.request.tree, &place));
        }
        let want = want(dependency)?;
        let Some(tree) = self.request.answers.trees.get(&want) else {
            self.rendered.needs.push(Need::Tree(want));
            return None;
        };
        let id = Digest::of_bytes(tree.id().0.as_bytes());
        self.rendered.reads.found(Read::Answer(Need::Tree(want)), id);
        // What is in another tree is known by that tree's id.
        let loaded = self.loader().load(&**tree, &TreePath::root());
        Some(loaded.map(|loaded| LoadedChart { reads: tautline_core::ReadSet::default(), ..loaded }))
    }

    /// Everything that is set, in Helm's order.
    fn values(&mut self) -> Option<Map> {
        let problems = self.rendered.problems.len();
        let mut overrides = Overrides::default();
        overrides.files.extend(self.value_files().into_iter().map(|file| (file.name, file.bytes)));
        if !self.options.values.is_empty() {
            overrides.files.push(("spec.source.helm.values".to_owned(), self.options.values.clone().into()));
        }
        for parameter in &self.options.parameters {
            let value = options::escaped(&self.substituted(&parameter.value));
            let into = if parameter.force_string { &mut overrides.string } else { &mut overrides.set };
            into.push(format!("{}={value}", parameter.name));
        }
        for (name, path) in &self.options.file_parameters {
            let content = self.parameter_file(path);
            overrides.file.push(format!("{name}={}", options::escaped(path)));
            overrides.file_contents.push((path.clone(), content));
        }
        if self.rendered.problems.len() > problems || !self.rendered.needs.is_empty() {
            return None;
        }
        match overrides.merge(self.options.dialect, &self.request.budget) {
            Ok(values) => Some(values),
            Err(error) => {
                self.problem("values", error.to_string());
                None
            }
        }
    }

    /// Text with its variables put in. One that shows the revision changes with each.
    fn substituted(&mut self, text: &str) -> String {
        let revision = &self.request.answers.revision;
        if text.contains("ARGOCD_APP_REVISION") {
            let read = Read::Version("revision".to_owned());
            self.rendered.reads.found(read, Digest::of_bytes(revision.as_bytes()));
        }
        self.options.substituted(text, revision)
    }

    /// Random text differs between apps, and is the same again as long as the process lives.
    fn seed(&self) -> [u8; 32] {
        let place = format!("{}/{}", self.options.namespace, self.options.release_name);
        *Digest::keyed(&self.request.answers.seed, place.as_bytes()).as_bytes()
    }

    fn take(&mut self, rendered: &tautline_helm::Rendered) {
        if !self.options.skip_crds {
            for (_, file) in rendered.crds() {
                self.crds(&file.origin, &file.text());
            }
        }
        for document in rendered.manifests.iter().chain(&rendered.hooks) {
            let is_test = document.hook.as_ref().is_some_and(tautline_helm::Hook::is_test);
            if !(is_test && self.options.skip_tests) {
                self.document(document);
            }
        }
        self.reads(&rendered.reads);
        for file in rendered.chart.used_files() {
            self.rendered.reads.found(Read::File(file.origin.to_string()), Digest::of_bytes(&file.data));
        }
        self.rendered.needs.extend(rendered.needs.iter().cloned());
        rendered.warnings.iter().for_each(|warning| self.warning(warning.clone()));
    }

    fn crds(&mut self, path: &str, text: &str) {
        let options = Options { budget: self.request.budget.clone(), ..Options::default() };
        for (line, value) in read_all(text, &options) {
            match value {
                Ok(value) => self.value(value, Origin::file(path, line)),
                Err(error) => {
                    let problem = Problem::error("yaml-syntax", error.to_string());
                    self.rendered.problems.push(problem.at(Origin::file(path, error.line)));
                }
            }
        }
    }

    fn document(&mut self, document: &Document) {
        let origin = Origin {
            file: document.file.to_string(),
            line: document.template_line,
            via: vec![format!("{}, rendered line {}", document.source, document.rendered_line)],
        };
        self.value(document.value.clone(), origin);
    }

    fn value(&mut self, value: Value, origin: Origin) {
        match &value {
            Value::Null => return,
            Value::Map(map) if map.is_empty() => return,
            _ => {}
        }
        let is_list = value.str_at(&["kind"]).is_some_and(|kind| kind.ends_with("List"))
            && value.at(&["items"]).is_some_and(|items| items.as_list().is_some());
        if is_list {
            let items = value.list_at(&["items"]).to_vec();
            return items.into_iter().for_each(|item| self.value(item, origin.clone()));
        }
        match Object::new(value) {
            Ok(object) => self.rendered.manifests.push(Manifest::new(object, origin)),
            Err(error) => {
                let problem = Problem::error("not-an-object", format!("not a Kubernetes object: {error}"));
                self.rendered.problems.push(problem.at(origin));
            }
        }
    }

    fn failed(&mut self, error: &TemplateError) {
        let (code, line) = match error {
            TemplateError::Render(error) => ("template", error.line),
            TemplateError::Document { source, .. } => ("yaml-syntax", source.line),
            TemplateError::MissingDependencies { .. } => ("dependency", 0),
            _ => ("chart", 0),
        };
        let problem = Problem::error(code, error.to_string());
        let file = error.file().map_or_else(|| self.request.path.to_string(), str::to_owned);
        self.rendered.problems.push(problem.at(Origin::file(file, line)));
    }

    fn reads(&mut self, reads: &tautline_core::ReadSet) {
        self.rendered.reads.extend(reads.iter().map(|(read, digest)| (read.clone(), digest.copied())));
    }

    fn problem(&mut self, code: &str, message: String) {
        self.rendered.problems.push(Problem::error(code, message));
    }

    fn warning(&mut self, message: String) {
        self.rendered.problems.push(Problem::warning("helm", message));
    }
}

/// Rule R25: what the cluster serves is an input. Helm's own list is below it, as under Argo CD.
pub(crate) fn capabilities(request: &Request<'_>, options: &HelmOptions) -> Result<Capabilities, String> {
    let mut all = Capabilities::default_of(options.dialect);
    if let Some(cluster) = &request.answers.cluster {
        if !cluster.kube_version.is_empty() {
            all.kube_version = KubeVersion::parse(three_numbers(&cluster.kube_version), options.dialect)?;
        }
        if options.api_versions.is_empty() {
            all = all.with_api_versions(&cluster.api_versions);
        }
    }
    if let Some(version) = &options.kube_version {
        all.kube_version = KubeVersion::parse(three_numbers(version), options.dialect)
            .map_err(|error| format!("spec.source.helm.kubeVersion {version}: {error}"))?;
    }
    Ok(all.with_api_versions(&options.api_versions))
}

/// Where a dependency comes from.
fn want(dependency: &Dependency) -> Option<Want> {
    let (chart, version) = (dependency.name.clone(), dependency.version.clone());
    match dependency.repository.strip_prefix("oci://") {
        Some(registry) => {
            let repository = format!("{}/{chart}", registry.trim_end_matches('/'));
            Some(Want::Oci { repository, reference: version })
        }
        None if dependency.repository.contains("://") => {
            Some(Want::HelmChart { repository: dependency.repository.clone(), chart, version })
        }
        None => None,
    }
}

/// Argo CD cuts versions down to three numbers: `v1.31.2-eks-abc` is `1.31.2`.
fn three_numbers(version: &str) -> &str {
    let bare = version.strip_prefix('v').unwrap_or(version);
    let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
    bare.get(..end).unwrap_or(bare).trim_end_matches('.')
}

/// Text of a file, whatever its encoding; nothing for what is no text.
trait FileText {
    fn text(&self) -> String;
}

impl FileText for tautline_helm::File {
    fn text(&self) -> String {
        decode(&self.data).map(std::borrow::Cow::into_owned).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
