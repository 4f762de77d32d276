//! A difference as text: unified, with context lines, coloured.

use std::fmt::Write;

use similar::DiffOp;

use super::View;
use super::lines::Lines;
use crate::Outcome;

/// How text is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextStyle {
    /// How many equal lines stand around a change.
    pub context: usize,
    /// Whether terminal colours are used.
    pub coloured: bool,
}

impl Default for TextStyle {
    /// Three lines of context, no colours.
    fn default() -> Self {
        Self { context: 3, coloured: false }
    }
}

impl TextStyle {
    /// Text in a colour: 31 red, 32 green, 33 yellow, 35 magenta, 36 cyan.
    pub fn paint(&self, colour: u8, text: &str) -> String {
        if self.coloured { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

impl View {
    /// The changed lines of the object's YAML in unified form, then why each field changes, and what is taken from
    /// whom. Empty if nothing differs.
    pub fn to_text(&self, style: &TextStyle) -> String {
        let mut out = String::new();
        if let Outcome::Unknown(why) = &self.outcome {
            let _ = writeln!(out, "    {}", printable(why));
        }
        let (before, after) = self.yaml();
        let lines = Lines::new(&before, &after);
        for hunk in lines.hunks(style.context) {
            hunk_text(&lines, &hunk, style, &mut out);
        }
        for change in &self.changes {
            let _ = writeln!(out, "    {}", printable(&change.to_string()));
        }
        for taken in &self.difference.taken {
            let _ = writeln!(
                out,
                "    {} is taken from {} ({})",
                printable(&taken.path),
                taken.from,
                taken.operation
            );
        }
        out
    }
}

fn hunk_text(lines: &Lines<'_>, hunk: &[DiffOp], style: &TextStyle, out: &mut String) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let range = |from: usize, to: usize| match to - from {
        1 => (from + 1).to_string(),
        0 => format!("{from},0"),
        len => format!("{},{len}", from + 1),
    };
    let old = range(first.old_range().start, last.old_range().end);
    let new = range(first.new_range().start, last.new_range().end);
    let _ = writeln!(out, "{}", style.paint(36, &format!("@@ -{old} +{new} @@")));
    for op in hunk {
        if let DiffOp::Equal { .. } = op {
            for line in lines.before.get(op.old_range()).into_iter().flatten() {
                let _ = writeln!(out, " {}", printable(line));
            }
            continue;
        }
        for line in lines.before.get(op.old_range()).into_iter().flatten() {
            let _ = writeln!(out, "{}", style.paint(31, &format!("-{}", printable(line))));
        }
        for line in lines.after.get(op.new_range()).into_iter().flatten() {
            let _ = writeln!(out, "{}", style.paint(32, &format!("+{}", printable(line))));
        }
    }
}

/// A line that cannot steer a terminal: control characters are written out.
fn printable(line: &str) -> String {
    if !line.contains(char::is_control) {
        return line.to_owned();
    }
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    line.chars().map(escape).collect()
}
