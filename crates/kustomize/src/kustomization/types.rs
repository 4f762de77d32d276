//! The fields of a Kustomization and of a Component.

use std::collections::BTreeMap;

use tautline_core::Value;

use super::decode::record;

/// Texts by name.
pub(crate) type Texts = BTreeMap<String, String>;

record! {
    /// A kustomization file, `kustomize.config.k8s.io`.
    pub(crate) struct Kustomization as "Kustomization" {
        pub(crate) api_version: String = "apiVersion",
        pub(crate) kind: String = "kind",
        pub(crate) metadata: Option<Value> = "metadata",
        pub(crate) openapi: Texts = "openapi",
        pub(crate) name_prefix: String = "namePrefix",
        pub(crate) name_suffix: String = "nameSuffix",
        pub(crate) namespace: String = "namespace",
        pub(crate) common_labels: Option<Texts> = "commonLabels",
        pub(crate) labels: Vec<Label> = "labels",
        pub(crate) common_annotations: Texts = "commonAnnotations",
        pub(crate) patches_strategic_merge: Option<Vec<String>> = "patchesStrategicMerge",
        pub(crate) patches_json6902: Option<Vec<Patch>> = "patchesJson6902",
        pub(crate) patches: Vec<Patch> = "patches",
        pub(crate) images: Vec<Image> = "images",
        pub(crate) image_tags: Option<Vec<Image>> = "imageTags",
        pub(crate) replacements: Vec<ReplacementEntry> = "replacements",
        pub(crate) replicas: Vec<Replica> = "replicas",
        pub(crate) vars: Option<Vec<Var>> = "vars",
        pub(crate) sort_options: Option<SortOptions> = "sortOptions",
        pub(crate) resources: Vec<String> = "resources",
        pub(crate) components: Vec<String> = "components",
        pub(crate) crds: Vec<String> = "crds",
        pub(crate) bases: Option<Vec<String>> = "bases",
        pub(crate) config_maps: Vec<GeneratorArgs> = "configMapGenerator",
        pub(crate) secrets: Vec<SecretArgs> = "secretGenerator",
        pub(crate) helm_globals: Option<HelmGlobals> = "helmGlobals",
        pub(crate) helm_charts: Vec<HelmChart> = "helmCharts",
        pub(crate) helm_chart_inflation: Vec<OldHelmChart> = "helmChartInflationGenerator",
        pub(crate) generator_options: Option<GeneratorOptions> = "generatorOptions",
        pub(crate) configurations: Vec<String> = "configurations",
        pub(crate) generators: Vec<String> = "generators",
        pub(crate) transformers: Vec<String> = "transformers",
        pub(crate) validators: Vec<String> = "validators",
        pub(crate) build_metadata: Vec<String> = "buildMetadata",
    }
}

record! {
    /// One entry of `labels`.
    pub(crate) struct Label as "Label" {
        pub(crate) pairs: Texts = "pairs",
        pub(crate) include_selectors: bool = "includeSelectors",
        pub(crate) include_templates: bool = "includeTemplates",
        pub(crate) fields: Vec<FieldSpecEntry> = "fields",
    }
}

record! {
    /// A field spec as it is written.
    pub(crate) struct FieldSpecEntry as "FieldSpec" {
        pub(crate) group: String = "group",
        pub(crate) version: String = "version",
        pub(crate) kind: String = "kind",
        pub(crate) path: String = "path",
        pub(crate) create: bool = "create",
    }
}

record! {
    /// One entry of `patches` or `patchesJson6902`.
    pub(crate) struct Patch as "Patch" {
        pub(crate) path: String = "path",
        pub(crate) patch: String = "patch",
        pub(crate) target: Option<Selector> = "target",
        pub(crate) options: Option<PatchArgs> = "options",
    }
}

record! {
    /// What a patch with a target may change of an identity.
    pub(crate) struct PatchArgs as "PatchArgs" {
        pub(crate) allow_name_change: bool = "allowNameChange",
        pub(crate) allow_kind_change: bool = "allowKindChange",
    }
}

record! {
    /// Which resources: regular expressions for identities, selectors for labels and annotations.
    pub(crate) struct Selector as "Selector" {
        pub(crate) group: String = "group",
        pub(crate) version: String = "version",
        pub(crate) kind: String = "kind",
        pub(crate) name: String = "name",
        pub(crate) namespace: String = "namespace",
        pub(crate) annotation_selector: String = "annotationSelector",
        pub(crate) label_selector: String = "labelSelector",
    }
}

