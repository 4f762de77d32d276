//! Writing a [`Node`] as it was written.

use crate::node::{Node, NodeKind, ScalarStyle};
use crate::read::Resolver;
use crate::scalar::{Scalar, resolve};

use super::analysis::Analysis;
use super::printer::{Printer, Quoting};
use super::quoting;

/// In whose manner a [`Node`] is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Style {
    /// Kustomize's kyaml: entries in their order, lists not indented, scalars in the style they have. Anchors,
    /// tags, comments and flow style are not written.
    #[default]
    Kyaml,
}

/// Writes a tree.
pub fn write_node(node: &Node, style: Style) -> String {
    let Style::Kyaml = style;
    let mut printer = Printer::new();
    emit(node, &mut printer, false);
    printer.finish()
}

fn emit(node: &Node, printer: &mut Printer, in_map: bool) {
    match &node.kind {
        NodeKind::Scalar { text, style } => {
            let quoting =
                if is_forced(node, text, *style) { Quoting::Double } else { keep(text, *style, false) };
            printer.scalar(text, quoting, true);
        }
        NodeKind::Alias(anchor) => printer.plain(&format!("*{}", anchor.name)),
        NodeKind::List { items, .. } if items.is_empty() => printer.plain("[]"),
        NodeKind::Map { entries, .. } if entries.is_empty() => printer.plain("{}"),
        NodeKind::List { items, .. } => {
            printer.open(in_map);
            for item in items {
                printer.item();
                emit(item, printer, false);
            }
            printer.close();
        }
        NodeKind::Map { entries, .. } => {
            printer.open(false);
            for (key, value) in entries {
                let text = key.as_str().unwrap_or_default();
                let simple = super::is_simple_key(text);
                let style = match key.kind {
                    NodeKind::Scalar { style, .. } => style,
                    _ => ScalarStyle::Plain,
                };
                printer.key(simple, |printer| printer.scalar(text, keep(text, style, simple), !simple));
                emit(value, printer, true);
            }
            printer.close();
        }
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
        ScalarStyle::Literal | ScalarStyle::Folded if analysis.block && !key => Quoting::Literal,
        ScalarStyle::DoubleQuoted => Quoting::Double,
        _ => quoting(text, key),
    }
}
