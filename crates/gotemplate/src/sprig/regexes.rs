//! Regular expressions: RE2's syntax on the regex crate, with Go's rules for empty matches.

mod syntax;

use std::collections::HashMap;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};

use super::{I, S, fixed, made_bytes};
use crate::functions::Entry;
use crate::parse::{decode, is_digit, is_letter};
use crate::value::Elem;
use crate::{Call, Failure, List, Str, Value};

pub(super) const FUNCTIONS: &[Entry] = &[
    ("regexMatch", fixed(&[S, S]), |call| {
        Ok(compiled(call).is_ok_and(|regex| regex.is_match(call.text(1).as_bytes())).into())
    }),
    ("mustRegexMatch", fixed(&[S, S]), |call| Ok(compiled(call)?.is_match(call.text(1).as_bytes()).into())),
    ("regexFind", fixed(&[S, S]), |call| first(call, true)),
    ("mustRegexFind", fixed(&[S, S]), |call| first(call, false)),
    ("regexFindAll", fixed(&[S, S, I]), |call| all(call, true)),
    ("mustRegexFindAll", fixed(&[S, S, I]), |call| all(call, false)),
    ("regexReplaceAll", fixed(&[S, S, S]), |call| replaced(call, true, true)),
    ("mustRegexReplaceAll", fixed(&[S, S, S]), |call| replaced(call, false, true)),
    ("regexReplaceAllLiteral", fixed(&[S, S, S]), |call| replaced(call, true, false)),
    ("mustRegexReplaceAllLiteral", fixed(&[S, S, S]), |call| replaced(call, false, false)),
    ("regexSplit", fixed(&[S, S, I]), |call| split(call, true)),
    ("mustRegexSplit", fixed(&[S, S, I]), |call| split(call, false)),
    ("regexQuoteMeta", fixed(&[S]), |call| {
        let mut out = Vec::with_capacity(call.text(0).len());
        for byte in call.text(0).as_bytes() {
            if br"\.+*?()|[]{}^$".contains(byte) {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        made_bytes(call, out)
    }),
];

/// Bytes that one compiled expression may take.
const SIZE: usize = 2 << 20;
/// Expressions that are kept compiled.
const KEPT: usize = 256;

/// The expressions of a run: each is compiled once.
#[derive(Debug, Default)]
pub(crate) struct RegexCache(HashMap<Str, Arc<Regex>>);

/// The compiled first argument, or Go's complaint.
fn compiled(call: &mut Call<'_>) -> Result<Arc<Regex>, Failure> {
    let source = call.text(0);
    call.engine.charge_steps(
        1 + call.args.iter().filter_map(Value::as_string).map(|s| s.len() as u64 / 64).sum::<u64>(),
    )?;
    if let Some(regex) = call.engine.regexes.0.get(source) {
        return Ok(regex.clone());
    }
    let translated = syntax::translate(source.as_bytes())?;
    call.engine.charge_steps(translated.len() as u64)?;
    let regex = RegexBuilder::new(&translated)
        .size_limit(SIZE)
        .dfa_size_limit(SIZE)
        .build()
        .map_err(|error| syntax::refused(source, &error))?;
    let regex = Arc::new(regex);
    if call.engine.regexes.0.len() >= KEPT {
        call.engine.regexes.0.clear();
    }
    call.engine.regexes.0.insert(source.clone(), regex.clone());
    Ok(regex)
}

/// The compiled first argument; sprig's plain forms panic as `regexp.MustCompile` does.
fn compiled_or_panic(call: &mut Call<'_>, panics: bool) -> Result<Arc<Regex>, Failure> {
    compiled(call).map_err(|failure| {
        if !panics || failure.budget().is_some() {
            return failure;
        }
        let source = call.text(0);
        let bytes = source.as_bytes();
        let is_odd = |c: char| matches!(c, '`' | '\u{7f}' | '\u{feff}') || (c < ' ' && c != '\t');
        let shown = match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains(is_odd) => format!("`{text}`"),
            _ => crate::format::quote(bytes),
        };
        failure.within(&format!("regexp: Compile({shown}): "))
    })
}

fn first(call: &mut Call<'_>, panics: bool) -> Result<Value, Failure> {
    let regex = compiled_or_panic(call, panics)?;
    let text = call.text(1);
    let found = regex.find(text.as_bytes()).map_or((0, 0), |m| (m.start(), m.end()));
    Ok(text.slice(found.0, found.1).into())
}

/// Matches as Go's `FindAll` gives them: no empty one right after another.
fn matches(
    call: &mut Call<'_>,
    regex: &Regex,
    text: &[u8],
    limit: usize,
) -> Result<Vec<(usize, usize)>, Failure> {
    let (mut found, mut at, mut last_end) = (Vec::new(), 0, None);
    while found.len() < limit && at <= text.len() {
        let Some(m) = regex.find_at(text, at) else { break };
        call.engine.charge_steps(1 + (m.end() - at) as u64 / 64)?;
        let accepted = !(m.end() == at && Some(m.start()) == last_end);
        at = if m.end() == at { at + decode(&text[at..]).map_or(1, |(_, w)| w) } else { m.end() };
        last_end = Some(m.end());
        if accepted {
            found.push((m.start(), m.end()));
        }
    }
    Ok(found)
}

fn limit_of(n: i64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn all(call: &mut Call<'_>, panics: bool) -> Result<Value, Failure> {
    let regex = compiled_or_panic(call, panics)?;
    let text = call.text(1);
    let found = matches(call, &regex, text.as_bytes(), limit_of(call.int(2)))?;
    Ok(if found.is_empty() {
        List::nil(Elem::String).into()
    } else {
        List::strings(found.into_iter().map(|(from, to)| text.slice(from, to))).into()
    })
}

fn split(call: &mut Call<'_>, panics: bool) -> Result<Value, Failure> {
    let regex = compiled_or_panic(call, panics)?;
    let (text, limit) = (call.text(1), call.int(2));
    if limit == 0 {
        return Ok(List::nil(Elem::String).into());
    }
    if !call.text(0).is_empty() && text.is_empty() {
        return Ok(List::strings([""]).into());
    }
    let found = matches(call, &regex, text.as_bytes(), limit_of(limit))?;
    let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
    for (from, to) in found {
        if limit > 0 && parts.len() as i64 == limit - 1 {
            break;
        }
        end = from;
        if to != 0 {
            parts.push(text.slice(begin, end));
        }
        begin = to;
    }
    if end != text.len() {
        parts.push(text.slice(begin, text.len()));
    }
    Ok(List::strings(parts).into())
}

fn replaced(call: &mut Call<'_>, panics: bool, expand: bool) -> Result<Value, Failure> {
    let regex = compiled_or_panic(call, panics)?;
    let (text, template) = (call.text(1).as_bytes(), call.text(2).as_bytes());
    let (mut out, mut at, mut last_end) = (Vec::with_capacity(text.len()), 0, 0);
    let mut groups = regex.capture_locations();
    while at <= text.len() {
        let Some(m) = regex.captures_read_at(&mut groups, text, at) else { break };
        out.extend_from_slice(&text[last_end..m.start()]);
        if m.end() > last_end || m.start() == 0 {
            let before = out.len();
            if expand {
                expand_into(&mut out, template, text, &regex, &groups);
            } else {
                out.extend_from_slice(template);
            }
            call.engine.charge_bytes(out.len() - before)?;
        }
        call.engine.charge_steps(1)?;
        last_end = m.end();
        let width = decode(&text[at..]).map_or(0, |(_, w)| w);
        at = if at + width > m.end() { at + width } else { m.end().max(at + 1) };
    }
    out.extend_from_slice(&text[last_end..]);
    made_bytes(call, out)
}

/// Go's `Expand`: `$1`, `${1}`, `$name`; a name is as long as it can be; unknown groups are empty.
fn expand_into(
    out: &mut Vec<u8>,
    template: &[u8],
    text: &[u8],
    regex: &Regex,
    groups: &regex::bytes::CaptureLocations,
) {
    let mut rest = template;
    while let Some(at) = rest.iter().position(|b| *b == b'$') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        if rest.get(1) == Some(&b'$') {
            out.push(b'$');
            rest = &rest[2..];
            continue;
        }
        let Some((name, len)) = group_name(rest) else {
            out.push(b'$');
            rest = &rest[1..];
            continue;
        };
        rest = &rest[len..];
        let number = match name.bytes().all(|b| b.is_ascii_digit()) {
            true => name.parse().ok(),
            false => regex.capture_names().position(|n| n == Some(name)),
        };
        if let Some((from, to)) = number.and_then(|n| groups.get(n)) {
            out.extend_from_slice(&text[from..to]);
        }
    }
    out.extend_from_slice(rest);
}

/// The name after a `$`, and the bytes it takes with its signs.
fn group_name(text: &[u8]) -> Option<(&str, usize)> {
    let braced = text.get(1) == Some(&b'{');
    let start = if braced { 2 } else { 1 };
    let mut end = start;
    while let Some((c, width)) = decode(text.get(end..)?) {
        if c != '_' && !is_letter(c) && !is_digit(c) {
            break;
        }
        end += width;
    }
    if end == start || (braced && text.get(end) != Some(&b'}')) {
        return None;
    }
    let name = std::str::from_utf8(&text[start..end]).ok()?;
    Some((name, end + usize::from(braced)))
}
