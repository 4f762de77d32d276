//! The build itself: a kustomization's resources accumulated, its generators, components and transformers run.

use std::sync::Arc;

use tautline_core::Need;

use crate::config::{TransformerConfig, defaults, merged, read_crds};
use crate::error::{During, Error, Result};
use crate::kustomization::{FILE_NAMES, Kustomization};
use crate::load::{Context, Loader, text};
use crate::origin::OriginNote;
use crate::patches::in_file;
use crate::plugins::{Generator, load_generators, load_transformers};
use crate::resource::{Resource, Resources, is_known, read_resources};
use crate::transform::{Surroundings, Transformer, run_together};
use crate::vars::Vars;
use crate::{name_reference, steps};

/// What a kustomization has come to so far.
#[derive(Default)]
pub(crate) struct Accumulated {
    pub(crate) resources: Resources,
    config: Option<Arc<TransformerConfig>>,
    vars: Vars,
}

impl Accumulated {
    fn add(&mut self, other: Self) -> Result<()> {
        self.resources.append_list(other.resources)?;
        if let Some(config) = &other.config {
            self.config = Some(merged(self.config.take(), config)?);
        }
        self.vars.add_all(other.vars)
    }
}

/// A kustomization file and its place.
pub(crate) struct Target<'a> {
    pub(crate) file: Kustomization,
    pub(crate) file_name: &'static str,
    pub(crate) loader: Loader<'a>,
    /// Where it is, if origins are noted.
    pub(crate) origin: Option<OriginNote>,
    /// The namespace that charts inherit from kustomizations above.
    pub(crate) chart_namespace: String,
}

impl<'a> Target<'a> {
    pub(crate) fn load(loader: Loader<'a>) -> Result<Self> {
        let context = loader.context;
        let mut found = None;
        for name in FILE_NAMES {
            let Some(content) = loader.find(name) else { continue };
            if found.replace((name, content)).is_some() {
                let message = format!("Found multiple kustomization files under: {}\n", loader.shown_root());
                return Err(Error::Configuration(message));
            }
        }
        let Some((file_name, content)) = found else {
            return Err(Error::Load(format!(
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
                loader.shown_root()
            )));
        };
        let read = |content| -> Result<Kustomization> {
            let mut warnings = context.warnings.borrow_mut();
            Kustomization::read(&text(content)?, &loader.shown_root(), context.budget, &mut warnings)
        };
        let file = read(&content)?;
        Ok(Self { file, file_name, loader, origin: None, chart_namespace: String::new() })
    }

    fn context(&self) -> &'a Context<'a> {
        self.loader.context
    }

    /// The kustomization file as origins name it.
    pub(crate) fn shown_file(&self) -> String {
        self.loader.origin_of(self.file_name)
    }

    /// Takes over which types lists are merged by.
    pub(crate) fn configure_schemas(&self) -> Result<()> {
        let openapi = &self.file.openapi;
        let text = openapi.get("path").map(|path| self.loader.load_text(path)).transpose()?;
        let version = openapi.get("version").map(String::as_str);
        self.context().schemas.borrow_mut().configure(version, text.as_deref(), self.context().budget)
    }

    /// Everything up to here, for the kustomization above. Kustomizations nest, so there must be stack enough.
    pub(crate) fn accumulate(&self, so_far: Accumulated) -> Result<Accumulated> {
        stacker::maybe_grow(256 << 10, 4 << 20, || self.accumulate_here(so_far))
    }

    fn accumulate_here(&self, mut so_far: Accumulated) -> Result<Accumulated> {
        self.add_resources(&mut so_far, &self.file.resources)
            .during(|| "accumulating resources".to_owned())?;
        self.add_config(&mut so_far)?;
        self.generate(&mut so_far)?;
        so_far = self.add_components(so_far).during(|| "accumulating components".to_owned())?;
        self.transform(&mut so_far)?;
        self.validate(&mut so_far)?;
        let vars = self.file.vars.as_deref().unwrap_or_default();
        so_far.vars.declare(vars, &mut so_far.resources).during(|| {
            let shown: Vec<String> = vars.iter().map(crate::vars::shown).collect();
            format!("merging vars [{}]", shown.join(" "))
        })?;
        Ok(so_far)
    }

