//! The namespace of everything that has one.

use std::collections::HashMap;
use std::sync::LazyLock;

use tautline_yaml::Node;

use crate::error::{During, Error, Result};
use crate::field_spec::{Create, FieldSpec, apply};
use crate::fields;
use crate::resource::{Gvk, Id, Resource, Resources};

/// Where every resource has its namespace.
static OWN: LazyLock<FieldSpec> =
    LazyLock::new(|| FieldSpec::new(Gvk::default(), "metadata/namespace", true));

/// Which subjects of role bindings follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subjects {
    #[default]
    NamedDefault,
    ServiceAccounts,
    None,
}

impl Subjects {
    pub(crate) fn read(text: &str) -> Result<Self> {
        match text {
            "" | "defaultOnly" => Ok(Self::NamedDefault),
            "allServiceAccounts" => Ok(Self::ServiceAccounts),
            "none" => Ok(Self::None),
            _ => Err(Error::Configuration(format!(
                "invalid value {text:?} for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \"allServiceAccounts\""
            ))),
        }
    }
}

/// Moves resources into a namespace.
#[derive(Clone, Debug)]
pub(crate) struct Namespace {
    pub(crate) namespace: String,
    pub(crate) specs: Vec<FieldSpec>,
    /// Whether only resources without a namespace move.
    pub(crate) unset_only: bool,
    pub(crate) subjects: Subjects,
}

impl Namespace {
    pub(crate) fn run(&self, resources: &mut Resources) -> Result<()> {
        if self.namespace.is_empty() {
            return Ok(());
        }
        let key = |id: &Id| Id { namespace: id.effective_namespace().into(), ..id.clone() };
        let mut counts: HashMap<Id, usize> = HashMap::with_capacity(resources.len());
        for resource in resources.iter() {
            *counts.entry(key(&resource.id())).or_default() += 1;
        }
        for resource in resources.iter_mut() {
            if resource.memory.from_chart || resource.is_gone() {
                continue;
            }
            let before = key(&resource.id());
            resource.remember_id();
            self.move_one(resource)?;
            let after = key(&resource.id());
            if before == after {
                if counts.get(&after).copied().unwrap_or(1) == 1 {
                    continue;
                }
            } else {
                if let Some(count) = counts.get_mut(&before) {
                    *count -= 1;
                }
                let count = counts.entry(after.clone()).or_default();
                *count += 1;
                if *count == 1 {
                    continue;
                }
            }
            let id = resource.id();
            return Err(Error::Identity(format!("namespace transformation produces ID conflict: {id}")));
        }
        Ok(())
    }

    fn set(&self, field: &mut Node) -> Result<()> {
        if self.unset_only && !fields::value_of(field).is_empty() {
            return Ok(());
        }
        fields::set_scalar(field, &self.namespace, "!!str")
    }

    /// Moves one resource, without a look at the others.
    pub(super) fn move_one(&self, resource: &mut Resource) -> Result<()> {
        let id = resource.id();
        let is_v1 = resource.api_version() == "v1";
        let is_binding = matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding");
        if !id.cluster_scoped {
            apply(&mut resource.node, &OWN, Create::Scalar, &mut |field| self.set(field))?;
        }
        if is_binding {
            self.move_subjects(&mut resource.node)?;
        }
        for spec in &self.specs {
            let is_done = spec.path == "metadata/namespace"
                || (spec.path == "metadata/name" && !is_v1)
                || (is_binding
                    && matches!(spec.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding")
                    && spec.path == "subjects/namespace");
            if is_done {
                continue;
            }
            apply(&mut resource.node, spec, Create::Scalar, &mut |field| self.set(field))
                .during(|| "namespace transformation failed".to_owned())?;
        }
        Ok(())
    }

    fn move_subjects(&self, node: &mut Node) -> Result<()> {
        let (field, wanted) = match self.subjects {
            Subjects::None => return Ok(()),
            Subjects::NamedDefault => ("name", "default"),
            Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
        };
        let Some(subjects) = node.field_mut("subjects").filter(|subjects| !subjects.is_null()) else {
            return Ok(());
        };
        let doing = || "setting namespace on (cluster)role binding subjects".to_owned();
        fields::expect_list(subjects).during(doing)?;
        for subject in subjects.items_mut().into_iter().flatten() {
            fields::expect_map(subject).during(doing)?;
            if subject.field(field).is_some_and(|value| fields::value_of(value) == wanted) {
                let namespace = fields::field_or_insert(subject, "namespace", || Node::plain(""))?;
                self.set(namespace).during(doing)?;
            }
        }
        Ok(())
    }
}
