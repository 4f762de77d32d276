//! A kustomization's own fields as generators and transformers, in Kustomize's order, and the last steps of a
//! build.

use tautline_yaml::Node;

use crate::build::Target;
use crate::config::{TransformerConfig, field_specs};
use crate::error::{During, Error, Result};
use crate::field_spec::{FieldSpec, merge_all, merge_one};
use crate::fields;
use crate::kustomization::GeneratorOptions;
use crate::options::Reorder;
use crate::origin::{ORIGIN, OriginNote, TRANSFORMATIONS};
use crate::patches;
use crate::plugins::{Chart, Generator, during_config};
use crate::resource::{Gvk, Resource, Resources};
use crate::transform::{
    Transformer, images::Images, metadata::Texts, names::Affix, namespace::Namespace, namespace::Subjects,
    replicas::Replicas, sort::Sort,
};

/// A step with the origin it is annotated with.
type WithOrigin<T> = (T, Option<OriginNote>);

/// The generators of a kustomization's fields.
pub(crate) fn generators(target: &Target<'_>) -> Result<Vec<WithOrigin<Generator>>> {
    let file = &target.file;
    let of_file = file.generator_options.as_ref();
    let mut generators = Vec::new();
    for args in &file.config_maps {
        let mut args = args.clone();
        args.options = GeneratorOptions::merged(args.options, of_file);
        generators.push(Generator::ConfigMap(args));
    }
    for args in &file.secrets {
        let (mut args, kind) = args.clone().split();
        args.options = GeneratorOptions::merged(args.options, of_file);
        generators.push(Generator::Secret(args, kind));
    }
    let globals = file.helm_globals.clone().unwrap_or_default();
    for chart in &file.helm_charts {
        let mut chart = chart.clone();
        if chart.namespace.is_empty() {
            let own = Some(&file.namespace).filter(|namespace| !namespace.is_empty());
            chart.namespace.clone_from(own.unwrap_or(&target.chart_namespace));
        }
        let chart = Chart::new(chart, &globals, &target.loader);
        generators.push(Generator::Chart(Box::new(during_config(chart, "HelmChartInflationGenerator")?)));
    }
    let origin = |kind: &str| target.origin.as_ref().map(|origin| origin.built_in(target.file_name, kind));
    Ok(generators
        .into_iter()
        .map(|generator| {
            let origin = origin(generator.kind());
            (generator, origin)
        })
        .collect())
}

/// The transformers of a kustomization's fields.
pub(crate) fn transformers(
    target: &Target<'_>,
    config: &TransformerConfig,
) -> Result<Vec<WithOrigin<Transformer>>> {
    let file = &target.file;
    let loader = &target.loader;
    let mut steps = Vec::new();
    let merges = file.patches_strategic_merge.as_deref().unwrap_or_default();
    if !merges.is_empty() {
        let patches = patches::strategic(merges, "", loader).during(|| {
            format!(
                "trouble configuring builtin PatchStrategicMergeTransformer with config: `\n{}`",
                paths(merges)
            )
        })?;
        steps.push(Transformer::Patches(patches));
    }
    for patch in &file.patches {
        let patch = during_config(patches::patch(patch, loader), "PatchTransformer")?;
        steps.push(Transformer::Patches(patch));
    }
    if !file.namespace.is_empty() {
        steps.push(Transformer::Namespace(Namespace {
            namespace: file.namespace.clone(),
            specs: config.namespace.clone(),
            unset_only: false,
            subjects: Subjects::default(),
        }));
    }
    if !file.name_prefix.is_empty() {
        let (text, specs) = (file.name_prefix.clone(), config.name_prefix.clone());
        steps.push(Transformer::Prefix(Affix { text, specs }));
    }
    if !file.name_suffix.is_empty() {
        let (text, specs) = (file.name_suffix.clone(), config.name_suffix.clone());
        steps.push(Transformer::Suffix(Affix { text, specs }));
    }
    steps.extend(labels(target, config)?);
    if !file.common_annotations.is_empty() {
        let (texts, specs) = (file.common_annotations.clone(), config.common_annotations.clone());
        steps.push(Transformer::Annotations(Texts { texts, specs }));
    }
    for patch in file.patches_json6902.iter().flatten() {
        let patch = during_config(patches::json6902(patch, loader), "PatchJson6902Transformer")?;
        steps.push(Transformer::Patches(patch));
    }
    for replica in &file.replicas {
        let (replica, specs) = (replica.clone(), config.replicas.clone());
        steps.push(Transformer::Replicas(Replicas { replica, specs }));
    }
    for image in &file.images {
        steps.push(Transformer::Images(Images::new(image.clone(), config.images.clone())?));
    }
    if !file.replacements.is_empty() {
        let replacements = patches::replacements(&file.replacements, &target.shown_file(), loader);
        steps.push(Transformer::Replacements(during_config(replacements, "ReplacementTransformer")?));
    }
    let origin = |kind: &str| target.origin.as_ref().map(|origin| origin.built_in(target.file_name, kind));
    Ok(steps
        .into_iter()
        .map(|step| {
            let origin = origin(step.kind());
            (step, origin)
        })
        .collect())
}

