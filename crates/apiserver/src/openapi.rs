//! OpenAPI documents, made back from the types.

use tautline_core::{GroupVersion, Value, value};

use crate::catalog::Catalog;

/// The OpenAPI v3 document of a group version.
pub(crate) fn v3(catalog: &Catalog, gv: &GroupVersion) -> Option<Value> {
    catalog.has_version(&gv.group, &gv.version).then(|| value!({ "openapi": "3.0.0" }))
}
