//! Plain manifests: YAML and JSON files in a folder, as Argo CD 3.6 reads them.

use globset::{GlobBuilder, GlobMatcher};
use tautline_core::{
    Digest, Entry, EntryKind, Manifest, Object, Origin, Problem, Read, Severity, TreeError, TreePath, Value,
    resolve,
};
use tautline_yaml::{Options, decode, read_all};

use crate::request::{DirectoryOptions, Rendered, Request, SourceType};

/// All files of a folder together (Argo CD 3.6: 10M).
const COMBINED_LIMIT: usize = 10 << 20;
const SKIP_MARK: &str = "+argocd:skip-file-rendering";

/// Renders a folder of manifests.
pub fn directory(request: &Request<'_>, options: &DirectoryOptions) -> Rendered {
    let mut rendered = Rendered { source_type: SourceType::Directory, ..Rendered::default() };
    let globs = match Globs::new(options) {
        Ok(globs) => globs,
        Err(problem) => {
            rendered.problems.push(problem);
            return rendered;
        }
    };
    rendered.reads.found(Read::Parameter("directory".into()), options.digest());
    let mut walk = Walk { request, options, globs, rendered, bytes: 0 };
    if let Err(error) = walk.folder(&request.path) {
        walk.rendered.problems.push(Problem::error("source", missing_path(request, &error)));
    }
    walk.rendered
}

fn missing_path(request: &Request<'_>, error: &TreeError) -> String {
    match error {
        TreeError::NotFound { path, .. } if *path == request.path => {
            format!("{path}: app path does not exist in the source; check spec.source.path")
        }
        other => other.to_string(),
    }
}

struct Walk<'a> {
    request: &'a Request<'a>,
    options: &'a DirectoryOptions,
    globs: Globs,
    rendered: Rendered,
    bytes: usize,
}

impl Walk<'_> {
    fn folder(&mut self, path: &TreePath) -> Result<(), TreeError> {
        let not_found = || TreeError::NotFound { path: path.clone(), what: "folder" };
        let (real, _) = resolve(self.request.tree, path)?.ok_or_else(not_found)?;
        let names = self.request.tree.list(&real)?;
        let listing = crate::reads::listing(&names);
        self.rendered.reads.found(Read::Listing(real.to_string()), listing);
        for (name, entry) in names {
            if self.request.budget.cancel.is_cancelled() {
                self.problem("cancelled", "the render took too long and was ended".to_owned(), path, 0);
                return Ok(());
            }
            self.entry(&real.join(&name)?, &entry)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &TreePath, entry: &Entry) -> Result<(), TreeError> {
        let (path, entry) = match entry.kind {
            EntryKind::Link => match resolve(self.request.tree, path) {
                // A link to nothing is no manifest; one that leads out of the source is an error.
                Ok(None) => return Ok(()),
                Ok(Some((_, target))) => (path.clone(), target),
                Err(error) => {
                    self.problem("symlink", error.to_string(), path, 0);
                    return Ok(());
                }
            },
            _ => (path.clone(), entry.clone()),
        };
        match entry.kind {
            EntryKind::Folder if self.options.recurse => self.folder(&path),
            EntryKind::File if self.is_wanted(&path) => self.file(&path),
            _ => Ok(()),
        }
    }

    fn is_wanted(&self, path: &TreePath) -> bool {
        let name = path.name();
        let is_manifest = [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending));
        let relative = path.as_str().strip_prefix(self.request.path.as_str()).unwrap_or(path.as_str());
        is_manifest && self.globs.admit(relative.trim_start_matches('/'))
    }

    fn file(&mut self, path: &TreePath) -> Result<(), TreeError> {
        let Some((real, _)) = resolve(self.request.tree, path)? else { return Ok(()) };
        let bytes = self.request.tree.read(&real, &self.request.budget)?;
        self.rendered.reads.found(Read::File(path.to_string()), Digest::of_bytes(&bytes));
        self.bytes += bytes.len();
        if self.bytes > COMBINED_LIMIT {
            let message =
                format!("the manifests together are larger than {COMBINED_LIMIT} bytes; split the app");
            self.problem("too-large", message, path, 0);
            return Ok(());
        }
        let text = match decode(&bytes) {
            Ok(text) => text,
            Err(error) => {
                self.problem("yaml-syntax", error.to_string(), path, error.line);
                return Ok(());
            }
        };
        if text.contains(SKIP_MARK) {
            return Ok(());
        }
        self.documents(path, &text);
        Ok(())
    }

    fn documents(&mut self, path: &TreePath, text: &str) {
        let options = Options { budget: self.request.budget.clone(), ..Options::default() };
        let documents = read_all(text, &options);
        let some_parsed = documents.iter().any(|(_, d)| d.is_ok());
        // A file that is not YAML at all and does not look like a manifest is somebody else's. Argo CD asks for all three
        // of `apiVersion`, `kind` and `metadata`: a manifest that was cut off before them would count as gone.
        let looks_like_one = ["apiVersion:", "kind:"].iter().any(|field| text.contains(field));
        for (line, document) in documents {
            match document {
                Ok(value) => self.value(path, line, value),
                Err(error) if some_parsed || looks_like_one || path.name().ends_with(".json") => {
                    self.problem("yaml-syntax", error.to_string(), path, error.line);
                }
                Err(_) => {}
            }
        }
    }

    fn value(&mut self, path: &TreePath, line: usize, value: Value) {
        if value.as_map().is_some_and(|map| map.is_empty()) {
            return;
        }
        let is_list = value.str_at(&["kind"]).is_some_and(|kind| kind.ends_with("List"))
            && value.at(&["items"]).is_some_and(|i| i.as_list().is_some());
        if is_list {
            let items = value.list_at(&["items"]).to_vec();
            return items.into_iter().for_each(|item| self.value(path, line, item));
        }
        match Object::new(value) {
            Ok(object) => {
                let manifest = Manifest::new(object, Origin::file(path.as_str(), line));
                self.rendered.manifests.push(manifest);
            }
            Err(error) => {
                self.problem("not-an-object", format!("not a Kubernetes object: {error}"), path, line)
            }
        }
    }

    fn problem(&mut self, code: &str, message: String, path: &TreePath, line: usize) {
        let problem = Problem { severity: Severity::Error, ..Problem::error(code, message) };
        self.rendered.problems.push(problem.at(Origin::file(path.as_str(), line)));
    }
}

