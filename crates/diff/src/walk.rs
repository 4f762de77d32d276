//! Walking two objects side by side.

use tautline_core::{FieldPath, Key, List, Map, Object, PathElement, Trail, Value};
use tautline_schema::defaults::Touched;
use tautline_schema::{Root, TypeKind, TypeRef};

use crate::named::Named;

/// Fields that say nothing about what anybody wants.
const SERVER_METADATA: [&str; 6] =
    ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

/// A field with its value on either side.
#[derive(Debug)]
pub(crate) struct Differing {
    pub(crate) path: FieldPath,
    pub(crate) from: Option<Value>,
    pub(crate) to: Option<Value>,
    /// Whether the wish says something there or above.
    pub(crate) is_wished: bool,
}

type Type<'a> = Option<TypeRef<'a>>;

/// The fields in which two objects differ, status and the server's own metadata aside. Items of lists are named as
/// the schema says; where there is none, those that all have a `name` of their own by that.
pub(crate) fn differing(a: &Object, b: &Object, schema: Option<&Root>) -> Vec<Differing> {
    differing_from(a, b, None, schema)
}

/// [`differing`], and of each field whether the wish, a third object, says something of it.
pub(crate) fn differing_from(
    a: &Object,
    b: &Object,
    wish: Option<&Object>,
    schema: Option<&Root>,
) -> Vec<Differing> {
    let of = schema.map(Root::node);
    let mut walk = Walk::new(of);
    let wish = wish.map(Object::to_value);
    let wish = wish.as_ref().map_or(Wish::Without, Wish::At);
    walk.maps(a.as_map(), b.as_map(), of, wish, Level::Object);
    walk.found
}

/// [`differing_from`] for two objects that are the same everywhere but in these places and below them. `None` where
/// that takes a closer look.
pub(crate) fn differing_at(
    places: Vec<Touched>,
    a: &Object,
    b: &Object,
    wish: &Object,
    schema: &Root,
) -> Option<Vec<Differing>> {
    // What is set is the wish's, and what goes is gone from it.
    let whole = |Touched { path, from, to, .. }| Differing { path, is_wished: to.is_some(), from, to };
    if places.iter().all(|place| place.is_whole && is_compared(&place.path) == Some(true)) {
        return Some(places.into_iter().map(whole).collect());
    }
    let (a, b, wish) = (a.to_value(), b.to_value(), wish.to_value());
    let mut walk = Walk::new(Some(schema.node()));
    for place in places {
        match is_compared(&place.path).filter(|_| place.is_whole) {
            Some(false) => {}
            Some(true) => walk.found.push(whole(place)),
            None => walk.place(place.path, &a, &b, Wish::At(&wish), schema.node())?,
        }
    }
    Some(walk.found)
}

/// Whether a place is compared; `None` where some of what is in it is not.
fn is_compared(path: &FieldPath) -> Option<bool> {
    let mut level = Level::Object;
    for element in path.elements() {
        match (level, element) {
            (Level::Object | Level::Metadata, PathElement::Field(key)) if !level.is_compared(key) => {
                return Some(false);
            }
            (Level::Object, PathElement::Field(key)) => level = level.below(key),
            _ => return Some(true),
        }
        if level == Level::Below {
            return Some(true);
        }
    }
    None
}

/// An object as it is shown: without its status and the server's own metadata.
pub(crate) fn without_server_fields(object: &Object) -> Map {
    let mut fields = object.as_map().clone();
    fields.remove("status");
    let metadata = fields.map_at("metadata");
    metadata.retain(|key, _| !SERVER_METADATA.contains(&key.as_str()));
    fields
}

/// Where in an object: some fields are not compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Object,
    Metadata,
    Below,
}

impl Level {
    fn is_compared(self, key: &Key) -> bool {
        match self {
            Self::Object => key != "status",
            Self::Metadata => !SERVER_METADATA.contains(&key.as_str()),
            Self::Below => true,
        }
    }

