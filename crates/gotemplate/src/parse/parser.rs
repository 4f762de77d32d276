//! The parser's top: sources, definitions, and the tokens it looks ahead at. Actions are in `action`.

use std::collections::HashMap;
use std::sync::Arc;

use super::lexer::Lexer;
use super::node::{Node, Source, Tree, Variable};
use super::token::{Kind, Token};
use super::unquote::{BadSyntax, unquote};
use crate::{Functions, Go, ParseError, Str};

/// How deep blocks and parentheses may nest, as Go 1.26 limits parentheses.
const DEPTH: usize = 10_000;

/// Parses a source into its trees: the definitions, and the source itself under its own name.
///
/// A name defined twice is an error unless one of the two is empty.
pub(crate) fn parse(
    name: &Str,
    text: &[u8],
    functions: &Functions,
    go: Go,
) -> Result<Vec<Arc<Tree>>, ParseError> {
    let source = Arc::new(Source { name: name.clone(), text: text.into() });
    let mut lexer = Lexer::new(&source.text);
    lexer.counts_comments = go >= Go::V1_26;
    lexer.break_is_keyword = functions.get("break").is_none();
    lexer.continue_is_keyword = functions.get("continue").is_none();
    let mut parser = Parser {
        lexer,
        source: &source,
        functions,
        trees: Vec::new(),
        numbers: HashMap::from([(&b"$"[..], 0)]),
        nodes: Vec::new(),
        state: State::default(),
        depth: 0,
        deepest: 0,
    };
    let root = parser.top()?;
    parser.add(name.clone(), root)?;
    Ok(parser.trees)
}

pub(super) type Parsed<T> = Result<T, ParseError>;

/// A token list with what ended it.
pub(super) enum Item {
    Node(Node),
    End,
    Else,
}

pub(super) struct Parser<'s> {
    lexer: Lexer<'s>,
    source: &'s Arc<Source>,
    pub(super) functions: &'s Functions,
    trees: Vec<Arc<Tree>>,
    /// The numbers of variables' names.
    numbers: HashMap<&'s [u8], u32>,
    /// The nodes of the lists that are being read, the innermost last: a list is moved out at its exact size.
    nodes: Vec<Node>,
    pub(super) state: State<'s>,
    depth: usize,
    deepest: usize,
}

/// What each definition has of its own.
pub(super) struct State<'s> {
    /// Tokens looked ahead at, the last first. The first is the last that was read: its line is the one in
    /// messages.
    tokens: [Option<Token<'s>>; 3],
    ahead: usize,
    pub(super) variables: Vec<&'s [u8]>,
    pub(super) action_line: usize,
    pub(super) ranges: usize,
}

impl Default for State<'_> {
    fn default() -> Self {
        Self { tokens: [None, None, None], ahead: 0, variables: vec![b"$"], action_line: 0, ranges: 0 }
    }
}

