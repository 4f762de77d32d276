//! From a revision to manifests, at most once for the same inputs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tautline_cluster::Cluster;
use tautline_core::{
    Budget, Clock, GroupVersionKind, Manifest, Need, Problem, Read, Revision, Tree, TreePath, Want, resolve,
};
use tautline_engine::Rendered;
use tautline_render::{Answers, Renderer, Request, SourceType, Tool, detect, still_holds};
use tautline_source::Source;
use tokio::sync::Semaphore;

use crate::catalog::Catalog;
use crate::embedder::Definitions;

/// What the fetcher works with.
pub(crate) struct Means {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) renderer: Arc<dyn Renderer>,
    pub(crate) catalog: Catalog,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) definitions: Arc<dyn Definitions>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where templates' random text comes from.
    pub(crate) seed: [u8; 32],
}

/// Fetches and renders. Keeps the last render of each folder and tool, for as long as nothing it read changed.
pub(crate) struct Fetcher {
    means: Means,
    renders: Mutex<HashMap<RenderKey, Kept>>,
    slots: Semaphore,
}

/// A folder's place and treatment.
#[derive(Clone, PartialEq, Eq, Hash)]
struct RenderKey {
    place: String,
    path: TreePath,
    tool: Tool,
}

/// A complete render, and the identity of its folder when it last was found to hold.
#[derive(Clone)]
struct Kept {
    folder: Option<String>,
    rendered: Arc<tautline_render::Rendered>,
}

const KEPT: usize = 4096;
/// How often a render may ask for more before it is given up: charts have dependencies of dependencies.
const ROUNDS: usize = 4;

impl Fetcher {
    pub(crate) fn new(means: Means, slots: usize) -> Self {
        Self { means, renders: Mutex::default(), slots: Semaphore::new(slots) }
    }

    /// What the want stands for now.
    pub(crate) async fn resolve(&self, want: &Want) -> Result<Revision, String> {
        self.means.source.resolve(want).await.map_err(|error| error.to_string())
    }

    /// Fetches and renders a revision. What goes wrong is a problem of the result.
    pub(crate) async fn render(
        &self,
        revision: Revision,
        path: TreePath,
        tool: Tool,
        fresh: bool,
    ) -> Rendered {
        let failed = |message: String| Rendered {
            revision: revision.clone(),
            manifests: Vec::new(),
            problems: vec![Problem::error("source", message)],
            source_type: String::new(),
            reads: tautline_core::Digest::of_bytes(b""),
        };
        let Ok(slot) = self.slots.acquire().await else { return failed("the runtime has stopped".into()) };
        let tree = match self.means.source.fetch(&revision).await {
            Ok(tree) => tree,
            Err(error) => return failed(error.to_string()),
        };
        let key = RenderKey { place: revision.place.clone(), path, tool };
        let known = if fresh { None } else { self.kept(&key) };
        let mut answers = Answers { revision: revision.id.clone(), ..self.answers(&tree, &key).await };
        for round in 0.. {
            let done = match self.attempt(tree.clone(), &key, known.clone(), answers).await {
                Ok(done) => done,
                Err(message) => return failed(message),
            };
            answers = done.answers;
            let more = round + 1 < ROUNDS && self.answer(&done.kept.rendered, &mut answers).await;
            if !more {
                let rendered = done.kept.rendered.clone();
                self.keep(key, done.kept);
                drop(slot);
                self.describe(&rendered.manifests).await;
                return into_engine(revision, &rendered);
            }
        }
        failed("the render never ends asking".to_owned())
    }

    /// Fetches what the cluster's own documents say of the kinds that were rendered, where nothing else says it (rule
    /// R6). What cannot be fetched stays unknown, and is asked for again at the next render.
    async fn describe(&self, manifests: &[Manifest]) {
        let Means { catalog, cluster, definitions, .. } = &self.means;
        definitions.version(&catalog.apis().await.kube_version);
        let kinds: BTreeSet<GroupVersionKind> = manifests.iter().map(|m| m.object.gvk()).collect();
        for kind in kinds {
            let Some(of) = definitions.lacks(&kind).filter(|_| catalog.resource(&kind).is_some()) else {
                continue;
            };
            match cluster.open_api(&of).await {
                Ok(document) => definitions.document(of, Some(document)),
                Err(error) if error.status().is_some_and(|status| status.code == 404) => {
                    definitions.document(of, None)
                }
                Err(error) => tracing::warn!(%of, %error, "the cluster does not say what its types are"),
            }
        }
    }

