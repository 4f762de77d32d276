//! Repositories behind a server: references listed, commits fetched shallowly into a bare cache.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::TransportWithoutIO;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::protocol::transport::client::blocking_io::http::{self, reqwest as backend};
use gix::remote::{Connection, Direction, fetch, ref_map};
use gix::{ObjectId, Repository, ThreadSafeRepository};
use tautline_source::{Advertised, NoSuchReference};

use crate::access::{Access, Login, Proxy};
use crate::failure::{Failure, chain};
use crate::listing::Listing;
use crate::place::Place;
use crate::ssh::SshProcess;

type Wire = Box<dyn Transport + Send>;

/// One repository behind a server, with its cache on disk.
pub(crate) struct Remote {
    place: Place,
    folder: PathBuf,
    ssh_program: PathBuf,
    opened: Mutex<Option<ThreadSafeRepository>>,
    /// Shared by everybody who resolves.
    pub(crate) listing: Listing,
    /// Held while a commit is fetched: who waits finds it stored.
    pub(crate) fetching: tokio::sync::Mutex<()>,
}

impl Remote {
    pub(crate) fn new(place: Place, folder: PathBuf, ssh_program: PathBuf) -> Self {
        let fetching = tokio::sync::Mutex::default();
        Self { place, folder, ssh_program, opened: Mutex::default(), listing: Listing::default(), fetching }
    }

