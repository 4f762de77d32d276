//! What a renderer is asked, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_core::{
    Budget, Digest, Manifest, Need, Object, Problem, ReadSet, ResourceKey, Severity, Timestamp, Tree,
    TreePath, Want,
};

use crate::{HelmOptions, KustomizeOptions};

/// One render: everything that decides its result.
#[expect(missing_debug_implementations, reason = "borrows a tree")]
pub struct Request<'a> {
    /// The content.
    pub tree: &'a dyn Tree,
    /// The app's folder in it.
    pub path: TreePath,
    /// How it is rendered.
    pub tool: Tool,
    /// What it may cost.
    pub budget: Budget,
    /// Answers to needs of an earlier try.
    pub answers: &'a Answers,
}

/// How a source is rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tool {
    /// By what is found at the path.
    #[default]
    Detect,
    /// By what is found at the path; a chart with these options.
    Detected(HelmOptions),
    /// As a folder of manifests.
    Directory(DirectoryOptions),
    /// As a Helm chart.
    Helm(HelmOptions),
    /// As a Kustomize target.
    Kustomize(Box<KustomizeOptions>),
}

impl Tool {
    /// What is said about a chart, if something is.
    pub fn helm(&self) -> Option<&HelmOptions> {
        match self {
            Self::Helm(options) | Self::Detected(options) => Some(options),
            _ => None,
        }
    }
}

/// How a folder of manifests is read, as Argo CD 3.6 reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DirectoryOptions {
    /// Whether folders below are read too.
    pub recurse: bool,
    /// A glob that files must match; empty for all. `{a,b}` is allowed.
    pub include: String,
    /// A glob of files that are left out; empty for none.
    pub exclude: String,
}

impl DirectoryOptions {
    /// One digest for all of them.
    pub(crate) fn digest(&self) -> Digest {
        let recurse = if self.recurse { "r" } else { "" };
        Digest::of_parts([self.include.as_str(), self.exclude.as_str(), recurse])
    }
}

/// What the caller knows beside the source: answers to [`Need`]s, the cluster, the clock, chance.
#[derive(Default)]
pub struct Answers {
    /// Live objects for lookups; `None` for those that are not there. A key without a name is for the list
    /// of its kind.
    pub lookups: BTreeMap<ResourceKey, Option<Object>>,
    /// Other sources: chart dependencies, and what `$ref` leads to.
    pub trees: BTreeMap<Want, Arc<dyn Tree>>,
    /// What the cluster serves (rule R25); nothing to do without, as `helm template` does.
    pub cluster: Option<Arc<ClusterApis>>,
    /// The revision of the source, for `$ARGOCD_APP_REVISION`.
    pub revision: String,
    /// What a template's `now` gives.
    pub now: Timestamp,
    /// Where a template's random text and keys come from. Whoever knows it knows them.
    pub seed: [u8; 32],
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answers")
            .field("lookups", &self.lookups.len())
            .field("trees", &self.trees.keys())
            .field("cluster", &self.cluster)
            .finish_non_exhaustive()
    }
}

/// What a cluster says of itself, from a complete discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterApis {
    /// The version of Kubernetes: `v1.37.2`.
    pub kube_version: String,
    /// What it serves: `apps/v1` and `apps/v1/Deployment`.
    pub api_versions: Vec<String>,
}

/// What a render came to.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The manifests, in the order of files and documents.
    pub manifests: Vec<Manifest>,
    /// Everything that was asked for.
    pub reads: ReadSet,
    /// What is missing for a complete render.
    pub needs: Vec<Need>,
    /// What is wrong, warnings included. An error leaves the render incomplete.
    pub problems: Vec<Problem>,
    /// What rendered it.
    pub source_type: SourceType,
}

impl Rendered {
    /// Whether nothing is missing and nothing is wrong: only then may it ever lead to a prune.
    pub fn is_complete(&self) -> bool {
        self.needs.is_empty() && self.problems.iter().all(|p| p.severity == Severity::Warning)
    }
}

/// What a source turned out to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceType {
    /// Plain manifests.
    #[default]
    Directory,
    /// A Helm chart.
    Helm,
    /// A Kustomize target.
    Kustomize,
}

impl SourceType {
    /// The word in statuses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "Directory",
            Self::Helm => "Helm",
            Self::Kustomize => "Kustomize",
        }
    }
}

/// Turns a tree into manifests. Pure: what it lacks it names in [`Rendered::needs`].
pub trait Renderer: Send + Sync {
    /// Renders. What is wrong with single manifests is in [`Rendered::problems`].
    fn render(&self, request: &Request<'_>) -> Rendered;
}
