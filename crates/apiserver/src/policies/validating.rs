//! What a ValidatingAdmissionPolicy does: refuse, or warn.

use tautline_cluster::Cause;
use tautline_core::Value;

use super::evaluate::{Failed, Run, SPENT};
use super::policy::{Kind, Validation};
use super::{Attributes, Invocation};
use crate::failure::Failure;
use crate::state::State;

/// The longest message that a `messageExpression` may make, in bytes.
const LONGEST_MESSAGE: usize = 5_120;

/// That a policy does not admit a request.
struct Denial {
    message: String,
    reason: String,
}

impl Denial {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: String::new() }
    }
}

impl State {
    /// Asks all ValidatingAdmissionPolicies about a request; gives their warnings. What they would write into an audit
    /// log is not kept: there is none.
    ///
    /// # Errors
    /// The first refusal.
    pub(crate) fn validate_by_policies(&self, attributes: &Attributes<'_>) -> Result<Vec<String>, Failure> {
        if !self.asks_policies(attributes.ask, Kind::Validating.shelf()) {
            return Ok(Vec::new());
        }
        let (invocations, unusable) = self.invocations(Kind::Validating, attributes);
        let mut denials: Vec<(String, Option<String>, Denial)> = Vec::new();
        for one in unusable.iter().filter(|one| one.policy.fails) {
            let binding = one.binding.as_ref().map(|binding| binding.name().to_owned());
            denials.push((one.policy.name.clone(), binding, Denial::new(one.message())));
        }
        let mut warnings = Vec::new();
        for invocation in &invocations {
            let (policy, binding) = (&invocation.policy.name, invocation.binding.name());
            let actions = invocation.binding.list_at(&["spec", "validationActions"]);
            let has = |action: &str| actions.iter().any(|known| known.as_str() == Some(action));
            let (denied, audits) = self.judged(attributes, invocation);
            for denial in denied {
                if has("Warn") {
                    warnings.push(format!(
                        "Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{binding}': {}",
                        denial.message
                    ));
                }
                if has("Deny") {
                    denials.push((policy.clone(), Some(binding.to_owned()), denial));
                }
            }
            // An annotation that fails refuses whatever the binding says.
            let audits = audits.into_iter().map(|denial| (policy.clone(), Some(binding.to_owned()), denial));
            denials.extend(audits);
        }
        // The first by the names of policies is told.
        denials.sort_by(|a, b| a.0.cmp(&b.0));
        match denials.into_iter().next() {
            Some((policy, binding, denial)) => Err(refusal(attributes, &policy, binding.as_deref(), denial)),
            None => Ok(warnings),
        }
    }

    /// What one invocation refuses, by its validations and by its annotations.
    fn judged(&self, attributes: &Attributes<'_>, invocation: &Invocation) -> (Vec<Denial>, Vec<Denial>) {
        let policy = &invocation.policy;
        let mut run = Run::new(policy, self.input(attributes, invocation));
        let failed = |why: String| if policy.fails { vec![Denial::new(why)] } else { Vec::new() };
        match run.applies() {
            Ok(true) => {}
            Ok(false) => return (Vec::new(), Vec::new()),
            Err(why) => return (failed(why), Vec::new()),
        }
        let mut denied = Vec::new();
        for validation in &policy.validations {
            match run.value(&validation.expression) {
                Ok(Value::Bool(true)) => {}
                Ok(_) => denied.push(broken(&mut run, validation)),
                Err(Failed::Alone(why)) => denied.extend(failed(why)),
                Err(Failed::Spent) => return (failed(SPENT.to_owned()), Vec::new()),
            }
        }
        let mut audits = Vec::new();
        for audit in &policy.audits {
            if let Err(why) = run.value(audit) {
                audits.extend(failed(why.message()));
            }
        }
        (denied, audits)
    }
}

/// What a validation that does not hold says: its expression, else its message, else itself.
fn broken(run: &mut Run<'_>, validation: &Validation) -> Denial {
    let made = validation.message_expression.as_ref().and_then(|expression| run.value(expression).ok());
    let made = made.as_ref().and_then(Value::as_str).map(str::trim);
    let fits = |text: &&str| !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n');
    let message = match (made.filter(fits), validation.message.as_str()) {
        (Some(made), _) => made.to_owned(),
        (None, "") => format!("failed expression: {}", validation.expression.text.trim()),
        (None, message) => message.to_owned(),
    };
    Denial { message, reason: validation.reason.clone() }
}

/// A refusal as the server words it.
fn refusal(attributes: &Attributes<'_>, policy: &str, binding: Option<&str>, denial: Denial) -> Failure {
    let with = binding.map(|binding| format!(" with binding '{binding}'")).unwrap_or_default();
    let why = format!("ValidatingAdmissionPolicy '{policy}'{with} denied request: {}", denial.message);
    let (ask, name) = (attributes.ask, attributes.name());
    let mut failure = Failure::forbidden(&ask.group, &ask.resource, name, &why);
    (failure.code, failure.reason) = match denial.reason.as_str() {
        "Forbidden" => (403, denial.reason),
        "Unauthorized" => (401, denial.reason),
        "RequestEntityTooLarge" => (413, denial.reason),
        _ => (422, "Invalid".to_owned()),
    };
    failure.because(vec![Cause { reason: String::new(), message: why, field: String::new() }])
}
