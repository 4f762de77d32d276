//! Tokens of service accounts: they look like the real ones and are known to the server that made them, to no other.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tautline_core::{Object, Timestamp, Value, value};

use crate::caller::Identity;
use crate::state::State;

/// The tokens that a server gave out: whose, and until when.
#[derive(Debug, Default)]
pub(crate) struct Tokens(BTreeMap<String, (String, Timestamp)>);

impl State {
    /// Makes a token for a service account.
    pub(crate) fn issue(&mut self, account: &Object, audiences: &Value, until: Timestamp) -> String {
        let user = format!("system:serviceaccount:{}:{}", account.namespace(), account.name());
        let now = self.now().micros() / 1_000_000;
        let id = self.new_uid();
        let head = value!({ "alg": "RS256", "kid": "tautline" });
        let claims = value!({ "aud": audiences.clone(), "exp": until.micros() / 1_000_000, "iat": now, "nbf": now,
            "iss": "https://kubernetes.default.svc.cluster.local", "jti": id.as_str(), "sub": user.as_str(),
            "kubernetes.io": { "namespace": account.namespace(), "serviceaccount": {
                "name": account.name(), "uid": account.metadata_str("uid") } } });
        // Hash keys of the process are the randomness that nobody else can know.
        let secret: Vec<u8> = (0..4).flat_map(|_| RandomState::new().hash_one(&id).to_be_bytes()).collect();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let token = format!(
            "{}.{}.{}",
            part(head.to_json().as_bytes()),
            part(claims.to_json().as_bytes()),
            part(&secret)
        );
        self.tokens.0.insert(token.clone(), (user, until));
        token
    }

    /// Whose token it is, if it is one that still counts and its account is still there.
    pub(crate) fn owner_of(&self, token: &str, agent: &str) -> Option<Identity> {
        let (user, until) = self.tokens.0.get(token)?;
        let (namespace, name) = user.strip_prefix("system:serviceaccount:")?.split_once(':')?;
        self.find_builtin("v1", "ServiceAccount", namespace, name)?;
        (self.now() < *until).then(|| Identity::new(user.as_str(), agent))
    }
}
