//! Group admissionregistration.k8s.io: policies in CEL and their bindings. Every expression is compiled, so that a policy
//! that could never run is refused when it is made.

use std::collections::BTreeSet;

use tautline_cel::{Expression, Refused, Type};
use tautline_grammar::names;

use super::admissionregistration::rule;
use super::at::At;
use crate::policies::policy::Names;

const MOST_CONDITIONS: usize = 64;
const MOST_AUDITS: usize = 20;
/// The longest expression of an audit annotation's value, in bytes.
const LONGEST_AUDIT: usize = 5 * 1024;
const CHANGING: [&str; 4] = ["*", "CONNECT", "CREATE", "UPDATE"];

/// A ValidatingAdmissionPolicy.
pub(super) fn validating(root: At<'_>) {
    let spec = root.at("spec");
    head(spec);
    conditions(spec);
    let mut names = names_of(spec);
    if spec.at("variables").list().is_empty() {
        names = names.uncomposed();
    }
    variables(spec, &mut names);
    let (validations, audits) = (spec.at("validations"), spec.at("auditAnnotations"));
    if validations.list().is_empty() && audits.list().is_empty() {
        for list in [validations, audits] {
            list.required("validations or auditAnnotations must contain at least one item");
        }
        return;
    }
    validations.items().for_each(|item| validation(item, &names));
    if audits.list().len() > MOST_AUDITS {
        audits.invalid_bare(&format!("must not have more than {MOST_AUDITS} auditAnnotations"));
    }
    let mut keys = BTreeSet::new();
    for item in audits.items() {
        audit(item, root.at("metadata").text("name"), &names);
        if !keys.insert(item.text("key")) {
            item.at("key").duplicate();
        }
    }
}

/// A MutatingAdmissionPolicy.
pub(super) fn mutating(root: At<'_>) {
    let spec = root.at("spec");
    head(spec);
    changing(spec.at("matchConstraints"));
    conditions(spec);
    let mut names = names_of(spec);
    variables(spec, &mut names);
    let mutations = spec.at("mutations");
    if mutations.list().is_empty() {
        mutations.required("mutations must contain at least one item");
    }
    let names = names.building();
    mutations.items().for_each(|item| mutation(item, &names));
    let again = spec.at("reinvocationPolicy");
    if again.needed() {
        again.one_of(&["IfNeeded", "Never"]);
    }
}

/// A binding of either kind.
pub(super) fn binding(root: At<'_>, is_validating: bool) {
    let spec = root.at("spec");
    let policy = spec.at("policyName");
    if policy.needed() {
        policy.dns_subdomain();
    }
    if spec.has("paramRef") {
        param_ref(spec.at("paramRef"));
    }
    let resources = spec.at("matchResources");
    if spec.has("matchResources") {
        match_resources(resources);
    }
    if is_validating {
        actions(spec.at("validationActions"));
    } else {
        changing(resources);
    }
}

/// What policies of both kinds begin with.
fn head(spec: At<'_>) {
    let failure = spec.at("failurePolicy");
    if failure.needed() {
        failure.one_of(&["Fail", "Ignore"]);
    }
    if spec.has("paramKind") {
        param_kind(spec.at("paramKind"));
    }
    let constraints = spec.at("matchConstraints");
    if !spec.has("matchConstraints") {
        return constraints.required("");
    }
    match_resources(constraints);
    if constraints.at("resourceRules").list().is_empty() {
        constraints.at("resourceRules").required("");
    }
}

fn names_of(spec: At<'_>) -> Names {
    Names::new(spec.has("paramKind"))
}

fn param_kind(kind: At<'_>) {
    let api = kind.at("apiVersion");
    if api.needed() {
        match api.str().split('/').collect::<Vec<_>>().as_slice() {
            [version] => group_version(api, "", version),
            [group, version] => group_version(api, group, version),
            _ => api.invalid(&format!("unexpected GroupVersion string: {}", api.str())),
        }
    }
    let name = kind.at("kind");
    if name.needed() {
        let wrong = names::dns_1035_label(&name.str().to_lowercase());
        if !wrong.is_empty() {
            let wrong = wrong.join(",");
            name.invalid(&format!("may have mixed case, but should otherwise match: {wrong}"));
        }
    }
}

