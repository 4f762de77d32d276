//! [`write()`]: a value as `kubectl -o yaml` prints it.

mod analysis;
mod canonical;
mod number;
mod order;
mod printer;
mod tree;

use tautline_core::Value;

use crate::read::Resolver;
use crate::scalar::{Scalar, resolve};

pub use canonical::{write_canonical, write_canonical_onto};
pub(crate) use number::float_key;
pub use tree::{Style, write_node};

use analysis::Analysis;
use printer::{Printer, Quoting};

/// Writes a value byte for byte as sigs.k8s.io/yaml 1.6 `Marshal` and `kubectl -o yaml` (1.37) do: keys in
/// natural order, lists not indented, strings quoted where they would not read back as strings, long ones
/// folded at 80 columns.
///
/// Go reaches YAML through JSON, where the line break NEL (U+0085) in a string folds to a space; so here.
pub fn write(value: &Value) -> String {
    let mut printer = Printer::new();
    emit(value, &mut printer, false);
    printer.finish()
}

/// Writes a value at the printer's place; `in_map` when it is a map's value.
fn emit(value: &Value, printer: &mut Printer, in_map: bool) {
    match value {
        Value::Null => printer.plain("null"),
        Value::Bool(b) => printer.plain(if *b { "true" } else { "false" }),
        Value::Int(n) => printer.plain(&n.to_string()),
        Value::Float(n) => printer.plain(&number::float(*n)),
        Value::String(text) => string(text, printer, false),
        Value::List(list) if list.is_empty() => printer.plain("[]"),
        Value::Map(map) if map.is_empty() => printer.plain("{}"),
        Value::List(list) => {
            printer.open(in_map);
            for item in list.iter() {
                printer.item();
                emit(item, printer, false);
            }
            printer.close();
        }
        Value::Map(map) => {
            printer.open(false);
            for (key, value) in order::sorted(map) {
                let simple = is_simple_key(key);
                printer.key(simple, |printer| string(key, printer, simple));
                emit(value, printer, true);
            }
            printer.close();
        }
    }
}

/// A string, as a simple key or not.
fn string(text: &str, printer: &mut Printer, key: bool) {
    let folded;
    let text = if text.contains('\u{85}') {
        folded = fold_next_lines(text);
        &folded
    } else {
        text
    };
    printer.scalar(text, quoting(text, key), !key);
}

/// How go-yaml v2 writes a string.
fn quoting(text: &str, key: bool) -> Quoting {
    if is_word(text) {
        return if resolve(text, Resolver::V2) == Scalar::String { Quoting::Plain } else { Quoting::Double };
    }
    let analysis = Analysis::of(text);
    let is_text = resolve(text, Resolver::V2) == Scalar::String && !is_base60(text);
    if text.contains('\n') {
        return if analysis.block && !key { Quoting::Literal } else { Quoting::Double };
    }
    if !is_text {
        return Quoting::Double;
    }
    if analysis.plain && !(key && analysis.multiline) {
        Quoting::Plain
    } else if analysis.single && !(key && analysis.multiline) {
        Quoting::Single
    } else {
        Quoting::Double
    }
}

/// Whether every character may stand anywhere in a plain scalar, as of most texts.
fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/'))
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'.' | b'-'))
}

/// Whether text is written as it is, without quotes, where a value stands.
pub fn is_written_plain(text: &str) -> bool {
    let quoting = match text.contains('\u{85}') {
        true => quoting(&fold_next_lines(text), false),
        false => quoting(text, false),
    };
    quoting == Quoting::Plain
}

/// A key of one line and up to 128 bytes; a longer one gets a `?`.
fn is_simple_key(key: &str) -> bool {
    key.len() <= 128 && (is_word(key) || !Analysis::of(key).multiline)
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`: base 60 to YAML 1.1's other readers.
fn is_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let Some((first, rest)) = unsigned.split_once(':') else {
        return false;
    };
    let (sixties, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let underscored = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    first.starts_with(|c: char| c.is_ascii_digit())
        && underscored(first)
        && underscored(fraction)
        && sixties.split(':').all(|part| match part.as_bytes() {
            [one] => one.is_ascii_digit(),
            [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
            _ => false,
        })
}

/// What reading a double-quoted string makes of raw NEL characters: a break, folded with the spaces around.
fn fold_next_lines(text: &str) -> String {
    let mut pieces = text.split('\u{85}');
    let mut out = pieces.next().unwrap_or_default().trim_end_matches(' ').to_owned();
    let mut breaks = 0;
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        breaks += 1;
        let last = pieces.peek().is_none();
        let piece = piece.trim_start_matches(' ');
        let piece = if last { piece } else { piece.trim_end_matches(' ') };
        if piece.is_empty() && !last {
            continue;
        }
        out.push_str(&if breaks == 1 { " ".to_owned() } else { "\n".repeat(breaks - 1) });
        out.push_str(piece);
        breaks = 0;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    #[test]
    fn shapes() {
        let value = value!({
            "a": [1, [2, 3], { "x": 1, "y": [{ "z": null }] }], "e": {}, "l": [], "s": "yes", "t": "a\n", "n": "1:30"
        });
        assert_eq!(
            write(&value),
            "a:\n- 1\n- - 2\n  - 3\n- x: 1\n  \"y\":\n  - z: null\ne: {}\nl: []\n\"n\": \"1:30\"\ns: \"yes\"\nt: |\n  a\n"
        );
        assert_eq!(write(&Value::string("x")), "x\n");
        assert_eq!(write(&value!([[1], {}])), "- - 1\n- {}\n");
    }
}
