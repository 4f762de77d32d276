//! AppProjects: what an app may read, where it may go, which kinds it may write.

use std::sync::Arc;

use tautline_core::{Map, Object, Problem, Value};
use tautline_grammar::Glob;
use tautline_plan::{Circumstances, Gate, Plan, Step, Verdict};

use crate::application::Application;
use crate::windows::SyncWindows;

/// What a project allows.
#[derive(Clone, Debug)]
pub struct Project {
    name: String,
    spec: Map,
}

impl Project {
    /// Reads an AppProject.
    pub fn read(object: &Object) -> Self {
        let spec = object.get("spec").and_then(Value::as_map).cloned().unwrap_or_default();
        Self { name: object.name().to_owned(), spec }
    }

    /// The project `default` as Argo CD has it when nobody made one: everything is allowed.
    pub fn everything() -> Self {
        let spec = tautline_core::value!({
            "sourceRepos": ["*"],
            "destinations": [{ "server": "*", "namespace": "*" }],
            "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }]
        });
        Self { name: "default".to_owned(), spec: spec.as_map().cloned().unwrap_or_default() }
    }

    /// What the project has against an app, whatever its plan.
    pub fn refuses(&self, app: &Application) -> Vec<Problem> {
        let mut out = Vec::new();
        let mut add = |message: String| out.push(Problem::error("project", message));
        for field in ["destinationServiceAccounts", "signatureKeys", "sourceIntegrity"] {
            if self.spec.get(field).is_some_and(|v| !v.is_null() && v.as_list().is_none_or(|l| !l.is_empty()))
            {
                add(format!(
                    "project {}: spec.{field} is not supported by this version, and not ignored",
                    self.name
                ));
            }
        }
        if !admits(&self.texts("sourceRepos"), &app.repository) {
            add(format!("application repo {} is not permitted in project {:?}", app.repository, self.name));
        }
        let namespace = &app.spec.destination.namespace;
        let destinations = self.list("destinations");
        let allowed = destinations.iter().any(|d| {
            let field = |name: &str| d.str_at(&[name]).unwrap_or_default();
            let is_here =
                glob("https://kubernetes.default.svc", field("server")) || glob("in-cluster", field("name"));
            is_here && glob(namespace, field("namespace"))
        });
        let denied = destinations.iter().any(|d| {
            d.str_at(&["namespace"]).and_then(|n| n.strip_prefix('!')).is_some_and(|n| glob(namespace, n))
        });
        if !allowed || denied {
            add(format!(
                "application destination namespace {namespace} is not permitted in project {:?}",
                self.name
            ));
        }
        out
    }

    /// Who may say no to the plans of an app: the project itself, its sync windows, and the app's deletion budget.
    ///
    /// # Errors
    /// Windows that cannot be read.
    pub fn gates(&self, app: &Application) -> Result<Vec<Arc<dyn Gate>>, Vec<Problem>> {
        let windows = SyncWindows::of(&self.list("syncWindows"), app)?;
        Ok(vec![Arc::new(self.clone()), Arc::new(windows), Arc::new(app.budget)])
    }

    fn permits(&self, step: &Step) -> bool {
        let listed = |field: &str| {
            self.list(field).iter().any(|entry| {
                let text = |name: &str| entry.str_at(&[name]).unwrap_or_default();
                // A name narrows an entry of kinds that stand in no namespace.
                let is_named = text("name").is_empty() || glob(&step.key.name, text("name"));
                glob(&step.key.group, text("group")) && glob(&step.key.kind, text("kind")) && is_named
            })
        };
        if step.key.namespace.is_empty() {
            listed("clusterResourceWhitelist") && !listed("clusterResourceBlacklist")
        } else {
            let open = self.spec.get("namespaceResourceWhitelist").is_none_or(Value::is_null);
            (open || listed("namespaceResourceWhitelist")) && !listed("namespaceResourceBlacklist")
        }
    }

    fn list(&self, field: &str) -> Vec<Value> {
        self.spec.get(field).and_then(Value::as_list).map(|l| l.to_vec()).unwrap_or_default()
    }

    fn texts(&self, field: &str) -> Vec<String> {
        self.list(field).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

impl Gate for Project {
    fn judge(&self, plan: &Plan, _: &Circumstances) -> Verdict {
        let is_created_namespace =
            |step: &Step| matches!(step.action, tautline_plan::Action::CreateNamespace);
        match plan.steps.iter().find(|step| !is_created_namespace(step) && !self.permits(step)) {
            None => Verdict::Allow,
            Some(step) => Verdict::Refuse {
                reason: format!(
                    "resource {} is not permitted in project {}; allow its kind there",
                    step.key, self.name
                ),
                until: None,
            },
        }
    }
}

/// Whether some pattern admits a text and no pattern with `!` denies it.
fn admits(patterns: &[String], text: &str) -> bool {
    let denied = patterns.iter().filter_map(|p| p.strip_prefix('!')).any(|p| glob(text, p));
    !denied && patterns.iter().any(|p| !p.starts_with('!') && glob(text, p))
}

pub(crate) fn glob(text: &str, pattern: &str) -> bool {
    pattern == "*" || pattern == text || Glob::new(pattern, &[]).is_ok_and(|glob| glob.matches(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn project(spec: Value) -> Project {
        Project { name: "team".into(), spec: spec.as_map().cloned().unwrap() }
    }

    fn app(repository: &str, namespace: &str) -> Application {
        let object = Object::new(value!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": { "name": "a", "namespace": "argocd" },
            "spec": { "source": { "repoURL": repository, "path": "." },
                "destination": { "server": "https://kubernetes.default.svc", "namespace": namespace } } }))
        .unwrap();
        let settings = crate::Settings {
            control_plane: "argocd".into(),
            poll: std::time::Duration::from_secs(1),
            observe: false,
        };
        Application::read(&object, &settings)
    }

    #[test]
    fn r01_projects_are_enforced() {
        let team = project(value!({
            "sourceRepos": ["https://git.example/team/*", "!https://git.example/team/secret"],
            "destinations": [{ "server": "*", "namespace": "team-*" }, { "namespace": "!team-x", "server": "*" }]
        }));
        assert!(team.refuses(&app("https://git.example/team/a", "team-a")).is_empty());
        assert_eq!(team.refuses(&app("https://git.example/team/secret", "team-a")).len(), 1);
        assert_eq!(team.refuses(&app("https://git.example/other", "kube-system")).len(), 2);
        assert_eq!(team.refuses(&app("https://git.example/team/a", "team-x")).len(), 1);
        assert!(Project::everything().refuses(&app("anything", "anywhere")).is_empty());
    }
}
