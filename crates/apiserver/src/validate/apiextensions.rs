//! Group apiextensions.k8s.io: CustomResourceDefinitions.

use tautline_core::{Object, Value};
use tautline_grammar::names;

use super::at::{At, Check};
use super::rules::IMMUTABLE;

mod rules;
mod schema;

/// A definition.
pub(super) fn definition(root: At<'_>) {
    let spec = root.at("spec");
    let (group, plural) = (spec.text("group"), spec.at("names").text("plural"));
    let name = root.at("metadata").at("name");
    if name.str() != format!("{plural}.{group}") {
        name.invalid("must be spec.names.plural+\".\"+spec.group");
    }
    self::group(spec.at("group"));
    if spec.at("scope").needed() {
        spec.at("scope").one_of(&["Cluster", "Namespaced"]);
    }
    versions(root, spec);
    self::names(spec);
    conversion(spec);
}

fn group(group: At<'_>) {
    if group.str().is_empty() {
        group.required("");
    } else {
        let problems = names::dns_subdomain(group.str());
        let fine = problems.is_empty();
        group.all_invalid(problems);
        if fine && !group.str().contains('.') {
            group.invalid("should be a domain with at least one dot");
        }
    }
}

fn versions(root: At<'_>, spec: At<'_>) {
    let versions = spec.at("versions");
    let stored: Vec<&str> =
        versions.items().filter(|v| v.is_true("storage")).map(|v| v.text("name")).collect();
    let mut seen = Vec::new();
    let mut unique = true;
    for version in versions.items() {
        let name = version.at("name");
        name.all_invalid(names::dns_1035_label(name.str()));
        unique &= !seen.contains(&name.str());
        seen.push(name.str());
        schema::version(version, spec);
    }
    if !unique {
        versions.invalid_go(&print_versions(versions), "must contain unique version names");
    }
    if stored.len() != 1 {
        let printed = if versions.is_set() { print_versions(versions) } else { "null".to_owned() };
        versions.invalid_go(&printed, "must have exactly one version marked as storage version");
    }
    if let [first] = versions.list().get(..1).unwrap_or_default() {
        let at = spec.at("version").with(first.get("name"));
        at.all_invalid(names::dns_1035_label(at.str()));
    }
    let known = root.at("status").at("storedVersions");
    if stored.is_empty() && known.list().is_empty() {
        known.invalid_go("null", "must have at least one stored version");
    }
    for version in known.items().filter(|version| !seen.contains(&version.str())) {
        let detail = format!(
            "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until \
             a storage migration ensures no data remains persisted in {0} and removes {0} from status.storedVersions",
            version.str()
        );
        version.invalid(&detail);
    }
}

/// `versions` as Go prints the server's own type.
fn print_versions(versions: At<'_>) -> String {
    let one = |version: At<'_>| {
        let or = |name: &str, other: &str| version.get(name).map_or(other.to_owned(), Value::to_json);
        let shared = versions.list().iter().all(|v| v.get("schema") == version.get("schema"));
        let schema = match !shared && version.at("schema").has("openAPIV3Schema") {
            true => format!(
                "{{\"OpenAPIV3Schema\":{}}}",
                schema::print(version.at("schema").get("openAPIV3Schema"))
            ),
            false => "null".to_owned(),
        };
        format!(
            "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\"Schema\":{schema},\
             \"Subresources\":{},\"AdditionalPrinterColumns\":{},\"SelectableFields\":{}}}",
            or("name", "\"\""),
            or("served", "false"),
            or("storage", "false"),
            or("deprecated", "false"),
            or("deprecationWarning", "null"),
            or("subresources", "null"),
            or("additionalPrinterColumns", "null"),
            or("selectableFields", "null"),
        )
    };
    let items: Vec<String> = versions.items().map(one).collect();
    format!("[{}]", items.join(","))
}

fn names(spec: At<'_>) {
    let of = spec.at("names");
    let label = |field: &'static str| {
        let at = of.at(field);
        let is_kind = ["kind", "listKind"].contains(&field);
        let text = if is_kind { at.str().to_lowercase() } else { at.str().to_owned() };
        for problem in names::dns_1035_label(&text) {
            at.invalid(&problem);
        }
    };
    for field in ["plural", "singular", "kind", "listKind"] {
        if of.text(field).is_empty() {
            of.at(field).required("");
        } else {
            label(field);
        }
    }
    for field in ["shortNames", "categories"] {
        for name in of.at(field).items() {
            name.all_invalid(names::dns_1035_label(name.str()));
        }
    }
    if !of.text("kind").is_empty() && of.text("kind") == of.text("listKind") {
        of.at("listKind").invalid("kind and listKind may not be the same");
    }
}

fn conversion(spec: At<'_>) {
    let conversion = spec.at("conversion");
    if !conversion.is_set() {
        return;
    }
    conversion.at("strategy").one_of(&["None", "Webhook"]);
    if conversion.text("strategy") == "Webhook" && !conversion.at("webhook").has("clientConfig") {
        let detail = "required when strategy is set to Webhook";
        conversion.at("webhookClientConfig").required(detail);
    }
}

/// What may change: neither group, kind and plural nor scope of an established definition.
pub(super) fn update<'a>(check: &'a Check<'a>, old: &'a Object, new: &'a Object) {
    let established = old.list_at(&["status", "conditions"]).iter().any(|condition| {
        condition.str_at(&["type"]) == Some("Established") && condition.str_at(&["status"]) == Some("True")
    });
    if !established {
        return;
    }
    let (spec, before) = (check.root(new).at("spec"), check.root(old).at("spec"));
    for (at, old) in [
        (spec.at("group"), before.text("group")),
        (spec.at("scope"), before.text("scope")),
        (spec.at("names").at("kind"), before.at("names").text("kind")),
        (spec.at("names").at("plural"), before.at("names").text("plural")),
    ] {
        if at.str() != old {
            at.invalid(IMMUTABLE);
        }
    }
}