    /// Reads resources: each is a file, or else a folder or repository with a kustomization of its own.
    pub(crate) fn add_resources(&self, so_far: &mut Accumulated, paths: &[String]) -> Result<()> {
        for path in paths {
            let as_file = match self.add_file(so_far, path) {
                Ok(()) => continue,
                Err(error @ (Error::Budget(_) | Error::Needs(_))) => return Err(error),
                Err(error) => error,
            };
            let doing = || format!("accumulation err='{as_file}'");
            let loader = match self.loader.enter(path) {
                Ok(loader) => loader,
                Err(Error::Needs(_)) => continue,
                Err(Error::Budget(message)) => return Err(Error::Budget(message)),
                Err(_) if as_file.is_malformed() => return Err(as_file),
                Err(error) => return Err(error.during(doing())),
            };
            let below = self.enter(loader, path, false).during(doing)?;
            let root = below.loader.shown_root();
            let found = below.accumulate(Accumulated::default());
            let found = found.during(|| format!("recursed accumulation of path '{root}'")).during(doing)?;
            so_far.add(found).during(|| format!("recursed merging from path '{root}'")).during(doing)?;
        }
        Ok(())
    }

    fn add_file(&self, so_far: &mut Accumulated, path: &str) -> Result<()> {
        let doing = || format!("accumulating resources from '{path}'");
        let content = self.loader.load(path).during(doing)?;
        let content = text(&content).during(doing)?;
        let origin = self.loader.origin_of(path);
        let read =
            read_resources(&content, &origin, self.context().budget).map_err(|error| in_file(error, path));
        let read = read.during(doing)?;
        let (mut resources, mut all_known) = (Resources::with_capacity(read.len()), true);
        for resource in read {
            all_known = all_known && is_known(&resource.gvk());
            resources.append(resource).during(doing)?;
        }
        if !all_known {
            self.context().schemas.borrow_mut().mark_used(false);
        }
        if let Some(note) = self.origin.as_ref().map(|origin| origin.append(path)) {
            for resource in resources.fields_mut() {
                note.annotate(resource)?;
            }
        }
        if let Some(trace) = self.context().trace {
            trace.read(&mut resources, &origin);
        }
        so_far.resources.append_list(resources).during(|| format!("merging resources from '{path}'"))
    }

    /// The kustomization in a folder below.
    fn enter(&self, loader: Loader<'a>, path: &str, is_component: bool) -> Result<Self> {
        let root = loader.shown_root();
        let mut below = Self::load(loader).during(|| format!("couldn't make target for path '{root}'"))?;
        below.origin = self.origin.as_ref().map(|origin| origin.append(path));
        below.file.build_metadata.clone_from(&self.file.build_metadata);
        below.chart_namespace = if self.file.namespace.is_empty() {
            self.chart_namespace.clone()
        } else {
            self.file.namespace.clone()
        };
        below.configure_schemas()?;
        let kind = &below.file.kind;
        match (is_component, below.file.is_component()) {
            (true, false) => Err(Error::Configuration(format!(
                "expected kind 'Component' for path '{root}' but got '{kind}'"
            ))),
            (false, true) => {
                Err(Error::Configuration(format!("expected kind != 'Component' for path '{root}'")))
            }
            _ => Ok(below),
        }
    }

    /// Components work on what is there already.
    fn add_components(&self, mut so_far: Accumulated) -> Result<Accumulated> {
        for path in &self.file.components {
            let loader = match self.loader.enter(path) {
                Ok(loader) => loader,
                Err(Error::Needs(_)) => continue,
                Err(error @ Error::Budget(_)) => return Err(error),
                Err(error) => return Err(error.during("loader.New")),
            };
            let doing = || "accumulateDirectory".to_owned();
            let below = self.enter(loader, path, true).during(doing)?;
            let root = below.loader.shown_root();
            let found = below
                .accumulate(so_far)
                .during(|| format!("recursed accumulation of path '{root}'"))
                .during(doing)?;
            so_far = Accumulated::default();
            so_far.add(found).during(|| format!("recursed merging from path '{root}'")).during(doing)?;
        }
        Ok(so_far)
    }