record! {
    /// One entry of `images`.
    pub(crate) struct Image as "Image" {
        pub(crate) name: String = "name",
        pub(crate) new_name: String = "newName",
        pub(crate) tag_suffix: String = "tagSuffix",
        pub(crate) new_tag: String = "newTag",
        pub(crate) digest: String = "digest",
    }
}

record! {
    /// One entry of `replicas`.
    pub(crate) struct Replica as "Replica" {
        pub(crate) name: String = "name",
        pub(crate) count: i64 = "count",
    }
}

record! {
    /// One entry of `replacements`: a file, or a replacement.
    pub(crate) struct ReplacementEntry as "ReplacementField" {
        pub(crate) path: String = "path",
        pub(crate) source: Option<Source> = "source",
        pub(crate) targets: Option<Vec<Target>> = "targets",
        pub(crate) source_value: Option<String> = "sourceValue",
    }
}

record! {
    /// Where a replacement takes its value from.
    pub(crate) struct Source as "SourceSelector" {
        pub(crate) group: String = "group",
        pub(crate) version: String = "version",
        pub(crate) kind: String = "kind",
        pub(crate) name: String = "name",
        pub(crate) namespace: String = "namespace",
        pub(crate) field_path: String = "fieldPath",
        pub(crate) options: Option<FieldOptions> = "options",
    }
}

record! {
    /// Where a replacement puts its value.
    pub(crate) struct Target as "TargetSelector" {
        pub(crate) select: Option<Selector> = "select",
        pub(crate) reject: Vec<Selector> = "reject",
        pub(crate) field_paths: Vec<String> = "fieldPaths",
        pub(crate) options: Option<FieldOptions> = "options",
    }
}

record! {
    /// Which part of a field, and whether it is made.
    pub(crate) struct FieldOptions as "FieldOptions" {
        pub(crate) delimiter: String = "delimiter",
        pub(crate) index: i64 = "index",
        pub(crate) encoding: String = "encoding",
        pub(crate) create: bool = "create",
    }
}

record! {
    /// One entry of `vars`.
    pub(crate) struct Var as "Var" {
        pub(crate) name: String = "name",
        pub(crate) object: VarObject = "objref",
        pub(crate) field: VarField = "fieldref",
    }
}

record! {
    /// The object a var takes its value from.
    pub(crate) struct VarObject as "Target" {
        pub(crate) api_version: String = "apiVersion",
        pub(crate) group: String = "group",
        pub(crate) version: String = "version",
        pub(crate) kind: String = "kind",
        pub(crate) name: String = "name",
        pub(crate) namespace: String = "namespace",
    }
}

record! {
    /// The field a var takes its value from.
    pub(crate) struct VarField as "FieldSelector" {
        pub(crate) path: String = "fieldPath",
    }
}

record! {
    /// In which order resources are printed.
    pub(crate) struct SortOptions as "SortOptions" {
        pub(crate) order: String = "order",
        pub(crate) legacy: Option<LegacySortOptions> = "legacySortOptions",
    }
}

record! {
    /// Which kinds come first and last.
    pub(crate) struct LegacySortOptions as "LegacySortOptions" {
        pub(crate) first: Vec<String> = "orderFirst",
        pub(crate) last: Vec<String> = "orderLast",
    }
}

record! {
    /// One entry of `configMapGenerator`.
    pub(crate) struct GeneratorArgs as "ConfigMapArgs" {
        pub(crate) namespace: String = "namespace",
        pub(crate) name: String = "name",
        pub(crate) behavior: String = "behavior",
        pub(crate) literals: Vec<String> = "literals",
        pub(crate) files: Vec<String> = "files",
        pub(crate) envs: Vec<String> = "envs",
        pub(crate) env: String = "env",
        pub(crate) options: Option<GeneratorOptions> = "options",
    }
}

record! {
    /// One entry of `secretGenerator`.
    pub(crate) struct SecretArgs as "SecretArgs" {
        pub(crate) namespace: String = "namespace",
        pub(crate) name: String = "name",
        pub(crate) behavior: String = "behavior",
        pub(crate) literals: Vec<String> = "literals",
        pub(crate) files: Vec<String> = "files",
        pub(crate) envs: Vec<String> = "envs",
        pub(crate) env: String = "env",
        pub(crate) options: Option<GeneratorOptions> = "options",
        pub(crate) secret_type: String = "type",
    }
}

