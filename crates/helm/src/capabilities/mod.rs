//! [`Capabilities`]: what a chart may ask about the cluster.

use std::sync::Arc;

use tautline_core::Digest;
use tautline_grammar::Version;

use crate::Dialect;

/// What a cluster can do, as far as charts ask: `.Capabilities`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The version of Kubernetes.
    pub kube_version: KubeVersion,
    /// What it serves: `apps/v1`, and `apps/v1/Deployment` where that was found out. Compared as text.
    pub api_versions: Arc<[String]>,
}

/// A version of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KubeVersion {
    /// In full: `v1.33.4-gke.1245000`.
    pub version: String,
    /// As constraints see it: `v1.33.4`.
    pub normalized: String,
    /// `1`.
    pub major: String,
    /// `33`.
    pub minor: String,
}

impl Capabilities {
    /// What a Helm has without a cluster: the version and the APIs of the client library it is built with.
    pub fn default_of(dialect: Dialect) -> Self {
        let (minor, list) = match dialect {
            Dialect::Helm3 => ("32", include_str!("helm3.txt")),
            Dialect::Helm4 => ("37", include_str!("helm4.txt")),
        };
        let version = format!("v1.{minor}.0");
        Self {
            kube_version: KubeVersion {
                normalized: version.clone(),
                version,
                major: "1".to_owned(),
                minor: minor.to_owned(),
            },
            api_versions: list.lines().map(str::to_owned).collect(),
        }
    }

    /// Adds what is given by hand.
    #[must_use]
    pub fn with_api_versions(mut self, more: &[String]) -> Self {
        if !more.is_empty() {
            self.api_versions = self.api_versions.iter().chain(more).cloned().collect();
        }
        self
    }
}

impl Capabilities {
    /// Whether an API is served, as text says it.
    pub fn has(&self, api: &str) -> bool {
        self.api_versions.iter().any(|known| known == api)
    }

    /// The digest that a read of one API records.
    pub fn seen_api(&self, api: &str) -> Digest {
        Digest::of_bytes(if self.has(api) { b"served" } else { b"not served" })
    }

    /// The digest that a read of `kubernetes`, the version, or of `apis`, the whole list, records.
    pub fn seen(&self, what: &str) -> Option<Digest> {
        match what {
            "kubernetes" => Some(Digest::of_bytes(self.kube_version.version.as_bytes())),
            "apis" => Some(Digest::of_bytes(self.api_versions.join("\n").as_bytes())),
            _ => None,
        }
    }
}

impl KubeVersion {
    /// Reads `--kube-version`.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, String> {
        match dialect {
            Dialect::Helm3 => Self::semantic(text),
            Dialect::Helm4 => Self::generic(text),
        }
    }

    /// Helm 3: a semantic version, made complete.
    fn semantic(text: &str) -> Result<Self, String> {
        let version: Version = text.parse().map_err(|_| "Invalid Semantic Version".to_owned())?;
        let full = format!("v{version}");
        Ok(Self {
            normalized: full.clone(),
            version: full,
            major: version.major.to_string(),
            minor: version.minor.to_string(),
        })
    }

    /// Helm 4: numbers with dots in front of anything, as Kubernetes reads versions.
    fn generic(text: &str) -> Result<Self, String> {
        let bare = text.trim_start();
        let bare = bare.strip_prefix('v').unwrap_or(bare);
        let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
        let mut numbers: Vec<&str> = Vec::new();
        let mut rest = bare.get(..end).unwrap_or_default();
        // As far as it has the form of numbers with dots between.
        while let Some(length) = Some(rest.bytes().take_while(u8::is_ascii_digit).count()).filter(|n| *n > 0)
        {
            let (number, behind) = rest.split_at(length);
            numbers.push(number);
            match behind.strip_prefix('.') {
                Some(next) => rest = next,
                None => break,
            }
        }
        if numbers.len() < 2 {
            return Err(match numbers.is_empty() {
                true => format!("could not parse {text:?} as version"),
                false => format!("illegal version string {text:?}"),
            });
        }
        if numbers.iter().any(|n| n.len() > 1 && n.starts_with('0')) {
            return Err(format!("illegal zero-prefixed version component in {text:?}"));
        }
        let version = if text.starts_with('v') { text.to_owned() } else { format!("v{text}") };
        Ok(Self {
            version,
            normalized: format!("v{}", numbers.join(".")),
            major: numbers.first().copied().unwrap_or_default().to_owned(),
            minor: numbers.get(1).copied().unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let check = |dialect, text: &str, expect: Option<(&str, &str)>| {
            let got = KubeVersion::parse(text, dialect).ok();
            let got = got.as_ref().map(|v| (v.version.as_str(), v.normalized.as_str()));
            assert_eq!(got, expect, "{dialect} {text}");
        };
        check(Dialect::Helm4, "1.31.2-eks-abc", Some(("v1.31.2-eks-abc", "v1.31.2")));
        check(Dialect::Helm4, "v1.19", Some(("v1.19", "v1.19")));
        check(Dialect::Helm4, "1", None);
        check(Dialect::Helm4, "x", None);
        check(Dialect::Helm3, "1.19", Some(("v1.19.0", "v1.19.0")));
        check(Dialect::Helm3, "v1.31.2-eks-abc", Some(("v1.31.2-eks-abc", "v1.31.2-eks-abc")));
    }

    #[test]
    fn defaults() {
        assert_eq!(Capabilities::default_of(Dialect::Helm4).api_versions.len(), 57);
        assert_eq!(Capabilities::default_of(Dialect::Helm3).api_versions.len(), 56);
    }
}
