//! The built-in plugins as files configure them.

use tautline_core::Value;
use tautline_yaml::{Options, Resolver};

use super::charts::Chart;
use super::host::HostPlugin;
use crate::config::field_specs;
use crate::error::{During, Error, Result};
use crate::field_spec::FieldSpec;
use crate::generate::{self, IamPolicyArgs};
use crate::kustomization::decode::{Decode, PLUGIN, record};
use crate::kustomization::{
    FieldSpecEntry, GeneratorArgs, HelmChart, HelmGlobals, Image, Patch, PatchArgs, ReplacementEntry,
    Replica, SecretArgs, Selector, Texts,
};
use crate::load::Loader;
use crate::resource::{Resource, Resources};
use crate::transform::{
    Transformer, images::Images, metadata, names::Affix, namespace::Namespace, namespace::Subjects,
    replicas::Replicas, value_add, value_add::ValueAdd,
};

/// A generator with its configuration.
pub(crate) enum Generator {
    ConfigMap(GeneratorArgs),
    Secret(GeneratorArgs, String),
    IamPolicy(IamPolicyArgs),
    Chart(Box<Chart>),
    Host(HostPlugin),
}

impl Generator {
    pub(crate) fn run(&self, loader: &Loader<'_>) -> Result<Vec<Resource>> {
        match self {
            Self::ConfigMap(args) => Ok(vec![generate::config_map(args, loader)?]),
            Self::Secret(args, kind) => Ok(vec![generate::secret(args, kind, loader)?]),
            Self::IamPolicy(args) => Ok(vec![args.generate()?]),
            Self::Chart(chart) => chart.generate(loader),
            Self::Host(plugin) => super::host::run_generator(plugin),
        }
    }

    /// The name of its kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::ConfigMap(_) => "ConfigMapGenerator",
            Self::Secret(..) => "SecretGenerator",
            Self::IamPolicy(_) => "IAMPolicyGenerator",
            Self::Chart(_) => "HelmChartInflationGenerator",
            Self::Host(_) => "plugin",
        }
    }
}

fn is_builtin(config: &Resource) -> bool {
    config.api_version() == "builtin"
}

fn value_of(config: &Resource) -> Result<Value> {
    let options = Options { resolver: Resolver::V3, strict: true, ..Options::default() };
    config.node.to_value(&options).map_err(|error| Error::Field(format!("yaml: {}", error.kind)))
}

fn decode<T: Decode>(config: &Resource) -> Result<T> {
    T::decode(&value_of(config)?, PLUGIN, "plugin").map_err(Error::Configuration)
}

/// The generators that resources configure.
pub(crate) fn load_generators(
    configs: &Resources,
    loader: &Loader<'_>,
) -> Result<Vec<(Generator, Resource)>> {
    let load = |config: &Resource| {
        let generator = generator(config, loader)
            .map_err(|error| configuring(config, error).during("failed to load generator"))?;
        Ok((generator, config.clone()))
    };
    configs.iter().map(load).collect()
}

/// The transformers that resources configure.
pub(crate) fn load_transformers(
    configs: &Resources,
    loader: &Loader<'_>,
) -> Result<Vec<(Transformer, Resource)>> {
    let mut loaded = Vec::new();
    for config in configs.iter() {
        let found = transformers(config, loader).map_err(|error| configuring(config, error))?;
        loaded.extend(found.into_iter().map(|transformer| (transformer, config.clone())));
    }
    Ok(loaded)
}

fn configuring(config: &Resource, error: Error) -> Error {
    match error {
        Error::Plugin(_) => error,
        error => error.during(format!("plugin {} fails configuration", config.original_id())),
    }
}

record! {
    struct Metadata as "ObjectMeta" {
        name: String = "name",
        namespace: String = "namespace",
    }
}

record! {
    struct WithMetadata as "ObjectMeta" {
        metadata: Metadata = "metadata",
    }
}