struct Globs {
    include: Option<GlobMatcher>,
    exclude: Option<GlobMatcher>,
}

impl Globs {
    fn new(options: &DirectoryOptions) -> Result<Self, Problem> {
        Ok(Self { include: glob("include", &options.include)?, exclude: glob("exclude", &options.exclude)? })
    }

    fn admit(&self, path: &str) -> bool {
        self.include.as_ref().is_none_or(|g| g.is_match(path))
            && !self.exclude.as_ref().is_some_and(|g| g.is_match(path))
    }
}

/// As Argo CD matches: `*` crosses folders, so that `*.yaml` finds files below too.
fn glob(field: &str, pattern: &str) -> Result<Option<GlobMatcher>, Problem> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let built = GlobBuilder::new(pattern).literal_separator(false).build();
    let glob = built
        .map_err(|e| Problem::error("glob", format!("directory.{field}: {e}; write it like {{a,b}}.yaml")))?;
    Ok(Some(glob.compile_matcher()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Answers, Tool};
    use tautline_core::{Budget, MemoryTree};

    fn render(tree: MemoryTree, options: DirectoryOptions) -> Rendered {
        let answers = Answers::default();
        let path = TreePath::new("app").unwrap();
        let budget = Budget::default();
        directory(&Request { tree: &tree, path, tool: Tool::Detect, budget, answers: &answers }, &options)
    }

    fn show(rendered: &Rendered) -> Vec<String> {
        let manifests = rendered.manifests.iter().map(|m| format!("{} {}", m.key(), m.origin));
        manifests.chain(rendered.problems.iter().map(|p| format!("! {p}"))).collect()
    }

    const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ";

    #[test]
    fn documents_lists_and_json() {
        let tree = MemoryTree::new([
            ("app/a.yaml", format!("# hi\n{MAP}one\n---\n{MAP}two\n---\n# nothing\n")),
            ("app/b.json", r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}]}"#.to_owned()),
            ("app/sub/c.yaml", format!("{MAP}three\n")),
            ("app/README.md", "kind: no".to_owned()),
            ("app/skip.yaml", format!("# {SKIP_MARK}\n{MAP}skipped\n")),
            ("app/values.yaml", "[1, 2".to_owned()),
        ]);
        let rendered = render(tree.clone(), DirectoryOptions::default());
        assert_eq!(
            show(&rendered),
            ["ConfigMap one app/a.yaml:1", "ConfigMap two app/a.yaml:7", "Secret s app/b.json:1"]
        );
        let options =
            DirectoryOptions { recurse: true, exclude: "{a.yaml,*.json}".into(), ..Default::default() };
        assert_eq!(show(&render(tree, options)), ["ConfigMap three app/sub/c.yaml:1"]);
    }

    #[test]
    fn mistakes_name_file_and_line_and_hide_nothing() {
        let tree = MemoryTree::new([
            ("app/a.yaml", format!("{MAP}one\n")),
            ("app/b.yaml", format!("{MAP}two\ndata:\n  x: [1\n  y: 2\n")),
            ("app/c.yaml", "kind: ConfigMap\nmetadata: {}\n".to_owned()),
        ]);
        let rendered = render(tree, DirectoryOptions::default());
        let lines = show(&rendered);
        assert_eq!(lines[0], "ConfigMap one app/a.yaml:1");
        assert!(lines[1].starts_with("! app/b.yaml:"), "{lines:?}");
        assert_eq!(
            lines[2],
            "! app/c.yaml:1: not a Kubernetes object: apiVersion is missing or not a string"
        );
        assert!(!rendered.is_complete());
    }

    #[test]
    fn a_missing_path_and_a_link_out_are_errors() {
        let nothing = render(MemoryTree::default(), DirectoryOptions::default());
        assert_eq!(show(&nothing), ["! app: app path does not exist in the source; check spec.source.path"]);
        let tree = MemoryTree::new([("app/a.yaml", format!("{MAP}one\n"))])
            .with_link("app/out.yaml", "../../etc/x.yaml");
        assert!(!render(tree, DirectoryOptions::default()).is_complete());
    }
}
