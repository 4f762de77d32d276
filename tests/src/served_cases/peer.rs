//! The server that is asked.
#![allow(
    clippy::disallowed_methods,
    reason = "a kubeconfig is a file, and a real server's clock is the system's"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use tautline_apiserver::{ListenOptions, Listener, Options, Server};
use tautline_core::{ManualClock, Timestamp, Value, value};
use tautline_yaml as yaml;

use super::names::EMBEDDED_START as START;

/// Where CustomResourceDefinitions are.
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Why a server cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The kubeconfig is of no use.
    #[error("kubeconfig {file}: {problem}")]
    Kubeconfig {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The embedded server does not listen.
    #[error(transparent)]
    Listen(#[from] tautline_apiserver::ListenError),
    /// A request got no answer.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
}

/// A request.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
}

impl Asked {
    /// Whether it makes a CustomResourceDefinition.
    pub(super) fn is_definition(&self) -> bool {
        self.method == "POST" && self.path.split('?').next() == Some(DEFINITIONS)
    }
}

impl Answer {
    /// The name of the object.
    pub(super) fn name(&self) -> Option<String> {
        let object = Value::from_json(self.body.as_bytes()).ok()?;
        object.str_at(&["metadata", "name"]).map(str::to_owned)
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) warnings: Vec<String>,
    pub(crate) body: String,
}

/// A server to replay against.
#[derive(Debug)]
pub struct Peer {
    kind: Kind,
    door: Option<Door>,
    cases: usize,
    /// Definitions that were made and not waited for.
    pub(super) defined: Vec<String>,
}

#[derive(Debug)]
enum Kind {
    /// A fresh embedded server for each case.
    Embedded { clock: Arc<ManualClock>, listener: Option<Listener> },
    /// A real one, with a fresh namespace for each case.
    Real { kubeconfig: PathBuf, began: u64 },
}

