//! Reading what somebody wrote as a repository.

use std::path::PathBuf;

use tautline_core::Secret;

use crate::access::Login;

/// Where a repository is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// On this machine.
    Local(PathBuf),
    /// Behind a server that speaks smart HTTP.
    Http {
        url: String,
        /// User and password that stood in the URL.
        login: Login,
    },
    /// Behind the ssh program.
    Ssh(SshPlace),
    /// Nowhere that we go; the text says why.
    Unsupported(String),
}

/// The parts of an ssh URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SshPlace {
    pub(crate) user: String,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) path: String,
}

impl Place {
    pub(crate) fn parse(text: &str) -> Self {
        if let Some(path) = text.strip_prefix("file://") {
            return Self::Local(PathBuf::from(path.strip_prefix("localhost").unwrap_or(path)));
        }
        match text.split_once("://") {
            Some(("http" | "https", _)) => http(text),
            Some(("ssh" | "git+ssh" | "ssh+git", rest)) => ssh_url(rest),
            Some((scheme, _)) => Self::Unsupported(format!(
                "{scheme} is not supported; use https, ssh, or a path on this machine"
            )),
            None => scp_like(text),
        }
    }
}

fn http(text: &str) -> Place {
    let Some((scheme, rest)) = text.split_once("://") else { return unreadable() };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let Some((userinfo, host)) = authority.rsplit_once('@') else {
        return Place::Http { url: text.to_owned(), login: Login::Anonymous };
    };
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let login = Login::Password { user: percent(user), password: Secret::new(percent(password)) };
    Place::Http { url: format!("{scheme}://{host}/{path}"), login }
}

/// `ssh://user@host:port/path`.
fn ssh_url(rest: &str) -> Place {
    let Some((authority, path)) = rest.split_once('/') else { return unreadable() };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("git", authority));
    let user = user.split(':').next().unwrap_or_default();
    let (host, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => return unreadable(),
        },
        _ => (host, None),
    };
    let host = host.trim_matches(['[', ']']);
    // git hands "~user" to the remote shell without the slash, everything else with it.
    let path = if path.starts_with('~') { path.to_owned() } else { format!("/{path}") };
    ssh(user, host, port, &path)
}

/// `user@host:path`, or a path. As git reads it: a colon before the first slash makes it remote.
fn scp_like(text: &str) -> Place {
    match text.split_once(':') {
        Some((host, path)) if !host.contains('/') && !host.is_empty() => {
            if path.starts_with(':') {
                return Place::Unsupported(
                    "remote helpers are not supported; use https, ssh, or a path".into(),
                );
            }
            let (user, host) = host.rsplit_once('@').unwrap_or(("git", host));
            ssh(user, host, None, path)
        }
        _ => Place::Local(PathBuf::from(text)),
    }
}

/// A host or user that begins with a dash would be read as an option of ssh (CVE-2017-1000117).
fn ssh(user: &str, host: &str, port: Option<u16>, path: &str) -> Place {
    let plain = |s: &str| {
        !s.is_empty()
            && !s.starts_with('-')
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:%".contains(&b))
    };
    if !plain(user) || !plain(host) || path.is_empty() || path.starts_with('-') {
        return unreadable();
    }
    if path.bytes().any(|b| b.is_ascii_control()) {
        return unreadable();
    }
    Place::Ssh(SshPlace { user: user.to_owned(), host: host.to_owned(), port, path: path.to_owned() })
}

fn unreadable() -> Place {
    Place::Unsupported(
        "this is no repository URL; write https://host/path, ssh://user@host/path or user@host:path".into(),
    )
}

/// The repository's text without user and password, for messages.
pub(crate) fn shown(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, host)) if scheme.contains("ssh") && !user.contains(':') => {
            format!("{scheme}://{user}@{host}{path}")
        }
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => text.to_owned(),
    }
}

fn percent(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let got = match Place::parse(text) {
            Place::Local(path) => format!("local {}", path.display()),
            Place::Http { url, login } => format!("http {url} {login:?}"),
            Place::Ssh(SshPlace { user, host, port, path }) => format!("ssh {user} {host} {port:?} {path}"),
            Place::Unsupported(_) => "unsupported".to_owned(),
        };
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn places() {
        check("/srv/repo.git", "local /srv/repo.git");
        check("./a:b", "local ./a:b");
        check("file:///srv/repo", "local /srv/repo");
        check("https://h/x.git", "http https://h/x.git Anonymous");
        check("https://u:p%40@h/x.git", "http https://h/x.git Password(…)");
        check("git@h:org/x.git", "ssh git h None org/x.git");
        check("ssh://me@h:2222/x.git", "ssh me h Some(2222) /x.git");
        check("ssh://[::1]:22/x", "ssh git ::1 Some(22) /x");
    }

    #[test]
    fn what_could_start_another_program_is_refused() {
        for bad in [
            "ext::sh -c id",
            "ssh://-oProxyCommand=id/x",
            "-oProxyCommand=id:x",
            "git@h:-x",
            "ssh://-l@h/x",
            "ftp://h/x",
        ] {
            check(bad, "unsupported");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        assert_eq!(shown("https://u:secret@h/x"), "https://h/x");
        assert_eq!(shown("https://token@h/x@1"), "https://h/x@1");
        assert_eq!(shown("ssh://git@h/x"), "ssh://git@h/x");
        assert_eq!(percent("a%40b%zz"), "a@b%zz");
    }
}
