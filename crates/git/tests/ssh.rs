//! The ssh wire, with a program in ssh's place that runs the remote command here.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "the tests write a program")]

mod common;

use std::process::Command;
use std::sync::Arc;

use common::{Repository, git_want, text};
use tautline_core::{ManualClock, Secret};
use tautline_git::{Access, Credentials, GitSource, Login, Options};
use tautline_source::{Source, SourceError};

struct Key;

impl Credentials for Key {
    fn access(&self, _url: &str) -> Access {
        Access::with(Login::SshKey(Secret::new("the private key".to_owned())))
    }
}

fn source(program: &str) -> (GitSource, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (text, ssh) = (folder.path().join("text"), folder.path().join("ssh"));
    std::fs::write(&text, program.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
    // Another process makes the program: a file that we hold open for writing cannot be started.
    let made = Command::new("install").arg("-m755").arg(&text).arg(&ssh).status().unwrap();
    assert!(made.success());
    let mut options = Options::new(folder.path().join("cache")).with_credentials(Arc::new(Key));
    options.ssh_program = ssh;
    (GitSource::new(options, Arc::new(ManualClock::default())), folder)
}

#[tokio::test]
async fn a_commit_over_ssh() {
    let repository = Repository::new();
    let id = repository.commit(&[("a", "1")], "one");
    let program = r#"#!/bin/sh
for last; do :; done
echo "$@" >> FOLDER/arguments
cat FOLDER/cache/*.git/key-* >> FOLDER/keys
exec sh -c "$last"
"#;
    let (source, folder) = source(program);
    for place in
        [format!("ssh://git@host:2222{}", repository.path()), format!("git@host:{}", repository.path())]
    {
        let revision = source.resolve(&git_want(&place, "main")).await.unwrap();
        assert_eq!(revision.id, id);
        assert_eq!(text(&*source.fetch(&revision).await.unwrap(), "a"), "1");
    }
    let noted = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(
        noted("arguments")
            .contains(&format!("-p 2222 -l git -- host git-upload-pack '{}'", repository.path()))
    );
    assert!(noted("keys").starts_with("the private key\n"));
    let kept = std::fs::read_dir(folder.path().join("cache")).unwrap();
    let kept = kept.flat_map(|r| std::fs::read_dir(r.unwrap().path()).unwrap());
    assert!(kept.map(|f| f.unwrap().file_name()).all(|name| !name.to_str().unwrap().starts_with("key-")));
}

#[tokio::test]
async fn what_ssh_says_is_the_reason() {
    let (refused, _folder) =
        source("#!/bin/sh\necho 'git@host: Permission denied (publickey).' >&2\nexit 255\n");
    let denied = refused.resolve(&git_want("git@host:x.git", "main")).await.unwrap_err();
    assert!(
        matches!(&denied, SourceError::Denied { message, .. } if message.contains("publickey")),
        "{denied}"
    );
    let (lost, _folder) =
        source("#!/bin/sh\necho 'connect to host host port 22: No route to host' >&2\nexit 255\n");
    let lost = lost.resolve(&git_want("git@host:x.git", "main")).await.unwrap_err();
    assert!(
        matches!(&lost, SourceError::Unreachable { message, .. } if message.contains("No route")),
        "{lost}"
    );
}
