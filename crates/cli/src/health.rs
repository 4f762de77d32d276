//! `taut health`: how objects in a file are.

use std::io::Read;
use std::path::Path;

use tautline::core::{NotAnObject, Object, Value, value};
use tautline::health::{HealthStatus, KStatus, kstatus};
use tautline::yaml;
use tautline_scripts::{Customizations, Verdict};

use crate::arguments::{HealthOptions, HealthOutput};
use crate::failure::{Failure, Result};

/// Runs the verb.
pub(crate) fn run(options: &HealthOptions) -> Result<u8> {
    let (name, text) = read(&options.file)?;
    if options.kstatus {
        return by_kstatus(&objects(&name, &text)?, options.output);
    }
    let rules = options.customizations.as_deref().map(customizations).transpose()?.unwrap_or_default();
    let now = crate::system::now();
    let judged: Vec<(Object, Verdict)> = objects(&name, &text)?
        .into_iter()
        .map(|object| {
            let verdict = rules.judge(&object, now);
            (object, verdict)
        })
        .collect();
    match options.output {
        HealthOutput::Text => {
            judged.iter().for_each(|(object, verdict)| println!("{}", line(object, verdict)))
        }
        HealthOutput::Json => {
            let rows: Vec<Value> = judged.iter().map(|(object, verdict)| row(object, verdict)).collect();
            println!("{}", Value::List(rows.into_iter().collect()).to_json());
        }
    }
    let degraded =
        |verdict: &Verdict| verdict.health.as_ref().is_some_and(|h| h.status == HealthStatus::Degraded);
    Ok(u8::from(judged.iter().any(|(_, verdict)| degraded(verdict))))
}

/// The same in kstatus' words.
fn by_kstatus(objects: &[Object], output: HealthOutput) -> Result<u8> {
    let now = crate::system::now();
    let mut rows = Vec::new();
    let mut has_failed = false;
    for object in objects {
        let found = kstatus(object, now);
        let (key, status) = (object.key(), format!("{:?}", found.status));
        has_failed |= found.status == KStatus::Failed;
        if output == HealthOutput::Text {
            let words = [key.to_string(), status.clone(), found.reason.clone(), found.message.clone()];
            let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
            println!("{}", words.join("  "));
        }
        rows.push(value!({ "group": key.group.as_str(), "kind": key.kind.as_str(), "namespace": key.namespace.as_str(),
            "name": key.name.as_str(), "status": status.as_str(), "reason": found.reason.as_str(),
            "message": found.message.as_str(), "rule": "kstatus" }));
    }
    if output == HealthOutput::Json {
        println!("{}", Value::List(rows.into_iter().collect()).to_json());
    }
    Ok(u8::from(has_failed))
}

/// The text of a file, or of standard input for `-`, with the name by which to speak of it.
pub(crate) fn read(file: &Path) -> Result<(String, String)> {
    let name = file.display().to_string();
    let mut bytes = Vec::new();
    let read = match name.as_str() {
        "-" => std::io::stdin().read_to_end(&mut bytes).map(|_| ()),
        _ => std::fs::read(file).map(|content| bytes = content),
    };
    read.map_err(|error| Failure::usage(format!("{name} cannot be read: {error}.")))?;
    let text = yaml::decode(&bytes).map_err(|error| Failure::usage(format!("{name}: {error}.")))?;
    Ok((name, text.into_owned()))
}

/// The objects of every document, those in lists one by one.
pub(crate) fn objects(name: &str, text: &str) -> Result<Vec<Object>> {
    let mut objects = Vec::new();
    for (line, value) in yaml::read_all(text, &yaml::Options::default()) {
        let place = |error: &dyn std::fmt::Display| Failure::usage(format!("{name}:{line}: {error}."));
        let value =
            value.map_err(|error| Failure::usage(format!("{name}:{}: {}.", error.line, error.kind)))?;
        let items = match value.get("items") {
            Some(Value::List(items)) => items.to_vec(),
            _ => vec![value],
        };
        for item in items {
            objects.push(object(item).map_err(|error| place(&error))?);
        }
    }
    Ok(objects)
}

/// An object with or without a name: what has none yet, or in a test, can be judged all the same.
fn object(item: Value) -> std::result::Result<Object, NotAnObject> {
    match item {
        Value::Map(map) => {
            let object = Object::from_map(map);
            let is_whole = !object.api_version().is_empty() && !object.kind().is_empty();
            if is_whole { Ok(object) } else { Object::new(object.into_value()) }
        }
        other => Object::new(other),
    }
}

fn line(object: &Object, verdict: &Verdict) -> String {
    let key = object.key();
    match &verdict.health {
        Some(health) if health.message.is_empty() => format!("{key}  {}  ({})", health.status, verdict.rule),
        Some(health) => format!("{key}  {}  {}  ({})", health.status, health.message, verdict.rule),
        None => format!("{key}  -  ({})", verdict.rule),
    }
}

fn row(object: &Object, verdict: &Verdict) -> Value {
    let gvk = object.gvk();
    let status = verdict.health.as_ref().map_or(Value::Null, |health| Value::string(health.status.as_str()));
    let message = verdict.health.as_ref().map_or("", |health| health.message.as_str());
    value!({
        "group": gvk.group.as_str(), "version": gvk.version.as_str(), "kind": gvk.kind.as_str(),
        "namespace": object.namespace(), "name": object.name(),
        "status": status, "reason": reason(object, message), "message": message, "rule": verdict.rule.as_str(),
    })
}

/// The reason of the condition whose message the verdict repeats; empty if the verdict has its own words.
fn reason<'o>(object: &'o Object, message: &str) -> &'o str {
    let conditions = object.list_at(&["status", "conditions"]).iter();
    conditions
        .filter(|_| !message.is_empty())
        .find(|condition| condition.str_at(&["message"]) == Some(message))
        .and_then(|condition| condition.str_at(&["reason"]))
        .unwrap_or_default()
}

/// Scripts from a file, or from a folder of `GROUP/KIND/health.lua` and `GROUP/KIND/actions`.
pub(crate) fn customizations(path: &Path) -> Result<Customizations> {
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}.", path.display()));
    if !path.is_dir() {
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
        return Customizations::from_yaml(&text).map_err(|error| wrong(&error));
    }
    let mut files = Vec::new();
    collect(path, "", &mut files).map_err(|error| wrong(&error))?;
    let files = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    Customizations::from_files(files).map_err(|error| wrong(&error))
}

/// Every script at most four folders down, with its path; in the order of names.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<std::io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() && prefix.matches('/').count() < 4 {
            collect(&path, &format!("{name}/"), files)?;
        } else if ["/health.lua", "/discovery.lua", "/action.lua"].iter().any(|end| name.ends_with(end)) {
            files.push((name, std::fs::read_to_string(&path)?));
        }
    }
    Ok(())
}
