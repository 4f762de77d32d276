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
//! Helm charts are rendered by crate `helm`, with Argo CD's way of calling it in [`HelmOptions`].
//!
//! # What it does not do
//! Jsonnet and plugins are not rendered. Kustomize targets are built by crate `kustomize`;
//! [`KustomizeOptions::overlay`] is what Argo CD lays over them.
//!
//! [`ReadSet`]: tautline_core::ReadSet
#![forbid(unsafe_code)]

mod charts;
mod detect;
mod directory;
mod helm;
mod kustomize;
mod reads;
mod request;

use tautline_core::Problem;

pub use charts::Charts;
pub use detect::detect;
pub use directory::directory;
pub use helm::{HelmOptions, HelmParameter, helm};
pub use kustomize::kustomize;
pub use reads::still_holds;
pub use request::{Answers, ClusterApis, DirectoryOptions, Rendered, Renderer, Request, SourceType, Tool};
pub use tautline_helm::Dialect;
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
            Tool::Helm(_) => Ok(SourceType::Helm),
            Tool::Kustomize(_) => Ok(SourceType::Kustomize),
            Tool::Detect | Tool::Detected(_) => detect(request.tree, &request.path, &mut reads),
        };
        let mut rendered = match source_type {
            Ok(SourceType::Directory) => {
                let options = match &request.tool {
                    Tool::Directory(options) => options.clone(),
                    _ => DirectoryOptions::default(),
                };
                directory(request, &options)
            }
            Ok(SourceType::Helm) => match &request.tool {
                Tool::Helm(options) | Tool::Detected(options) => helm(request, options),
                _ => helm(request, &HelmOptions::of_folder(&request.path)),
            },
            Ok(SourceType::Kustomize) => match &request.tool {
                Tool::Kustomize(options) => kustomize(request, options),
                _ => kustomize(request, &KustomizeOptions::default()),
            },
            Err(error) => problem("source", error.to_string(), SourceType::Directory),
        };
        rendered.reads.extend(reads.iter().map(|(read, digest)| (read.clone(), digest.copied())));
        rendered
    }
}

fn problem(code: &str, message: String, source_type: SourceType) -> Rendered {
    Rendered { problems: vec![Problem::error(code, message)], source_type, ..Rendered::default() }
}
