//! [`Engine`]: one run over a set of templates, with its budget, clock, random numbers and state.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use tautline_core::Timestamp;

use super::random::Random;
use super::{Options, Run, Trace, Warning};
use crate::format::quote;
use crate::parse::{Tree, parse};
use crate::value::WeakMap;
use crate::{ExecError, Exhausted, Failure, Map, ParseError, Str, Templates, Value};

/// One run: executes templates of a set, as often as wanted, under one budget.
///
/// The set is shared with other runs; all that changes is here. Functions reach it through
/// [`crate::Call::engine`], so Helm's `include` is [`Engine::execute`] and its `tpl` is [`Engine::evaluate`].
pub struct Engine {
    templates: Arc<Templates>,
    /// Definitions of the sources that are being evaluated, the innermost last.
    overlays: Vec<HashMap<Str, Arc<Tree>>>,
    parsed: HashMap<Str, Arc<[Arc<Tree>]>>,
    options: Options,
    state: Option<Arc<dyn Any + Send + Sync>>,
    steps_left: u64,
    bytes_left: usize,
    depth: usize,
    random: Random,
    warnings: BTreeSet<Warning>,
    pub(crate) regexes: crate::sprig::RegexCache,
    /// Maps that other containers were put into: they may hold themselves.
    tied: Vec<WeakMap>,
}

/// Why [`Engine::evaluate`] failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// The text is no template.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It failed as it ran.
    #[error(transparent)]
    Execute(#[from] Failure),
}

impl From<EvaluateError> for Failure {
    /// As a function passes it on: a failed run stays the cause.
    fn from(error: EvaluateError) -> Self {
        match error {
            EvaluateError::Parse(error) => Self::new(error.to_string()),
            EvaluateError::Execute(failure) => failure,
        }
    }
}

impl Engine {
    /// A run over a set.
    pub fn new(templates: Arc<Templates>, options: Options) -> Self {
        Self {
            templates,
            overlays: Vec::new(),
            parsed: HashMap::new(),
            state: None,
            steps_left: options.budget.steps,
            bytes_left: options.budget.bytes,
            depth: 0,
            random: Random::new(options.seed),
            warnings: BTreeSet::new(),
            regexes: crate::sprig::RegexCache::default(),
            tied: Vec::new(),
            options,
        }
    }

    /// Keeps something of the embedder's for its functions; [`Engine::state`] gives it back.
    #[must_use]
    pub fn with_state(mut self, state: Arc<dyn Any + Send + Sync>) -> Self {
        self.state = Some(state);
        self
    }

