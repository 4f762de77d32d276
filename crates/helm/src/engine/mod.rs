//! Templates are parsed into one set and executed in Helm's order.

mod cluster;
mod context;
mod data;
mod durations;
mod failure;
mod files;
mod functions;
mod glob;
mod pretty;
mod state;
mod toml;

use std::cmp::Reverse;
use std::sync::Arc;

use tautline_core::{Map as CoreMap, Need, ReadSet};
use tautline_gotemplate::{Engine, Go, Map, MissingKey, Options, Templates, Value};

use crate::manifests::{File, Origins};
use crate::template::Settings;
use crate::{Capabilities, Chart, Dialect, Release};
pub use failure::RenderError;
pub use state::Lookups;
use state::State;

/// What executing all templates of a chart gave.
#[derive(Debug)]
pub(crate) struct Executed {
    /// What the templates made, in the order of execution.
    pub(crate) files: Vec<File>,
    pub(crate) origins: Origins,
    pub(crate) needs: Vec<Need>,
    pub(crate) reads: ReadSet,
    pub(crate) warnings: Vec<String>,
}

/// Executes the templates of a resolved chart.
pub(crate) fn execute(
    chart: &Chart,
    values: &CoreMap,
    release: &Release,
    capabilities: &Arc<Capabilities>,
    settings: &Settings,
) -> Result<Executed, RenderError> {
    let state = Arc::new(State::new(settings.lookups.clone(), settings.lint));
    let mut prepared = context::prepare(chart, values, release, capabilities, &state, settings.dialect);
    // Deeper paths first, then backwards by name: what is parsed later overrides, so that a parent's
    // definition beats a sub-chart's.
    // Of templates with one path the last counts.
    prepared.reverse();
    prepared.sort_by_cached_key(|p| Reverse((p.path.matches('/').count(), p.path.clone())));
    prepared.dedup_by(|later, earlier| later.path == earlier.path);
    let origins: Origins = prepared.iter().map(|p| (p.path.clone(), p.file.origin.clone())).collect();
    let mut templates =
        Templates::new(functions::functions(settings.dialect)).named("gotpl").for_go(settings.dialect.go());
    for one in &prepared {
        one.file
            .add_to(&mut templates, &one.path)
            .map_err(|error| failure::parse_error(&error).located(&origins))?;
    }
    let mut engine = Engine::new(Arc::new(templates), options(settings)).with_state(state.clone());
    let mut files = Vec::new();
    for one in prepared.iter().filter(|p| !p.path.rsplit('/').next().unwrap_or_default().starts_with('_')) {
        let about: Map =
            [("Name", one.path.as_str()), ("BasePath", one.base_path.as_str())].into_iter().collect();
        one.dot.set("Template", about.named(settings.dialect.values_type()));
        let (out, mut trace) =
            engine.execute_traced(one.path.as_bytes(), &Value::Map(one.dot.clone())).map_err(|failure| {
                failure::exec_error(&one.path, &failure, settings.dialect).located(&origins)
            })?;
        let content = without_no_value(out, |at, count| trace.removed(at, count));
        files.push(File { path: one.path.clone(), content, trace });
    }
    let (needs, reads, mut warnings) = state.take();
    warnings.extend(engine.warnings().map(|w| format!("{}: {}", w.function, w.message)));
    Ok(Executed { files, origins, needs, reads, warnings })
}

fn options(settings: &Settings) -> Options {
    Options {
        missing_key: MissingKey::Zero,
        go: settings.dialect.go(),
        budget: settings.budget.clone(),
        now: settings.now,
        seed: settings.seed,
        ..Options::default()
    }
}

impl Dialect {
    /// The Go that this Helm is built with.
    fn go(self) -> Go {
        match self {
            Self::Helm3 => Go::V1_23,
            Self::Helm4 => Go::V1_27,
        }
    }
}

/// Takes out Go's mark for absent values, wherever it comes from.
fn without_no_value(bytes: Vec<u8>, mut removed: impl FnMut(usize, usize)) -> Vec<u8> {
    const MARK: &[u8] = b"<no value>";
    let find = |bytes: &[u8]| bytes.windows(MARK.len()).position(|window| window == MARK);
    // `<` is rare in manifests.
    if !bytes.contains(&b'<') || find(&bytes).is_none() {
        return bytes;
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    while let Some(at) = find(rest) {
        kept.extend_from_slice(rest.get(..at).unwrap_or_default());
        removed(kept.len(), MARK.len());
        rest = rest.get(at + MARK.len()..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    kept
}
