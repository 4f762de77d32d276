//! What a build is asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tautline_core::{Budget, Digest, Tree, TreePath, Want};

use crate::argocd::Overlay;
use crate::plugins::{ChartInflator, Plugins};

/// One build: everything that decides its result.
pub struct Request<'a> {
    /// The content.
    pub tree: &'a dyn Tree,
    /// The folder of the kustomization file in it; bases may lie anywhere in the tree.
    pub path: TreePath,
    /// How it is built.
    pub options: Options,
    /// What the tree has not.
    pub supplies: Supplies<'a>,
    /// What it may cost: bytes of all files together, values, nesting of values and, up to 64, of kustomizations.
    pub budget: Budget,
}

impl<'a> Request<'a> {
    /// A build with default options.
    pub fn new(tree: &'a dyn Tree, path: TreePath) -> Self {
        let (options, supplies, budget) = (Options::default(), Supplies::default(), Budget::default());
        Self { tree, path, options, supplies, budget }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("path", &self.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// How a kustomization is built: the flags of `kustomize build`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// Whether files must lie in or below the folder of the kustomization that names them.
    pub load_restrictions: LoadRestrictions,
    /// The order of objects where the kustomization says nothing.
    pub reorder: Reorder,
    /// Whether charts are inflated.
    pub enable_helm: bool,
    /// The Kubernetes version that charts see; empty for theirs.
    pub helm_kube_version: String,
    /// The API versions that charts see; empty for theirs.
    pub helm_api_versions: Vec<String>,
    /// Whether plugins of the host may run for kinds that are not built in.
    pub enable_plugins: bool,
    /// Whether every object gets the label `app.kubernetes.io/managed-by`.
    pub managed_by_label: bool,
    /// Whether the tree is a whole file system, so that absolute paths mean something.
    pub is_file_system: bool,
    /// What Argo CD lays over the kustomization.
    pub overlay: Overlay,
}

impl Options {
    /// One digest for all of them: what [`Report::reads`](crate::Report::reads) holds as parameter `kustomize`.
    pub fn digest(&self) -> Digest {
        Digest::of_bytes(format!("{self:?}").as_bytes())
    }
}

/// Where files may lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LoadRestrictions {
    /// In or below the folder of the kustomization that names them.
    #[default]
    RootOnly,
    /// Anywhere in the tree.
    None,
}

/// The order of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reorder {
    /// Namespaces first, webhooks last, as Kustomize has always done.
    #[default]
    Legacy,
    /// As they come.
    None,
}

/// What a build may need beside its tree. What is missing is named in [`Report::needs`](crate::Report::needs).
#[derive(Default)]
pub struct Supplies<'a> {
    /// Remote bases and charts.
    pub trees: BTreeMap<Want, Arc<dyn Tree>>,
    /// Files that are named by an `http` URL.
    pub files: BTreeMap<String, Bytes>,
    /// Inflates charts.
    pub charts: Option<&'a dyn ChartInflator>,
    /// Generators, transformers and validators for kinds that are not built in.
    pub plugins: Plugins,
}

impl fmt::Debug for Supplies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supplies")
            .field("trees", &self.trees.keys())
            .field("files", &self.files.keys())
            .field("plugins", &self.plugins)
            .finish_non_exhaustive()
    }
}
