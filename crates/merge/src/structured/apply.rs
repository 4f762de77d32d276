//! [`apply`] and [`update`]: one write, as the API server's field manager sees it.

use tautline_core::{FieldManager, FieldPath, GroupVersionKind, Object, Timestamp, Value};
use tautline_schema::defaults::{Over, Touched};
use tautline_schema::{Root, Schemas};

use super::last_applied;
use super::managed::{ManagedFields, Manager, Operation, Owned};
use super::resets::Resets;
use super::steady;
use super::typed::Typed;
use super::updater::{Updater, strip, writer};
use super::versions::{Versions, typed};
use super::{ApplyError, Unknown};
use crate::time;

/// A server-side apply.
#[derive(Clone, Copy)]
pub struct Apply<'a> {
    /// The object as it is; `None` if there is none yet.
    pub live: Option<&'a Object>,
    /// What is applied.
    pub config: &'a Object,
    /// Who applies.
    pub manager: &'a FieldManager,
    /// Takes fields from others instead of failing.
    pub force: bool,
    /// The endpoint: `None` for the object itself, or `status`, …
    pub subresource: Option<&'a str>,
    /// The present moment, for `managedFields`.
    pub now: Timestamp,
    /// What the types say.
    pub schemas: &'a dyn Schemas,
    /// Fills in defaults and prints the object as the server stores it.
    pub defaulter: &'a Defaulter<'a>,
}

/// Brings an object into the form that the server stores, usually [`tautline_schema::defaults::settle_over`]. It is told
/// the live object where the new one was laid over it, and where that made it another one, so that the rest need not be
/// looked at. An error is the server's message for what it cannot decode.
pub type Defaulter<'a> = dyn Fn(&mut Object, Option<Over<'_>>) -> Result<(), String> + 'a;

/// What an apply made.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The object, `managedFields` included.
    pub object: Object,
    /// Whether anything but `managedFields` is different from before.
    pub changed: bool,
    /// Fields taken from others by force.
    pub taken: Vec<TakenField>,
    /// Where the object is another one than before, if that is known without comparing the two: in these places or below
    /// them, in the order of the object, and nowhere else but in `managedFields`.
    pub touched: Option<Vec<Touched>>,
}

/// A field that had another owner before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenField {
    /// The field.
    pub path: FieldPath,
    /// Who owned it.
    pub from: String,
    /// How it had written it.
    pub operation: Operation,
}

/// A create, PUT or patch whose result is known and whose owners are not.
#[derive(Clone, Copy)]
pub struct Update<'a> {
    /// The object as it was; `None` for a create.
    pub live: Option<&'a Object>,
    /// The object as it shall be, with the `managedFields` of the request, if any.
    pub object: &'a Object,
    /// Who writes.
    pub manager: &'a FieldManager,
    /// The endpoint: `None` for the object itself, or `status`, …
    pub subresource: Option<&'a str>,
    /// The present moment, for `managedFields`.
    pub now: Timestamp,
    /// What the types say.
    pub schemas: &'a dyn Schemas,
}

macro_rules! debug_by_name {
    ($($name:ident . $object:ident),*) => {$(
        impl std::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({} by {})", stringify!($name), self.$object.key(), self.manager)
            }
        }
    )*};
}
debug_by_name!(Apply.config, Update.object);

/// Applies a configuration as kube-apiserver 1.37 does (structured-merge-diff v6).
///
/// # Errors
/// [`ApplyError::Conflicts`] where others own changed fields, [`ApplyError::Internal`] and
/// [`ApplyError::BadRequest`] with the server's words, [`ApplyError::DontKnow`] where only the server can tell.
pub fn apply(request: Apply<'_>) -> Result<Applied, ApplyError> {
    let (root, updater) = prepare(request.schemas, request.config, request.subresource)?;
    steady::apply(&request, &updater, &root).map_or_else(|| apply_in_full(request, &root, &updater), Ok)
}

