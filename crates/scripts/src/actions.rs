//! Actions on objects, as Argo CD's `resource.customizations.actions.*` writes them.

use std::collections::BTreeMap;

use mlua::{Table, Value as LuaValue};
use serde_yaml::Value as Yaml;
use tautline_core::{Object, Timestamp, Value};

use crate::convert::from_lua;
use crate::error::ScriptError;
use crate::{Limits, ReadError, sandbox};

/// What can be done with the objects of a kind: a script that tells which of it now, and a script for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    discovery: String,
    definitions: BTreeMap<String, String>,
}

/// An action that an object offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Whether it is shown but cannot be taken now.
    pub is_disabled: bool,
    /// What people read; empty for the name.
    pub display_name: String,
    /// The class of its icon; may be empty.
    pub icon_class: String,
}

/// What taking an action comes to: nothing is written here.
#[derive(Clone, Debug, PartialEq)]
pub struct Impact {
    /// Whether the object is made anew; else the one of its name is changed to be this.
    pub is_creation: bool,
    /// The object as it is to be.
    pub object: Object,
}

impl Actions {
    /// Reads `discovery.lua` and `definitions` (`name`, `action.lua`), as a value of
    /// `resource.customizations.actions.GROUP_KIND` has them.
    ///
    /// # Errors
    /// The text is no YAML or has another form.
    pub fn from_yaml(text: &str) -> Result<Self, ReadError> {
        let document: Yaml =
            serde_yaml::from_str(text).map_err(|error| ReadError::Yaml(error.to_string()))?;
        let wrong =
            |entry: &str, why: &str| ReadError::Entry { entry: entry.to_owned(), why: why.to_owned() };
        let text = |value: &Yaml, field: &str| value.get(field).and_then(Yaml::as_str).map(str::to_owned);
        let mut definitions = BTreeMap::new();
        for definition in document.get("definitions").and_then(Yaml::as_sequence).into_iter().flatten() {
            let name =
                text(definition, "name").ok_or_else(|| wrong("definitions", "an action has no name"))?;
            let script =
                text(definition, "action.lua").ok_or_else(|| wrong(&name, "it has no action.lua"))?;
            definitions.insert(name, script);
        }
        let discovery =
            text(&document, "discovery.lua").ok_or_else(|| wrong("actions", "there is no discovery.lua"))?;
        Ok(Self { discovery, definitions })
    }

    /// Sets the script that tells which actions an object offers.
    pub(crate) fn set_discovery(&mut self, script: &str) {
        self.discovery = script.to_owned();
    }

    /// Adds an action's script.
    pub(crate) fn define(&mut self, name: &str, script: &str) {
        self.definitions.insert(name.to_owned(), script.to_owned());
    }

    /// The actions that an object offers, by name.
    ///
    /// # Errors
    /// What the discovery script did wrong.
    pub fn discover(
        &self,
        object: &Object,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Vec<Action>, ScriptError> {
        if self.discovery.is_empty() {
            return Err(shape("there is no discovery.lua"));
        }
        let nothing = BTreeMap::new();
        sandbox::run_with(&self.discovery, object, &nothing, now, limits, |answer| {
            let LuaValue::Table(table) = answer else {
                return Err(shape("the discovery script must return a table of actions"));
            };
            let mut found = Vec::new();
            for pair in table.pairs::<LuaValue, LuaValue>() {
                let (name, fields) = pair.map_err(|error| ScriptError::from_lua(&error))?;
                found.push(action(&name, &fields)?);
            }
            found.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(found)
        })
    }

    /// What taking an action comes to. A script returns the object as it is to be, or a list of
    /// `{operation = "create"|"patch", resource = …}`; `actionParams` holds the parameters.
    ///
    /// # Errors
    /// There is no such action, or what its script did wrong.
    pub fn run(
        &self,
        name: &str,
        object: &Object,
        parameters: &BTreeMap<String, String>,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Vec<Impact>, ScriptError> {
        let script = self.definitions.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.definitions.keys().map(String::as_str).collect();
            shape(&format!("there is no action {name:?}; there are {}", known.join(", ")))
        })?;
        let before = object.to_value();
        sandbox::run_with(script, object, parameters, now, limits, |answer| {
            let LuaValue::Table(table) = answer else {
                return Err(shape("the action must return the object, or a list of operations"));
            };
            match table.raw_len() {
                0 => Ok(vec![Impact { is_creation: false, object: object_of(&table, &before)? }]),
                _ => table.sequence_values::<Table>().map(|item| impact(item, &before)).collect(),
            }
        })
    }
}