/// Where a server is reached, and with what.
#[derive(Debug)]
struct Door {
    client: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Peer {
    /// The server in this process, over TLS on the loopback interface.
    pub fn embedded() -> Self {
        provide_cryptography();
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(START)));
        Self { kind: Kind::Embedded { clock, listener: None }, door: None, cases: 0, defined: Vec::new() }
    }

    /// The server of a kubeconfig's current context.
    pub fn real(kubeconfig: impl Into<PathBuf>) -> Self {
        provide_cryptography();
        let kind = Kind::Real { kubeconfig: kubeconfig.into(), began: 0 };
        Self { kind, door: None, cases: 0, defined: Vec::new() }
    }

    /// Whether the server's clock is ours to set.
    pub(super) fn keeps_time(&self) -> bool {
        matches!(self.kind, Kind::Embedded { .. })
    }

    /// Makes a fresh place for a case; what its namespace is called.
    pub(crate) async fn begin<'v>(
        &mut self,
        crds: impl Iterator<Item = &'v Value>,
    ) -> Result<String, PeerError> {
        self.cases += 1;
        self.defined.clear();
        let first = self.cases == 1;
        let scratch = match &mut self.kind {
            Kind::Embedded { clock, listener } => {
                clock.set(Timestamp::from_seconds(START - 60));
                let options = Options {
                    controllers: false,
                    rbac: true,
                    quotas: true,
                    ..Options::with_clock(clock.clone())
                };
                let server = Server::new(options);
                let started = Listener::start(&server, ListenOptions::local("let-me-in")).await?;
                self.door =
                    Some(Door::from_text("of the embedded server", &started.kubeconfig(), Path::new(""))?);
                *listener = Some(started);
                "demo".to_owned()
            }
            Kind::Real { kubeconfig, .. } => {
                if first {
                    self.door = Some(Door::from_file(kubeconfig)?);
                }
                format!("demo-{}-{}", seconds() % 1_000_000, self.cases)
            }
        };
        if first || self.keeps_time() {
            for crd in crds {
                self.define(crd).await?;
            }
        }
        // The recordings' namespace is made by the recorder, in the second in which the case begins.
        self.wait_for_the_start().await;
        let namespace =
            value!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": (scratch.as_str()) } });
        self.create("/api/v1/namespaces", &namespace).await?;
        Ok(scratch)
    }

    /// Custom resources are served a moment after their definition is made.
    async fn define(&self, crd: &Value) -> Result<(), PeerError> {
        self.create(DEFINITIONS, crd).await?;
        let of = |path: &[&str]| crd.str_at(path).unwrap_or_default();
        for version in crd.list_at(&["spec", "versions"]) {
            let version = version.str_at(&["name"]).unwrap_or_default();
            let path =
                format!("/apis/{}/{version}/{}", of(&["spec", "group"]), of(&["spec", "names", "plural"]));
            let asked = Asked { method: "GET".into(), path, ..Asked::default() };
            for _ in 0..100 {
                if self.send(&asked).await?.code == 200 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    /// Waits until the definitions that were made are established and served; one that never is, is waited for ten
    /// seconds. Whether there was anything to wait for.
    pub(super) async fn await_definitions(&mut self) -> Result<bool, PeerError> {
        let mut waited = false;
        for name in std::mem::take(&mut self.defined) {
            let path = format!("{DEFINITIONS}/{name}");
            let asked = Asked { method: "GET".into(), path, ..Asked::default() };
            for _ in 0..if self.keeps_time() { 0 } else { 100 } {
                let crd = Value::from_json(self.send(&asked).await?.body.as_bytes()).unwrap_or_default();
                if self.is_served(&crd).await? {
                    break;
                }
                waited = true;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(waited)
    }

    async fn is_served(&self, crd: &Value) -> Result<bool, PeerError> {
        let established = crd.list_at(&["status", "conditions"]).iter().any(|condition| {
            condition.str_at(&["type"]) == Some("Established")
                && condition.str_at(&["status"]) == Some("True")
        });
        let of = |path: &[&str]| crd.str_at(path).unwrap_or_default();
        let version = crd.list_at(&["spec", "versions"]).first().and_then(|v| v.str_at(&["name"]));
        let (Some(version), true) = (version, established) else { return Ok(false) };
        let path = format!("/apis/{}/{version}/{}", of(&["spec", "group"]), of(&["spec", "names", "plural"]));
        let asked = Asked { method: "GET".into(), path, ..Asked::default() };
        Ok(self.send(&asked).await?.code != 404)
    }

    async fn create(&self, path: &str, object: &Value) -> Result<(), PeerError> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![header("content-type", "application/json"), header("user-agent", "recorder/1.0")];
        let body = Some(object.to_json());
        self.send(&Asked { method: "POST".to_owned(), path: path.to_owned(), headers, body }).await.map(drop)
    }

    /// A real server cuts times to seconds: a case begins with a second.
    async fn wait_for_the_start(&mut self) {
        match &mut self.kind {
            Kind::Embedded { clock, .. } => clock.set(Timestamp::from_seconds(START)),
            Kind::Real { began, .. } => {
                *began = seconds() + 1;
                sleep_until(*began).await;
            }
        }
    }

    /// Waits for a second of the case.
    pub(super) async fn wait_for(&self, clock: i64) {
        match &self.kind {
            Kind::Embedded { clock: hands, .. } => hands.set(Timestamp::from_seconds(START + clock)),
            Kind::Real { began, .. } => sleep_until(began + u64::try_from(clock).unwrap_or_default()).await,
        }
    }

    pub(crate) async fn send(&self, asked: &Asked) -> Result<Answer, PeerError> {
        let Some(door) = &self.door else {
            return Err(PeerError::Kubeconfig { file: String::new(), problem: "no case has begun".into() });
        };
        door.send(asked).await
    }
}

impl Door {
    fn from_file(file: &Path) -> Result<Self, PeerError> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|e| PeerError::Kubeconfig { file: name.clone(), problem: e.to_string() })?;
        Self::from_text(&name, &text, file.parent().unwrap_or(Path::new("")))
    }

    fn from_text(file: &str, text: &str, folder: &Path) -> Result<Self, PeerError> {
        let wrong =
            |problem: &str| PeerError::Kubeconfig { file: file.to_owned(), problem: problem.to_owned() };
        let config = yaml::read(text, &yaml::Options::default()).map_err(|e| wrong(&e.to_string()))?;
        let named = |list: &str, name: &str| {
            config.list_at(&[list]).iter().find(|item| item.str_at(&["name"]) == Some(name)).cloned()
        };
        let current = config.str_at(&["current-context"]).unwrap_or_default();
        let context = named("contexts", current).ok_or_else(|| wrong("it has no current context"))?;
        let of = |key: &str| context.str_at(&["context", key]).unwrap_or_default();
        let cluster =
            named("clusters", of("cluster")).ok_or_else(|| wrong("the context's cluster is missing"))?;
        let user = named("users", of("user")).ok_or_else(|| wrong("the context's user is missing"))?;
        let pem = |item: &Value, section: &str, key: &str| -> Option<Vec<u8>> {
            let data = item.str_at(&[section, &format!("{key}-data")]);
            match data {
                Some(data) => base64::engine::general_purpose::STANDARD.decode(data).ok(),
                None => std::fs::read(folder.join(item.str_at(&[section, key])?)).ok(),
            }
        };
        let mut builder = reqwest::Client::builder().no_proxy();
        if let Some(authority) = pem(&cluster, "cluster", "certificate-authority") {
            builder = builder.tls_certs_only([reqwest::Certificate::from_pem(&authority)?]);
        }
        if let (Some(mut key), Some(certificate)) =
            (pem(&user, "user", "client-key"), pem(&user, "user", "client-certificate"))
        {
            key.extend(certificate);
            builder = builder.identity(reqwest::Identity::from_pem(&key)?);
        }
        Ok(Self {
            client: builder.build()?,
            url: cluster.str_at(&["cluster", "server"]).unwrap_or_default().trim_end_matches('/').to_owned(),
            token: user.str_at(&["user", "token"]).map(str::to_owned),
        })
    }

    async fn send(&self, asked: &Asked) -> Result<Answer, PeerError> {
        let method = asked.method.parse().unwrap_or(reqwest::Method::GET);
        let mut request = self.client.request(method, format!("{}{}", self.url, asked.path));
        let brings_own = asked.headers.iter().any(|(name, _)| name == "authorization");
        if let (Some(token), false) = (&self.token, brings_own) {
            request = request.bearer_auth(token);
        }
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &asked.body {
            request = request.body(body.clone());
        }
        let response = request.send().await?;
        let warnings = response.headers().get_all("warning").iter();
        let warnings = warnings.map(|w| String::from_utf8_lossy(w.as_bytes()).into_owned()).collect();
        Ok(Answer { code: response.status().as_u16(), warnings, body: response.text().await? })
    }
}

/// Two default providers in one process panic, so that one is named; another may already be there.
fn provide_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

async fn sleep_until(second: u64) {
    let at = UNIX_EPOCH + Duration::from_secs(second);
    // A little into the second, so that the server's clock has surely ticked too.
    if let Ok(left) = at.duration_since(SystemTime::now()) {
        tokio::time::sleep(left + Duration::from_millis(20)).await;
    }
}
