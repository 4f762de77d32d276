//! The natural order in which go-yaml v2 writes keys.

use std::cmp::Ordering;

use tautline_core::{Key, Map, Value};

/// The entries of a map as they are written.
pub(super) fn sorted(map: &Map) -> Vec<(&Key, &Value)> {
    let mut entries: Vec<(&Key, &Value)> = map.iter().collect();
    // Keys of lower-case letters and such are in order already; the comparison is costly.
    if !map.keys().all(|key| key.bytes().all(|b| b.is_ascii_lowercase())) {
        entries = merge_sort(entries);
    }
    entries
}

/// Puts anything with a name into the order in which keys are written.
pub(super) fn sort_named<T>(items: Vec<(&str, T)>) -> Vec<(&str, T)> {
    merge_sort(items)
}

/// A merge sort of our own: go-yaml's comparison is no total order, which the standard sort may refuse.
fn merge_sort<K: AsRef<str>, V>(mut entries: Vec<(K, V)>) -> Vec<(K, V)> {
    if entries.len() < 2 {
        return entries;
    }
    let right = merge_sort(entries.split_off(entries.len() / 2));
    let left = merge_sort(entries);
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next =
            if compare(b.0.as_ref(), a.0.as_ref()) == Ordering::Less { right.next() } else { left.next() };
        out.extend(next);
    }
    out.extend(left);
    out.extend(right);
    out
}

/// Letters by code point and after everything else, runs of digits by their number.
fn compare(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return by_characters(a.as_bytes(), b.as_bytes(), |b| char::from(*b));
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    by_characters(&a, &b, |c| *c)
}

fn by_characters<T>(a: &[T], b: &[T], character: fn(&T) -> char) -> Ordering {
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        let (x, y) = (character(x), character(y));
        if x == y {
            continue;
        }
        match (x.is_alphabetic(), y.is_alphabetic()) {
            (true, true) => return x.cmp(&y),
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (false, false) => {}
        }
        // A zero inside a number is no leading one: then both runs start with an equal, nonzero digit.
        let inner = (x == '0' || y == '0')
            && a.get(..i)
                .unwrap_or_default()
                .iter()
                .rev()
                .map(character)
                .take_while(char::is_ascii_digit)
                .any(|c| c != '0');
        let start = i64::from(inner);
        let ((x_length, x_number), (y_length, y_number)) =
            (number(a, i, start, character), number(b, i, start, character));
        return x_number.cmp(&y_number).then(x_length.cmp(&y_length)).then(x.cmp(&y));
    }
    a.len().cmp(&b.len())
}

fn number<T>(text: &[T], from: usize, start: i64, character: fn(&T) -> char) -> (usize, i64) {
    let digits = text.get(from..).unwrap_or_default().iter().map(character).take_while(char::is_ascii_digit);
    digits.fold((0, start), |(length, n), digit| {
        (length + 1, n.wrapping_mul(10).wrapping_add(i64::from(u32::from(digit) - u32::from('0'))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natural() {
        let keys = ["b", "a10", "a2", "a", "A", "_x", "a02", "", "1", "Z"];
        let map: Map = keys.into_iter().map(|key| (key, 1)).collect();
        let order: Vec<&str> = sorted(&map).into_iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(order, ["", "_x", "1", "A", "Z", "a", "a2", "a02", "a10", "b"]);
    }
}
