//! `Validate=false`: what no schema knows is left out of what is sent (rule R11).

use std::sync::Arc;

use tautline_core::{FieldPath, Object, Problem};
use tautline_ownership::Prepared;

use crate::SyncOptions;

/// Drops fields that no schema knows from the objects that say, or whose app says, `Validate=false`: a server-side apply
/// would be refused for them. Each object that loses some is a warning. `known` is
/// [`tautline_diff::Differ::without_unknown`].
pub fn drop_unknown(
    prepared: &mut Prepared,
    options: SyncOptions,
    known: impl Fn(&Object) -> Option<(Object, Vec<FieldPath>)>,
) {
    let Prepared { manifests, problems, .. } = prepared;
    for (key, manifest) in manifests.iter_mut() {
        if options.of(Some(&manifest.object), None).validate {
            continue;
        }
        let Some((object, dropped)) = known(&manifest.object) else { continue };
        manifest.object = Arc::new(object);
        let fields: Vec<String> = dropped.iter().map(ToString::to_string).collect();
        let message = format!(
            "not known to the cluster, and left out because of Validate=false: {}",
            fields.join(", ")
        );
        let problem = Problem::warning("unknown-fields", message);
        problems.push(problem.at(manifest.origin.clone()).about(key.clone()));
    }
}