    fn below(self, key: &Key) -> Self {
        if self == Self::Object && key == "metadata" { Self::Metadata } else { Self::Below }
    }
}

/// What a third object says of a place.
#[derive(Clone, Copy)]
enum Wish<'a> {
    At(&'a Value),
    /// It sets a scalar above.
    Above,
    Without,
}

impl<'a> Wish<'a> {
    fn step(self, element: &PathElement) -> Self {
        match self {
            Self::At(value) => Self::found(value, element.get(value)),
            other => other,
        }
    }

    fn field(self, key: &Key) -> Self {
        match self {
            Self::At(value) => Self::found(value, value.as_map().and_then(|map| map.get_key(key))),
            other => other,
        }
    }

    fn found(above: &Value, below: Option<&'a Value>) -> Self {
        match (above, below) {
            (_, Some(below)) => Self::At(below),
            (Value::Map(_) | Value::List(_), None) => Self::Without,
            (_, None) => Self::Above,
        }
    }
}

struct Walk {
    path: Trail,
    found: Vec<Differing>,
    /// Kubernetes' own kinds are stored as protocol buffers, which know no empty lists and maps.
    stored: bool,
}

impl Walk {
    fn new(of: Type<'_>) -> Self {
        let stored = of.is_some_and(TypeRef::is_compiled);
        Self { path: Trail::default(), found: Vec::new(), stored }
    }

    /// Goes to a place, and looks at what is there.
    fn place(
        &mut self,
        path: FieldPath,
        a: &Value,
        b: &Value,
        wish: Wish<'_>,
        of: TypeRef<'_>,
    ) -> Option<()> {
        let (mut a, mut b, mut of, mut wish, mut level) = (Some(a), Some(b), Some(of), wish, Level::Object);
        for element in path.elements() {
            match element {
                PathElement::Field(key) if !level.is_compared(key) => return Some(()),
                PathElement::Field(key) => {
                    level = level.below(key);
                    (a, b) = (a.and_then(|a| element.get(a)), b.and_then(|b| element.get(b)));
                    (of, wish) = (of.and_then(|of| of.field_key(key)), wish.field(key));
                }
                element => {
                    // The names of items are those of the walk that comes along all of them.
                    let (in_a, in_b) = (Named::of(a?.as_list()?, of)?, Named::of(b?.as_list()?, of)?);
                    let (old, new) = (element.get(a?)?, element.get(b?)?);
                    (in_a.name(old) == *element && in_b.name(new) == *element).then_some(())?;
                    (a, b, of, level) = (Some(old), Some(new), of.and_then(TypeRef::items), Level::Below);
                    wish = wish.step(element);
                }
            }
        }
        match (a, b) {
            (Some(old), Some(new)) if is_leaf(old) && is_leaf(new) => {
                if old != new {
                    self.report(path, Some(old.clone()), Some(new.clone()), wish);
                }
            }
            (a, b) => {
                self.path = Trail::from(path);
                self.values(a, b, of, wish, level);
            }
        }
        Some(())
    }

    fn maps(&mut self, a: &Map, b: &Map, of: Type<'_>, wish: Wish<'_>, level: Level) {
        if a.is_same(b) {
            return;
        }
        for (key, old, new) in a.zip(b) {
            if old.zip(new).is_some_and(|(old, new)| old.is_same(new)) || !level.is_compared(key) {
                continue;
            }
            if let (Some(old), Some(new)) = (old, new)
                && is_leaf(old)
                && is_leaf(new)
            {
                // Numbers of two kinds may be equal all the same.
                if old != new {
                    let path = self.path.with(PathElement::Field(key.clone()));
                    self.report(path, Some(old.clone()), Some(new.clone()), wish.field(key));
                }
                continue;
            }
            self.path.push(PathElement::Field(key.clone()));
            let of = of.and_then(|of| of.field_key(key));
            self.values(old, new, of, wish.field(key), level.below(key));
            self.path.pop();
        }
    }