    /// The cache, made at its first use.
    pub(crate) fn cache(&self) -> Result<ThreadSafeRepository, Failure> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(repository) = &*opened {
            return Ok(repository.clone());
        }
        let unusable = |problem: String| {
            Failure::Content(format!("the cache folder cannot be used, check its rights: {problem}"))
        };
        let isolated = || gix::open::Options::isolated().with(gix::sec::Trust::Full);
        if let Ok(repository) = isolated().open(&self.folder) {
            return Ok(opened.insert(repository).clone());
        }
        // What is there is no repository: nothing, or one that was cut off while it was made.
        let _ = std::fs::remove_dir_all(&self.folder);
        std::fs::create_dir_all(&self.folder).map_err(|error| unusable(error.to_string()))?;
        let (kind, create) = (gix::create::Kind::Bare, gix::create::Options::default());
        let repository = ThreadSafeRepository::init_opts(&self.folder, kind, create, isolated())
            .map_err(|error| unusable(chain(&error)))?;
        Ok(opened.insert(repository).clone())
    }

    /// Whether the commit is stored already.
    pub(crate) fn holds(&self, id: &str) -> Result<bool, Failure> {
        let oid = object_id(id)?;
        Ok(self.cache()?.to_thread_local().has_object(oid))
    }

    /// Branches, tags and HEAD; and, if the reference is another full name, that one.
    pub(crate) fn list(&self, access: &Access, reference: &str) -> Result<Advertised, Failure> {
        // The right sides are never written to: nothing is received.
        let mut specs = vec!["HEAD", "refs/heads/*:refs/listed/heads/*", "refs/tags/*:refs/listed/tags/*"];
        if reference.starts_with("refs/") && gix::validate::reference::name(reference.into()).is_ok() {
            specs.push(reference);
        }
        let map = self.converse(access, &specs, |connection| {
            let (map, _) = connection.ref_map(gix::progress::Discard, ref_map::Options::default())?;
            Ok(map)
        })?;
        Ok(Advertised::new(map.remote_refs.iter().filter_map(|found| {
            // The object is the commit, whatever annotated tags lead to it.
            let (name, target, object) = found.unpack();
            let id = object.or(target)?;
            Some((name.to_string(), id.to_string()))
        })))
    }

    /// Fetches one commit without its history. The reference keeps it as a base for the next fetch.
    pub(crate) fn fetch(&self, access: &Access, id: &str) -> Result<(), Failure> {
        let oid = object_id(id)?;
        let spec = format!("+{oid}:refs/tautline/{oid}");
        // With a pattern that matches nothing the server need not list its references again.
        let nothing = gix::refspec::parse(
            "refs/tautline-nothing/*:refs/tautline-nothing/*".into(),
            gix::refspec::parse::Operation::Fetch,
        )
        .map(|spec| spec.to_owned());
        let options =
            ref_map::Options { extra_refspecs: nothing.into_iter().collect(), ..Default::default() };
        let fetched = self.converse(access, &[spec.as_str()], |connection| {
            let depth = fetch::Shallow::DepthAtRemote(std::num::NonZeroU32::MIN);
            connection
                .prepare_fetch(gix::progress::Discard, options)?
                .with_shallow(depth)
                .receive(gix::progress::Discard, &AtomicBool::new(false))
        });
        match fetched {
            Ok(_) => Ok(()),
            Err(Failure::Unreachable(message)) if message.contains("not our ref") => {
                Err(Failure::Reference(NoSuchReference::Missing(id.to_owned())))
            }
            Err(failure) => Err(failure),
        }
    }

    fn converse<R>(
        &self,
        access: &Access,
        specs: &[&str],
        talk: impl FnOnce(Connection<'_, '_, '_, Wire>) -> gix::Result<R>,
    ) -> Result<R, Failure> {
        let repository: Repository = self.cache()?.to_thread_local();
        let (url, login) = match &self.place {
            Place::Http { url, login } => (url.clone(), login),
            Place::Ssh(place) => {
                (format!("ssh://{}@{}/{}", place.user, place.host, place.path), &Login::Anonymous)
            }
            Place::Local(_) | Place::Unsupported(_) => (String::new(), &Login::Anonymous),
        };
        let connection_failed = |error: gix::Error| Failure::of_connection(&error);
        let remote = repository
            .remote_at_without_url_rewrite(url.as_str())
            .and_then(|remote| remote.with_refspecs(specs.iter().copied(), Direction::Fetch))
            .map_err(|error| Failure::Unsupported(chain(&error)))?
            .with_fetch_tags(fetch::Tags::None);
        if let Place::Ssh(place) = &self.place {
            let mut process = SshProcess::start(&self.ssh_program, place, access, &self.folder)?;
            let connection = remote.to_connection_with_transport(process.wire(place)? as Wire);
            let outcome =
                talk(connection.with_credentials(|_| Ok(None)).with_transport_options(Box::new(())));
            return outcome.map_err(|error| process.explain(connection_failed(error)));
        }
        let login = if matches!(access.login, Login::Anonymous) { login } else { &access.login };
        let (wire, options) = http_wire(&url, access, login)?;
        let connection = remote.to_connection_with_transport(wire);
        // The transport knows the password already: being asked again means that it is wrong.
        let connection = connection.with_credentials(|_| Ok(None)).with_transport_options(Box::new(options));
        talk(connection).map_err(connection_failed)
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn object_id(id: &str) -> Result<ObjectId, Failure> {
    ObjectId::from_hex(id.as_bytes()).map_err(|_| Failure::Reference(NoSuchReference::Missing(id.to_owned())))
}

fn http_wire(url: &str, access: &Access, login: &Login) -> Result<(Wire, http::Options), Failure> {
    let parsed = gix::url::parse(url).map_err(|error| Failure::Unsupported(error.to_string()))?;
    let mut transport = http::connect::<backend::Remote>(parsed, Protocol::V2, false);
    let mut options = http::Options::default();
    match login {
        // Whoever wrote http beside a password meant it (servers in the cluster do without TLS). gix sends
        // an identity over TLS only, so it goes as a header, with which no redirect is followed.
        Login::Password { user, password } if url.starts_with("http:") => {
            let both = STANDARD.encode(format!("{user}:{}", password.expose()));
            options.extra_headers.push(format!("Authorization: Basic {both}"));
        }
        Login::Password { user, password } => {
            let account = gix::sec::identity::Account {
                username: user.clone(),
                password: password.expose().clone(),
                oauth_refresh_token: None,
            };
            transport.set_identity(account).map_err(|error| Failure::Unsupported(error.to_string()))?;
        }
        Login::Bearer(token) => {
            options.extra_headers.push(format!("Authorization: Bearer {}", token.expose()));
        }
        Login::SshKey(_) => {
            let message = "an ssh key does not open an http URL; use a user and password, or an ssh URL";
            return Err(Failure::Unsupported(message.to_owned()));
        }
        Login::Anonymous => {}
    }
    drop(client_builder(access)?);
    let access = access.clone();
    // The transport may ask again after a failure, so the builder is made there; it was tried above.
    let configure_client = move |default| Ok(client_builder(&access).unwrap_or(default));
    let backend =
        backend::Options { configure_client: Some(Box::new(configure_client)), configure_request: None };
    options.backend = Some(Arc::new(Mutex::new(backend)));
    Ok((Box::new(transport), options))
}

fn client_builder(access: &Access) -> Result<reqwest::blocking::ClientBuilder, Failure> {
    let mut builder = reqwest::blocking::ClientBuilder::new()
        .timeout(access.timeout)
        .connect_timeout(access.timeout.min(std::time::Duration::from_secs(20)))
        .tls_danger_accept_invalid_certs(access.insecure);
    if let Some(pem) = &access.ca_bundle {
        let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
            .map_err(|error| Failure::Unsupported(format!("the CA bundle cannot be read: {error}")))?;
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(match &access.proxy {
        Proxy::Environment => builder,
        Proxy::Direct => builder.no_proxy(),
        Proxy::Url(url) => {
            let proxy = reqwest::Proxy::all(url)
                .map_err(|_| Failure::Unsupported("the proxy's URL cannot be read".to_owned()))?;
            builder.proxy(proxy)
        }
    })
}