fn group_version(api: At<'_>, group: &str, version: &str) {
    let wrong = names::dns_subdomain(group);
    if !group.is_empty() && !wrong.is_empty() {
        api.invalid_value(group, &wrong.join(","));
    }
    if version.is_empty() {
        return api.invalid("version must be specified");
    }
    let wrong = names::dns_1035_label(version);
    if !wrong.is_empty() {
        api.invalid_value(version, &wrong.join(","));
    }
}

fn match_resources(resources: At<'_>) {
    let policy = resources.at("matchPolicy");
    if policy.needed() {
        policy.one_of(&["Equivalent", "Exact"]);
    }
    for field in ["namespaceSelector", "objectSelector"] {
        if resources.has(field) {
            resources.at(field).label_selector();
        } else {
            resources.at(field).required("");
        }
    }
    for field in ["resourceRules", "excludeResourceRules"] {
        for item in resources.at(field).items() {
            let mut known = BTreeSet::new();
            for name in item.at("resourceNames").items() {
                name.path_segment();
                if !known.insert(name.str()) {
                    name.duplicate();
                }
            }
            rule(item);
        }
    }
}

/// Only what makes or changes objects can be changed on its way.
fn changing(resources: At<'_>) {
    for item in resources.at("resourceRules").items() {
        for operation in item.at("operations").items().filter(|item| !CHANGING.contains(&item.str())) {
            resources.at("resourceRules").at("operations").with(operation.value()).unsupported(&CHANGING);
        }
    }
}

/// Under which conditions a policy or a webhook is asked.
pub(super) fn conditions(spec: At<'_>) {
    let conditions = spec.at("matchConditions");
    if conditions.list().len() > MOST_CONDITIONS {
        conditions.too_many(conditions.list().len(), MOST_CONDITIONS);
    }
    let names = names_of(spec).uncomposed();
    let mut known = BTreeSet::new();
    for condition in conditions.items() {
        let expression = condition.at("expression");
        match expression.str().trim() {
            "" => expression.required(""),
            text => compiled(expression, text, &names, &[Type::Bool]),
        }
        let name = condition.at("name");
        if name.needed() {
            name.qualified_name();
            if !known.insert(name.str()) {
                name.duplicate();
            }
        }
    }
}

fn variables(spec: At<'_>, names: &mut Names) {
    for variable in spec.at("variables").items() {
        let (name, expression) = (variable.at("name"), variable.at("expression"));
        if name.str().trim().is_empty() {
            name.required("name is not specified");
        } else if !is_identifier(name.str()) {
            name.invalid("must be a valid CEL identifier");
        }
        if expression.str().trim().is_empty() {
            expression.required("expression is not specified");
            continue;
        }
        match names.checked(expression.str()) {
            Ok(compiled) => names.compose(name.str(), compiled.kind()),
            Err(why) => {
                complain(expression, expression.str(), &why);
                names.compose(name.str(), &Type::Dyn);
            }
        }
    }
}

fn is_identifier(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !tautline_cel::is_reserved(name)
}

fn validation(item: At<'_>, names: &Names) {
    let expression = item.at("expression");
    match expression.str().trim() {
        "" => expression.required("expression is not specified"),
        _ => compiled(expression, expression.str(), names, &[Type::Bool]),
    }
    let message = item.at("messageExpression");
    if !message.str().is_empty() && message.str().trim().is_empty() {
        message.invalid("must be non-empty if specified");
    } else if !message.str().is_empty() {
        compiled(message, message.str(), &names.without_authorizer(), &[Type::String]);
    }
    let message = item.at("message");
    if !message.str().is_empty() && message.str().trim().is_empty() {
        message.invalid("must be non-empty if specified");
    } else if message.str().trim().contains(['\n', '\r']) {
        message.invalid("must not contain line breaks");
    }
    if item.has("reason") {
        item.at("reason").one_of(&["Forbidden", "Invalid", "RequestEntityTooLarge"]);
    }
}

