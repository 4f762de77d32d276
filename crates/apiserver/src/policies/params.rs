//! What a binding gives its policy as `params`.

use std::sync::Arc;

use tautline_core::{GroupVersionKind, Object, Value};
use tautline_grammar::LabelSelector;

use super::policy::Policy;
use crate::catalog::Served;
use crate::state::State;

impl State {
    /// The kind of a policy's parameters, if it has any.
    ///
    /// # Errors
    /// A kind that is not served.
    pub(super) fn param_kind(&self, policy: &Policy) -> Result<Option<Arc<Served>>, String> {
        let Some((api, kind)) = &policy.param_kind else { return Ok(None) };
        match self.catalog.named(&GroupVersionKind::parse(api, kind)) {
            Some(served) => Ok(Some(served.clone())),
            None => Err(format!("failed to find resource referenced by paramKind: '{api}, Kind={kind}'")),
        }
    }

    /// The parameters of a binding; one `null` where there are none to have.
    ///
    /// # Errors
    /// A reference that cannot be followed, and one to nothing with `parameterNotFoundAction: Deny`.
    pub(super) fn params_of(
        &self,
        kind: Option<&Served>,
        binding: &Object,
        namespace: &str,
    ) -> Result<Vec<Value>, String> {
        let reference = binding.at(&["spec", "paramRef"]).filter(|value| !value.is_null());
        let (Some(kind), Some(reference)) = (kind, reference) else { return Ok(vec![Value::Null]) };
        let own = reference.str_at(&["namespace"]).unwrap_or_default();
        let namespace = match (kind.is_namespaced(), own) {
            (false, "") => "",
            (false, _) => {
                return Err(
                    "paramRef.namespace must not be provided for a cluster-scoped `paramKind`".to_owned()
                );
            }
            (true, "") if namespace.is_empty() => {
                let why =
                    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources";
                return Err(why.to_owned());
            }
            (true, "") => namespace,
            (true, own) => own,
        };
        let found = self.referenced(kind, reference, namespace)?;
        if found.is_empty() && reference.str_at(&["parameterNotFoundAction"]) == Some("Deny") {
            return Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned());
        }
        let shown = |object: &Arc<Object>| crate::typing::from_stored(kind, object).into_value();
        Ok(found.iter().map(shown).collect())
    }

    fn referenced(
        &self,
        kind: &Served,
        reference: &Value,
        namespace: &str,
    ) -> Result<Vec<Arc<Object>>, String> {
        match reference.str_at(&["name"]).filter(|name| !name.is_empty()) {
            Some(name) => Ok(self.find(kind, namespace, name).into_iter().collect()),
            None => {
                let selector = reference.get("selector").cloned().unwrap_or_default();
                let selector = LabelSelector::from_value(&selector).map_err(|why| why.to_string())?;
                let shelf = self.store.shelf(&kind.shelf);
                let all = shelf.into_iter().flat_map(|shelf| shelf.within(namespace));
                let fits = |object: &Arc<Object>| selector.matches(|key| object.label(key));
                Ok(all.map(|(_, object)| object.clone()).filter(fits).collect())
            }
        }
    }
}
