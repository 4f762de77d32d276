//! URLs, as Go's `net/url` reads and writes them; and the network, which nobody asks.

use std::fmt::Write;

use super::{S, fixed, made};
use crate::format::quote;
use crate::functions::{Entry, Type};
use crate::{Call, Failure, Map, Str, Value};

pub(super) const FUNCTIONS: &[Entry] = &[
    ("urlParse", fixed(&[S]), url_parse),
    ("urlJoin", fixed(&[Type::Map]), url_join),
    // Helm answers so unless it is told to ask the DNS.
    ("getHostByName", fixed(&[S]), |_| Ok("".into())),
];

/// A URL taken apart; path, fragment and user are decoded.
#[derive(Default)]
struct Url {
    scheme: String,
    opaque: String,
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    path: Vec<u8>,
    query: String,
    fragment: Vec<u8>,
}

/// Where text stands in a URL: what is escaped depends on it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Host,
    User,
    Path,
    Fragment,
}

fn url_parse(call: &mut Call<'_>) -> Result<Value, Failure> {
    let source = call.text(0);
    let url = Url::parse(&source.to_text()).map_err(|message| {
        Failure::new(format!("unable to parse url: parse {}: {message}", quote(source.as_bytes())))
    })?;
    let entries: [(&str, Str); 8] = [
        ("scheme", url.scheme.as_str().into()),
        ("host", Str::from_bytes(url.host.clone())),
        ("hostname", Str::from_bytes(url.hostname().to_vec())),
        ("path", Str::from_bytes(url.path.clone())),
        ("query", url.query.as_str().into()),
        ("opaque", url.opaque.as_str().into()),
        ("fragment", Str::from_bytes(url.fragment.clone())),
        ("userinfo", url.userinfo().unwrap_or_default().into()),
    ];
    Ok(entries.into_iter().collect::<Map>().into())
}

fn url_join(call: &mut Call<'_>) -> Result<Value, Failure> {
    let map = call.map(0);
    let part = |key: &str| match map.get(key.as_bytes()) {
        None => Ok(Str::default()),
        Some(Value::String(text)) => Ok(text),
        Some(value) if value.is_nil() => Err(Failure::new(super::NIL_TYPE)),
        Some(other) => Err(Failure::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            other.kind().name()
        ))),
    };
    let text = |key: &str| part(key).map(|s| s.to_text().into_owned());
    let userinfo = text("userinfo")?;
    let mut user = None;
    if !userinfo.is_empty() {
        let source = format!("proto://{userinfo}@host");
        let parsed = Url::parse(&source).map_err(|message| {
            Failure::new(format!(
                "unable to parse userinfo in dict: parse {}: {message}",
                quote(source.as_bytes())
            ))
        })?;
        user = parsed.user;
    }
    let url = Url {
        scheme: text("scheme")?,
        host: part("host")?.as_bytes().to_vec(),
        path: part("path")?.as_bytes().to_vec(),
        query: text("query")?,
        opaque: text("opaque")?,
        fragment: part("fragment")?.as_bytes().to_vec(),
        user,
    };
    made(call, url.print())
}

