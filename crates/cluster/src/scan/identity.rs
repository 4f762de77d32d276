//! Whose bytes are these? Identity read from JSON without decoding it.

use tautline_core::{GroupKind, Object, ResourceKey};

use super::Scan;

/// What an object's metadata says of itself; all borrowed from its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) version: &'a str,
}

impl<'a> Identity<'a> {
    pub(crate) fn of(object: &'a Object) -> Self {
        Self {
            namespace: object.namespace(),
            name: object.name(),
            uid: object.metadata_str("uid"),
            version: object.metadata_str("resourceVersion"),
        }
    }

    pub(crate) fn key(&self, kind: &GroupKind) -> ResourceKey {
        ResourceKey::new(&*kind.group, &*kind.kind, self.namespace, self.name)
    }
}

/// The identity in an object's JSON. `None` for anything unusual: then the object is decoded, which alone decides
/// what is an object.
pub(crate) fn identity(json: &[u8]) -> Option<Identity<'_>> {
    let mut scan = Scan::new(json);
    scan.enter(b'{')?;
    loop {
        let key = scan.key()?;
        if key == b"metadata" {
            return scan.identity();
        }
        scan.skip()?;
        scan.next_entry()?;
    }
}

/// An object's JSON without `metadata.managedFields`, which may be half of it. `None` if it has none, or is unusual.
pub(crate) fn without_managers(json: &[u8]) -> Option<Vec<u8>> {
    let mut scan = Scan::new(json);
    scan.enter(b'{')?;
    while scan.key()? != b"metadata" {
        scan.skip()?;
        scan.next_entry()?;
    }
    scan.enter(b'{')?;
    let mut is_first = true;
    // Where the entry before ended: the comma after it goes too.
    let mut start = scan.at;
    loop {
        let is_it = scan.key()? == b"managedFields";
        scan.skip()?;
        let mut end = scan.at;
        let goes_on = scan.next_entry().is_some();
        if is_it {
            if is_first && goes_on {
                end = scan.at;
            }
            let mut rest = json.get(..start)?.to_vec();
            rest.extend_from_slice(json.get(end..)?);
            return Some(rest);
        }
        if !goes_on {
            return None;
        }
        (is_first, start) = (false, end);
    }
}

impl<'a> Scan<'a> {
    /// What stands in the map of metadata that begins here; the rest of it is not read.
    fn identity(&mut self) -> Option<Identity<'a>> {
        let mut found = Identity::default();
        self.enter(b'{')?;
        loop {
            let place = match self.key()? {
                b"namespace" => Some(&mut found.namespace),
                b"name" => Some(&mut found.name),
                b"uid" => Some(&mut found.uid),
                b"resourceVersion" => Some(&mut found.version),
                _ => None,
            };
            match place {
                Some(place) => *place = std::str::from_utf8(self.text()?).ok()?,
                None => self.skip()?,
            }
            let has_all =
                [found.namespace, found.name, found.uid, found.version].iter().all(|t| !t.is_empty());
            if has_all || self.next_entry().is_none() {
                return (!found.name.is_empty() && !found.version.is_empty()).then_some(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<(&str, &str, &str, &str)> {
        identity(json.as_bytes()).map(|i| (i.namespace, i.name, i.uid, i.version))
    }

    #[test]
    fn identity_is_found_wherever_it_stands() {
        let typed = r#"{"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7"},"spec":{}}"#;
        assert_eq!(read(typed), Some(("n", "a", "u", "7")));
        let sorted = r#" { "apiVersion" : "v1", "data": {"metadata": "}\"{", "x": [1, -2.5e3, {"a": [] }, null, true]},
            "metadata": { "annotations": {"name": "not \"it\""}, "managedFields": [{"f:name": {}}], "name": "a",
            "resourceVersion": "7", "uid": "u" } }"#;
        assert_eq!(read(sorted), Some(("", "a", "u", "7")));
    }

    #[test]
    fn managers_are_taken_out_wherever_they_stand() {
        let without =
            |json: &str| without_managers(json.as_bytes()).map(|json| String::from_utf8(json).unwrap());
        let expect = r#"{"a":1,"metadata":{"name":"x"},"b":2}"#;
        for json in [
            r#"{"a":1,"metadata":{"name":"x","managedFields":[{"f:a":{"}":"]"}}]},"b":2}"#,
            r#"{"a":1,"metadata":{"managedFields":[],"name":"x"},"b":2}"#,
        ] {
            assert_eq!(without(json).as_deref(), Some(expect));
        }
        assert_eq!(
            without(r#"{"metadata":{"a":1,"managedFields":null,"b":2}}"#).as_deref(),
            Some(r#"{"metadata":{"a":1,"b":2}}"#)
        );
        assert_eq!(without(r#"{"metadata":{"managedFields":[]}}"#).as_deref(), Some(r#"{"metadata":{}}"#));
        assert_eq!(without(expect), None);
        assert_eq!(without("{"), None);
    }

    #[test]
    fn what_is_unusual_is_left_to_the_decoder() {
        for json in [
            "",
            "[]",
            "{}",
            "{",
            "null",
            r#"{"metadata":5}"#,
            r#"{"metadata":{}}"#,
            r#"{"metadata":{"name":"a"}}"#,
            r#"{"metadata":{"name":"a\u0062","resourceVersion":"1"}}"#,
            r#"{"metadata":{"name":5}}"#,
            r#"{"spec":{]}}"#,
            r#"{"spec":"a"#,
            r#"{"spec":"a\"#,
            r#"{"a":,}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
