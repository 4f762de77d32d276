//! [`Token`]: what the lexer hands to the parser.

use std::fmt;

use crate::format::quote;

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    /// The keyword a word is.
    pub(super) fn keyword(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"block" => Self::Block,
            b"break" => Self::Break,
            b"continue" => Self::Continue,
            b"define" => Self::Define,
            b"else" => Self::Else,
            b"end" => Self::End,
            b"if" => Self::If,
            b"range" => Self::Range,
            b"nil" => Self::Nil,
            b"template" => Self::Template,
            b"with" => Self::With,
            _ => return None,
        })
    }

    fn is_keyword(self) -> bool {
        self as u8 >= Self::Block as u8
    }
}

/// One token.
#[derive(Clone, Debug)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    /// Where it begins, in bytes.
    pub(super) pos: usize,
    /// Its text.
    pub(super) text: &'s [u8],
    /// What is wrong, for [`Kind::Error`].
    pub(super) problem: String,
    /// The line it begins on, counted from 1.
    pub(super) line: usize,
}

impl fmt::Display for Token<'_> {
    /// Prints it as Go's messages name a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Eof => f.write_str("EOF"),
            Kind::Error => f.write_str(&self.problem),
            kind if kind.is_keyword() => write!(f, "<{}>", String::from_utf8_lossy(self.text)),
            _ if self.text.len() > 10 => write!(f, "{}...", quote(crate::format::first_runes(self.text, 10))),
            _ => f.write_str(&quote(self.text)),
        }
    }
}
