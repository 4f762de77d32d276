//! Running a policy's expressions, with the variables it composes.

use std::collections::BTreeMap;

use tautline_cel::{Expression, Refused, Variable};
use tautline_core::Value;

use super::policy::{Compile, Policy, budget};

/// One run of a policy: what is given, and the composed variables as far as they were asked for.
pub(super) struct Run<'a> {
    policy: &'a Policy,
    given: Vec<(&'static str, Variable)>,
    composed: BTreeMap<String, Result<Variable, String>>,
}

/// Why an expression gave nothing.
pub(super) enum Failed {
    /// This expression failed; the next may do better.
    Alone(String),
    /// Nothing more will be run.
    Spent,
}

/// What a policy that ran out of budget says.
pub(super) const SPENT: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

impl Failed {
    pub(super) fn message(self) -> String {
        match self {
            Self::Alone(why) => why,
            Self::Spent => SPENT.to_owned(),
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(policy: &'a Policy, given: Vec<(&'static str, Variable)>) -> Self {
        Self { policy, given, composed: BTreeMap::new() }
    }

    /// Whether all of the policy's conditions hold.
    ///
    /// # Errors
    /// Those that failed, if none was false.
    pub(super) fn applies(&mut self) -> Result<bool, String> {
        let mut wrong = Vec::new();
        for condition in &self.policy.conditions {
            match self.value(condition) {
                Ok(Value::Bool(false)) => return Ok(false),
                Ok(_) => {}
                Err(why) => wrong.push(why.message()),
            }
        }
        match wrong.as_slice() {
            [] => Ok(true),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }

    /// The value of an expression.
    pub(super) fn value(&mut self, expression: &Compile) -> Result<Value, Failed> {
        self.run(expression, Expression::evaluate)
    }

    /// What `of` makes of an expression on this run's variables.
    pub(super) fn run<T>(
        &mut self,
        expression: &Compile,
        of: impl Fn(&Expression, &[(&str, Variable)], &tautline_core::Budget) -> Result<T, Refused>,
    ) -> Result<T, Failed> {
        let compiled = match &expression.made {
            Ok(compiled) => compiled,
            Err(why) => return Err(Failed::Alone(format!("compilation error: compilation failed: {why}"))),
        };
        let names = compiled.composed();
        self.compose(&names);
        match of(compiled, &self.variables(&names), &budget()) {
            Ok(value) => Ok(value),
            Err(Refused::TooDear(_)) => Err(Failed::Spent),
            Err(why) => {
                let why = self.explain(why);
                Err(Failed::Alone(format!("expression '{}' resulted in error: {why}", expression.text)))
            }
        }
    }

    fn variables<'b>(&'b self, names: &[String]) -> Vec<(&'b str, Variable)> {
        let mut all: Vec<(&str, Variable)> = self.given.clone();
        for (name, made) in &self.composed {
            let short = name.strip_prefix("variables.").unwrap_or(name);
            if let Ok(variable) = made
                && names.iter().any(|wanted| wanted == short)
            {
                all.push((name, variable.clone()));
            }
        }
        all
    }

    /// Evaluates composed variables that were not asked for before, and those that they use.
    fn compose(&mut self, names: &[String]) {
        let policy = self.policy;
        // Each uses only those before it.
        let mut wanted: Vec<String> = names.to_vec();
        for (name, variable) in policy.variables.iter().rev() {
            if wanted.contains(name)
                && let Ok(compiled) = &variable.made
            {
                wanted.extend(compiled.composed());
            }
        }
        for (name, variable) in &policy.variables {
            let full = format!("variables.{name}");
            if !wanted.contains(name) || self.composed.contains_key(&full) {
                continue;
            }
            let made = match &variable.made {
                Err(why) => {
                    Err(format!("composited variable \"{name}\" fails to compile: compilation failed: {why}"))
                }
                Ok(compiled) => {
                    let variables = self.variables(&compiled.composed());
                    compiled.variable(&variables, &budget()).map_err(|why| {
                        format!("composited variable \"{name}\" fails to evaluate: {}", self.explain(why))
                    })
                }
            };
            self.composed.insert(full, made);
        }
    }

    /// The reason in the server's words; that of a composed variable where one was missing.
    fn explain(&self, why: Refused) -> String {
        match why {
            Refused::Unset(name) => match self.composed.get(&name) {
                Some(Err(why)) => why.clone(),
                _ => Refused::Unset(name).to_string(),
            },
            other => other.to_string(),
        }
    }
}
