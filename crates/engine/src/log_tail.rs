//! How the log of a failed hook ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use tautline_core::{Manifest, Object, ResourceKey, Value};
use tautline_ownership::{LiveView, Prepared};
use tautline_plan::{Hook, Standing, Step, StepId, created_at};

use crate::app::App;
use crate::event::{Effect, World};
use crate::running::Running;

/// How much of a log is told: it stands in a status.
const MOST_LINES: usize = 10;
const MOST_CHARS: usize = 1000;
const MOST_BYTES: usize = 64 * 1024;

/// How deep below a hook its pods are looked for: a workflow's nodes, a CronJob's Jobs.
const DEPTH: u32 = 3;

/// The end of a failed hook's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// It was asked for.
    Asked(ResourceKey),
    /// What is said of it.
    Is(String),
}

impl App {
    /// A hook that has failed counts as failed once the end of its log is known, since its policy may remove it then.
    pub(crate) fn with_tail(
        running: &mut Running,
        secrets: &Secrets<'_>,
        (step, standing): (&Step, Standing),
        world: &World<'_>,
        out: &mut Vec<Effect>,
    ) -> Standing {
        let Standing::Broken(why) = standing else { return standing };
        // The last words of a container that are its message may be the end of its log.
        let why = if step.runs_hook() { secrets.hide(&why, world) } else { why };
        match running.tails.get(&step.id) {
            Some(Tail::Asked(_)) => Standing::Waiting,
            Some(Tail::Is(tail)) => Standing::Broken(format!("{why}; {tail}")),
            None => {
                let live = world.live.get(&step.key).present().filter(|_| step.runs_hook());
                let Some((pod, container)) = live.and_then(|live| failed_container(live, world.live)) else {
                    return Standing::Broken(why);
                };
                running.tails.insert(step.id, Tail::Asked(pod.clone()));
                out.push(Effect::ReadLog { step: step.id, pod, container, lines: MOST_LINES });
                Standing::Waiting
            }
        }
    }

    /// Takes in the end of a log.
    pub(crate) fn log_read(
        &mut self,
        step: StepId,
        result: Result<Option<String>, String>,
        world: &World<'_>,
    ) {
        let secrets = Secrets { prepared: &self.prepared, hooks: &self.hooks };
        let Some(running) = &mut self.running else { return };
        let Some(Tail::Asked(pod)) = running.tails.get(&step) else { return };
        let pod = &pod.name;
        let said = match result {
            Ok(Some(text)) if text.trim().is_empty() => format!("the log of pod {pod} is empty"),
            Ok(Some(text)) => {
                format!("the log of pod {pod} ends:\n{}", end_of(&secrets.hide(last_part(&text), world)))
            }
            Ok(None) => format!("the log of pod {pod} cannot be read from this cluster"),
            Err(why) => format!("the log of pod {pod} cannot be read: {why}"),
        };
        running.tails.insert(step, Tail::Is(said));
    }
}

/// The Secrets among what the app wants. What others make, or an earlier revision held, is not known in plain text.
pub(crate) struct Secrets<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) hooks: &'a [(Hook, Manifest)],
}

impl Secrets<'_> {
    /// A text without their values.
    fn hide(&self, text: &str, world: &World<'_>) -> String {
        let objects = self.prepared.manifests.values().chain(self.hooks.iter().map(|(_, hook)| hook));
        world.differ.hide(text, &mut objects.map(|manifest| &*manifest.object))
    }
}

/// So much of a log as its end may come from. Cut before values are looked for, it is far longer than what is told.
fn last_part(text: &str) -> &str {
    let from = text.len().saturating_sub(MOST_BYTES);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text.get(from..).unwrap_or_default()
}

/// The pod of a hook that failed last, and the container in it that did.
fn failed_container(hook: Arc<Object>, live: &dyn LiveView) -> Option<(ResourceKey, String)> {
    let mut pods: Vec<Arc<Object>> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut pending = vec![(hook, 0)];
    while let Some((object, depth)) = pending.pop() {
        let Some(uid) = object.uid().filter(|uid| seen.insert(uid.clone())) else { continue };
        if object.is("", "Pod") {
            pods.push(object);
        } else if depth < DEPTH {
            pending.extend(live.children(&uid).into_iter().map(|child| (child, depth + 1)));
        }
    }
    let rank = |pod: &Arc<Object>| {
        let has_failed = pod.str_at(&["status", "phase"]) == Some("Failed");
        (has_failed, created_at(pod).unwrap_or_default(), pod.name().to_owned())
    };
    let pod = pods.into_iter().max_by_key(rank)?;
    Some((pod.key(), container_of(&pod)))
}

/// The first container that ended with an error or was begun again, an init container before the others; else the
/// first one.
fn container_of(pod: &Object) -> String {
    let statuses = ["initContainerStatuses", "containerStatuses"];
    let failed = |status: &&Value| {
        let code = |state: &str| status.i64_at(&[state, "terminated", "exitCode"]).unwrap_or(0);
        code("state") != 0 || code("lastState") != 0
    };
    let found = statuses.iter().flat_map(|list| pod.list_at(&["status", list])).find(failed);
    let first = || pod.list_at(&["spec", "containers"]).first();
    found.or_else(first).and_then(|c| c.str_at(&["name"])).unwrap_or_default().to_owned()
}

/// The last lines, without what steers a terminal.
fn end_of(text: &str) -> String {
    let clean: String = text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect();
    let lines: Vec<&str> = clean.trim_end().lines().collect();
    let last = lines.get(lines.len().saturating_sub(MOST_LINES)..).unwrap_or_default().join("\n");
    let surplus = last.chars().count().saturating_sub(MOST_CHARS);
    match surplus {
        0 => last,
        _ => format!("…{}", last.chars().skip(surplus).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn a_long_log_is_its_end() {
        let text: String = (0..50).map(|n| format!("line {n}\n")).collect();
        assert!(end_of(&text).starts_with("line 40\n") && end_of(&text).ends_with("line 49"));
        assert_eq!(end_of(&"x".repeat(5000)).chars().count(), MOST_CHARS + 1);
        assert_eq!(end_of("a\u{1b}[31mred\u{7}\n"), "a[31mred");
    }

    #[test]
    fn the_container_that_failed_is_read() {
        let pod = |statuses: Value| {
            Object::new(value!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" },
                "spec": { "containers": [{ "name": "main" }, { "name": "sidecar" }] },
                "status": { "containerStatuses": statuses } }))
            .unwrap()
        };
        let ended =
            |name: &str, code: i64| value!({ "name": name, "state": { "terminated": { "exitCode": code } } });
        assert_eq!(container_of(&pod(value!([(ended("main", 0)), (ended("sidecar", 3))]))), "sidecar");
        assert_eq!(container_of(&pod(value!([]))), "main");
    }
}
