//! The table of known keys in crate core.

use std::collections::BTreeSet;

/// The file with the field names added; labels and annotations that were there stay.
pub(crate) fn file(before: &str, names: Vec<String>) -> String {
    let (head, body) = before.split_once("pub(super) static NAMES").unwrap_or((before, ""));
    let quoted = body.split('"').skip(1).step_by(2);
    let mut keys: BTreeSet<String> = quoted.filter(|k| !k.starts_with("f:")).map(str::to_owned).collect();
    keys.extend(names);
    let prefixed: Vec<String> = keys.iter().filter(|k| *k != ".").map(|k| format!("f:{k}")).collect();
    keys.extend(prefixed);
    assert!(keys.len() < 4096, "the index in core has 8192 slots");
    let mut out = format!("{head}pub(super) static NAMES: [&str; {}] = [", keys.len());
    let mut line = String::new();
    for key in &keys {
        let word = format!("\"{key}\",");
        if line.len() + word.len() + 1 > 105 {
            out.push_str(&format!("\n   {line}"));
            line.clear();
        }
        line.push(' ');
        line.push_str(&word);
    }
    out.push_str(&format!("\n   {line}\n];\n"));
    out
}
