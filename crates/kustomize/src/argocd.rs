//! What Argo CD's `spec.source.kustomize` lays over a kustomization: Argo CD 3.6 edits the file with
//! `kustomize edit` before it builds; here the file is left alone and what was read is changed.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::kustomization::{Image, Kustomization, Label, Patch, PatchArgs, Replica, Selector, Texts};
use crate::load::Loader;

/// The fields of `spec.source.kustomize`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Overlay {
    /// In place of the file's `namePrefix`; empty to keep it.
    pub name_prefix: String,
    /// In place of the file's `nameSuffix`; empty to keep it.
    pub name_suffix: String,
    /// In place of the file's `namespace`; empty to keep it.
    pub namespace: String,
    /// Images as `kustomize edit set image` takes them: `name=new:tag`, `name:tag`, `name@digest`.
    pub images: Vec<String>,
    /// Replicas by name.
    pub replicas: BTreeMap<String, i64>,
    /// Labels for everything.
    pub common_labels: BTreeMap<String, String>,
    /// Whether labels replace those of the file; else one that is there already is an error.
    pub force_common_labels: bool,
    /// Whether labels stay out of selectors.
    pub label_without_selector: bool,
    /// Whether labels that stay out of selectors go into templates.
    pub label_include_templates: bool,
    /// Annotations for everything.
    pub common_annotations: BTreeMap<String, String>,
    /// Whether annotations replace those of the file; else one that is there already is an error.
    pub force_common_annotations: bool,
    /// Whether `$NAME` is expanded in annotations.
    pub common_annotations_envsubst: bool,
    /// Patches behind those of the file.
    pub patches: Vec<OverlayPatch>,
    /// Components behind those of the file.
    pub components: Vec<String>,
    /// Whether components that are not there are left out.
    pub ignore_missing_components: bool,
    /// What `$NAME` stands for in images, labels and annotations: `ARGOCD_APP_NAME` and the like.
    pub environment: BTreeMap<String, String>,
}

/// One of Argo CD's patches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OverlayPatch {
    /// A file.
    pub path: String,
    /// The patch itself.
    pub patch: String,
    /// Group, version, kind, name, namespace, label and annotation selector of the target, as `patches` has them.
    pub target: Option<OverlayTarget>,
    /// `allowNameChange`.
    pub allow_name_change: bool,
    /// `allowKindChange`.
    pub allow_kind_change: bool,
}

/// The target of a patch: regular expressions and selectors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the field patches[].target")]
pub struct OverlayTarget {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub name: String,
    pub namespace: String,
    pub label_selector: String,
    pub annotation_selector: String,
}

impl Overlay {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        let Self { environment: _, .. } = self;
        Self { environment: BTreeMap::new(), ..self.clone() } == Self::default()
    }

    /// Changes a kustomization as the edits would.
    pub(crate) fn apply(&self, file: &mut Kustomization, loader: &Loader<'_>) -> Result<()> {
        for (field, new) in [
            (&mut file.name_prefix, &self.name_prefix),
            (&mut file.name_suffix, &self.name_suffix),
            (&mut file.namespace, &self.namespace),
        ] {
            if !new.is_empty() {
                field.clone_from(new);
            }
        }
        for image in &self.images {
            set_image(&mut file.images, &self.expand(image))?;
        }
        for (name, count) in &self.replicas {
            file.replicas.retain(|replica| replica.name != *name);
            file.replicas.push(Replica { name: name.clone(), count: *count });
        }
        self.add_labels(file)?;
        self.add_annotations(file)?;
        file.patches.extend(self.patches.iter().map(OverlayPatch::entry));
        for component in &self.components {
            if !self.ignore_missing_components || loader.enter(component).is_ok() {
                file.components.push(component.clone());
            }
        }
        Ok(())
    }

    fn add_labels(&self, file: &mut Kustomization) -> Result<()> {
        if self.common_labels.is_empty() {
            return Ok(());
        }
        let new: Texts =
            self.common_labels.iter().map(|(key, text)| (key.clone(), self.expand(text))).collect();
        let in_file = file.common_labels.iter().flatten().chain(file.labels.iter().flat_map(|l| &l.pairs));
        let known: Vec<String> = in_file.map(|(key, _)| key.clone()).collect();
        self.refuse_known("label", &new, &known, self.force_common_labels)?;
        for label in &mut file.labels {
            label.pairs.retain(|key, _| !new.contains_key(key));
        }
        file.labels.retain(|label| !label.pairs.is_empty());
        if self.label_without_selector {
            if let Some(common) = &mut file.common_labels {
                common.retain(|key, _| !new.contains_key(key));
            }
            let include_templates = self.label_include_templates;
            file.labels.push(Label { pairs: new, include_templates, ..Label::default() });
        } else {
            file.common_labels.get_or_insert_default().extend(new);
        }
        Ok(())
    }

    fn add_annotations(&self, file: &mut Kustomization) -> Result<()> {
        let text =
            |text: &String| if self.common_annotations_envsubst { self.expand(text) } else { text.clone() };
        let new: Texts =
            self.common_annotations.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        let known: Vec<String> = file.common_annotations.keys().cloned().collect();
        self.refuse_known("annotation", &new, &known, self.force_common_annotations)?;
        file.common_annotations.extend(new);
        Ok(())
    }

    fn refuse_known(&self, what: &str, new: &Texts, known: &[String], force: bool) -> Result<()> {
        match new.keys().find(|key| known.contains(key)) {
            Some(key) if !force => {
                let message = format!(
                    "{what} {key} already in kustomization file; set the field's force option to replace it"
                );
                Err(Error::Configuration(message))
            }
            _ => Ok(()),
        }
    }

    /// `$NAME` and `${NAME}`; `$$` is a dollar sign, an unknown name nothing.
    fn expand(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let (name, tail) =
                if let Some((name, tail)) = after.strip_prefix('{').and_then(|t| t.split_once('}')) {
                    (name, tail)
                } else if let Some(tail) = after.strip_prefix('$') {
                    out.push('$');
                    rest = tail;
                    continue;
                } else {
                    after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len()))
                };
            match self.environment.get(name) {
                Some(value) => out.push_str(value),
                None if name.is_empty() => out.push('$'),
                None => {}
            }
            rest = tail;
        }
        out.push_str(rest);
        out
    }
}

