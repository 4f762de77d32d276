//! Git URLs as Kustomize takes them apart.

use tautline_core::Want;

/// A repository, a folder in it, and a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepoUrl {
    /// The URL as written.
    pub(crate) raw: String,
    /// What is cloned.
    pub(crate) repository: String,
    /// The folder of the kustomization file.
    pub(crate) folder: String,
    /// A branch, tag or commit; empty for the default branch.
    pub(crate) reference: String,
}

impl RepoUrl {
    /// Reads a URL; nothing if it is none of a Git repository.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        let (url, query) = text.split_once('?').unwrap_or((text, ""));
        let (host, path) = host_and_path(url)?;
        let whole = host.starts_with("file://");
        let (repository, folder) = split_path(path, whole)?;
        let folder = folder.trim_start_matches('/');
        let leaves = crate::load::clean(folder).is_none();
        if repository.is_empty() || leaves {
            return None;
        }
        Some(Self {
            raw: text.to_owned(),
            repository: format!("{host}{repository}"),
            folder: folder.to_owned(),
            reference: reference(query),
        })
    }

    /// What is to be fetched.
    pub(crate) fn want(&self) -> Want {
        let reference = if self.reference.is_empty() { "HEAD" } else { &self.reference };
        Want::Git { repository: self.repository.clone(), reference: reference.to_owned() }
    }
}

/// `ref`, or `version`.
fn reference(query: &str) -> String {
    let value = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(key, value)| *key == name && !value.is_empty())
            .map(|(_, value)| unescape(value))
            .next()
    };
    value("ref").or_else(|| value("version")).unwrap_or_default()
}

/// Percent and plus signs of a query.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, digits.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Scheme, user and host together, and the path behind them.
fn host_and_path(url: &str) -> Option<(String, &str)> {
    let url = strip_prefix_any_case(url, "git::").unwrap_or(url);
    let schemes = ["ssh://", "https://", "http://", "file://"];
    let found = schemes.into_iter().find_map(|scheme| Some((scheme, strip_prefix_any_case(url, scheme)?)));
    let (scheme, rest) = found.unwrap_or(("", url));
    let (user, rest) = split_user(rest);
    let lower = rest.to_ascii_lowercase();
    let is_github = lower.starts_with("github.com/") || lower.starts_with("github.com:");
    let is_scp = scheme.is_empty() && (!user.is_empty() || is_github);
    if scheme.is_empty() && !is_scp {
        return None;
    }
    if scheme == "file://" {
        return Some((scheme.to_owned(), url.get(scheme.len()..).unwrap_or_default()));
    }
    let separator = match (rest.find('/'), rest.find(':').filter(|_| is_scp)) {
        (None, colon) => colon,
        (Some(slash), Some(colon)) if colon > 0 && colon < slash => Some(colon),
        (slash, _) => slash,
    };
    let (host, path) = separator.map_or((rest, ""), |at| rest.split_at(at + 1));
    if is_github {
        let by_ssh = scheme.starts_with("ssh://") || !user.is_empty();
        let host = if by_ssh { format!("{user}github.com:") } else { "https://github.com/".to_owned() };
        return Some((host, path));
    }
    if host.is_empty() {
        return None;
    }
    Some((format!("{scheme}{user}{host}"), path))
}

fn strip_prefix_any_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    if head.eq_ignore_ascii_case(prefix) { text.get(prefix.len()..) } else { None }
}

fn split_user(text: &str) -> (&str, &str) {
    match text.find('@') {
        Some(at) => {
            let (user, rest) = text.split_at(at + 1);
            let name = user.trim_end_matches('@');
            let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if fits { (user, rest) } else { ("", text) }
        }
        None => ("", text),
    }
}

/// The repository's path and the folder behind it.
fn split_path(path: &str, whole: bool) -> Option<(String, String)> {
    let own = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    if let Some(at) = path.find("_git/") {
        let (head, tail) = path.split_at(at + "_git/".len());
        let (name, folder) = tail.split_once('/').unwrap_or((tail, ""));
        return own(&format!("{head}{name}"), folder);
    }
    if let Some((repository, folder)) = path.split_once("//") {
        return own(repository, folder);
    }
    if let Some(at) = path.find(".git") {
        let (repository, folder) = path.split_at(at + ".git".len());
        return own(repository, folder);
    }
    if whole {
        return own(path, "");
    }
    let mut parts = path.splitn(3, '/');
    let (organization, name) = (parts.next()?, parts.next()?);
    own(&format!("{organization}/{name}"), parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expect: Option<(&str, &str, &str)>) {
        let got = RepoUrl::read(url);
        let got = got.as_ref().map(|u| (u.repository.as_str(), u.folder.as_str(), u.reference.as_str()));
        assert_eq!(got, expect, "{url}");
    }

    #[test]
    fn forms() {
        let org = "https://github.com/org/repo";
        check("https://github.com/org/repo//a/b?ref=v1", Some((org, "a/b", "v1")));
        check("github.com/org/repo/a?version=v1", Some((org, "a", "v1")));
        check("git::https://github.com/org/repo?ref=a%2Fb", Some((org, "", "a/b")));
        check("git@github.com:org/repo.git//a", Some(("git@github.com:org/repo.git", "a", "")));
        check("ssh://git@github.com/org/repo", Some(("git@github.com:org/repo", "", "")));
        check(
            "ssh://git@ssh.dev.azure.com:22/v3/org/p/_git/r/a",
            Some(("ssh://git@ssh.dev.azure.com:22/v3/org/p/_git/r", "a", "")),
        );
        check("https://dev.azure.com/o/p/_git/r/x/y", Some(("https://dev.azure.com/o/p/_git/r", "x/y", "")));
        check(
            "https://git.example.org/a/b.git/c?ref=x",
            Some(("https://git.example.org/a/b.git", "/c".trim_start_matches('/'), "x")),
        );
        check("file:///tmp/repo.git//a", Some(("file:///tmp/repo.git", "a", "")));
        check("file:///tmp/repo", Some(("file:///tmp/repo", "", "")));
        check("user@host:org/repo", Some(("user@host:org/repo", "", "")));
    }

    #[test]
    fn other_things() {
        for path in ["../base", "base", "/abs/path", "a/b.yaml", "https://github.com/org", "gcs://a/b/c"] {
            check(path, None);
        }
        check("https://github.com/org/repo//../x", None);
    }
}