    /// What [`Engine::with_state`] was given, if it is of this type.
    pub fn state<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.state.clone()?.downcast().ok()
    }

    /// Executes a template of the set. Bytes that are no UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// Go's, with place and cause; and an exhausted budget.
    pub fn execute(&mut self, name: impl AsRef<[u8]>, dot: &Value) -> Result<String, Failure> {
        let bytes = self.execute_bytes(name, dot)?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
    }

    /// Executes a template of the set, and gives exactly the bytes it makes.
    ///
    /// # Errors
    /// As [`Engine::execute`].
    pub fn execute_bytes(&mut self, name: impl AsRef<[u8]>, dot: &Value) -> Result<Vec<u8>, Failure> {
        let tree = self.named(name.as_ref())?;
        self.run(&tree, dot)
    }

    /// Executes a template of the set, and tells which part of it wrote which part of the output.
    ///
    /// # Errors
    /// As [`Engine::execute`].
    pub fn execute_traced(
        &mut self,
        name: impl AsRef<[u8]>,
        dot: &Value,
    ) -> Result<(Vec<u8>, Trace), Failure> {
        let tree = self.named(name.as_ref())?;
        let (mut out, mut trace) = (Vec::new(), Trace::new(tree.source.clone()));
        Run::execute(self, &tree, dot, &mut out, Some(&mut trace))?;
        Ok((out, trace))
    }

    fn named(&self, name: &[u8]) -> Result<Arc<Tree>, Failure> {
        self.lookup(name).ok_or_else(|| {
            Failure::new(format!(
                "template: no template {} associated with template {}",
                quote(name),
                quote(self.templates.name().as_bytes())
            ))
        })
    }

    /// Parses a text and executes it with the set's templates at hand, as Helm's `tpl` does. What it defines
    /// lasts until it ends. The same text is parsed once in a run.
    ///
    /// # Errors
    /// If the text does not parse, or fails as it runs.
    pub fn evaluate(
        &mut self,
        name: impl Into<Str>,
        source: &Str,
        dot: &Value,
    ) -> Result<Vec<u8>, EvaluateError> {
        let name = name.into();
        let trees = match self.parsed.get(source) {
            Some(trees) if trees.iter().all(|t| *t.source_name() == name) => trees.clone(),
            _ => {
                self.charge_bytes(source.len())?;
                let trees: Arc<[_]> =
                    parse(&name, source.as_bytes(), self.templates.functions(), self.templates.go())?.into();
                self.parsed.insert(source.clone(), trees.clone());
                trees
            }
        };
        let overlay: HashMap<Str, Arc<Tree>> = trees
            .iter()
            .filter(|tree| !(tree.is_empty() && self.lookup(tree.name().as_bytes()).is_some()))
            .map(|tree| (tree.name().clone(), tree.clone()))
            .collect();
        self.overlays.push(overlay);
        // Its own tree, even where an empty one replaces no template of the name.
        let done = match trees.iter().find(|tree| *tree.name() == name) {
            Some(tree) => self.run(tree, dot),
            None => Ok(Vec::new()),
        };
        self.overlays.pop();
        Ok(done?)
    }

    fn run(&mut self, tree: &Tree, dot: &Value) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        Run::execute(self, tree, dot, &mut out, None)?;
        Ok(out)
    }

    /// The template of a name, as things stand.
    pub(crate) fn lookup(&self, name: &[u8]) -> Option<Arc<Tree>> {
        let mut overlays = self.overlays.iter().rev();
        overlays.find_map(|trees| trees.get(name)).or_else(|| self.templates.get(name)).cloned()
    }

    /// The options of this run.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The present moment of this run: always the same.
    pub fn now(&self) -> Timestamp {
        self.options.now
    }

    /// What its templates did that someone should know, each once: random text, keys made, clock read.
    pub fn warnings(&self) -> impl Iterator<Item = &Warning> {
        self.warnings.iter()
    }

    /// Notes that a function did something that someone should know.
    pub fn warn(&mut self, function: &'static str, message: &'static str) {
        self.warnings.insert(Warning { function, message });
    }

    /// Random bytes. The caller notes why with [`Engine::warn`].
    pub fn random_bytes(&mut self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }

    /// The random numbers themselves, for making keys.
    #[cfg(feature = "crypto")]
    pub(crate) fn rng(&mut self) -> &mut rand_chacha::ChaCha20Rng {
        self.random.stream()
    }

    /// A random number below `end`.
    pub(crate) fn random_below(&mut self, end: u64) -> u64 {
        self.random.below(end)
    }

    /// Takes steps from the budget: one for each value or some hundred bytes that a function works on.
    ///
    /// # Errors
    /// When none are left, or the run is cancelled.
    pub fn charge_steps(&mut self, steps: u64) -> Result<(), Failure> {
        match self.steps_left.checked_sub(steps) {
            Some(left) => {
                if (left ^ self.steps_left) >> 10 != 0 && self.options.budget.cancel.is_cancelled() {
                    return Err(Failure::exhausted(Exhausted::Cancelled));
                }
                self.steps_left = left;
                Ok(())
            }
            None => Err(Failure::exhausted(Exhausted::Steps)),
        }
    }

    /// Bytes of text that may still be made.
    pub(crate) fn bytes_left(&self) -> usize {
        self.bytes_left
    }

    /// Takes bytes of text that is made from the budget.
    ///
    /// # Errors
    /// When none are left.
    pub fn charge_bytes(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes_left =
            self.bytes_left.checked_sub(bytes).ok_or_else(|| Failure::exhausted(Exhausted::Bytes))?;
        Ok(())
    }

    /// Remembers a map that a container was put into, so that a map which holds itself is freed in the end.
    pub(crate) fn tie(&mut self, map: &Map) {
        self.tied.push(map.downgrade());
    }

    /// Whether no template may be within the one that runs.
    pub(super) fn is_deepest(&self) -> bool {
        self.depth >= self.options.max_depth
    }

    /// Goes one template deeper, with stack enough for it.
    pub(super) fn deeper<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, ExecError>,
    ) -> Option<Result<T, ExecError>> {
        if self.is_deepest() {
            return None;
        }
        self.depth += 1;
        let done = stacker::maybe_grow(256 << 10, 4 << 20, || work(self));
        self.depth -= 1;
        Some(done)
    }
}

impl Drop for Engine {
    /// Lets go of maps that hold themselves: nobody else would.
    fn drop(&mut self) {
        for map in self.tied.drain(..).filter_map(|weak| weak.upgrade()) {
            if map.holds_itself() {
                map.entries().iter().filter(|(_, v)| v.is_container()).for_each(|(k, _)| {
                    map.unset(k.as_bytes());
                });
            }
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("templates", &self.templates.names().len())
            .field("steps_left", &self.steps_left)
            .field("bytes_left", &self.bytes_left)
            .finish_non_exhaustive()
    }
}