impl Url {
    fn parse(text: &str) -> Result<Self, String> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut url = Self::parse_without_fragment(text)?;
        url.fragment = unescape(fragment, Place::Fragment)?;
        Ok(url)
    }

    fn parse_without_fragment(text: &str) -> Result<Self, String> {
        if text.bytes().any(|b| b < b' ' || b == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let mut url = Self::default();
        if text == "*" {
            url.path = b"*".to_vec();
            return Ok(url);
        }
        let (scheme, rest) = scheme(text)?;
        url.scheme = scheme.to_lowercase();
        let (mut rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        url.query = query.to_owned();
        if !rest.starts_with('/') {
            if !scheme.is_empty() {
                url.opaque = rest.to_owned();
                return Ok(url);
            }
            if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        if rest.starts_with("//") && (!scheme.is_empty() || !rest.starts_with("///")) {
            let authority = &rest[2..];
            let end = authority.find('/').unwrap_or(authority.len());
            url.authority(&authority[..end])?;
            rest = &authority[end..];
        }
        url.path = unescape(rest, Place::Path)?;
        Ok(url)
    }

    fn authority(&mut self, authority: &str) -> Result<(), String> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        self.host = parse_host(host)?;
        let Some(user) = user else { return Ok(()) };
        let valid = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
        if !user.bytes().all(valid) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        let (name, password) = match user.split_once(':') {
            Some((name, password)) => (name, Some(unescape(password, Place::User)?)),
            None => (user, None),
        };
        self.user = Some((unescape(name, Place::User)?, password));
        Ok(())
    }

    fn hostname(&self) -> &[u8] {
        let host = &self.host;
        let colon =
            host.iter().rposition(|b| *b == b':').filter(|at| host[at + 1..].iter().all(u8::is_ascii_digit));
        let host = colon.map_or(&host[..], |at| &host[..at]);
        match host {
            [b'[', inner @ .., b']'] => inner,
            host => host,
        }
    }

    fn userinfo(&self) -> Option<String> {
        let (name, password) = self.user.as_ref()?;
        let mut text = escape(name, Place::User);
        if let Some(password) = password {
            text.push(':');
            text.push_str(&escape(password, Place::User));
        }
        Some(text)
    }

    fn print(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            let _ = write!(out, "{}:", self.scheme);
        }
        if !self.opaque.is_empty() {
            out.push_str(&self.opaque);
        } else {
            let user = self.userinfo();
            if !self.scheme.is_empty() || !self.host.is_empty() || user.is_some() {
                if !self.host.is_empty() || !self.path.is_empty() || user.is_some() {
                    out.push_str("//");
                }
                if let Some(user) = user {
                    let _ = write!(out, "{user}@");
                }
                out.push_str(&escape(&self.host, Place::Host));
            }
            let path = if self.path == b"*" { "*".to_owned() } else { escape(&self.path, Place::Path) };
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            if out.is_empty() && path.split('/').next().is_some_and(|segment| segment.contains(':')) {
                out.push_str("./");
            }
            out.push_str(&path);
        }
        if !self.query.is_empty() {
            let _ = write!(out, "?{}", self.query);
        }
        if !self.fragment.is_empty() {
            let _ = write!(out, "#{}", escape(&self.fragment, Place::Fragment));
        }
        out
    }
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (i, c) in text.bytes().enumerate() {
        match c {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..i], &text[i + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn parse_host(host: &str) -> Result<Vec<u8>, String> {
    let port = if host.starts_with('[') {
        let end = host.rfind(']').ok_or("missing ']' in host")?;
        &host[end + 1..]
    } else {
        host.rfind(':').map_or("", |at| &host[at..])
    };
    let valid =
        port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    if !valid {
        return Err(format!("invalid port {} after host", quote(port.as_bytes())));
    }
    unescape(host, Place::Host)
}

/// Whether a byte is written as `%XX` there.
fn escapes(byte: u8, place: Place) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => false,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']'
        | b'<' | b'>' | b'"'
            if place == Place::Host =>
        {
            false
        }
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match place {
            Place::Path => byte == b'?',
            Place::User => matches!(byte, b'@' | b'/' | b'?' | b':'),
            Place::Fragment => false,
            Place::Host => true,
        },
        b'!' | b'(' | b')' | b'*' if place == Place::Fragment => false,
        _ => true,
    }
}

fn escape(bytes: &[u8], place: Place) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if escapes(*byte, place) {
            let _ = write!(out, "%{byte:02X}");
        } else {
            out.push((*byte).into());
        }
    }
    out
}

fn unescape(text: &str, place: Place) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        if *byte != b'%' {
            if place == Place::Host && byte.is_ascii() && escapes(*byte, place) {
                let shown = quote(&bytes[at..=at]);
                return Err(format!("invalid character {shown} in host name"));
            }
            out.push(*byte);
            at += 1;
            continue;
        }
        let shown = &bytes[at..bytes.len().min(at + 3)];
        let hex = |i: usize| bytes.get(at + i).and_then(|b| char::from(*b).to_digit(16));
        let (Some(high), Some(low)) = (hex(1), hex(2)) else {
            return Err(format!("invalid URL escape {}", quote(shown)));
        };
        if place == Place::Host && high < 8 && shown != b"%25" {
            return Err(format!("invalid URL escape {}", quote(shown)));
        }
        out.push((high << 4 | low) as u8);
        at += 3;
    }
    Ok(out)
}
