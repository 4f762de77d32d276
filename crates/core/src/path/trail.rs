//! [`Trail`]: the paths that a walk finds.

use std::sync::Arc;

use super::{FieldPath, PathElement};

/// So many steps of its own a path may have before it is worth while to share those before them.
const OWN: usize = 4;

/// Where a walk through an object is, and the paths of what it finds: many that begin alike share the beginning in
/// memory.
///
/// ```
/// use tautline_core::{PathElement, Trail};
/// let field = |name: &str| PathElement::Field(name.into());
/// let mut trail = Trail::default();
/// trail.push(field("spec"));
/// assert_eq!(trail.with(field("replicas")).to_string(), "spec.replicas");
/// trail.pop();
/// assert!(trail.path().is_root());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trail {
    steps: Vec<PathElement>,
    /// First steps that paths share.
    stem: Option<Arc<[PathElement]>>,
    /// So many steps have stayed since the last path.
    stayed: usize,
}

impl From<FieldPath> for Trail {
    /// A walk that begins at a place.
    fn from(path: FieldPath) -> Self {
        let mut steps = path.stem.map_or_else(Vec::new, |stem| stem.to_vec());
        steps.extend(path.steps);
        Self { steps, stem: None, stayed: 0 }
    }
}

impl Trail {
    /// Goes a step down.
    #[inline]
    pub fn push(&mut self, element: PathElement) {
        self.steps.push(element);
    }

    /// Goes a step up.
    #[inline]
    pub fn pop(&mut self) {
        self.steps.pop();
        let depth = self.steps.len();
        self.stayed = self.stayed.min(depth);
        if self.stem.as_ref().is_some_and(|stem| stem.len() > depth) {
            self.stem = None;
        }
    }

    /// The path of this place.
    pub fn path(&mut self) -> FieldPath {
        self.make(None)
    }

    /// The path of a place one step down.
    pub fn with(&mut self, element: PathElement) -> FieldPath {
        self.make(Some(element))
    }

    fn make(&mut self, last: Option<PathElement>) -> FieldPath {
        let stem_len = |stem: &Option<Arc<[PathElement]>>| stem.as_ref().map_or(0, |stem| stem.len());
        // One path alone shares nothing; where the walk has come from another one, a third is likely to follow.
        let shared = stem_len(&self.stem);
        if self.steps.len() > shared + OWN && self.stayed >= OWN.max(shared + 1) {
            self.stem = self.steps.get(..self.stayed).map(Arc::from);
        }
        self.stayed = self.steps.len();
        let own = self.steps.get(stem_len(&self.stem)..).unwrap_or_default();
        let mut steps = Vec::with_capacity(own.len() + usize::from(last.is_some()));
        steps.extend_from_slice(own);
        steps.extend(last);
        FieldPath { stem: self.stem.clone(), steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes through a tree of fields, `width` below each, and compares with paths that share nothing.
    fn go(trail: &mut Trail, plain: &FieldPath, depth: usize, shared: &mut usize) {
        for name in ["a", "b", "c"] {
            let element = PathElement::Field(name.into());
            assert_eq!(trail.with(element.clone()), plain.with(element.clone()));
            trail.push(element.clone());
            let below = plain.with(element);
            let path = trail.path();
            *shared += path.stem.as_ref().map_or(0, |stem| stem.len());
            assert_eq!((path.to_string(), path.len()), (below.to_string(), below.len()));
            assert!(plain.covers(&path) && !path.covers(plain) && path.covers(&below));
            if depth > 0 {
                go(trail, &below, depth - 1, shared);
            }
            trail.pop();
        }
    }

    #[test]
    fn paths_are_the_same_whether_they_share_their_beginning_or_not() {
        let mut shared = 0;
        go(&mut Trail::default(), &FieldPath::root(), 6, &mut shared);
        assert!(shared > 1000, "only {shared} steps were shared");
        let mut deep = Trail::default();
        (0..9).for_each(|_| deep.push(PathElement::Field("a".into())));
        deep.path();
        deep.pop();
        let mut path = deep.path();
        let steps = std::iter::from_fn(|| path.pop()).count();
        assert_eq!((steps, path.is_root()), (8, true));
    }
}
