//! [`Templates`]: a set of parsed templates that call each other by name.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use crate::parse::{Tree, parse};
use crate::{Functions, Go, ParseError, Str};

/// A set of templates. Immutable once built, and shared: clones share trees.
#[derive(Clone, Debug)]
pub struct Templates {
    name: Str,
    functions: Arc<Functions>,
    go: Go,
    by_name: HashMap<Str, Arc<Tree>>,
}

/// A source that was parsed once, to be added to many sets: see [`Templates::parsed`].
#[derive(Clone, Debug)]
pub struct Parsed {
    trees: Arc<[Arc<Tree>]>,
    functions: Weak<Functions>,
}

impl Templates {
    /// An empty set, whose templates may call these functions.
    pub fn new(functions: impl Into<Arc<Functions>>) -> Self {
        Self { name: Str::default(), functions: functions.into(), go: Go::default(), by_name: HashMap::new() }
    }

    /// Names the set. Go's message for a template that is not there shows it; Helm's is "gotpl".
    #[must_use]
    pub fn named(mut self, name: impl Into<Str>) -> Self {
        self.name = name.into();
        self
    }

    /// Parses as a Go of that time: Go 1.23 forgets to count the lines of comments, and its messages of parse
    /// errors show it.
    #[must_use]
    pub fn for_go(mut self, go: Go) -> Self {
        self.go = go;
        self
    }

    /// Which Go is meant.
    pub(crate) fn go(&self) -> Go {
        self.go
    }

    /// The set's name.
    pub fn name(&self) -> &Str {
        &self.name
    }

    /// Parses a source and adds it under its name, and each `define` and `block` in it under theirs.
    ///
    /// A later definition takes the place of an earlier one, unless it is empty: white space and comments
    /// never replace anything.
    ///
    /// # Errors
    /// For what Go cannot parse, with its message. Then nothing is added.
    pub fn parse(&mut self, name: impl Into<Str>, source: impl AsRef<[u8]>) -> Result<(), ParseError> {
        let parsed = self.parsed(name, source)?;
        self.add(&parsed);
        Ok(())
    }

    /// Parses a source for this set and others with the same functions, and adds nothing yet.
    ///
    /// # Errors
    /// For what Go cannot parse, with its message.
    pub fn parsed(&self, name: impl Into<Str>, source: impl AsRef<[u8]>) -> Result<Parsed, ParseError> {
        let trees = parse(&name.into(), source.as_ref(), &self.functions, self.go)?;
        Ok(Parsed { trees: trees.into(), functions: Arc::downgrade(&self.functions) })
    }

    /// Adds what was parsed, as [`Templates::parse`] does. Templates that were parsed for other functions are
    /// refused: they would call those.
    pub fn add(&mut self, parsed: &Parsed) -> bool {
        if parsed.functions.as_ptr() != Arc::as_ptr(&self.functions) {
            return false;
        }
        for tree in &*parsed.trees {
            if !(tree.is_empty() && self.by_name.contains_key(tree.name())) {
                self.by_name.insert(tree.name().clone(), tree.clone());
            }
        }
        true
    }

    /// The template of a name.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Tree>> {
        self.by_name.get(name)
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<&Str> {
        let mut names: Vec<&Str> = self.by_name.keys().collect();
        names.sort_unstable();
        names
    }

    /// The functions its templates may call.
    pub fn functions(&self) -> &Arc<Functions> {
        &self.functions
    }
}
