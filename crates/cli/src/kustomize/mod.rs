//! `taut kustomize`: build as Kustomize 5.8 builds, and explain where fields come from.

mod disk;
mod flags;
mod output;
mod remote;

use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use tautline::core::{Budget, Tree, TreePath};
use tautline::kustomize::{
    Error, LoadRestrictions, Options, Reorder, Report, Request, Supplies, build, explain, repository,
};
use tautline::render::{Charts, Dialect};

use disk::DiskTree;
use flags::{BuildFlags, Command, ExplainFlags, Kustomize};
use remote::Remotes;

/// Runs `taut kustomize` with what follows it and returns the exit code, which is Kustomize's.
pub(crate) async fn run(arguments: &[String]) -> u8 {
    let arguments = std::iter::once("kustomize").chain(arguments.iter().map(String::as_str));
    let parsed = match Kustomize::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help goes to standard output and is no failure.
            let _ = error.print();
            return u8::from(error.use_stderr());
        }
    };
    let outcome = match parsed.command {
        Command::Build(flags) => run_build(&flags).await,
        Command::Explain(flags) => run_explain(&flags).await,
    };
    match outcome {
        Ok(()) => 0,
        Err(message) => {
            eprintln!("Error: {message}");
            1
        }
    }
}

fn options(flags: &BuildFlags) -> Result<Options, String> {
    let load_restrictions = match flags.load_restrictor.as_str() {
        "LoadRestrictionsNone" => LoadRestrictions::None,
        "LoadRestrictionsRootOnly" | "" => LoadRestrictions::RootOnly,
        other => {
            return Err(format!(
                "illegal flag value --load-restrictor {other}; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]"
            ));
        }
    };
    let reorder = match flags.reorder.as_deref() {
        None | Some("" | "legacy") => Reorder::Legacy,
        Some("none") => Reorder::None,
        Some(other) => {
            return Err(format!("illegal flag value --reorder {other}; legal values: [legacy none]"));
        }
    };
    let by_environment = std::env::var("KUSTOMIZE_ENABLE_MANAGEDBY_LABEL").is_ok_and(|value| value == "on");
    Ok(Options {
        load_restrictions,
        reorder,
        enable_helm: flags.enable_helm || flags.enable_alpha_plugins,
        helm_kube_version: flags.helm_kube_version.clone(),
        helm_api_versions: flags.helm_api_versions.clone(),
        enable_plugins: flags.enable_alpha_plugins,
        managed_by_label: flags.enable_managedby_label || by_environment,
        is_file_system: true,
        ..Options::default()
    })
}

async fn run_build(flags: &BuildFlags) -> Result<(), String> {
    if flags.reorder.is_some() {
        let instead = "use the new 'sortOptions' field in kustomization.yaml instead.";
        eprintln!("Flag --reorder has been deprecated, {instead}");
    }
    let charts = charts();
    let mut place = Place::of(&flags.folder, options(flags)?).await?;
    let report = place.build(Some(&charts)).await?;
    report.warnings.iter().for_each(|warning| eprintln!("{warning}"));
    let built = report.outcome.map_err(|error| match error {
        Error::Needs(what) => {
            format!(
                "{what} is no Git repository, and is not fetched; put its content beside the kustomization"
            )
        }
        error => error.to_string(),
    })?;
    output::write(&built, flags.output.as_deref())
}

fn charts() -> Charts {
    Charts {
        dialect: Dialect::default(),
        now: crate::system::now(),
        seed: rand::random(),
        budget: Budget::default(),
    }
}

/// What is built: a folder on the disk or in a repository, and what was fetched for it.
struct Place {
    tree: Arc<dyn Tree>,
    path: TreePath,
    options: Options,
    remotes: Remotes,
}

impl Place {
    async fn of(folder: &str, options: Options) -> Result<Self, String> {
        let mut remotes = Remotes::default();
        if let Some((want, path)) = repository(folder) {
            let (tree, options) = (remotes.tree(&want).await?, Options { is_file_system: false, ..options });
            return Ok(Self { tree, path, options, remotes });
        }
        let path = DiskTree.path_of(Path::new(folder)).map_err(|error| error.to_string())?;
        Ok(Self { tree: Arc::new(DiskTree), path, options, remotes })
    }

    fn request<'a>(&'a self, charts: Option<&'a Charts>) -> Request<'a> {
        let charts = charts.map(|charts| charts as &dyn tautline::kustomize::ChartInflator);
        let supplies = Supplies { charts, trees: self.remotes.trees(), ..Supplies::default() };
        Request { options: self.options.clone(), supplies, ..Request::new(&*self.tree, self.path.clone()) }
    }

    /// Builds, and again with what was missing until nothing that can be fetched is.
    async fn build(&mut self, charts: Option<&Charts>) -> Result<Report, String> {
        loop {
            let report = build(&self.request(charts));
            if !self.remotes.fetch(&report.needs).await? {
                return Ok(report);
            }
        }
    }
}

async fn run_explain(flags: &ExplainFlags) -> Result<(), String> {
    let (kind, name) = flags
        .object
        .split_once('/')
        .ok_or_else(|| format!("{} names no object; write it like Deployment/web", flags.object))?;
    let options =
        options(&BuildFlags { load_restrictor: flags.load_restrictor.clone(), ..BuildFlags::default() })?;
    let mut place = Place::of(&flags.folder, options).await?;
    place.build(None).await?;
    let here = format!("{}/", std::env::current_dir().map_err(|error| error.to_string())?.display());
    let sources = explain(&place.request(None), kind, name, flags.field.as_deref())
        .map_err(|error| error.to_string())?;
    let here = here.trim_start_matches('/');
    for source in &sources {
        let first = source.value.lines().next().unwrap_or_default();
        let more = if source.value.lines().nth(1).is_some() { " …" } else { "" };
        println!("{}: {first}{more}\t# {}", source.field, source.source.replace(here, ""));
    }
    match sources.is_empty() {
        true => Err(format!("{kind}/{name} has no field {}", flags.field.as_deref().unwrap_or_default())),
        false => Ok(()),
    }
}
