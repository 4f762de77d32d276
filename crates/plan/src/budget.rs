//! How much a plan may delete before somebody has to say so.

use std::fmt;
use std::str::FromStr;

use tautline_ownership::Reason;

use crate::Plan;
use crate::gate::{Circumstances, Gate, Verdict};
use crate::step::{Action, Step};

/// The annotation of an app that sets its budget.
pub const DELETION_BUDGET_ANNOTATION: &str = "tautline.dev/deletion-budget";

/// The gate that refuses plans which delete too much of their app: what is left of a repository after a bad merge or
/// a wrong path renders without an error, and looks like the wish to delete the rest.
///
/// Counted are prunes and deletions for a re-creation, not hooks. A sync that a person asks for is not held to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionBudget {
    /// Half of the app's objects, and ten in any case.
    #[default]
    Usual,
    /// So many objects.
    Objects(usize),
    /// So many of a hundred of the app's objects.
    Percent(usize),
    /// Without a limit.
    Off,
}

impl DeletionBudget {
    /// How many of an app's objects one plan may delete.
    pub fn allows(self, objects: usize) -> usize {
        match self {
            Self::Usual => (objects / 2).max(10),
            Self::Objects(count) => count,
            Self::Percent(percent) => objects.saturating_mul(percent) / 100,
            Self::Off => usize::MAX,
        }
    }
}

impl Gate for DeletionBudget {
    fn judge(&self, plan: &Plan, circumstances: &Circumstances) -> Verdict {
        let objects = circumstances.objects;
        let allowed = self.allows(objects);
        let deleted: Vec<&Step> = plan.steps.iter().filter(|step| counts(step)).collect();
        if circumstances.is_manual || deleted.len() <= allowed {
            return Verdict::Allow;
        }
        let some: Vec<String> = deleted.iter().take(5).map(|step| step.key.to_string()).collect();
        let more = if deleted.len() > some.len() { ", …" } else { "" };
        Verdict::Refuse {
            reason: format!(
                "the plan deletes {} of the app's {objects} objects ({}{more}), and its budget is {allowed} ({self}); \
                 if that is meant, sync by hand or set {DELETION_BUDGET_ANNOTATION} to a number, a share like 80% or off",
                deleted.len(),
                some.join(", "),
            ),
            until: None,
        }
    }
}

fn counts(step: &Step) -> bool {
    matches!(step.action, Action::Delete { reason: Reason::Pruned | Reason::Recreate, .. })
}

impl FromStr for DeletionBudget {
    type Err = String;

    /// `5`, `20%` or `off`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse::<usize>().ok();
        let read = match text.strip_suffix('%') {
            Some(percent) => number(percent).map(Self::Percent),
            None if text == "off" => Some(Self::Off),
            None => number(text).map(Self::Objects),
        };
        read.ok_or_else(|| {
            format!(
                "{DELETION_BUDGET_ANNOTATION}: {text:?} is no budget; write a number, a share like 20% or off"
            )
        })
    }
}

impl fmt::Display for DeletionBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usual => f.write_str("half of them, and ten in any case"),
            Self::Objects(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Off => f.write_str("off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read_and_count() {
        let check = |text: &str, objects, expect| {
            assert_eq!(text.parse::<DeletionBudget>().map(|b| b.allows(objects)), expect, "{text}");
        };
        check("5", 100, Ok(5));
        check("0", 100, Ok(0));
        check("20%", 10, Ok(2));
        check("off", 10, Ok(usize::MAX));
        assert!("many".parse::<DeletionBudget>().is_err());
        assert_eq!(DeletionBudget::Usual.allows(4), 10);
        assert_eq!(DeletionBudget::Usual.allows(100), 50);
    }
}
