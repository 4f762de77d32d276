//! Finding every field that a path with wildcards names, also inside YAML or JSON that is a scalar's text.

use regex::Regex;
use tautline_core::Value;
use tautline_yaml::{Node, NodeKind, Options, Resolver, Style, nodes, write_node};

use crate::error::{Error, Result};
use crate::fields::{self, is_list_index, lookup, number, split_list_index};
use crate::selector::regex;

/// The kind of node that is made where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar,
    List,
    Map,
}

impl Kind {
    pub(crate) fn of(node: &Node) -> Self {
        match node.kind {
            NodeKind::Map { .. } => Self::Map,
            NodeKind::List { .. } => Self::List,
            _ => Self::Scalar,
        }
    }

    fn make(self) -> Node {
        match self {
            Self::Scalar => Node::plain(""),
            Self::List => Node::list(),
            Self::Map => Node::map(),
        }
    }
}

/// Walks to the fields at a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matcher {
    create: Option<Kind>,
}

/// What is done to each field.
type Change<'c> = dyn FnMut(&mut Node) -> Result<()> + 'c;

impl Matcher {
    pub(crate) fn new(create: Option<Kind>) -> Self {
        Self { create }
    }

    /// Changes every field at the path and counts them.
    pub(crate) fn each(&self, node: &mut Node, path: &[String], change: &mut Change<'_>) -> Result<usize> {
        let Some((part, rest)) = path.split_first() else {
            change(node)?;
            return Ok(1);
        };
        if let Some(index) = number(part).and_then(|index| usize::try_from(index).ok()) {
            self.item(node, index, rest, change)
        } else if is_list_index(part) {
            self.matching(node, part, rest, change)
        } else if part == "*" {
            fields::expect_list(node)?;
            let items = node.items_mut().into_iter().flatten();
            items.map(|item| self.each(item, rest, change)).sum()
        } else {
            self.field(node, part, rest, change)
        }
    }

    /// The kind of node that is made for what follows.
    fn kind_before(&self, next: Option<&String>, otherwise: Kind) -> Kind {
        match next {
            None => otherwise,
            Some(next) if is_list_index(next) || number(next).is_some_and(|n| n >= 0) => Kind::List,
            Some(_) => Kind::Map,
        }
    }

    fn item(&self, node: &mut Node, index: usize, rest: &[String], change: &mut Change<'_>) -> Result<usize> {
        fields::expect_list(node)?;
        let length = node.items().len();
        if let Some(kind) = self.create
            && index == length
        {
            let made = self.kind_before(rest.first(), kind).make();
            node.items_mut().into_iter().for_each(|items| items.push(made.clone()));
        }
        let found = node.items().len();
        match node.items_mut().and_then(|items| items.get_mut(index)) {
            Some(item) => self.each(item, rest, change),
            None => Err(Error::Field(format!("index {index} specified but only {found} elements found"))),
        }
    }

    fn matching(
        &self,
        node: &mut Node,
        part: &str,
        rest: &[String],
        change: &mut Change<'_>,
    ) -> Result<usize> {
        let (name, pattern) = split_list_index(part)?;
        fields::expect_list(node)?;
        let regex = regex(pattern)?;
        let count = self.matching_items(node, name, &regex, rest, change)?;
        if count > 0 || self.create.is_none() {
            return Ok(count);
        }
        let made = match name.is_empty() {
            true => Node::plain(pattern),
            false => {
                let mut map = Node::map();
                map.push(name, Node::plain(pattern));
                map
            }
        };
        node.items_mut().into_iter().for_each(|items| items.push(made.clone()));
        self.matching_items(node, name, &regex, rest, change)
    }

    fn matching_items(
        &self,
        node: &mut Node,
        name: &str,
        regex: &Regex,
        rest: &[String],
        change: &mut Change<'_>,
    ) -> Result<usize> {
        let mut count = 0;
        for item in node.items_mut().into_iter().flatten() {
            if name.is_empty() {
                if regex.is_match(&text(item)) {
                    change(item)?;
                    count += 1;
                }
            } else if item.field(name).is_some_and(|field| regex.is_match(&text(field))) {
                count += self.each(item, rest, change)?;
            }
        }
        Ok(count)
    }

    fn field(&self, node: &mut Node, part: &str, rest: &[String], change: &mut Change<'_>) -> Result<usize> {
        if !node.is_null() {
            fields::expect_map(node)?;
        }
        if node.field(part).is_none() {
            let Some(kind) = self.create else { return Ok(0) };
            let made = self.kind_before(rest.first(), kind).make();
            if !node.is_map() {
                return self.each(&mut made.clone(), rest, change);
            }
            node.push(part, made);
        }
        let Some(field) = node.field_mut(part) else { return Ok(0) };
        if field.is_scalar() && !rest.is_empty() {
            // What is found inside a text on this way is a copy: a change of it changes nothing.
            let mut inside = parse(field.as_str().unwrap_or_default())?;
            return self.each(&mut inside, rest, change);
        }
        self.each(field, rest, change)
    }
}

/// A node as kyaml prints it.
fn text(node: &Node) -> String {
    write_node(node, Style::Kyaml).trim().to_owned()
}

