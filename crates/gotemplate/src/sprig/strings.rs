//! Strings: trimming, cutting, joining, quoting, indenting, wrapping.

use super::{ANY, I, S, fixed, made, made_bytes, many, text_of};
use crate::functions::Entry;
use crate::parse::{is_go_space, runes};
use crate::value::Elem;
use crate::{Call, Failure, List, Map, Str, Value};

pub(super) const FUNCTIONS: &[Entry] = &[
    ("abbrev", fixed(&[I, S]), |call| {
        let (width, text) = (call.int(0), call.text(1));
        made_bytes(
            call,
            if width < 4 { text.as_bytes().to_vec() } else { abbreviate(text.as_bytes(), 0, width) },
        )
    }),
    ("abbrevboth", fixed(&[I, I, S]), |call| {
        let (left, right, text) = (call.int(0), call.int(1), call.text(2).as_bytes());
        let short = right < 4 || (left > 0 && right < 7);
        made_bytes(call, if short { text.to_vec() } else { abbreviate(text, left, right) })
    }),
    ("trunc", fixed(&[I, S]), trunc),
    ("trim", fixed(&[S]), |call| cut(call, 0, |b| trim_by(b, is_go_space))),
    ("substr", fixed(&[I, I, S]), substr),
    ("repeat", fixed(&[I, S]), repeat),
    ("trimall", fixed(&[S, S]), trim_all),
    ("trimAll", fixed(&[S, S]), trim_all),
    ("trimSuffix", fixed(&[S, S]), |call| {
        let suffix = call.text(0).as_bytes();
        cut(call, 1, |b| b.strip_suffix(suffix).unwrap_or(b))
    }),
    ("trimPrefix", fixed(&[S, S]), |call| {
        let prefix = call.text(0).as_bytes();
        cut(call, 1, |b| b.strip_prefix(prefix).unwrap_or(b))
    }),
    ("nospace", fixed(&[S]), no_space),
    ("wrap", fixed(&[I, S]), |call| {
        let (width, text) = (call.int(0), call.text(1).as_bytes());
        made_bytes(call, wrap(text, width, b"\n", false))
    }),
    ("wrapWith", fixed(&[I, S, S]), |call| {
        let (width, line, text) = (call.int(0), call.text(1).as_bytes(), call.text(2).as_bytes());
        let line = if line.is_empty() { b"\n" } else { line };
        call.engine
            .charge_bytes(line.len() * (text.len() / usize::try_from(width).unwrap_or(1).max(1) + 1))?;
        made_bytes(call, wrap(text, width, line, true))
    }),
    ("contains", fixed(&[S, S]), |call| {
        Ok(find(call.text(1).as_bytes(), call.text(0).as_bytes()).is_some().into())
    }),
    ("hasPrefix", fixed(&[S, S]), |call| {
        Ok(call.text(1).as_bytes().starts_with(call.text(0).as_bytes()).into())
    }),
    ("hasSuffix", fixed(&[S, S]), |call| {
        Ok(call.text(1).as_bytes().ends_with(call.text(0).as_bytes()).into())
    }),
    ("quote", many(&[], ANY), |call| {
        quoted(call, |value| Ok(crate::format::quote(text_of(value)?.as_bytes()).into_bytes()))
    }),
    ("squote", many(&[], ANY), |call| {
        quoted(call, |value| Ok([b"'", crate::format::to_text(value)?.as_bytes(), b"'"].concat()))
    }),
    ("cat", many(&[], ANY), cat),
    ("indent", fixed(&[I, S]), |call| indent(call, b"")),
    ("nindent", fixed(&[I, S]), |call| indent(call, b"\n")),
    ("replace", fixed(&[S, S, S]), replace),
    ("plural", fixed(&[S, S, I]), |call| Ok(call.arg(usize::from(call.int(2) != 1)).clone())),
    ("toString", fixed(&[ANY]), |call| {
        let text = text_of(call.arg(0))?;
        made(call, text)
    }),
    ("toStrings", fixed(&[ANY]), |call| Ok(List::strings(strings_of(call.arg(0))?).into())),
    ("join", fixed(&[S, ANY]), join),
    ("split", fixed(&[S, S]), |call| {
        let parts = split(call.text(1).as_bytes(), call.text(0).as_bytes(), None);
        numbered(call, parts)
    }),
    ("splitn", fixed(&[S, I, S]), |call| {
        let limit = usize::try_from(call.int(1)).ok();
        let parts = split(call.text(2).as_bytes(), call.text(0).as_bytes(), limit);
        numbered(call, parts)
    }),
    ("splitList", fixed(&[S, S]), |call| {
        let parts = split(call.text(1).as_bytes(), call.text(0).as_bytes(), None);
        call.engine.charge_steps(parts.len() as u64)?;
        Ok(List::strings(parts).into())
    }),
    ("sortAlpha", fixed(&[ANY]), |call| {
        let mut items = match call.arg(0) {
            Value::Nil | Value::NoValue => vec![Str::from_static("<nil>")],
            value => strings_of(value)?,
        };
        items.sort();
        Ok(List::strings(items).into())
    }),
    ("initials", fixed(&[S]), initials),
];

