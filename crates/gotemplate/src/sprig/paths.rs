//! Slash-separated paths, as Go's `path`. The `os…` forms are those of Unix: templates render the same
//! everywhere.

use super::{S, fixed, made_bytes};
use crate::functions::{Entry, Native};

pub(super) const FUNCTIONS: &[Entry] = &[
    ("base", fixed(&[S]), BASE),
    ("dir", fixed(&[S]), DIR),
    ("clean", fixed(&[S]), CLEAN),
    ("ext", fixed(&[S]), EXT),
    ("isAbs", fixed(&[S]), IS_ABS),
    ("osBase", fixed(&[S]), BASE),
    ("osDir", fixed(&[S]), DIR),
    ("osClean", fixed(&[S]), CLEAN),
    ("osExt", fixed(&[S]), EXT),
    ("osIsAbs", fixed(&[S]), IS_ABS),
];

const BASE: Native = |call| {
    let text = base(call.text(0).as_bytes()).to_vec();
    made_bytes(call, text)
};
const DIR: Native = |call| {
    let text = call.text(0).as_bytes();
    let end = text.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
    let text = clean(&text[..end]);
    made_bytes(call, text)
};
const CLEAN: Native = |call| {
    let text = clean(call.text(0).as_bytes());
    made_bytes(call, text)
};
const EXT: Native = |call| {
    let text = call.text(0).as_bytes();
    let name = text.iter().rposition(|b| *b == b'/').map_or(text, |i| &text[i + 1..]);
    let ext = name.iter().rposition(|b| *b == b'.').map_or(&[][..], |i| &name[i..]).to_vec();
    made_bytes(call, ext)
};
const IS_ABS: Native = |call| Ok(call.text(0).as_bytes().starts_with(b"/").into());

fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |i| i + 1);
    let path = &path[..end];
    match path.iter().rposition(|b| *b == b'/').map_or(path, |i| &path[i + 1..]) {
        b"" => b"/",
        name => name,
    }
}

/// The shortest path to the same place, by its text alone.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.first() == Some(&b'/');
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
