//! Keys and values out of env files, literals and files.

use std::collections::BTreeMap;

use crate::error::{During, Error, Result};
use crate::kustomization::GeneratorArgs;
use crate::load::Loader;

type Pairs = Vec<(String, Vec<u8>)>;

/// All pairs of a generator's sources; no key may stand twice.
pub(super) fn load(args: &GeneratorArgs, loader: &Loader<'_>) -> Result<BTreeMap<String, Vec<u8>>> {
    let doing = "loading KV pairs";
    let shown = |list: &[String]| format!("[{}]", list.join(" "));
    let mut pairs = Pairs::new();
    for file in &args.envs {
        let found = loader.load(file).and_then(|content| of_lines(&content));
        pairs.extend(found.during(|| format!("{doing}: env source files: {}", shown(&args.envs)))?);
    }
    for literal in &args.literals {
        let pair = of_literal(literal);
        pairs.push(pair.during(|| format!("{doing}: literal sources {}", shown(&args.literals)))?);
    }
    for source in &args.files {
        let pair =
            file_source(source).and_then(|(key, path)| Ok((key.to_owned(), loader.load(path)?.to_vec())));
        pairs.push(pair.during(|| format!("{doing}: file sources: {}", shown(&args.files)))?);
    }
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        if map.contains_key(&key) {
            let message = format!("configmap {} illegally repeats the key `{key}`", args.name);
            return Err(Error::Configuration(message));
        }
        map.insert(key, value);
    }
    Ok(map)
}

/// The lines of an env file.
fn of_lines(content: &[u8]) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    let mut lines = content.split(|byte| *byte == b'\n').peekable();
    let mut number = 0;
    while let Some(line) = lines.next() {
        if lines.peek().is_none() && line.is_empty() {
            break;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line)
            .map_err(|_| Error::Configuration(format!("line {number} has invalid utf8 bytes")))?;
        let text = if number == 0 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        number += 1;
        let text = text.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        if !key.is_empty() {
            pairs.push((key.to_owned(), value.as_bytes().to_vec()));
        }
    }
    Ok(pairs)
}

fn of_literal(literal: &str) -> Result<(String, Vec<u8>)> {
    match literal.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), unquoted(value).as_bytes().to_vec())),
        _ => {
            let message = format!("invalid literal source {literal}, expected key=value");
            Err(Error::Configuration(message))
        }
    }
}

/// Takes one pair of surrounding quotes off.
fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if text.len() > 1
            && let Some(inner) = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote))
        {
            return inner;
        }
    }
    text
}

/// Reads `key=path`, or a path whose last name is the key.
fn file_source(source: &str) -> Result<(&str, &str)> {
    let wrong = |message: String| Err(Error::Configuration(message));
    match source.matches('=').count() {
        0 => {
            let trimmed = source.trim_end_matches('/');
            let name = trimmed.rsplit('/').next().unwrap_or(trimmed);
            Ok((if source.is_empty() { "." } else { name }, source))
        }
        1 => match source.split_once('=').unwrap_or_default() {
            ("", path) => wrong(format!("missing key name for file path {path:?} in source {source:?}")),
            (key, "") => wrong(format!("missing file path for key name {key:?} in source {source:?}")),
            pair => Ok(pair),
        },
        _ => wrong(format!("source {source:?} key name or file path contains '='")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        let text = |pairs: Pairs| -> Vec<(String, String)> {
            pairs.into_iter().map(|(k, v)| (k, String::from_utf8(v).unwrap())).collect()
        };
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let lines = of_lines(b"\xef\xbb\xbfA=1\n # no\n  B = x \r\nC\nD=\"q\"\n").unwrap();
        assert_eq!(text(lines), [pair("A", "1"), pair("B ", " x "), pair("C", ""), pair("D", "\"q\"")]);
        assert_eq!(text(vec![of_literal("a='b=c'").unwrap()]), [pair("a", "b=c")]);
        assert!(of_literal("=x").is_err() && of_literal("x").is_err());
        assert_eq!(file_source("dir/f.txt").unwrap(), ("f.txt", "dir/f.txt"));
        assert_eq!(file_source("k=dir/f").unwrap(), ("k", "dir/f"));
        assert!(file_source("a=b=c").is_err());
    }
}