impl SecretArgs {
    /// What it shares with a ConfigMap's, and the Secret's type.
    pub(crate) fn split(self) -> (GeneratorArgs, String) {
        let Self { namespace, name, behavior, literals, files, envs, env, options, secret_type } = self;
        (GeneratorArgs { namespace, name, behavior, literals, files, envs, env, options }, secret_type)
    }
}

record! {
    /// What generated resources carry.
    pub(crate) struct GeneratorOptions as "GeneratorOptions" {
        pub(crate) labels: Texts = "labels",
        pub(crate) annotations: Texts = "annotations",
        pub(crate) disable_name_suffix_hash: bool = "disableNameSuffixHash",
        pub(crate) immutable: bool = "immutable",
    }
}

impl GeneratorOptions {
    /// An entry's own options with those of the file behind them.
    pub(crate) fn merged(own: Option<Self>, of_file: Option<&Self>) -> Option<Self> {
        let Some(global) = of_file else { return own };
        let mut merged = own.unwrap_or_default();
        for (key, value) in &global.labels {
            merged.labels.entry(key.clone()).or_insert_with(|| value.clone());
        }
        for (key, value) in &global.annotations {
            merged.annotations.entry(key.clone()).or_insert_with(|| value.clone());
        }
        merged.disable_name_suffix_hash |= global.disable_name_suffix_hash;
        merged.immutable |= global.immutable;
        Some(merged)
    }
}

record! {
    /// Where charts lie.
    pub(crate) struct HelmGlobals as "HelmGlobals" {
        pub(crate) chart_home: String = "chartHome",
        pub(crate) config_home: String = "configHome",
    }
}

record! {
    /// One entry of `helmCharts`: a chart and how it is inflated.
    pub struct HelmChart as "HelmChart" {
        /// The chart's name: its folder in the chart home.
        pub name: String = "name",
        /// The version to fetch.
        pub version: String = "version",
        /// The repository to fetch from.
        pub repo: String = "repo",
        /// The release's name; empty for a generated one.
        pub release_name: String = "releaseName",
        /// The release's namespace.
        pub namespace: String = "namespace",
        /// Files of values behind the first.
        pub additional_values_files: Vec<String> = "additionalValuesFiles",
        /// The file of values; empty for the chart's own.
        pub values_file: String = "valuesFile",
        /// Values given in place.
        pub values_inline: BTreeMap<String, Value> = "valuesInline",
        /// How both are joined: `override`, `replace` or `merge`.
        pub values_merge: String = "valuesMerge",
        /// Whether the chart's CRDs are rendered too.
        pub include_crds: bool = "includeCRDs",
        /// Whether hooks are left out.
        pub skip_hooks: bool = "skipHooks",
        /// API versions the chart may see.
        pub api_versions: Vec<String> = "apiVersions",
        /// The Kubernetes version the chart sees.
        pub kube_version: String = "kubeVersion",
        /// A template for the release's name.
        pub name_template: String = "nameTemplate",
        /// Whether tests are left out.
        pub skip_tests: bool = "skipTests",
        /// Whether Helm prints more.
        pub debug: bool = "debug",
        /// Whether versions in development are taken.
        pub devel: bool = "devel",
    }
}

record! {
    /// One entry of the old `helmChartInflationGenerator`.
    pub(crate) struct OldHelmChart as "HelmChartArgs" {
        pub(crate) chart_name: String = "chartName",
        pub(crate) chart_version: String = "chartVersion",
        pub(crate) chart_repo_url: String = "chartRepoUrl",
        pub(crate) chart_home: String = "chartHome",
        pub(crate) chart_repo_name: String = "chartRepoName",
        pub(crate) helm_bin: String = "helmBin",
        pub(crate) helm_home: String = "helmHome",
        pub(crate) values: String = "values",
        pub(crate) values_local: BTreeMap<String, Value> = "valuesLocal",
        pub(crate) values_merge: String = "valuesMerge",
        pub(crate) release_name: String = "releaseName",
        pub(crate) release_namespace: String = "releaseNamespace",
        pub(crate) extra_args: Vec<String> = "extraArgs",
    }
}