/// A part of a string argument.
fn cut(call: &mut Call<'_>, i: usize, part: impl for<'b> Fn(&'b [u8]) -> &'b [u8]) -> Result<Value, Failure> {
    let text = call.text(i);
    let kept = part(text.as_bytes());
    if kept.len() == text.len() {
        return Ok(Value::String(text.clone()));
    }
    let kept = kept.to_vec();
    made_bytes(call, kept)
}

fn trim_by(bytes: &[u8], out: impl Fn(char) -> bool) -> &[u8] {
    let (mut start, mut end) = (bytes.len(), 0);
    for (at, c, width) in runes(bytes) {
        if !out(c) {
            start = start.min(at);
            end = at + width;
        }
    }
    bytes.get(start..end).unwrap_or(&[])
}

fn trim_all(call: &mut Call<'_>) -> Result<Value, Failure> {
    let set: Vec<char> = call.text(0).to_text().chars().collect();
    cut(call, 1, |bytes| trim_by(bytes, |c| set.contains(&c)))
}

/// Where a part begins.
pub(super) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let Some(first) = part.first() else { return Some(0) };
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|b| b == first)?;
        if text[at..].starts_with(part) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Go's `strings.SplitN`; an empty separator splits into characters.
pub(super) fn split(text: &[u8], separator: &[u8], limit: Option<usize>) -> Vec<Str> {
    let mut parts = Vec::new();
    if limit == Some(0) {
        return parts;
    }
    let full = |parts: &Vec<Str>| limit.is_some_and(|limit| parts.len() + 1 >= limit);
    let mut rest = text;
    if separator.is_empty() {
        while let Some((_, c, width)) = runes(rest).next().filter(|_| !full(&parts) || rest.is_empty()) {
            parts.push(if width == 1 && c == '\u{fffd}' {
                Str::from_bytes(&rest[..1])
            } else {
                Str::from(c)
            });
            rest = &rest[width..];
        }
        if !rest.is_empty() {
            parts.push(Str::from_bytes(rest));
        }
        return parts;
    }
    while let Some(at) = find(rest, separator).filter(|_| !full(&parts)) {
        parts.push(Str::from_bytes(&rest[..at]));
        rest = &rest[at + separator.len()..];
    }
    parts.push(Str::from_bytes(rest));
    parts
}

fn numbered(call: &mut Call<'_>, parts: Vec<Str>) -> Result<Value, Failure> {
    call.engine.charge_steps(parts.len() as u64)?;
    let map = Map::typed(Elem::String);
    for (i, part) in parts.into_iter().enumerate() {
        map.set(format!("_{i}"), part);
    }
    Ok(map.into())
}

