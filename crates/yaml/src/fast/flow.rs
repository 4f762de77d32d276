//! Lists in brackets.

use std::borrow::Cow;

use super::Reader;
use super::make::Make;
use crate::node::ScalarStyle;

impl<M: Make> Reader<'_, M> {
    /// A list in brackets of quoted strings and simple words on one line.
    pub(super) fn flow_list(&mut self, depth: usize) -> Option<M::Value> {
        let base = self.items.len();
        let place = self.make.place(self.at);
        self.at += 1;
        self.skip_spaces();
        while self.peek() != b']' {
            self.nodes += 1;
            if depth + 2 > self.options.budget.depth || self.nodes > self.options.budget.nodes {
                return None;
            }
            let item = match self.peek() {
                b'"' | b'\'' => self.quoted()?,
                _ => {
                    let start = self.at;
                    while matches!(self.peek(), b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'/' | b'*')
                        || (self.peek() == b'-' && self.at > start)
                    {
                        self.at += 1;
                    }
                    let text = self
                        .text
                        .get(start..self.at)
                        .filter(|text| !text.is_empty() && !text.starts_with('*'))?;
                    let place = self.make.place(start);
                    self.make.scalar(place, Cow::Borrowed(text), ScalarStyle::Plain)?
                }
            };
            self.items.push(item);
            self.skip_spaces();
            match self.peek() {
                b',' => self.at += 1,
                b']' => break,
                _ => return None,
            }
            self.skip_spaces();
        }
        self.at += 1;
        self.make.list(place, self.items.drain(base..), true)
    }
}
