//! How long a schema may take on a value, found out before it runs.
//!
//! A schema is evaluated again wherever `anyOf`, `$ref` and the like lead to it, so a few lines can ask for
//! 2⁴⁰ evaluations. The number is counted here once for each pair of schema and value and added up, which
//! takes no longer than their product.

use std::collections::HashMap;

use serde_json::Value as Json;
use tautline_core::Budget;

/// Refuses a schema that takes more steps than the budget has, or that leads into itself without end.
pub(super) fn check(schema: &Json, instance: &Json, budget: &Budget) -> Result<(), String> {
    let mut counter = Counter {
        root: schema,
        anchors: HashMap::new(),
        known: HashMap::new(),
        open: Vec::new(),
        pairs: 0,
        budget,
    };
    counter.find_anchors(schema, 0)?;
    // An evaluation is worth about a hundred template steps.
    let steps = counter.count(schema, instance)?;
    match steps.saturating_mul(100) > budget.steps {
        true => Err("the schema takes more steps on these values than the budget allows\n".to_owned()),
        false => Ok(()),
    }
}

type Address = (*const Json, *const Json);

struct Counter<'s> {
    root: &'s Json,
    /// Subschemas by their anchors and ids.
    anchors: HashMap<&'s str, Vec<&'s Json>>,
    known: HashMap<Address, u64>,
    open: Vec<Address>,
    pairs: u64,
    budget: &'s Budget,
}

const DEPTH: usize = 500;

impl<'s> Counter<'s> {
    fn find_anchors(&mut self, schema: &'s Json, depth: usize) -> Result<(), String> {
        if depth > DEPTH {
            return Err(too_deep());
        }
        match schema {
            Json::Object(map) => {
                for name in ["$anchor", "$dynamicAnchor", "$id", "id"] {
                    if let Some(Json::String(text)) = map.get(name) {
                        self.anchors.entry(text.trim_start_matches('#')).or_default().push(schema);
                    }
                }
                map.values().try_for_each(|value| self.find_anchors(value, depth + 1))
            }
            Json::Array(items) => items.iter().try_for_each(|value| self.find_anchors(value, depth + 1)),
            _ => Ok(()),
        }
    }

    /// The evaluations that a schema asks for on a value.
    fn count(&mut self, schema: &'s Json, value: &'s Json) -> Result<u64, String> {
        let Json::Object(map) = schema else { return Ok(1) };
        let address: Address = (schema, value);
        if let Some(known) = self.known.get(&address) {
            return Ok(*known);
        }
        self.pairs += 1;
        if self.pairs.saturating_mul(50) > self.budget.steps || self.budget.cancel.is_cancelled() {
            return Err("the schema is too large for these values\n".to_owned());
        }
        if self.open.contains(&address) {
            return Err("the schema refers to itself without end\n".to_owned());
        }
        if self.open.len() > DEPTH {
            return Err(too_deep());
        }
        self.open.push(address);
        let mut total = 1_u64.saturating_add(own_work(map, value));
        for (keyword, inner) in map {
            total = total.saturating_add(self.keyword(keyword, inner, value)?);
        }
        self.open.pop();
        self.known.insert(address, total);
        Ok(total)
    }

    fn keyword(&mut self, keyword: &str, inner: &'s Json, value: &'s Json) -> Result<u64, String> {
        match keyword {
            "$ref" | "$dynamicRef" | "$recursiveRef" => {
                let targets = self.targets(inner.as_str().unwrap_or_default());
                self.sum(targets.into_iter().map(|target| (target, value)))
            }
            "allOf" | "anyOf" | "oneOf" => {
                self.sum(inner.as_array().into_iter().flatten().map(|schema| (schema, value)))
            }
            "not" | "if" | "then" | "else" => self.count(inner, value),
            "dependentSchemas" | "dependencies" => {
                self.sum(inner.as_object().into_iter().flatten().map(|(_, schema)| (schema, value)))
            }
            "properties" => {
                let children = inner.as_object().into_iter().flatten();
                self.sum(children.filter_map(|(name, schema)| Some((schema, value.get(name)?))))
            }
            "patternProperties" => {
                let mut total = 0_u64;
                for (_, schema) in inner.as_object().into_iter().flatten() {
                    total = total.saturating_add(self.below(schema, value)?);
                }
                Ok(total)
            }
            "items" | "prefixItems" if inner.is_array() => {
                let schemas = inner.as_array().into_iter().flatten();
                self.sum(schemas.zip(value.as_array().into_iter().flatten()))
            }
            "items" | "additionalItems" | "contains" | "unevaluatedItems" if value.is_array() => {
                self.below(inner, value)
            }
            "additionalProperties" | "unevaluatedProperties" | "propertyNames" if value.is_object() => {
                self.below(inner, value)
            }
            _ => Ok(0),
        }
    }

    fn below(&mut self, schema: &'s Json, value: &'s Json) -> Result<u64, String> {
        match value {
            Json::Object(map) => self.sum(map.values().map(|value| (schema, value))),
            Json::Array(items) => self.sum(items.iter().map(|value| (schema, value))),
            _ => Ok(0),
        }
    }

    fn sum(&mut self, pairs: impl Iterator<Item = (&'s Json, &'s Json)>) -> Result<u64, String> {
        let mut total = 0_u64;
        for (schema, value) in pairs {
            total = total.saturating_add(self.count(schema, value)?);
        }
        Ok(total)
    }

    /// What a reference may lead to inside this schema.
    fn targets(&self, reference: &str) -> Vec<&'s Json> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let bases = match base {
            "" => vec![self.root],
            base => self.anchors.get(base).cloned().unwrap_or_default(),
        };
        match fragment {
            "" => bases,
            pointer if pointer.starts_with('/') => {
                let pointer = pointer.replace("%25", "%").replace("%24", "$");
                bases.into_iter().filter_map(|schema| schema.pointer(&pointer)).collect()
            }
            anchor => self.anchors.get(anchor).cloned().unwrap_or_default(),
        }
    }
}

/// Comparisons that do not recurse into schemas: `uniqueItems` compares each pair of items.
fn own_work(map: &serde_json::Map<String, Json>, value: &Json) -> u64 {
    match value.as_array() {
        Some(items) if map.get("uniqueItems") == Some(&Json::Bool(true)) => {
            let n = items.len() as u64;
            n.saturating_mul(n) / 16
        }
        _ => 0,
    }
}

fn too_deep() -> String {
    format!("the schema is nested deeper than {DEPTH} levels\n")
}
