//! The demo's Git repository, made with the git program.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Result;

/// The files of `examples/demo`, as they are at build time.
const FILES: [(&str, &str); 17] = [
    ("charts/agent/1.0.0/Chart.yaml", include_str!("../../../demo/charts/agent/1.0.0/Chart.yaml")),
    (
        "charts/agent/1.0.0/templates/agent.yaml",
        include_str!("../../../demo/charts/agent/1.0.0/templates/agent.yaml"),
    ),
    ("charts/agent/1.0.0/values.yaml", include_str!("../../../demo/charts/agent/1.0.0/values.yaml")),
    ("charts/agent/1.1.0/Chart.yaml", include_str!("../../../demo/charts/agent/1.1.0/Chart.yaml")),
    (
        "charts/agent/1.1.0/templates/agent.yaml",
        include_str!("../../../demo/charts/agent/1.1.0/templates/agent.yaml"),
    ),
    ("charts/agent/1.1.0/values.yaml", include_str!("../../../demo/charts/agent/1.1.0/values.yaml")),
    ("charts/ai-agent/Chart.yaml", include_str!("../../../demo/charts/ai-agent/Chart.yaml")),
    (
        "charts/ai-agent/templates/_names.tpl",
        include_str!("../../../demo/charts/ai-agent/templates/_names.tpl"),
    ),
    (
        "charts/ai-agent/templates/deployment.yaml",
        include_str!("../../../demo/charts/ai-agent/templates/deployment.yaml"),
    ),
    (
        "charts/ai-agent/templates/service.yaml",
        include_str!("../../../demo/charts/ai-agent/templates/service.yaml"),
    ),
    (
        "charts/ai-agent/templates/settings.yaml",
        include_str!("../../../demo/charts/ai-agent/templates/settings.yaml"),
    ),
    ("charts/ai-agent/values-prod.yaml", include_str!("../../../demo/charts/ai-agent/values-prod.yaml")),
    ("charts/ai-agent/values.yaml", include_str!("../../../demo/charts/ai-agent/values.yaml")),
    (
        "clusters/production/canary/Chart.yaml",
        include_str!("../../../demo/clusters/production/canary/Chart.yaml"),
    ),
    (
        "clusters/production/canary/values.yaml",
        include_str!("../../../demo/clusters/production/canary/values.yaml"),
    ),
    (
        "clusters/production/stable/Chart.yaml",
        include_str!("../../../demo/clusters/production/stable/Chart.yaml"),
    ),
    (
        "clusters/production/stable/values.yaml",
        include_str!("../../../demo/clusters/production/stable/values.yaml"),
    ),
];

/// A repository on disk.
pub(crate) struct Repository(PathBuf);

impl Repository {
    /// Creates the repository with one commit on branch `main`.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let repository = Self(path.to_owned());
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        for (file, text) in FILES {
            repository.write(file, text)?;
        }
        repository.commit("The first version")?;
        Ok(repository)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A file's text.
    pub(crate) fn read(&self, file: &str) -> Result<String> {
        std::fs::read_to_string(self.0.join(file)).map_err(|e| format!("{file}: {e}"))
    }

    /// Writes a file, not committed yet.
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.0.join(file);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        std::fs::write(&path, text).map_err(|e| format!("{file}: {e}"))
    }

    /// Replaces text in a file, not committed yet.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let text = self.read(file)?;
        if !text.contains(from) {
            return Err(format!("{file} does not hold {from:?}"));
        }
        self.write(file, &text.replace(from, to))
    }

    /// Commits everything.
    pub(crate) fn commit(&self, message: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", message])
    }

    /// Goes to a branch, which is made if it is not there.
    pub(crate) fn branch(&self, name: &str) -> Result<()> {
        self.git(&["checkout", "--quiet", "-B", name])
    }

    /// Goes back to branch `main`.
    pub(crate) fn main(&self) -> Result<()> {
        self.git(&["checkout", "--quiet", "main"])
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new("git")
            .current_dir(&self.0)
            .args(["-c", "user.name=Demo", "-c", "user.email=demo@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .output()
            .map_err(|e| format!("git cannot be started: {e}; install it"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!(
                "git {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            )),
        }
    }
}
