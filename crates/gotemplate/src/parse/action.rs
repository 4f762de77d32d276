//! What stands between `{{` and `}}`: control structures, pipelines, commands, words.

use smallvec::SmallVec;

use super::node::{Branch, Call, Command, Node, Operand, Pipe, Variable};
use super::number::Constant;
use super::parser::{Item, Parsed, Parser};
use super::token::{Kind, Token};
use crate::format::quote;
use crate::{Str, Value};

/// `if`, `with` or `range`.
#[derive(Clone, Copy, PartialEq)]
enum Control {
    If,
    With,
    Range,
}

impl Control {
    fn name(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }

    fn node(self, branch: Branch) -> Node {
        let branch = Box::new(branch);
        match self {
            Self::If => Node::If(branch),
            Self::With => Node::With(branch),
            Self::Range => Node::Range(branch),
        }
    }
}

impl<'s> Parser<'s> {
    pub(super) fn action(&mut self) -> Parsed<Item> {
        let token = self.next_word();
        Ok(Item::Node(match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.jump(&token, "{{break}}")?,
            Kind::Continue => self.jump(&token, "{{continue}}")?,
            Kind::Else => return self.else_control(),
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::End);
            }
            Kind::If => self.control(Control::If)?,
            Kind::Range => self.control(Control::Range)?,
            Kind::Template => self.template()?,
            Kind::With => self.control(Control::With)?,
            _ => {
                self.backup();
                let pos = self.peek().pos;
                Node::Action { pos, pipe: self.pipeline("command", Kind::RightDelim)? }
            }
        }))
    }

    fn jump(&mut self, word: &Token<'s>, context: &str) -> Parsed<Node> {
        let token = self.next_word();
        if token.kind != Kind::RightDelim {
            return self.unexpected(&token, context);
        }
        if self.state.ranges == 0 {
            return self.error(format!("{context} outside {{{{range}}}}"));
        }
        let pos = word.pos;
        Ok(if word.kind == Kind::Break { Node::Break { pos } } else { Node::Continue { pos } })
    }

    fn else_control(&mut self) -> Parsed<Item> {
        let peek = self.peek_word();
        if matches!(peek.kind, Kind::If | Kind::With) {
            return Ok(Item::Else);
        }
        self.expect(Kind::RightDelim, "else")?;
        Ok(Item::Else)
    }

    fn control(&mut self, control: Control) -> Parsed<Node> {
        let known = self.state.variables.len();
        let branch = self.deeper(|parser| parser.branch(control))?;
        self.state.variables.truncate(known);
        Ok(control.node(branch))
    }

    fn branch(&mut self, control: Control) -> Parsed<Branch> {
        let pipe = self.pipeline(control.name(), Kind::RightDelim)?;
        let in_range = usize::from(control == Control::Range);
        self.state.ranges += in_range;
        let (body, end) = self.items()?;
        self.state.ranges -= in_range;
        let mut otherwise = None;
        if let Item::Else = end {
            let next = (control, self.peek().kind);
            let chained = matches!(next, (Control::If, Kind::If) | (Control::With, Kind::With));
            otherwise = Some(if chained {
                self.next();
                vec![self.control(control)?]
            } else {
                let (nodes, end) = self.items()?;
                if let Item::Else = end {
                    return self.error("expected end; found {{else}}");
                }
                nodes
            });
        }
        Ok(Branch { pos: pipe.pos, pipe, body, otherwise })
    }

    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let outer = std::mem::take(&mut self.state);
        let body = name.clone();
        self.deeper(|parser| parser.rest_of_definition(body, CONTEXT))?;
        self.state = outer;
        Ok(Node::Template(Box::new(Call { pos: token.pos, name, pipe: Some(pipe) })))
    }

    fn template(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_word();
        let name = self.template_name(&token, CONTEXT)?;
        let mut pipe = None;
        if self.next_word().kind != Kind::RightDelim {
            self.backup();
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        Ok(Node::Template(Box::new(Call { pos: token.pos, name, pipe })))
    }

    fn template_name(&mut self, token: &Token<'s>, context: &str) -> Parsed<Str> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquoted(token),
            _ => self.unexpected(token, context),
        }
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let pos = self.peek_word().pos;
        let (declares, assigns) = self.declarations(context)?;
        let mut commands: SmallVec<[Command; 4]> = SmallVec::new();
        loop {
            let token = self.next_word();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.backup();
                    commands.push(self.command()?);
                }
                _ => return self.unexpected(&token, context),
            }
        }
        self.check_pipeline(&commands, context)?;
        Ok(Pipe { pos, declares, assigns, commands: commands.into_boxed_slice() })
    }

    /// `$x :=`, `$x =`, or `$i, $x :=` of a range.
    fn declarations(&mut self, context: &str) -> Parsed<(Box<[Variable]>, bool)> {
        let mut declares: SmallVec<[Variable; 2]> = SmallVec::new();
        loop {
            let token = self.peek_word();
            if token.kind != Kind::Variable {
                return Ok((declares.into_boxed_slice(), false));
            }
            self.next();
            let after = self.peek();
            let next = self.peek_word();
            let comma = next.kind == Kind::Char && next.text == b",";
            if matches!(next.kind, Kind::Assign | Kind::Declare) || comma {
                self.next_word();
                let variable = self.variable(token.text);
                declares.push(variable);
                self.state.variables.push(token.text);
                if !comma {
                    return Ok((declares.into_boxed_slice(), next.kind == Kind::Assign));
                }
                if context != "range" || declares.len() >= 2 {
                    return self.error(format!("too many declarations in {context}"));
                }
                match self.peek_word().kind {
                    Kind::Variable | Kind::RightDelim | Kind::RightParen => continue,
                    _ => return self.error("range can only initialize variables"),
                }
            }
            if after.kind == Kind::Space {
                self.backup3(token, after);
            } else {
                self.backup2(token);
            }
            return Ok((declares.into_boxed_slice(), false));
        }
    }

    fn check_pipeline(&self, commands: &[Command], context: &str) -> Parsed<()> {
        if commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (i, command) in commands.iter().enumerate().skip(1) {
            let inert = matches!(
                command.args.first(),
                Some(
                    Operand::Bool { .. }
                        | Operand::Dot { .. }
                        | Operand::Nil { .. }
                        | Operand::Number { .. }
                        | Operand::String { .. }
                )
            );
            if inert {
                return self.error(format!("non executable command in pipeline stage {}", i + 1));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Parsed<Command> {
        let pos = self.peek_word().pos;
        let mut args: SmallVec<[Operand; 4]> = SmallVec::new();
        loop {
            self.peek_word();
            if let Some(operand) = self.operand()? {
                args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.backup(),
                Kind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        if args.is_empty() {
            return self.error("empty command");
        }
        Ok(Command { pos, args: args.into_boxed_slice() })
    }

    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let Some(term) = self.term()? else { return Ok(None) };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut fields: SmallVec<[Str; 4]> = SmallVec::new();
        while self.peek().kind == Kind::Field {
            let token = self.next();
            fields.push(Str::from_bytes(&token.text[1..]));
        }
        let pos = first.pos;
        Ok(Some(match term {
            // A longer field or variable stands where its last part begins to be read, as in Go's messages.
            Operand::Field { path, .. } => {
                Operand::Field { pos, path: path.into_iter().chain(fields).collect() }
            }
            Operand::Variable { variable, path, .. } => {
                Operand::Variable { pos, variable, path: path.into_iter().chain(fields).collect() }
            }
            Operand::Bool { .. }
            | Operand::String { .. }
            | Operand::Number { .. }
            | Operand::Nil { .. }
            | Operand::Dot { .. } => {
                return self.error(format!("unexpected . after term {}", quote(term.to_string().as_bytes())));
            }
            on => Operand::Chain { pos, on: Box::new(on), path: fields.into_boxed_slice() },
        }))
    }

    fn term(&mut self) -> Parsed<Option<Operand>> {
        let token = self.next_word();
        let pos = token.pos;
        Ok(Some(match token.kind {
            Kind::Identifier => {
                let name = String::from_utf8_lossy(token.text);
                match self.functions.get(&name) {
                    Some(function) => Operand::Function { pos, function: function.clone() },
                    None => {
                        return self.error(format!("function {} not defined", quote(token.text)));
                    }
                }
            }
            Kind::Dot => Operand::Dot { pos },
            Kind::Nil => Operand::Nil { pos },
            Kind::Variable => {
                if !self.state.variables.contains(&token.text) {
                    return self.error(format!("undefined variable {}", quote(token.text)));
                }
                Operand::Variable { pos, variable: self.variable(token.text), path: Box::default() }
            }
            Kind::Field => Operand::Field { pos, path: Box::new([Str::from_bytes(&token.text[1..])]) },
            Kind::Bool => Operand::Bool { pos, value: token.text == b"true" },
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                match Constant::parse(token.text, token.kind) {
                    Ok(constant) => Operand::Number { pos, constant },
                    Err(message) => return self.error(message),
                }
            }
            Kind::LeftParen => Operand::Pipe(Box::new(
                self.deeper(|parser| parser.pipeline("parenthesized pipeline", Kind::RightParen))?,
            )),
            Kind::String | Kind::RawString => {
                let text = self.unquoted(&token)?;
                Operand::String { pos, quoted: Str::from_bytes(token.text), text }
            }
            _ => {
                self.backup();
                return Ok(None);
            }
        }))
    }
}

impl Operand {
    /// The value of a literal whose type is free.
    pub(crate) fn literal(&self) -> Option<Value> {
        match self {
            Self::Bool { value, .. } => Some(Value::Bool(*value)),
            Self::Number { constant, .. } => constant.value.clone(),
            Self::String { text, .. } => Some(Value::String(text.clone())),
            _ => None,
        }
    }
}
