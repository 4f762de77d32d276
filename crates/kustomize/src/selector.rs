//! Selectors whose parts are regular expressions.

use regex::Regex;

use crate::error::{Error, Result};
use crate::kustomization::Selector;
use crate::resource::Gvk;

/// A selector's regular expressions, each over the whole text; a part without one matches everything.
#[derive(Debug)]
pub(crate) struct SelectorPattern {
    group: Option<Pattern>,
    version: Option<Pattern>,
    kind: Option<Pattern>,
    name: Option<Pattern>,
    namespace: Option<Pattern>,
    is_empty: bool,
}

/// A regular expression, or the text itself where it means nothing else.
#[derive(Debug)]
enum Pattern {
    Text(String),
    Regex(Regex),
}

impl SelectorPattern {
    pub(crate) fn new(selector: &Selector) -> Result<Self> {
        Ok(Self {
            group: pattern(&selector.group)?,
            version: pattern(&selector.version)?,
            kind: pattern(&selector.kind)?,
            name: pattern(&selector.name)?,
            namespace: pattern(&selector.namespace)?,
            is_empty: [
                &selector.group,
                &selector.version,
                &selector.kind,
                &selector.name,
                &selector.namespace,
            ]
            .iter()
            .all(|part| part.is_empty()),
        })
    }

    /// Whether it says nothing of identities.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    pub(crate) fn matches_gvk(&self, gvk: &Gvk) -> bool {
        matches(self.group.as_ref(), &gvk.group)
            && matches(self.version.as_ref(), &gvk.version)
            && matches(self.kind.as_ref(), &gvk.kind)
    }

    pub(crate) fn matches_name(&self, name: &str) -> bool {
        matches(self.name.as_ref(), name)
    }

    pub(crate) fn matches_namespace(&self, namespace: &str) -> bool {
        matches(self.namespace.as_ref(), namespace)
    }
}

fn matches(pattern: Option<&Pattern>, text: &str) -> bool {
    match pattern {
        None => true,
        Some(Pattern::Text(whole)) => whole == text,
        Some(Pattern::Regex(regex)) => regex.is_match(text),
    }
}

fn pattern(text: &str) -> Result<Option<Pattern>> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b':')) {
        return Ok(Some(Pattern::Text(text.to_owned())));
    }
    regex(&format!("^(?:{text})$")).map(|regex| Some(Pattern::Regex(regex)))
}

/// Compiles a regular expression within a bound on its size.
pub(crate) fn regex(text: &str) -> Result<Regex> {
    let built = regex::RegexBuilder::new(text).size_limit(1 << 20).build();
    built.map_err(|error| Error::Configuration(format!("error parsing regexp: {error}")))
}
