//! Writing a [`Node`] as it was written.

use crate::node::{Comment, Node, NodeKind, ScalarStyle};
use crate::read::Resolver;
use crate::scalar::{Scalar, resolve};

use super::analysis::Analysis;
use super::printer::{Printer, Quoting};
use super::quoting;

/// In whose manner a [`Node`] is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Style {
    /// Kustomize's kyaml, which is go-yaml v3: entries in their order, lists not indented, nodes in the style
    /// they have, with their tags, anchors and comments; long lines are not folded. Comments behind the last
    /// node are not kept.
    #[default]
    Kyaml,
}

/// Writes a tree.
pub fn write_node(node: &Node, style: Style) -> String {
    let Style::Kyaml = style;
    let mut printer = Printer::new();
    comments(node.comments(), &mut printer);
    emit(node, &mut printer, false);
    printer.finish()
}

fn emit(node: &Node, printer: &mut Printer, in_map: bool) {
    properties(node, printer);
    match &node.kind {
        NodeKind::Scalar { text, style } => {
            let quoting =
                if is_forced(node, text, *style) { Quoting::Double } else { keep(text, *style, false) };
            printer.scalar(text, quoting, false);
        }
        NodeKind::Alias(anchor) => printer.plain(&format!("*{}", anchor.name)),
        NodeKind::List { items, .. } if items.is_empty() => printer.plain("[]"),
        NodeKind::Map { entries, .. } if entries.is_empty() => printer.plain("{}"),
        NodeKind::List { flow: true, .. } | NodeKind::Map { flow: true, .. } => {
            let mut text = String::new();
            flow(node, &mut text);
            printer.plain(&text);
        }
        NodeKind::List { items, .. } => {
            printer.open(in_map);
            for item in items {
                comments(item.comments(), printer);
                printer.item();
                emit(item, printer, false);
            }
            printer.close();
        }
        NodeKind::Map { entries, .. } => {
            printer.open(false);
            for (key, value) in entries {
                comments(key.comments(), printer);
                let text = key.as_str().unwrap_or_default();
                let simple = super::is_simple_key(text);
                let style = match key.kind {
                    NodeKind::Scalar { style, .. } => style,
                    _ => ScalarStyle::Plain,
                };
                printer.key(simple, |printer| printer.scalar(text, keep(text, style, simple), false));
                emit(value, printer, true);
            }
            printer.close();
        }
    }
}

/// Comments before a node: those on the line above belong to what is there.
fn comments(comments: &[Comment], printer: &mut Printer) {
    comments.iter().for_each(|comment| printer.comment(&comment.text, comment.inline));
}

/// A node's anchor and tag, as far as they are written.
fn properties(node: &Node, printer: &mut Printer) {
    if let Some(anchor) = node.anchor().filter(|anchor| node.span.line > 0 && !anchor.name.is_empty()) {
        printer.plain(&format!("&{}", anchor.name));
    }
    if let Some(tag) = shown_tag(node) {
        printer.plain(tag);
    }
}

/// The tag that must be written, so that the node is read back as what it is.
fn shown_tag(node: &Node) -> Option<&str> {
    let tag = node.tag.as_deref().filter(|tag| *tag != "!!str")?;
    let implied = match &node.kind {
        NodeKind::Map { .. } => tag == "!!map",
        NodeKind::List { .. } => tag == "!!seq",
        NodeKind::Scalar { text, .. } => crate::node::plain_tag(text) == tag,
        NodeKind::Alias(_) => true,
    };
    (!implied).then_some(tag)
}

/// A node on one line, in brackets and braces.
fn flow(node: &Node, out: &mut String) {
    let separated = |out: &mut String, at: usize| out.push_str(if at == 0 { "" } else { ", " });
    match &node.kind {
        NodeKind::List { items, .. } => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separated(out, at);
                flow_properties(item, out);
                flow(item, out);
            }
            out.push(']');
        }
        NodeKind::Map { entries, .. } => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                separated(out, at);
                flow(key, out);
                out.push_str(": ");
                flow_properties(value, out);
                flow(value, out);
            }
            out.push('}');
        }
        NodeKind::Alias(anchor) => out.push_str(&format!("*{}", anchor.name)),
        NodeKind::Scalar { text, style } => {
            let mut printer = Printer::new();
            let quoting = match keep(text, *style, true) {
                _ if is_forced(node, text, *style) => Quoting::Double,
                Quoting::Plain if text.contains([',', '?', '[', ']', '{', '}', ':']) => Quoting::Single,
                quoting => quoting,
            };
            printer.scalar(text, quoting, false);
            out.push_str(printer.finish().trim_end_matches('\n'));
        }
    }
}

fn flow_properties(node: &Node, out: &mut String) {
    let mut printer = Printer::new();
    properties(node, &mut printer);
    let text = printer.finish();
    if !text.trim().is_empty() {
        out.push_str(text.trim());
        out.push(' ');
    }
}

/// Whether text would be read back as something else without quotes.
fn is_forced(node: &Node, text: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain
        && node.tag.as_deref() == Some("!!str")
        && resolve(text, Resolver::V3) != Scalar::String
}

/// The style a scalar has, where it can have it.
fn keep(text: &str, style: ScalarStyle, key: bool) -> Quoting {
    let analysis = Analysis::of(text);
    match style {
        ScalarStyle::Plain if analysis.plain => Quoting::Plain,
        ScalarStyle::SingleQuoted if analysis.single && !(key && analysis.multiline) => Quoting::Single,
        ScalarStyle::Literal if analysis.block && !key => Quoting::Literal,
        ScalarStyle::Folded if analysis.block && !key => Quoting::Folded,
        ScalarStyle::DoubleQuoted => Quoting::Double,
        _ => quoting(text, key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::nodes;
    use crate::read::Options;

    #[test]
    fn trees_are_written_as_they_are() {
        for text in [
            "# head\na: 1 # line\nb:\n- c: d\n- e\n",
            "a: {b: c, d: [1, \"x, y\"]}\nq: \"s\"\nr: 't'\nl: |\n  m\n  n\n",
            "a: &q\n  b: 1\nc: *q\n",
            "d: !!int new\ne: !custom {a: b}\n",
            "f: >\n  one\n\n  two\n",
        ] {
            let node = nodes(text, &Options::default()).unwrap().remove(0);
            assert_eq!(write_node(&node, Style::Kyaml), text);
        }
    }
}
