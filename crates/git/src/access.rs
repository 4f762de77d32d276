//! What a repository needs to be reached.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tautline_core::Secret;

/// Says how to reach a repository; asked before every connection, so that a changed password counts at once.
pub trait Credentials: Send + Sync {
    /// How to reach the repository at this URL.
    fn access(&self, url: &str) -> Access;
}

/// Reaches every repository without logging in.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCredentials;

impl Credentials for NoCredentials {
    fn access(&self, _url: &str) -> Access {
        Access::default()
    }
}

/// How one repository is reached.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Access {
    /// Who we are.
    pub login: Login,
    /// Certificates in PEM form that are trusted beside the system's.
    pub ca_bundle: Option<String>,
    /// Whether the server's certificate (or, over ssh, its host key) is taken unseen.
    pub insecure: bool,
    /// Which proxy stands between.
    pub proxy: Proxy,
    /// The longest that HTTP waits for an answer or for its next bytes; over ssh, for the connection.
    pub timeout: Duration,
    /// For ssh: the file of known host keys; without one, the ssh program's own.
    pub known_hosts: Option<PathBuf>,
}

impl Default for Access {
    /// No login, the system's certificates, the environment's proxy, 60 seconds.
    fn default() -> Self {
        Self {
            login: Login::Anonymous,
            ca_bundle: None,
            insecure: false,
            proxy: Proxy::default(),
            timeout: Duration::from_secs(60),
            known_hosts: None,
        }
    }
}

impl Access {
    /// Access with this login and defaults otherwise.
    pub fn with(login: Login) -> Self {
        Self { login, ..Self::default() }
    }
}

/// Who we are for a repository.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Login {
    /// Nobody.
    #[default]
    Anonymous,
    /// A user with a password, or with a token in its place.
    Password {
        /// The user; many hosts take any name beside a token.
        user: String,
        /// The password or token.
        password: Secret<String>,
    },
    /// A token that is sent as `Authorization: Bearer`. Redirects are not followed with it.
    Bearer(Secret<String>),
    /// A private key for ssh, as text.
    SshKey(Secret<String>),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Password { .. } => "Password(…)",
            Self::Bearer(_) => "Bearer(…)",
            Self::SshKey(_) => "SshKey(…)",
        })
    }
}

/// Which proxy HTTP goes through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// The one that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name.
    #[default]
    Environment,
    /// None.
    Direct,
    /// This one.
    Url(String),
}
