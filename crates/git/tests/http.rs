//! A repository behind `git http-backend`, served on loopback.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "the tests run git http-backend")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Repository, git_want, text};
use futures::future::try_join_all;
use tautline_core::{ManualClock, Secret, Timestamp};
use tautline_git::{Access, Credentials, GitSource, Login, Options, Proxy};
use tautline_source::{Source, SourceError};

/// Asks for `user:pass` and notes every request.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn of(repository: &Repository) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (root, noted) = (repository.path().to_owned(), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, noted) = (root.clone(), Arc::clone(&noted));
                std::thread::spawn(move || answer(stream, &root, &noted));
            }
        });
        Self { address, requests }
    }

    fn url(&self) -> String {
        format!("http://{}/.git", self.address)
    }

    fn count(&self, part: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|r| r.contains(part)).count()
    }
}

fn answer(mut stream: TcpStream, root: &str, noted: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut allowed, mut kind, mut protocol) = (0, false, String::new(), String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "content-type" => kind = value.to_owned(),
            "git-protocol" => protocol = value.to_owned(),
            "authorization" => allowed = value == "Basic dXNlcjpwYXNz",
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    // Before a fetch gix asks for references too, but only for a pattern that matches none.
    let lists = body.windows(24).any(|w| w.starts_with(b"ref-prefix refs/heads/"));
    let command = if lists { "ls-refs" } else { "" };
    let command = if body.windows(13).any(|w| w == b"command=fetch") { "fetch" } else { command };
    noted.lock().unwrap().push(format!("{method} {target} {command}"));
    if !allowed {
        let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return stream.write_all(refusal.as_bytes()).ok();
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", &method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", kind)
        .env("CONTENT_LENGTH", length.to_string())
        .env("HTTP_GIT_PROTOCOL", protocol)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    backend.stdin.take()?.write_all(&body).ok()?;
    let output = backend.wait_with_output().ok()?.stdout;
    let end = output.windows(4).position(|w| w == b"\r\n\r\n")?;
    let (head, content) = output.split_at(end + 4);
    let status =
        String::from_utf8_lossy(head).lines().find_map(|l| l.strip_prefix("Status: ").map(str::to_owned));
    let status = status.unwrap_or_else(|| "200 OK".to_owned());
    let start = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n", content.len());
    stream.write_all(start.as_bytes()).ok()?;
    stream.write_all(head).ok()?;
    stream.write_all(content).ok()
}

struct Password(&'static str);

impl Credentials for Password {
    fn access(&self, _url: &str) -> Access {
        let password = Secret::new(self.0.to_owned());
        let mut access = Access::with(Login::Password { user: "user".into(), password });
        access.proxy = Proxy::Direct;
        access
    }
}

fn source(password: &'static str) -> (GitSource, Arc<ManualClock>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1)));
    let options = Options::new(folder.path()).with_credentials(Arc::new(Password(password)));
    (GitSource::new(options, clock.clone()), clock, folder)
}

#[tokio::test]
async fn forty_resolves_are_one_listing_and_forty_fetches_one_pack() {
    let repository = Repository::new();
    repository.commit(&[("a", "0")], "zero");
    let id = repository.commit(&[("a", "1"), ("d/b", "2")], "one");
    repository.git(&["tag", "-a", "-m", "x", "v1"]);
    let server = Server::of(&repository);
    let (source, clock, _folder) = source("pass");
    let wants: Vec<_> = ["HEAD", "main", "v1", &id[..8]]
        .iter()
        .cycle()
        .take(40)
        .map(|r| git_want(&server.url(), r))
        .collect();
    let revisions = try_join_all(wants.iter().map(|want| source.resolve(want))).await.unwrap();
    assert!(revisions.iter().all(|revision| revision.id == id));
    assert_eq!(server.count("ls-refs"), 1);
    assert_eq!(server.count("info/refs"), 1, "the password is sent at once");

    let trees = try_join_all(revisions.iter().map(|revision| source.fetch(revision))).await.unwrap();
    assert!(trees.iter().all(|tree| text(&**tree, "a") == "1" && text(&**tree, "d/b") == "2"));
    assert_eq!(server.count(" fetch"), 1);

    // Within a second the listing is used again, unless it is forgotten; afterwards it is not.
    let next = repository.commit(&[("a", "2")], "two");
    let want = git_want(&server.url(), "main");
    assert_eq!(source.resolve(&want).await.unwrap().id, id);
    source.forget(&server.url());
    let revision = source.resolve(&want).await.unwrap();
    assert_eq!((revision.id.as_str(), server.count("ls-refs")), (next.as_str(), 2));
    assert_eq!(text(&*source.fetch(&revision).await.unwrap(), "a"), "2");
    clock.advance(Duration::from_secs(2));
    source.resolve(&want).await.unwrap();
    assert_eq!(server.count("ls-refs"), 3);
    assert_eq!(text(&*trees[0], "a"), "1");
}

#[tokio::test]
async fn what_a_server_refuses() {
    let repository = Repository::new();
    let first = repository.commit(&[("a", "1")], "one");
    repository.commit(&[("a", "2")], "two");
    let server = Server::of(&repository);
    let (wrong, _, _folder) = source("hunter2");
    let denied = wrong.resolve(&git_want(&server.url(), "main")).await.unwrap_err();
    assert!(matches!(denied, SourceError::Denied { .. }), "{denied}");
    assert!(!format!("{denied} {denied:?}").contains("hunter2"));

    let (source, _, _folder) = source("pass");
    let missing = source.resolve(&git_want(&server.url(), "gone")).await.unwrap_err();
    assert!(missing.to_string().contains("no branch or tag gone"), "{missing}");
    let nowhere = source.resolve(&git_want("http://127.0.0.1:9/x", "main")).await.unwrap_err();
    assert!(matches!(nowhere, SourceError::Unreachable { .. }), "{nowhere}");
    let absent = format!("http://{}/other.git", server.address);
    let absent = source.resolve(&git_want(&absent, "main")).await.unwrap_err();
    assert!(absent.to_string().contains("404"), "{absent}");
    // A commit that no reference is at, by its full id; and one that is nowhere.
    let revision = source.resolve(&git_want(&server.url(), &first)).await.unwrap();
    assert_eq!(text(&*source.fetch(&revision).await.unwrap(), "a"), "1");
    let revision = source.resolve(&git_want(&server.url(), &"ab".repeat(20))).await.unwrap();
    let unknown = source.fetch(&revision).await.map(|_| ()).unwrap_err();
    assert!(matches!(unknown, SourceError::Reference { .. }), "{unknown}");
}

#[tokio::test]
async fn a_login_in_the_url_is_used_and_not_shown() {
    let repository = Repository::new();
    repository.commit(&[("a", "1")], "one");
    let server = Server::of(&repository);
    let folder = tempfile::tempdir().unwrap();
    let source = GitSource::new(Options::new(folder.path()), Arc::new(ManualClock::default()));
    let url = format!("http://user:pass@{}/.git", server.address);
    source.resolve(&git_want(&url, "main")).await.unwrap();
    let error = source.resolve(&git_want(&url, "gone")).await.unwrap_err().to_string();
    assert!(!error.contains("pass"), "{error}");
}
