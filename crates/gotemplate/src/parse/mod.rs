//! Template text to trees: lexer, parser, printer.

mod action;
mod lexer;
mod node;
mod number;
mod parser;
mod print;
mod rune;
mod token;
mod unquote;

pub use node::Tree;
pub(crate) use node::{Branch, Command, Node, Operand, Pipe, Source};
pub(crate) use number::{parse_float, parse_int};
pub(crate) use parser::parse;
pub(crate) use rune::{decode, is_digit, is_letter, is_print, runes};

/// Go's `unicode.IsSpace`.
pub(crate) fn is_go_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0b' | '\x0c' | '\r' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}')
        || matches!(
            c,
            '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
        )
}
