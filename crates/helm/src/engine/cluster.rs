//! `.Capabilities` as templates see it.

use std::any::Any;
use std::sync::Arc;

use tautline_gotemplate::{Call, Failure, Host, Kind, Map, Signature, Str, Type, Value};

use super::state::State;
use crate::{Capabilities, Dialect};

/// A struct of Go: named fields in order.
#[derive(Debug)]
pub(super) struct Struct {
    type_name: String,
    kind: Kind,
    fields: Vec<(&'static str, Value)>,
    /// What Go's JSON encoder makes of it, if the fields have other names there.
    json: Option<Value>,
    /// Fields of an embedded struct, which are reached as if they were its own.
    promoted: Vec<(&'static str, Value)>,
}

impl Host for Struct {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn field(&self, name: &str) -> Option<Value> {
        let mut fields = self.fields.iter().chain(&self.promoted);
        fields.find(|(field, _)| *field == name).map(|(_, value)| value.clone())
    }

    fn entries(&self) -> Vec<(Value, Value)> {
        self.fields.iter().map(|(name, value)| (Value::from(*name), value.clone())).collect()
    }

    fn to_json(&self) -> Option<Value> {
        self.json.clone()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Struct {
    pub(super) fn new(type_name: impl Into<String>, fields: Vec<(&'static str, Value)>) -> Self {
        Self { type_name: type_name.into(), kind: Kind::Struct, fields, json: None, promoted: Vec::new() }
    }

    /// A struct with another embedded in it.
    pub(super) fn embedding(
        type_name: &'static str,
        fields: Vec<(&'static str, Value)>,
        promoted: Vec<(&'static str, Value)>,
        json: Map,
    ) -> Self {
        Self { promoted, ..Self::new(type_name, fields).with_json(json.into()) }
    }

    pub(super) fn with_json(mut self, json: Value) -> Self {
        self.json = Some(json);
        self
    }
}

/// The version of Kubernetes. Looking at it counts as read.
#[derive(Debug)]
struct Kubernetes {
    capabilities: Arc<Capabilities>,
    state: Arc<State>,
    type_name: &'static str,
}

impl Kubernetes {
    fn note(&self) {
        self.state.asked("kubernetes", self.capabilities.seen("kubernetes"));
    }
}

impl Host for Kubernetes {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn field(&self, name: &str) -> Option<Value> {
        let version = &self.capabilities.kube_version;
        let text = match name {
            "Version" => &version.version,
            "Major" => &version.major,
            "Minor" => &version.minor,
            _ => return None,
        };
        self.note();
        Some(Value::from(text.as_str()))
    }

    fn method(&self, name: &str) -> Option<Signature> {
        matches!(name, "GitVersion" | "String").then_some(Signature::fixed(&[]))
    }

    fn call(&self, name: &str, _call: &mut Call<'_>) -> Result<Value, Failure> {
        self.note();
        let version = &self.capabilities.kube_version;
        Ok(match name {
            "String" => Value::from(version.normalized.as_str()),
            _ => Value::from(version.version.as_str()),
        })
    }

    fn entries(&self) -> Vec<(Value, Value)> {
        let field = |name: &str| Some((Value::from(name), self.field(name)?));
        ["Version", "Major", "Minor"].into_iter().filter_map(field).collect()
    }

    fn text(&self) -> Option<Str> {
        self.note();
        Some(self.capabilities.kube_version.normalized.as_str().into())
    }

    fn to_json(&self) -> Option<Value> {
        Some(self.entries().into_iter().map(|(k, v)| (k.to_string(), v)).collect::<Map>().into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What the cluster serves. Only what is asked for counts as read.
#[derive(Debug)]
struct ApiVersions {
    capabilities: Arc<Capabilities>,
    state: Arc<State>,
    type_name: &'static str,
}

impl Host for ApiVersions {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn kind(&self) -> Kind {
        Kind::Slice
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        (name == "Has").then_some(Signature::fixed(&[Type::String]))
    }

    fn call(&self, _name: &str, call: &mut Call<'_>) -> Result<Value, Failure> {
        let wanted = call.text(0).to_text();
        call.engine.charge_steps(1 + self.capabilities.api_versions.len() as u64 / 16)?;
        self.state.asked(&format!("api {wanted}"), Some(self.capabilities.seen_api(&wanted)));
        Ok(self.capabilities.has(&wanted).into())
    }

    fn entries(&self) -> Vec<(Value, Value)> {
        let all = &self.capabilities.api_versions;
        self.state.asked("apis", self.capabilities.seen("apis"));
        let entry = |(i, api): (usize, &String)| {
            (Value::from(i64::try_from(i).unwrap_or(i64::MAX)), Value::from(api.as_str()))
        };
        all.iter().enumerate().map(entry).collect()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities`.
pub(super) fn capabilities(capabilities: &Arc<Capabilities>, state: &Arc<State>, dialect: Dialect) -> Value {
    let (pointer, kubernetes, apis) = match dialect {
        Dialect::Helm3 => ("*chartutil.Capabilities", "chartutil.KubeVersion", "chartutil.VersionSet"),
        Dialect::Helm4 => ("*common.Capabilities", "common.KubeVersion", "common.VersionSet"),
    };
    let kubernetes =
        Kubernetes { capabilities: capabilities.clone(), state: state.clone(), type_name: kubernetes };
    let apis = ApiVersions { capabilities: capabilities.clone(), state: state.clone(), type_name: apis };
    let fields = vec![
        ("KubeVersion", Value::host(kubernetes)),
        ("APIVersions", Value::host(apis)),
        ("HelmVersion", Value::host(build_info(dialect))),
    ];
    Value::host(Struct { kind: Kind::Ptr, ..Struct::new(pointer, fields) })
}

/// What the imitated Helm says of its build.
fn build_info(dialect: Dialect) -> Struct {
    let (commit, go) = match dialect {
        Dialect::Helm3 => ("cc0bbbd6d6276b83880042c1ecb34087e84d41eb", "go1.23.7"),
        Dialect::Helm4 => ("c0d08d0d6d9424d4a14febb5e8a3e51b0dd00dff", "go1.27.2"),
    };
    let mut fields = vec![
        ("Version", "version", dialect.version()),
        ("GitCommit", "git_commit", commit),
        ("GitTreeState", "git_tree_state", "clean"),
        ("GoVersion", "go_version", go),
    ];
    if dialect == Dialect::Helm4 {
        fields.push(("KubeClientVersion", "kube_client_version", "v1.37"));
    }
    let json: Map = fields.iter().map(|(_, json, value)| (*json, Value::from(*value))).collect();
    let fields = fields.into_iter().map(|(name, _, value)| (name, Value::from(value))).collect();
    Struct::new("version.BuildInfo", fields).with_json(json.into())
}
