//! Replays recorded requests through merge and schema, step by step.
//!
//! Each step starts from the object that the server really had, so that one miss does not make others.
//! What only the server can know is taken from its answer: uid, versions, times, allocated addresses.

mod kubectl;
mod scale;
mod server;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tautline_core::{Object, Value};
use tautline_schema::{CustomKinds, Overlay, Schemas};

use crate::fixtures;

/// What became of a suite.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Steps that are merge's to answer.
    pub total: usize,
    /// Those whose answer was equal.
    pub passed: usize,
    /// Steps that merge says only the server can answer.
    pub dont_knows: usize,
    /// Steps that are not merge's: object validation, routing, versions, reads.
    pub others: usize,
    /// What was different, one text a step.
    pub misses: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { total, passed, dont_knows, others, .. } = self;
        write!(f, "{passed}/{total} ({dont_knows} don't-knows; {others} steps that are not merge's)")
    }
}

/// What one step showed.
pub(crate) enum Verdict {
    Equal,
    Different(String),
    DontKnow(String),
    NotMerges,
}

/// The schemas that the recordings were made with: the built-in kinds and three CRDs.
///
/// # Errors
/// When the file cannot be read.
pub fn schemas(folder: &Path) -> Result<Overlay, Box<dyn std::error::Error>> {
    let crds = Value::from_json(fixtures::text(folder, "crds.json")?.as_bytes())?;
    let mut custom = CustomKinds::new();
    for crd in crds.as_list().into_iter().flatten() {
        custom.add(&Object::new(crd.clone())?)?;
    }
    Ok(Overlay::new().then(tautline_schema::shared()).then(Arc::new(custom)))
}

/// Replays a file of cases.
///
/// # Errors
/// When the file cannot be read.
pub fn run(folder: &Path, file: &str) -> Result<Outcome, Box<dyn std::error::Error>> {
    let schemas = schemas(folder)?;
    let budget = tautline_core::Budget { nodes: usize::MAX, ..Default::default() };
    let cases = Value::from_json_within(fixtures::text(folder, file)?.as_bytes(), &budget)?;
    let mut outcome = Outcome::default();
    for case in cases.as_list().into_iter().flatten() {
        let mut replay =
            Replay { schemas: &schemas, objects: BTreeMap::new(), brought_times: false, scaled: None };
        let name = case.str_at(&["case"]).unwrap_or_default();
        for (i, step) in case.list_at(&["steps"]).iter().enumerate() {
            let label = format!("{name} step {i} ({})", step.str_at(&["do"]).unwrap_or_default());
            for verdict in replay.step(step) {
                outcome.count(&label, verdict);
            }
        }
    }
    Ok(outcome)
}

impl Outcome {
    /// Counts a case by what was wrong with it, if anything.
    pub(crate) fn judge(&mut self, label: &str, wrong: Option<String>) {
        self.count(label, wrong.map_or(Verdict::Equal, Verdict::Different));
    }

    /// Adds what another part of the suite came to.
    pub fn add(&mut self, other: Self) {
        self.total += other.total;
        self.passed += other.passed;
        self.dont_knows += other.dont_knows;
        self.others += other.others;
        self.misses.extend(other.misses);
    }

    fn count(&mut self, label: &str, verdict: Verdict) {
        match verdict {
            Verdict::NotMerges => self.others += 1,
            Verdict::Equal => {
                self.total += 1;
                self.passed += 1;
            }
            Verdict::DontKnow(why) => {
                self.total += 1;
                self.dont_knows += 1;
                self.misses.push(format!("{label}: don't know: {why}"));
            }
            Verdict::Different(how) => {
                self.total += 1;
                self.misses.push(format!("{label}: {how}"));
            }
        }
    }
}

/// The state of a case: the objects as the server had them, by their path.
pub(crate) struct Replay<'a> {
    schemas: &'a dyn Schemas,
    objects: BTreeMap<String, Object>,
    /// Whether a request brought `managedFields` with times of its own.
    brought_times: bool,
    /// The object whose scale was written: its next GET shows whether we knew its owners.
    scaled: Option<String>,
}

impl Replay<'_> {
    fn step(&mut self, step: &Value) -> Vec<Verdict> {
        if step.get("http").is_some() { vec![self.request(step)] } else { self.kubectl(step) }
    }
}
