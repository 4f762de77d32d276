//! [`Run`]: the execution of one template: walking its nodes.

use smallvec::SmallVec;

use super::{Engine, Trace};
use crate::parse::{Branch, Command, Node, Operand, Pipe, Tree};
use crate::{ExecError, Failure, Place, Str, Value};

/// A value with what Go's static type would say: whether it sits in an `interface {}`.
///
/// It shows in messages only: a field of a string is missing "in type interface {}" when the string came out
/// of a map, and "in type string" when a function made it.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) value: Value,
    pub(super) boxed: bool,
}

impl Got {
    pub(super) fn plain(value: Value) -> Self {
        Self { value, boxed: false }
    }

    pub(super) fn type_name(&self) -> String {
        if self.boxed || matches!(self.value, Value::Nil) {
            "interface {}".to_owned()
        } else {
            self.value.type_name()
        }
    }
}

/// The node that messages point at.
#[derive(Clone, Copy, Debug)]
pub(super) enum At<'t> {
    Nothing,
    Node(&'t Node),
    Pipe(&'t Pipe),
    Command(&'t Command),
    Operand(&'t Operand),
}

/// How a node ended.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

/// An error on its way out; boxed, since it is rare and large.
pub(super) type Done<T> = Result<T, Box<ExecError>>;

struct Bound {
    id: u32,
    got: Got,
}

/// The execution of one template.
pub(crate) struct Run<'e, 't> {
    pub(super) engine: &'e mut Engine,
    pub(super) tree: &'t Tree,
    out: &'e mut Vec<u8>,
    at: At<'t>,
    variables: SmallVec<[Bound; 6]>,
    trace: Option<&'e mut Trace>,
}

impl<'e, 't> Run<'e, 't> {
    /// Executes a template into a buffer, and notes what wrote what if somebody asks.
    pub(crate) fn execute(
        engine: &mut Engine,
        tree: &Tree,
        dot: &Value,
        out: &mut Vec<u8>,
        trace: Option<&mut Trace>,
    ) -> Result<(), Failure> {
        // A nil that is given has no type: fields of it are quietly empty.
        let dot = Got::plain(if dot.is_nil() { Value::NoValue } else { dot.clone() });
        match engine.deeper(|engine| Run::start(engine, tree, &dot, out, trace).map_err(|error| *error)) {
            Some(done) => Ok(done?),
            None => Err(too_deep(engine)),
        }
    }

    fn start(
        engine: &'e mut Engine,
        tree: &'t Tree,
        dot: &Got,
        out: &'e mut Vec<u8>,
        trace: Option<&'e mut Trace>,
    ) -> Done<()> {
        let mut run = Run { engine, tree, out, at: At::Nothing, variables: SmallVec::new(), trace };
        run.push(0, dot.clone());
        run.walk(dot, &tree.root).map(|_| ())
    }

    pub(super) fn at(&mut self, at: At<'t>) {
        self.at = at;
    }

    /// Fails at the node that is being looked at.
    pub(super) fn error<T>(&self, message: impl Into<String>) -> Done<T> {
        self.fail(Failure::new(message))
    }

    pub(super) fn fail<T>(&self, failure: Failure) -> Done<T> {
        Err(Box::new(ExecError { template: self.tree.name.clone(), place: self.place(), failure }))
    }

    fn place(&self) -> Option<Place> {
        let (pos, node): (usize, &dyn std::fmt::Display) = match &self.at {
            At::Nothing => return None,
            At::Node(node) => (node.pos(), node),
            At::Pipe(pipe) => (pipe.pos, pipe),
            At::Command(command) => (command.pos, command),
            At::Operand(operand) => (operand.pos(), operand),
        };
        // Nodes print by recursion; a level takes a few hundred bytes, more in debug builds.
        let stack = (64 << 10) + self.tree.depth * 8192;
        let node = stacker::maybe_grow(stack, stack, || node.to_string());
        let source = &self.tree.source;
        let before = &source.text[..pos.min(source.text.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        Some(Place { source_name: source.name.clone(), line, column: pos - line_start, node })
    }

    pub(super) fn step(&mut self) -> Done<()> {
        match self.engine.charge_steps(1) {
            Ok(()) => Ok(()),
            Err(failure) => self.fail(failure),
        }
    }

    pub(super) fn walk(&mut self, dot: &Got, nodes: &'t [Node]) -> Done<Flow> {
        for node in nodes {
            let flow = self.node(dot, node)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, dot: &Got, node: &'t Node) -> Done<Flow> {
        self.at(At::Node(node));
        self.step()?;
        if let Some(trace) = &mut self.trace {
            trace.mark(self.out.len(), node.pos(), matches!(node, Node::Text { .. }));
        }
        match node {
            Node::Text { text, .. } => self.write(text.as_bytes())?,
            Node::Action { pipe, .. } => {
                let value = self.pipeline(dot, pipe)?;
                if pipe.declares.is_empty() {
                    self.at(At::Node(node));
                    self.print(node, &value)?;
                }
            }
            Node::If(branch) => return self.if_or_with(dot, branch, false),
            Node::With(branch) => return self.if_or_with(dot, branch, true),
            Node::Range(branch) => return self.range(dot, branch),
            Node::Template(call) => self.template(dot, &call.name, call.pipe.as_ref())?,
            Node::Break { .. } => return Ok(Flow::Break),
            Node::Continue { .. } => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn if_or_with(&mut self, dot: &Got, branch: &'t Branch, with: bool) -> Done<Flow> {
        let mark = self.mark();
        let value = self.pipeline(dot, &branch.pipe)?;
        let flow = if !value.is_true() {
            match &branch.otherwise {
                Some(otherwise) => self.nested(dot, otherwise),
                None => Ok(Flow::Next),
            }
        } else if with {
            self.nested(&Got::plain(value), &branch.body)
        } else {
            self.nested(dot, &branch.body)
        };
        self.pop(mark);
        flow
    }

    /// Walks nodes one block deeper, with stack enough for it.
    pub(super) fn nested(&mut self, dot: &Got, nodes: &'t [Node]) -> Done<Flow> {
        stacker::maybe_grow(128 << 10, 4 << 20, || self.walk(dot, nodes))
    }

    fn template(&mut self, dot: &Got, name: &Str, pipe: Option<&'t Pipe>) -> Done<()> {
        let Some(tree) = self.engine.lookup(name.as_bytes()) else {
            return self.error(format!("template {} not defined", crate::format::quote(name.as_bytes())));
        };
        if self.engine.is_deepest() {
            return self.fail(too_deep(self.engine));
        }
        let dot = match pipe {
            Some(pipe) => Got::plain(self.pipeline(dot, pipe)?),
            None => Got::plain(Value::NoValue),
        };
        let out = &mut *self.out;
        match self.engine.deeper(|engine| Run::start(engine, &tree, &dot, out, None).map_err(|error| *error))
        {
            Some(done) => done.map_err(Box::new),
            None => self.fail(too_deep(self.engine)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Done<()> {
        if let Err(failure) = self.engine.charge_bytes(bytes.len()) {
            return self.fail(failure);
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn print(&mut self, node: &Node, value: &Value) -> Done<()> {
        match value {
            Value::String(text) => self.write(text.as_bytes()),
            Value::NoValue | Value::Nil => self.write(b"<no value>"),
            Value::Function(_) => self.error(format!("can't print {node} of type {}", value.type_name())),
            Value::Int(n) => {
                let text = n.to_string();
                self.write(text.as_bytes())
            }
            Value::Bool(b) => self.write(if *b { b"true" } else { b"false" }),
            value => match crate::format::sprint(std::slice::from_ref(value), self.engine.bytes_left()) {
                Ok(text) => self.write(text.as_bytes()),
                Err(failure) => self.fail(failure),
            },
        }
    }

    pub(super) fn mark(&self) -> usize {
        self.variables.len()
    }

    pub(super) fn pop(&mut self, mark: usize) {
        self.variables.truncate(mark);
    }

    pub(super) fn push(&mut self, id: u32, got: Got) {
        self.variables.push(Bound { id, got });
    }

    /// Sets the variable that was declared last under a name. Nothing if there is none.
    pub(super) fn set(&mut self, id: u32, got: Got) -> Option<()> {
        self.variables.iter_mut().rev().find(|bound| bound.id == id).map(|bound| bound.got = got)
    }

    /// Sets the `n`th variable from the top.
    pub(super) fn set_top(&mut self, n: usize, got: Got) {
        let i = self.variables.len().wrapping_sub(n);
        if let Some(bound) = self.variables.get_mut(i) {
            bound.got = got;
        }
    }

    pub(super) fn variable(&self, id: u32) -> Option<&Got> {
        self.variables.iter().rev().find(|bound| bound.id == id).map(|bound| &bound.got)
    }
}

/// Templates within templates without end.
fn too_deep(engine: &Engine) -> Failure {
    let limit = engine.options().max_depth;
    Failure {
        exhausted: Some(crate::Exhausted::Depth),
        ..Failure::new(format!("exceeded maximum template depth ({limit})"))
    }
}

impl Node {
    fn pos(&self) -> usize {
        match self {
            Self::Text { pos, .. }
            | Self::Action { pos, .. }
            | Self::Break { pos }
            | Self::Continue { pos } => *pos,
            Self::If(branch) | Self::With(branch) | Self::Range(branch) => branch.pos,
            Self::Template(call) => call.pos,
        }
    }
}