fn action(name: &LuaValue, fields: &LuaValue) -> Result<Action, ScriptError> {
    let LuaValue::String(name) = name else { return Err(shape("an action's name must be text")) };
    let name = name.to_string_lossy();
    let mut action =
        Action { name, is_disabled: false, display_name: String::new(), icon_class: String::new() };
    let LuaValue::Table(fields) = fields else { return Ok(action) };
    let text = |field: &str| -> Result<String, ScriptError> {
        let value: Option<mlua::LuaString> =
            fields.get(field).map_err(|error| ScriptError::from_lua(&error))?;
        Ok(value.map(|text| text.to_string_lossy()).unwrap_or_default())
    };
    let disabled: Option<bool> = fields.get("disabled").map_err(|error| ScriptError::from_lua(&error))?;
    action.is_disabled = disabled.unwrap_or(false);
    (action.display_name, action.icon_class) = (text("displayName")?, text("iconClass")?);
    Ok(action)
}

fn impact(item: mlua::Result<Table>, before: &Value) -> Result<Impact, ScriptError> {
    let failed = |error: mlua::Error| ScriptError::from_lua(&error);
    let item = item.map_err(failed)?;
    let operation: Option<String> = item.get("operation").map_err(failed)?;
    let is_creation = match operation.as_deref() {
        Some("create") => true,
        Some("patch") => false,
        other => {
            let other = other.unwrap_or_default();
            return Err(shape(&format!("operation {other:?} is none; use \"create\" or \"patch\"")));
        }
    };
    let resource: Option<Table> = item.get("resource").map_err(failed)?;
    let resource = resource.ok_or_else(|| shape("an operation has no resource"))?;
    Ok(Impact { is_creation, object: object_of(&resource, before)? })
}

fn object_of(table: &Table, before: &Value) -> Result<Object, ScriptError> {
    let value = from_lua(&LuaValue::Table(table.clone()), Some(before))?;
    Object::new(value).map_err(|error| shape(&format!("the action returns no object: {error}")))
}

fn shape(text: &str) -> ScriptError {
    ScriptError::Shape(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    const TEXT: &str = r#"
discovery.lua: |
  actions = {}
  actions["restart"] = {}
  actions["pause"] = {["disabled"] = obj.spec.paused == true, ["iconClass"] = "fa fa-pause"}
  return actions
definitions:
- name: pause
  action.lua: |
    obj.spec.paused = true
    return obj
- name: scale
  action.lua: |
    obj.spec.replicas = tonumber(actionParams["replicas"])
    return obj
- name: run
  action.lua: |
    job = {apiVersion = "batch/v1", kind = "Job", metadata = {name = obj.metadata.name .. "-now"}, spec = obj.spec.jobTemplate.spec}
    return {{operation = "create", resource = job}}
- name: spin
  action.lua: |
    while true do end
- name: nothing
  action.lua: return 1
"#;

    fn object() -> Object {
        Object::new(
            value!({ "apiVersion": "example.org/v1", "kind": "Web", "metadata": { "name": "a", "labels": {} },
            "spec": { "paused": false, "args": [], "jobTemplate": { "spec": { "parallelism": 2 } } } }),
        )
        .unwrap()
    }

    fn run(name: &str) -> Result<Vec<Impact>, ScriptError> {
        let parameters = BTreeMap::from([("replicas".to_owned(), "3".to_owned())]);
        let actions = Actions::from_yaml(TEXT).unwrap();
        actions.run(name, &object(), &parameters, Timestamp::default(), &Limits::default())
    }

    #[test]
    fn actions_are_discovered() {
        let found = Actions::from_yaml(TEXT).unwrap();
        let found = found.discover(&object(), Timestamp::default(), &Limits::default()).unwrap();
        let names: Vec<(&str, bool, &str)> =
            found.iter().map(|a| (a.name.as_str(), a.is_disabled, a.icon_class.as_str())).collect();
        assert_eq!(names, [("pause", false, "fa fa-pause"), ("restart", false, "")]);
    }

    #[test]
    fn an_action_changes_the_object_and_nothing_else_of_it() {
        let impacts = run("pause").unwrap();
        let mut expect = object().to_value();
        expect.as_map_mut().unwrap().map_at("spec").insert("paused", true);
        assert_eq!(impacts.len(), 1);
        assert!(!impacts[0].is_creation);
        assert_eq!(impacts[0].object.to_value(), expect, "empty lists stay lists, whole numbers whole");
        assert_eq!(run("scale").unwrap()[0].object.i64_at(&["spec", "replicas"]), Some(3));
    }

    #[test]
    fn an_action_may_make_another_object() {
        let impacts = run("run").unwrap();
        assert!(impacts[0].is_creation);
        assert_eq!(impacts[0].object.name(), "a-now");
        assert_eq!(impacts[0].object.i64_at(&["spec", "parallelism"]), Some(2));
    }

    #[test]
    fn bad_actions_end_in_errors() {
        assert!(matches!(run("spin"), Err(ScriptError::Exhausted)));
        assert!(run("nothing").unwrap_err().to_string().contains("must return the object"));
        assert!(run("fly").unwrap_err().to_string().contains("there are nothing, pause"));
        assert!(Actions::from_yaml("definitions: []").unwrap_err().to_string().contains("discovery.lua"));
        assert!(
            Actions::from_yaml("definitions: [{name: a}]").unwrap_err().to_string().contains("action.lua")
        );
    }
}
