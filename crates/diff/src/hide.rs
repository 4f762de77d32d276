//! A text without the values of Secrets.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tautline_core::{Object, Value};

/// The shortest value that is hidden: shorter ones stand in every other word.
const LEAST: usize = 4;

/// The text with every value of these Secrets replaced by its mask, the one that a diff shows in its place.
///
/// A value is found as it is, line by line too, and in base64, JSON and URLs. What was hashed, encrypted, cut in two or
/// written in some other form is not found, nor are values of less than four bytes.
pub(crate) fn hide<'a>(
    text: &str,
    secrets: impl Iterator<Item = &'a Object>,
    mask: impl Fn(&str) -> String,
) -> String {
    let mut needles: BTreeMap<u8, Vec<(String, String)>> = BTreeMap::new();
    for encoded in secrets.filter(|object| object.is("", "Secret")).flat_map(values) {
        let mask = mask(&encoded);
        for form in forms(&encoded) {
            let Some(first) = form.bytes().next().filter(|_| form.len() >= LEAST) else { continue };
            needles.entry(first).or_default().push((form, mask.clone()));
        }
    }
    // Of two values of which one holds the other the longer is meant.
    needles.values_mut().for_each(|forms| forms.sort_by_key(|(form, _)| std::cmp::Reverse(form.len())));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found = rest.bytes().next().and_then(|byte| needles.get(&byte));
        let found = found.and_then(|forms| forms.iter().find(|(form, _)| rest.starts_with(form.as_str())));
        let taken = match found {
            Some((form, mask)) => {
                out.push_str(mask);
                form.len()
            }
            None => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// A Secret's values in base64, as they stand in `data`.
fn values(secret: &Object) -> Vec<String> {
    let of = |field: &str| secret.get(field).and_then(Value::as_map).into_iter().flatten();
    let data = of("data").filter_map(|(_, value)| value.as_str().map(str::to_owned));
    let plain = of("stringData").filter_map(|(_, value)| value.as_str().map(|text| BASE64.encode(text)));
    data.chain(plain).collect()
}

/// The forms in which a value may be written.
fn forms(encoded: &str) -> Vec<String> {
    let Ok(bytes) = BASE64.decode(encoded) else { return Vec::new() };
    if bytes.len() < LEAST {
        return Vec::new();
    }
    let unpadded = encoded.trim_end_matches('=');
    let mut forms = vec![unpadded.to_owned(), unpadded.replace('+', "-").replace('/', "_")];
    let Ok(plain) = String::from_utf8(bytes) else { return forms };
    let parts = [plain.as_str(), plain.trim()].into_iter().chain(plain.lines().map(str::trim));
    for part in parts.filter(|part| part.len() >= LEAST) {
        forms.extend([part.to_owned(), in_json(part), in_url(part)]);
    }
    forms
}

fn in_json(text: &str) -> String {
    let quoted = Value::from(text).to_json();
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
}

fn in_url(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape =
        |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn hidden(text: &str) -> String {
        let secret = Object::new(value!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" },
            "data": { "password": (BASE64.encode("pa55/w\"rd")), "short": (BASE64.encode("abc")),
                "key": (BASE64.encode("-----BEGIN-----\nMIIabc==\n-----END-----\n")) },
            "stringData": { "token": "tok-12345", "longer": "tok-12345-67" } }))
        .unwrap();
        let other =
            Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "b" },
            "data": { "public": "cHVibGlj" } }))
            .unwrap();
        let mask = |encoded: &str| match encoded == BASE64.encode("tok-12345-67") {
            true => "<longer>".to_owned(),
            false => "<masked>".to_owned(),
        };
        hide(text, [&secret, &other].into_iter(), mask)
    }

    #[test]
    fn r26_values_of_secrets_are_hidden_in_the_forms_they_are_written_in() {
        let check = |text: &str, expect: &str| assert_eq!(hidden(text), expect, "{text}");
        check("login with pa55/w\"rd failed", "login with <masked> failed");
        check(&format!("data: {}", BASE64.encode("pa55/w\"rd")), "data: <masked>");
        check(r#"{"password":"pa55/w\"rd"}"#, r#"{"password":"<masked>"}"#);
        check("postgres://u:pa55%2Fw%22rd@db", "postgres://u:<masked>@db");
        check("Bearer tok-12345.", "Bearer <masked>.");
        check("Bearer tok-12345-67", "Bearer <longer>");
        check("a line MIIabc== of a key", "a line <masked> of a key");
        check("abc and cHVibGlj stay, ä too", "abc and cHVibGlj stay, ä too");
    }
}
