//! What an outline goes by, read from an object's JSON in one pass without decoding it.
//!
//! The pods of a ReplicaSet have one outline. So the part of an object's text that its outline is made of, with the
//! parts of its own name marked as in outlines, is hashed: where the same hash was met before, the outline is known.
//! The text may hold more than the outline does; then like objects are decoded that need not be, and nothing is wrong.

use tautline_core::{Digest, GroupVersionKind};
use tautline_ownership::TRACKING_ANNOTATION;

use super::named::Named;
use super::outlines::{OWN_OF_STATUS, moment_number};
use crate::scan::{Identity, Scan};

/// An object that is to be kept in outline, undecoded.
#[derive(Debug)]
pub(super) struct Sketch<'a> {
    pub(super) identity: Identity<'a>,
    /// The creation time as a number; 0 for none.
    pub(super) created: u64,
    pub(super) generation: i64,
    pub(super) node: &'a str,
    /// The uids of its owners, in their order, each once.
    pub(super) owners: Vec<&'a str>,
    /// Of all that its outline is made of.
    pub(super) digest: [u8; 16],
}

/// The sketch in an object's JSON; `text` is scratch. `None` for an object that may be an app's, and for anything
/// unusual: then the object is decoded.
pub(super) fn sketch<'a>(
    json: &'a [u8],
    gvk: &GroupVersionKind,
    key: &[u8; 32],
    text: &mut Vec<u8>,
) -> Option<Sketch<'a>> {
    text.clear();
    let (scan, sketch, named) = (Scan::new(json), Sketch::nobody(), Named::default());
    let mut reader = Reader { scan, text, sketch, named, depth: 0 };
    reader.object(gvk)?;
    let Reader { text, mut sketch, .. } = reader;
    let digest = Digest::keyed(key, text);
    sketch.digest.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    let Identity { name, version, .. } = sketch.identity;
    (!name.is_empty() && !version.is_empty()).then_some(sketch)
}

struct Reader<'a, 't> {
    scan: Scan<'a>,
    /// What is hashed: JSON with marks in place of the name's parts, without what outlines leave out.
    text: &'t mut Vec<u8>,
    sketch: Sketch<'a>,
    named: Named<'a>,
    depth: u32,
}

/// An outline is less deep by far.
const DEPTH: u32 = 64;

/// What is to be done with a map's entry.
enum Entry {
    /// It is part of the outline.
    Keep,
    /// It was read already.
    Done,
    /// It is left out.
    Skip,
}

