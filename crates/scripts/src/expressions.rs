//! Health in CEL, as Flux 2.8 writes it in `healthCheckExprs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_yaml::Value as Yaml;
use tautline_cel::{Expression, Refused, Variable};
use tautline_core::{Budget, Object};
use tautline_health::{Health, HealthStatus};

use crate::ReadError;

/// What one judgement may take: within this a processor needs some milliseconds.
const STEPS: u64 = 1_000_000;

/// Expressions by the kinds that they judge: `group/Kind`, or a whole group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expressions {
    kinds: BTreeMap<(String, Option<String>), Arc<Judge>>,
}

/// The expressions for one kind. Each is asked in this order, and the first that holds decides.
#[derive(Debug)]
struct Judge {
    in_progress: Option<Expression>,
    failed: Option<Expression>,
    current: Expression,
}

impl Expressions {
    /// Adds what a list of `{apiVersion, kind, current, inProgress, failed}` says. The version is not looked at;
    /// without a kind the whole group is meant.
    pub(crate) fn read(&mut self, list: &Yaml) -> Result<(), ReadError> {
        let wrong = |entry: &str, why: String| ReadError::Entry { entry: entry.to_owned(), why };
        let Yaml::Sequence(items) = list else {
            return Err(wrong("healthCheckExprs", "a list of expressions is wanted".to_owned()));
        };
        for item in items {
            let text = |field: &str| item.get(field).and_then(Yaml::as_str).filter(|text| !text.is_empty());
            let api_version = text("apiVersion")
                .ok_or_else(|| wrong("healthCheckExprs", "an entry has no apiVersion".to_owned()))?;
            let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
            let kind = text("kind");
            let name = format!("{api_version} {}", kind.unwrap_or_default());
            let expression = |field: &str| {
                let compiled = text(field).map(|text| Expression::compile(text, &budget()));
                compiled.transpose().map_err(|why| wrong(name.trim(), format!("{field}: {why}")))
            };
            let judge = Judge {
                in_progress: expression("inProgress")?,
                failed: expression("failed")?,
                current: expression("current")?
                    .ok_or_else(|| wrong(name.trim(), "it has no expression `current`".to_owned()))?,
            };
            let key = (group.to_owned(), kind.map(str::to_owned));
            if self.kinds.insert(key, Arc::new(judge)).is_some() {
                return Err(wrong(name.trim(), "the kind has expressions twice".to_owned()));
            }
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are expressions for an object.
    pub(crate) fn concern(&self, object: &Object) -> bool {
        self.judge_of(object).is_some()
    }

    /// Judges an object, if there are expressions for it. While its controller has not seen the latest generation it
    /// is on its way; an expression that fails leaves the object Unknown.
    pub(crate) fn judge(&self, object: &Object) -> Option<Health> {
        let judge = self.judge_of(object)?;
        let observed = object.i64_at(&["status", "observedGeneration"]);
        if observed.is_some_and(|observed| Some(observed) != object.i64_at(&["metadata", "generation"])) {
            let message = "its controller has not observed the latest generation";
            return Some(Health::new(HealthStatus::Progressing, message));
        }
        let map = object.to_value();
        let variables: Vec<(&str, Variable)> = (map.as_map().into_iter().flat_map(|map| map.iter()))
            .map(|(name, value)| (name.as_str(), Variable::plain(value)))
            .collect();
        Some(judge.ask(&variables).unwrap_or_else(|why| Health::new(HealthStatus::Unknown, why.to_string())))
    }

    fn judge_of(&self, object: &Object) -> Option<&Judge> {
        let group = object.group().to_owned();
        let own = self.kinds.get(&(group.clone(), Some(object.kind().to_owned())));
        own.or_else(|| self.kinds.get(&(group, None))).map(|judge| &**judge)
    }
}

impl Judge {
    fn ask(&self, variables: &[(&str, Variable)]) -> Result<Health, Refused> {
        let holds = |expression: &Option<Expression>| match expression {
            Some(expression) => expression.holds(variables, &budget()),
            None => Ok(false),
        };
        if holds(&self.in_progress)? {
            return Ok(Health::new(HealthStatus::Progressing, "its expression inProgress holds"));
        }
        if holds(&self.failed)? {
            return Ok(Health::new(HealthStatus::Degraded, "its expression failed holds"));
        }
        Ok(match self.current.holds(variables, &budget())? {
            true => Health::healthy(),
            false => Health::new(HealthStatus::Progressing, "its expression current does not hold yet"),
        })
    }
}

fn budget() -> Budget {
    Budget { steps: STEPS, ..Budget::default() }
}

#[cfg(test)]
mod tests {
    use tautline_core::{Timestamp, Value, value};

    use super::*;
    use crate::Customizations;

    const RULES: &str = "
- apiVersion: example.org/v1
  kind: Widget
  inProgress: status.phase == 'Busy'
  failed: status.phase == 'Broken'
  current: status.phase == 'Ready'
- apiVersion: example.org/v1beta1
  current: spec.size > 1
";

    fn check(kind: &str, rest: Value, expect: &str) {
        let mut object = value!({ "apiVersion": "example.org/v2", "kind": kind, "metadata": { "name": "a", "generation": 2 } });
        for (key, value) in rest.as_map().into_iter().flat_map(|map| map.iter()) {
            object.as_map_mut().unwrap().insert(key.clone(), value.clone());
        }
        let rules = Customizations::from_yaml(RULES).unwrap();
        let verdict = rules.judge(&Object::new(object).unwrap(), Timestamp::default());
        let health = verdict.health.unwrap();
        assert!(format!("{} {}", health.status, health.message).starts_with(expect), "{health:?}");
    }

    #[test]
    fn the_first_expression_that_holds_decides() {
        let status = |phase: &str| value!({ "status": { "phase": phase, "observedGeneration": 2 } });
        check("Widget", status("Busy"), "Progressing its expression inProgress");
        check("Widget", status("Broken"), "Degraded");
        check("Widget", status("Ready"), "Healthy");
        check("Widget", status("Odd"), "Progressing its expression current");
        check(
            "Widget",
            value!({ "status": { "phase": "Ready", "observedGeneration": 1 } }),
            "Progressing its controller",
        );
        check("Widget", value!({ "status": { "phase": "Ready", "observedGeneration": "1" } }), "Healthy");
        check("Widget", value!({ "spec": {} }), "Unknown");
        check("Other", value!({ "spec": { "size": 2 } }), "Healthy");
        check("Other", value!({ "spec": { "size": "big" } }), "Unknown");
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let fails = |text: &str| Customizations::from_yaml(text).unwrap_err().to_string();
        assert!(fails("- {apiVersion: a/v1, current: '1 +'}").contains("current: "));
        assert!(fails("- {apiVersion: a/v1, failed: 'true'}").contains("no expression `current`"));
        assert!(fails("- {current: 'true'}").contains("no apiVersion"));
        let twice = "- {apiVersion: a/v1, current: 'true'}\n- {apiVersion: a/v2, current: 'true'}";
        assert!(fails(twice).contains("twice"));
    }

    #[test]
    fn hostile_expressions_end_soon() {
        let bomb = format!(
            "- {{apiVersion: example.org/v1, current: \"'a'{} == 'b'\"}}",
            ".replace('a', 'aaaaaaaaaa')".repeat(40)
        );
        let rules = Customizations::from_yaml(&bomb).unwrap();
        let object =
            Object::new(value!({ "apiVersion": "example.org/v1", "kind": "W", "metadata": { "name": "a" } }))
                .unwrap();
        let health = rules.judge(&object, Timestamp::default()).health.unwrap();
        assert_eq!(health.status, HealthStatus::Unknown);
    }
}