impl OverlayPatch {
    fn entry(&self) -> Patch {
        let target = self.target.as_ref().map(|target| Selector {
            group: target.group.clone(),
            version: target.version.clone(),
            kind: target.kind.clone(),
            name: target.name.clone(),
            namespace: target.namespace.clone(),
            label_selector: target.label_selector.clone(),
            annotation_selector: target.annotation_selector.clone(),
        });
        let options = PatchArgs {
            allow_name_change: self.allow_name_change,
            allow_kind_change: self.allow_kind_change,
        };
        Patch { path: self.path.clone(), patch: self.patch.clone(), target, options: Some(options) }
    }
}

/// What `kustomize edit set image` does with its argument.
fn set_image(images: &mut Vec<Image>, argument: &str) -> Result<()> {
    let invalid = || {
        Error::Configuration(format!(
            "invalid format of image {argument:?}, use one of the following options: <image>=<newimage>:<newtag>, <image>=<newimage>@<digest>, <image>=<newimage>, <image>:<newtag>, <image>@<digest>"
        ))
    };
    let (name, new) = match argument.split_once('=') {
        Some((name, new)) => (name, Some(new)),
        None => (argument, None),
    };
    let mut image = Image::default();
    let (own, tag, digest) = parts(new.unwrap_or(name));
    match new {
        Some(_) => {
            image.name = name.to_owned();
            image.new_name = own.to_owned();
        }
        None if tag.is_empty() && digest.is_empty() => return Err(invalid()),
        None => image.name = own.to_owned(),
    }
    image.new_tag = tag.to_owned();
    image.digest = digest.to_owned();
    if image.name.is_empty() {
        return Err(invalid());
    }
    images.retain(|known| known.name != image.name);
    images.push(image);
    images.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}

/// Name, tag and digest of an argument.
fn parts(image: &str) -> (&str, &str, &str) {
    let (rest, digest) = image.split_once('@').unwrap_or((image, ""));
    let path = rest.rfind('/').map_or(0, |at| at + 1);
    match rest.get(path..).and_then(|last| last.find(':')).map(|at| at + path) {
        Some(at) => {
            let (name, tag) = rest.split_at(at);
            (name, tag.strip_prefix(':').unwrap_or(tag), digest)
        }
        None => (rest, "", digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images() {
        let check = |argument: &str, expect: (&str, &str, &str, &str)| {
            let mut images = Vec::new();
            set_image(&mut images, argument).unwrap();
            let image = &images[0];
            assert_eq!(
                (&*image.name, &*image.new_name, &*image.new_tag, &*image.digest),
                expect,
                "{argument}"
            );
        };
        check("nginx:1.2", ("nginx", "", "1.2", ""));
        check("r:5000/nginx:1.2", ("r:5000/nginx", "", "1.2", ""));
        check("nginx=my/nginx:2", ("nginx", "my/nginx", "2", ""));
        check("nginx=my/nginx@sha256:ab", ("nginx", "my/nginx", "", "sha256:ab"));
        assert!(set_image(&mut Vec::new(), "nginx").is_err());
    }

    #[test]
    fn environment() {
        let overlay =
            Overlay { environment: [("A".to_owned(), "x".to_owned())].into(), ..Overlay::default() };
        assert_eq!(overlay.expand("$A-${A}-$$A-$B."), "x-x-$A-.");
    }
}
