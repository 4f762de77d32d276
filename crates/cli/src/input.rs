//! What the path on the command line is.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tautline::argocd::{Application, Settings};
use tautline::core::{MemoryTree, Object, Tree, TreePath, Value, Want};
use tautline::git::{FolderTree, GitSource, Options};
use tautline::render::{DirectoryOptions, Tool};
use tautline::source::Source;
use tautline::yaml;
use tempfile::TempDir;

use crate::arguments::SourceOptions;
use crate::failure::{Failure, Result};
use crate::system::SystemClock;

/// Content to render, and the Application that asked for it.
pub(crate) struct Input {
    /// The content.
    pub(crate) tree: Arc<dyn Tree>,
    /// What to render in it.
    pub(crate) path: TreePath,
    /// How.
    pub(crate) tool: Tool,
    /// What stands before file names in messages.
    pub(crate) prefix: String,
    /// The commit or the digest of the folder.
    pub(crate) revision: String,
    /// The Application as it stands in its file.
    pub(crate) application: Option<Object>,
    /// Where a remote repository was fetched to; it goes with the input.
    #[expect(dead_code, reason = "holds the folder of fetched commits until the input is dropped")]
    pub(crate) cache: Option<TempDir>,
}

/// Reads what the options name.
pub(crate) async fn open(options: &SourceOptions) -> Result<Input> {
    let path = &options.path;
    let shown = path.display();
    let metadata = fs::metadata(path).map_err(|e| Failure::usage(format!("{shown} cannot be read: {e}.")))?;
    if metadata.is_dir() {
        let tree = folder(path)?;
        let revision = tree.id().0;
        let tool = match options.recurse {
            true => Tool::Directory(DirectoryOptions { recurse: true, ..DirectoryOptions::default() }),
            false => Tool::Detect,
        };
        let prefix = format!("{}/", shown.to_string().trim_end_matches('/'));
        return Ok(Input {
            tree,
            path: TreePath::root(),
            tool,
            prefix,
            revision,
            application: None,
            cache: None,
        });
    }
    let bytes = fs::read(path).map_err(|e| Failure::usage(format!("{shown} cannot be read: {e}.")))?;
    match application(path, &bytes)? {
        Some(application) => of_application(application, options).await,
        None => Ok(of_file(path, bytes)),
    }
}

fn of_file(path: &Path, bytes: Vec<u8>) -> Input {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let prefix = path.display().to_string().strip_suffix(&name).unwrap_or_default().to_owned();
    let tree = MemoryTree::new([(name, bytes)]);
    let revision = tree.id().0;
    let tool = Tool::Directory(DirectoryOptions::default());
    Input {
        tree: Arc::new(tree),
        path: TreePath::root(),
        tool,
        prefix,
        revision,
        application: None,
        cache: None,
    }
}

/// The Application in a file, if the file holds one. It must be alone.
fn application(path: &Path, bytes: &[u8]) -> Result<Option<Object>> {
    let Ok(text) = yaml::decode(bytes) else { return Ok(None) };
    let documents = yaml::read_all(&text, &yaml::Options::default());
    let count = documents.len();
    let object =
        documents.into_iter().filter_map(|(line, value)| Some((line, value.ok()?))).find(|(_, value)| {
            value.str_at(&["kind"]) == Some("Application")
                && value.str_at(&["apiVersion"]).is_some_and(|version| version.starts_with("argoproj.io/"))
        });
    let Some((line, value)) = object else { return Ok(None) };
    let place = format!("{}:{line}", path.display());
    if count > 1 {
        let message = format!(
            "{place}: the file holds an Application beside other objects; give it a file of its own."
        );
        return Err(Failure::usage(message));
    }
    Object::new(value).map(Some).map_err(|error| Failure::usage(format!("{place}: {error}.")))
}

async fn of_application(application: Object, options: &SourceOptions) -> Result<Input> {
    let app = read(application.clone(), &options.control_plane)?;
    let (tree, prefix, revision, cache) = match (&options.source, &app.spec.want) {
        (Some(root), _) => {
            let tree = folder(root)?;
            let revision = tree.id().0;
            (tree, format!("{}/", root.display().to_string().trim_end_matches('/')), revision, None)
        }
        (None, want) => fetch(want).await?,
    };
    Ok(Input {
        tree,
        path: app.path,
        tool: app.tool,
        prefix,
        revision,
        application: Some(application),
        cache,
    })
}

async fn fetch(want: &Want) -> Result<(Arc<dyn Tree>, String, String, Option<TempDir>)> {
    let cache = tempfile::tempdir().map_err(Failure::work)?;
    let source = GitSource::new(Options::new(cache.path()), Arc::new(SystemClock));
    let revision = source.resolve(want).await.map_err(Failure::work)?;
    let tree = source.fetch(&revision).await.map_err(Failure::work)?;
    Ok((tree, String::new(), revision.id, Some(cache)))
}

fn folder(path: &Path) -> Result<Arc<dyn Tree>> {
    let tree = FolderTree::read(path)
        .map_err(|error| Failure::usage(format!("the folder {} cannot be read: {error}.", path.display())))?;
    Ok(Arc::new(tree))
}

/// The Application in the engine's words, its destination taken as judged already. What it asks for and this
/// version does not do is refused (rule R1).
pub(crate) fn read(mut application: Object, control_plane: &str) -> Result<Application> {
    if application.namespace().is_empty() {
        application.metadata_mut().insert("namespace", control_plane);
    }
    let spec = application.as_map_mut().map_at("spec");
    let destination = spec.map_at("destination");
    destination.remove("name");
    destination.insert("server", Value::from("https://kubernetes.default.svc"));
    let settings = Settings { control_plane: control_plane.to_owned(), poll: Duration::ZERO, observe: true };
    let app = Application::read(&application, &settings);
    if app.spec.refused.is_empty() {
        return Ok(app);
    }
    let why: Vec<String> = app.spec.refused.iter().map(|problem| problem.message.clone()).collect();
    Err(Failure::usage(format!("the Application {} is refused: {}.", app.spec.id.name, why.join("; "))))
}