/// [`apply`] without the short way for what happens most.
pub(super) fn apply_in_full(
    request: Apply<'_>,
    root: &Root,
    updater: &Updater<'_>,
) -> Result<Applied, ApplyError> {
    let gvk = &updater.versions.kind;
    let live = request.live.cloned().unwrap_or_else(|| empty_object(root, gvk));
    let mut managers = ManagedFields::read(&live)
        .map_err(|e| ApplyError::Internal(format!("failed to decode managed fields: {e}")))?;
    if managers.is_empty() {
        let before = FieldManager::new("before-first-apply");
        let empty = empty_object(root, gvk);
        managers =
            updated(updater, root, &empty, &live, managers, &before, request.subresource, request.now)?;
    }
    let once = |force| apply_once(&request, updater, root, gvk, &live, &managers, force);
    let result = match once(request.force) {
        Err(ApplyError::Conflicts(conflicts)) if request.manager.as_str() == "kubectl" => {
            match last_applied::allows(&live, root, conflicts) {
                Ok(()) => once(true),
                Err(left) => Err(ApplyError::Conflicts(left)),
            }
        }
        other => other,
    };
    let mut applied = result?;
    if request.manager.as_str() == "kubectl" {
        last_applied::rewrite(&mut applied.object, request.config);
    }
    if let Some(live) = request.live {
        applied.changed = without_managed(live) != without_managed(&applied.object);
        if !applied.changed {
            keep_times(live, &mut applied.object);
        }
    }
    Ok(applied)
}

fn apply_once(
    request: &Apply<'_>,
    updater: &Updater<'_>,
    root: &Root,
    gvk: &GroupVersionKind,
    live: &Object,
    managers: &ManagedFields,
    force: bool,
) -> Result<Applied, ApplyError> {
    if request.config.metadata().is_some_and(|m| m.contains_key("managedFields")) {
        return Err(ApplyError::BadRequest("metadata.managedFields must be nil".to_owned()));
    }
    let named = named(request.config, gvk);
    let config = Typed::check(request.config.to_value(), root.clone(), false)
        .map_err(|e| ApplyError::Internal(format!("failed to create typed patch object ({named}): {e}")))?;
    let live_typed = typed(live, root, true)
        .map_err(|e| ApplyError::Internal(format!("failed to create typed live object ({named}): {e}")))?;
    let manager = writer(request.manager.as_str(), Operation::Apply, &gvk.api_version(), request.subresource);
    let (merged, mut managers, taken) = updater.apply(&live_typed, &config, managers, &manager, force)?;
    strip_own(&mut managers, &manager);
    let changed = merged.is_some();
    let mut object = match merged {
        Some(Typed { value: Value::Map(map), .. }) => Object::from_map(map),
        Some(_) => return Err(ApplyError::Internal("failed to convert value to unstructured".to_owned())),
        None => live.clone(),
    };
    object.metadata_mut().remove("managedFields");
    if changed {
        (request.defaulter)(&mut object, None).map_err(|e| {
            ApplyError::Internal(format!("failed to convert new object ({named}) to proper version: {e}"))
        })?;
        if let Some(owned) = managers.0.get_mut(&manager) {
            owned.time = Some(time::print(request.now));
        }
    }
    managers.write(&mut object);
    let taken = taken.into_iter().map(|conflict| TakenField {
        path: conflict.path,
        from: conflict.manager.name().to_owned(),
        operation: conflict.manager.operation(),
    });
    Ok(Applied { object, changed, taken: taken.collect(), touched: None })
}

/// Says who owns what after a create, PUT or patch, as kube-apiserver 1.37 does.
///
/// # Errors
/// [`ApplyError::DontKnow`] where only the server can tell, others with the server's words. The server itself
/// logs such an error and keeps the old `managedFields`.
pub fn update(request: Update<'_>) -> Result<Object, ApplyError> {
    let (root, updater) = prepare(request.schemas, request.object, request.subresource)?;
    let empty = empty_object(&root, &updater.versions.kind);
    let live = request.live.unwrap_or(&empty);
    let managers = requested(live, request.object, request.subresource.is_some());
    let mut object = request.object.clone();
    object.metadata_mut().remove("managedFields");
    if managers.is_empty() && live.uid().is_some() {
        // Objects that lost track of their owners stay so until somebody applies.
        return Ok(object);
    }
    let managers =
        updated(&updater, &root, live, &object, managers, request.manager, request.subresource, request.now)?;
    managers.write(&mut object);
    if let Some(live) = request.live {
        keep_times(live, &mut object);
    }
    Ok(object)
}