    fn add_config(&self, so_far: &mut Accumulated) -> Result<()> {
        let mut config = defaults();
        for path in &self.file.configurations {
            let own = TransformerConfig::read(&self.loader.load_text(path)?, self.context().budget)?;
            config = merged(Some(config), &Arc::new(own))?;
        }
        so_far.config = Some(merged(so_far.config.take(), &config)?);
        for path in &self.file.crds {
            let doing = || format!("loading CRDs [{}]", self.file.crds.join(" "));
            let found =
                self.loader.load_text(path).and_then(|text| read_crds(&text, path, self.context().budget));
            so_far.config = Some(merged(so_far.config.take(), &Arc::new(found.during(doing)?))?);
        }
        Ok(())
    }

    fn generate(&self, so_far: &mut Accumulated) -> Result<()> {
        let mut generators = steps::generators(self)?;
        let configs =
            self.plugin_configs(&self.file.generators).during(|| "loading generator plugins".to_owned())?;
        let loaded =
            load_generators(&configs, &self.loader).during(|| "loading generator plugins".to_owned())?;
        generators.extend(
            loaded.into_iter().map(|(generator, config)| (generator, OriginNote::of_plugin(&config))),
        );
        for (generator, origin) in generators {
            self.run_generator(&generator, origin.as_ref(), so_far)?;
        }
        Ok(())
    }

    fn run_generator(
        &self,
        generator: &Generator,
        origin: Option<&OriginNote>,
        so_far: &mut Accumulated,
    ) -> Result<()> {
        let made = match generator.run(&self.loader) {
            Err(Error::Needs(_)) => return Ok(()),
            made => made?,
        };
        let via = format!("{} in {}", generator.kind(), self.shown_file());
        let mut unique = Resources::default();
        unique.append_all(made)?;
        for mut resource in unique.into_vec() {
            if let Some(origin) = origin {
                origin.put_if_absent(&mut resource)?;
            }
            if resource.origin.file.is_empty() {
                resource.origin.file = self.shown_file();
            }
            resource.note(&via);
            so_far
                .resources
                .absorb(resource)
                .during(|| format!("merging from generator {}", generator.kind()))?;
        }
        if let Some(trace) = self.context().trace {
            trace.observe(&mut so_far.resources, &via);
        }
        Ok(())
    }

    /// The configurations of plugins: in place, or in files and folders.
    fn plugin_configs(&self, entries: &[String]) -> Result<Resources> {
        let mut found = Accumulated::default();
        let mut paths = Vec::new();
        for entry in entries {
            match read_resources(entry, "", self.context().budget) {
                Err(error @ Error::Budget(_)) => return Err(error),
                Err(_) => paths.push(entry.clone()),
                Ok(mut inline) => {
                    // As for a file: whether an unknown kind has a namespace is asked of the types.
                    if !inline.iter().all(|config| is_known(&config.gvk())) {
                        self.context().schemas.borrow_mut().mark_used(false);
                    }
                    for config in &mut inline {
                        config.origin = crate::patches::inline_origin(&self.shown_file());
                        if let Some(origin) = &self.origin {
                            origin.append(self.file_name).put(config)?;
                        }
                    }
                    found.resources.append_all(inline).during(|| "configuring external plugin".to_owned())?;
                }
            }
        }
        self.add_resources(&mut found, &paths)?;
        Ok(found.resources)
    }

