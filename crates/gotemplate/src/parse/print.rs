//! Prints nodes as Go's `Node.String` does. Messages show it, and parsing it gives the same tree.

use std::fmt::{self, Display, Formatter, Write};

use super::node::{Branch, Command, Node, Operand, Pipe, Tree};
use crate::Str;
use crate::format::quote;

impl Display for Tree {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let stack = (64 << 10) + self.depth * 8192;
        stacker::maybe_grow(stack, stack, || nodes(f, &self.root))
    }
}

fn nodes(f: &mut Formatter<'_>, nodes: &[Node]) -> fmt::Result {
    nodes.iter().try_for_each(|node| node.fmt(f))
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text, .. } => write!(f, "{text}"),
            Self::Action { pipe, .. } => write!(f, "{{{{{pipe}}}}}"),
            Self::If(branch) => print_branch(f, "if", branch),
            Self::With(branch) => print_branch(f, "with", branch),
            Self::Range(branch) => print_branch(f, "range", branch),
            Self::Template(call) => {
                write!(f, "{{{{template {}", quote(call.name.as_bytes()))?;
                call.pipe.iter().try_for_each(|pipe| write!(f, " {pipe}"))?;
                f.write_str("}}")
            }
            Self::Break { .. } => f.write_str("{{break}}"),
            Self::Continue { .. } => f.write_str("{{continue}}"),
        }
    }
}

fn print_branch(f: &mut Formatter<'_>, word: &str, branch: &Branch) -> fmt::Result {
    write!(f, "{{{{{word} {}}}}}", branch.pipe)?;
    nodes(f, &branch.body)?;
    if let Some(otherwise) = &branch.otherwise {
        f.write_str("{{else}}")?;
        nodes(f, otherwise)?;
    }
    f.write_str("{{end}}")
}

impl Display for Pipe {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, variable) in self.declares.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{}", variable.name)?;
        }
        if !self.declares.is_empty() {
            f.write_str(if self.assigns { " = " } else { " := " })?;
        }
        for (i, command) in self.commands.iter().enumerate() {
            if i > 0 {
                f.write_str(" | ")?;
            }
            command.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, arg) in self.args.iter().enumerate() {
            if i > 0 {
                f.write_char(' ')?;
            }
            print_inner(f, arg)?;
        }
        Ok(())
    }
}

/// An operand that is part of something: a pipeline needs its parentheses.
fn print_inner(f: &mut Formatter<'_>, operand: &Operand) -> fmt::Result {
    match operand {
        Operand::Pipe(pipe) => write!(f, "({pipe})"),
        other => other.fmt(f),
    }
}

fn fields(f: &mut Formatter<'_>, path: &[Str]) -> fmt::Result {
    path.iter().try_for_each(|name| write!(f, ".{name}"))
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dot { .. } => f.write_char('.'),
            Self::Nil { .. } => f.write_str("nil"),
            Self::Bool { value, .. } => write!(f, "{value}"),
            Self::Number { constant, .. } => write!(f, "{}", constant.text),
            Self::String { quoted, .. } => write!(f, "{quoted}"),
            Self::Field { path, .. } => fields(f, path),
            Self::Variable { variable, path, .. } => {
                write!(f, "{}", variable.name)?;
                fields(f, path)
            }
            Self::Function { function, .. } => f.write_str(function.name()),
            Self::Pipe(pipe) => pipe.fmt(f),
            Self::Chain { on, path, .. } => {
                print_inner(f, on)?;
                fields(f, path)
            }
        }
    }
}
