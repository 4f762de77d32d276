//! Violations as Helm 3 prints them: one line each, `- num: Must be greater than or equal to 1`.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value as Json;

pub(super) fn print(errors: &[ValidationError<'_>]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for error in errors {
        collect(error, &mut lines);
    }
    lines.concat()
}

fn collect(error: &ValidationError<'_>, lines: &mut Vec<String>) {
    let at = field(error.instance_path().as_str());
    match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            lines.push(format!("- {at}: {}\n", words(error, &at)));
            // The branch that got furthest is told too.
            if let Some(best) = context.iter().filter(|c| !c.is_empty()).min_by_key(|c| c.len()) {
                best.iter().for_each(|inner| collect(inner, lines));
            }
        }
        Kind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                lines.push(format!("- {at}: Additional property {name} is not allowed\n"));
            }
        }
        _ => lines.push(format!("- {at}: {}\n", words(error, &at))),
    }
}

/// A path with dots; `(root)` for the whole.
fn field(pointer: &str) -> String {
    let tokens: Vec<String> =
        pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect();
    if tokens.is_empty() { "(root)".to_owned() } else { tokens.join(".") }
}

fn words(error: &ValidationError<'_>, field: &str) -> String {
    let instance = error.instance();
    match error.kind() {
        Kind::Required { property } => format!("{} is required", property.as_str().unwrap_or_default()),
        Kind::Type { kind } => {
            format!("Invalid type. Expected: {}, given: {}", wanted(kind), given(instance))
        }
        Kind::AnyOf { .. } => "Must validate at least one schema (anyOf)".to_owned(),
        Kind::OneOfNotValid { .. } | Kind::OneOfMultipleValid { .. } => {
            "Must validate one and only one schema (oneOf)".to_owned()
        }
        Kind::Not { .. } => "Must not validate the schema (not)".to_owned(),
        Kind::FalseSchema => "False always fails validation".to_owned(),
        Kind::Constant { expected_value } => format!("{field} does not match: {expected_value}"),
        Kind::Enum { options } => {
            let all: Vec<String> = options.as_array().into_iter().flatten().map(Json::to_string).collect();
            format!("{field} must be one of the following: {}", all.join(", "))
        }
        Kind::AdditionalItems { .. } => "No additional items allowed on array".to_owned(),
        Kind::MinItems { limit } => format!("Array must have at least {limit} items"),
        Kind::MaxItems { limit } => format!("Array must have at most {limit} items"),
        Kind::UniqueItems => {
            let (a, b) = super::twins(instance);
            format!("array items[{a},{b}] must be unique")
        }
        Kind::Contains => "At least one of the items must match".to_owned(),
        Kind::MinProperties { limit } => format!("Must have at least {limit} properties"),
        Kind::MaxProperties { limit } => format!("Must have at most {limit} properties"),
        Kind::PropertyNames { error } => {
            format!("Property name of \"{}\" does not match", error.instance().as_str().unwrap_or_default())
        }
        Kind::MinLength { limit } => format!("String length must be greater than or equal to {limit}"),
        Kind::MaxLength { limit } => format!("String length must be less than or equal to {limit}"),
        Kind::Pattern { pattern } => format!("Does not match pattern '{pattern}'"),
        Kind::Format { format } => format!("Does not match format '{format}'"),
        Kind::MultipleOf { multiple_of } => format!("Must be a multiple of {multiple_of}"),
        Kind::Minimum { limit } => format!("Must be greater than or equal to {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("Must be greater than {limit}"),
        Kind::Maximum { limit } => format!("Must be less than or equal to {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("Must be less than {limit}"),
        _ => error.to_string(),
    }
}

fn given(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(n) if n.is_i64() || n.is_u64() => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// One type, or several as `[string,null]`.
fn wanted(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(many) => many.iter().map(|t| t.to_string()).collect::<Vec<_>>().join("/"),
    }
}