impl<'a> Reader<'a, '_> {
    fn object(&mut self, gvk: &GroupVersionKind) -> Option<()> {
        let (is_pod, is_set) = (gvk.kind == "Pod", gvk.kind == "ReplicaSet");
        self.map(|reader, key| match key {
            b"kind" => reader.says(&gvk.kind),
            b"apiVersion" => reader.says(&gvk.api_version()),
            b"metadata" => reader.metadata(),
            b"spec" if is_pod => reader.under(key, Self::pod_spec),
            b"spec" if is_set => reader.under(key, Self::set_spec),
            b"status" => reader.under(key, Self::status),
            _ => Some(Entry::Skip),
        })?;
        // Items of lists do not say of which kind they are, and in outlines these texts may be marks too.
        self.write_text(gvk.kind.as_bytes())?;
        self.write_text(gvk.api_version().as_bytes())?;
        self.scan.peek().is_none().then_some(())
    }

    fn metadata(&mut self) -> Option<Entry> {
        self.map(|reader, key| {
            match key {
                b"name" => {
                    let name = reader.own()?;
                    if !reader.sketch.identity.name.is_empty() || name.contains('\0') {
                        return None;
                    }
                    (reader.sketch.identity.name, reader.named) = (name, Named::of(name));
                }
                b"namespace" => reader.sketch.identity.namespace = reader.own()?,
                b"uid" => reader.sketch.identity.uid = reader.own()?,
                b"resourceVersion" => reader.sketch.identity.version = reader.own()?,
                b"creationTimestamp" => reader.sketch.created = moment_number(reader.own()?)?,
                b"generation" => {
                    reader.scan.peek()?;
                    reader.sketch.generation = std::str::from_utf8(reader.scan.word()?).ok()?.parse().ok()?;
                }
                b"labels" | b"finalizers" | b"deletionTimestamp" | b"deletionGracePeriodSeconds" => {
                    return Some(Entry::Keep);
                }
                b"ownerReferences" => return reader.under(key, |reader| reader.list(Self::owner)),
                b"annotations" => return reader.under(key, Self::annotations),
                _ => return Some(Entry::Skip),
            }
            Some(Entry::Done)
        })?;
        Some(Entry::Done)
    }

    fn annotations(&mut self) -> Option<()> {
        self.map(|_, key| match key {
            b"deployment.kubernetes.io/revision" => Some(Entry::Keep),
            // It may be an app's: then all of it is kept.
            key if key == TRACKING_ANNOTATION.as_bytes() => None,
            _ => Some(Entry::Skip),
        })
    }

    fn owner(&mut self) -> Option<()> {
        let before = self.sketch.owners.len();
        self.map(|reader, key| {
            if key != b"uid" {
                return Some(Entry::Keep);
            }
            let uid = reader.own()?;
            let is_new = !uid.is_empty() && !reader.sketch.owners.contains(&uid);
            reader.sketch.owners.push(uid);
            is_new.then_some(Entry::Done)
        })?;
        (self.sketch.owners.len() == before + 1).then_some(())
    }

    fn pod_spec(&mut self) -> Option<()> {
        self.map(|reader, key| match key {
            b"nodeName" => {
                reader.sketch.node = reader.own()?;
                Some(Entry::Done)
            }
            b"serviceAccountName"
            | b"restartPolicy"
            | b"readinessGates"
            | b"imagePullSecrets"
            | b"priorityClassName" => Some(Entry::Keep),
            b"volumes" => reader.under(key, |reader| {
                reader.list(|reader| match reader.begins_with(br#"{"name":"kube-api-access-"#) {
                    true => reader.scan.skip(),
                    false => reader.keep(),
                })
            }),
            b"initContainers" | b"containers" => reader.under(key, |reader| reader.list(Self::container)),
            _ => Some(Entry::Skip),
        })
    }

    fn container(&mut self) -> Option<()> {
        self.map(|reader, key| match key {
            b"name" | b"image" | b"envFrom" | b"restartPolicy" => Some(Entry::Keep),
            b"env" => reader.under(key, |reader| reader.list(Self::variable)),
            b"readinessProbe" | b"startupProbe" | b"livenessProbe" => reader.under(key, |r| r.scan.skip()),
            _ => Some(Entry::Skip),
        })
    }

    /// A variable with a value of its own is nothing that a cause goes by.
    fn variable(&mut self) -> Option<()> {
        const REFERENCE: &[u8] = b"\"valueFrom\"";
        let from = self.scan.at;
        let value = self.scan.value()?;
        if value.windows(REFERENCE.len()).any(|part| part == REFERENCE) {
            self.scan.at = from;
            self.keep()?;
        }
        Some(())
    }

    fn set_spec(&mut self) -> Option<()> {
        self.map(|reader, key| match key {
            b"replicas" => Some(Entry::Keep),
            b"template" => reader.under(key, |reader| {
                reader.map(|reader, key| match key {
                    b"spec" => reader.under(key, |reader| {
                        reader.map(|_, key| match key {
                            b"serviceAccountName" => Some(Entry::Keep),
                            _ => Some(Entry::Skip),
                        })
                    }),
                    _ => Some(Entry::Skip),
                })
            }),
            _ => Some(Entry::Skip),
        })
    }

    fn status(&mut self) -> Option<()> {
        match self.scan.peek()? {
            b'{' => self.map(|reader, key| match OWN_OF_STATUS.iter().any(|own| own.as_bytes() == key) {
                true => Some(Entry::Skip),
                false => reader.under(key, Self::status),
            }),
            b'[' => self.list(Self::status),
            _ => self.keep(),
        }
    }

    /// A value as a whole.
    fn keep(&mut self) -> Option<()> {
        match self.scan.peek()? {
            b'{' => self.map(|_, _| Some(Entry::Keep)),
            b'[' => self.list(Self::keep),
            b'"' => {
                let text = self.scan.text()?;
                self.write_text(text)
            }
            _ => {
                let word = self.scan.word()?;
                self.text.extend(word);
                Some(())
            }
        }
    }

    /// A text with a mark in place of what is a part of the object's name.
    fn write_text(&mut self, text: &[u8]) -> Option<()> {
        // Before the name is known nothing can be told; and no text of JSON looks like a mark.
        if self.sketch.identity.name.is_empty() || text.first().is_some_and(|byte| *byte < b' ') {
            return None;
        }
        self.text.push(b'"');
        match self.named.place(text) {
            Some((mark, at)) => self.text.extend([mark as u8, b'0' + at as u8]),
            None => self.text.extend(text),
        }
        self.text.push(b'"');
        Some(())
    }

    /// Writes a key and what `read` writes of its value.
    fn under(&mut self, key: &[u8], read: impl FnOnce(&mut Self) -> Option<()>) -> Option<Entry> {
        self.write_key(key);
        read(self)?;
        Some(Entry::Done)
    }

    fn write_key(&mut self, key: &[u8]) {
        self.text.push(b'"');
        self.text.extend(key);
        self.text.extend(b"\":");
    }

    fn map(&mut self, mut each: impl FnMut(&mut Self, &'a [u8]) -> Option<Entry>) -> Option<()> {
        self.within([b'{', b'}'], |reader| {
            let key = reader.scan.key()?;
            match each(reader, key)? {
                Entry::Done => Some(()),
                Entry::Skip => reader.scan.skip(),
                Entry::Keep => {
                    reader.write_key(key);
                    reader.keep()
                }
            }
        })
    }

    fn list(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.within([b'[', b']'], |reader| {
            reader.text.push(b',');
            each(reader)
        })
    }

    fn within(
        &mut self,
        [open, close]: [u8; 2],
        mut each: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.depth = Some(self.depth + 1).filter(|depth| *depth <= DEPTH)?;
        self.scan.enter(open)?;
        self.text.push(open);
        if self.scan.peek()? != close {
            loop {
                each(self)?;
                if self.scan.next_entry().is_none() {
                    break;
                }
            }
        }
        self.text.push(close);
        self.depth -= 1;
        self.scan.enter(close)
    }

    /// A text that is the object's own.
    fn own(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.scan.text()?).ok()
    }

    /// Goes past a text that must be this one.
    fn says(&mut self, expected: &str) -> Option<Entry> {
        (self.scan.text()? == expected.as_bytes()).then_some(Entry::Done)
    }

    fn begins_with(&mut self, start: &[u8]) -> bool {
        self.scan.peek();
        self.scan.json.get(self.scan.at..).is_some_and(|rest| rest.starts_with(start))
    }
}

impl Sketch<'_> {
    fn nobody() -> Self {
        Self {
            identity: Identity::default(),
            created: 0,
            generation: 0,
            node: "",
            owners: Vec::new(),
            digest: [0; 16],
        }
    }
}
