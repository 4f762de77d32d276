//! Admission hooks as closures.

use tautline_core::Object;

use crate::caller::Ask;
use crate::failure::Failure;

/// What an admission hook sees.
#[derive(Debug)]
pub struct Review<'a> {
    /// The request.
    pub ask: &'a Ask,
    /// The object before; `None` when it is being created.
    pub old: Option<&'a Object>,
    /// Whether nothing will be written.
    pub dry_run: bool,
}

type Hook = dyn Fn(&Review<'_>, &mut Object) -> Result<(), Failure> + Send + Sync;

/// An admission hook: a closure that may change the object (mutating) or refuse it (validating).
///
/// It runs while the store is held, after managedFields were computed, as in kube-apiserver 1.37: what a
/// mutating hook sets has no owner. It must not call the server.
pub struct Admission {
    name: String,
    hook: Box<Hook>,
}

impl Admission {
    /// A hook with a name, which refusals carry.
    pub fn new(
        name: impl Into<String>,
        hook: impl Fn(&Review<'_>, &mut Object) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), hook: Box::new(hook) }
    }

    pub(crate) fn run(&self, review: &Review<'_>, object: &mut Object) -> Result<(), Failure> {
        (self.hook)(review, object)
    }

    /// A refusal as the real server words it for a webhook of this name.
    pub fn deny(&self, why: &str) -> Failure {
        let message = format!("admission webhook \"{}\" denied the request: {why}", self.name);
        Failure::new(403, "Forbidden", message)
    }
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Admission({})", self.name)
    }
}
