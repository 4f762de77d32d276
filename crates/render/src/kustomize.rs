//! Kustomize targets, by crate `kustomize`.

use tautline_core::Problem;
use tautline_helm::Dialect;
use tautline_kustomize::{Error, Options, Request as Build, Supplies, build};

use crate::Charts;
use crate::request::{Rendered, Request, SourceType};

/// Builds a Kustomize target. Old fields are warnings; what Kustomize refuses is one problem for the whole.
pub fn kustomize(request: &Request<'_>, options: &Options) -> Rendered {
    let mut rendered = Rendered { source_type: SourceType::Kustomize, ..Rendered::default() };
    let charts = Charts {
        dialect: Dialect::default(),
        now: request.answers.now,
        seed: request.answers.seed,
        budget: request.budget.clone(),
    };
    let trees = request.answers.trees.clone();
    let supplies = Supplies { trees, charts: Some(&charts), ..Supplies::default() };
    let build_request = Build {
        tree: request.tree,
        path: request.path.clone(),
        options: options.clone(),
        supplies,
        budget: request.budget.clone(),
    };
    let report = build(&build_request);
    rendered.reads = report.reads;
    rendered.needs = report.needs;
    let old =
        |warning: String| Problem::warning("kustomize", warning.trim_start_matches("# Warning: ").to_owned());
    rendered.problems.extend(report.warnings.into_iter().map(old));
    match report.outcome {
        Ok(built) => {
            for object in &built.objects {
                match object.manifest() {
                    Ok(manifest) => rendered.manifests.push(manifest),
                    Err(error) => rendered
                        .problems
                        .push(Problem::error("kustomize", error.to_string()).at(object.origin.clone())),
                }
            }
        }
        Err(Error::Needs(_)) => {}
        Err(error) => {
            let message = format!("{}: kustomize build: {error}", request.path);
            rendered.problems.push(Problem::error("kustomize", message));
        }
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Answers, Tool};
    use crate::{BuiltIn, Renderer};
    use std::sync::Arc;
    use tautline_core::{Budget, MemoryTree, TreePath, Want};

    fn request<'a>(tree: &'a MemoryTree, tool: Tool, answers: &'a Answers) -> Request<'a> {
        let path = TreePath::new("app").unwrap();
        Request { tree, path, tool, budget: Budget::default(), answers }
    }

    fn render(tree: &MemoryTree, answers: &Answers) -> Rendered {
        BuiltIn.render(&request(tree, Tool::Detect, answers))
    }

    const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

    #[test]
    fn a_target_is_built_and_mistakes_are_problems() {
        let tree = MemoryTree::new([
            ("app/kustomization.yaml", "bases: [../base]\nnamePrefix: p-\n"),
            ("base/kustomization.yaml", "resources: [a.yaml]\n"),
            ("base/a.yaml", MAP),
        ]);
        let rendered = render(&tree, &Answers::default());
        assert!(rendered.is_complete(), "{:?}", rendered.problems);
        assert_eq!(rendered.manifests[0].key().to_string(), "ConfigMap p-a");
        assert_eq!(rendered.manifests[0].origin.file, "base/a.yaml");
        assert!(rendered.problems[0].message.starts_with("'bases' is deprecated"));
        let broken = MemoryTree::new([("app/kustomization.yaml", "resources: [none.yaml]\n")]);
        let rendered = render(&broken, &Answers::default());
        assert!(!rendered.is_complete() && rendered.manifests.is_empty());
    }

    #[test]
    fn a_kept_render_holds_as_long_as_what_it_read() {
        let tree = |more: &[(&'static str, &'static str)]| {
            let mut all = vec![
                ("app/kustomization.yaml", "resources: [../base]\nnamePrefix: p-\n"),
                ("base/kustomization.yaml", "resources: [a.yaml]\n"),
                ("base/a.yaml", MAP),
            ];
            all.retain(|(path, _)| !more.iter().any(|(other, _)| other == path));
            all.extend(more);
            MemoryTree::new(all)
        };
        let answers = Answers::default();
        let before = tree(&[]);
        let options = |prefix: &str| {
            let overlay = crate::Overlay { name_prefix: prefix.into(), ..crate::Overlay::default() };
            Tool::Kustomize(Box::new(Options { overlay, ..Options::default() }))
        };
        let rendered = BuiltIn.render(&request(&before, options("x-"), &answers));
        let check = |tree: &MemoryTree, tool: Tool, expect: bool| {
            assert_eq!(crate::still_holds(&rendered.reads, &request(tree, tool, &answers)), expect);
        };
        check(&before, options("x-"), true);
        check(&before, options("y-"), false);
        check(&tree(&[("base/README.md", "changed"), ("app/notes.txt", "new")]), options("x-"), true);
        check(&tree(&[("base/a.yaml", "changed")]), options("x-"), false);
        check(&tree(&[("base/kustomization.yml", "resources: []\n")]), options("x-"), false);
        let detected = BuiltIn.render(&request(&before, Tool::Detect, &answers));
        assert!(crate::still_holds(&detected.reads, &request(&before, Tool::Detect, &answers)));
    }

    #[test]
    fn a_remote_base_is_a_need() {
        let tree = MemoryTree::new([(
            "app/kustomization.yaml",
            "resources: ['https://github.com/o/r//x?ref=v1']\n",
        )]);
        let rendered = render(&tree, &Answers::default());
        assert!(!rendered.is_complete());
        let want = Want::Git { repository: "https://github.com/o/r".into(), reference: "v1".into() };
        assert_eq!(rendered.needs, [tautline_core::Need::Tree(want.clone())]);
        let remote = MemoryTree::new([("x/kustomization.yaml", "resources: [a.yaml]\n"), ("x/a.yaml", MAP)]);
        let answers = Answers {
            trees: [(want, Arc::new(remote) as Arc<dyn tautline_core::Tree>)].into(),
            ..Answers::default()
        };
        let rendered = render(&tree, &answers);
        assert!(rendered.is_complete(), "{:?}", rendered.problems);
        assert_eq!(rendered.manifests.len(), 1);
    }
}
