//! Items and events read: by their bytes alone where these say enough, else decoded.

use std::hash::BuildHasher;

use tautline_core::{GroupKind, Object, Value};
use tautline_ownership::owner_of;

use super::Cache;
use super::sketch::{Sketch, sketch};
use super::store::Filing;
use crate::RawObject;
use crate::scan::{Identity, identity, without_managers};

/// An item or event that is no Kubernetes object.
#[derive(Debug, Clone, thiserror::Error)]
#[error("an item of {kind} cannot be read: {problem}")]
pub struct BadItem {
    kind: GroupKind,
    problem: String,
}

/// An object as it was read.
pub(super) enum Read<'a> {
    /// Decoded, with the digest of its sketch if an outline of it may be kept.
    Whole { object: Object, sketch: Option<[u8; 16]> },
    /// Not decoded: its outline is that with this number.
    Drawn { sketch: Sketch<'a>, outline: u32 },
}

impl Read<'_> {
    pub(super) fn identity(&self) -> Identity<'_> {
        match self {
            Self::Whole { object, .. } => Identity::of(object),
            Self::Drawn { sketch, .. } => sketch.identity,
        }
    }
}

impl Cache {
    /// The object that these bytes were decoded into before, if nothing of them changed.
    pub(super) fn unchanged(&self, kind: &GroupKind, item: &RawObject) -> Option<u32> {
        // At the first list there is nothing to compare with.
        self.store.of_kind(kind).next()?;
        let bytes = match item {
            RawObject::Json(bytes) => bytes,
            RawObject::Object(object) => {
                let found = Identity::of(object);
                let at = self.store.find_at(kind, found.namespace, found.name)?;
                return self.is_same(kind, at, &found).then_some(at);
            }
        };
        let found = identity(bytes)?;
        let at = self.store.find_at(kind, found.namespace, found.name)?;
        let is_it = self.is_same(kind, at, &found) && self.store.slot(at).mark == self.mark(item);
        is_it.then_some(at)
    }

    /// Whether only an outline is known of an object that is wanted whole.
    pub(super) fn is_to_be_whole(&self, kind: &GroupKind, at: u32) -> bool {
        self.store.slot(at).is_outline() && self.kinds.get(kind).is_none_or(|entry| !entry.in_outline)
    }

    pub(super) fn mark(&self, item: &RawObject) -> u32 {
        match item {
            // 0 stands for "bytes never seen".
            RawObject::Json(bytes) => ((self.marking.hash_one(&bytes[..]) >> 32) as u32).max(1),
            RawObject::Object(_) => 0,
        }
    }

    /// Reads an object: its sketch if an outline is enough and such a one is known, else all of it.
    pub(super) fn read<'a>(&mut self, kind: &GroupKind, item: &'a RawObject) -> Result<Read<'a>, BadItem> {
        let sketch = self.sketch(kind, item);
        let digest = sketch.as_ref().map(|sketch| sketch.digest);
        if let Some(sketch) = sketch
            && let Some(outline) = self.store.outline_of(kind, &sketch.digest)
        {
            return Ok(Read::Drawn { sketch, outline });
        }
        Ok(Read::Whole { object: self.decode(kind, item)?, sketch: digest })
    }

    fn sketch<'a>(&mut self, kind: &GroupKind, item: &'a RawObject) -> Option<Sketch<'a>> {
        let entry = self.kinds.get(kind).filter(|entry| entry.in_outline)?;
        let RawObject::Json(bytes) = item else { return None };
        sketch(bytes, &entry.resource.gvk, &self.sketching, &mut self.scratch)
    }

    pub(super) fn decode(&mut self, kind: &GroupKind, item: &RawObject) -> Result<Object, BadItem> {
        self.decoded += 1;
        let in_outline = self.kinds.get(kind).is_some_and(|entry| entry.in_outline);
        if let RawObject::Json(bytes) = item
            && in_outline
            && let Some(short) = without_managers(bytes)
        {
            // Who wrote which field is half of the bytes, and no part of an outline.
            let object = self.decode_all(kind, &RawObject::Json(short.into()))?;
            if owner_of(&object).is_none() {
                return Ok(object);
            }
        }
        self.decode_all(kind, item)
    }

    fn decode_all(&self, kind: &GroupKind, item: &RawObject) -> Result<Object, BadItem> {
        let bad = |problem: String| BadItem { kind: kind.clone(), problem };
        let mut object = match item {
            RawObject::Object(object) => (**object).clone(),
            RawObject::Json(bytes) => {
                let mut value = Value::from_json(bytes).map_err(|e| bad(e.to_string()))?;
                // Items of a list carry no apiVersion and kind of their own.
                let resource = self.kinds.get(kind).map(|entry| &entry.resource);
                if let (Some(map), Some(resource)) = (value.as_map_mut(), resource)
                    && !map.contains_key("kind")
                {
                    map.insert("apiVersion", resource.gvk.api_version());
                    map.insert("kind", resource.gvk.kind.as_str());
                }
                Object::new(value).map_err(|e| bad(e.to_string()))?
            }
        };
        if object.group() != kind.group || object.kind() != kind.kind {
            return Err(bad(format!("it is a {}", GroupKind::new(object.group(), object.kind()))));
        }
        if object.name().is_empty() || object.name().contains('\0') {
            return Err(bad("it has no name".to_owned()));
        }
        self.masking.mask_object(&mut object);
        Ok(object)
    }

    /// Whether the object is known at a later version, of this life or another.
    pub(super) fn is_older(&self, at: u32, version: &str) -> bool {
        self.store.is_at_least(at, version) && !self.store.is_at(at, version)
    }

    pub(super) fn is_same(&self, kind: &GroupKind, at: u32, found: &Identity<'_>) -> bool {
        self.store.has_uid(at, found.uid)
            && self.store.is_at(at, found.version)
            && !self.is_to_be_whole(kind, at)
    }

    pub(super) fn keep(&mut self, kind: &GroupKind, read: &Read<'_>, mark: u32, seen: u8) {
        match read {
            Read::Drawn { sketch, outline } => self.store.put_drawn(kind, sketch, *outline, seen, mark),
            Read::Whole { object, sketch } => {
                let in_outline = self.kinds.get(kind).is_some_and(|entry| entry.in_outline);
                let filing = Filing { app: owner_of(object), in_outline, seen, mark };
                let at = self.store.put(object, filing);
                if let Some(digest) = sketch {
                    self.store.note_sketch(at, *digest);
                }
            }
        }
    }
}
