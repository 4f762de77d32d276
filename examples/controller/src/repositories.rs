//! Credentials from repository Secrets (`argocd.argoproj.io/secret-type: repository` and `repo-creds`).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tautline::cluster::{Cluster, Query, RawObject};
use tautline::core::{GroupVersionKind, Object, Secret, Value};
use tautline::git::{Access, Credentials, Login, Proxy};

/// Access by URL, as the Secrets had it last.
#[derive(Clone, Default)]
pub(crate) struct Repositories(Arc<RwLock<Vec<Entry>>>);

struct Entry {
    url: String,
    is_prefix: bool,
    access: Access,
}

impl Repositories {
    /// Reads the Secrets of a namespace.
    pub(crate) async fn read(&self, cluster: &dyn Cluster, namespace: &str) -> Result<(), String> {
        let discovery = cluster.discover().await.map_err(|e| e.to_string())?;
        let gvk = GroupVersionKind::new("", "v1", "Secret");
        let resource = discovery.find(&gvk).cloned().ok_or("the cluster serves no Secrets")?;
        let query = Query {
            namespace: Some(namespace.to_owned()),
            labels: "argocd.argoproj.io/secret-type in (repository,repo-creds)".to_owned(),
            ..Query::all(resource)
        };
        let mut entries = Vec::new();
        let mut sink = |item: RawObject| entries.extend(decode(&item).as_ref().and_then(entry));
        cluster.list(&query, &mut sink).await.map_err(|e| e.to_string())?;
        // The longest URL decides, and a repository of its own before a prefix.
        entries.sort_by_key(|entry: &Entry| (entry.is_prefix, std::cmp::Reverse(entry.url.len())));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = entries;
        Ok(())
    }
}

impl Credentials for Repositories {
    fn access(&self, url: &str) -> Access {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let plain = |url: &str| url.trim_end_matches('/').trim_end_matches(".git").to_owned();
        let found = entries.iter().find(|entry| match entry.is_prefix {
            true => url.starts_with(&entry.url),
            false => plain(&entry.url) == plain(url),
        });
        found.map(|entry| entry.access.clone()).unwrap_or_default()
    }
}

fn decode(item: &RawObject) -> Option<Object> {
    match item {
        RawObject::Object(object) => Some((**object).clone()),
        RawObject::Json(bytes) => match Value::from_json(bytes).ok()? {
            Value::Map(map) => Some(Object::from_map(map)),
            _ => None,
        },
    }
}

fn entry(secret: &Object) -> Option<Entry> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in secret.get("data")?.as_map()? {
        let bytes = base64(value.as_str()?)?;
        fields.insert(key.to_string(), String::from_utf8(bytes).ok()?.trim_end_matches('\n').to_owned());
    }
    let mut take = |field: &str| fields.remove(field).filter(|text| !text.is_empty());
    let url = take("url")?;
    let login = match (take("sshPrivateKey"), take("bearerToken"), take("password")) {
        (Some(key), _, _) => Login::SshKey(Secret::new(key)),
        (None, Some(token), _) => Login::Bearer(Secret::new(token)),
        (None, None, Some(password)) => Login::Password {
            user: take("username").unwrap_or_else(|| "git".to_owned()),
            password: Secret::new(password),
        },
        (None, None, None) => Login::Anonymous,
    };
    let mut access = Access::with(login);
    access.insecure = take("insecure").as_deref() == Some("true");
    if let Some(proxy) = take("proxy") {
        access.proxy = Proxy::Url(proxy);
    }
    let is_prefix = secret.label("argocd.argoproj.io/secret-type") == Some("repo-creds");
    Some(Entry { url, is_prefix, access })
}

fn base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
