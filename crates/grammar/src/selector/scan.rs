//! The string form of label selectors.

use super::{LabelSelector, Operator, Requirement, SelectorError};

pub(super) fn parse(text: &str) -> Result<LabelSelector, SelectorError> {
    let mut parser = Parser { text, tokens: tokens(text), at: 0 };
    let mut requirements = Vec::new();
    loop {
        match parser.peek() {
            None => break,
            Some("!") => {
                parser.take();
                let key = parser.word(false, "identifier")?;
                requirements.push(Requirement::new(key, Operator::DoesNotExist, [""; 0])?);
            }
            Some(token) if is_word(token) => requirements.push(parser.requirement()?),
            Some(_) => return Err(parser.expected("!, identifier, or 'end of string'")),
        }
        match parser.take() {
            None => break,
            Some(",") if parser.peek().is_none_or(|t| t != "!" && !is_word(t)) => {
                return Err(parser.expected("identifier after ','"));
            }
            Some(",") => {}
            Some(_) => {
                parser.at -= 1;
                return Err(parser.expected("',' or 'end of string'"));
            }
        }
    }
    Ok(LabelSelector::new(requirements))
}

/// Splits at white space; special characters stand alone, except `==` and `!=`.
fn tokens(text: &str) -> Vec<&str> {
    let special = |c: char| "=!(),><".contains(c);
    let space = |c: char| " \t\r\n".contains(c);
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(space);
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("==") || rest.starts_with("!=") {
            2
        } else if special(first) {
            1
        } else {
            rest.find(|c| special(c) || space(c)).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start_matches(space);
    }
    tokens
}

fn is_word(token: &str) -> bool {
    !token.starts_with(['=', '!', '(', ')', ',', '>', '<'])
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        let key = self.word(true, "identifier")?;
        let operator = match self.peek() {
            None | Some(",") => return Requirement::new(key, Operator::Exists, [""; 0]),
            Some("in") => Operator::In,
            Some("notin") => Operator::NotIn,
            Some("=") => Operator::Equals,
            Some("==") => Operator::DoubleEquals,
            Some("!=") => Operator::NotEquals,
            Some(">") => Operator::GreaterThan,
            Some("<") => Operator::LessThan,
            Some(_) => return Err(self.expected("in, notin, =, ==, !=, gt, lt")),
        };
        self.take();
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.value()?],
        };
        Requirement::new(key, operator, values)
    }

    /// One value; nothing before a comma or the end is the empty value.
    fn value(&mut self) -> Result<&'a str, SelectorError> {
        match self.peek() {
            None | Some(",") => Ok(""),
            _ => self.word(true, "identifier"),
        }
    }

    /// A list in parentheses, where nothing beside a comma is the empty value.
    fn values(&mut self) -> Result<Vec<&'a str>, SelectorError> {
        if self.peek() != Some("(") {
            return Err(self.expected("'('"));
        }
        self.take();
        let mut values = Vec::new();
        let mut empty = true;
        loop {
            match self.peek() {
                Some(")") => {
                    if empty {
                        values.push("");
                    }
                    self.take();
                    return Ok(values);
                }
                Some(",") => {
                    if empty {
                        values.push("");
                    }
                    empty = true;
                    self.take();
                }
                Some(word) if is_word(word) && empty => {
                    values.push(word);
                    empty = false;
                    self.take();
                }
                Some(word) if is_word(word) => return Err(self.expected("',' or ')'")),
                _ => return Err(self.expected("',', ')' or identifier")),
            }
        }
    }

    fn word(&mut self, operators_too: bool, expected: &'static str) -> Result<&'a str, SelectorError> {
        match self.peek() {
            Some(token) if is_word(token) && (operators_too || (token != "in" && token != "notin")) => {
                self.take();
                Ok(token)
            }
            _ => Err(self.expected(expected)),
        }
    }

    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn take(&mut self) -> Option<&'a str> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    fn expected(&self, expected: &'static str) -> SelectorError {
        let found = self.peek().unwrap_or_default().to_owned();
        SelectorError::Syntax { text: self.text.to_owned(), found, expected }
    }
}
