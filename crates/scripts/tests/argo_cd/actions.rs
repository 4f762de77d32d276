//! `GROUP/KIND/actions/action_test.yaml`: which actions objects offer, and what taking them comes to.

use std::collections::BTreeMap;
use std::path::Path;

use tautline_core::{Object, Timestamp, Value};
use tautline_scripts::{Action, Actions, Limits};

use crate::folder::{files, read, root, scripts};

#[test]
fn actions_are_offered_and_taken_as_their_tests_expect() {
    let Some(root) = root() else { return };
    let (all, mut wrong, mut count) = (scripts(&root), Vec::new(), 0);
    for file in files(&root).iter().filter(|path| path.ends_with("action_test.yaml")) {
        let (tests, folder) = (read(file), file.parent().unwrap());
        let name = folder.strip_prefix(&root).unwrap().display();
        for (field, check) in [("discoveryTests", offers as Check), ("actionTests", comes_to)] {
            for test in tests.list_at(&[field]) {
                let input = test.str_at(&["inputPath"]).unwrap();
                let object = Object::from_map(read(&folder.join(input)).as_map().unwrap().clone());
                let actions = all.actions(&object).unwrap();
                count += 1;
                if let Err(why) = check(actions, &object, test, folder) {
                    wrong.push(format!(
                        "{name} {input} {}: {why}",
                        test.str_at(&["action"]).unwrap_or_default()
                    ));
                }
            }
        }
    }
    eprintln!("{count} tests of actions");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

type Check = fn(&Actions, &Object, &Value, &Path) -> Result<(), String>;

/// Each action offered is among those expected, and as expected.
fn offers(actions: &Actions, object: &Object, test: &Value, _: &Path) -> Result<(), String> {
    let found = actions.discover(object, Timestamp::default(), &Limits::default());
    let text = |action: &Value, field: &str| action.str_at(&[field]).unwrap_or_default().to_owned();
    let wanted = test.list_at(&["result"]).iter().map(|action| Action {
        name: text(action, "name"),
        is_disabled: action.at(&["disabled"]).and_then(Value::as_bool).unwrap_or(false),
        display_name: text(action, "displayName"),
        icon_class: text(action, "iconClass"),
    });
    let wanted: Vec<Action> = wanted.collect();
    for action in found.map_err(|error| error.to_string())? {
        if !wanted.contains(&action) {
            return Err(format!("{action:?} is not wanted"));
        }
    }
    Ok(())
}

/// Each object that an action comes to is the one expected, but for times.
fn comes_to(actions: &Actions, object: &Object, test: &Value, folder: &Path) -> Result<(), String> {
    let parameters = test.get("parameters").and_then(Value::as_map);
    let parameters: BTreeMap<String, String> = parameters
        .into_iter()
        .flat_map(|map| map.iter())
        .map(|(name, value)| {
            (name.to_string(), value.as_str().map_or_else(|| value.to_json(), str::to_owned))
        })
        .collect();
    let now = Timestamp::from_seconds(1_700_000_000);
    let found = actions.run(test.str_at(&["action"]).unwrap(), object, &parameters, now, &Limits::default());
    if let Some(wanted) = test.str_at(&["expectedErrorMessage"]) {
        let error = found.map_or_else(|error| error.to_string(), |_| "no error".to_owned());
        return if error == wanted { Ok(()) } else { Err(format!("{error:?}, not {wanted:?}")) };
    }
    let wanted = read(&folder.join(test.str_at(&["expectedOutputPath"]).unwrap()));
    let wanted: Vec<&Value> = match wanted.as_list() {
        Some(list) => list.iter().map(|item| item.get("unstructuredObj").unwrap()).collect(),
        None => vec![&wanted],
    };
    for impact in found.map_err(|error| error.to_string())? {
        let value = impact.object.to_value();
        let fits = |wanted: &&&Value| {
            let same = |field: &[&str]| wanted.str_at(field) == value.str_at(field);
            same(&["apiVersion"])
                && same(&["kind"])
                && same(&["metadata", "namespace"])
                && (same(&["metadata", "name"]) || impact.is_creation)
        };
        let Some(wanted) = wanted.iter().find(fits) else {
            return Err(format!("{} is not wanted", impact.object.key()));
        };
        let mut wanted = (*wanted).clone();
        if impact.object.is("apps", "Deployment") {
            // Its controller's, and of another moment in the tests' files.
            wanted.as_map_mut().unwrap().insert("status", value.get("status").cloned().unwrap_or_default());
        }
        if let Some(place) = difference(&wanted, &value, "") {
            return Err(place);
        }
    }
    Ok(())
}

/// The first place where two values differ. Times, and what is null or empty on one side, count for nothing; nor does
/// metadata that the server writes, what is more in the metadata than is wanted, or a name that is made from the time.
fn difference(wanted: &Value, found: &Value, at: &str) -> Option<String> {
    let is_nothing = |value: &Value| {
        value.is_null()
            || value.as_map().is_some_and(|m| m.is_empty())
            || value.as_list().is_some_and(|l| l.is_empty())
    };
    match (wanted, found) {
        (Value::Map(wanted), Value::Map(found)) => {
            let keys = wanted.keys().chain(found.keys()).map(|key| key.as_str());
            let mut differing = keys.filter_map(|key| {
                let null = Value::Null;
                let (left, right) = (wanted.get(key).unwrap_or(&null), found.get(key).unwrap_or(&null));
                let is_metadata = at.starts_with(".metadata");
                if is_metadata && (left.is_null() || matches!(key, "creationTimestamp" | "generation")) {
                    return None;
                }
                difference(left, right, &format!("{at}.{key}"))
            });
            differing.next()
        }
        (Value::List(wanted), Value::List(found)) if wanted.len() == found.len() => wanted
            .iter()
            .zip(found.iter())
            .find_map(|(left, right)| difference(left, right, &format!("{at}[]"))),
        _ if wanted == found || is_nothing(wanted) && is_nothing(found) => None,
        _ if wanted.as_f64().is_some() && wanted.as_f64() == found.as_f64() => None,
        (Value::String(_), Value::String(found)) if is_time(found) || at == ".metadata.name" => None,
        _ => Some(format!("{at}: {}, not {}", wanted.to_json(), found.to_json())),
    }
}

/// A text with the moment in it that the test gave.
fn is_time(text: &str) -> bool {
    text.contains("2023-11-14T22:13:20")
}
