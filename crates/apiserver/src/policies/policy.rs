//! [`Policy`]: a policy with its expressions compiled, and what they may name.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tautline_cel::{Declarations, Expression, Refused, Type};
use tautline_core::{Budget, Object, Value};

/// Steps that one expression may take.
const STEPS: u64 = 10_000_000;

/// The two kinds of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Validating,
    Mutating,
}

impl Kind {
    pub(super) fn shelf(self) -> &'static str {
        match self {
            Self::Validating => "validatingadmissionpolicies.admissionregistration.k8s.io",
            Self::Mutating => "mutatingadmissionpolicies.admissionregistration.k8s.io",
        }
    }

    pub(super) fn binding_shelf(self) -> &'static str {
        match self {
            Self::Validating => "validatingadmissionpolicybindings.admissionregistration.k8s.io",
            Self::Mutating => "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        }
    }
}

/// An expression, or why it is none; and its text.
pub(super) struct Compile {
    pub(super) text: String,
    pub(super) made: Result<Expression, Refused>,
}

/// One of a policy's `validations`.
pub(super) struct Validation {
    pub(super) expression: Compile,
    pub(super) message: String,
    pub(super) message_expression: Option<Compile>,
    pub(super) reason: String,
}

/// How a policy changes objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patch {
    Apply,
    Json,
}

/// A policy, ready to be run.
pub(crate) struct Policy {
    pub(super) name: String,
    /// Whether a policy that fails refuses the request.
    pub(super) fails: bool,
    /// `apiVersion` and `kind` of its parameters.
    pub(super) param_kind: Option<(String, String)>,
    pub(super) constraints: Value,
    pub(super) conditions: Vec<Compile>,
    pub(super) variables: Vec<(String, Compile)>,
    pub(super) validations: Vec<Validation>,
    pub(super) audits: Vec<Compile>,
    pub(super) mutations: Vec<(Patch, Compile)>,
    /// Whether any expression reads `authorizer`.
    pub(super) asks_rights: bool,
    /// Whether it is run again when something changed the object after it.
    pub(super) reinvoked: bool,
}

/// Policies that were compiled, each in its last version.
#[derive(Default)]
pub(crate) struct Compiled(Mutex<HashMap<(Kind, String), Version>>);

/// A policy, and the uid and resourceVersion of its object.
type Version = (String, Arc<Policy>);

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compiled")
    }
}

impl Compiled {
    /// A policy from its object; compiled once for each of its versions.
    pub(super) fn of(&self, kind: Kind, object: &Object) -> Arc<Policy> {
        let version = format!("{}/{}", object.metadata_str("uid"), object.metadata_str("resourceVersion"));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (kind, object.name().to_owned());
        match known.get(&key) {
            Some((of, policy)) if *of == version => policy.clone(),
            _ => {
                let policy = Arc::new(Policy::read(object));
                known.insert(key, (version, policy.clone()));
                policy
            }
        }
    }
}

/// The budget of one expression.
pub(crate) fn budget() -> Budget {
    Budget { steps: STEPS, ..Budget::default() }
}

impl Policy {
    fn read(object: &Object) -> Self {
        let text = |keys: &[&str]| object.str_at(keys).unwrap_or_default().to_owned();
        let has_params = object.at(&["spec", "paramKind"]).is_some_and(|kind| !kind.is_null());
        let mut names = Names::new(has_params);
        let variables = object.list_at(&["spec", "variables"]).iter().map(|variable| {
            let name = variable.str_at(&["name"]).unwrap_or_default().to_owned();
            let expression = names.compile(of(variable, "expression"));
            names.compose(&name, expression.made.as_ref().map_or(&Type::Dyn, Expression::kind));
            (name, expression)
        });
        let variables = variables.collect();
        let compile = |list: &str, field: &str| -> Vec<Compile> {
            object.list_at(&["spec", list]).iter().map(|item| names.compile(of(item, field))).collect()
        };
        Self {
            name: object.name().to_owned(),
            fails: text(&["spec", "failurePolicy"]) != "Ignore",
            param_kind: has_params
                .then(|| (text(&["spec", "paramKind", "apiVersion"]), text(&["spec", "paramKind", "kind"]))),
            constraints: object.at(&["spec", "matchConstraints"]).cloned().unwrap_or_default(),
            conditions: compile("matchConditions", "expression"),
            validations: validations(object, &names),
            audits: compile("auditAnnotations", "valueExpression"),
            mutations: mutations(object, &names),
            variables,
            asks_rights: object.get("spec").is_some_and(|spec| spec.to_json().contains("authorizer")),
            reinvoked: text(&["spec", "reinvocationPolicy"]) == "IfNeeded",
        }
    }
}

fn of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.str_at(&[field]).unwrap_or_default()
}

fn validations(object: &Object, names: &Names) -> Vec<Validation> {
    let messages = names.without_authorizer();
    let read = |value: &Value| {
        let message = of(value, "messageExpression");
        Validation {
            expression: names.compile(of(value, "expression")),
            message: of(value, "message").trim().to_owned(),
            message_expression: (!message.is_empty()).then(|| messages.compile(message)),
            reason: of(value, "reason").to_owned(),
        }
    };
    object.list_at(&["spec", "validations"]).iter().map(read).collect()
}

