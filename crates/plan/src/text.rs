//! A plan for people.

use std::fmt::Write;

use crate::Plan;
use crate::step::{Action, Step};

impl Plan {
    /// The plan as text: what is destroyed first, then each step with its changes, then the counts.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for fault in &self.faults {
            let _ = writeln!(out, "cannot be done: {fault}");
        }
        let deletes = self.steps.iter().filter(|s| s.action.is_delete()).count();
        if deletes > 0 {
            let what = if deletes == 1 { "object is" } else { "objects are" };
            let _ = writeln!(out, "{deletes} {what} deleted:");
            for step in self.steps.iter().filter(|s| s.action.is_delete()) {
                let Step { key, why, .. } = step;
                let known = self.destruction.iter().find(|destruction| destruction.key == *key);
                let what = known.map_or_else(|| key.to_string(), ToString::to_string);
                let asks = if step.needs_confirmation { "; a person has to confirm it" } else { "" };
                let _ = writeln!(out, "  - {what} ({why}{asks})");
            }
        }
        let mut wave = None;
        for step in self.steps.iter().filter(|s| !s.action.is_delete() && s.action != Action::Await) {
            if wave.replace(step.wave).is_some_and(|w| w != step.wave) {
                let _ = writeln!(out, "wave {}, when the objects above are healthy:", step.wave);
            }
            let sign = match step.action {
                _ if step.runs_hook() => '>',
                Action::Create => '+',
                _ => '~',
            };
            let origin = step.origin.as_ref().map(|o| format!("  [{o}]")).unwrap_or_default();
            let _ = writeln!(out, "  {sign} {step}{origin}");
            let after: Vec<String> = step
                .after
                .iter()
                .filter_map(|id| self.step(*id))
                .map(|other| other.key.to_string())
                .collect();
            if !after.is_empty() {
                let _ = writeln!(out, "      when {} is well", after.join(", "));
            }
            for change in &step.changes {
                let _ = writeln!(out, "      {change}");
            }
            for taken in &step.taken {
                let _ =
                    writeln!(out, "      {} is taken from {} ({})", taken.path, taken.from, taken.operation);
            }
        }
        let count = |test: fn(&Action) -> bool| self.steps.iter().filter(|s| test(&s.action)).count();
        let creates = count(|a| matches!(a, Action::Create | Action::CreateNamespace));
        let changes = count(|a| matches!(a, Action::Apply { .. } | Action::ClientApply | Action::Replace));
        let _ = writeln!(out, "{creates} to create, {changes} to change, {deletes} to delete");
        out
    }
}
