//! One rule of a role: what it covers, and how it is printed.

use tautline_core::{Object, Value};

/// What a request needs to be allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) verb: String,
    pub(crate) group: String,
    /// The resource, with `/` and its subresource if there is one.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// A path outside the resources; then the resource is empty.
    pub(crate) path: String,
}

/// A rule of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) paths: Vec<String>,
}

/// The rules of a role.
pub(crate) fn rules_of(role: &Object) -> Vec<Rule> {
    role.list_at(&["rules"]).iter().map(Rule::read).collect()
}

impl Rule {
    fn read(value: &Value) -> Self {
        let list = |field: &str| -> Vec<String> {
            value.list_at(&[field]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            verbs: list("verbs"),
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
            paths: list("nonResourceURLs"),
        }
    }

    /// The rule as reviews print it.
    pub(crate) fn to_value(&self) -> Value {
        let mut map = tautline_core::Map::new();
        let fields = [
            ("verbs", &self.verbs),
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.paths),
        ];
        for (field, list) in fields.into_iter().filter(|(_, list)| !list.is_empty()) {
            map.insert(field, list.iter().map(|text| Value::from(text.as_str())).collect::<Vec<_>>());
        }
        Value::Map(map)
    }

    /// Whether it allows a request.
    pub(crate) fn allows(&self, asked: &Question) -> bool {
        let has = |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
        if !has(&self.verbs, &asked.verb) {
            return false;
        }
        if !asked.path.is_empty() {
            return self.paths.iter().any(|path| covers_path(path, &asked.path));
        }
        has(&self.groups, &asked.group)
            && self.resources.iter().any(|resource| covers_resource(resource, &asked.resource))
            && (self.names.is_empty() || self.names.contains(&asked.name))
    }

    /// The parts of it that can be held against other rules one by one.
    fn parts(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let names: Vec<Vec<String>> = match self.names.as_slice() {
            [] => vec![Vec::new()],
            names => names.iter().map(|name| vec![name.clone()]).collect(),
        };
        for verb in &self.verbs {
            for (group, resource) in self
                .groups
                .iter()
                .flat_map(|group| self.resources.iter().map(move |resource| (group, resource)))
            {
                for name in &names {
                    parts.push(Self {
                        verbs: vec![verb.clone()],
                        groups: vec![group.clone()],
                        resources: vec![resource.clone()],
                        names: name.clone(),
                        paths: Vec::new(),
                    });
                }
            }
            for path in &self.paths {
                parts.push(Self { verbs: vec![verb.clone()], paths: vec![path.clone()], ..Self::default() });
            }
        }
        parts
    }

    fn covers(&self, part: &Self) -> bool {
        let all = |have: &[String], want: &[String]| {
            have.iter().any(|one| one == "*") || want.iter().all(|one| have.contains(one))
        };
        if !part.paths.is_empty() {
            let held = |path: &String| self.paths.iter().any(|own| own == path || covers_path(own, path));
            return all(&self.verbs, &part.verbs) && part.paths.iter().all(held);
        }
        let names = self.names.is_empty()
            || !part.names.is_empty() && part.names.iter().all(|n| self.names.contains(n));
        let held = |resource: &String| self.resources.iter().any(|own| covers_resource(own, resource));
        all(&self.verbs, &part.verbs)
            && all(&self.groups, &part.groups)
            && part.resources.iter().all(held)
            && names
    }

    fn print(&self) -> String {
        let fields = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.paths),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ];
        let shown = fields.into_iter().filter(|(_, list)| !list.is_empty()).map(|(field, list)| {
            let quoted: Vec<String> = list.iter().map(|text| format!("\"{text}\"")).collect();
            format!("{field}:[{}]", quoted.join(" "))
        });
        format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
    }
}

fn covers_resource(own: &str, wanted: &str) -> bool {
    if own == "*" || own == wanted {
        return true;
    }
    // `*/scale` is the subresource of every resource.
    own.strip_prefix("*/").is_some_and(|sub| wanted.split_once('/').is_some_and(|(_, wanted)| wanted == sub))
}

fn covers_path(own: &str, wanted: &str) -> bool {
    own == "*" || own == wanted || own.strip_suffix('*').is_some_and(|start| wanted.starts_with(start))
}

/// Those of the wanted rules that the held ones do not cover, printed line by line.
pub(crate) fn missing(held: &[Rule], wanted: &[Rule]) -> Vec<String> {
    let mut compact: Vec<Rule> = Vec::new();
    let parts = wanted.iter().flat_map(Rule::parts);
    for part in parts.filter(|part| !held.iter().any(|rule| rule.covers(part))) {
        let simple = part.names.is_empty() && part.paths.is_empty();
        let same = |rule: &&mut Rule| {
            rule.names.is_empty() && rule.groups == part.groups && rule.resources == part.resources
        };
        match compact.iter_mut().find(same).filter(|_| simple) {
            Some(rule) => rule.verbs.extend(part.verbs),
            None => compact.push(part),
        }
    }
    let mut lines: Vec<String> = compact.iter().map(Rule::print).collect();
    lines.sort();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str]) -> Rule {
        let all = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
        Rule { verbs: all(verbs), groups: all(groups), resources: all(resources), ..Rule::default() }
    }

    fn check(held: &[Rule], wanted: &[Rule], expect: &str) {
        assert_eq!(missing(held, wanted).join(" "), expect);
    }

    #[test]
    fn what_is_not_held_is_told() {
        let pods = rule(&[""], &["pods", "pods/log"], &["get", "list"]);
        check(&[rule(&["*"], &["*"], &["*"])], std::slice::from_ref(&pods), "");
        check(
            &[rule(&[""], &["pods"], &["get"])],
            &[pods],
            r#"{APIGroups:[""], Resources:["pods"], Verbs:["list"]} {APIGroups:[""], Resources:["pods/log"], Verbs:["get" "list"]}"#,
        );
        check(
            &[rule(&["apps"], &["*/scale"], &["get"])],
            &[rule(&["apps"], &["deployments/scale"], &["get"])],
            "",
        );
    }

    #[test]
    fn names_narrow_a_rule() {
        let mut one = rule(&[""], &["secrets"], &["get"]);
        one.names = vec!["a".to_owned()];
        let ask = |name: &str| Question {
            verb: "get".into(),
            resource: "secrets".into(),
            name: name.into(),
            ..Question::default()
        };
        assert!(one.allows(&ask("a")) && !one.allows(&ask("b")) && !one.allows(&ask("")));
    }
}