fn mutations(object: &Object, names: &Names) -> Vec<(Patch, Compile)> {
    let names = names.building();
    let read = |value: &Value| {
        let (patch, field) = match of(value, "patchType") {
            "JSONPatch" => (Patch::Json, "jsonPatch"),
            _ => (Patch::Apply, "applyConfiguration"),
        };
        (patch, names.compile(value.str_at(&[field, "expression"]).unwrap_or_default()))
    };
    object.list_at(&["spec", "mutations"]).iter().map(read).collect()
}

/// What a policy's expressions may name.
#[derive(Clone)]
pub(crate) struct Names(Declarations);

impl Names {
    /// What every policy has, and `variables`, to which nothing belongs yet.
    pub(crate) fn new(has_params: bool) -> Self {
        let mut variables: BTreeMap<String, Type> = [
            ("object", Type::Dyn),
            ("oldObject", Type::Dyn),
            ("request", request()),
            ("namespaceObject", namespace()),
            ("authorizer", Type::opaque("kubernetes.authorization.Authorizer")),
            ("authorizer.requestResource", Type::opaque("kubernetes.authorization.ResourceCheck")),
        ]
        .map(|(name, of)| (name.to_owned(), of))
        .into();
        if has_params {
            variables.insert("params".to_owned(), Type::Dyn);
        }
        Self(Declarations { variables, composed: Some(BTreeMap::new()), builds_objects: false })
    }

    /// The same without `variables`.
    pub(crate) fn uncomposed(mut self) -> Self {
        self.0.composed = None;
        self
    }

    /// The same without `authorizer`, which messages do not have.
    pub(crate) fn without_authorizer(&self) -> Self {
        let mut names = self.clone();
        names.0.variables.retain(|name, _| !name.starts_with("authorizer"));
        names
    }

    /// The same with types of objects to build.
    pub(crate) fn building(&self) -> Self {
        let mut names = self.clone();
        names.0.builds_objects = true;
        names
    }

    /// Adds `variables.NAME`.
    pub(crate) fn compose(&mut self, name: &str, of: &Type) {
        // What has no type that variables may have is anything.
        let of =
            if matches!(of, Type::Object(_) | Type::Optional(_) | Type::Type(_)) { &Type::Dyn } else { of };
        if let Some(composed) = &mut self.0.composed {
            composed.insert(name.to_owned(), of.clone());
        }
    }

    /// Compiles an expression.
    ///
    /// # Errors
    /// What cel-go says of it.
    pub(crate) fn checked(&self, text: &str) -> Result<Expression, Refused> {
        Expression::checked(text, &self.0, &budget())
    }

    fn compile(&self, text: &str) -> Compile {
        Compile { text: text.to_owned(), made: self.checked(text) }
    }
}

fn object(name: &str, fields: &[(&str, Type)]) -> Type {
    Type::object(name, fields.iter().map(|(field, of)| ((*field).to_owned(), of.clone())))
}

fn strings(name: &str, fields: &[&str]) -> Type {
    Type::object(name, fields.iter().map(|field| ((*field).to_owned(), Type::String)))
}

/// `request`: an AdmissionRequest without the objects.
fn request() -> Type {
    let kind = strings("kubernetes.GroupVersionKind", &["group", "version", "kind"]);
    let resource = strings("kubernetes.GroupVersionResource", &["group", "version", "resource"]);
    let user = object(
        "kubernetes.UserInfo",
        &[
            ("username", Type::String),
            ("uid", Type::String),
            ("groups", Type::list(Type::String)),
            ("extra", Type::map(Type::list(Type::String))),
        ],
    );
    object(
        "kubernetes.AdmissionRequest",
        &[
            ("kind", kind.clone()),
            ("resource", resource.clone()),
            ("subResource", Type::String),
            ("requestKind", kind),
            ("requestResource", resource),
            ("requestSubResource", Type::String),
            ("name", Type::String),
            ("namespace", Type::String),
            ("operation", Type::String),
            ("userInfo", user),
            ("dryRun", Type::Bool),
            ("options", Type::Dyn),
        ],
    )
}

/// `namespaceObject`: a Namespace without owners and managers.
fn namespace() -> Type {
    let condition = object(
        "kubernetes.NamespaceCondition",
        &[
            ("status", Type::String),
            ("type", Type::String),
            ("lastTransitionTime", Type::Timestamp),
            ("message", Type::String),
            ("reason", Type::String),
        ],
    );
    let metadata = object(
        "kubernetes.NamespaceMetadata",
        &[
            ("name", Type::String),
            ("generateName", Type::String),
            ("namespace", Type::String),
            ("labels", Type::map(Type::String)),
            ("annotations", Type::map(Type::String)),
            ("UID", Type::String),
            ("creationTimestamp", Type::Timestamp),
            ("deletionGracePeriodSeconds", Type::Int),
            ("deletionTimestamp", Type::Timestamp),
            ("generation", Type::Int),
            ("resourceVersion", Type::String),
            ("finalizers", Type::list(Type::String)),
        ],
    );
    object(
        "kubernetes.Namespace",
        &[
            ("metadata", metadata),
            ("spec", object("kubernetes.NamespaceSpec", &[("finalizers", Type::list(Type::String))])),
            (
                "status",
                object(
                    "kubernetes.NamespaceStatus",
                    &[("conditions", Type::list(condition)), ("phase", Type::String)],
                ),
            ),
        ],
    )
}
