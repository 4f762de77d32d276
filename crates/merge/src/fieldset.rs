//! [`FieldSet`]: a set of paths, as `managedFields` keep it (`FieldsV1`).

mod json;
mod order;
pub(crate) mod raw;

use tautline_core::{Elements, FieldPath, PathElement};
use tautline_schema::TypeRef;

pub use json::FieldsError;
pub(crate) use order::compare;

/// A set of paths into an object.
///
/// A path may be a member with or without paths below it being members. Prints and parses as `FieldsV1`:
/// byte for byte what the API server writes.
///
/// ```
/// use tautline_merge::FieldSet;
/// let text = r#"{"f:spec":{".":{},"f:ports":{"k:{\"port\":80}":{".":{},"f:port":{}}}}}"#;
/// assert_eq!(FieldSet::from_json(text)?.to_json(), text);
/// # Ok::<(), tautline_merge::FieldsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    members: Vec<PathElement>,
    children: Vec<(PathElement, FieldSet)>,
}

impl FieldSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The set of one path.
    pub fn of(path: &FieldPath) -> Self {
        let mut set = Self::new();
        set.insert(path);
        set
    }

    /// The set of these members and of what is below, in whatever order; each element once.
    pub(crate) fn of_parts(
        mut members: Vec<PathElement>,
        mut children: Vec<(PathElement, FieldSet)>,
    ) -> Self {
        if !members.is_sorted_by(|a, b| compare(a, b).is_lt()) {
            members.sort_by(compare);
            members.dedup_by(|a, b| compare(a, b).is_eq());
        }
        if !children.is_sorted_by(|a, b| compare(&a.0, &b.0).is_lt()) {
            children.sort_by(|a, b| compare(&a.0, &b.0));
            // Of equals the last stays, as if each had been set in turn.
            children.dedup_by(|later, earlier| {
                let same = compare(&later.0, &earlier.0).is_eq();
                if same {
                    std::mem::swap(later, earlier);
                }
                same
            });
        }
        Self { members, children }
    }

    /// Whether every path of this set is one of the other.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.members.iter().all(|member| other.has(member))
            && self.children.iter().all(|(element, child)| match other.child(element) {
                Some(others) => child.is_within(others),
                None => child.is_empty(),
            })
    }

    /// Adds a path. The root cannot be a member and is ignored.
    pub fn insert(&mut self, path: &FieldPath) {
        self.insert_elements(path.elements());
    }

    fn insert_elements(&mut self, mut path: Elements<'_>) {
        let Some(last) = path.next_back() else { return };
        path.fold(self, |set, element| set.child_mut(element)).insert_member(last.clone());
    }

    fn insert_member(&mut self, element: PathElement) {
        if let Err(i) = self.members.binary_search_by(|m| compare(m, &element)) {
            self.members.insert(i, element);
        }
    }

    fn child_mut(&mut self, element: &PathElement) -> &mut FieldSet {
        let i = match self.children.binary_search_by(|(c, _)| compare(c, element)) {
            Ok(i) => i,
            Err(i) => {
                self.children.insert(i, (element.clone(), FieldSet::new()));
                i
            }
        };
        &mut self.children[i].1
    }

    /// Whether no path is a member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.iter().all(|(_, child)| child.is_empty())
    }

    /// How many paths are members.
    pub fn len(&self) -> usize {
        self.members.len() + self.children.iter().map(|(_, child)| child.len()).sum::<usize>()
    }

    /// Whether a path is a member.
    pub fn contains(&self, path: &FieldPath) -> bool {
        let mut before = path.elements();
        let Some(last) = before.next_back() else { return false };
        let holder = before.try_fold(self, |set, element| set.child(element));
        holder.is_some_and(|set| set.has(last))
    }

    /// Whether a path or one above it is a member: whoever owns an atomic list owns what is in it.
    pub fn covers(&self, path: &FieldPath) -> bool {
        let mut set = self;
        for element in path.elements() {
            if set.has(element) {
                return true;
            }
            match set.child(element) {
                Some(child) => set = child,
                None => return false,
            }
        }
        false
    }

    /// Whether something below a path is a member.
    pub fn touches(&self, path: &FieldPath) -> bool {
        let below = path.elements().try_fold(self, |set, element| set.child(element));
        below.is_some_and(|set| !set.is_empty())
    }

    pub(crate) fn has(&self, element: &PathElement) -> bool {
        self.members.binary_search_by(|m| compare(m, element)).is_ok()
    }

    /// Whether a field of the object, or something below it, is a member.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        let is_it = |element: &PathElement| matches!(element, PathElement::Field(field) if field == name);
        self.members.iter().any(is_it) || self.children.iter().any(|(element, _)| is_it(element))
    }

    pub(crate) fn child(&self, element: &PathElement) -> Option<&FieldSet> {
        let i = self.children.binary_search_by(|(c, _)| compare(c, element)).ok()?;
        self.children.get(i).map(|(_, child)| child)
    }

    pub(crate) fn members(&self) -> &[PathElement] {
        &self.members
    }

    pub(crate) fn children(&self) -> &[(PathElement, FieldSet)] {
        &self.children
    }

    /// The member paths: of each node its members first, then those below, as the API server lists them.
    pub fn paths(&self) -> Vec<FieldPath> {
        let mut found = Vec::with_capacity(self.len());
        self.collect(&mut FieldPath::root(), &mut found);
        found
    }

    fn collect(&self, at: &mut FieldPath, found: &mut Vec<FieldPath>) {
        found.extend(self.members.iter().map(|member| at.with(member.clone())));
        for (element, child) in &self.children {
            at.push(element.clone());
            child.collect(at, found);
            at.pop();
        }
    }

    /// The paths in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let members = zip(&self.members, &other.members, |m| m, |a, b| a.or(b).cloned());
        let children = zip(
            &self.children,
            &other.children,
            |c| &c.0,
            |a, b| match (a, b) {
                (Some((element, a)), Some((_, b))) => Some((element.clone(), a.union(b))),
                (a, b) => a.or(b).cloned(),
            },
        );
        Self { members, children }
    }

    /// The paths in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let members = zip(&self.members, &other.members, |m| m, |a, b| b.and(a).cloned());
        let children = zip(
            &self.children,
            &other.children,
            |c| &c.0,
            |a, b| {
                let ((element, a), (_, b)) = a.zip(b)?;
                non_empty(element, a.intersection(b))
            },
        );
        Self { members, children }
    }

    /// The paths of this set that the other has not. A path stays if only one above or below it is in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let members =
            zip(&self.members, &other.members, |m| m, |a, b| if b.is_some() { None } else { a.cloned() });
        let children = zip(
            &self.children,
            &other.children,
            |c| &c.0,
            |a, b| match (a?, b) {
                ((element, a), Some((_, b))) => non_empty(element, a.difference(b)),
                (a, None) => Some(a.clone()),
            },
        );
        Self { members, children }
    }

    /// The paths of this set that are neither in the other nor below one in it.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        let members =
            zip(&self.members, &other.members, |m| m, |a, b| if b.is_some() { None } else { a.cloned() });
        let children = zip(
            &self.children,
            &other.children,
            |c| &c.0,
            |a, b| {
                let (element, a) = a?;
                if other.has(element) {
                    return None;
                }
                match b {
                    Some((_, b)) => non_empty(element, a.recursive_difference(b)),
                    None => Some((element.clone(), a.clone())),
                }
            },
        );
        Self { members, children }
    }

    /// This set with every declared field on the way to a member being a member too. Keys of maps and items of
    /// lists are left as they are: they can be owned without what is in them, declared fields cannot.
    #[must_use]
    pub(crate) fn with_declared_parents(&self, of: Option<TypeRef<'_>>) -> Self {
        let mut out =
            Self { members: self.members.clone(), children: Vec::with_capacity(self.children.len()) };
        for (element, child) in &self.children {
            if let PathElement::Field(name) = element
                && of.is_some_and(|of| of.declared_key(name).is_some())
            {
                out.insert_member(element.clone());
            }
            out.children.push((element.clone(), child.with_declared_parents(step(of, element))));
        }
        out
    }
}

