//! `helm template`: a chart and what the user sets become a release.

use std::sync::Arc;

use tautline_core::{Budget, Map, Need, Read, ReadSet, Timestamp};

use crate::chart::File;
use crate::engine::{self, Lookups, RenderError};
use crate::manifests::{self, BadDocument, Document};
use crate::values::{Coalescer, Nulls, ValuesError, is_in_range, resolve};
use crate::{Capabilities, Chart, Dialect, schema};

/// The release that a chart is rendered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The namespace it goes to.
    pub namespace: String,
    /// Whether `.Release.IsUpgrade` is true, and else `.Release.IsInstall`.
    pub is_upgrade: bool,
    /// `.Release.Revision`; Helm's is always 1 without a cluster.
    pub revision: i64,
}

impl Release {
    /// A first installation.
    pub fn install(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), is_upgrade: false, revision: 1 }
    }
}

/// Everything else that a render depends on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose rules.
    pub dialect: Dialect,
    /// What the cluster can do; nothing for what the dialect has without one.
    pub capabilities: Option<Arc<Capabilities>>,
    /// Whether `values.schema.json` is left alone.
    pub skip_schema_validation: bool,
    /// What `lookup` answers.
    pub lookups: Lookups,
    /// What `now` gives.
    pub now: Timestamp,
    /// Where random text and keys come from: the same seed, the same bytes.
    pub seed: [u8; 32],
    /// What it may cost.
    pub budget: Budget,
    /// Whether `fail` and `required` only warn, as in `helm lint`.
    pub lint: bool,
}

impl Default for Settings {
    /// Helm 4 without a cluster, at 1970-01-01 with a seed of zeros.
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            capabilities: None,
            skip_schema_validation: false,
            lookups: Lookups::default(),
            now: Timestamp::default(),
            seed: [0; 32],
            budget: Budget::default(),
            lint: false,
        }
    }
}

/// A rendered chart.
#[derive(Debug)]
pub struct Rendered {
    /// The chart with its dependencies resolved.
    pub chart: Chart,
    /// What is installed, in the order of installing.
    pub manifests: Vec<Document>,
    /// What runs around it, in the same order of kinds.
    pub hooks: Vec<Document>,
    /// The root chart's `NOTES.txt`.
    pub notes: String,
    /// What templates looked up and nobody has answered yet.
    pub needs: Vec<Need>,
    /// What the result depends on beside the chart's own files: see [`File::is_used`] for those.
    pub reads: ReadSet,
    /// What Helm logs, and what makes a render differ from the next.
    pub warnings: Vec<String>,
}

impl Rendered {
    /// The files below `crds/`, with the paths that Helm prints.
    pub fn crds(&self) -> Vec<(String, &File)> {
        self.chart.crds()
    }
}

/// Why a chart cannot be rendered, in Helm's words.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The chart is no application.
    #[error("{kind} charts are not installable")]
    NotInstallable {
        /// `library`, mostly.
        kind: String,
    },
    /// Dependencies are listed in `Chart.yaml` and not there.
    #[error("{}", missing_words(.names, *.dialect))]
    MissingDependencies {
        /// Their names.
        names: Vec<String>,
        /// Whose words.
        dialect: Dialect,
    },
    /// The release's name is none.
    #[error("{0}")]
    ReleaseName(String),
    /// Values do not fit.
    #[error("{}{source}", if *.processing { "chart dependencies processing failed: " } else { "" })]
    Values {
        /// Whether dependencies were processed, which Helm 4 says.
        processing: bool,
        /// What is wrong.
        source: ValuesError,
    },
    /// Values do not meet a schema.
    #[error("{0}")]
    Schema(String),
    /// The chart wants another Kubernetes.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}")]
    KubeVersion {
        /// The constraint.
        wanted: String,
        /// The version.
        version: String,
    },
    /// A template fails.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A rendered file is no YAML. The files as they were rendered are kept, for `--debug`.
    #[error("{source}")]
    Document {
        /// What is wrong.
        source: BadDocument,
        /// Paths and content.
        files: Vec<(String, Vec<u8>)>,
    },
}

impl TemplateError {
    /// The file of the source that it is about, if it is about one.
    pub fn file(&self) -> Option<&str> {
        let file = match self {
            Self::Render(error) => &error.origin,
            Self::Document { source, .. } => &source.origin,
            _ => return None,
        };
        (!file.is_empty()).then_some(file)
    }

    /// Whether it came up after values were accepted: then `helm template` hints at `--debug`.
    pub fn is_from_rendering(&self) -> bool {
        matches!(self, Self::Render(_) | Self::Document { .. } | Self::KubeVersion { .. })
    }
}

fn missing_words(names: &[String], dialect: Dialect) -> String {
    let (start, command) = match dialect {
        Dialect::Helm3 => ("An", "`helm dependency build`"),
        Dialect::Helm4 => ("an", "'helm dependency build'"),
    };
    format!(
        "{start} error occurred while checking for chart dependencies. You may need to run {command} to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {}",
        names.join(", ")
    )
}