/// Go's ellipsis: `offset` is a place that stays in view.
fn abbreviate(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let len = text.len() as i64;
    if text.is_empty() || width < 4 {
        return Vec::new();
    }
    if len <= width {
        return text.to_vec();
    }
    let mut offset = offset.min(len);
    if len - offset < width - 3 {
        offset = len - (width - 3);
    }
    let part = |from: i64, to: i64| &text[from.clamp(0, len) as usize..to.clamp(0, len) as usize];
    if offset <= 4 {
        return [part(0, width - 3), b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < len {
        return [b"...", abbreviate(part(offset, len), 0, width - 3).as_slice()].concat();
    }
    [b"...", part(len - (width - 3), len)].concat()
}

fn trunc(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (count, text) = (call.int(0), call.text(1));
    let len = text.len() as i64;
    let cut = if count < 0 && len.saturating_add(count) > 0 {
        text.slice((len + count) as usize, text.len())
    } else if count >= 0 && len > count {
        text.slice(0, count as usize)
    } else {
        return Ok(Value::String(text.clone()));
    };
    made(call, cut)
}

fn substr(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (start, end, text) = (call.int(0), call.int(1), call.text(2));
    let len = text.len() as i64;
    let out_of_range = |what: String| Err(format!("runtime error: slice bounds out of range {what}").into());
    let (from, to) = if start < 0 {
        if end < 0 {
            return out_of_range(format!("[:{end}]"));
        }
        if end > len {
            return out_of_range(format!("[:{end}] with length {len}"));
        }
        (0, end)
    } else if end < 0 || end > len {
        if start > len {
            return out_of_range(format!("[{start}:{len}]"));
        }
        (start, len)
    } else {
        (start, end)
    };
    if from > to {
        return out_of_range(format!("[{from}:{to}]"));
    }
    made(call, text.slice(from as usize, to as usize))
}

fn repeat(call: &mut Call<'_>) -> Result<Value, Failure> {
    let text = call.text(1);
    let Ok(count) = usize::try_from(call.int(0)) else { return Err("strings: negative Repeat count".into()) };
    call.engine.charge_bytes(text.len().saturating_mul(count))?;
    Ok(Value::String(Str::from_bytes(text.as_bytes().repeat(if text.is_empty() { 0 } else { count }))))
}

fn no_space(call: &mut Call<'_>) -> Result<Value, Failure> {
    let bytes = call.text(0).as_bytes();
    // Go looks at bytes as if each were a character; a text without spaces stays as it is.
    if !bytes.iter().any(|b| is_go_space(char::from(*b))) {
        return Ok(call.arg(0).clone());
    }
    let kept: String = bytes.iter().map(|b| char::from(*b)).filter(|c| !is_go_space(*c)).collect();
    made(call, kept)
}

fn initials(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (mut out, mut after_gap) = (String::new(), true);
    for c in call.text(0).as_bytes().iter().map(|b| char::from(*b)) {
        if is_go_space(c) {
            after_gap = true;
        } else if std::mem::take(&mut after_gap) {
            out.push(c);
        }
    }
    made(call, out)
}

/// goutils' word wrap: breaks at spaces, and within long words if asked to.
fn wrap(text: &[u8], width: i64, line: &[u8], break_words: bool) -> Vec<u8> {
    let width = usize::try_from(width).unwrap_or(1).max(1);
    let (mut out, mut offset) = (Vec::with_capacity(text.len() + text.len() / 16), 0);
    while text.len() - offset > width {
        if text[offset] == b' ' {
            offset += 1;
            continue;
        }
        let window = &text[offset..(offset + width).saturating_add(1).min(text.len())];
        let at = match window.iter().rposition(|b| *b == b' ') {
            Some(at) => offset + at,
            None if break_words => {
                out.extend_from_slice(&text[offset..offset + width]);
                out.extend_from_slice(line);
                offset += width;
                continue;
            }
            None => match text[offset + width..].iter().position(|b| *b == b' ') {
                Some(at) => offset + width + at,
                None => {
                    out.extend_from_slice(&text[offset..]);
                    return out;
                }
            },
        };
        out.extend_from_slice(&text[offset..at]);
        out.extend_from_slice(line);
        offset = at + 1;
    }
    out.extend_from_slice(&text[offset..]);
    out
}

fn quoted(call: &mut Call<'_>, quote: impl Fn(&Value) -> Result<Vec<u8>, Failure>) -> Result<Value, Failure> {
    let parts = call.args.iter().filter(|v| !v.is_nil()).map(quote).collect::<Result<Vec<_>, _>>()?;
    made_bytes(call, parts.join(&b' '))
}

fn cat(call: &mut Call<'_>) -> Result<Value, Failure> {
    let shown = call.args.iter().filter(|v| !v.is_nil()).map(crate::format::to_text);
    let parts = shown.collect::<Result<Vec<Str>, _>>()?;
    let bytes: Vec<&[u8]> = parts.iter().map(Str::as_bytes).collect();
    made_bytes(call, bytes.join(&b' '))
}

fn indent(call: &mut Call<'_>, before: &[u8]) -> Result<Value, Failure> {
    let text = call.text(1).as_bytes();
    let Ok(spaces) = usize::try_from(call.int(0)) else {
        return Err("strings: negative Repeat count".into());
    };
    let lines = 1 + text.iter().filter(|b| **b == b'\n').count();
    let len = spaces.saturating_mul(lines).saturating_add(text.len() + before.len());
    call.engine.charge_bytes(len)?;
    let mut out = Vec::with_capacity(len);
    out.extend_from_slice(before);
    out.resize(out.len() + spaces, b' ');
    for line in text.split_inclusive(|b| *b == b'\n') {
        out.extend_from_slice(line);
        if line.ends_with(b"\n") {
            out.resize(out.len() + spaces, b' ');
        }
    }
    Ok(Value::String(Str::from_bytes(out)))
}

fn replace(call: &mut Call<'_>) -> Result<Value, Failure> {
    let (old, new, text) = (call.text(0).as_bytes(), call.text(1).as_bytes(), call.text(2));
    let bytes = text.as_bytes();
    if old == new || find(bytes, old).is_none() {
        return Ok(Value::String(text.clone()));
    }
    let mut out = Vec::with_capacity(bytes.len());
    if old.is_empty() {
        call.engine.charge_bytes(new.len().saturating_mul(bytes.len() + 1))?;
        out.extend_from_slice(new);
        for (at, _, width) in runes(bytes) {
            out.extend_from_slice(&bytes[at..at + width]);
            out.extend_from_slice(new);
        }
        return made_bytes(call, out);
    }
    let mut rest = bytes;
    while let Some(at) = find(rest, old) {
        call.engine.charge_bytes(new.len())?;
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    out.extend_from_slice(rest);
    made_bytes(call, out)
}

/// sprig's `strslice`: the elements of a list as strings without nils; one value as a list of one.
pub(super) fn strings_of(value: &Value) -> Result<Vec<Str>, Failure> {
    match super::lists::items(value) {
        Some(items) => items.iter().filter(|v| !v.is_nil()).map(text_of).collect(),
        None if value.is_nil() => Ok(Vec::new()),
        None => Ok(vec![text_of(value)?]),
    }
}

fn join(call: &mut Call<'_>) -> Result<Value, Failure> {
    let parts = strings_of(call.arg(1))?;
    let separator = call.text(0).as_bytes();
    call.engine.charge_bytes(separator.len().saturating_mul(parts.len()))?;
    let bytes: Vec<&[u8]> = parts.iter().map(Str::as_bytes).collect();
    made_bytes(call, bytes.join(separator))
}
