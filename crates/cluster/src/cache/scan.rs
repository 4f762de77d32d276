//! Whose bytes are these? Identity read from JSON without decoding it.

/// What an object's metadata says of itself; all borrowed from its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) uid: &'a str,
    pub(super) version: &'a str,
}

/// The identity in an object's JSON. `None` for anything unusual: then the object is decoded, which alone decides
/// what is an object.
pub(super) fn identity(json: &[u8]) -> Option<Identity<'_>> {
    let mut scan = Scan { json, at: 0 };
    scan.enter(b'{')?;
    loop {
        let key = scan.key()?;
        if key == b"metadata" {
            return scan.metadata();
        }
        scan.skip()?;
        scan.next_entry()?;
    }
}

/// An object's JSON without `metadata.managedFields`, which may be half of it. `None` if it has none, or is unusual.
pub(super) fn without_managers(json: &[u8]) -> Option<Vec<u8>> {
    let mut scan = Scan { json, at: 0 };
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

struct Scan<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn metadata(&mut self) -> Option<Identity<'a>> {
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
            if self.next_entry().is_none() {
                return (!found.name.is_empty() && !found.version.is_empty()).then_some(found);
            }
        }
    }

    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.json.get(self.at)?;
            if !byte.is_ascii_whitespace() {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn enter(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// Goes past the comma between two entries; `None` at the end of the map.
    fn next_entry(&mut self) -> Option<()> {
        self.enter(b',')
    }

    fn key(&mut self) -> Option<&'a [u8]> {
        let key = self.text()?;
        self.enter(b':')?;
        Some(key)
    }

    /// A string without escapes.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.enter(b'"')?;
        let rest = self.json.get(self.at..)?;
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let text = rest.get(..end)?;
        self.at += end + 1;
        (rest.get(end) == Some(&b'"')).then_some(text)
    }

    /// Goes past a value.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.skip_text()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => self.skip_word()?,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_text(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let rest = self.json.get(self.at..)?;
            let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            if rest.get(end) == Some(&b'"') {
                self.at += end + 1;
                return Some(());
            }
            self.at += end + 2;
        }
    }

    /// A number, `true`, `false` or `null`.
    fn skip_word(&mut self) -> Option<()> {
        let rest = self.json.get(self.at..)?;
        let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
        let end = rest.iter().position(is_end).filter(|end| *end > 0)?;
        self.at += end;
        Some(())
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
