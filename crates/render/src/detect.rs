//! What stands at a path: a chart, a Kustomize target, or a folder of manifests.

use tautline_core::{Read, ReadSet, Tree, TreeError, TreePath};

use crate::request::SourceType;

const KUSTOMIZATION_FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Finds out what stands at a path, as Argo CD 3.6 does: `Chart.yaml` means Helm, a kustomization file means
/// Kustomize and wins if both are there.
pub fn detect(tree: &dyn Tree, path: &TreePath, reads: &mut ReadSet) -> Result<SourceType, TreeError> {
    let mut found = |name: &str| -> Result<bool, TreeError> {
        let file = path.join(name)?;
        let entry = tree.stat(&file)?;
        match &entry {
            Some(entry) => {
                let digest = tautline_core::Digest::of_bytes(entry.id.0.as_bytes());
                reads.found(Read::File(file.to_string()), digest);
            }
            None => reads.missing(Read::File(file.to_string())),
        }
        Ok(entry.is_some())
    };
    for name in KUSTOMIZATION_FILES {
        if found(name)? {
            return Ok(SourceType::Kustomize);
        }
    }
    Ok(if found("Chart.yaml")? { SourceType::Helm } else { SourceType::Directory })
}
