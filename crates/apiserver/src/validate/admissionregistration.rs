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

fn rule(rule: At<'_>) {
    for field in ["operations", "apiGroups", "apiVersions", "resources"] {
        if rule.at(field).list().is_empty() {
            rule.at(field).required("");
        }
    }
    for operation in rule.at("operations").items() {
        operation.one_of(&["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]);
    }
    rule.at("scope").one_of_if_set(&["*", "Cluster", "Namespaced"]);
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