fn generator(config: &Resource, loader: &Loader<'_>) -> Result<Generator> {
    let context = loader.context;
    if !is_builtin(config) {
        return HostPlugin::find(config, &context.supplies.plugins, context.options.enable_plugins)
            .map(Generator::Host);
    }
    let named = |mut args: GeneratorArgs| -> Result<GeneratorArgs> {
        let WithMetadata { metadata } = decode(config)?;
        if args.name.is_empty() {
            args.name = metadata.name;
        }
        if args.namespace.is_empty() {
            args.namespace = metadata.namespace;
        }
        if !args.env.is_empty() {
            args.env.clear();
        }
        Ok(args)
    };
    match config.kind() {
        "ConfigMapGenerator" => Ok(Generator::ConfigMap(named(decode(config)?)?)),
        "SecretGenerator" => {
            let (args, kind) = decode::<SecretArgs>(config)?.split();
            Ok(Generator::Secret(named(args)?, kind))
        }
        "IAMPolicyGenerator" => Ok(Generator::IamPolicy(decode(config)?)),
        "HelmChartInflationGenerator" => {
            let (globals, chart): (HelmGlobals, HelmChart) = (decode(config)?, decode(config)?);
            Ok(Generator::Chart(Box::new(Chart::new(chart, &globals, loader)?)))
        }
        kind if is_transformer(kind) => {
            Err(Error::Plugin(format!("plugin {} not a generator", config.original_id())))
        }
        _ => Err(Error::Plugin(format!("unable to load builtin {}", config.gvk()))),
    }
}

fn is_transformer(kind: &str) -> bool {
    matches!(
        kind,
        "AnnotationsTransformer"
            | "HashTransformer"
            | "ImageTagTransformer"
            | "LabelTransformer"
            | "NamespaceTransformer"
            | "PatchJson6902Transformer"
            | "PatchStrategicMergeTransformer"
            | "PatchTransformer"
            | "PrefixSuffixTransformer"
            | "PrefixTransformer"
            | "SuffixTransformer"
            | "ReplacementTransformer"
            | "ReplicaCountTransformer"
            | "ValueAddTransformer"
    )
}

record! {
    struct AffixArgs as "PrefixTransformerPlugin" {
        prefix: String = "prefix",
        suffix: String = "suffix",
        specs: Option<Vec<FieldSpecEntry>> = "fieldSpecs",
    }
}

record! {
    struct TextsArgs as "LabelTransformerPlugin" {
        labels: Texts = "labels",
        annotations: Texts = "annotations",
        specs: Vec<FieldSpecEntry> = "fieldSpecs",
    }
}

record! {
    struct NamespaceArgs as "NamespaceTransformerPlugin" {
        metadata: Metadata = "metadata",
        specs: Vec<FieldSpecEntry> = "fieldSpecs",
        unset_only: bool = "unsetOnly",
        subjects: String = "setRoleBindingSubjects",
    }
}

record! {
    struct ImageArgs as "ImageTagTransformerPlugin" {
        image: Image = "imageTag",
        specs: Vec<FieldSpecEntry> = "fieldSpecs",
    }
}

record! {
    struct ReplicaArgs as "ReplicaCountTransformerPlugin" {
        replica: Replica = "replica",
        specs: Vec<FieldSpecEntry> = "fieldSpecs",
    }
}

record! {
    struct PatchPluginArgs as "PatchTransformerPlugin" {
        path: String = "path",
        patch: String = "patch",
        target: Option<Selector> = "target",
        options: Option<PatchArgs> = "options",
        json: String = "jsonOp",
        paths: Vec<String> = "paths",
        patches: String = "patches",
    }
}

record! {
    struct ReplacementArgs as "ReplacementTransformerPlugin" {
        entries: Vec<ReplacementEntry> = "replacements",
    }
}

record! {
    struct ValueAddArgs as "ValueAddTransformerPlugin" {
        value: String = "value",
        targets: Vec<value_add::Target> = "targets",
        file: String = "targetFilePath",
    }
}

