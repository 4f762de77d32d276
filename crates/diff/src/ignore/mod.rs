//! Differences that are not to be seen: `ignoreDifferences`.

#[cfg(feature = "jq")]
mod jq;
mod keyed;
mod payload;

use std::collections::BTreeMap;
use std::fmt;

use tautline_core::{Digest, FieldPath, Object, PathElement, Value};
use tautline_grammar::{Glob, Pointer};
use tautline_merge::{ManagedFields, Manager, Operation};
use tautline_schema::Schemas;

#[cfg(feature = "jq")]
pub use jq::{JqError, JqPath};

/// The rules of an app: which fields of which objects may differ (Argo CD 3.6).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IgnoreRules {
    rules: Vec<IgnoreRule>,
    overwrites: bool,
}

/// Ignored fields by their path's text, each with the rule that says so.
pub(crate) type Ignored = BTreeMap<String, (FieldPath, String)>;

/// One rule.
#[derive(Clone)]
pub struct IgnoreRule {
    group: Glob,
    kind: Glob,
    name: Option<String>,
    namespace: Option<String>,
    pointers: Vec<Pointer>,
    #[cfg(feature = "jq")]
    jq: Vec<JqPath>,
    managers: Vec<String>,
    /// The rule as it was written, which tells it from others.
    text: String,
}

/// Why a rule is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ignoreDifferences[{rule}].{field}: {problem}")]
pub struct IgnoreError {
    /// The rule's place, counted from 0.
    pub rule: usize,
    /// The field of the rule.
    pub field: String,
    /// What is wrong.
    pub problem: String,
}

impl IgnoreRules {
    /// Reads `spec.ignoreDifferences`. A rule that is wrong is refused, and never ignored.
    pub fn read(list: &[Value]) -> Result<Self, Vec<IgnoreError>> {
        let mut errors = Vec::new();
        let mut rules = Vec::new();
        for (i, rule) in list.iter().enumerate() {
            match IgnoreRule::read(rule) {
                Ok(rule) => rules.push(rule),
                Err((field, problem)) => errors.push(IgnoreError { rule: i, field, problem }),
            }
        }
        if errors.is_empty() { Ok(Self { rules, overwrites: false }) } else { Err(errors) }
    }

