//! A repository built with the git program.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test binary uses a part")]

use std::process::Command;
use std::sync::Arc;

use tautline_core::{Budget, ManualClock, Tree, TreePath, Want};
use tautline_git::{GitSource, Options};
use tempfile::TempDir;

pub struct Repository(TempDir);

impl Repository {
    pub fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        made.git(&["init", "-q", "-b", "main"]);
        made
    }

    pub fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.path())
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs(
                ["GIT_AUTHOR", "GIT_COMMITTER"]
                    .iter()
                    .flat_map(|who| [(format!("{who}_NAME"), "t"), (format!("{who}_EMAIL"), "t@t")]),
            )
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn write(&self, name: &str, content: &str) {
        let file = self.0.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }

    /// Writes files and commits everything that is there; the commit's id.
    pub fn commit(&self, files: &[(&str, &str)], message: &str) -> String {
        for (name, content) in files {
            self.write(name, content);
            self.git(&["add", name]);
        }
        self.git(&["add", "--ignore-removal", "."]);
        self.git(&["commit", "-q", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// A source with a cache of its own and a clock that stands still.
pub fn source() -> (GitSource, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (GitSource::new(Options::new(folder.path()), Arc::new(ManualClock::default())), folder)
}

pub fn git_want(repository: &str, reference: &str) -> Want {
    Want::Git { repository: repository.to_owned(), reference: reference.to_owned() }
}

pub fn text(tree: &dyn Tree, path: &str) -> String {
    let bytes = tree.read(&TreePath::new(path).unwrap(), &Budget::default()).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}