fn transformers(config: &Resource, loader: &Loader<'_>) -> Result<Vec<Transformer>> {
    let context = loader.context;
    if !is_builtin(config) {
        let plugin = HostPlugin::find(config, &context.supplies.plugins, context.options.enable_plugins)?;
        return Ok(vec![Transformer::Host(Box::new(plugin))]);
    }
    let via = loader.origin_of(&config.origin.file);
    let one = match config.kind() {
        "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => return affixes(config),
        "LabelTransformer" => {
            let args: TextsArgs = decode(config)?;
            Transformer::Labels(metadata::Texts { texts: args.labels, specs: field_specs(args.specs) })
        }
        "AnnotationsTransformer" => {
            let args: TextsArgs = decode(config)?;
            Transformer::Annotations(metadata::Texts {
                texts: args.annotations,
                specs: field_specs(args.specs),
            })
        }
        "NamespaceTransformer" => {
            let args: NamespaceArgs = decode(config)?;
            Transformer::Namespace(Namespace {
                namespace: args.metadata.namespace,
                specs: field_specs(args.specs),
                unset_only: args.unset_only,
                subjects: Subjects::read(&args.subjects)?,
            })
        }
        "ImageTagTransformer" => {
            let args: ImageArgs = decode(config)?;
            Transformer::Images(Images::new(args.image, field_specs(args.specs))?)
        }
        "ReplicaCountTransformer" => {
            let args: ReplicaArgs = decode(config)?;
            Transformer::Replicas(Replicas { replica: args.replica, specs: field_specs(args.specs) })
        }
        "PatchTransformer" => {
            let args: PatchPluginArgs = decode(config)?;
            let patch =
                Patch { path: args.path, patch: args.patch, target: args.target, options: args.options };
            Transformer::Patches(crate::patches::patch(&patch, loader)?)
        }
        "PatchJson6902Transformer" => {
            let args: PatchPluginArgs = decode(config)?;
            let patch = Patch { path: args.path, patch: args.json, target: args.target, options: None };
            Transformer::Patches(crate::patches::json6902(&patch, loader)?)
        }
        "PatchStrategicMergeTransformer" => {
            let args: PatchPluginArgs = decode(config)?;
            Transformer::Patches(crate::patches::strategic(&args.paths, &args.patches, loader)?)
        }
        "ReplacementTransformer" => {
            let args: ReplacementArgs = decode(config)?;
            Transformer::Replacements(crate::patches::replacements(&args.entries, &via, loader)?)
        }
        "ValueAddTransformer" => Transformer::ValueAdd(value_add(decode(config)?, loader)?),
        "HashTransformer" => Transformer::Hash,
        "ConfigMapGenerator" | "SecretGenerator" | "IAMPolicyGenerator" | "HelmChartInflationGenerator" => {
            return Err(Error::Plugin(format!("plugin {} not a transformer", config.original_id())));
        }
        _ => return Err(Error::Plugin(format!("unable to load builtin {}", config.gvk()))),
    };
    Ok(vec![one])
}

fn affixes(config: &Resource) -> Result<Vec<Transformer>> {
    let args: AffixArgs = decode(config)?;
    let specs: Vec<FieldSpec> = field_specs(
        args.specs.ok_or_else(|| Error::Configuration("fieldSpecs is not expected to be nil".to_owned()))?,
    );
    let prefix = || Transformer::Prefix(Affix { text: args.prefix.clone(), specs: specs.clone() });
    let suffix = || Transformer::Suffix(Affix { text: args.suffix.clone(), specs: specs.clone() });
    Ok(match config.kind() {
        "PrefixTransformer" => vec![prefix()],
        "SuffixTransformer" => vec![suffix()],
        _ => vec![prefix(), suffix()],
    })
}

fn value_add(args: ValueAddArgs, loader: &Loader<'_>) -> Result<ValueAdd> {
    let mut targets = args.targets;
    if !args.file.is_empty() {
        let text = loader.load_text(&args.file)?;
        let value =
            crate::kustomization::read_value(&text, loader.context.budget).map_err(Error::Configuration)?;
        let more = ValueAddArgs::decode(&value, PLUGIN, "plugin").map_err(Error::Configuration)?;
        targets.extend(more.targets);
    }
    if targets.is_empty() {
        return Err(Error::Configuration("must specify at least one target".to_owned()));
    }
    for target in &targets {
        if target.field_path.is_empty() {
            return Err(Error::Configuration("fieldPath cannot be empty".to_owned()));
        }
        if target.position < 0 {
            let message = format!("value of FilePathPosition ({}) cannot be negative", target.position);
            return Err(Error::Configuration(message));
        }
    }
    let value = match args.value.trim() {
        "" => loader.root().name().to_owned(),
        value => value.to_owned(),
    };
    Ok(ValueAdd { value, targets })
}

/// Says which built-in transformer was being configured.
pub(crate) fn during_config<T>(result: Result<T>, kind: &str) -> Result<T> {
    result.during(|| format!("trouble configuring builtin {kind}"))
}
