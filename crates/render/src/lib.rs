//! A tree and parameters become manifests.
//!
//! Rendering is a pure function: content and parameters in, [`Rendered`] out, with the exact [`ReadSet`] of
//! everything that was asked for, so that the same inputs are never rendered twice. It never needs a cluster;
//! one render serves many destinations. A render with a problem or an unanswered need says so and is never
//! complete, and only a complete one may ever lead to a prune.
//!
//! ```
//! use tautline_core::{Budget, MemoryTree, TreePath};
//! use tautline_render::{Answers, BuiltIn, Renderer, Request, Tool};
//!
//! let tree = MemoryTree::new([("web/service.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n")]);
//! let answers = Answers::default();
//! let request = Request {
//!     tree: &tree, path: TreePath::new("web")?, tool: Tool::Detect, budget: Budget::default(), answers: &answers,
//! };
//! let rendered = BuiltIn.render(&request);
//! assert!(rendered.is_complete());
//! assert_eq!(rendered.manifests[0].origin.to_string(), "web/service.yaml:1");
//! # Ok::<(), tautline_core::OutsideTree>(())
//! ```
//!
//! # What it does not do
//! Helm charts are detected and named in a problem. Jsonnet and plugins are not rendered. Kustomize targets are
//! built by crate `kustomize`; [`KustomizeOptions::overlay`] is what Argo CD lays over them.
//!
//! [`ReadSet`]: tautline_core::ReadSet
#![forbid(unsafe_code)]

mod detect;
mod directory;
mod kustomize;
mod request;

use tautline_core::Problem;

pub use detect::detect;
pub use directory::directory;
pub use kustomize::kustomize;
pub use request::{Answers, DirectoryOptions, Rendered, Renderer, Request, SourceType, Tool};
pub use tautline_kustomize::{
    LoadRestrictions, Options as KustomizeOptions, Overlay, OverlayPatch, OverlayTarget,
};

/// Renders whatever stands at the path, by the rules of [`detect`].
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl Renderer for BuiltIn {
    fn render(&self, request: &Request<'_>) -> Rendered {
        let mut reads = tautline_core::ReadSet::default();
        let source_type = match &request.tool {
            Tool::Directory(_) => Ok(SourceType::Directory),
            Tool::Helm => Ok(SourceType::Helm),
            Tool::Kustomize(_) => Ok(SourceType::Kustomize),
            Tool::Detect => detect(request.tree, &request.path, &mut reads),
        };
        let mut rendered = match source_type {
            Ok(SourceType::Directory) => {
                let options = match &request.tool {
                    Tool::Directory(options) => options.clone(),
                    _ => DirectoryOptions::default(),
                };
                directory(request, &options)
            }
            Ok(SourceType::Kustomize) => match &request.tool {
                Tool::Kustomize(options) => kustomize(request, options),
                _ => kustomize(request, &KustomizeOptions::default()),
            },
            Ok(other) => missing_renderer(request, other),
            Err(error) => problem("source", error.to_string(), SourceType::Directory),
        };
        let found: Vec<_> = reads.iter().map(|(read, digest)| (read.clone(), digest.copied())).collect();
        rendered.reads.extend(found);
        rendered
    }
}

fn missing_renderer(request: &Request<'_>, source_type: SourceType) -> Rendered {
    let tool = source_type.as_str();
    let message = format!(
        "{}: this is a {tool} source, and this build renders plain manifests only; render it to a folder first",
        request.path
    );
    problem("no-renderer", message, source_type)
}

fn problem(code: &str, message: String, source_type: SourceType) -> Rendered {
    Rendered { problems: vec![Problem::error(code, message)], source_type, ..Rendered::default() }
}