    /// What is known before the render asks. A chart is only rendered once the cluster has said what it
    /// serves.
    async fn answers(&self, tree: &Arc<dyn Tree>, key: &RenderKey) -> Answers {
        let is_chart = match &key.tool {
            Tool::Helm(_) => true,
            Tool::Detected(_) => {
                let (tree, path) = (tree.clone(), key.path.clone());
                let found =
                    tokio::task::spawn_blocking(move || detect(&*tree, &path, &mut Default::default()));
                matches!(found.await, Ok(Ok(SourceType::Helm)))
            }
            _ => false,
        };
        let cluster = if is_chart { Some(self.means.catalog.apis().await) } else { None };
        Answers { cluster, now: self.means.clock.now(), seed: self.means.seed, ..Answers::default() }
    }

    /// Renders, unless the last render still holds.
    async fn attempt(
        &self,
        tree: Arc<dyn Tree>,
        key: &RenderKey,
        known: Option<Kept>,
        answers: Answers,
    ) -> Result<Attempt, String> {
        let (renderer, key) = (self.means.renderer.clone(), key.clone());
        let work = tokio::task::spawn_blocking(move || {
            let folder = resolve(&*tree, &key.path).ok().flatten().map(|(_, entry)| entry.id.0);
            let request = Request {
                tree: &*tree,
                path: key.path.clone(),
                tool: key.tool,
                budget: Budget::default(),
                answers: &answers,
            };
            let holds = |kept: &Kept| {
                (kept.folder == folder && only_reads_below(&kept.rendered, &key.path))
                    || still_holds(&kept.rendered.reads, &request)
            };
            let rendered = match known.filter(holds) {
                Some(kept) => kept.rendered,
                None => Arc::new(renderer.render(&request)),
            };
            Attempt { kept: Kept { folder, rendered }, answers }
        });
        work.await.map_err(|error| format!("the render ended early: {error}"))
    }

    /// Fetches what a render asked for. Answers whether another try is worth it.
    async fn answer(&self, rendered: &tautline_render::Rendered, answers: &mut Answers) -> bool {
        let mut found: BTreeMap<Want, Arc<dyn Tree>> = BTreeMap::new();
        for need in &rendered.needs {
            let Need::Tree(want) = need else { continue };
            match self.tree(want).await {
                Ok(tree) => drop(found.insert(want.clone(), tree)),
                Err(error) => tracing::warn!(%want, %error, "a source that a render asks for is not there"),
            }
        }
        let any = found.keys().any(|want| !answers.trees.contains_key(want));
        answers.trees.extend(found);
        any
    }

    async fn tree(&self, want: &Want) -> Result<Arc<dyn Tree>, String> {
        let revision = self.resolve(want).await?;
        self.means.source.fetch(&revision).await.map_err(|error| error.to_string())
    }

    fn kept(&self, key: &RenderKey) -> Option<Kept> {
        self.renders.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps a complete render until another of the same folder and tool comes.
    fn keep(&self, key: RenderKey, kept: Kept) {
        if !kept.rendered.is_complete() {
            return;
        }
        let mut renders = self.renders.lock().unwrap_or_else(PoisonError::into_inner);
        if renders.len() < KEPT || renders.contains_key(&key) {
            renders.insert(key, kept);
        }
    }
}

/// One try, with the answers given back.
struct Attempt {
    kept: Kept,
    answers: Answers,
}

/// Whether a render read nothing but files below its folder, so that the folder's identity says it all.
fn only_reads_below(rendered: &tautline_render::Rendered, path: &TreePath) -> bool {
    rendered.reads.iter().all(|(read, _)| match read {
        Read::File(file) | Read::Listing(file) => TreePath::new(file).is_ok_and(|file| path.covers(&file)),
        Read::Parameter(_) => true,
        _ => false,
    })
}

fn into_engine(revision: Revision, rendered: &tautline_render::Rendered) -> Rendered {
    let mut problems = rendered.problems.clone();
    problems
        .extend(rendered.needs.iter().map(|need| Problem::error("need", format!("unanswered: {need:?}"))));
    Rendered {
        revision,
        manifests: rendered.manifests.clone(),
        problems,
        source_type: rendered.source_type.as_str().to_owned(),
        reads: rendered.reads.digest(),
    }
}
