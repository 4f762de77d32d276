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
        super::admission_policies::conditions(hook);
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
    let mut seen = BTreeSet::new();
    for version in versions.items() {
        if !seen.insert(version.str()) {
            version.invalid("duplicate version");
        }
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
        (false, true) => self::service(service),
        (true, false) => url(config.at("url")),
    }
}

/// kube-apiserver 1.37 hands name and namespace over in the wrong order: where one is missing, it names the other.
fn service(service: At<'_>) {
    for (field, named) in [("namespace", "name"), ("name", "namespace")] {
        if service.text(field).is_empty() {
            service.at(named).required("");
        }
    }
    let port = service.at("port");
    if !(1..=65535).contains(&port.int().unwrap_or(443)) {
        port.invalid("port is not valid: must be between 1 and 65535, inclusive");
    }
    let path = service.at("path");
    match path.str() {
        "" | "/" => {}
        "//" => path.invalid("segment[0] may not be empty"),
        text => segments(path, text),
    }
}

fn segments(path: At<'_>, text: &str) {
    if !text.starts_with('/') {
        path.invalid("must start with a '/'");
    }
    let rest: String = text.chars().skip(1).collect();
    for (i, step) in rest.strip_suffix('/').unwrap_or(&rest).split('/').enumerate() {
        if step.is_empty() {
            path.invalid(&format!("segment[{i}] may not be empty"));
            continue;
        }
        for problem in tautline_grammar::names::dns_subdomain(step) {
            path.invalid(&format!("segment[{i}]: {problem}"));
        }
    }
}

fn url(at: At<'_>) {
    const FORM: &str = "; desired format: https://host[/path]";
    let text = at.str();
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    if scheme != "https" {
        at.invalid_value(scheme, &format!("'https' is the only allowed URL scheme{FORM}"));
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = if text.contains("://") { rest.split('/').next().unwrap_or_default() } else { "" };
    let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(user, host)| (user, host));
    if host.is_empty() {
        at.invalid_value("", &format!("host must be specified{FORM}"));
    }
    for (part, detail) in [
        (user, "user information is not permitted in the URL"),
        (fragment, "fragments are not permitted in the URL"),
        (query, "query parameters are not permitted in the URL"),
    ] {
        if !part.is_empty() {
            at.invalid_value(part, detail);
        }
    }
}
