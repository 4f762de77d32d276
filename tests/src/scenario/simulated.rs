//! Playing a scenario on a simulation.

use std::time::Duration;

use tautline::engine::Report;
use tautline_cluster::Target;
use tautline_core::{Object, Value, value};

use super::objects::{NAMESPACE, key, manifest};
use super::{Line, Scenario};
use crate::simulation::Simulation;
use crate::stand::{application, set};

/// The Application, the files in Git, and what of both is not told yet.
pub(super) struct Script {
    pub(super) application: Value,
    pub(super) files: Option<Vec<(String, String)>>,
    pub(super) is_edited: bool,
}

impl Script {
    pub(super) fn new() -> Self {
        Self { application: application("web", "web", NAMESPACE), files: None, is_edited: true }
    }

    /// Takes a line that changes the Application or Git; answers whether it is one.
    pub(super) fn takes(&mut self, line: &Line) -> bool {
        match line {
            Line::Set { path, json } => {
                let value = Value::from_json(json.as_bytes()).unwrap_or_else(|e| panic!("{json}: {e}"));
                let path: Vec<&str> = path.split('|').collect();
                set(&mut self.application, &path, value);
                self.is_edited = true;
            }
            Line::Option(option) => {
                let policy =
                    self.application.as_map_mut().expect("it is a map").map_at("spec").map_at("syncPolicy");
                let mut options =
                    policy.get("syncOptions").and_then(Value::as_list).cloned().unwrap_or_default();
                options.push(option.as_str());
                policy.insert("syncOptions", options);
                self.is_edited = true;
            }
            Line::Git(None) => self.files = Some(vec![("web/README.md".to_owned(), "empty".to_owned())]),
            Line::Git(Some(object)) => {
                let files = self.files.get_or_insert_default();
                let path = format!("web/{}.json", files.len());
                files.push((path, manifest(object).to_json()));
            }
            _ => return false,
        }
        true
    }
}

/// Plays a scenario, and checks each line that expects something.
///
/// # Errors
/// What is not as expected, with the line's number.
pub fn play(scenario: &Scenario) -> Result<(), String> {
    let mut script = Script::new();
    let mut running: Option<Simulation> = None;
    let mut before: Vec<Line> = Vec::new();
    let mut since = 0;
    for (number, line) in &scenario.lines {
        let fail = |message: String| Err(format!("{} (line {number}): {message}", scenario.name));
        if script.takes(line) {
            continue;
        }
        let is_early = running.is_none() && !matches!(line, Line::Go(_));
        if is_early {
            before.push(line.clone());
            continue;
        }
        let simulation = running.get_or_insert_with(|| {
            let mut simulation = Simulation::new(script.application.clone());
            script.is_edited = false;
            before.drain(..).for_each(|line| act(&mut simulation, &line));
            simulation
        });
        match line {
            Line::Go(seconds) => {
                since = simulation.deeds.len();
                if std::mem::take(&mut script.is_edited) {
                    simulation.edit(script.application.clone());
                }
                if let Some(files) = script.files.take() {
                    simulation.commit(files);
                }
                simulation.run(Duration::from_secs(*seconds));
            }
            Line::Live { .. }
            | Line::Remove(_)
            | Line::Ask(_)
            | Line::Terminate
            | Line::Refresh { .. }
            | Line::Project(_) => act(simulation, line),
            expected => {
                if let Err(message) = check(simulation, since, expected) {
                    return fail(format!("{message}\n{}", story(simulation)));
                }
            }
        }
    }
    Ok(())
}

/// What somebody else does.
fn act(simulation: &mut Simulation, line: &Line) {
    match line {
        Line::Live { manager, object: text } => {
            let mut object = manifest(text);
            let is_namespaced =
                !key(&format!("{}/x", object.str_at(&["kind"]).unwrap_or_default())).namespace.is_empty();
            if is_namespaced && object.str_at(&["metadata", "namespace"]).is_none() {
                set(&mut object, &["metadata", "namespace"], NAMESPACE.into());
                ensure_namespace(simulation);
            }
            let owner = text.split("owner=").nth(1).and_then(|rest| rest.split(' ').next());
            if let Some(owner) = owner.filter(|owner| *owner != "web") {
                simulation.neighbour(owner, Object::new(object.clone()).expect("it is whole").key());
            }
            simulation.apply_as(manager, object);
        }
        Line::Remove(object) => {
            let key = key(object);
            let discovery = simulation.admin.discovery();
            let resource = discovery.preferred(&key.group, &key.kind).cloned().expect("the kind is served");
            let target = Target::new(resource, &key.namespace, &key.name);
            let removed = simulation.admin.remove(&target, tautline::ownership::Propagation::Background);
            removed.unwrap_or_else(|e| panic!("{object}: {e:?}"));
        }
        Line::Ask(sync) => {
            simulation.ask(operation(sync));
        }
        Line::Terminate => simulation.terminate(),
        Line::Refresh { hard } => simulation.refresh(*hard),
        Line::Project(spec) => {
            let spec = Value::from_json(spec.as_bytes()).expect("the project is JSON");
            simulation.project(value!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
                "metadata": { "name": "default", "namespace": "argocd" }, "spec": spec }));
        }
        other => panic!("{other:?} comes before the first go"),
    }
}

