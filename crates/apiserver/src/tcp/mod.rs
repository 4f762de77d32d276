//! The TCP side: TLS with a certificate of its own and a bearer token, and a kubeconfig for it.
#![allow(clippy::disallowed_methods, reason = "a listener and a kubeconfig file are I/O")]

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tower::Service;

use crate::caller::Identity;
use crate::failure::Failure;
use crate::http::{Body, HttpService};
use crate::server::Server;

/// Where and for whom a server listens.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// The token of the one user.
    pub token: String,
    /// The user's name.
    pub user: String,
}

impl ListenOptions {
    /// A free port of the loopback interface, for a user `admin` with this token.
    pub fn local(token: impl Into<String>) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { address, token: token.into(), user: "admin".to_owned() }
    }
}

/// Why a server does not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address cannot be taken, or the kubeconfig not be written.
    #[error("{step}: {source}")]
    Io {
        /// What was tried.
        step: String,
        /// Why it failed.
        source: io::Error,
    },
    /// No certificate could be made.
    #[error("the server's certificate cannot be made: {0}")]
    Certificate(String),
}

/// A server that listens until this is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    certificate: String,
    token: String,
    task: JoinHandle<()>,
}

impl Listener {
    /// Listens on a tokio runtime.
    ///
    /// # Errors
    /// When the address is taken, or no certificate can be made.
    pub async fn start(server: &Server, options: ListenOptions) -> Result<Self, ListenError> {
        let (acceptor, certificate) = tls()?;
        let failed = |source| ListenError::Io { step: format!("listen on {}", options.address), source };
        let listener = TcpListener::bind(options.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let guard = Guard {
            token: Arc::from(format!("Bearer {}", options.token)),
            inner: HttpService::new(server.clone(), options.user),
        };
        let task = tokio::spawn(accept(listener, acceptor, guard));
        Ok(Self { address, certificate, token: options.token, task })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as a URL.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate, in PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A kubeconfig with which kubectl finds the server.
    pub fn kubeconfig(&self) -> String {
        let ca = STANDARD.encode(&self.certificate);
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: tautline\nclusters:\n- name: tautline\n  cluster:\n    \
             server: {}\n    certificate-authority-data: {ca}\nusers:\n- name: admin\n  user:\n    token: {}\n\
             contexts:\n- name: tautline\n  context:\n    cluster: tautline\n    user: admin\n    namespace: default\n",
            self.url(),
            self.token
        )
    }

    /// Writes the kubeconfig where only the owner can read it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_kubeconfig(&self, path: &Path) -> Result<(), ListenError> {
        let failed = |source| ListenError::Io { step: format!("write {}", path.display()), source };
        write_private(path, self.kubeconfig().as_bytes()).map_err(failed)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(unix)]
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

#[cfg(not(unix))]
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)
}

/// A self-signed certificate for the loopback names. The provider is named, never the process's default:
/// two defaults in one process panic.
fn tls() -> Result<(TlsAcceptor, String), ListenError> {
    let names = ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc"].map(str::to_owned).to_vec();
    let made =
        rcgen::generate_simple_self_signed(names).map_err(|e| ListenError::Certificate(e.to_string()))?;
    let certificate = made.cert.pem();
    let chain = vec![made.cert.der().clone()];
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| ListenError::Certificate(e.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| ListenError::Certificate(e.to_string()))?;
    Ok((TlsAcceptor::from(Arc::new(config)), certificate))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, guard: Guard) {
    loop {
        // A connection that is gone before it was taken is nobody's loss.
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(serve(stream, acceptor.clone(), guard.clone()));
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, guard: Guard) {
    // Answers are small: they must not wait to be joined by others.
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = hyper::service::service_fn(move |request| guard.clone().call(request));
    let builder = auto::Builder::new(TokioExecutor::new());
    // The client closing its end is how connections end.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// Lets only those in who have the token.
#[derive(Clone)]
struct Guard {
    token: Arc<str>,
    inner: HttpService,
}

impl Guard {
    async fn call(mut self, request: Request<Incoming>) -> Result<Response<Body>, std::convert::Infallible> {
        let given = request.headers().get("authorization").map(|value| value.as_bytes()).unwrap_or_default();
        if same(given, self.token.as_bytes()) {
            return self.inner.call(request).await;
        }
        let token = std::str::from_utf8(given).ok().and_then(|text| text.strip_prefix("Bearer "));
        let owner = token.and_then(|token| self.inner.server.lock().owner_of(token, ""));
        let open = ["/healthz", "/livez", "/readyz", "/version"].contains(&request.uri().path());
        let is_anonymous = given.is_empty() && (open || self.inner.server.options.rbac);
        match owner {
            Some(owner) => self.inner.with_identity(owner).call(request).await,
            None if is_anonymous => self.inner.with_identity(Identity::anonymous("")).call(request).await,
            None => Ok(crate::http::failed(Failure::new(401, "Unauthorized", "Unauthorized"))),
        }
    }
}

/// Compares in a time that tells nothing of where two texts differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |different, (x, y)| different | (x ^ y)) == 0
}
