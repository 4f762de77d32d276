//! [`ImageReference`]: the name, tag and digest of a container image.

use std::fmt;
use std::str::FromStr;

/// A reference to a container image, as written: `registry:5000/team/app:1.2@sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    /// The repository with its registry, if one is written.
    pub name: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest, algorithm included.
    pub digest: Option<String>,
}

/// Why text is no image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("image {text:?} is no reference: {what}")]
pub struct ImageError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub what: &'static str,
}

impl ImageReference {
    /// The registry to ask: the first part of the name if it has a dot or a port or is `localhost`, else
    /// Docker Hub.
    pub fn registry(&self) -> &str {
        match self.name.split_once('/') {
            Some((first, _)) if first == "localhost" || first.contains(['.', ':']) => first,
            _ => "docker.io",
        }
    }

    /// The repository within the registry; a bare name on Docker Hub is in `library/`.
    pub fn repository(&self) -> String {
        let registry = self.registry();
        match self.name.strip_prefix(registry).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => rest.to_owned(),
            None if self.name.contains('/') => self.name.clone(),
            None => format!("library/{}", self.name),
        }
    }
}

impl FromStr for ImageReference {
    type Err = ImageError;

    /// Reads a reference by the grammar of distribution/reference.
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let wrong = |what| ImageError { text: text.chars().take(256).collect(), what };
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest.get(slash..).and_then(|last| last.find(':')) {
            Some(colon) => (rest.get(..slash + colon), rest.get(slash + colon + 1..)),
            None => (Some(rest), None),
        };
        let name = name.unwrap_or_default();
        let mut parts = name.split('/');
        let host = |part: &str| name.contains('/') && (part == "localhost" || part.contains(['.', ':']));
        let first = parts.next().unwrap_or_default();
        if !(host(first) && is_host(first) || is_path_part(first)) || !parts.all(is_path_part) {
            return Err(wrong("a name is lower-case letters, digits and single separators between slashes"));
        }
        if !tag.is_none_or(is_tag) {
            return Err(wrong(
                "a tag is up to 128 letters, digits, '_', '.' and '-', not starting with '.' or '-'",
            ));
        }
        if !digest.is_none_or(is_digest) {
            return Err(wrong("a digest is an algorithm, a colon and at least 32 hexadecimal digits"));
        }
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self { name: name.to_owned(), tag: owned(tag), digest: owned(digest) })
    }
}

fn is_host(part: &str) -> bool {
    let (host, port) = part.split_once(':').map_or((part, None), |(host, port)| (host, Some(port)));
    port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// Lower-case words between single `.`, one or two `_`, or any number of `-`.
fn is_path_part(part: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut separators = part.split(|c: char| c.is_ascii() && word(c as u8)).filter(|s| !s.is_empty());
    part.bytes().next().is_some_and(word)
        && part.bytes().last().is_some_and(word)
        && separators.all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        && !tag.starts_with(['.', '-'])
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-".contains(&b))
            && hex.len() >= 32
            && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let check = |text: &str, name: &str, tag: Option<&str>, registry: &str, repository: &str| {
            let image: ImageReference = text.parse().unwrap();
            assert_eq!((image.name.as_str(), image.tag.as_deref()), (name, tag));
            assert_eq!((image.registry(), image.repository().as_str()), (registry, repository));
            assert_eq!(image.to_string(), text);
        };
        check("nginx", "nginx", None, "docker.io", "library/nginx");
        check("nginx:1.25", "nginx", Some("1.25"), "docker.io", "library/nginx");
        check("team/app:v1", "team/app", Some("v1"), "docker.io", "team/app");
        check("reg:5000/a/b", "reg:5000/a/b", None, "reg:5000", "a/b");
        check(&format!("ghcr.io/a/b:1@{digest}"), "ghcr.io/a/b", Some("1"), "ghcr.io", "a/b");
        check("a__b/c-d--e.f", "a__b/c-d--e.f", None, "docker.io", "a__b/c-d--e.f");
    }

    #[test]
    fn refusals() {
        for text in ["", "Nginx", "a//b", "a:", "a@sha256:12", "a:.b", "a___b", "-a", "a b", "reg:x/a"] {
            assert!(text.parse::<ImageReference>().is_err(), "{text}");
        }
    }
}
