//! The forms in which people keep their scripts.

use serde_yaml::Value;

use tautline_core::Map;
use tautline_health::Rules;

use super::Customizations;
use crate::Actions;

/// Why customizations cannot be read.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// The text is no YAML.
    #[error("the customizations are no YAML: {0}")]
    Yaml(String),
    /// An entry has another form than the one that is read.
    #[error("customization {entry}: {why}")]
    Entry {
        /// Its key.
        entry: String,
        /// What is wrong.
        why: String,
    },
    /// A pattern for groups and kinds is none.
    #[error("customization {pattern}: it is no pattern: {why}")]
    Pattern {
        /// Its text.
        pattern: String,
        /// What is wrong.
        why: String,
    },
}

/// The key of the map of all customizations.
const MAP: &str = "resource.customizations";
/// The key of CEL expressions, in the form of Flux's `healthCheckExprs`; our own.
const EXPRESSIONS: &str = "resource.customizations.expressions";
/// The key of a table of rules, in the form of `tautline_health::Rules`; our own.
const RULES: &str = "resource.customizations.rules";
/// The start of keys with the actions of one kind each.
const ACTIONS: &str = "resource.customizations.actions.";
/// The start of keys with one script each.
const HEALTH: &str = "resource.customizations.health.";

impl Customizations {
    /// Reads a YAML text in any of five forms: a ConfigMap whose `data` has Argo CD's keys, a map of those keys
    /// (`resource.customizations`, `resource.customizations.health.GROUP_KIND`), the map that
    /// `resource.customizations` holds (`GROUP/KIND: {health.lua: …}`), a list of CEL expressions as Flux has them, or
    /// a Flux object with them in `spec.healthCheckExprs`. Beside Argo CD's keys, `resource.customizations.expressions`
    /// holds such a list, and `resource.customizations.rules` a table of [`Rules`]:
    ///
    /// ```
    /// use tautline_core::{Object, Timestamp, value};
    /// use tautline_scripts::Customizations;
    ///
    /// let all = Customizations::from_yaml(r#"
    /// resource.customizations.rules:
    ///   tea.example.org/Cup: ["phase:Empty Degraded", "Hot=True Healthy"]
    /// "#)?;
    /// let cup = Object::new(value!({ "apiVersion": "tea.example.org/v1", "kind": "Cup",
    ///     "metadata": { "name": "a" }, "status": { "phase": "Empty" } }))?;
    /// let verdict = all.judge(&cup, Timestamp::default());
    /// assert_eq!(verdict.health.unwrap().status.as_str(), "Degraded");
    /// assert_eq!(verdict.rule, "table tea.example.org/Cup");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The text is no YAML or has another form.
    pub fn from_yaml(text: &str) -> Result<Self, ReadError> {
        let document = parse(text)?;
        let mut all = Self::new();
        let exprs = document.get("spec").and_then(|spec| spec.get("healthCheckExprs"));
        match document.get("data") {
            _ if document.is_sequence() => all.expressions.read(&document)?,
            None if exprs.is_some() => all.expressions.read(exprs.unwrap_or(&Value::Null))?,
            Some(data) if document.get("kind").is_some() => all.read_keys(data)?,
            _ if has_keys(&document) => all.read_keys(&document)?,
            _ => all.read_map(&document)?,
        }
        Ok(all)
    }

    /// Reads a tree of files `GROUP/KIND/health.lua`, `GROUP/KIND/actions/discovery.lua` and
    /// `GROUP/KIND/actions/NAME/action.lua` (without `GROUP` in the core group), given as paths and texts. In names of
    /// folders `_` stands for `*`. Other files are passed over.
    ///
    /// # Errors
    /// A folder's name is no pattern.
    pub fn from_files<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Result<Self, ReadError> {
        let mut all = Self::new();
        for (path, text) in files {
            let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
            let kind = match parts.as_slice() {
                [.., group, kind, "health.lua"] => format!("{group}/{kind}"),
                [kind, "health.lua"] => (*kind).to_owned(),
                [of @ .., "actions", "discovery.lua"] => {
                    all.actions.entry(folder_kind(of)).or_default().set_discovery(text);
                    continue;
                }
                [of @ .., "actions", name, "action.lua"] => {
                    all.actions.entry(folder_kind(of)).or_default().define(name, text);
                    continue;
                }
                _ => continue,
            };
            all.insert(&kind.replace('_', "*"), text)?;
        }
        Ok(all)
    }

