//! Group flowcontrol.apiserver.k8s.io: which requests a FlowSchema is about.

use tautline_core::Value;
use tautline_grammar::names;

use super::at::At;

const VERBS: [&str; 9] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

pub(super) fn flow_schema(root: At<'_>) {
    let spec = root.at("spec");
    precedence(spec.at("matchingPrecedence"), root.at("metadata").text("name"));
    let method = spec.at("distinguisherMethod");
    if method.is_set() && !["ByNamespace", "ByUser"].contains(&method.text("type")) {
        let printed = format!("{{\"Type\":{}}}", Value::string(method.text("type")).to_json());
        method.at("type").unsupported_go(&printed, &["ByNamespace", "ByUser"]);
    }
    let level = spec.at("priorityLevelConfiguration").at("name");
    match level.str() {
        "" => level.required("must reference a priority level"),
        _ => level.dns_subdomain(),
    }
    spec.at("rules").items().for_each(rule);
}

fn precedence(at: At<'_>, name: &str) {
    let value = at.int().unwrap_or(0);
    let say = |detail: &str| at.invalid_value(value, detail);
    if value <= 0 {
        say("must be a positive value");
    }
    if value > 10_000 {
        say("must not be greater than 10000");
    }
    if value == 1 && name != "exempt" {
        say("only the schema named 'exempt' may have matchingPrecedence 1");
    }
}

fn rule(rule: At<'_>) {
    rule.at("subjects").items().for_each(subject);
    if rule.at("subjects").list().is_empty() {
        rule.at("subjects").required("subjects must contain at least one value");
    }
    let (resources, others) = (rule.at("resourceRules"), rule.at("nonResourceRules"));
    if resources.list().is_empty() && others.list().is_empty() {
        rule.required("at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    for resource in resources.items() {
        verbs(resource.at("verbs"));
        either(resource.at("apiGroups"), "api group", "api groups");
        either(resource.at("resources"), "resource", "resources");
        namespaces(resource);
    }
    for other in others.items() {
        verbs(other.at("verbs"));
        urls(other.at("nonResourceURLs"));
    }
}

/// A subject holds what its kind says and nothing else.
fn subject(subject: At<'_>) {
    let all = [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")];
    let kind = subject.text("kind");
    let Some((_, own)) = all.iter().find(|(known, _)| *known == kind) else {
        return subject.at("kind").unsupported(&["Group", "ServiceAccount", "User"]);
    };
    let at = subject.at(own);
    match (at.is_set(), kind) {
        (false, _) => at.required(&format!("{own} is required when subject kind is '{kind}'")),
        (true, "ServiceAccount") => service_account(at),
        (true, _) if at.text("name").is_empty() => at.at("name").required(""),
        (true, _) => {}
    }
    for (other, field) in all.iter().filter(|(other, _)| *other != kind) {
        if subject.has(field) {
            subject.at(field).forbidden(&format!("{field} is forbidden when subject kind is not '{other}'"));
        }
    }
}

fn service_account(account: At<'_>) {
    match account.text("name") {
        "" => account.at("name").required(""),
        "*" => {}
        _ => account.at("name").dns_subdomain(),
    }
    match account.text("namespace") {
        "" => account.at("namespace").required("must specify namespace for service account"),
        _ => account.at("namespace").dns_label(),
    }
}

fn is_all(list: At<'_>) -> bool {
    list.items().any(|item| item.str() == "*")
}

fn verbs(verbs: At<'_>) {
    if verbs.list().is_empty() {
        verbs.required("verbs must contain at least one value");
    } else if is_all(verbs) {
        if verbs.list().len() > 1 {
            verbs.invalid("if '*' is present, must not specify other verbs");
        }
    } else if verbs.items().any(|verb| !VERBS.contains(&verb.str())) {
        verbs.unsupported_go(&verbs.value().unwrap_or(&Value::Null).to_json(), &VERBS);
    }
}

fn either(list: At<'_>, one: &str, many: &str) {
    match list.list() {
        [] => list.required(&format!("resource rules must supply at least one {one}")),
        [_, _, ..] if is_all(list) => {
            list.invalid(&format!("if '*' is present, must not specify other {many}"));
        }
        _ => {}
    }
}

fn namespaces(rule: At<'_>) {
    let list = rule.at("namespaces");
    if list.list().is_empty() && !rule.is_true("clusterScope") {
        list.required("resource rules that are not cluster scoped must supply at least one namespace");
    } else if is_all(list) {
        if list.list().len() > 1 {
            list.invalid("if '*' is present, must not specify other namespaces");
        }
    } else {
        for item in list.items() {
            for problem in names::dns_label(item.str()) {
                item.invalid(&format!("each member of this list must be '*' or a DNS-1123 label; {problem}"));
            }
        }
    }
}

fn urls(urls: At<'_>) {
    if urls.list().is_empty() {
        return urls.required("nonResourceURLs must contain at least one value");
    }
    if is_all(urls) {
        if urls.list().len() > 1 {
            urls.invalid("if '*' is present, must not specify other non-resource URLs");
        }
        return;
    }
    for url in urls.items() {
        let text = url.str();
        let star = text.find('*');
        if text.is_empty() {
            url.invalid("must not be empty");
        } else if !text.starts_with('/') {
            url.invalid("must start with slash");
        } else if text.contains(' ') {
            url.invalid("must not contain white-space");
        } else if text.contains("//") {
            url.invalid("must not contain double slash");
        } else if star.is_some_and(|at| at + 1 != text.len() || !text.ends_with("/*")) {
            url.invalid("wildcard can only do suffix matching");
        }
    }
}