/// What a person asks for: the JSON of `sync`, and of `retry` after it.
pub(super) fn operation(text: &str) -> Value {
    let json = |text: &str| Value::from_json(text.as_bytes()).expect("the operation is JSON");
    let mut operation = value!({ "initiatedBy": { "username": "ann" } });
    let (sync, retry) = text
        .split_once("} {")
        .map_or((text.to_owned(), None), |(sync, retry)| (format!("{sync}}}"), Some(format!("{{{retry}"))));
    set(&mut operation, &["sync"], json(&sync));
    if let Some(retry) = retry {
        set(&mut operation, &["retry"], json(&retry));
    }
    operation
}

fn ensure_namespace(simulation: &mut Simulation) {
    if simulation.get(&key(&format!("Namespace/{NAMESPACE}"))).is_none() {
        simulation.apply_as("person", manifest(&format!("Namespace {NAMESPACE}")));
    }
}

fn check(simulation: &Simulation, since: usize, line: &Line) -> Result<(), String> {
    let report = simulation.report();
    match line {
        Line::Result { phase, text } => {
            let operation = report.operation.as_ref().ok_or("there was no sync")?;
            let is_it = operation.phase.to_string() == *phase && operation.message.contains(text.as_str());
            is_it
                .then_some(())
                .ok_or_else(|| format!("the sync is {}: {}", operation.phase, operation.message))
        }
        Line::App { sync, health } => {
            let is = (report.sync.to_string(), report.health.status.to_string());
            (is == (sync.clone(), health.clone())).then_some(()).ok_or_else(|| format!("the app is {is:?}"))
        }
        Line::Condition { kind, text } => {
            let found = report
                .conditions
                .iter()
                .any(|c| c.kind.to_string() == *kind && c.message.contains(text.as_str()));
            found.then_some(()).ok_or_else(|| format!("the conditions are {:?}", report.conditions))
        }
        Line::There { object, at } => {
            let live = simulation.get(&key(object)).ok_or_else(|| format!("{object} is not there"))?;
            holds(&live.to_value(), at.as_ref())
        }
        Line::Gone(object) => match simulation.get(&key(object)) {
            None => Ok(()),
            Some(live) => Err(format!("{object} is there: {}", live.to_value().to_json())),
        },
        Line::Order(order) => {
            let done: Vec<String> = done(simulation, since);
            in_order(order, &done)
        }
        Line::Writes(expected) => {
            let (mut done, mut expected) = (done(simulation, since), expected.clone());
            done.sort();
            expected.sort();
            (done == expected).then_some(()).ok_or_else(|| format!("the writes are {done:?}"))
        }
        Line::Says { object, text } => says(&report, object, text),
        Line::History(count) => {
            let is = report.history.len();
            (is == *count).then_some(()).ok_or_else(|| format!("{is} syncs are on record"))
        }
        Line::Finalized => {
            simulation.is_finalized().then_some(()).ok_or_else(|| "it is not finalized".to_owned())
        }
        other => Err(format!("{other:?} expects nothing")),
    }
}

/// Whether an object has the text at the path.
pub(super) fn holds(live: &Value, at: Option<&(String, String)>) -> Result<(), String> {
    let Some((path, expected)) = at else { return Ok(()) };
    let mut value = Some(live);
    for field in path.split('|') {
        value = value.and_then(|v| match field.parse::<usize>() {
            Ok(index) if v.as_list().is_some() => v.as_list().and_then(|l| l.get(index)),
            _ => v.get(field),
        });
    }
    let is = match value {
        None => "absent".to_owned(),
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_json(),
    };
    (is == *expected).then_some(()).ok_or_else(|| format!("{path} is {is}"))
}

fn done(simulation: &Simulation, since: usize) -> Vec<String> {
    simulation.deeds.iter().skip(since).filter(|deed| deed.is_done).map(ToString::to_string).collect()
}

fn in_order(order: &[String], done: &[String]) -> Result<(), String> {
    let mut last = None;
    for step in order {
        let at = done
            .iter()
            .position(|d| d == step)
            .ok_or_else(|| format!("{step} was not done, but {done:?}"))?;
        if last.is_some_and(|last| at <= last) {
            return Err(format!("{step} came too early: {done:?}"));
        }
        last = Some(at);
    }
    Ok(())
}

fn says(report: &Report, object: &str, text: &str) -> Result<(), String> {
    let key = key(object);
    let results =
        report.operation.iter().flat_map(|o| &o.results).filter(|r| r.key == key).map(|r| r.message.clone());
    let rows = report.rows.iter().filter(|row| row.key == key).map(|row| row.message.clone());
    let messages: Vec<String> = results.chain(rows).collect();
    messages
        .iter()
        .any(|m| m.contains(text))
        .then_some(())
        .ok_or_else(|| format!("{object} says {messages:?}"))
}

/// All that happened, for the reader of a failure.
fn story(simulation: &Simulation) -> String {
    let deeds: Vec<&str> = simulation.deeds.iter().map(|deed| deed.text.as_str()).collect();
    let report = simulation.report();
    let operation =
        report.operation.map(|o| format!("{:?} {}: {}", o.trigger, o.phase, o.message)).unwrap_or_default();
    format!("  {}\n  {operation}\n  {:?} {:?}", deeds.join("\n  "), report.sync, report.conditions)
}
