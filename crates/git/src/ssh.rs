//! The ssh program as a wire: the one process this crate starts, with arguments that no repository chooses.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::git::{ConnectMode, blocking_io::Connection};

use crate::access::{Access, Login};
use crate::failure::Failure;
use crate::place::SshPlace;

/// A running `ssh … git-upload-pack`, ended when it is dropped.
pub(crate) struct SshProcess {
    child: Child,
    key: Option<KeyFile>,
}

impl SshProcess {
    pub(crate) fn start(
        program: &Path,
        place: &SshPlace,
        access: &Access,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let key = match &access.login {
            Login::SshKey(key) => Some(KeyFile::write(folder, key.expose())?),
            Login::Anonymous => None,
            Login::Password { .. } | Login::Bearer(_) => {
                let message = "ssh wants a private key; a password needs an https URL";
                return Err(Failure::Unsupported(message.to_owned()));
            }
        };
        let mut command = Command::new(program);
        command.args(arguments(place, access, key.as_ref().map(|key| key.path.as_path())));
        command
            .env("GIT_PROTOCOL", "version=2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| {
            Failure::Unsupported(format!(
                "the ssh program cannot be started ({error}); install it or use https"
            ))
        })?;
        Ok(Self { child, key })
    }

    /// The transport over the process's pipes.
    pub(crate) fn wire(
        &mut self,
        place: &SshPlace,
    ) -> Result<Box<Connection<ChildStdout, ChildStdin>>, Failure> {
        let (Some(reader), Some(writer)) = (self.child.stdout.take(), self.child.stdin.take()) else {
            return Err(Failure::Unreachable("the ssh program has no pipes".to_owned()));
        };
        let host: Option<(String, Option<u16>)> = None;
        let path = place.path.as_str();
        let wire = Connection::new(reader, writer, Protocol::V2, path, host, ConnectMode::Process, false);
        let url = format!("ssh://{}@{}/{}", place.user, place.host, place.path.trim_start_matches('/'));
        Ok(Box::new(wire.custom_url(Some(url.into()))))
    }

    /// What ssh itself said is a better explanation than a closed pipe.
    pub(crate) fn explain(&mut self, failure: Failure) -> Failure {
        let _ = self.child.kill();
        let mut said = String::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(4096).read_to_string(&mut said);
        }
        let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
        if said.is_empty() || matches!(failure, Failure::Reference(_)) {
            return failure;
        }
        let denied =
            ["Permission denied", "Host key verification failed", "not found", "Too many authentication"];
        match denied.iter().any(|sign| said.contains(sign)) {
            true => Failure::Denied(said),
            false => Failure::Unreachable(said),
        }
    }
}

impl Drop for SshProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.key = None;
    }
}

/// Everything ssh is told. User, host and path were checked when the place was read.
fn arguments(place: &SshPlace, access: &Access, key: Option<&Path>) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut option = |text: String| arguments.extend(["-o".to_owned(), text]);
    option("BatchMode=yes".to_owned());
    option("ClearAllForwardings=yes".to_owned());
    option("PermitLocalCommand=no".to_owned());
    // A connection that died unseen ends after a minute.
    option("ServerAliveInterval=15".to_owned());
    option("ServerAliveCountMax=4".to_owned());
    option(format!("ConnectTimeout={}", access.timeout.as_secs().max(1)));
    option(format!("StrictHostKeyChecking={}", if access.insecure { "no" } else { "yes" }));
    match (&access.known_hosts, access.insecure) {
        (_, true) => option("UserKnownHostsFile=/dev/null".to_owned()),
        (Some(file), false) => option(format!("UserKnownHostsFile={}", quoted_file(file))),
        (None, false) => {}
    }
    if let Some(key) = key {
        option("IdentitiesOnly=yes".to_owned());
        option(format!("IdentityFile={}", quoted_file(key)));
    }
    if let Some(port) = place.port {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    let quoted = place.path.replace('\'', r"'\''");
    arguments.extend(["-l".to_owned(), place.user.clone(), "--".to_owned(), place.host.clone()]);
    arguments.push(format!("git-upload-pack '{quoted}'"));
    arguments
}

fn quoted_file(file: &Path) -> String {
    format!("\"{}\"", file.display())
}

/// A private key in a file that only we can read and that is gone afterwards.
struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    fn write(folder: &Path, key: &str) -> Result<Self, Failure> {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = folder.join(format!("key-{}-{number}", std::process::id()));
        let failed =
            |error: std::io::Error| Failure::Content(format!("the ssh key cannot be stored: {error}"));
        // A file of a process that was killed and had our number would stop create_new.
        let _ = std::fs::remove_file(&path);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        let stored = Self { path };
        file.write_all(key.as_bytes()).map_err(failed)?;
        if !key.ends_with('\n') {
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(stored)
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_fixed() {
        let place =
            SshPlace { user: "git".into(), host: "h".into(), port: Some(2222), path: "/a'; id; '".into() };
        let access = Access { known_hosts: Some("/etc/hosts.known".into()), ..Access::default() };
        let text = arguments(&place, &access, Some(Path::new("/k"))).join(" ");
        assert!(
            text.contains("StrictHostKeyChecking=yes -o UserKnownHostsFile=\"/etc/hosts.known\""),
            "{text}"
        );
        assert!(text.ends_with(r"-p 2222 -l git -- h git-upload-pack '/a'\''; id; '\'''"), "{text}");
    }

    #[test]
    fn a_key_file_is_private_and_goes_away() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let key = KeyFile::write(folder.path(), "secret").unwrap();
        let path = key.path.clone();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(key);
        assert!(!path.exists());
    }
}
