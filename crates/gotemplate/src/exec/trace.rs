//! [`Trace`]: which part of a template wrote which part of its output.

use std::sync::Arc;

use crate::parse::Source;

/// Which part of a template wrote which part of its output, as [`Engine::execute_traced`] notes it.
///
/// What another template writes within it counts as written by the action that called that one.
///
/// [`Engine::execute_traced`]: crate::Engine::execute_traced
#[derive(Clone, Debug)]
pub struct Trace {
    source: Arc<Source>,
    /// In the order of the output.
    marks: Vec<Mark>,
}

/// From here on the output is that of a node.
#[derive(Clone, Copy, Debug)]
struct Mark {
    output: usize,
    source: usize,
    /// Whether the output is the source's own text, byte for byte.
    is_text: bool,
}

impl Trace {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self { source, marks: Vec::new() }
    }

    pub(super) fn mark(&mut self, output: usize, source: usize, is_text: bool) {
        // What wrote nothing is of no interest.
        if self.marks.last().is_some_and(|last| last.output == output) {
            self.marks.pop();
        }
        self.marks.push(Mark { output, source, is_text });
    }

    /// The template's line, counted from 1, that wrote the byte of the output at a place.
    pub fn line(&self, output: usize) -> Option<usize> {
        let behind = self.marks.partition_point(|mark| mark.output <= output);
        let mark = self.marks.get(behind.checked_sub(1)?)?;
        let place = mark.source + if mark.is_text { output - mark.output } else { 0 };
        let before = self.source.text.get(..place)?;
        Some(1 + before.iter().filter(|b| **b == b'\n').count())
    }

    /// Takes note that bytes were taken out of the output behind a place.
    pub fn removed(&mut self, at: usize, count: usize) {
        for mark in self.marks.iter_mut().filter(|mark| mark.output > at) {
            mark.output = mark.output.saturating_sub(count).max(at);
        }
    }
}