    fn values(&mut self, a: Option<&Value>, b: Option<&Value>, of: Type<'_>, wish: Wish<'_>, level: Level) {
        match (a, b) {
            (Some(a), Some(b)) if self.stored && is_nothing(a, of) && is_nothing(b, of) => {}
            (Some(Value::Map(a)), Some(Value::Map(b))) => self.maps(a, b, of, wish, level),
            (Some(Value::List(a)), Some(Value::List(b))) => self.lists(a, b, of, wish),
            (a, b) if a == b => {}
            // Of an object without metadata each field of it is one of its own.
            (Some(Value::Map(a)), None) if level == Level::Metadata => {
                self.maps(a, &Map::new(), of, wish, level);
            }
            (None, Some(Value::Map(b))) if level == Level::Metadata => {
                self.maps(&Map::new(), b, of, wish, level);
            }
            (a, b) => self.report_here(a.cloned(), b.cloned(), wish),
        }
    }

    fn report_here(&mut self, from: Option<Value>, to: Option<Value>, wish: Wish<'_>) {
        let path = self.path.path();
        self.report(path, from, to, wish);
    }

    fn report(&mut self, path: FieldPath, from: Option<Value>, to: Option<Value>, wish: Wish<'_>) {
        let is_wished = !matches!(wish, Wish::Without);
        self.found.push(Differing { path, from, to, is_wished });
    }

    /// Lists whose items have names are walked item by item, lists of one length by place; any other pair differs
    /// as a whole, as do lists that differ in their order only.
    fn lists(&mut self, a: &List, b: &List, of: Type<'_>, wish: Wish<'_>) {
        if a.is_same(b) {
            return;
        }
        let items = of.and_then(TypeRef::items);
        let (in_a, in_b) = (Named::of(a, of), Named::of(b, of));
        let Some((in_a, in_b)) = in_a.zip(in_b) else {
            if a.len() != b.len() {
                self.report_here(Some(Value::List(a.clone())), Some(Value::List(b.clone())), wish);
                return;
            }
            for (i, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                self.step(|| PathElement::Index(i), Some(a), Some(b), items, wish);
            }
            return;
        };
        let before = self.found.len();
        let mut is_aligned = a.len() == b.len();
        for (i, old) in a.iter().enumerate() {
            let new = in_b.find(old, i);
            is_aligned &= new.is_some_and(|(at, _)| at == i);
            self.step(|| in_a.name(old), Some(old), new.map(|(_, new)| new), items, wish);
        }
        for (_, new) in b.iter().enumerate().filter(|(i, new)| in_a.find(new, *i).is_none()) {
            self.step(|| in_b.name(new), None, Some(new), items, wish);
        }
        if !is_aligned && self.found.len() == before && a != b {
            self.report_here(Some(Value::List(a.clone())), Some(Value::List(b.clone())), wish);
        }
    }

    fn step(
        &mut self,
        element: impl FnOnce() -> PathElement,
        a: Option<&Value>,
        b: Option<&Value>,
        of: Type<'_>,
        wish: Wish<'_>,
    ) {
        if a.zip(b).is_some_and(|(a, b)| a.is_same(b)) {
            return;
        }
        let element = element();
        let wish = wish.step(&element);
        self.path.push(element);
        self.values(a, b, of, wish, Level::Below);
        self.path.pop();
    }
}

/// Whether a value is a scalar that says something.
fn is_leaf(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::List(_) | Value::Map(_))
}

/// Whether storage keeps nothing of a value: a list or map of keys that is empty. An empty struct is something.
fn is_nothing(value: &Value, of: Type<'_>) -> bool {
    let Some(of) = of.filter(|of| !of.is_untyped()) else { return false };
    match value {
        Value::Null => true,
        Value::List(list) => list.is_empty(),
        Value::Map(map) => {
            map.is_empty()
                && of.kind() == TypeKind::Object
                && !of.is_compiled()
                && of.additional().is_some_and(|of| !of.is_untyped())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