impl<'s> Parser<'s> {
    pub(super) fn next(&mut self) -> Token<'s> {
        let state = &mut self.state;
        if state.ahead > 0 {
            state.ahead -= 1;
        } else {
            state.tokens[0] = Some(self.lexer.next_token());
        }
        state.tokens[state.ahead].clone().unwrap_or_else(|| self.lexer.next_token())
    }

    pub(super) fn backup(&mut self) {
        self.state.ahead += 1;
    }

    /// Puts a token back before the one that was read last.
    pub(super) fn backup2(&mut self, first: Token<'s>) {
        self.state.tokens[1] = Some(first);
        self.state.ahead = 2;
    }

    pub(super) fn backup3(&mut self, first: Token<'s>, second: Token<'s>) {
        self.state.tokens[1] = Some(second);
        self.state.tokens[2] = Some(first);
        self.state.ahead = 3;
    }

    pub(super) fn peek(&mut self) -> Token<'s> {
        let token = self.next();
        self.backup();
        token
    }

    pub(super) fn next_word(&mut self) -> Token<'s> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    pub(super) fn peek_word(&mut self) -> Token<'s> {
        let token = self.next_word();
        self.backup();
        token
    }

    pub(super) fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let line = self.state.tokens[0].as_ref().map_or(0, |token| token.line);
        Err(ParseError { source_name: self.source.name.clone(), line, message: message.into() })
    }

    pub(super) fn unexpected<T>(&self, token: &Token<'s>, context: &str) -> Parsed<T> {
        if token.kind != Kind::Error {
            return self.error(format!("unexpected {token} in {context}"));
        }
        let mut extra = String::new();
        let started = self.state.action_line;
        if started != 0 && started != token.line {
            let action = if token.problem.ends_with(" action") { "" } else { " in action" };
            extra = format!("{action} started at {}:{started}", self.source.name);
        }
        self.error(format!("{token}{extra}"))
    }

    pub(super) fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Token<'s>> {
        let token = self.next_word();
        if token.kind == kind { Ok(token) } else { self.unexpected(&token, context) }
    }

    pub(super) fn variable(&mut self, name: &'s [u8]) -> Variable {
        let next = self.numbers.len() as u32;
        let id = *self.numbers.entry(name).or_insert(next);
        Variable { name: Str::from_bytes(name), id }
    }

    /// Goes one level deeper, with stack enough for it.
    pub(super) fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEPTH {
            return self.error("max expression depth exceeded");
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        let done = stacker::maybe_grow(128 << 10, 4 << 20, || work(self));
        self.depth -= 1;
        done
    }

    fn top(&mut self) -> Parsed<Vec<Node>> {
        let start = self.nodes.len();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let delim = self.next();
                if self.next_word().kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.backup2(delim);
            }
            match self.text_or_action()? {
                Item::Node(node) => self.nodes.push(node),
                Item::End => return self.error("unexpected {{end}}"),
                Item::Else => return self.error("unexpected {{else}}"),
            }
        }
        Ok(self.nodes.drain(start..).collect())
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let outer = std::mem::take(&mut self.state);
        let token = self.next_word();
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return self.unexpected(&token, CONTEXT);
        }
        let name = self.unquoted(&token)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        self.rest_of_definition(name, CONTEXT)?;
        self.state = outer;
        Ok(())
    }

    /// Parses the body of a `define` or `block` in a state of its own, up to its end.
    pub(super) fn rest_of_definition(&mut self, name: Str, context: &str) -> Parsed<()> {
        let (body, end) = self.items()?;
        if matches!(end, Item::Else) {
            return self.error(format!("unexpected {{{{else}}}} in {context}"));
        }
        self.add(name, body)
    }

    pub(super) fn unquoted(&self, token: &Token<'s>) -> Parsed<Str> {
        match unquote(token.text) {
            Ok(text) => Ok(Str::from_bytes(text)),
            Err(BadSyntax) => self.error("invalid syntax"),
        }
    }

    fn add(&mut self, name: Str, root: Vec<Node>) -> Parsed<()> {
        let tree = Tree { name, source: self.source.clone(), root, depth: self.deepest };
        let Some(i) = self.trees.iter().position(|other| other.name == tree.name) else {
            self.trees.push(Arc::new(tree));
            return Ok(());
        };
        if self.trees[i].is_empty() {
            self.trees[i] = Arc::new(tree);
        } else if !tree.is_empty() {
            let name = crate::format::quote(tree.name.as_bytes());
            return self.error(format!("template: multiple definition of template {name}"));
        }
        Ok(())
    }

    /// Everything up to an `end` or `else`.
    pub(super) fn items(&mut self) -> Parsed<(Vec<Node>, Item)> {
        let start = self.nodes.len();
        while self.peek_word().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => self.nodes.push(node),
                end => return Ok((self.nodes.drain(start..).collect(), end)),
            }
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Parsed<Item> {
        let token = self.next_word();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text { pos: token.pos, text: Str::from_bytes(token.text) })),
            Kind::LeftDelim => {
                self.state.action_line = token.line;
                let item = self.action()?;
                self.state.action_line = 0;
                Ok(item)
            }
            _ => self.unexpected(&token, "input"),
        }
    }
}
