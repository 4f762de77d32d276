//! A set of scripts and which object each is for.

mod read;

use std::collections::BTreeMap;
use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use tautline_core::{Object, Timestamp};
use tautline_health::{BuiltIn, Health, HealthCheck, HealthStatus, Objects, Rules, Surroundings, rule_name};

use crate::expressions::Expressions;
use crate::{Actions, Limits, health};

pub use read::ReadError;

/// Scripts and expressions by the kinds that they judge, asked before the built-in rules.
///
/// A kind's own script comes first; then the patterns, the one with most literal letters first, equal ones in
/// the order of their text. (Argo CD asks patterns in the random order of a Go map.) `*` stands for any
/// text, also across the slash, as there. CEL expressions come after the scripts; a kind's own before its group's.
/// Last comes the user's own [table of rules](Rules).
#[derive(Clone, Default)]
pub struct Customizations {
    exact: BTreeMap<String, String>,
    patterns: Vec<Pattern>,
    expressions: Expressions,
    rules: Rules,
    actions: BTreeMap<String, Actions>,
    limits: Limits,
}

#[derive(Clone)]
struct Pattern {
    text: String,
    matcher: GlobMatcher,
    script: String,
}

/// What was found for an object, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The health; `None` if no rule has anything to say.
    pub health: Option<Health>,
    /// `lua GROUP/KIND`, `cel GROUP/KIND`, `table GROUP/KIND`, `built-in GROUP/KIND` or `none`.
    pub rule: String,
}

impl Customizations {
    /// No scripts.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same scripts within other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many scripts, kinds with expressions and kinds with rules there are.
    pub fn len(&self) -> usize {
        self.exact.len() + self.patterns.len() + self.expressions.len() + self.rules.len()
    }

    /// Whether an object is judged by a script, an expression or a rule of the user's.
    pub fn concern(&self, object: &Object) -> bool {
        self.script(object).is_some() || self.expressions.concern(object) || self.rules.knows(object)
    }

    /// The limits of a script's run.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The actions of an object's kind, if there are any.
    pub fn actions(&self, object: &Object) -> Option<&Actions> {
        self.actions.get(&name(object))
    }

    /// Whether there is neither.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a `health.lua` for `group/Kind`, for `Kind` in the core group, or for a pattern of these. A later
    /// one for the same kind replaces the earlier.
    ///
    /// # Errors
    /// The pattern is none.
    pub fn insert(&mut self, kind: &str, script: impl Into<String>) -> Result<(), ReadError> {
        let kind = kind.strip_prefix('/').unwrap_or(kind);
        let script = script.into();
        if !kind.contains(['*', '?', '[', '{']) {
            self.exact.insert(kind.to_owned(), script);
            return Ok(());
        }
        let glob = GlobBuilder::new(kind).literal_separator(false).build();
        let glob =
            glob.map_err(|error| ReadError::Pattern { pattern: kind.to_owned(), why: error.to_string() })?;
        self.patterns.retain(|pattern| pattern.text != kind);
        self.patterns.push(Pattern { text: kind.to_owned(), matcher: glob.compile_matcher(), script });
        self.patterns
            .sort_by(|a, b| literals(&b.text).cmp(&literals(&a.text)).then_with(|| a.text.cmp(&b.text)));
        Ok(())
    }

    /// The script for an object, with the name under which it was added.
    pub fn script(&self, object: &Object) -> Option<(&str, &str)> {
        let name = name(object);
        if let Some((kind, script)) = self.exact.get_key_value(&name) {
            return Some((kind, script));
        }
        let found = self.patterns.iter().find(|pattern| pattern.matcher.is_match(&name))?;
        Some((&found.text, &found.script))
    }

    /// Judges an object: by its script, then its expressions, then the user's table, then the built-in rule. A script
    /// or expression that fails makes the object Unknown, with the failure as the message. An object that is being
    /// deleted is judged like any other, as a script's tests want it; what a controller asks is
    /// [`assess`](HealthCheck::assess), for which it is on its way out whatever a script says.
    pub fn judge(&self, object: &Object, now: Timestamp) -> Verdict {
        let rule = |origin: &str, name: &str| format!("{origin} {name}");
        let own = self.expressions.judge(object);
        match self.script(object) {
            Some((_, script)) => {
                let health = health(script, object, now, &self.limits)
                    .unwrap_or_else(|error| Some(Health::new(HealthStatus::Unknown, error.to_string())));
                Verdict { health, rule: rule("lua", &name(object)) }
            }
            None if own.is_some() => Verdict { health: own, rule: rule("cel", &name(object)) },
            None if self.rules.knows(object) && !object.is_terminating() => {
                let health = self.rules.assess(object, &Objects::default(), now);
                Verdict { health, rule: rule("table", &name(object)) }
            }
            None => match tautline_health::assess(object) {
                Some(health) => Verdict { health: Some(health), rule: rule("built-in", &rule_name(object)) },
                None => Verdict { health: None, rule: "none".to_owned() },
            },
        }
    }
}

impl HealthCheck for Customizations {
    fn assess(&self, object: &Object, around: &dyn Surroundings, now: Timestamp) -> Option<Health> {
        match self.concern(object) && !object.is_terminating() {
            true => self.judge(object, now).health,
            false => BuiltIn.assess(object, around, now),
        }
    }
}

impl fmt::Debug for Customizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns = self.patterns.iter().map(|pattern| &pattern.text);
        f.debug_set().entries(self.exact.keys().chain(patterns)).finish()
    }
}

/// `group/Kind`, or the kind alone in the core group.
fn name(object: &Object) -> String {
    match object.group() {
        "" => object.kind().to_owned(),
        group => format!("{group}/{}", object.kind()),
    }
}

fn literals(pattern: &str) -> usize {
    pattern.chars().filter(|c| !"*?[]{}".contains(*c)).count()
}
