//! The rights that a plan needs: printed as Roles, and checked before the first write.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use tautline::cluster::{Target, WriteOptions};
use tautline::core::{FieldManager, GroupKind, GroupVersionKind, Object, Value, value};

use crate::failure::{Failure, Result};
use crate::live::Live;
use crate::plan::Planned;

/// The roles as YAML: one Role a namespace, and a ClusterRole for what stands in none.
pub(crate) fn roles(planned: &Planned) -> Result<String> {
    let mut by_namespace: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for ((namespace, kind), verbs) in planned.plan.rights() {
        let (group, plural) = (kind.group.clone(), plural(planned, &kind)?);
        let verbs = Value::List(verbs.into_iter().map(Value::from).collect());
        let rule = value!({ "apiGroups": [(group)], "resources": [(plural)], "verbs": verbs });
        by_namespace.entry(namespace).or_default().push(rule);
    }
    let name = format!("taut-{}", planned.subject.destination.app.as_str().replace('_', "-"));
    let mut out = String::new();
    for (namespace, rules) in by_namespace {
        let (kind, metadata) = match namespace.as_str() {
            "" => ("ClusterRole", value!({ "name": name.as_str() })),
            namespace => ("Role", value!({ "name": name.as_str(), "namespace": namespace })),
        };
        let role = value!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata,
            "rules": (Value::List(rules.into())) });
        let _ = writeln!(out, "---\n{}", tautline::yaml::write(&role).trim_end());
    }
    Ok(out)
}

/// Asks the cluster whether the plan's writes are allowed, one question a namespace, before any is tried. Where it
/// does not tell everything, the writes themselves will.
pub(crate) async fn check(planned: &Planned, live: &Live) -> Result<()> {
    let gvk = GroupVersionKind::new("authorization.k8s.io", "v1", "SelfSubjectRulesReview");
    let Some(resource) = planned.comparison.snapshot.catalog.resource(&gvk) else { return Ok(()) };
    let rights = planned.plan.rights();
    let namespaces: BTreeSet<&String> = rights.keys().map(|(namespace, _)| namespace).collect();
    let mut missing = Vec::new();
    for namespace in namespaces {
        let asked = if namespace.is_empty() { "default" } else { namespace };
        let mut review = Object::bare(&gvk, "", "");
        review.as_map_mut().map_at("spec").insert("namespace", asked);
        let target = Target::new(resource.clone(), "", "");
        let options = WriteOptions::by(FieldManager::new("taut"));
        let Ok(answer) = live.cluster.create(&target, &review, &options).await else { return Ok(()) };
        if answer.object.at(&["status", "incomplete"]).and_then(Value::as_bool) == Some(true) {
            return Ok(());
        }
        let rules = answer.object.list_at(&["status", "resourceRules"]);
        for ((_, kind), verbs) in rights.iter().filter(|((place, _), _)| place == namespace) {
            let plural = plural(planned, kind)?;
            let refused =
                verbs.iter().filter(|verb| !rules.iter().any(|rule| allows(rule, kind, &plural, verb)));
            let refused: Vec<&str> = refused.copied().collect();
            if !refused.is_empty() {
                let place = if namespace.is_empty() { String::new() } else { format!(" in {namespace}") };
                missing.push(format!("{} {kind}{place}", refused.join(", ")));
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!(
        "nothing is written, because rights are missing: {}; taut plan --rbac prints the roles that are needed.",
        missing.join("; ")
    );
    Err(Failure::work(message))
}

fn allows(rule: &Value, kind: &GroupKind, plural: &str, verb: &str) -> bool {
    let holds = |field: &str, wanted: &str| {
        rule.list_at(&[field]).iter().any(|v| v.as_str().is_some_and(|v| v == "*" || v == wanted))
    };
    let is_for_all = rule.list_at(&["resourceNames"]).is_empty();
    is_for_all && holds("verbs", verb) && holds("apiGroups", &kind.group) && holds("resources", plural)
}

fn plural(planned: &Planned, kind: &GroupKind) -> Result<String> {
    if let Some(resource) = planned.comparison.snapshot.catalog.preferred(kind) {
        return Ok(resource.plural);
    }
    let defined = planned.comparison.prepared.manifests.values().map(|manifest| &manifest.object);
    let names = |crd: &Object| crd.at(&["spec", "names"]).cloned();
    let crd = defined.filter(|o| o.is("apiextensions.k8s.io", "CustomResourceDefinition")).find(|crd| {
        crd.str_at(&["spec", "group"]) == Some(kind.group.as_str())
            && names(crd).is_some_and(|names| names.str_at(&["kind"]) == Some(kind.kind.as_str()))
    });
    let plural = crd.and_then(|crd| names(crd)?.str_at(&["plural"]).map(str::to_owned));
    plural.ok_or_else(|| {
        Failure::work(format!("the cluster does not serve {kind}, so its rights have no name."))
    })
}
