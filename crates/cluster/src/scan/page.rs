//! Lists and events cut into the objects that they carry.

use bytes::Bytes;

use super::Scan;

/// A page of a list, its items cut out.
#[derive(Clone, Debug)]
pub struct Page {
    /// The items, as they came; each shares the page's bytes.
    pub items: Vec<Bytes>,
    /// The page without its items: `{"kind":"PodList", …, "items":[]}`.
    pub envelope: Vec<u8>,
}

impl Page {
    /// Cuts a page. Only brackets and texts are looked at: what the items say is for their reader to judge. `None` for
    /// anything unusual, also for a list whose items are `null`: read that as JSON.
    ///
    /// ```
    /// use tautline_cluster::Page;
    /// let page = Page::cut(&br#"{"items":[{"a":"]"}, {}],"metadata":{"resourceVersion":"7"}}"#.to_vec().into()).unwrap();
    /// assert_eq!(page.items, [&br#"{"a":"]"}"#[..], b"{}"]);
    /// assert_eq!(page.envelope, br#"{"items":[],"metadata":{"resourceVersion":"7"}}"#);
    /// ```
    pub fn cut(body: &Bytes) -> Option<Self> {
        let mut scan = Scan::new(body);
        let mut found = None;
        scan.enter(b'{')?;
        loop {
            if scan.key()? == b"items" && found.is_none() {
                found = Some(scan.items(body)?);
            } else {
                scan.skip()?;
            }
            if scan.next_entry().is_none() {
                break;
            }
        }
        scan.enter(b'}')?;
        let (items, start, end) = found.filter(|_| scan.peek().is_none())?;
        let mut envelope = body.get(..start)?.to_vec();
        envelope.extend_from_slice(body.get(end..)?);
        Some(Self { items, envelope })
    }
}

impl Scan<'_> {
    /// The items of the list that begins here, and where what it holds begins and ends.
    fn items(&mut self, body: &Bytes) -> Option<(Vec<Bytes>, usize, usize)> {
        self.enter(b'[')?;
        let start = self.at;
        let mut items = Vec::new();
        if self.peek()? != b']' {
            loop {
                self.peek().filter(|byte| *byte == b'{')?;
                let from = self.at;
                self.skip()?;
                items.push(body.slice(from..self.at));
                if self.next_entry().is_none() {
                    break;
                }
            }
        }
        let end = self.at;
        self.enter(b']')?;
        Some((items, start, end))
    }
}

/// The type and the object of a watch event, one line of JSON. `None` for anything unusual: read that as JSON.
///
/// ```
/// let line = br#"{"type":"ADDED","object":{"a":1}}"#.to_vec().into();
/// let (kind, object) = tautline_cluster::event_parts(&line).unwrap();
/// assert_eq!((kind, &object[..]), ("ADDED", &br#"{"a":1}"#[..]));
/// ```
pub fn event_parts(line: &Bytes) -> Option<(&str, Bytes)> {
    let mut scan = Scan::new(line);
    let (mut kind, mut object) = (None, None);
    scan.enter(b'{')?;
    loop {
        match scan.key()? {
            b"type" if kind.is_none() => kind = Some(std::str::from_utf8(scan.text()?).ok()?),
            b"object" if object.is_none() => {
                scan.peek().filter(|byte| *byte == b'{')?;
                let from = scan.at;
                scan.skip()?;
                object = Some(line.slice(from..scan.at));
            }
            _ => return None,
        }
        if scan.next_entry().is_none() {
            break;
        }
    }
    scan.enter(b'}')?;
    scan.peek().is_none().then_some(kind.zip(object)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(page: &str) -> Option<(Vec<String>, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let page = Page::cut(&Bytes::copy_from_slice(page.as_bytes()))?;
        Some((page.items.iter().map(|item| text(item)).collect(), text(&page.envelope)))
    }

    #[test]
    fn items_are_cut_out_wherever_they_stand() {
        let page = r#" { "metadata" : {"continue": "]"}, "items" : [ {"a":[{"b":"\\\"]}"}]} , {} ] , "kind": "L" } "#;
        let (items, envelope) = cut(page).unwrap();
        assert_eq!(items, [r#"{"a":[{"b":"\\\"]}"}]}"#, "{}"]);
        assert_eq!(envelope, r#" { "metadata" : {"continue": "]"}, "items" : [] , "kind": "L" } "#);
        assert_eq!(cut(r#"{"items":[]}"#), Some((vec![], r#"{"items":[]}"#.to_owned())));
    }

    #[test]
    fn what_is_unusual_is_left_to_a_reader_of_json() {
        for page in [
            "",
            "{}",
            r#"{"items":null}"#,
            r#"{"items":[{}]"#,
            r#"{"items":[{}"#,
            r#"{"items":[{},]}"#,
            r#"{"items":[5]}"#,
            r#"{"items":[{}]} x"#,
            "<html>",
        ] {
            assert_eq!(cut(page), None, "{page}");
        }
    }

    #[test]
    fn events_that_say_more_are_left_to_a_reader_of_json() {
        let event = |line: &str| {
            event_parts(&Bytes::copy_from_slice(line.as_bytes()))
                .map(|(kind, object)| (kind.to_owned(), object))
        };
        assert_eq!(
            event(r#" {"object" : {"a":"}"} , "type":"DELETED"} "#),
            Some(("DELETED".to_owned(), Bytes::from_static(br#"{"a":"}"}"#)))
        );
        for line in [
            r#"{"type":"ADDED","object":{}"#,
            r#"{"type":"ADDED","object":{},"more":1}"#,
            r#"{"type":"ADDED","object":{}}}"#,
            r#"{"type":"ADDED","object":5}"#,
            r#"{"type":"ADDED"}"#,
            r#"{"object":{}}"#,
        ] {
            assert_eq!(event(line), None, "{line}");
        }
    }
}
