//! [`build`] and [`explain`], and what they answer.

use tautline_core::{Digest, Manifest, Need, NotAnObject, Object, Origin, Read, ReadSet};
use tautline_yaml::{Node, Options as YamlOptions, Resolver, write_canonical_onto};

use crate::build::Target;
use crate::error::Error;

type Result<T, E = Error> = std::result::Result<T, E>;
use crate::load::{Context, Loader, Site};
use crate::options::{LoadRestrictions, Request};
use crate::resource::{Resource, Resources};
use crate::trace::{FieldSource, Trace};

/// How much memory is asked for before the first byte is written.
const MOST_RESERVED: usize = 16 << 20;

/// What a build came to.
#[derive(Debug)]
pub struct Report {
    /// The objects, or why there are none.
    pub outcome: Result<Built, Error>,
    /// What somebody should know all the same, in Kustomize's words.
    pub warnings: Vec<String>,
    /// Everything that was asked for, found or not.
    pub reads: ReadSet,
    /// What is missing; the outcome is [`Error::Needs`] while there is any.
    pub needs: Vec<Need>,
}

/// The objects of a build, in order.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// The objects.
    pub objects: Vec<BuiltObject>,
}

/// An object and where it comes from.
#[derive(Clone, Debug)]
pub struct BuiltObject {
    /// The object as a tree.
    pub node: Node,
    /// The file and line it was read from or the kustomization that generated it, and what changed it since.
    pub origin: Origin,
}

impl Built {
    /// What `kustomize build` prints.
    ///
    /// # Errors
    /// If an object cannot be written as JSON: a key twice in a map or no text, an infinite number.
    pub fn to_yaml(&self) -> Result<String> {
        let mut text = Text::of(self.objects.len());
        self.objects.iter().try_for_each(|object| text.add(object))?;
        Ok(text.out)
    }

    /// [`Built::to_yaml`], with each object let go as soon as it is written: a large build then never holds all
    /// trees and all text at once.
    ///
    /// # Errors
    /// As [`Built::to_yaml`].
    pub fn into_yaml(self) -> Result<String> {
        let mut text = Text::of(self.objects.len());
        self.objects.into_iter().try_for_each(|object| text.add(&object))?;
        Ok(text.out)
    }

    /// The objects as manifests.
    ///
    /// # Errors
    /// As [`Built::to_yaml`], or if something is no Kubernetes object.
    pub fn manifests(&self) -> Result<Vec<Manifest>> {
        self.objects.iter().map(BuiltObject::manifest).collect()
    }
}

impl BuiltObject {
    /// The object as a manifest.
    ///
    /// # Errors
    /// If it cannot be written as JSON, or is no Kubernetes object.
    pub fn manifest(&self) -> Result<Manifest> {
        let options = YamlOptions { resolver: Resolver::V3, strict: true, ..YamlOptions::default() };
        let value = self.node.to_value(&options).map_err(|error| unwritable(self, &error))?;
        let object = Object::new(value).map_err(|error: NotAnObject| {
            Error::Field(format!("{}: not a Kubernetes object: {error}", self.origin))
        })?;
        Ok(Manifest::new(object, self.origin.clone()))
    }
}

/// What is printed of a build, as far as it is written.
struct Text {
    out: String,
    objects: usize,
}

impl Text {
    fn of(objects: usize) -> Self {
        Self { out: String::new(), objects }
    }

    fn add(&mut self, object: &BuiltObject) -> Result<()> {
        let is_first = self.out.is_empty();
        if !is_first {
            self.out.push_str("---\n");
        }
        write_canonical_onto(&object.node, &mut self.out).map_err(|error| unwritable(object, &error))?;
        if is_first {
            let all = self.out.len().saturating_mul(self.objects);
            self.out.reserve_exact(all.saturating_add(all / 8).min(MOST_RESERVED));
        }
        Ok(())
    }
}

fn unwritable(object: &BuiltObject, error: &tautline_yaml::Error) -> Error {
    let message = match &error.kind {
        tautline_yaml::ErrorKind::Duplicate(key) => {
            format!("mapping key {key:?} already defined at line {}", error.line)
        }
        tautline_yaml::ErrorKind::Key(what) => {
            format!("json: unsupported type: map[interface {{}}]interface {{}}: a {what} is a key; quote it")
        }
        kind => kind.to_string(),
    };
    Error::Field(format!("{}: yaml: {message}", object.origin))
}

/// Builds a kustomization.
pub fn build(request: &Request<'_>) -> Report {
    let (resources, report) = run(request, None);
    let object = |resource: Resource| BuiltObject { node: resource.node, origin: resource.origin };
    let built =
        |resources: Resources| Built { objects: resources.into_vec().into_iter().map(object).collect() };
    Report { outcome: resources.map(built), ..report }
}

/// Builds, and tells of one object which step gave each of its fields its value. `kind` and `name` are those of
/// the result; `field` limits the answer to a field and what is below it.
///
/// # Errors
/// If the build is refused, or no such object comes out of it.
pub fn explain(
    request: &Request<'_>,
    kind: &str,
    name: &str,
    field: Option<&str>,
) -> Result<Vec<FieldSource>> {
    let resources = run(request, Some(Trace)).0?;
    let is_it = |resource: &&Resource| resource.kind().eq_ignore_ascii_case(kind) && resource.name() == name;
    let found: Vec<&Resource> = resources.iter().filter(is_it).collect();
    if found.is_empty() {
        let known: Vec<String> = resources.iter().map(|r| format!("{}/{}", r.kind(), r.name())).collect();
        let message = format!("no {kind}/{name} comes out of the build; there are: {}", known.join(", "));
        return Err(Error::Identity(message));
    }
    let is_below = |path: &str| {
        field.is_none_or(|field| {
            path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    };
    let mut sources = Vec::new();
    for resource in found {
        for (path, (value, source)) in resource.leaves.iter().filter(|(path, _)| is_below(path)) {
            sources.push(FieldSource { field: path.clone(), value: value.clone(), source: source.clone() });
        }
    }
    Ok(sources)
}

/// The resources, and a report without them.
fn run(request: &Request<'_>, trace: Option<Trace>) -> (Result<Resources>, Report) {
    let Request { options, supplies, budget, .. } = request;
    let context = Context::new(options, supplies, budget, trace);
    let version = Digest::of_bytes(crate::VERSION.as_bytes());
    context.reads.borrow_mut().extend([
        (Read::Parameter("kustomize".to_owned()), Some(options.digest())),
        (Read::Version("kustomize".to_owned()), Some(version)),
    ]);
    let built = top(request, &context).and_then(|target| crate::build::build(&target));
    let report = Report {
        outcome: Ok(Built::default()),
        warnings: context.warnings.take(),
        reads: context.reads.take(),
        needs: context.needs.take().into_iter().collect(),
    };
    (built, report)
}

fn top<'a>(request: &Request<'a>, context: &'a Context<'a>) -> Result<Target<'a>> {
    let options = &request.options;
    let site = Site::main(request.tree, options.is_file_system);
    let restricted = options.load_restrictions == LoadRestrictions::RootOnly;
    let loader = Loader::top(context, site, request.path.as_str(), restricted)?;
    let mut target = Target::load(loader)?;
    options.overlay.apply(&mut target.file, &target.loader)?;
    target.configure_schemas()?;
    if !target.file.build_metadata.is_empty() {
        target.origin = Some(crate::origin::OriginNote::default());
    }
    Ok(target)
}
