//! From a revision to manifests, at most once for the same content.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tautline_core::{Budget, Problem, Read, Revision, TreePath, resolve};
use tautline_engine::Rendered;
use tautline_render::{Answers, Renderer, Request, Tool};
use tautline_source::Source;
use tokio::sync::Semaphore;

/// Fetches and renders. Keeps the last renders by the identity of the folder they read.
pub(crate) struct Fetcher {
    source: Arc<dyn Source>,
    renderer: Arc<dyn Renderer>,
    renders: Mutex<HashMap<RenderKey, Arc<tautline_render::Rendered>>>,
    slots: Semaphore,
}

/// A folder's identity, place and treatment: equal keys, equal renders.
#[derive(Clone, PartialEq, Eq, Hash)]
struct RenderKey {
    place: String,
    path: TreePath,
    folder: String,
    tool: String,
}

const KEPT: usize = 4096;

impl Fetcher {
    pub(crate) fn new(source: Arc<dyn Source>, renderer: Arc<dyn Renderer>, slots: usize) -> Self {
        Self { source, renderer, renders: Mutex::default(), slots: Semaphore::new(slots) }
    }

    /// What the want stands for now.
    pub(crate) async fn resolve(&self, want: &tautline_core::Want) -> Result<Revision, String> {
        self.source.resolve(want).await.map_err(|error| error.to_string())
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
        let Ok(_slot) = self.slots.acquire().await else { return failed("the runtime has stopped".into()) };
        let tree = match self.source.fetch(&revision).await {
            Ok(tree) => tree,
            Err(error) => return failed(error.to_string()),
        };
        let key = resolve(&*tree, &path).ok().flatten().map(|(_, entry)| RenderKey {
            place: revision.place.clone(),
            path: path.clone(),
            folder: entry.id.0,
            tool: format!("{tool:?}"),
        });
        let known = key.as_ref().filter(|_| !fresh).and_then(|key| self.kept(key));
        let rendered = match known {
            Some(rendered) => rendered,
            None => {
                let renderer = self.renderer.clone();
                let folder = path.clone();
                let work = tokio::task::spawn_blocking(move || {
                    let answers = Answers::default();
                    let budget = Budget::default();
                    renderer.render(&Request { tree: &*tree, path: folder, tool, budget, answers: &answers })
                });
                match work.await {
                    Ok(rendered) => Arc::new(rendered),
                    Err(error) => return failed(format!("the render ended early: {error}")),
                }
            }
        };
        if let Some(key) = key {
            self.keep(key, &path, &rendered);
        }
        into_engine(revision, &rendered)
    }

    fn kept(&self, key: &RenderKey) -> Option<Arc<tautline_render::Rendered>> {
        self.renders.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps a complete render that read nothing outside its folder, so that the folder's id says it all.
    fn keep(&self, key: RenderKey, path: &TreePath, rendered: &Arc<tautline_render::Rendered>) {
        let stays_inside = rendered.reads.iter().all(|(read, _)| match read {
            Read::File(file) | Read::Listing(file) => {
                TreePath::new(file).is_ok_and(|file| path.covers(&file))
            }
            _ => true,
        });
        if !rendered.is_complete() || !stays_inside {
            return;
        }
        let mut renders = self.renders.lock().unwrap_or_else(PoisonError::into_inner);
        renders
            .retain(|k, _| (&k.place, &k.path, &k.tool) != (&key.place, &key.path, &key.tool) || *k == key);
        if renders.len() < KEPT {
            renders.insert(key, rendered.clone());
        }
    }
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
