//! Where a build's objects go: standard output, a file, or a file for each object.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use tautline::core::Object;
use tautline::kustomize::Built;

/// Writes the objects as Kustomize does.
pub(super) fn write(built: &Built, output: Option<&Path>) -> Result<(), String> {
    match output {
        Some(folder) if folder.is_dir() => files(built, folder),
        Some(file) => {
            let text = built.to_yaml().map_err(|error| error.to_string())?;
            fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
        }
        None => {
            let text = built.to_yaml().map_err(|error| error.to_string())?;
            // A reader that closes the pipe early, such as `head`, is no failure.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(())
        }
    }
}

/// One file for each object, named by what it is; by its namespace too if there are several.
fn files(built: &Built, folder: &Path) -> Result<(), String> {
    let manifests = built.manifests().map_err(|error| error.to_string())?;
    let namespace = |object: &Object| match object.namespace() {
        "" => "default".to_owned(),
        namespace => namespace.to_lowercase(),
    };
    let namespaces: BTreeSet<String> = manifests.iter().map(|manifest| namespace(&manifest.object)).collect();
    for (manifest, object) in manifests.iter().zip(&built.objects) {
        let one = Built { objects: vec![object.clone()] };
        let text = one.to_yaml().map_err(|error| error.to_string())?;
        let api_version = manifest.object.api_version().replace('/', "_");
        let name = format!("{api_version}_{}_{}.yaml", manifest.object.kind(), manifest.object.name());
        let mut name = name.to_lowercase();
        if namespaces.len() > 1 && !manifest.object.namespace().is_empty() {
            name = format!("{}_{name}", namespace(&manifest.object));
        }
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
