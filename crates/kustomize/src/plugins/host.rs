//! Plugins that a host registers instead of programs and containers, which are never started.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tautline_core::{Budget, Origin, Value};
use tautline_yaml::{Options, Resolver};

use crate::error::{Error, Result};
use crate::resource::{Behavior, Resource, Resources, from_value};

/// An object on its way through a plugin. It keeps what the build remembers of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The object, to be changed.
    pub object: Value,
    place: Option<usize>,
}

impl Item {
    /// A new object.
    pub fn new(object: Value) -> Self {
        Self { object, place: None }
    }
}

/// Generates, transforms or validates objects in the process. Pure: equal input, equal output.
pub trait Plugin: Send + Sync {
    /// Changes, adds or removes objects; a generator is given none, a validator must leave them alone.
    ///
    /// # Errors
    /// A full sentence; the build is refused with it.
    fn run(&self, config: &Value, items: &mut Vec<Item>) -> Result<(), String>;
}

/// Plugins by `apiVersion` and `kind`.
#[derive(Clone, Default)]
pub struct Plugins(BTreeMap<(String, String), Arc<dyn Plugin>>);

impl Plugins {
    /// Registers a plugin.
    pub fn register(&mut self, api_version: &str, kind: &str, plugin: Arc<dyn Plugin>) {
        self.0.insert((api_version.to_owned(), kind.to_owned()), plugin);
    }

    fn get(&self, api_version: &str, kind: &str) -> Option<&Arc<dyn Plugin>> {
        self.0.get(&(api_version.to_owned(), kind.to_owned()))
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A registered plugin with its configuration.
#[derive(Clone)]
pub(crate) struct HostPlugin {
    plugin: Arc<dyn Plugin>,
    config: Value,
    name: String,
}

impl HostPlugin {
    /// The plugin for a configuration, if the host has one and plugins are allowed.
    pub(crate) fn find(config: &Resource, plugins: &Plugins, enabled: bool) -> Result<Self> {
        let id = config.id();
        let kind = config.kind();
        if !enabled {
            let message = format!("external plugins disabled; unable to load external plugin '{kind}'");
            return Err(Error::Plugin(message));
        }
        let plugin = plugins.get(config.api_version(), kind).ok_or_else(|| {
            Error::Plugin(format!(
                "unable to load the plugin {id}: programs, containers and Go plugins are not run; register a plugin for {} {kind}, or use a built-in one",
                config.api_version()
            ))
        })?;
        Ok(Self { plugin: Arc::clone(plugin), config: value_of(config)?, name: id.to_string() })
    }

    fn run(&self, items: &mut Vec<Item>) -> Result<()> {
        self.plugin
            .run(&self.config, items)
            .map_err(|message| Error::Plugin(format!("plugin {}: {message}", self.name)))
    }
}

fn value_of(resource: &Resource) -> Result<Value> {
    let options = Options { resolver: Resolver::V3, strict: true, ..Options::default() };
    resource.node.to_value(&options).map_err(|error| Error::Field(format!("yaml: {}", error.kind)))
}

/// Runs a plugin as a generator.
pub(crate) fn run_generator(plugin: &HostPlugin) -> Result<Vec<Resource>> {
    let mut items = Vec::new();
    plugin.run(&mut items)?;
    items.into_iter().map(|item| generated(item, plugin)).collect()
}

/// What a plugin made; annotations say how it is merged and whether its name gets a hash.
fn generated(item: Item, plugin: &HostPlugin) -> Result<Resource> {
    const HASH: &str = "kustomize.config.k8s.io/needs-hash";
    const BEHAVIOR: &str = "kustomize.config.k8s.io/behavior";
    let origin = Origin { via: vec![plugin.name.clone()], ..Origin::default() };
    let mut resource = Resource::new(from_value(&item.object), origin);
    let mut texts = resource.texts("annotations");
    resource.memory.needs_hash = texts.iter().any(|(key, text)| key == HASH && text == "true");
    resource.memory.behavior =
        texts.iter().find(|(key, _)| key == BEHAVIOR).map(|(_, text)| Behavior::read(text));
    let before = texts.len();
    texts.retain(|(key, _)| key != HASH && key != BEHAVIOR);
    if texts.len() != before {
        resource.set_texts("annotations", texts)?;
    }
    Ok(resource)
}

/// Runs a plugin as a transformer.
pub(crate) fn run_transformer(plugin: &HostPlugin, resources: &mut Resources, budget: &Budget) -> Result<()> {
    let mut items = Vec::with_capacity(resources.len());
    for (at, resource) in resources.iter().enumerate() {
        items.push(Item { object: value_of(resource)?, place: Some(at) });
    }
    let before: Vec<Value> = items.iter().map(|item| item.object.clone()).collect();
    plugin.run(&mut items)?;
    if items.len() > budget.nodes {
        return Err(Error::Budget(format!("plugin {} makes too many objects", plugin.name)));
    }
    let mut old: Vec<Option<Resource>> = std::mem::take(resources).into_vec().into_iter().map(Some).collect();
    for item in items {
        let known = item.place.and_then(|at| Some((at, old.get_mut(at)?.take()?)));
        let resource = match known {
            Some((at, resource)) if before.get(at) == Some(&item.object) => resource,
            Some((_, mut resource)) => {
                resource.note(&plugin.name);
                resource.node = from_value(&item.object);
                resource
            }
            None => generated(item, plugin)?,
        };
        resources.append(resource)?;
    }
    Ok(())
}