/// The owners after an update from `old` to `new`.
#[expect(clippy::too_many_arguments, reason = "the parts of one request")]
fn updated(
    updater: &Updater<'_>,
    root: &Root,
    old: &Object,
    new: &Object,
    managers: ManagedFields,
    manager: &FieldManager,
    subresource: Option<&str>,
    now: Timestamp,
) -> Result<ManagedFields, ApplyError> {
    let named = named(new, &updater.versions.kind);
    let new = typed(new, root, true).map_err(|e| {
        ApplyError::Internal(format!("failed to convert new object ({named}) to smd typed: {e}"))
    })?;
    let old = typed(old, root, true).map_err(|e| {
        ApplyError::Internal(format!("failed to convert live object ({named}) to smd typed: {e}"))
    })?;
    let (mut managers, set) = updater.update(&old, &new, &managers)?;
    let set = strip(&set);
    if !set.is_empty() {
        let manager = writer(manager.as_str(), Operation::Update, &updater.api_version, subresource);
        let before = managers.remove(&manager).map(|owned| owned.fields).unwrap_or_default();
        let time = Some(time::print(now));
        managers.set(
            manager,
            Owned { fields: set.union(&before), api_version: updater.api_version.clone(), time },
        );
    }
    managers.cap_updaters();
    Ok(managers)
}

pub(super) fn prepare<'a>(
    schemas: &'a dyn Schemas,
    object: &Object,
    subresource: Option<&str>,
) -> Result<(Root, Updater<'a>), ApplyError> {
    let gvk = object.gvk();
    let Some(root) = schemas.root(&gvk) else {
        return Err(ApplyError::DontKnow(Unknown::Schema(gvk.to_string())));
    };
    let resets = Resets::of(schemas, &gvk, &root, subresource);
    let api_version = object.api_version().to_owned();
    Ok((root, Updater { versions: Versions { schemas, kind: gvk }, api_version, resets }))
}

/// What the server compares a new object with: nothing, as its Go type prints it.
fn empty_object(root: &Root, gvk: &GroupVersionKind) -> Object {
    let mut object = match root.node().zero() {
        Value::Map(map) => Object::from_map(map),
        _ => Object::from_map(tautline_core::Map::new()),
    };
    object.as_map_mut().insert("apiVersion", gvk.api_version());
    object.as_map_mut().insert("kind", gvk.kind.as_str());
    object
}

/// The owners that a request starts from: those it brings along if they can be read, else the live ones. An
/// empty list, or one empty entry, clears them.
fn requested(live: &Object, new: &Object, subresource: bool) -> ManagedFields {
    let of_live = || ManagedFields::read(live).unwrap_or_default();
    if subresource {
        return of_live();
    }
    match new.at(&["metadata", "managedFields"]) {
        Some(Value::List(entries)) if is_reset(entries) => ManagedFields::default(),
        _ => ManagedFields::read(new).ok().filter(|m| !m.is_empty()).unwrap_or_else(of_live),
    }
}

fn is_reset(entries: &[Value]) -> bool {
    match entries {
        [] => true,
        [Value::Map(only)] => only.is_empty(),
        _ => false,
    }
}

fn strip_own(managers: &mut ManagedFields, manager: &Manager) {
    if let Some(owned) = managers.remove(manager) {
        let fields = strip(&owned.fields);
        managers.set(manager.clone(), Owned { fields, ..owned });
    }
}

/// Puts back the times of `managedFields` if nothing else is different, so that such a write is none.
pub fn keep_times(live: &Object, object: &mut Object) {
    let entries = |object: &Object| object.at(&["metadata", "managedFields"]).cloned();
    if entries(live) == entries(object) {
        return;
    }
    let (Ok(old), Ok(new)) = (ManagedFields::read(live), ManagedFields::read(object)) else { return };
    let (old_sorted, new_sorted) = (old.sorted(), new.sorted());
    let same = old_sorted.len() == new_sorted.len()
        && old_sorted.iter().zip(&new_sorted).all(|((m1, o1), (m2, o2))| {
            m1 == m2 && o1.fields == o2.fields && o1.api_version == o2.api_version
        });
    let times_differ = old_sorted.iter().zip(&new_sorted).any(|((_, a), (_, b))| !a.same_moment(b));
    if same && times_differ && without_managed(live) == without_managed(object) {
        old.write(object);
    }
}

fn without_managed(object: &Object) -> Object {
    let mut object = object.clone();
    if object.metadata().is_some_and(|m| m.contains_key("managedFields")) {
        object.metadata_mut().remove("managedFields");
    }
    object
}

/// `demo/web; apps/v1, Kind=Deployment`.
fn named(object: &Object, gvk: &GroupVersionKind) -> String {
    let version = if gvk.group.is_empty() { format!("/{}", gvk.version) } else { gvk.api_version() };
    format!("{}/{}; {version}, Kind={}", object.namespace(), object.name(), gvk.kind)
}
