//! The built-in transformers, each by itself and configured already.

pub(crate) mod images;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod namespace;
pub(crate) mod patches;
pub(crate) mod replacements;
pub(crate) mod replicas;
pub(crate) mod sort;
pub(crate) mod structured;
pub(crate) mod value_add;

use tautline_core::Budget;

use crate::error::Result;
use crate::patch::Schemas;
use crate::plugins::HostPlugin;
use crate::resource::{Resource, Resources};

/// What transformers may look at beside the resources.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) schemas: &'a Schemas,
    pub(crate) budget: &'a Budget,
}

/// A transformer with its configuration.
pub(crate) enum Transformer {
    Patches(patches::Patches),
    Namespace(namespace::Namespace),
    Prefix(names::Affix),
    Suffix(names::Affix),
    Labels(metadata::Texts),
    Annotations(metadata::Texts),
    Replicas(replicas::Replicas),
    Images(images::Images),
    Replacements(replacements::Replacements),
    ValueAdd(value_add::ValueAdd),
    Hash,
    Host(Box<HostPlugin>),
}

/// Runs transformers that work on each resource by itself: all on the first resource, then all on the next, so that
/// each comes into the processor's cache once. The outcome is that of one after the other, errors included.
pub(crate) fn run_together(
    transformers: &[Transformer],
    resources: &mut Resources,
    budget: &Budget,
) -> Result<()> {
    if budget.cancel.is_cancelled() {
        return Err(crate::error::Error::Budget("the build was cancelled".to_owned()));
    }
    // The error that would have come first: of the earliest transformer, on its first resource.
    let (mut steps, mut first) = (transformers, None);
    for resource in resources.iter_mut() {
        for (at, transformer) in steps.iter().enumerate() {
            if let Err(error) = transformer.run_one(resource) {
                first = Some(error);
                steps = steps.get(..at).unwrap_or_default();
                break;
            }
            if resource.is_gone() {
                break;
            }
        }
    }
    resources.drop_gone();
    first.map_or(Ok(()), Err)
}

impl Transformer {
    pub(crate) fn run(&self, resources: &mut Resources, around: &Surroundings<'_>) -> Result<()> {
        if around.budget.cancel.is_cancelled() {
            return Err(crate::error::Error::Budget("the build was cancelled".to_owned()));
        }
        match self {
            Self::Patches(patches) => patches.run(resources, around),
            Self::Namespace(namespace) => namespace.run(resources),
            Self::Prefix(affix) => affix.run(resources, names::Side::Front),
            Self::Suffix(affix) => affix.run(resources, names::Side::Back),
            Self::Labels(texts) | Self::Annotations(texts) => texts.run(resources),
            Self::Replicas(replicas) => replicas.run(resources),
            Self::Images(images) => images.run(resources),
            Self::Replacements(replacements) => replacements.run(resources, around),
            Self::ValueAdd(add) => add.run(resources),
            Self::Hash => names::add_hashes(resources),
            Self::Host(host) => crate::plugins::run_transformer(host, resources, around.budget),
        }
    }

    /// Whether it works on each resource by itself.
    pub(crate) fn is_single(&self) -> bool {
        matches!(
            self,
            Self::Prefix(_) | Self::Suffix(_) | Self::Labels(_) | Self::Annotations(_) | Self::Images(_)
        )
    }

    fn run_one(&self, resource: &mut Resource) -> Result<()> {
        match self {
            Self::Prefix(affix) => affix.run_one(resource, names::Side::Front),
            Self::Suffix(affix) => affix.run_one(resource, names::Side::Back),
            Self::Labels(texts) | Self::Annotations(texts) => texts.run_one(resource),
            Self::Images(images) => images.run_one(resource),
            _ => Ok(()),
        }
    }

    /// The name of its kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Patches(patches) => patches.kind,
            Self::Namespace(_) => "NamespaceTransformer",
            Self::Prefix(_) => "PrefixTransformer",
            Self::Suffix(_) => "SuffixTransformer",
            Self::Labels(_) => "LabelTransformer",
            Self::Annotations(_) => "AnnotationsTransformer",
            Self::Replicas(_) => "ReplicaCountTransformer",
            Self::Images(_) => "ImageTagTransformer",
            Self::Replacements(_) => "ReplacementTransformer",
            Self::ValueAdd(_) => "ValueAddTransformer",
            Self::Hash => "HashTransformer",
            Self::Host(_) => "plugin",
        }
    }
}
