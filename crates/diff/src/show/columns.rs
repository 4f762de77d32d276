//! A difference in two columns: the model of a page that shows both sides.

use similar::DiffOp;

use super::View;
use super::lines::Lines;

/// A run of rows; what lies between two sections is equal on both sides.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// The rows from top to bottom.
    pub rows: Vec<Row>,
}

/// One row: a line on either side, or on one.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// What happens in this row.
    pub kind: RowKind,
    /// The live side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Line>,
    /// The side after a write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<Line>,
}

/// What happens in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RowKind {
    /// Both sides are equal.
    Equal,
    /// Both sides have a line, and they differ.
    Changed,
    /// Only the live side has a line.
    Removed,
    /// Only the side after a write has one.
    Added,
}

/// One line of YAML.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Counted from 1, on its side.
    pub number: usize,
    /// The text, without the line break.
    pub text: String,
}

impl View {
    /// The changed lines of the object's YAML side by side, with so many equal rows around each change.
    pub fn to_columns(&self, context: usize) -> Vec<Section> {
        let (before, after) = self.yaml();
        let lines = Lines::new(&before, &after);
        let hunks = lines.hunks(context);
        hunks
            .iter()
            .map(|hunk| Section { rows: hunk.iter().flat_map(|op| rows(&lines, op)).collect() })
            .collect()
    }
}

fn rows(lines: &Lines<'_>, op: &DiffOp) -> Vec<Row> {
    let (old, new) = (op.old_range(), op.new_range());
    let line = |of: &[&str], at: usize, end: usize| {
        (at < end).then(|| of.get(at).map(|text| Line { number: at + 1, text: (*text).to_owned() })).flatten()
    };
    let row = |i: usize| {
        let left = line(&lines.before, old.start + i, old.end);
        let right = line(&lines.after, new.start + i, new.end);
        let kind = match (op, &left, &right) {
            (DiffOp::Equal { .. }, _, _) => RowKind::Equal,
            (_, Some(_), Some(_)) => RowKind::Changed,
            (_, Some(_), None) => RowKind::Removed,
            (_, None, _) => RowKind::Added,
        };
        Row { kind, left, right }
    };
    (0..old.len().max(new.len())).map(row).collect()
}
