//! The tree a template is parsed into. It is also what is executed: functions are resolved, constants typed,
//! and names of variables numbered when it is made.
//!
//! It is read far more often than it is made, and the trees of a large chart do not fit a processor's cache: so
//! every list has the size it needs, and what is large and rare is behind a pointer.

use std::sync::Arc;

use super::number::Constant;
use crate::{Function, Str};

/// One text that was parsed. Nodes point into it by byte.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: Str,
    pub(crate) text: Box<[u8]>,
}

/// One named template: a whole source without its definitions, or one `define` or `block` of it.
#[derive(Debug)]
pub struct Tree {
    pub(crate) name: Str,
    pub(crate) source: Arc<Source>,
    pub(crate) root: Vec<Node>,
    /// How deep the nodes nest.
    pub(crate) depth: usize,
}

/// What a template is a sequence of.
#[derive(Debug)]
pub(crate) enum Node {
    Text { pos: usize, text: Str },
    Action { pos: usize, pipe: Pipe },
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template(Box<Call>),
    Break { pos: usize },
    Continue { pos: usize },
}

/// `if`, `with` or `range`.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pos: usize,
    pub(crate) pipe: Pipe,
    pub(crate) body: Vec<Node>,
    pub(crate) otherwise: Option<Vec<Node>>,
}

/// `template "name" pipe`.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) pos: usize,
    pub(crate) name: Str,
    pub(crate) pipe: Option<Pipe>,
}

/// `$a := first | second`.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) pos: usize,
    pub(crate) declares: Box<[Variable]>,
    pub(crate) assigns: bool,
    pub(crate) commands: Box<[Command]>,
}

/// A name after `$`, and its number within the source.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: Str,
    pub(crate) id: u32,
}

/// A function, field or value, with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) pos: usize,
    pub(crate) args: Box<[Operand]>,
}

/// A word of a command.
#[derive(Debug)]
pub(crate) enum Operand {
    Dot { pos: usize },
    Nil { pos: usize },
    Bool { pos: usize, value: bool },
    Number { pos: usize, constant: Constant },
    String { pos: usize, quoted: Str, text: Str },
    Field { pos: usize, path: Box<[Str]> },
    Variable { pos: usize, variable: Variable, path: Box<[Str]> },
    Function { pos: usize, function: Arc<Function> },
    Pipe(Box<Pipe>),
    Chain { pos: usize, on: Box<Operand>, path: Box<[Str]> },
}

impl Operand {
    pub(crate) fn pos(&self) -> usize {
        match self {
            Self::Pipe(pipe) => pipe.pos,
            Self::Dot { pos }
            | Self::Nil { pos }
            | Self::Bool { pos, .. }
            | Self::Number { pos, .. }
            | Self::String { pos, .. }
            | Self::Field { pos, .. }
            | Self::Variable { pos, .. }
            | Self::Function { pos, .. }
            | Self::Chain { pos, .. } => *pos,
        }
    }
}

impl Tree {
    /// The name it is executed by.
    pub fn name(&self) -> &Str {
        &self.name
    }

    /// The name of the source it was parsed from.
    pub fn source_name(&self) -> &Str {
        &self.source.name
    }

    /// Whether it holds nothing but white space. Such a definition never replaces another.
    pub fn is_empty(&self) -> bool {
        self.root.iter().all(|node| match node {
            Node::Text { text, .. } => {
                let text = text.to_text();
                text.trim_matches(crate::parse::is_go_space).is_empty()
            }
            _ => false,
        })
    }

    /// The names that it calls with `template` or `block`, in order, with repeats.
    pub fn calls(&self) -> Vec<&Str> {
        let mut names = Vec::new();
        let mut pending: Vec<&Node> = self.root.iter().rev().collect();
        while let Some(node) = pending.pop() {
            match node {
                Node::Template(call) => names.push(&call.name),
                Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                    pending.extend(branch.otherwise.iter().flatten().rev());
                    pending.extend(branch.body.iter().rev());
                }
                _ => {}
            }
        }
        names
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // Nested pipelines are dropped by recursion; a level takes a few hundred bytes.
        if self.depth > 200 {
            let root = std::mem::take(&mut self.root);
            stacker::grow(self.depth * 2048, || drop(root));
        }
    }
}
