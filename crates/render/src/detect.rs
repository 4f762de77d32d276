//! What stands at a path: a chart, a Kustomize target, or a folder of manifests.

use tautline_core::{Budget, Digest, EntryKind, Read, ReadSet, Tree, TreeError, TreePath, resolve};

use crate::request::SourceType;

const KUSTOMIZATION_FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Finds out what stands at a path, as Argo CD 3.6 does: `Chart.yaml` means Helm, a kustomization file means
/// Kustomize and wins if both are there.
pub fn detect(tree: &dyn Tree, path: &TreePath, reads: &mut ReadSet) -> Result<SourceType, TreeError> {
    let mut found = |name: &str| -> Result<bool, TreeError> {
        let file = path.join(name)?;
        let found = resolve(tree, &file)?.filter(|(_, entry)| entry.kind == EntryKind::File);
        match &found {
            Some((real, _)) => {
                let bytes = tree.read(real, &Budget::default())?;
                reads.found(Read::File(file.to_string()), Digest::of_bytes(&bytes));
            }
            None => reads.missing(Read::File(file.to_string())),
        }
        Ok(found.is_some())
    };
    for name in KUSTOMIZATION_FILES {
        if found(name)? {
            return Ok(SourceType::Kustomize);
        }
    }
    Ok(if found("Chart.yaml")? { SourceType::Helm } else { SourceType::Directory })
}
