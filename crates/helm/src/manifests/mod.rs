//! Rendered files into manifests and hooks, in Helm's order.

mod head;
mod hooks;
mod order;
mod split;

use std::collections::HashMap;
use std::sync::Arc;

use tautline_core::{Budget, Value};
use tautline_gotemplate::Trace;

use crate::Dialect;
use head::Head;
use hooks::Role;
pub use hooks::{Hook, HookEvent};
pub use order::uninstall_rank;
pub(crate) use split::split;

/// A document that the chart renders.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The template's path as Helm prints it: `web/templates/deployment.yaml`. Aliases stand in it.
    pub source: String,
    /// The template's path in the source; that of the archive for a packed chart.
    pub file: Arc<str>,
    /// The text.
    pub text: String,
    /// What the text says.
    pub value: Value,
    /// Its kind; empty if it names none.
    pub kind: String,
    /// Its name; empty if it has none.
    pub name: String,
    /// What makes it a hook, if it is one.
    pub hook: Option<Hook>,
    /// The line of the rendered file that it starts on.
    pub rendered_line: usize,
    /// The line of the template that wrote its first line. What a named template wrote, the line that calls it
    /// did.
    pub template_line: usize,
}

/// What a template made.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// The template's path as Helm prints it.
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
    /// Which part of the template wrote which part of the content.
    pub(crate) trace: Trace,
}

/// Manifests and hooks of a release.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sorted {
    pub(crate) manifests: Vec<Document>,
    pub(crate) hooks: Vec<Document>,
    pub(crate) warnings: Vec<String>,
}

/// A rendered file that holds no YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("YAML parse error on {file}: {why}")]
pub struct BadDocument {
    /// The template's path as Helm prints it.
    pub file: String,
    /// What is wrong, in Helm's words.
    pub why: String,
    /// The line of the rendered file.
    pub line: usize,
    /// The template's path in the source.
    pub origin: String,
}

/// Templates' paths as Helm prints them, and those in the source.
pub(crate) type Origins = HashMap<String, Arc<str>>;

/// Splits rendered files, tells hooks from manifests and sorts both. Files come in any order.
pub(crate) fn sort(
    files: &[File],
    origins: &Origins,
    dialect: Dialect,
    budget: &Budget,
) -> Result<Sorted, BadDocument> {
    let mut sorted = Sorted::default();
    let mut files: Vec<&File> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    for File { path, content, trace } in files {
        let base = path.rsplit('/').next().unwrap_or(path);
        if base.starts_with('_') {
            continue;
        }
        let origin = origins.get(path).cloned().unwrap_or_else(|| "".into());
        let bad =
            |why: String, line| BadDocument { file: path.clone(), why, line, origin: origin.to_string() };
        let text = std::str::from_utf8(content).map_err(|error| {
            let before = content.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|b| **b == b'\n').count();
            let why = "error converting YAML to JSON: yaml: invalid leading UTF-8 octet".to_owned();
            bad(why, line)
        })?;
        for piece in split(text, dialect) {
            let (head, value) =
                Head::read(&piece.text, dialect, budget).map_err(|why| bad(why, piece.line))?;
            let hook = match hooks::role(&head) {
                Role::Manifest => None,
                Role::Hook(hook) => Some(hook),
                Role::Unknown(hook) => {
                    sorted.warnings.push(format!("skipping unknown hooks hookTypes={hook:?}"));
                    continue;
                }
            };
            let into = if hook.is_some() { &mut sorted.hooks } else { &mut sorted.manifests };
            into.push(Document {
                source: path.clone(),
                file: origin.clone(),
                text: piece.text,
                value,
                kind: head.kind,
                name: head.name,
                hook,
                rendered_line: piece.line,
                template_line: trace.line(piece.offset).unwrap_or(0),
            });
        }
    }
    for documents in [&mut sorted.manifests, &mut sorted.hooks] {
        documents.sort_by(|a, b| {
            order::install_rank(&a.kind, dialect).cmp(&order::install_rank(&b.kind, dialect))
        });
    }
    Ok(sorted)
}