/// What a chart's templates made, before anything is taken for YAML.
#[derive(Debug)]
pub struct RenderedFiles {
    /// The chart with its dependencies resolved.
    pub chart: Chart,
    files: Vec<manifests::File>,
    /// What templates looked up and nobody has answered yet.
    pub needs: Vec<Need>,
    /// What the result depends on beside the chart's own files.
    pub reads: ReadSet,
    /// What Helm logs, and what makes a render differ from the next.
    pub warnings: Vec<String>,
    origins: manifests::Origins,
}

impl RenderedFiles {
    /// Paths as Helm prints them and what their templates made, in the order of execution.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|file| (file.path.as_str(), file.content.as_slice()))
    }
}

/// Executes a chart's templates with the values that the user set.
pub fn render_files(
    mut chart: Chart,
    values: Map,
    release: &Release,
    settings: &Settings,
) -> Result<RenderedFiles, TemplateError> {
    check(&chart, settings)?;
    check_name(&release.name, settings.dialect)?;
    let mut warnings = Vec::new();
    let values = resolved(&mut chart, values, settings, &mut warnings)?;
    let capabilities = match &settings.capabilities {
        Some(capabilities) => capabilities.clone(),
        None => Arc::new(Capabilities::default_of(settings.dialect)),
    };
    let mut reads = ReadSet::default();
    if !chart.metadata.kube_version.is_empty() {
        let read = Read::Version("kubernetes".to_owned());
        reads.extend([(read, capabilities.seen("kubernetes"))]);
        let version = &capabilities.kube_version;
        if !is_in_range(&chart.metadata.kube_version, &version.normalized) {
            let wanted = chart.metadata.kube_version.clone();
            return Err(TemplateError::KubeVersion { wanted, version: version.version.clone() });
        }
    }
    let executed = engine::execute(&chart, &values, release, &capabilities, settings)?;
    warnings.extend(executed.warnings);
    reads.extend(executed.reads.iter().map(|(read, digest)| (read.clone(), digest.copied())));
    Ok(RenderedFiles {
        chart,
        files: executed.files,
        needs: executed.needs,
        reads,
        warnings,
        origins: executed.origins,
    })
}

/// Resolves dependencies, and lays what is set over all defaults.
fn resolved(
    chart: &mut Chart,
    values: Map,
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Result<Map, TemplateError> {
    let failed = |processing| move |source| TemplateError::Values { processing, source };
    let is_helm4 = !settings.dialect.is_helm3();
    resolve(chart, &values, settings.dialect, warnings).map_err(failed(is_helm4))?;
    let mut coalescer = Coalescer { dialect: settings.dialect, warnings };
    let values = coalescer.chart(chart, values, Nulls::Remove).map_err(failed(false))?;
    if !settings.skip_schema_validation {
        schema::validate(chart, &values, settings.dialect, &settings.budget)
            .map_err(TemplateError::Schema)?;
    }
    Ok(values)
}

/// Renders a chart with the values that the user set.
///
/// # Errors
/// Helm's, in its words; and an exhausted budget.
pub fn template(
    chart: Chart,
    values: Map,
    release: &Release,
    settings: &Settings,
) -> Result<Rendered, TemplateError> {
    let mut made = render_files(chart, values, release, settings)?;
    let notes = take_notes(&mut made.files, made.chart.name());
    let sorted = match manifests::sort(&made.files, &made.origins, settings.dialect, &settings.budget) {
        Ok(sorted) => sorted,
        Err(source) => {
            let files = made.files.into_iter().map(|file| (file.path, file.content)).collect();
            return Err(TemplateError::Document { source, files });
        }
    };
    made.warnings.extend(sorted.warnings);
    Ok(Rendered {
        chart: made.chart,
        manifests: sorted.manifests,
        hooks: sorted.hooks,
        notes,
        needs: made.needs,
        reads: made.reads,
        warnings: made.warnings,
    })
}

/// What Helm checks before it looks at values.
fn check(chart: &Chart, settings: &Settings) -> Result<(), TemplateError> {
    let kind = &chart.metadata.kind;
    if !matches!(kind.as_str(), "" | "application") {
        return Err(TemplateError::NotInstallable { kind: kind.clone() });
    }
    let missing = chart.missing_dependencies();
    if !missing.is_empty() {
        let names = missing.iter().map(|d| d.name.clone()).collect();
        return Err(TemplateError::MissingDependencies { names, dialect: settings.dialect });
    }
    Ok(())
}

/// A release's name is a DNS name of at most 53 characters.
fn check_name(name: &str, dialect: Dialect) -> Result<(), TemplateError> {
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let why = if name.is_empty() {
        "no name provided".to_owned()
    } else if name.len() > 53 || !name.split('.').all(label) {
        "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53".to_owned()
    } else {
        return Ok(());
    };
    let prefix = if dialect.is_helm3() { "" } else { "release name check failed: " };
    Err(TemplateError::ReleaseName(format!("{prefix}release name {name:?}: {why}")))
}

/// Takes every chart's NOTES.txt out; the root's is what Helm shows.
fn take_notes(files: &mut Vec<manifests::File>, root: &str) -> String {
    let own = format!("{root}/templates/NOTES.txt");
    let mut notes = String::new();
    files.retain(|file| {
        if file.path == own {
            notes = String::from_utf8_lossy(&file.content).into_owned();
        }
        !file.path.ends_with("NOTES.txt")
    });
    notes
}
