//! A cache on disk, for a start that need not fetch everything again.
//!
//! What is restored is known to nobody until a list confirms it: kinds are not watched, and their objects are neither
//! present nor absent. The bytes carry a digest of themselves, of this build's form of values and of the key that
//! Secrets are masked with; where one of these differs, nothing is taken.

use tautline_core::{Digest, GroupKind, Packed, ResourceVersion};

use super::Cache;

const MAGIC: &[u8] = b"tautline cache 3\n";

/// Stands for the key where nothing is masked.
const ANY_KEY: [u8; 32] = [0; 32];

/// Why a snapshot is not taken. A start without it lists everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bytes are no snapshot, or damaged.
    #[error("the snapshot is damaged or no snapshot; remove it")]
    Damaged,
    /// Another build wrote it.
    #[error("the snapshot was written by another version; it is written anew")]
    OtherVersion,
    /// Secrets in it are masked with another key.
    #[error("the snapshot's secrets are masked with another key; it is written anew")]
    OtherKey,
}

impl Cache {
    /// The cache as bytes. Secrets are in them as digests (rule R26), for a process with the same key.
    pub fn snapshot(&self) -> Vec<u8> {
        self.written(self.masking.derive("snapshots"), |_| true)
    }

    /// The cache as bytes, without Secrets: for a process with any key.
    pub fn snapshot_without_secrets(&self) -> Vec<u8> {
        self.written(ANY_KEY, |kind| !(kind.group.is_empty() && kind.kind == "Secret"))
    }

    fn written(&self, key: [u8; 32], holds: impl Fn(&GroupKind) -> bool) -> Vec<u8> {
        let mut out = Writer(MAGIC.to_vec());
        out.0.extend(Packed::form().as_bytes());
        out.0.extend(key);
        let kinds = self.kinds.iter().filter(|(kind, _)| holds(kind));
        out.number(kinds.clone().count() as u64);
        for (kind, entry) in kinds {
            out.text(&kind.group);
            out.text(&kind.kind);
            out.text(&entry.resource.gvk.version);
            out.text(entry.heard.as_ref().map_or("", ResourceVersion::as_str));
            self.store.write(kind, &mut out);
        }
        let digest = Digest::of_bytes(&out.0);
        out.0.extend(digest.as_bytes());
        out.0
    }

    /// Fills an empty cache with a snapshot's objects. Nothing of it counts before lists or [confirmations] of each kind
    /// end, in the version that the kind was known in.
    ///
    /// [confirmations]: Cache::confirm
    ///
    /// # Errors
    /// When the bytes are not for this cache; it is still empty then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        use SnapshotError::{Damaged, OtherKey, OtherVersion};
        let (bytes, digest) = bytes.split_last_chunk::<32>().ok_or(Damaged)?;
        let rest = bytes.strip_prefix(MAGIC).ok_or(Damaged)?;
        if Digest::of_bytes(bytes).as_bytes() != digest {
            return Err(Damaged);
        }
        let (form, rest) = rest.split_first_chunk::<32>().ok_or(Damaged)?;
        let (key, rest) = rest.split_first_chunk::<32>().ok_or(Damaged)?;
        if form != Packed::form().as_bytes() {
            return Err(OtherVersion);
        }
        if *key != ANY_KEY && *key != self.masking.derive("snapshots") {
            return Err(OtherKey);
        }
        let mut read = Reader(rest);
        let mut restored = Self::new(self.masking.clone());
        for _ in 0..read.number().ok_or(Damaged)? {
            restored.restore_kind(&mut read).ok_or(Damaged)?;
        }
        restored.namespaces = self.namespaces.take();
        *self = restored;
        Ok(())
    }

    /// Forgets what a snapshot told of kinds that nobody has watched since: nobody will ask for them any more.
    pub fn forget_unwatched(&mut self) {
        for kind in std::mem::take(&mut self.remembered).into_keys() {
            self.forget(&kind);
        }
    }

    fn restore_kind(&mut self, read: &mut Reader<'_>) -> Option<()> {
        let kind = GroupKind::new(read.text()?, read.text()?);
        let gvk = kind.in_version(read.text()?);
        let heard = Some(read.text()?).filter(|text| !text.is_empty()).map(ResourceVersion::new);
        self.store.read(&kind, read)?;
        self.remembered.insert(kind, (gvk, heard));
        Some(())
    }
}

/// Bytes with their lengths before them.
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}
