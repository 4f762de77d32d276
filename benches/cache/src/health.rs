//! Health of many objects: the built-in rules, and a script.

use std::path::Path;

use tautline_core::{Object, Timestamp, Value};
use tautline_health::assess;
use tautline_scripts::{Limits, health};

use crate::inputs::{KINDS, resource};
use crate::lists::{each_item, files};
use crate::process::Usage;

/// How often the script is run.
const RUNS: usize = 5_000;

pub(crate) fn run(folder: &Path) -> Result<(), String> {
    let mut objects = Vec::new();
    for (api_version, kind, plural, _) in KINDS {
        let gvk = resource(api_version, kind, plural).gvk;
        for path in files(folder, &format!("list-{plural}-"))?.into_iter().take(8) {
            each_item(&path, |item| objects.extend(item.decode(&gvk)))?;
        }
    }
    let (before, mut well) = (Usage::now(), 0);
    for _ in 0..10 {
        well += objects.iter().filter(|object| assess(object).is_some()).count();
    }
    println!("built-in-us {:.3}", (Usage::now().cpu - before.cpu) / objects.len() as f64 / 10.0 * 1e6);
    println!("judged {}", well / 10);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|e| format!("{name}: {e}"));
    let (script, text) = (read("health.lua")?, read("object.json")?);
    let object = Object::new(Value::from_json(text.as_bytes()).map_err(|e| e.to_string())?)
        .map_err(|e| e.to_string())?;
    let before = Usage::now();
    for _ in 0..RUNS {
        let found =
            health(&script, &object, Timestamp::default(), &Limits::default()).map_err(|e| e.to_string())?;
        if found.is_none_or(|health| health.message != "2 of 2 parts are ready") {
            return Err("the script says something else".to_owned());
        }
    }
    println!("script-us {:.2}", (Usage::now().cpu - before.cpu) / RUNS as f64 * 1e6);
    Ok(())
}