fn parse(text: &str) -> Result<Node> {
    let options = Options { resolver: Resolver::V3, ..Options::default() };
    let mut found = nodes(text, &options).map_err(|error| Error::Field(format!("yaml: {}", error.kind)))?;
    if found.is_empty() {
        return Err(Error::Field("the text holds no value".to_owned()));
    }
    Ok(found.swap_remove(0))
}

/// Puts a value into YAML or JSON that is the text of a scalar on the path.
///
/// # Errors
/// If there is no such text, or no such field in it.
pub(crate) fn put_into_text(
    object: &mut Node,
    value: &Node,
    path: &[String],
    create: Option<Kind>,
) -> Result<()> {
    let nothing = || Error::Field("no structured data found in path".to_owned());
    let mut split = None;
    for at in 1..path.len() {
        let Ok(Some(field)) = lookup(object, path.get(..at).unwrap_or_default()) else { continue };
        if field.is_scalar() && parse(field.as_str().unwrap_or_default()).is_ok() {
            split = Some(at);
            break;
        }
    }
    let at = split.ok_or_else(nothing)?;
    let (outer, inner) = path.split_at(at);
    let Some(field) = fields::lookup_mut(object, outer)? else { return Err(nothing()) };
    let original = field.as_str().unwrap_or_default().to_owned();
    let mut data = parse(&original)?;
    let count = Matcher::new(create).each(&mut data, inner, &mut |found| {
        if found.is_scalar() {
            found.set_text(value.as_str().unwrap_or_default());
        } else {
            *found = value.clone();
        }
        Ok(())
    })?;
    if count == 0 {
        return Err(Error::Field("unable to find field in structured data".to_owned()));
    }
    let text =
        if original.trim_start().starts_with(['{', '[']) { as_json(&data, &original)? } else { text(&data) };
    fields::set_text(field, text);
    Ok(())
}

/// JSON in the manner of the text it replaces: on one line, or indented.
fn as_json(data: &Node, original: &str) -> Result<String> {
    let options = Options { resolver: Resolver::V3, ..Options::default() };
    let value = data.to_value(&options).map_err(|error| Error::Field(format!("yaml: {}", error.kind)))?;
    let mut out = String::new();
    if original.contains('\n') && original.contains("  ") {
        indented(&value, 0, &mut out);
    } else {
        value.write_json(&mut out);
    }
    Ok(crate::hash::escape_html(&out))
}

fn indented(value: &Value, level: usize, out: &mut String) {
    let line = |out: &mut String, level: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    };
    match value {
        Value::Map(map) if !map.is_empty() => {
            out.push('{');
            for (i, (key, value)) in map.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "," });
                line(out, level + 1);
                Value::string(key.as_str()).write_json(out);
                out.push_str(": ");
                indented(value, level + 1, out);
            }
            line(out, level);
            out.push('}');
        }
        Value::List(list) if !list.is_empty() => {
            out.push('[');
            for (i, value) in list.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "," });
                line(out, level + 1);
                indented(value, level + 1, out);
            }
            line(out, level);
            out.push(']');
        }
        value => value.write_json(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_yaml::write_canonical;

    fn check(object: &str, path: &str, create: bool, expect: Result<&str, &str>) {
        let mut node = parse(object).unwrap();
        let create = create.then_some(Kind::Scalar);
        let path = fields::split_field_path(path);
        let count = Matcher::new(create).each(&mut node, &path, &mut |field| {
            field.set_text("new");
            Ok(())
        });
        match (count, expect) {
            (Ok(_), Ok(expect)) => assert_eq!(write_canonical(&node).unwrap(), expect),
            (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (count, _) => panic!("{count:?}"),
        }
    }

    #[test]
    fn paths() {
        check("a: [{m: x, v: b}, {m: z}]", "a.[m=x].v", false, Ok("a:\n- m: x\n  v: new\n- m: z\n"));
        check("a: [{v: b}, {v: c}]", "a.*.v", false, Ok("a:\n- v: new\n- v: new\n"));
        check("a: [b]", "a.1", true, Ok("a:\n- b\n- new\n"));
        check("a: [b]", "a.2", true, Err("index 2 specified but only 1 elements found"));
        check("a: {}", "a.b.[n=x].v", true, Ok("a:\n  b:\n  - \"n\": x\n    v: new\n"));
        check("a: b", "a.[n=x]", false, Err("wrong node kind"));
    }

    #[test]
    fn json_and_yaml_in_texts() {
        let put = |object: &str, path: &str| {
            let mut node = parse(object).unwrap();
            put_into_text(&mut node, &Node::plain("new"), &fields::split_field_path(path), None)
                .map(|()| write_canonical(&node).unwrap())
        };
        assert_eq!(put("a: '{\"b\": {\"c\": \"d\"}}'", "a.b.c").unwrap(), "a: '{\"b\":{\"c\":\"new\"}}'\n");
        assert_eq!(
            put("a: |\n  b:\n    c: d\n  e: f\n", "a.b.c").unwrap(),
            "a: |-\n  b:\n    c: new\n  e: f\n"
        );
        assert!(put("a: text", "a.b").is_err());
    }
}
