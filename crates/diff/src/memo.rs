//! [`Memo`]: a comparison that was made needs not be made again (rule R14).

use std::sync::{Arc, LazyLock};

use tautline_core::{Digest, Key, Map, Object, Presence, Text, Value, Why};

use crate::{Differ, Difference, Sides};

/// What decides a comparison beside its two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The digest of options and rules: [`crate::IgnoreRules::digest`], [`crate::Learned::digest`], the manager.
    pub options: Digest,
    /// Counts up when what the schemas say changes.
    pub schemas: u64,
}

/// The last comparison of one object. Asked the same again, it answers without work.
///
/// The key is the digest of the desired object, the live object's uid, the digest of the live object without its
/// status, and the [`Circumstances`]. A live object of the same uid and resourceVersion beside the same desired
/// object in memory is the same without a digest: nothing is allocated, nothing walked.
#[derive(Clone, Debug, Default)]
pub struct Memo {
    kept: Option<Kept>,
}

#[derive(Clone, Debug)]
struct Kept {
    circumstances: Circumstances,
    /// Held, so that the same address is the same object.
    desired: Arc<Object>,
    desired_digest: Digest,
    live: Seen,
    difference: Arc<Difference>,
}

#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Present { read_in: Text, uid: Text, version: Text, reads: Digest },
    Absent,
    Unknown(Why),
}

impl Memo {
    /// Nothing was compared yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The comparison of these sides: the kept one if it is of the same, else a new one, which is kept.
    pub fn diff(
        &mut self,
        differ: &dyn Differ,
        sides: &Sides<'_>,
        circumstances: &Circumstances,
    ) -> Arc<Difference> {
        if let Some(kept) = &self.kept
            && kept.circumstances == *circumstances
            && Arc::ptr_eq(&kept.desired, &sides.desired.object)
            && kept.live.is_version(sides.live)
        {
            return kept.difference.clone();
        }
        let (desired, live) = (sides.desired.object.to_value().digest(), Seen::of(sides.live));
        let again = self.kept.take().filter(|kept| {
            kept.circumstances == *circumstances && kept.desired_digest == desired && kept.live.is_same(&live)
        });
        let difference = match again {
            Some(kept) => kept.difference,
            None => Arc::new(differ.diff(sides)),
        };
        self.kept = Some(Kept {
            circumstances: *circumstances,
            desired: sides.desired.object.clone(),
            desired_digest: desired,
            live,
            difference: difference.clone(),
        });
        difference
    }

    /// Forgets the comparison: the next one is made.
    pub fn forget(&mut self) {
        self.kept = None;
    }
}

impl Seen {
    fn of(live: &Presence<Arc<Object>>) -> Self {
        match live {
            Presence::Present(object) => {
                let (read_in, uid, version) = identity(object);
                let reads = digest_of_reads(object);
                Self::Present { read_in: read_in.into(), uid: uid.into(), version: version.into(), reads }
            }
            Presence::Absent(_) => Self::Absent,
            Presence::Unknown(why) => Self::Unknown(why.clone()),
        }
    }

    /// Whether the live side is the very version that was seen.
    fn is_version(&self, live: &Presence<Arc<Object>>) -> bool {
        match (self, live) {
            (Self::Present { read_in, uid, version, .. }, Presence::Present(live)) => {
                !version.is_empty() && identity(live) == (read_in.as_str(), uid.as_str(), version.as_str())
            }
            (Self::Absent, Presence::Absent(_)) => true,
            (Self::Unknown(seen), Presence::Unknown(why)) => seen == why,
            _ => false,
        }
    }

    /// Whether both say the same of all that is compared.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Present { uid: a, reads: x, .. }, Self::Present { uid: b, reads: y, .. }) => {
                x == y && a == b
            }
            (a, b) => a == b,
        }
    }
}

/// The API version that an object is read in, its uid and its resourceVersion, empty if it has none: one state of an
/// object has one resourceVersion in all API versions.
fn identity(object: &Object) -> (&str, &str, &str) {
    static KEYS: LazyLock<[Key; 4]> =
        LazyLock::new(|| ["apiVersion", "metadata", "uid", "resourceVersion"].map(Key::new));
    let [read_in, metadata, uid, version] = &*KEYS;
    let read_in = object.as_map().get_key(read_in).and_then(Value::as_str).unwrap_or_default();
    let metadata = object.as_map().get_key(metadata).and_then(Value::as_map);
    let text = |key: &Key| metadata.and_then(|map| map.get_key(key)?.as_str()).unwrap_or_default();
    (read_in, text(uid), text(version))
}

/// The digest of all that a comparison reads of a live object: everything but its status, its version, and what
/// owners wrote through subresources and when. A heartbeat changes nothing of it.
pub fn digest_of_reads(live: &Object) -> Digest {
    let mut fields = live.as_map().clone();
    fields.remove("status");
    let metadata = fields.map_at("metadata");
    metadata.remove("resourceVersion");
    metadata.remove("generation");
    if let Some(Value::List(entries)) = metadata.get("managedFields") {
        let whole = entries.iter().filter_map(Value::as_map).filter(|entry| !is_of_subresource(entry));
        let timeless = whole.map(|entry| {
            let mut entry = entry.clone();
            entry.remove("time");
            Value::Map(entry)
        });
        let kept: Vec<Value> = timeless.collect();
        metadata.insert("managedFields", kept);
    }
    Value::Map(fields).digest()
}

fn is_of_subresource(entry: &Map) -> bool {
    entry.get("subresource").and_then(Value::as_str).is_some_and(|name| !name.is_empty())
}
