//! What `helm template` prints.

use std::sync::OnceLock;

use regex::Regex;

use crate::chart::glob;
use crate::manifests::{Hook, split};
use crate::{Dialect, Rendered};

/// What is printed of a render.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrintOptions {
    /// Whether CRDs come first.
    pub include_crds: bool,
    /// Whether hooks are left out.
    pub no_hooks: bool,
    /// Whether test hooks are left out.
    pub skip_tests: bool,
    /// Patterns of templates of which only the documents are printed; empty for all.
    pub show_only: Vec<String>,
    /// In whose manner.
    pub dialect: Dialect,
}

/// A pattern of `--show-only` that no template fits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not find template {0} in chart")]
pub struct NoSuchTemplate(pub String);

/// Prints a render byte for byte as `helm template` does.
pub fn print(rendered: &Rendered, options: &PrintOptions) -> Result<Vec<u8>, NoSuchTemplate> {
    let texts = rendered.manifests.iter().chain(&rendered.hooks);
    let mut body = Vec::with_capacity(texts.map(|d| d.text.len() + d.source.len() + 20).sum());
    if options.include_crds {
        for (path, file) in rendered.crds() {
            document(&path, file.content(), &mut body);
        }
    }
    for manifest in &rendered.manifests {
        document(&manifest.source, manifest.text.as_bytes(), &mut body);
    }
    let mut out = trimmed(body);
    out.push(b'\n');
    if !options.no_hooks {
        for hook in &rendered.hooks {
            let is_test = hook.hook.as_ref().is_some_and(Hook::is_test);
            if !(is_test && options.skip_tests) {
                document(&hook.source, hook.text.as_bytes(), &mut out);
            }
        }
    }
    if options.show_only.is_empty() {
        return Ok(out);
    }
    only(&String::from_utf8_lossy(&out), options)
}

fn document(path: &str, text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("---\n# Source: {path}\n").as_bytes());
    out.extend_from_slice(text);
    out.push(b'\n');
}

/// Go's `strings.TrimSpace`.
fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    let (start, kept) = match std::str::from_utf8(&bytes) {
        Ok(text) => (text.len() - text.trim_start().len(), text.trim().len()),
        Err(_) => (bytes.len() - bytes.trim_ascii_start().len(), bytes.trim_ascii().len()),
    };
    bytes.truncate(start + kept);
    bytes.drain(..start);
    bytes
}

/// What was printed is cut again and chosen by the comments in it, as Helm does it.
fn only(printed: &str, options: &PrintOptions) -> Result<Vec<u8>, NoSuchTemplate> {
    static SOURCE: OnceLock<Regex> = OnceLock::new();
    let source = SOURCE.get_or_init(|| Regex::new("# Source: [^/]+/(.+)").expect("the pattern is constant"));
    let pieces = split(printed, options.dialect);
    let named: Vec<(&str, &str)> = pieces
        .iter()
        .filter_map(|piece| {
            let path = source.captures(&piece.text)?.get(1)?.as_str();
            Some((path, piece.text.as_str()))
        })
        .collect();
    let mut out = Vec::new();
    for pattern in &options.show_only {
        let mut found = false;
        for (_, text) in named.iter().filter(|(path, _)| glob::matches(pattern, path).unwrap_or(false)) {
            found = true;
            out.extend_from_slice(format!("---\n{text}\n").as_bytes());
        }
        if !found {
            return Err(NoSuchTemplate(pattern.clone()));
        }
    }
    Ok(out)
}