fn audit(item: At<'_>, policy: &str, names: &Names) {
    let key = item.at("key");
    if policy.is_empty() {
        key.invalid("requires metadata.name be non-empty");
    } else {
        let full = format!("{policy}/{}", key.str());
        names::qualified_name(&full).iter().for_each(|wrong| key.invalid_value(full.as_str(), wrong));
    }
    let value = item.at("valueExpression");
    match value.str().trim() {
        "" => value.required("valueExpression is not specified"),
        text if text.len() > LONGEST_AUDIT => {
            value.required(&format!("must not exceed {LONGEST_AUDIT} bytes in length"));
        }
        text => compiled(value, text, names, &[Type::String, Type::Null]),
    }
}

fn mutation(item: At<'_>, names: &Names) {
    let kind = item.at("patchType");
    let (own, other, gives) = match kind.str() {
        "ApplyConfiguration" => ("applyConfiguration", "jsonPatch", Type::opaque("Object")),
        "JSONPatch" => ("jsonPatch", "applyConfiguration", Type::list(Type::opaque("JSONPatch"))),
        "" => return kind.required(""),
        _ => return kind.unsupported(&["ApplyConfiguration", "JSONPatch"]),
    };
    if item.has(own) {
        let expression = item.at(own).at("expression");
        match expression.str().trim() {
            "" => expression.required(""),
            text => compiled(expression, text, names, &[gives]),
        }
    } else {
        item.at(own).required(&format!("must be specified when patchType is {}", kind.str()));
    }
    if item.has(other) {
        let detail = format!("must not be specified when patchType is {}", kind.str());
        item.at(other).invalid_value(format!("{{{other}}}"), &detail);
    }
}

fn param_ref(reference: At<'_>) {
    let (name, has_selector) = (reference.at("name"), reference.has("selector"));
    let has_name = !name.str().is_empty();
    const EITHER: &str = "name and selector are mutually exclusive";
    if has_name {
        name.path_segment();
        if has_selector {
            name.forbidden(EITHER);
        }
    }
    if has_selector {
        reference.at("selector").label_selector();
        if has_name {
            reference.at("selector").forbidden(EITHER);
        }
    }
    if !has_name && !has_selector {
        reference.required("one of name or selector must be specified");
    }
    let action = reference.at("parameterNotFoundAction");
    if action.needed() {
        action.one_of(&["Deny", "Allow"]);
    }
}

fn actions(actions: At<'_>) {
    let mut known = BTreeSet::new();
    for action in actions.items() {
        action.one_of(&["Audit", "Deny", "Warn"]);
        if !known.insert(action.str()) {
            action.duplicate();
        }
    }
    if known.contains("Deny") && known.contains("Warn") {
        actions.invalid(
            "must not contain both Deny and Warn (repeating the same validation failure information in the API response \
             and headers serves no purpose)",
        );
    }
    if known.is_empty() {
        actions.required("");
    }
}

/// An expression must compile and give a value of one of these types.
fn compiled(at: At<'_>, text: &str, names: &Names, gives: &[Type]) {
    match names.checked(text) {
        Ok(compiled) if gives.contains(compiled.kind()) => {}
        Ok(compiled) => at.invalid_value(text, &wrong_type(&compiled, gives)),
        Err(why) => complain(at, text, &why),
    }
}

fn wrong_type(compiled: &Expression, gives: &[Type]) -> String {
    let got = compiled.kind();
    match gives {
        [one] => format!("must evaluate to {one} but got {got}"),
        many => {
            let many: Vec<String> = many.iter().map(Type::to_string).collect();
            format!("must evaluate to one of [{}] but got {got}", many.join(" "))
        }
    }
}

fn complain(at: At<'_>, text: &str, why: &Refused) {
    at.invalid_value(text, &format!("compilation failed: {why}"));
}
