//! Group admissionregistration.k8s.io: configurations of webhooks.

use std::collections::BTreeSet;

use super::at::At;

/// Validating and mutating webhooks.
pub(super) fn webhooks(root: At<'_>) {
    let mut names = BTreeSet::new();
    for hook in root.at("webhooks").items() {
        let name = hook.at("name");
        if name.needed() {
            name.dns_subdomain();
            if name.str().split('.').count() < 3 {
                name.invalid("should be a domain with at least three segments separated by dots");
            }
        }
        if !names.insert(name.str()) {
            name.duplicate_value(name.str());
        }
        hook.at("rules").items().for_each(rule);
        hook.at("failurePolicy").one_of_if_set(&["Fail", "Ignore"]);
        hook.at("matchPolicy").one_of_if_set(&["Equivalent", "Exact"]);
        let effects = hook.at("sideEffects");
        match effects.str() {
            "" => effects.required("must specify one of None, NoneOnDryRun"),
            "None" | "NoneOnDryRun" => {}
            _ => effects.unsupported(&["None", "NoneOnDryRun"]),
        }
        hook.at("timeoutSeconds").within_timeout();
        hook.at("namespaceSelector").label_selector();
        hook.at("objectSelector").label_selector();
        client(hook.at("clientConfig"));
        hook.at("reinvocationPolicy").one_of_if_set(&["IfNeeded", "Never"]);
        versions(hook.at("admissionReviewVersions"));
    }
}

impl At<'_> {
    /// How long a webhook may take.
    fn within_timeout(self) {
        if self.int().is_some_and(|seconds| !(1..=30).contains(&seconds)) {
            self.invalid("the timeout value must be between 1 and 30 seconds");
        }
    }
}

fn versions(versions: At<'_>) {
    if versions.list().is_empty() {
        return versions.required("must specify one of v1, v1beta1");
    }
    let known = versions.items().any(|version| ["v1", "v1beta1"].contains(&version.str()));
    if !known {
        versions.invalid("must include at least one of v1, v1beta1");
    }
}

/// Which requests are meant: operations, groups, versions, resources, scope.
pub(super) fn rule(rule: At<'_>) {
    either(rule.at("operations"), "operations");
    for operation in rule.at("operations").items() {
        operation.one_of(&["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]);
    }
    either(rule.at("apiGroups"), "API groups");
    either(rule.at("apiVersions"), "API versions");
    rule.at("apiVersions").items().filter(|version| version.str().is_empty()).for_each(|v| v.required(""));
    resources(rule.at("resources"));
    rule.at("scope").one_of_if_set(&["*", "Cluster", "Namespaced"]);
}

/// A list with something in it: everything, or names.
fn either(list: At<'_>, of: &str) {
    if list.list().is_empty() {
        list.required("");
    }
    if list.list().len() > 1 && list.items().any(|item| item.str() == "*") {
        list.invalid(&format!("if '*' is present, must not specify other {of}"));
    }
}

fn resources(list: At<'_>) {
    if list.list().is_empty() {
        return list.required("");
    }
    let (mut whole, mut subs) = (BTreeSet::new(), BTreeSet::new());
    let mut is_plain = false;
    for item in list.items() {
        let text = item.str();
        let Some((resource, sub)) = text.split_once('/') else {
            match text {
                "" => item.required(""),
                text => is_plain = text != "*",
            }
            continue;
        };
        if whole.contains(resource) {
            item.invalid(&format!("if '{resource}/*' is present, must not specify {text}"));
        }
        if subs.contains(sub) {
            item.invalid(&format!("if '*/{sub}' is present, must not specify {text}"));
        }
        if sub == "*" {
            whole.insert(resource);
        }
        if resource == "*" {
            subs.insert(sub);
        }
    }
    if list.list().len() > 1 && list.items().any(|item| item.str() == "*/*") {
        list.invalid("if '*/*' is present, must not specify other resources");
    }
    if is_plain && list.items().any(|item| item.str() == "*") {
        list.invalid("if '*' is present, must not specify other resources without subresources");
    }
}

fn client(config: At<'_>) {
    let service = config.at("service");
    match (config.has("url"), service.is_set()) {
        (true, true) | (false, false) => config.required("exactly one of url or service is required"),
        (false, true) => {
            for (field, detail) in
                [("name", "service name is required"), ("namespace", "service namespace is required")]
            {
                if service.text(field).is_empty() {
                    service.at(field).required(detail);
                }
            }
        }
        (true, false) => {}
    }
}
