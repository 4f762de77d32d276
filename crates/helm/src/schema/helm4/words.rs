//! What is wrong with one value, in words.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value as Json;

/// What is wrong, in the validator's words that Helm 4 uses.
pub(super) fn words(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Kind;
    let instance = error.instance();
    let size = match &**instance {
        Json::String(text) => text.chars().count(),
        Json::Array(items) => items.len(),
        Json::Object(map) => map.len(),
        _ => 0,
    };
    let number = |limit: &Json| grouped(&limit.to_string());
    let count = |n: u64| grouped(&n.to_string());
    let got = grouped(&size.to_string());
    match error.kind() {
        Kind::Type { kind } => format!("got {}, want {}", type_name(instance), wanted(kind)),
        Kind::Enum { options } => match options.as_array() {
            Some(items) if items.iter().any(|i| i.is_array() || i.is_object()) => "'enum' failed".to_owned(),
            Some(items) if items.len() == 1 => format!("value must be {}", display(&items[0])),
            items => {
                let items: Vec<String> = items.into_iter().flatten().map(display).collect();
                format!("value must be one of {}", items.join(", "))
            }
        },
        Kind::Constant { expected_value } if expected_value.is_array() || expected_value.is_object() => {
            "'const' failed".to_owned()
        }
        Kind::Constant { expected_value } => format!("value must be {}", display(expected_value)),
        Kind::Format { format } => {
            let why = if format == "uri" { ": relative url" } else { "" };
            format!("{} is not valid {format}{why}", display(instance))
        }
        Kind::Minimum { limit } => format!("minimum: got {}, want {}", number(instance), number(limit)),
        Kind::Maximum { limit } => format!("maximum: got {}, want {}", number(instance), number(limit)),
        Kind::ExclusiveMinimum { limit } => {
            format!("exclusiveMinimum: got {}, want {}", number(instance), number(limit))
        }
        Kind::ExclusiveMaximum { limit } => {
            format!("exclusiveMaximum: got {}, want {}", number(instance), number(limit))
        }
        Kind::MultipleOf { multiple_of } => {
            format!("multipleOf: got {}, want {}", number(instance), grouped(&multiple_of.to_string()))
        }
        Kind::MinLength { limit } => format!("minLength: got {got}, want {}", count(*limit)),
        Kind::MaxLength { limit } => format!("maxLength: got {got}, want {}", count(*limit)),
        Kind::MinItems { limit } => format!("minItems: got {got}, want {}", count(*limit)),
        Kind::MaxItems { limit } => format!("maxItems: got {got}, want {}", count(*limit)),
        Kind::MinProperties { limit } => format!("minProperties: got {got}, want {}", count(*limit)),
        Kind::MaxProperties { limit } => format!("maxProperties: got {got}, want {}", count(*limit)),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|name| quote(name)).collect();
            format!("additional properties {} not allowed", names.join(", "))
        }
        Kind::AdditionalItems { limit } => {
            format!("last {} additionalItem(s) not allowed", size.saturating_sub(*limit))
        }
        Kind::Pattern { pattern } => {
            let text = instance.as_str().unwrap_or_default();
            format!("{} does not match pattern {}", quote(text), quote(pattern))
        }
        Kind::AnyOf { .. } => "'anyOf' failed".to_owned(),
        Kind::OneOfNotValid { .. } => "'oneOf' failed, none matched".to_owned(),
        Kind::OneOfMultipleValid { context } => {
            let matched: Vec<String> = context
                .iter()
                .enumerate()
                .filter(|(_, c)| c.is_empty())
                .map(|(i, _)| i.to_string())
                .take(2)
                .collect();
            format!("'oneOf' failed, subschemas {} matched", matched.join(", "))
        }
        Kind::Not { .. } => "'not' failed".to_owned(),
        Kind::FalseSchema => "false schema".to_owned(),
        Kind::Contains => "no items match contains schema".to_owned(),
        Kind::UniqueItems => {
            let (a, b) = crate::schema::twins(instance);
            format!("items at {a} and {b} are equal")
        }
        Kind::PropertyNames { error } => {
            format!("invalid propertyName {}", quote(error.instance().as_str().unwrap_or_default()))
        }
        _ => error.to_string(),
    }
}

/// Digits in groups of three, as the validator prints numbers in English.
fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{sign}{out}.{fraction}"),
        None => format!("{sign}{out}"),
    }
}

fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn wanted(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(many) => {
            // The validator lists types in this order, whatever the schema's.
            let order = ["null", "boolean", "number", "integer", "string", "array", "object"];
            let names: Vec<String> = many.iter().map(|t| t.to_string()).collect();
            let sorted: Vec<&str> = order.into_iter().filter(|t| names.iter().any(|n| n == t)).collect();
            sorted.join(" or ")
        }
    }
}

fn display(value: &Json) -> String {
    match value {
        Json::String(text) => quote(text),
        Json::Null => "<nil>".to_owned(),
        Json::Array(_) | Json::Object(_) => "value".to_owned(),
        other => other.to_string(),
    }
}

/// Go's `%q` in single quotes.
pub(super) fn quote(text: &str) -> String {
    let quoted = format!("{text:?}").replace("\\\"", "\"").replace("\\'", "'").replace('\'', "\\'");
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    format!("'{inner}'")
}
