//! `values.schema.json`: values are checked before anything is rendered.
//!
//! Nothing is fetched: a `$ref` to another place is refused. A schema that would take too long on these
//! values is refused before it runs (see [`cost`]).

mod cost;
mod helm3;
mod helm4;

use jsonschema::{Draft, PatternOptions, Retrieve, Uri};
use serde_json::Value as Json;
use tautline_core::{Budget, Map, Value};

use crate::{Chart, Dialect};

/// Checks the values of a chart and all below it. The error is Helm's text, one line a violation.
pub(crate) fn validate(chart: &Chart, values: &Map, dialect: Dialect, budget: &Budget) -> Result<(), String> {
    let mut wrong = String::new();
    collect(chart, values, dialect, budget, &mut wrong);
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "values don't meet the specifications of the schema(s) in the following chart(s):\n{wrong}"
        )),
    }
}

fn collect(chart: &Chart, values: &Map, dialect: Dialect, budget: &Budget, wrong: &mut String) {
    if let Some(schema) = &chart.schema
        && let Err(why) = check(schema, values, dialect, budget)
    {
        wrong.push_str(&format!("{}:\n{why}", chart.name()));
    }
    for sub in &chart.dependencies {
        match values.get(sub.name()) {
            Some(Value::Map(below)) => collect(sub, below, dialect, budget, wrong),
            None | Some(Value::Null) => {}
            Some(_) => {
                let name = sub.name();
                wrong.push_str(&format!("{name}:\ninvalid type for values: expected object (map)\n"));
            }
        }
    }
}

fn check(schema: &[u8], values: &Map, dialect: Dialect, budget: &Budget) -> Result<(), String> {
    let mut schema: Json = serde_json::from_slice(schema).map_err(|e| e.to_string())?;
    let instance = to_json(&Value::Map(values.clone()));
    let draft = draft(&mut schema, dialect)?;
    cost::check(&schema, &instance, budget)?;
    let validator = jsonschema::options()
        .with_draft(draft)
        .with_base_uri("file:///values.schema.json")
        .with_retriever(Nothing { dialect })
        .with_pattern_options(PatternOptions::regex().size_limit(1 << 20).dfa_size_limit(1 << 20))
        .build(&schema)
        .map_err(|error| match dialect {
            Dialect::Helm4 => format!("\"file:///values.schema.json#\" is not a valid schema: {error}"),
            Dialect::Helm3 => error.to_string(),
        })?;
    let errors: Vec<_> = validator.iter_errors(&instance).take(10_000).collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(match dialect {
        Dialect::Helm4 => helm4::print(&errors, draft),
        Dialect::Helm3 => helm3::print(&errors),
    })
}

/// The draft that `$schema` names, which is taken out: the newest is meant where no number is given.
fn draft(schema: &mut Json, dialect: Dialect) -> Result<Draft, String> {
    let named = schema.as_object_mut().and_then(|map| map.remove("$schema"));
    let Some(Json::String(url)) = named else {
        return Ok(if dialect.is_helm3() { Draft::Draft7 } else { Draft::Draft202012 });
    };
    let bare = url.trim_start_matches("http://").trim_start_matches("https://").trim_end_matches('#');
    match bare {
        "json-schema.org/schema" if !dialect.is_helm3() => Ok(Draft::Draft202012),
        "json-schema.org/draft/2020-12/schema" if !dialect.is_helm3() => Ok(Draft::Draft202012),
        "json-schema.org/draft/2019-09/schema" if !dialect.is_helm3() => Ok(Draft::Draft201909),
        "json-schema.org/draft-07/schema" => Ok(Draft::Draft7),
        "json-schema.org/draft-06/schema" => Ok(Draft::Draft6),
        "json-schema.org/draft-04/schema" => Ok(Draft::Draft4),
        _ if dialect.is_helm3() => Ok(Draft::Draft7),
        _ => Err(format!(
            "failing loading {url:?}: schemas of other places are not fetched; put it into the chart\n"
        )),
    }
}

/// Finds nothing: neither files nor hosts.
struct Nothing {
    dialect: Dialect,
}

impl Retrieve for Nothing {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        if uri.as_str().starts_with("urn:") && !self.dialect.is_helm3() {
            // Helm 4 lets an unknown name allow everything.
            return Ok(Json::Bool(true));
        }
        Err(format!(
            "{uri} is another place, and schemas of other places are not fetched; put it into the chart"
        )
        .into())
    }
}

/// A value as the validator wants it. Integral floats count as integers there as in Helm.
fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(n) => Json::from(*n),
        Value::Float(n) if n.fract() == 0.0 && n.abs() < 9.0e15 => Json::from(*n as i64),
        Value::Float(n) => Json::from(*n),
        Value::String(text) => Json::from(text.as_str()),
        Value::List(list) => list.iter().map(to_json).collect(),
        Value::Map(map) => map.iter().map(|(k, v)| (k.as_str().to_owned(), to_json(v))).collect(),
    }
}

/// The first two equal items of a list.
fn twins(instance: &Json) -> (usize, usize) {
    let items = instance.as_array().map(Vec::as_slice).unwrap_or_default();
    let twin = |(i, item): (usize, &Json)| Some((items.iter().take(i).position(|other| other == item)?, i));
    items.iter().enumerate().find_map(twin).unwrap_or_default()
}

#[cfg(test)]
mod tests;
