//! Violations as Helm 4 prints them: a tree, in which a schema with several violations is a node of its own.

mod words;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError};

use words::{quote, words};

/// A line and the lines below it.
struct Line {
    at: String,
    text: String,
    below: Vec<Line>,
    /// Its place among the violations of one schema on one value.
    rank: usize,
    /// Whether it only stands for several.
    is_group: bool,
}

impl Line {
    fn new(at: String, text: String, below: Vec<Line>) -> Self {
        Self { at, text, below, rank: 0, is_group: false }
    }
}

/// The order in which a schema's keywords are looked at.
const RANKS: [&str; 30] = [
    "$ref",
    "minProperties",
    "maxProperties",
    "required",
    "dependencies",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "dependentSchemas",
    "dependentRequired",
    "minItems",
    "maxItems",
    "uniqueItems",
    "prefixItems",
    "items",
    "additionalItems",
    "contains",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "not",
    "allOf",
    "anyOf",
    "oneOf",
];

/// A violation with its paths taken apart.
struct Flat<'e> {
    error: &'e ValidationError<'e>,
    /// Keywords and names from the root schema, through references.
    schema: Vec<String>,
    instance: Vec<String>,
}

/// One line a violation, `- at '/num': minimum: got 0, want 1`.
pub(super) fn print(errors: &[ValidationError<'_>], draft: Draft) -> String {
    let flat = errors.iter().map(flatten).collect();
    let mut out = String::new();
    let printer = Printer { refs_shadow: !matches!(draft, Draft::Draft201909 | Draft::Draft202012) };
    let mut lines = printer.schema(flat, 0);
    if let [only] = lines.as_mut_slice()
        && only.is_group
    {
        lines = std::mem::take(&mut only.below);
    }
    for line in lines {
        write(&line, 1, &mut out);
    }
    out.push('\n');
    out
}

fn write(line: &Line, indent: usize, out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&"  ".repeat(indent - 1));
    out.push_str(&format!("- at {}: {}", quote(&line.at), line.text));
    for below in &line.below {
        write(below, indent + 1, out);
    }
}

fn flatten<'e>(error: &'e ValidationError<'e>) -> Flat<'e> {
    let tokens = |path: &str| {
        path.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
    };
    Flat {
        error,
        schema: tokens(error.evaluation_path().as_str()),
        instance: tokens(error.instance_path().as_str()),
    }
}

fn pointer(tokens: &[String]) -> String {
    tokens.iter().map(|t| format!("/{}", t.replace('~', "~0").replace('/', "~1"))).collect()
}

struct Printer {
    /// Whether nothing beside a `$ref` counts.
    refs_shadow: bool,
}

impl Printer {
    /// The violations of one schema on one value; `depth` tokens of their paths lead to it.
    fn schema(&self, errors: Vec<Flat<'_>>, depth: usize) -> Vec<Line> {
        let keyword = |flat: &Flat<'_>| flat.schema.get(depth).cloned().unwrap_or_default();
        // These end the evaluation of a schema.
        let mut shadows = vec!["type", "const", "enum", "format"];
        shadows.extend(self.refs_shadow.then_some("$ref"));
        if let Some(shadow) = shadows.into_iter().find(|s| errors.iter().any(|e| keyword(e) == *s)) {
            let kept = errors.into_iter().filter(|e| keyword(e) == shadow).collect();
            return self.groups(kept, depth);
        }
        self.groups(errors, depth)
    }

