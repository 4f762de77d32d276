//! The fields of a kustomization file.

use std::fmt::Write;

use super::Dice;
use super::manifests::Object;
use super::patches;

/// A kustomization file under construction.
pub(super) struct Layer<'d> {
    pub(super) dice: &'d mut Dice,
    pub(super) resources: Vec<String>,
    pub(super) components: Vec<String>,
    pub(super) is_component: bool,
    /// Whether a layer below moved everything into a namespace.
    pub(super) moved: &'d mut bool,
    objects: &'d [Object],
    folder: String,
    /// Fields that hold one value.
    single: Vec<(&'static str, String)>,
    /// Fields that hold lists, with their entries.
    lists: Vec<(&'static str, String)>,
}

impl<'d> Layer<'d> {
    pub(super) fn new(
        dice: &'d mut Dice,
        moved: &'d mut bool,
        objects: &'d [Object],
        folder: String,
    ) -> Self {
        let (resources, components) = (Vec::new(), Vec::new());
        Self {
            dice,
            resources,
            components,
            is_component: false,
            moved,
            objects,
            folder,
            single: Vec::new(),
            lists: Vec::new(),
        }
    }

    fn set(&mut self, field: &'static str, value: impl Into<String>) {
        if self.single.iter().all(|(known, _)| *known != field) {
            self.single.push((field, value.into()));
        }
    }

    fn push(&mut self, field: &'static str, entry: impl AsRef<str>) {
        let entry = entry.as_ref().trim_end().replace('\n', "\n  ");
        match self.lists.iter_mut().find(|(known, _)| *known == field) {
            Some((_, entries)) => {
                let _ = writeln!(entries, "- {entry}");
            }
            None => self.lists.push((field, format!("- {entry}\n"))),
        }
    }

    /// Adds random steps.
    pub(super) fn fill(&mut self, steps: usize, files: &mut Vec<(String, String)>) {
        for _ in 0..=steps {
            let object = self.dice.pick(self.objects).clone();
            match self.dice.roll(28) {
                0 => {
                    let prefix = *self.dice.pick(&["p-", "q-", "dev-"]);
                    self.set("namePrefix", prefix);
                }
                1 => {
                    let suffix = *self.dice.pick(&["-s", "-v2"]);
                    self.set("nameSuffix", suffix);
                }
                2 | 3 => {
                    let namespace = *self.dice.pick(&["one", "two", "three"]);
                    self.set("namespace", namespace);
                }
                4 => self.labels(),
                5 => self.set("commonLabels", "{team: a, app: common}"),
                6 => self.set("commonAnnotations", "{owner: me, number: \"5\"}"),
                7 | 8 => self.images(),
                9 => self.replicas(&object),
                10..=13 => self.patch(&object, files),
                14 => {
                    let patch = patches::strategic(self.dice, &object);
                    self.push("patchesStrategicMerge", format!("|-\n{}", patch.trim_end()));
                }
                15 => self.json6902(&object),
                16 | 17 => self.generator(),
                18 | 19 => self.replacement(&object),
                20 => self.var(&object),
                21 => self.plugin(),
                22 => self.rest(),
                23 => self.files(files),
                24 => self.schema(files),
                25 => self.plugin_generator(),
                26 => self.wide_patch(&object),
                _ => self.configuration(files),
            }
        }
    }

    fn labels(&mut self) {
        let how = *self.dice.pick(&[
            "",
            "includeSelectors: true\n",
            "includeTemplates: true\n",
            "fields: [{path: spec/tags, create: true, kind: Widget}]\n",
        ]);
        let pairs = *self.dice.pick(&["{a: b}", "{tier: \"9\", x/y: z}", "{app: other}"]);
        self.push("labels", format!("{how}pairs: {pairs}"));
    }

    fn images(&mut self) {
        let entry = *self.dice.pick(&[
            "{name: shop, newTag: \"2\"}",
            "{name: shop, newName: other/shop}",
            "{name: nginx, digest: sha256:ffff}",
            "{name: registry.example:5000/team/api, newName: api, newTag: v3}",
            "{name: busybox, tagSuffix: -x}",
            "{name: s.*, newTag: regex}",
            "{name: patched, newTag: v9, digest: sha256:aaaa}",
        ]);
        self.push("images", entry);
    }

    fn replicas(&mut self, object: &Object) {
        let workload = self.objects.iter().find(|o| matches!(o.kind, "Deployment" | "StatefulSet"));
        let Some(name) = workload.map(|workload| workload.name.clone()) else {
            // Now and then a name that is not there.
            if self.dice.chance(10) {
                self.push("replicas", format!("{{name: {}, count: 1}}", object.name));
            }
            return;
        };
        let count = self.dice.roll(9);
        self.push("replicas", format!("{{name: {name}, count: {count}}}"));
    }

    fn patch(&mut self, object: &Object, files: &mut Vec<(String, String)>) {
        let is_json = self.dice.chance(35);
        let text =
            if is_json { patches::json(self.dice, object) } else { patches::strategic(self.dice, object) };
        let target = if is_json || self.dice.chance(40) {
            format!("target:\n    {}\n", patches::target(self.dice, object)).replace("    ", "  ")
        } else {
            String::new()
        };
        let options = match self.dice.roll(8) {
            0 => "options: {allowNameChange: true}\n",
            1 => "options: {allowKindChange: true, allowNameChange: true}\n",
            _ => "",
        };
        if self.dice.chance(40) {
            let name = format!("patch{}.yaml", files.len());
            files.push((format!("{}/{name}", self.folder), text));
            self.push("patches", format!("path: {name}\n{target}{options}"));
        } else {
            let text = text.trim_end().replace('\n', "\n  ");
            self.push("patches", format!("patch: |-\n  {text}\n{target}{options}"));
        }
    }

    fn json6902(&mut self, object: &Object) {
        let patch = patches::json(self.dice, object).trim_end().replace('\n', "\n  ");
        let (group, version) = object.api_version.split_once('/').unwrap_or(("", object.api_version));
        let target = format!(
            "{{group: \"{group}\", version: {version}, kind: {}, name: {}}}",
            object.kind, object.name
        );
        self.push("patchesJson6902", format!("target: {target}\npatch: |-\n  {patch}"));
    }

    fn generator(&mut self) {
        let moved = *self.moved || self.single.iter().any(|(field, _)| *field == "namespace");
        let what = if moved && self.dice.chance(90) { 2 } else { self.dice.roll(7) };
        match what {
            0 => self.push("configMapGenerator", "name: settings\nbehavior: merge\nliterals: [a=c, new=\"x y\"]"),
            1 => self.push("configMapGenerator", "name: settings\nbehavior: replace\nliterals: [only=this]"),
            2 => {
                let name = format!("own{}", self.dice.roll(100));
                self.push("configMapGenerator", format!("name: {name}\nliterals: [k=1]\noptions: {{labels: {{g: h}}, immutable: true}}"));
            }
            3 => self.push("secretGenerator", "name: token\nbehavior: merge\nliterals: [more=longer-than-seventy-characters-when-it-is-written-in-base64-for-sure]"),
            4 => self.set("generatorOptions", "{disableNameSuffixHash: true, labels: {gen: opt}}"),
            5 => self.push("secretGenerator", "name: other\nliterals: [k=v]\ntype: x/y"),
            _ if self.dice.chance(20) => {
                self.push("configMapGenerator", "name: settings\nnamespace: one\nbehavior: merge\nliterals: [a=d]");
            }
            _ => {}
        }
    }

    fn replacement(&mut self, object: &Object) {
        let source = match self.dice.roll(5) {
            0 => "sourceValue: fixed".to_owned(),
            1 => {
                format!("source: {{kind: {}, name: {}, fieldPath: metadata.name}}", object.kind, object.name)
            }
            2 if self.dice.chance(30) => {
                "source: {kind: ConfigMap, name: settings, fieldPath: data.mode}".to_owned()
            }
            3 if object.text.contains("  labels:\n    app") => format!(
                "source: {{kind: {}, name: {}, fieldPath: metadata.labels.app, options: {{delimiter: p, index: {}}}}}",
                object.kind,
                object.name,
                self.dice.roll(2)
            ),
            _ => format!("source: {{kind: {}, name: {}}}", object.kind, object.name),
        };
        let picked = *self.dice.pick(&[
            ("{kind: Deployment}", "spec.template.spec.containers.[name=main].image"),
            ("{kind: Deployment}", "spec.template.spec.containers.*.image"),
            ("{kind: Deployment}", "spec.replicas"),
            ("{kind: ConfigMap, name: \"(app|db|web|cache).*\"}", "data.text.b.c"),
            ("{kind: ConfigMap, name: \"(app|db|web|cache).*\"}", "data.json.x.y"),
            ("{kind: Widget}", "spec.list.[name=a].value"),
            ("{kind: Widget}", "spec.list.1"),
            ("{name: .*}", "metadata.annotations.replaced"),
            ("{kind: Service}", "spec.selector.app"),
            ("{name: web.*}", "metadata.labels.app"),
        ]);
        let (select, path) = if picked.1 == "spec.replicas" && self.dice.chance(80) {
            ("{kind: Deployment|StatefulSet}", "metadata.annotations.count")
        } else {
            picked
        };
        let options = match self.dice.roll(4) {
            0 => ", options: {create: true}",
            1 => ", options: {delimiter: \":\", index: 0}",
            _ if path.contains("metadata") && self.dice.chance(80) => ", options: {create: true}",
            _ => "",
        };
        let reject = if self.dice.chance(20) { ", reject: [{name: app1}]" } else { "" };
        self.push(
            "replacements",
            format!("{source}\ntargets:\n- {{select: {select}{reject}, fieldPaths: [\"{path}\"]{options}}}"),
        );
    }

    fn var(&mut self, object: &Object) {
        let name = if self.dice.chance(70) { "HOST" } else { "OTHER" };
        let field = if self.dice.chance(30) { "\nfieldref: {fieldPath: metadata.namespace}" } else { "" };
        self.push(
            "vars",
            format!(
                "name: {name}\nobjref: {{apiVersion: {}, kind: {}, name: {}}}{field}",
                object.api_version, object.kind, object.name
            ),
        );
    }

    fn plugin(&mut self) {
        let text = *self.dice.pick(&[
            "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: t-\nfieldSpecs: [{path: metadata/name}]",
            "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: n, namespace: plug}\nunsetOnly: true\nfieldSpecs: [{path: metadata/name, kind: Namespace, create: true}]",
            "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: n, namespace: plug}\nsetRoleBindingSubjects: allServiceAccounts",
            "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {plugin: \"1\"}\nfieldSpecs: [{path: metadata/labels, create: true}]",
            "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: a}\nannotations: {plugin: x}\nfieldSpecs: [{path: spec/template/metadata/annotations, create: true, kind: Deployment}]",
            "apiVersion: builtin\nkind: ValueAddTransformer\nmetadata: {name: v}\nvalue: added\ntargets: [{selector: {kind: Widget}, fieldPath: spec/size}]",
            "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\npatch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations/plugin\", \"value\": \"y\"}]'\ntarget: {kind: Service}",
            "apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: i}\nimageTag: {name: shop, newTag: plug}\nfieldSpecs: [{path: spec/containers/image}]",
            "apiVersion: builtin\nkind: ValueAddTransformer\nmetadata: {name: v}\nvalue: valued\ntargets: [{fieldPath: metadata/namespace}]",
            "apiVersion: builtin\nkind: ReplacementTransformer\nmetadata: {name: r}\nreplacements: [{source: {kind: ConfigMap, name: settings, fieldPath: data.mode}, targets: [{select: {kind: Widget}, fieldPaths: [spec.size]}]}]",
            "apiVersion: builtin\nkind: HashTransformer\nmetadata: {name: h}",
            "apiVersion: builtin\nkind: SortOrderTransformer\nmetadata: {name: o}\nsortOptions: {order: legacy}",
            "apiVersion: builtin\nkind: SuffixTransformer\nmetadata: {name: s}\nsuffix: -t\nfieldSpecs: [{path: metadata/name}, {path: spec/secretName, kind: Widget}]",
        ]);
        self.push("transformers", format!("|-\n{text}"));
    }

    /// Maps out of files and old fields.
    fn files(&mut self, files: &mut Vec<(String, String)>) {
        let name = format!("file{}.env", files.len());
        let text = *self.dice.pick(&[
            "# a comment\nA=1\n\nB= spaced \nC=\"quoted\"\nD=x=y\n",
            "one: line\r\ntwo\r\n",
            "trailing  \n\n\n",
            "\u{feff}BOM=1\n",
            "caf\u{e9} \u{2603}\n",
            "",
        ]);
        files.push((format!("{}/{name}", self.folder), text.to_owned()));
        let map = format!("name: files{}", self.dice.roll(100));
        let how = match self.dice.roll(5) {
            0 => format!("envs: [{name}]"),
            1 => format!("env: {name}"),
            2 => format!("files: [{name}]"),
            3 => format!("files: [key.of-file={name}]\nliterals: ['q=\"two words\"', 'e=', \"s='x'\"]"),
            _ => format!(
                "files: [a={name}, {name}]\noptions: {{annotations: {{o: p}}, disableNameSuffixHash: true}}"
            ),
        };
        let field = *self.dice.pick(&["configMapGenerator", "secretGenerator"]);
        self.push(field, format!("{map}\n{how}"));
    }

    /// Custom types: which lists merge by which key, and which fields are names.
    fn schema(&mut self, files: &mut Vec<(String, String)>) {
        const GVK: &str = "[{\"group\":\"example.org\",\"version\":\"v1\",\"kind\":\"Widget\"}]";
        let name = format!("schema{}.json", files.len());
        let is_crd = self.dice.chance(50);
        let text = if is_crd {
            "{\"example.org/v1.Widget\":{\"Schema\":{\"properties\":{\"apiVersion\":{\"type\":\"string\"},\"kind\":{\"type\":\"string\"},\"metadata\":{\"$ref\":\"x\"},\"spec\":{\"$ref\":\"example.org/v1.Spec\"}}}},\"example.org/v1.Spec\":{\"Schema\":{\"properties\":{\"secretName\":{\"type\":\"string\",\"x-kubernetes-object-ref-api-version\":\"v1\",\"x-kubernetes-object-ref-kind\":\"Secret\"}}}}}".to_owned()
        } else {
            format!(
                "{{\"definitions\":{{\"w\":{{\"type\":\"object\",\"x-kubernetes-group-version-kind\":{GVK},\"properties\":{{\"spec\":{{\"type\":\"object\",\"properties\":{{\"list\":{{\"type\":\"array\",\"x-kubernetes-patch-merge-key\":\"name\",\"x-kubernetes-patch-strategy\":\"merge\",\"items\":{{\"type\":\"object\"}}}}}}}}}}}}}}}}"
            )
        };
        files.push((format!("{}/{name}", self.folder), text));
        if is_crd {
            self.push("crds", name);
        } else {
            self.set("openapi", format!("{{path: {name}}}"));
        }
    }

    fn plugin_generator(&mut self) {
        let name = format!("plug{}", self.dice.roll(100));
        let text = *self.dice.pick(&[
            "kind: ConfigMapGenerator\nliterals: [a=b]",
            "kind: SecretGenerator\nliterals: [a=b]\ntype: x/y\noptions: {disableNameSuffixHash: true}",
            "kind: ConfigMapGenerator\nliterals: [a=b]\noptions: {immutable: true, labels: {z: w}}",
            "kind: IAMPolicyGenerator\ncloud: gke\nkubernetesService: {name: sa}\nserviceAccount: {name: g, projectId: p}",
        ]);
        let (kind, rest) = text.split_once('\n').unwrap_or((text, ""));
        self.push(
            "generators",
            format!("|-\napiVersion: builtin\n{kind}\nmetadata: {{name: {name}}}\n{rest}"),
        );
    }

    /// Patches of several objects, of none, and of all that annotations select.
    fn wide_patch(&mut self, object: &Object) {
        let of = |more: &str| {
            format!(
                "apiVersion: {}\n  kind: {}\n  metadata:\n    name: {}\n{more}",
                object.api_version, object.kind, object.name
            )
        };
        let entry = match self.dice.roll(5) {
            0 => format!("patch: |-\n  $patch: delete\n  {}", of("")),
            1 => format!(
                "patch: |-\n  {}    labels: {{wide: a}}\n  ---\n  {}    annotations: {{wide: b}}",
                of(""),
                of("")
            ),
            2 => "target: {annotationSelector: \"count=1\"}\npatch: |-\n  - {op: add, path: /metadata/annotations/wide, value: c}".to_owned(),
            3 => "target: {group: apps, kind: Deployment|DaemonSet}\npatch: |-\n  apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: any}\n  spec: {template: {spec: {containers: [{name: main, env: [{name: A, $patch: delete}, {name: W, value: \"1\"}]}]}}}".to_owned(),
            _ => "target: {namespace: one|default}\npatch: |-\n  - {op: add, path: /metadata/labels, value: {wide: d}}".to_owned(),
        };
        self.push("patches", entry);
    }

    fn rest(&mut self) {
        match self.dice.roll(5) {
            0 => self.set("sortOptions", "{order: fifo}"),
            1 => self.set(
                "sortOptions",
                "{order: legacy, legacySortOptions: {orderFirst: [Service], orderLast: [Namespace, Widget]}}",
            ),
            2 => self.set("buildMetadata", "[originAnnotations]"),
            3 => self.set("buildMetadata", "[transformerAnnotations, originAnnotations]"),
            _ => self.set("buildMetadata", "[managedByLabel]"),
        }
    }

    fn configuration(&mut self, files: &mut Vec<(String, String)>) {
        let name = format!("config{}.yaml", files.len());
        let text = *self.dice.pick(&[
            "nameReference:\n- kind: Secret\n  version: v1\n  fieldSpecs:\n  - path: spec/secretName\n    kind: Widget\n",
            "namespace:\n- path: spec/namespace\n  kind: Widget\n  create: true\n",
            "commonLabels:\n- path: spec/selector\n  kind: Widget\n  create: true\n",
            "images:\n- path: spec/image\n  kind: Widget\nreplicas:\n- path: spec/size\n  kind: Widget\n  create: true\n",
            "namePrefix:\n- path: spec/secretName\n  kind: Widget\n",
            "varReference:\n- path: spec/size\n  kind: Widget\n",
        ]);
        files.push((format!("{}/{name}", self.folder), text.to_owned()));
        self.push("configurations", name);
    }

    /// The file's text.
    pub(super) fn text(&mut self) -> String {
        *self.moved |= self.single.iter().any(|(field, _)| *field == "namespace");
        let mut text = String::new();
        if self.is_component {
            text.push_str("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n");
        }
        for (field, list) in [("resources", &self.resources), ("components", &self.components)] {
            if !list.is_empty() {
                let _ = writeln!(text, "{field}:");
                for entry in list {
                    let _ = writeln!(text, "- {entry}");
                }
            }
        }
        for (field, value) in &self.single {
            let _ = writeln!(text, "{field}: {value}");
        }
        for (field, entries) in &self.lists {
            let _ = write!(text, "{field}:\n{entries}");
        }
        text
    }
}