fn paths(list: &[String]) -> String {
    list.iter().fold("paths:\n".to_owned(), |text, path| format!("{text}- {path}\n"))
}

/// One step for each entry of `labels`, and one for `commonLabels`.
fn labels(target: &Target<'_>, config: &TransformerConfig) -> Result<Vec<Transformer>> {
    let file = &target.file;
    let common = file.common_labels.clone().unwrap_or_default();
    if file.labels.is_empty() && common.is_empty() {
        return Ok(Vec::new());
    }
    let doing = || "failed to merge labels".to_owned();
    let mut steps = Vec::new();
    for label in &file.labels {
        let mut specs = field_specs(label.fields.clone());
        merge_all(&mut specs, &config.labels).during(doing)?;
        if label.include_selectors {
            merge_all(&mut specs, &config.common_labels).during(doing)?;
        } else {
            if label.include_templates {
                merge_all(&mut specs, &config.template_labels)
                    .during(|| "failed to merge template fieldSpec".to_owned())?;
            }
            merge_one(&mut specs, &FieldSpec::new(Gvk::default(), "metadata/labels", true)).during(doing)?;
        }
        steps.push(Transformer::Labels(Texts { texts: label.pairs.clone(), specs }));
    }
    steps.push(Transformer::Labels(Texts { texts: common, specs: config.common_labels.clone() }));
    Ok(steps)
}

/// The last steps: what is for this machine only goes, the rest is sorted and cleaned.
pub(crate) fn finish(target: &Target<'_>, resources: &mut Resources) -> Result<()> {
    let asks_for = |option: &str| target.file.build_metadata.iter().any(|asked| asked == option);
    let (keeps_origin, keeps_transformations) =
        (asks_for("originAnnotations"), asks_for("transformerAnnotations"));
    // Cleaned at once, while it is at hand: the order does not depend on annotations, nor they on labels.
    drop_local(resources, |resource| clean(resource, keeps_origin, keeps_transformations))?;
    let context = target.loader.context;
    let sort = match (&target.file.sort_options, context.options.reorder) {
        (Some(options), _) => Sort::new(Some(options))?,
        (None, Reorder::Legacy) => Sort::legacy(),
        (None, Reorder::None) => Sort::new(None)?,
    };
    sort.run(resources)?;
    if context.options.managed_by_label || asks_for("managedByLabel") {
        let label = ("app.kubernetes.io/managed-by".to_owned(), format!("kustomize-{}", crate::VERSION));
        let specs = vec![FieldSpec::new(Gvk::default(), "metadata/labels", true)];
        Texts { texts: [label].into(), specs }.run(resources)?;
    }
    Ok(())
}

/// Drops what is marked as configuration of local tools, and finishes the rest.
fn drop_local(resources: &mut Resources, finish: impl Fn(&mut Resource) -> Result<()>) -> Result<()> {
    const LOCAL: &str = "config.kubernetes.io/local-config";
    let mut kept = Vec::with_capacity(resources.len());
    for mut resource in std::mem::take(resources).into_vec() {
        if resource.is_gone() {
            continue;
        }
        if resource.kind().is_empty() {
            return Err(Error::Field(format!("missing kind in object {}", resource.id())));
        }
        if resource.name().is_empty() && !resource.kind().ends_with("List") {
            return Err(Error::Field(format!("missing metadata.name in object {}", resource.id())));
        }
        if resource.text_of("annotations", LOCAL).is_none_or(|text| text == "false") {
            finish(&mut resource)?;
            kept.push(resource);
        }
    }
    resources.set(kept);
    Ok(())
}

/// Rewrites annotations as texts, without Kustomize's own.
fn clean(resource: &mut Resource, keeps_origin: bool, keeps_transformations: bool) -> Result<()> {
    let has_map =
        resource.node.field("metadata").is_some_and(|metadata| metadata.field("annotations").is_some());
    if !has_map {
        if resource.node.field("metadata").is_none() && !(keeps_origin && keeps_transformations) {
            fields::field_or_insert(&mut resource.node, "metadata", Node::map)?;
        }
        return Ok(());
    }
    let mut texts = resource.texts("annotations");
    if texts.is_empty() && keeps_origin && keeps_transformations {
        return Ok(());
    }
    texts.retain(|(key, _)| {
        (keeps_origin || key != ORIGIN) && (keeps_transformations || key != TRANSFORMATIONS)
    });
    resource.set_texts("annotations", texts)
}
