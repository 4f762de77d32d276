//! The built-in kinds of Kubernetes 1.37.2, as its aggregated discovery lists them. Stands in until the table
//! of crate `schema` is there: `Catalog` prefers that one.

use tautline_core::GroupVersionKind;
use tautline_schema::{Kind, Scope, Subresource};

static TABLE: &str = include_str!("kinds.txt");

/// All built-in kinds.
pub(crate) fn all() -> Vec<Kind> {
    TABLE.lines().filter_map(read).collect()
}

fn read(line: &str) -> Option<Kind> {
    let mut parts = line.split('|');
    let mut next = || parts.next();
    let (group, version, preferred, kind) = (next()?, next()?, next()?, next()?);
    let (plural, singular, namespaced) = (next()?, next()?, next()?);
    let (short, categories, verbs, subresources) = (next()?, next()?, next()?, next()?);
    let gvk = GroupVersionKind::new(group, version, kind);
    Some(Kind {
        plural: plural.to_owned(),
        singular: singular.to_owned(),
        scope: if namespaced == "1" { Scope::Namespaced } else { Scope::Cluster },
        short_names: words(short, ','),
        categories: words(categories, ','),
        verbs: words(verbs, ','),
        subresources: words(subresources, ';').iter().filter_map(|text| subresource(text, &gvk)).collect(),
        preferred: preferred == "1",
        gvk,
    })
}

fn subresource(text: &str, of: &GroupVersionKind) -> Option<Subresource> {
    let (name, rest) = text.split_once('=')?;
    let mut parts = rest.split(':');
    let (group, version, kind, verbs) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // Discovery leaves the group and version out where they are those of the kind itself.
    let version = if version.is_empty() { &of.version } else { version };
    let group = if group.is_empty() && kind != "Scale" { &of.group } else { group };
    let gvk = GroupVersionKind::new(group, version, kind);
    Some(Subresource { name: name.to_owned(), gvk, verbs: words(verbs, ','), scale: None })
}

fn words(text: &str, by: char) -> Vec<String> {
    text.split(by).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
