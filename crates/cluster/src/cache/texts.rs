//! Texts that many objects share, as numbers: namespaces, apps, nodes.

use std::collections::HashMap;

/// Texts with the number of their uses; a text that is used no more is forgotten.
#[derive(Debug)]
pub(super) struct Texts {
    texts: Vec<(Box<str>, u32)>,
    numbers: HashMap<Box<str>, u32>,
    free: Vec<u32>,
}

impl Default for Texts {
    fn default() -> Self {
        // Number 0 is the empty text, which is never forgotten.
        Self { texts: vec![("".into(), 1)], numbers: HashMap::from([("".into(), 0)]), free: Vec::new() }
    }
}

impl Texts {
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    pub(super) fn get(&self, number: u32) -> &str {
        &self.texts[number as usize].0
    }

    /// The text of a number that may be none of ours.
    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |(text, _)| text)
    }

    /// Counts one more use of a text.
    pub(super) fn take(&mut self, text: &str) -> u32 {
        let number = match (self.find(text), self.free.pop()) {
            (Some(number), free) => {
                self.free.extend(free);
                number
            }
            (None, Some(number)) => {
                self.texts[number as usize] = (text.into(), 0);
                self.numbers.insert(text.into(), number);
                number
            }
            (None, None) => {
                let number = self.texts.len() as u32;
                self.texts.push((text.into(), 0));
                self.numbers.insert(text.into(), number);
                number
            }
        };
        self.texts[number as usize].1 += 1;
        number
    }

    /// Counts one use less.
    pub(super) fn give(&mut self, number: u32) {
        let Some((text, uses)) = self.texts.get_mut(number as usize).filter(|_| number != 0) else { return };
        *uses = uses.saturating_sub(1);
        if *uses == 0 {
            self.numbers.remove(text);
            *text = "".into();
            self.free.push(number);
        }
    }
}
