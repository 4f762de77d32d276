//! What a renderer is asked, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use tautline_core::{
    Budget, Manifest, Need, Object, Problem, ReadSet, ResourceKey, Severity, Tree, TreePath, Want,
};

use crate::KustomizeOptions;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tool {
    /// By what is found at the path.
    #[default]
    Detect,
    /// As a folder of manifests.
    Directory(DirectoryOptions),
    /// As a Helm chart.
    Helm,
    /// As a Kustomize target.
    Kustomize(Box<KustomizeOptions>),
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

/// Answers to [`Need`]s.
#[derive(Default)]
pub struct Answers {
    /// Live objects for lookups; `None` for those that are not there.
    pub lookups: BTreeMap<ResourceKey, Option<Object>>,
    /// Other sources: remote bases and charts.
    pub trees: BTreeMap<Want, Arc<dyn Tree>>,
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answers").field("lookups", &self.lookups).field("trees", &self.trees.keys()).finish()
    }
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
