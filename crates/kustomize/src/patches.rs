//! Patches and replacements read from where a kustomization names them.

use tautline_core::{Origin, Value};

use crate::error::{Error, Result};
use crate::kustomization::decode::{Decode, PLUGIN};
use crate::kustomization::{Patch, ReplacementEntry, read_value};
use crate::load::Loader;
use crate::patch::JsonPatch;
use crate::resource::{Resource, read_resources};
use crate::transform::patches::{Body, Patches};
use crate::transform::replacements::Replacements;

/// One entry of `patches`: a strategic merge or a JSON patch, which it is shows in its text.
pub(crate) fn patch(entry: &Patch, loader: &Loader<'_>) -> Result<Patches> {
    let inline = entry.patch.trim();
    let (text, source, via) = match (inline, entry.path.as_str()) {
        ("", "") => return wrong("must specify one of patch and path in\n".to_owned()),
        ("", path) => {
            let text = loader
                .load_text(path)
                .map_err(|error| error.during(format!("failed to get the patch file from path({path})")))?;
            (text, format!("[path: {path:?}]"), loader.origin_of(path))
        }
        (patch, "") => (patch.to_owned(), format!("[patch: {patch:?}]"), "patches".to_owned()),
        _ => return wrong("patch and path can't be set at the same time\n".to_owned()),
    };
    let budget = loader.context.budget;
    let strategic = read_resources(&text, &via, budget);
    let json = JsonPatch::read(&text, budget);
    let body = match (strategic, json) {
        (Ok(strategic), Ok(json)) if !strategic.is_empty() && !json.is_empty() => {
            return Err(Error::Patch(format!("illegally qualifies as both an SM and JSON patch: {source}")));
        }
        (Ok(mut patches), _) => {
            let options = entry.options.clone().unwrap_or_default();
            for patch in &mut patches {
                patch.memory.may_change_name |= options.allow_name_change;
                patch.memory.may_change_kind |= options.allow_kind_change;
                if options.allow_name_change || options.allow_kind_change {
                    // Kustomize notes it in an annotation, and makes texts of all others on the way.
                    let texts = patch.texts("annotations");
                    patch.set_texts("annotations", texts)?;
                }
            }
            Body::Strategic(patches)
        }
        (Err(_), Ok(json)) => Body::Json(json),
        (Err(error @ Error::Budget(_)), _) => return Err(error),
        (Err(_), Err(_)) => {
            return Err(Error::Patch(format!("unable to parse SM or JSON patch from {source}")));
        }
    };
    Ok(Patches { kind: "PatchTransformer", body, target: entry.target.clone(), source, via })
}

fn wrong<T>(message: String) -> Result<T> {
    Err(Error::Patch(message))
}

/// One entry of `patchesJson6902`.
pub(crate) fn json6902(entry: &Patch, loader: &Loader<'_>) -> Result<Patches> {
    if entry.target.as_ref().is_none_or(|target| target.name.is_empty()) {
        return wrong("must specify the target name".to_owned());
    }
    let (text, source, via) = match (entry.patch.as_str(), entry.path.as_str()) {
        ("", "") => return wrong("empty file path and empty jsonOp".to_owned()),
        (_, path) if !path.is_empty() && !entry.patch.is_empty() => {
            return wrong("must specify a file path or jsonOp, not both".to_owned());
        }
        ("", path) => {
            let text = loader.load_text(path)?;
            if text.is_empty() {
                return wrong(format!("patch file '{path}' empty seems to be empty"));
            }
            (text, format!("[path: {path:?}]"), loader.origin_of(path))
        }
        (patch, _) => (patch.to_owned(), format!("[patch: {patch:?}]"), "patchesJson6902".to_owned()),
    };
    let json = JsonPatch::read(&text, loader.context.budget)
        .map_err(|message| Error::Patch(format!("decoding {text}: {message}")))?;
    if json.is_empty() {
        return wrong(format!("patch appears to be empty; file={}, JsonOp={text}", entry.path));
    }
    Ok(Patches {
        kind: "PatchJson6902Transformer",
        body: Body::Json(json),
        target: entry.target.clone(),
        source,
        via,
    })
}

/// `patchesStrategicMerge`: each is a text, or the file that holds it.
pub(crate) fn strategic(paths: &[String], inline: &str, loader: &Loader<'_>) -> Result<Patches> {
    if paths.is_empty() && inline.is_empty() {
        return wrong("empty file path and empty patch content".to_owned());
    }
    let budget = loader.context.budget;
    let mut patches: Vec<Resource> = Vec::new();
    for path in paths {
        match read_resources(path, "patchesStrategicMerge", budget) {
            Ok(found) => patches.extend(found),
            Err(_) => {
                let text = loader.load_text(path)?;
                patches.extend(
                    read_resources(&text, &loader.origin_of(path), budget).map_err(|e| in_file(e, path))?,
                );
            }
        }
    }
    if !inline.is_empty() {
        patches.extend(read_resources(inline, "patchesStrategicMerge", budget)?);
    }
    if patches.is_empty() {
        return wrong(format!("patch appears to be empty; files=[{}], Patch={inline}", paths.join(" ")));
    }
    let kind = "PatchStrategicMergeTransformer";
    let via = paths.iter().map(|path| loader.origin_of(path)).collect::<Vec<_>>().join(", ");
    Ok(Patches { kind, body: Body::Strategic(patches), target: None, source: String::new(), via })
}

/// Names the file in which YAML is broken.
pub(crate) fn in_file(error: Error, file: &str) -> Error {
    match error {
        Error::Yaml { message, malformed: true } => {
            Error::Yaml { message: format!("{message} in File: {file}"), malformed: true }
        }
        error => error,
    }
}

/// `replacements`, with those in files read.
pub(crate) fn replacements(
    entries: &[ReplacementEntry],
    via: &str,
    loader: &Loader<'_>,
) -> Result<Replacements> {
    let mut read = Vec::with_capacity(entries.len());
    for entry in entries {
        if entry.path.is_empty() {
            read.push(entry.clone());
            continue;
        }
        if entry.source.is_some() || entry.targets.as_ref().is_some_and(|targets| !targets.is_empty()) {
            return Err(Error::Configuration("cannot specify both path and inline replacement".to_owned()));
        }
        let text = loader.load_text(&entry.path)?;
        let value = read_value(&text, loader.context.budget).map_err(Error::Configuration)?;
        let decode = |value: &Value| {
            ReplacementEntry::decode(value, PLUGIN, "Replacement").map_err(Error::Configuration)
        };
        match &value {
            Value::List(list) => {
                for item in list.iter() {
                    read.push(decode(item)?);
                }
            }
            Value::Map(_) => read.push(decode(&value)?),
            _ => {
                let message = "unsupported replacement type encountered within replacement path: invalid";
                return Err(Error::Configuration(message.to_owned()));
            }
        }
    }
    Ok(Replacements { entries: read, via: via.to_owned() })
}

/// The origin of what stands in the kustomization file itself.
pub(crate) fn inline_origin(file: &str) -> Origin {
    Origin::file(file, 0)
}