    /// Whether ignored fields are sent as Git has them when the rest of their object is applied
    /// (`RespectIgnoreDifferences=false`). By default they keep the value they have.
    #[must_use]
    pub fn overwriting(self, overwrites: bool) -> Self {
        Self { overwrites, ..self }
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The ignored fields that an object's two sides have, each with the rule that says so. List items are named
    /// by their keys.
    pub(crate) fn paths(&self, desired: &Object, live: &Object, schemas: &dyn Schemas) -> Ignored {
        let mut found = BTreeMap::new();
        let root = schemas.root(&desired.gvk());
        for rule in self.rules.iter().filter(|rule| rule.concerns(desired)) {
            for side in [desired, live] {
                let value = side.to_value();
                for (steps, why) in rule.places(&value) {
                    if let Some(path) = keyed::path(&value, &steps, root.as_ref()) {
                        found.insert(path.to_string(), (path, why));
                    }
                }
            }
            for path in rule.owned(live) {
                found.insert(
                    path.to_string(),
                    (path, format!("managedFieldsManagers {}", rule.managers.join(", "))),
                );
            }
        }
        found
    }

    /// The object to send in the place of the desired one: ignored fields are left out where another manager owns
    /// them, and keep their live value else, so that dropping them does not delete them (rule R9). Without
    /// `others`, nobody owns anything: so client-side apply sees it.
    pub(crate) fn payload(
        &self,
        ignored: &Ignored,
        desired: &Object,
        live: &Object,
        others: &Others,
    ) -> Option<Object> {
        let paths = ignored.values().map(|(path, _)| path);
        (!self.overwrites && !ignored.is_empty()).then(|| payload::payload(desired, live, others, paths))
    }

    /// What the rules say, in a digest: part of the key under which a comparison is kept.
    pub fn digest(&self) -> Digest {
        let rules = self.rules.iter().map(|rule| rule.text.as_str());
        Digest::of_parts(rules.chain([if self.overwrites { "overwrites" } else { "keeps" }]))
    }
}

impl IgnoreRule {
    fn read(rule: &Value) -> Result<Self, (String, String)> {
        let text = |field: &str| rule.str_at(&[field]).map(str::to_owned).filter(|text| !text.is_empty());
        let glob = |field: &str, or: &str| {
            let pattern = text(field).unwrap_or_else(|| or.to_owned());
            Glob::new(&pattern, &[]).map_err(|error| (field.to_owned(), error.to_string()))
        };
        let list = |field: &str| -> Vec<String> {
            rule.list_at(&[field]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let known = [
            "group",
            "kind",
            "name",
            "namespace",
            "jsonPointers",
            "jqPathExpressions",
            "managedFieldsManagers",
        ];
        if let Some(key) = rule.as_map().and_then(|map| map.keys().find(|key| !known.contains(&key.as_str())))
        {
            return Err((key.to_string(), "this field is not known; check its spelling".to_owned()));
        }
        let pointers: Result<Vec<Pointer>, _> =
            list("jsonPointers").iter().map(|text| text.parse()).collect();
        let kind = glob("kind", "")?;
        Ok(Self {
            group: glob("group", "")?,
            kind,
            name: text("name"),
            namespace: text("namespace"),
            pointers: pointers.map_err(|error| ("jsonPointers".to_owned(), error.to_string()))?,
            #[cfg(feature = "jq")]
            jq: (list("jqPathExpressions").iter())
                .map(|source| JqPath::new(source))
                .collect::<Result<_, _>>()
                .map_err(|error| ("jqPathExpressions".to_owned(), error.to_string()))?,
            managers: list("managedFieldsManagers"),
            text: rule.to_json(),
        })
    }

    fn concerns(&self, object: &Object) -> bool {
        let is = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        self.group.matches(object.group())
            && self.kind.matches(object.kind())
            && is(&self.name, object.name())
            && is(&self.namespace, object.namespace())
    }

    /// The places that pointers and expressions name in one side.
    fn places(&self, value: &Value) -> Vec<(Vec<keyed::Step>, String)> {
        let mut out: Vec<(Vec<keyed::Step>, String)> = Vec::new();
        for pointer in self.pointers.iter().filter(|pointer| pointer.get(value).is_some()) {
            let steps = pointer.tokens().iter().map(|token| keyed::Step::Name(token.clone())).collect();
            out.push((steps, format!("jsonPointers {pointer}")));
        }
        #[cfg(feature = "jq")]
        for jq in &self.jq {
            out.extend(jq.paths(value).into_iter().map(|steps| (steps, format!("jqPathExpressions {jq}"))));
        }
        out
    }

    /// The leaves that the rule's managers own.
    fn owned(&self, live: &Object) -> Vec<FieldPath> {
        if self.managers.is_empty() {
            return Vec::new();
        }
        let managed = ManagedFields::read(live).unwrap_or_default();
        let theirs = managed.iter().filter(|(manager, _)| {
            manager.subresource() != "status" && self.managers.iter().any(|name| name == manager.name())
        });
        let paths = theirs.flat_map(|(_, owned)| owned.fields.paths());
        // An item's own membership is not its content.
        paths.filter(|path| matches!(path.last(), Some(PathElement::Field(_)))).collect()
    }
}

/// What everybody but our Apply entry owns of a live object.
#[derive(Default)]
pub(crate) struct Others(ManagedFields);

impl Others {
    pub(crate) fn of(live: &Object, manager: &str) -> Self {
        let all = ManagedFields::read(live).unwrap_or_default();
        let is_ours = |other: &Manager| {
            other.name() == manager && other.operation() == Operation::Apply && is_whole(other)
        };
        let mut others = ManagedFields::default();
        for (other, owned) in all.iter().filter(|(other, _)| !is_ours(other)) {
            others.set(other.clone(), owned.clone());
        }
        Self(others)
    }

    /// Whether one of them owns a field, or something in it.
    pub(crate) fn own(&self, path: &FieldPath) -> bool {
        self.0.iter().any(|(_, owned)| {
            owned.fields.covers(path) || owned.fields.paths().iter().any(|p| path.covers(p))
        })
    }
}

fn is_whole(manager: &Manager) -> bool {
    manager.subresource().is_empty()
}

impl PartialEq for IgnoreRule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for IgnoreRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
