//! Sync windows of an AppProject: when its apps may sync.

use std::time::Duration;

use tautline_core::{Map, Problem, Timestamp, Value};
use tautline_grammar::Cron;
use tautline_plan::{Circumstances, Gate, Plan, Verdict};

use crate::application::{Application, text};
use crate::project::glob;

/// The windows that matter to one app, as Argo CD 3.6 judges by them.
#[derive(Clone, Debug, Default)]
pub(crate) struct SyncWindows {
    windows: Vec<Window>,
}

#[derive(Clone, Debug)]
struct Window {
    denies: bool,
    schedule: Cron,
    duration: Duration,
    allows_manual: bool,
    zone: jiff::tz::TimeZone,
    /// The window in words, for refusals.
    words: String,
}

impl SyncWindows {
    /// The windows of a project that match an app. One that cannot be read is a problem of the project: it is never
    /// ignored.
    pub(crate) fn of(list: &[Value], app: &Application) -> Result<Self, Vec<Problem>> {
        let mut windows = Vec::new();
        let mut problems = Vec::new();
        for (i, window) in list.iter().filter_map(Value::as_map).enumerate() {
            match Window::read(window) {
                Ok(read) if concerns(window, app) => windows.push(read),
                Ok(_) => {}
                Err(why) => problems.push(Problem::error("project", format!("spec.syncWindows[{i}].{why}"))),
            }
        }
        if problems.is_empty() { Ok(Self { windows }) } else { Err(problems) }
    }
}

impl Gate for SyncWindows {
    /// An active window that denies wins; where windows allow, one of them must be active. A sync that a person asks
    /// for passes if every window in its way says so.
    fn judge(&self, _: &Plan, circumstances: &Circumstances) -> Verdict {
        let Circumstances { now, is_manual, .. } = *circumstances;
        let is_active = |window: &&Window| window.active_until(now).is_some();
        let denying: Vec<&Window> = self.windows.iter().filter(|w| w.denies).filter(is_active).collect();
        let allowing: Vec<&Window> = self.windows.iter().filter(|w| !w.denies).collect();
        let in_the_way = match (denying.is_empty(), allowing.iter().any(is_active)) {
            (false, _) => denying,
            (true, true) => return Verdict::Allow,
            (true, false) => allowing,
        };
        let Some(first) = in_the_way.first() else { return Verdict::Allow };
        if is_manual && in_the_way.iter().all(|window| window.allows_manual) {
            return Verdict::Allow;
        }
        let changes = self.windows.iter().filter_map(|window| window.next_change(now));
        Verdict::Refuse {
            reason: format!("Sync operation blocked by sync window: {}", first.words),
            until: changes.min(),
        }
    }
}

impl Window {
    fn read(window: &Map) -> Result<Self, String> {
        let kind = text(window, "kind");
        if !["allow", "deny"].contains(&kind) {
            return Err(format!("kind: {kind:?} is neither allow nor deny"));
        }
        let schedule: Cron = text(window, "schedule").parse().map_err(|e| format!("schedule: {e}"))?;
        let duration: tautline_grammar::Duration =
            text(window, "duration").parse().map_err(|e| format!("duration: {e}"))?;
        let zone = match text(window, "timeZone") {
            "" => "UTC",
            zone => zone,
        };
        let flag = |name: &str| window.get(name).and_then(Value::as_bool).unwrap_or(false);
        Ok(Self {
            denies: kind == "deny",
            words: format!("{kind} {schedule} for {duration} ({zone})"),
            schedule,
            duration: duration.to_std().ok_or("duration: it must not be negative")?,
            allows_manual: flag("manualSync"),
            zone: jiff::tz::TimeZone::get(zone).map_err(|e| format!("timeZone: {e}"))?,
        })
    }

    /// How far the clock of the window's zone is ahead of UTC now.
    fn ahead(&self, now: Timestamp) -> i64 {
        let moment = jiff::Timestamp::from_second(now.seconds()).unwrap_or_default();
        i64::from(self.zone.to_offset(moment).seconds())
    }

    fn next(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let ahead = self.ahead(now);
        let local = Timestamp::from_seconds(after.seconds() + ahead);
        self.schedule.next(local).map(|next| Timestamp::from_seconds(next.seconds() - ahead))
    }

    /// When the window that is open now closes.
    fn active_until(&self, now: Timestamp) -> Option<Timestamp> {
        let began = self.next(now - self.duration, now).filter(|began| *began <= now)?;
        Some(began + self.duration)
    }

    fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        self.active_until(now).or_else(|| self.next(now, now))
    }
}

/// Whether a window is about an app: by its name, namespace or cluster, or by all that are named.
fn concerns(window: &Map, app: &Application) -> bool {
    let matches = |field: &str, texts: &[&str]| -> Option<bool> {
        let patterns = window.get(field).and_then(Value::as_list).filter(|list| !list.is_empty())?;
        Some(patterns.iter().filter_map(Value::as_str).any(|p| texts.iter().any(|text| glob(text, p))))
    };
    let found: Vec<bool> = [
        matches("applications", &[app.spec.id.name.as_str()]),
        matches("namespaces", &[app.spec.destination.namespace.as_str()]),
        matches("clusters", &["https://kubernetes.default.svc", "in-cluster"]),
    ]
    .into_iter()
    .flatten()
    .collect();
    match window.get("andOperator").and_then(Value::as_bool) == Some(true) {
        true => !found.is_empty() && found.iter().all(|is| *is),
        false => found.iter().any(|is| *is),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn verdict(windows: &[Value], now: &str, is_manual: bool) -> bool {
        let read = windows.iter().filter_map(Value::as_map).map(|w| Window::read(w).unwrap()).collect();
        let gate = SyncWindows { windows: read };
        let now = tautline_grammar::time::parse(now).unwrap();
        gate.judge(&Plan::default(), &Circumstances { now, is_manual, objects: 0 }) == Verdict::Allow
    }

    #[test]
    fn windows_allow_and_deny() {
        let window = |kind: &str, manual: bool| value!({ "kind": kind, "schedule": "0 22 * * *", "duration": "2h", "manualSync": manual });
        let (inside, outside) = ("2026-11-24T23:00:00Z", "2026-11-24T12:00:00Z");
        assert!(verdict(&[], outside, false));
        assert!(verdict(&[window("allow", false)], inside, false));
        assert!(!verdict(&[window("allow", false)], outside, true));
        assert!(verdict(&[window("allow", true)], outside, true));
        assert!(!verdict(&[window("deny", true)], inside, false));
        assert!(verdict(&[window("deny", true)], inside, true));
        assert!(verdict(&[window("deny", false)], outside, false));
        assert!(!verdict(&[window("deny", false), window("allow", false)], inside, false));
    }

    #[test]
    fn a_window_is_of_its_zone() {
        let berlin = value!({ "kind": "allow", "schedule": "0 8 * * *", "duration": "1h", "timeZone": "Europe/Berlin" });
        assert!(verdict(std::slice::from_ref(&berlin), "2026-07-01T06:30:00Z", false));
        assert!(!verdict(&[berlin], "2026-07-01T08:30:00Z", false));
        let wrong = value!({ "kind": "allow", "schedule": "x", "duration": "1h" });
        assert!(Window::read(wrong.as_map().unwrap()).is_err());
    }
}
