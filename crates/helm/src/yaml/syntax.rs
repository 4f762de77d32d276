//! What go-yaml says of text that breaks the grammar.
//!
//! Its reader is libyaml, translated, so the Rust translation of libyaml finds the same faults in the same
//! places. It is asked only when a text was refused, or holds what the two grammars see differently.

use libyaml_safer::{ErrorKind, EventData, Parser};

/// Whether a text holds something that only YAML 1.2 allows: tabs before a token, directives, and content behind
/// a document's start.
pub(super) fn is_doubtful(text: &str) -> bool {
    let is_odd = |line: &str| {
        let content = line.trim_start_matches(' ');
        content.starts_with('\t') || line.starts_with('%') || line.starts_with("--- ")
    };
    // Most texts hold none of these bytes, and are not looked at line by line.
    let may_be = |byte: u8| text.as_bytes().contains(&byte);
    (may_be(b'\t') || may_be(b'%') || text.starts_with("--- ") || text.contains("\n--- "))
        && text.lines().any(is_odd)
}

/// The first fault of the first document.
pub(super) fn fault(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    loop {
        match parser.parse() {
            Ok(event) => match event.data {
                EventData::DocumentStart { version_directive: Some(version), .. }
                    if (version.major, version.minor) != (1, 1) =>
                {
                    return Some(at(event.start_mark.line, "found incompatible YAML document"));
                }
                EventData::DocumentEnd { .. } | EventData::StreamEnd => return None,
                _ => {}
            },
            Err(error) => {
                let mark = error.problem_mark().map_or(0, |mark| mark.line);
                // go-yaml counts lines from zero, and corrects that only for what its scanner finds.
                let line = match (error.kind(), mark) {
                    (ErrorKind::Scanner, 1..) => mark + 1,
                    (_, 0) => error.context_mark().map_or(0, |mark| mark.line),
                    _ => mark,
                };
                return Some(at(line, error.problem()));
            }
        }
    }
}

fn at(line: u64, what: &str) -> String {
    if line == 0 { format!("yaml: {what}") } else { format!("yaml: line {line}: {what}") }
}