/// The type below, for fields and keyed items; items of sets have nothing below them.
fn step<'a>(of: Option<TypeRef<'a>>, element: &PathElement) -> Option<TypeRef<'a>> {
    match element {
        PathElement::Field(name) => of?.field_key(name),
        PathElement::Item(_) => of?.items(),
        PathElement::Value(_) | PathElement::Index(_) => None,
    }
}

fn non_empty(element: &PathElement, set: FieldSet) -> Option<(PathElement, FieldSet)> {
    (!set.is_empty()).then(|| (element.clone(), set))
}

/// Walks two sorted lists side by side and keeps what `keep` makes of each pair of equals or single.
fn zip<T>(
    a: &[T],
    b: &[T],
    element: impl Fn(&T) -> &PathElement,
    keep: impl Fn(Option<&T>, Option<&T>) -> Option<T>,
) -> Vec<T> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut out = Vec::new();
    loop {
        let pair = match (a.peek(), b.peek()) {
            (None, None) => return out,
            (Some(x), Some(y)) => match compare(element(x), element(y)) {
                std::cmp::Ordering::Less => (a.next(), None),
                std::cmp::Ordering::Equal => (a.next(), b.next()),
                std::cmp::Ordering::Greater => (None, b.next()),
            },
            (Some(_), None) => (a.next(), None),
            (None, Some(_)) => (None, b.next()),
        };
        out.extend(keep(pair.0, pair.1));
    }
}

impl FromIterator<FieldPath> for FieldSet {
    fn from_iter<I: IntoIterator<Item = FieldPath>>(paths: I) -> Self {
        let mut set = Self::new();
        for path in paths {
            set.insert(&path);
        }
        set
    }
}
