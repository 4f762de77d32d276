//! `taut actions`: what can be done with objects, and what it comes to.
//!
//! Actions come from customizations in Argo CD's forms alone. Nothing is written: what `run` prints can be looked at, and
//! piped into `kubectl apply -f -`.

use std::collections::BTreeMap;

use tautline::core::{Object, Value, value};
use tautline::yaml;
use tautline_scripts::{Actions, Customizations};

use crate::arguments::{ActionsCommand, ActionsListOptions, ActionsRunOptions, HealthOutput};
use crate::failure::{Failure, Result};
use crate::health::{customizations, objects, read};

/// Runs the verb.
pub(crate) fn run(command: &ActionsCommand) -> Result<u8> {
    match command {
        ActionsCommand::List(options) => list(options),
        ActionsCommand::Run(options) => take(options),
    }
}

fn list(options: &ActionsListOptions) -> Result<u8> {
    let (name, text) = read(&options.file)?;
    let all = customizations(&options.customizations)?;
    let mut rows = Vec::new();
    for object in objects(&name, &text)? {
        let Some(actions) = all.actions(&object) else { continue };
        let found = actions.discover(&object, crate::system::now(), all.limits());
        for action in found.map_err(|error| failed(&object, "discovery.lua", &error))? {
            let key = object.key();
            if options.output == HealthOutput::Text {
                let state = if action.is_disabled { "  (disabled)" } else { "" };
                println!("{key}  {}{state}", action.name);
            }
            rows.push(value!({ "group": key.group.as_str(), "kind": key.kind.as_str(),
                "namespace": key.namespace.as_str(), "name": key.name.as_str(), "action": action.name.as_str(),
                "disabled": action.is_disabled, "displayName": action.display_name.as_str() }));
        }
    }
    if options.output == HealthOutput::Json {
        println!("{}", Value::List(rows.into_iter().collect()).to_json());
    }
    Ok(0)
}

fn take(options: &ActionsRunOptions) -> Result<u8> {
    let (name, text) = read(&options.file)?;
    let all = customizations(&options.customizations)?;
    let parameters: BTreeMap<String, String> = options.parameters.iter().cloned().collect();
    let mut taken = 0;
    for object in objects(&name, &text)? {
        let Some(actions) = all.actions(&object) else { continue };
        is_offered(actions, &object, &all, &options.action)?;
        let impacts = actions.run(&options.action, &object, &parameters, crate::system::now(), all.limits());
        for impact in impacts.map_err(|error| failed(&object, &options.action, &error))? {
            let what = if impact.is_creation { "create" } else { "change" };
            println!("# {what} {}", impact.object.key());
            print!("---\n{}", yaml::write(&impact.object.to_value()));
        }
        taken += 1;
    }
    match taken {
        0 => Err(Failure::usage(format!(
            "{name}: none of its objects' kinds has actions in the customizations."
        ))),
        _ => Ok(0),
    }
}

/// An action that the object does not offer now, or only shows, is not taken.
fn is_offered(actions: &Actions, object: &Object, all: &Customizations, action: &str) -> Result<()> {
    let found = actions.discover(object, crate::system::now(), all.limits());
    let found = found.map_err(|error| failed(object, "discovery.lua", &error))?;
    let why = match found.iter().find(|offered| offered.name == action) {
        Some(offered) if offered.is_disabled => "is disabled for it now".to_owned(),
        Some(_) => return Ok(()),
        None => {
            let names: Vec<&str> = found.iter().map(|offered| offered.name.as_str()).collect();
            format!("is none of its actions ({})", names.join(", "))
        }
    };
    Err(Failure::usage(format!("{}: action {action:?} {why}.", object.key())))
}

fn failed(object: &Object, script: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::work(format!("{}: {script}: {error}.", object.key()))
}
