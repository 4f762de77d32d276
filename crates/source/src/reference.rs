//! Choosing a commit among the references that a repository advertises.

use std::collections::BTreeMap;

/// The references that a repository advertises: full name → commit id (tags peeled).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertised(BTreeMap<String, String>);

impl Advertised {
    /// Takes names like `HEAD`, `refs/heads/main`, `refs/tags/v1.0` with the commits they stand for.
    pub fn new(references: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(references.into_iter().collect())
    }

    /// The commit of a reference by its full name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every reference with its commit, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, id)| (name.as_str(), id.as_str()))
    }
}

/// Why a reference stands for no commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSuchReference {
    /// Nothing of that name.
    #[error("there is no branch or tag {0}; check targetRevision")]
    Missing(String),
    /// A short commit id that several commits begin with.
    #[error("{0} begins several commit ids; write the full 40 digits")]
    Ambiguous(String),
    /// A short commit id that no advertised commit begins with.
    #[error("no branch or tag is at a commit beginning with {0}; write the full 40 digits")]
    ShortId(String),
    /// The repository has no commit yet.
    #[error("the repository is empty: HEAD stands for no commit yet")]
    Unborn,
}

/// Whether text is a full commit id, SHA-1 or SHA-256.
pub fn is_full_commit_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The commit that a reference stands for.
///
/// As Argo CD 3.6 resolves it: empty means `HEAD`; a full commit id stands for itself; then a full reference
/// name, a branch, a tag; last a short commit id among the advertised commits.
pub fn choose(refs: &Advertised, reference: &str) -> Result<String, NoSuchReference> {
    let reference = if reference.is_empty() { "HEAD" } else { reference };
    if is_full_commit_id(reference) {
        return Ok(reference.to_ascii_lowercase());
    }
    let names = [reference.to_owned(), format!("refs/heads/{reference}"), format!("refs/tags/{reference}")];
    if let Some(id) = names.iter().find_map(|name| refs.get(name)) {
        return Ok(id.to_owned());
    }
    if reference == "HEAD" {
        return Err(NoSuchReference::Unborn);
    }
    let is_short_id = reference.len() >= 7 && reference.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_short_id {
        return Err(NoSuchReference::Missing(reference.to_owned()));
    }
    let prefix = reference.to_ascii_lowercase();
    let mut found: Vec<&str> = refs.iter().map(|(_, id)| id).filter(|id| id.starts_with(&prefix)).collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [] => Err(NoSuchReference::ShortId(reference.to_owned())),
        [id] => Ok((*id).to_owned()),
        _ => Err(NoSuchReference::Ambiguous(reference.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reference: &str, expect: Result<&str, &str>) {
        let refs = Advertised::new(
            [
                ("HEAD", "1111111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                ("refs/heads/main", "1111111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                ("refs/heads/v1", "2222222aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                ("refs/tags/v1", "3333333aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                ("refs/tags/v2", "3333333bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
            ]
            .map(|(n, i)| (n.to_owned(), i.to_owned())),
        );
        let got = choose(&refs, reference).map_err(|e| e.to_string());
        match expect {
            Ok(prefix) => {
                assert!(got.as_ref().is_ok_and(|id| id.starts_with(prefix)), "{reference}: {got:?}")
            }
            Err(part) => assert!(got.as_ref().is_err_and(|e| e.contains(part)), "{reference}: {got:?}"),
        }
    }

    #[test]
    fn references() {
        check("", Ok("1111111"));
        check("HEAD", Ok("1111111"));
        check("main", Ok("1111111"));
        check("v1", Ok("2222222")); // a branch wins over a tag
        check("refs/tags/v1", Ok("3333333a"));
        check("1111111", Ok("1111111a"));
        check("3333333", Err("several"));
        check("4444444", Err("full 40 digits"));
        check("feature", Err("no branch or tag feature"));
        check("ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD", Ok("abcdef"));
    }
}
