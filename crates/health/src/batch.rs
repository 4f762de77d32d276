//! Job and CronJob (batch/v1).

use tautline_core::Object;

use crate::conditions::conditions;
use crate::status::{Health, HealthStatus};

pub(crate) fn job(object: &Object) -> Health {
    let (mut failed, mut complete, mut suspended, mut message) = (false, false, false, "");
    for c in conditions(object) {
        match c.kind {
            "Failed" if c.status == "True" => (failed, complete, message) = (true, true, c.message),
            "Complete" if c.status == "True" => (complete, message) = (true, c.message),
            "Suspended" => {
                complete = true;
                message = c.message;
                suspended = c.status == "True";
            }
            _ => {}
        }
    }
    let status = match (complete, failed, suspended) {
        (false, _, _) => HealthStatus::Progressing,
        (true, true, _) => HealthStatus::Degraded,
        (true, false, true) => HealthStatus::Suspended,
        (true, false, false) => HealthStatus::Healthy,
    };
    Health::new(status, message)
}

/// By the Lua rule that Argo CD 3.6 ships: degraded only when nothing runs and the last run failed.
pub(crate) fn cron_job(object: &Object) -> Health {
    if object.at(&["spec", "suspend"]).and_then(|v| v.as_bool()) == Some(true) {
        return Health::new(HealthStatus::Healthy, "CronJob is suspended");
    }
    let active = !object.list_at(&["status", "active"]).is_empty();
    let (last, success) =
        (object.str_at(&["status", "lastScheduleTime"]), object.str_at(&["status", "lastSuccessfulTime"]));
    match (active, last, success) {
        // RFC 3339 times in UTC order as text.
        (false, Some(last), Some(success)) if success < last => {
            Health::degraded("CronJob has not completed its last execution successfully")
        }
        _ => Health::healthy(),
    }
}