    /// Reads the `data` of ConfigMap `argocd-cm`. What cannot be read is told and left out; the rest counts.
    pub fn from_data<'d>(data: impl IntoIterator<Item = (&'d str, &'d str)>) -> (Self, Vec<ReadError>) {
        let (mut all, mut errors) = (Self::new(), Vec::new());
        let mut data: Vec<(&str, &str)> = data.into_iter().collect();
        // The map first: a key of its own says more precisely what is meant.
        data.sort_by_key(|(key, _)| (*key != MAP, *key));
        for (key, text) in data {
            let one = serde_yaml::Mapping::from_iter([(Value::from(key), Value::from(text))]);
            errors.extend(all.read_keys(&Value::Mapping(one)).err());
        }
        (all, errors)
    }

    fn read_keys(&mut self, data: &Value) -> Result<(), ReadError> {
        if let Some(map) = data.get(MAP) {
            match map.as_str() {
                Some(text) => self.read_map(&parse(text)?)?,
                None => self.read_map(map)?,
            }
        }
        if let Some(list) = data.get(EXPRESSIONS) {
            match list.as_str() {
                Some(text) => self.expressions.read(&parse(text)?)?,
                None => self.expressions.read(list)?,
            }
        }
        if let Some(table) = data.get(RULES) {
            match table.as_str() {
                Some(text) => self.read_rules(&parse(text)?)?,
                None => self.read_rules(table)?,
            }
        }
        for (key, value) in entries(data)? {
            if let Some(kind) = key.strip_prefix(HEALTH) {
                self.insert(&kind_of(key, kind)?, script(key, value)?)?;
            } else if let Some(kind) = key.strip_prefix(ACTIONS) {
                self.actions.insert(kind_of(key, kind)?, Actions::from_yaml(script(key, value)?)?);
            }
        }
        Ok(())
    }

    /// A map from `GROUP/KIND` to a list of signs.
    fn read_rules(&mut self, table: &Value) -> Result<(), ReadError> {
        let mut map = Map::new();
        for (kind, signs) in entries(table)? {
            let signs =
                signs.as_sequence().ok_or_else(|| entry(kind, "its rules must be a list of signs"))?;
            let signs: Vec<&str> = signs.iter().map(|sign| sign.as_str().unwrap_or_default()).collect();
            map.insert(kind, signs.into_iter().map(tautline_core::Value::from).collect::<Vec<_>>());
        }
        let rules = Rules::read(&tautline_core::Value::Map(map));
        self.rules.extend(rules.map_err(|error| entry(RULES, &error.to_string()))?);
        Ok(())
    }

    fn read_map(&mut self, map: &Value) -> Result<(), ReadError> {
        for (kind, fields) in entries(map)? {
            if let Some(value) = fields.get("health.lua") {
                self.insert(kind, script(kind, value)?)?;
            }
            if let Some(value) = fields.get("actions") {
                self.actions.insert(kind.to_owned(), Actions::from_yaml(script(kind, value)?)?);
            }
        }
        Ok(())
    }
}

/// `GROUP/KIND` of the folders above.
fn folder_kind(folders: &[&str]) -> String {
    let last = folders.len().saturating_sub(2);
    folders.get(last..).unwrap_or_default().join("/")
}

/// `GROUP/KIND` of a key's end `GROUP_KIND`.
fn kind_of(key: &str, end: &str) -> Result<String, ReadError> {
    match end.split('_').collect::<Vec<_>>().as_slice() {
        [kind] => Ok((*kind).to_owned()),
        [group, kind] => Ok(format!("{group}/{kind}")),
        _ => Err(entry(key, "its name must end in GROUP_KIND")),
    }
}

fn parse(text: &str) -> Result<Value, ReadError> {
    serde_yaml::from_str(text).map_err(|error| ReadError::Yaml(error.to_string()))
}

fn has_keys(document: &Value) -> bool {
    entries(document).is_ok_and(|entries| entries.iter().any(|(key, _)| key.starts_with(MAP)))
}

fn entries(map: &Value) -> Result<Vec<(&str, &Value)>, ReadError> {
    match map {
        Value::Null => Ok(Vec::new()),
        Value::Mapping(map) => {
            Ok(map.iter().filter_map(|(key, value)| Some((key.as_str()?, value))).collect())
        }
        _ => Err(entry("(document)", "a map of kinds is wanted")),
    }
}

fn script<'v>(key: &str, value: &'v Value) -> Result<&'v str, ReadError> {
    value.as_str().ok_or_else(|| entry(key, "the script must be text"))
}

fn entry(entry: &str, why: &str) -> ReadError {
    ReadError::Entry { entry: entry.to_owned(), why: why.to_owned() }
}