    fn transform(&self, so_far: &mut Accumulated) -> Result<()> {
        let config = so_far.config.clone().unwrap_or_else(defaults);
        let mut transformers = steps::transformers(self, &config)?;
        let configs = self.plugin_configs(&self.file.transformers)?;
        let loaded = load_transformers(&configs, &self.loader)?;
        transformers.extend(loaded.into_iter().map(|(t, config)| (t, OriginNote::of_plugin(&config))));
        // What is noted after each step is noted of all resources.
        let notes = self.context().trace.is_some() || transformers.iter().any(|(_, origin)| origin.is_some());
        if !notes {
            let transformers: Vec<Transformer> = transformers.into_iter().map(|(step, _)| step).collect();
            return self.run_all(&transformers, &mut so_far.resources);
        }
        for (transformer, origin) in transformers {
            self.run(&transformer, &mut so_far.resources)?;
            if let Some(origin) = origin {
                for resource in so_far.resources.fields_mut() {
                    origin.transformed(resource)?;
                }
            }
            so_far.resources.drop_gone();
        }
        Ok(())
    }

    /// Runs transformers in order, together where they may be.
    fn run_all(&self, transformers: &[Transformer], resources: &mut Resources) -> Result<()> {
        for steps in transformers.chunk_by(|a, b| a.is_single() && b.is_single()) {
            match steps {
                [step] => self.run(step, resources)?,
                steps if self.context().needs.borrow().is_empty() => {
                    run_together(steps, resources, self.context().budget)?;
                }
                _ => {}
            }
            resources.drop_gone();
        }
        Ok(())
    }

    /// Runs one transformer.
    pub(crate) fn run(&self, transformer: &Transformer, resources: &mut Resources) -> Result<()> {
        let context = self.context();
        // What is missing may be what a step needs; the build is incomplete anyhow.
        if !context.needs.borrow().is_empty() {
            return Ok(());
        }
        if matches!(transformer, Transformer::Patches(_)) {
            context.schemas.borrow_mut().mark_used(true);
        }
        let schemas = context.schemas.borrow();
        transformer.run(resources, &Surroundings { schemas: &schemas, budget: context.budget })?;
        if let Some(trace) = context.trace {
            trace.observe(resources, &format!("{} in {}", transformer.kind(), self.shown_file()));
        }
        Ok(())
    }

    fn validate(&self, so_far: &mut Accumulated) -> Result<()> {
        let configs = self.plugin_configs(&self.file.validators)?;
        for (validator, _) in load_transformers(&configs, &self.loader)? {
            let before: Vec<_> = so_far.resources.iter().map(without_mark).collect();
            self.run(&validator, &mut so_far.resources)?;
            let after: Vec<_> = so_far.resources.iter().map(without_mark).collect();
            if before != after {
                let message = "validator shouldn't modify the resource map";
                return Err(Error::Plugin(message.to_owned()));
            }
        }
        Ok(())
    }
}

/// A resource's tree without the label by which validators say that they were here.
fn without_mark(resource: &Resource) -> tautline_yaml::Node {
    let mut node = resource.node.clone();
    let metadata = node.field_mut("metadata");
    if let Some(labels) = metadata.and_then(|metadata| metadata.field_mut("labels")) {
        labels.remove("validated-by");
    }
    node
}

/// Builds the kustomization at the top: hashes, names and vars are worked off only here.
pub(crate) fn build(target: &Target<'_>) -> Result<Resources> {
    let context = target.context();
    let mut so_far = target.accumulate(Accumulated::default())?;
    if let Some(Need::Tree(want)) = context.needs.borrow().first() {
        return Err(Error::Needs(want.to_string()));
    }
    let resources = &mut so_far.resources;
    target.run(&Transformer::Hash, resources)?;
    let config = so_far.config.clone().unwrap_or_else(defaults);
    name_reference::update(resources, &config)?;
    let observe = |resources: &mut Resources, step: &str| {
        if let Some(trace) = context.trace {
            trace.observe(resources, step);
        }
    };
    observe(resources, "name references");
    let unused = so_far.vars.resolve(resources, &config.var_reference)?;
    if !unused.is_empty() {
        context.warn(format!("well-defined vars that were never replaced: {}", unused.join(",")));
    }
    observe(resources, "vars");
    steps::finish(target, resources)?;
    Ok(std::mem::take(resources))
}