    fn groups(&self, errors: Vec<Flat<'_>>, depth: usize) -> Vec<Line> {
        let mut groups: Vec<((String, String), Vec<Flat<'_>>)> = Vec::new();
        for error in errors {
            let key = edge(&error, depth);
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, group)) => group.push(error),
                None => groups.push((key, vec![error])),
            }
        }
        let ranked = |((keyword, _), group): ((String, String), Vec<Flat<'_>>)| {
            let rank = RANKS.iter().position(|k| *k == keyword).unwrap_or(RANKS.len());
            self.edge(&keyword, group, depth).into_iter().map(move |line| Line { rank, ..line })
        };
        let mut lines: Vec<Line> = groups.into_iter().flat_map(ranked).collect();
        lines.sort_by(|a, b| a.at.cmp(&b.at).then(a.rank.cmp(&b.rank)));
        lines
    }

    /// The lines of what one keyword found on one value.
    fn edge(&self, keyword: &str, group: Vec<Flat<'_>>, depth: usize) -> Vec<Line> {
        let Some(first) = group.first() else { return Vec::new() };
        let is_leaf = first.schema.len() == depth + 1;
        match keyword {
            "required" => vec![required(&group)],
            "dependentRequired" | "dependencies" if is_required(first) => {
                let property = first.schema.get(depth + 1).cloned().unwrap_or_default();
                let missing = missing(&group);
                let text = format!("properties {missing} required, if {} exists", quote(&property));
                vec![Line::new(pointer(&first.instance), text, Vec::new())]
            }
            "anyOf" | "oneOf" | "propertyNames" | "not" | "contains" => {
                group.iter().map(|flat| self.leaf(flat, depth)).collect()
            }
            "allOf" => {
                let at = scope(&group, depth);
                let below = self.numbered(group, depth);
                vec![Line::new(at, "'allOf' failed".to_owned(), below)]
            }
            "$ref" | "$dynamicRef" | "$recursiveRef" if !is_leaf => {
                let at = shared(&group);
                let below = self.schema(group, depth + 1);
                if below.len() == 1 { below } else { vec![Line::new(at, FAILED.to_owned(), below)] }
            }
            "properties" | "patternProperties" | "prefixItems" | "dependentSchemas" | "dependencies" => {
                vec![self.wrapped(group, depth + 2)]
            }
            "items" if first.schema.get(depth + 1).is_some_and(|t| t.bytes().all(|b| b.is_ascii_digit())) => {
                vec![self.wrapped(group, depth + 2)]
            }
            "items"
            | "additionalItems"
            | "additionalProperties"
            | "if"
            | "then"
            | "else"
            | "unevaluatedItems"
            | "unevaluatedProperties"
                if !is_leaf =>
            {
                vec![self.wrapped(group, depth + 1)]
            }
            _ => group.iter().map(|flat| self.leaf(flat, depth)).collect(),
        }
    }

    /// One child for each of an `allOf`'s schemas.
    fn numbered(&self, group: Vec<Flat<'_>>, depth: usize) -> Vec<Line> {
        let mut children: Vec<(String, Vec<Flat<'_>>)> = Vec::new();
        for flat in group {
            let index = flat.schema.get(depth + 1).cloned().unwrap_or_default();
            match children.iter_mut().find(|(known, _)| *known == index) {
                Some((_, child)) => child.push(flat),
                None => children.push((index, vec![flat])),
            }
        }
        children.into_iter().map(|(_, child)| self.wrapped(child, depth + 2)).collect()
    }

    /// A schema's violations as one line: itself, or a node above several.
    fn wrapped(&self, group: Vec<Flat<'_>>, depth: usize) -> Line {
        let at = shared(&group);
        let mut lines = self.schema(group, depth);
        match lines.pop() {
            Some(line) if lines.is_empty() => line,
            last => {
                lines.extend(last);
                Line { is_group: true, ..Line::new(at, FAILED.to_owned(), lines) }
            }
        }
    }

    fn leaf(&self, flat: &Flat<'_>, depth: usize) -> Line {
        let at = pointer(&flat.instance);
        let contexts = |contexts: &[Vec<ValidationError<'static>>]| {
            let child = |errors: &Vec<ValidationError<'static>>| {
                let flats: Vec<Flat<'_>> = errors.iter().map(flatten).collect();
                self.wrapped(flats, depth + 2)
            };
            contexts.iter().filter(|c| !c.is_empty()).map(child).collect::<Vec<_>>()
        };
        let below = match flat.error.kind() {
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                contexts(context)
            }
            ValidationErrorKind::PropertyNames { error } => {
                vec![Line::new(String::new(), words(error), Vec::new())]
            }
            _ => Vec::new(),
        };
        Line::new(at, words(flat.error), below)
    }
}

const FAILED: &str = "validation failed";

/// The keyword, and what tells apart its schemas and values.
fn edge(flat: &Flat<'_>, depth: usize) -> (String, String) {
    let keyword = flat.schema.get(depth).cloned().unwrap_or_default();
    let name = flat.schema.get(depth + 1).cloned().unwrap_or_default();
    let instance = || pointer(&flat.instance);
    let is_leaf = flat.schema.len() == depth + 1;
    let told = match keyword.as_str() {
        "required" | "allOf" | "$ref" | "$dynamicRef" | "$recursiveRef" | "if" | "then" | "else" => {
            String::new()
        }
        "properties" | "dependentSchemas" | "dependencies" | "dependentRequired" | "prefixItems" => name,
        _ if is_leaf => format!("{} {}", instance(), words(flat.error)),
        "patternProperties"
        | "items"
        | "additionalItems"
        | "additionalProperties"
        | "unevaluatedItems"
        | "unevaluatedProperties" => {
            // The value is one below the schema's own; deeper tokens belong to schemas below.
            let below = flat.schema.get(depth..).unwrap_or_default();
            let between = below.get(1..below.len().saturating_sub(1)).unwrap_or_default();
            let deeper = between.iter().filter(|t| DESCENDING.contains(&t.as_str())).count();
            let own = flat.instance.len().saturating_sub(deeper);
            pointer(flat.instance.get(..own).unwrap_or_default())
        }
        _ => format!("{} {}", instance(), words(flat.error)),
    };
    (keyword, told)
}

/// Keywords whose schemas are for a value one level down.
const DESCENDING: [&str; 8] = [
    "properties",
    "patternProperties",
    "additionalProperties",
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedProperties",
    "unevaluatedItems",
];

/// The longest path that all violations share.
fn shared(group: &[Flat<'_>]) -> String {
    let mut paths = group.iter().map(|flat| flat.instance.as_slice());
    let first = paths.next().unwrap_or_default();
    let length = paths.fold(first.len(), |length, path| {
        first.iter().zip(path).take(length).take_while(|(a, b)| a == b).count()
    });
    pointer(first.get(..length).unwrap_or_default())
}

/// The value that a group's keyword looked at.
fn scope(group: &[Flat<'_>], depth: usize) -> String {
    let Some(first) = group.first() else { return String::new() };
    let below = first.schema.get(depth..first.schema.len().saturating_sub(1)).unwrap_or_default();
    let deeper = below.iter().filter(|t| DESCENDING.contains(&t.as_str())).count();
    let own = first.instance.len().saturating_sub(deeper);
    pointer(first.instance.get(..own).unwrap_or_default())
}

fn is_required(flat: &Flat<'_>) -> bool {
    matches!(flat.error.kind(), ValidationErrorKind::Required { .. })
}

fn missing(group: &[Flat<'_>]) -> String {
    let name = |flat: &Flat<'_>| match flat.error.kind() {
        ValidationErrorKind::Required { property } => quote(property.as_str().unwrap_or_default()),
        _ => String::new(),
    };
    group.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn required(group: &[Flat<'_>]) -> Line {
    let at = group.first().map(|flat| pointer(&flat.instance)).unwrap_or_default();
    let word = if group.len() == 1 { "property" } else { "properties" };
    Line::new(at, format!("missing {word} {}", missing(group)), Vec::new())
}
