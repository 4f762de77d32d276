//! `taut render`: manifests as YAML.

use std::fmt::Write;
use std::sync::Arc;

use tautline::core::{Budget, Manifest, Object, Origin, Problem, Tree, TreePath};
use tautline::render::{Answers, BuiltIn, Renderer, Request};
use tautline::yaml;

use crate::arguments::{RenderOptions, SourceOptions};
use crate::failure::{Failure, Result};
use crate::{input, system};

/// What a render came to, with file names as seen from the command line.
pub(crate) struct Rendering {
    /// The manifests, in the order of files and documents.
    pub(crate) manifests: Vec<Manifest>,
    /// What is wrong, warnings included.
    pub(crate) problems: Vec<Problem>,
    /// Whether nothing is missing.
    pub(crate) is_complete: bool,
    /// The commit or the digest of the folder.
    pub(crate) revision: String,
    /// The Application that asked for it.
    pub(crate) application: Option<Object>,
    /// What was rendered, and how its files are named from the command line.
    pub(crate) tree: Arc<dyn Tree>,
    prefix: String,
}

impl Rendering {
    /// The text of a file that an origin names.
    pub(crate) fn file(&self, origin: &Origin) -> Option<String> {
        let path = TreePath::new(origin.file.strip_prefix(&self.prefix)?).ok()?;
        let bytes = self.tree.read(&path, &Budget::default()).ok()?;
        yaml::decode(&bytes).ok().map(|text| text.into_owned())
    }
}

/// Renders what the options name.
pub(crate) async fn render(options: &SourceOptions) -> Result<Rendering> {
    let input = input::open(options).await?;
    let answers = Answers {
        revision: input.revision.clone(),
        now: system::now(),
        seed: rand::random(),
        ..Answers::default()
    };
    let rendered = BuiltIn.render(&Request {
        tree: &*input.tree,
        path: input.path,
        tool: input.tool,
        budget: Budget::default(),
        answers: &answers,
    });
    let place = |origin: &mut Origin| {
        if !origin.file.is_empty() {
            origin.file.insert_str(0, &input.prefix);
        }
    };
    let is_complete = rendered.is_complete();
    let needs = rendered.needs.iter();
    let needs = needs
        .map(|need| Problem::error("need", format!("the render asks for {need:?}, which nobody answers")));
    let mut problems: Vec<Problem> = rendered.problems.iter().cloned().chain(needs).collect();
    problems.iter_mut().filter_map(|problem| problem.origin.as_mut()).for_each(place);
    let mut manifests = rendered.manifests;
    manifests.iter_mut().for_each(|manifest| place(&mut manifest.origin));
    Ok(Rendering {
        manifests,
        problems,
        is_complete,
        revision: input.revision,
        application: input.application,
        tree: input.tree,
        prefix: input.prefix,
    })
}

/// Renders, and prints problems to standard error.
///
/// # Errors
/// If the render is incomplete: nothing may be decided by it.
pub(crate) async fn render_completely(options: &SourceOptions) -> Result<Rendering> {
    let rendering = render(options).await?;
    rendering.problems.iter().for_each(|problem| eprintln!("{problem}"));
    match rendering.is_complete {
        true => Ok(rendering),
        false => Err(Failure::work("the manifests are incomplete, so nothing is compared or written.")),
    }
}

/// Manifests as a stream of YAML documents.
pub(crate) fn text(manifests: &[Manifest]) -> String {
    let mut out = String::new();
    for manifest in manifests {
        let _ = writeln!(
            out,
            "---\n# {}\n{}",
            manifest.origin,
            yaml::write(&manifest.object.to_value()).trim_end()
        );
    }
    out
}

/// Runs the verb.
pub(crate) async fn run(options: &RenderOptions) -> Result<u8> {
    let rendering = render(&options.source).await?;
    print!("{}", text(&rendering.manifests));
    rendering.problems.iter().for_each(|problem| eprintln!("{problem}"));
    Ok(u8::from(!rendering.is_complete))
}
