//! A recorded request.

use tautline_core::{FieldManager, GroupVersion, GroupVersionKind, Timestamp, Value};

use crate::merge_cases::Replay;

/// A request, taken apart.
pub(crate) struct Request<'a> {
    pub(crate) verb: &'a str,
    pub(crate) path: String,
    pub(crate) subresource: Option<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) content_type: &'a str,
    pub(crate) body: Option<Value>,
    pub(crate) code: i64,
    pub(crate) got: Option<&'a Value>,
    pub(crate) now: Timestamp,
    pub(crate) gvk: Option<GroupVersionKind>,
}

pub(super) const START: i64 = 1_893_456_000;

impl<'a> Request<'a> {
    pub(crate) fn read(step: &'a Value, replay: &Replay<'_>) -> Option<Self> {
        let (verb, url) = step.str_at(&["http"])?.split_once(' ')?;
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key.to_owned(), unescape(value))
        });
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ((*version).to_owned(), rest),
            ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
            _ => return None,
        };
        let rest = match rest {
            ["namespaces", _, more @ ..] if !more.is_empty() && !matches!(more, ["status" | "finalize"]) => {
                more
            }
            all => all,
        };
        let plural = *rest.first()?;
        let of = GroupVersion::parse(&version);
        let kinds = replay.schemas.kinds();
        let kind = kinds.iter().find(|k| k.plural == plural && k.gvk.group_version() == of);
        let subresource = rest.get(2).map(|s| (*s).to_owned());
        let own = match &subresource {
            Some(name) => path.trim_end_matches(&format!("/{name}")).to_owned(),
            None => path.to_owned(),
        };
        Some(Self {
            verb,
            path: storage_path(&own, &of.version),
            subresource,
            query: pairs.collect(),
            content_type: step.str_at(&["type"]).unwrap_or_default(),
            body: step.get("send").cloned(),
            code: step.i64_at(&["code"])?,
            got: step.get("got"),
            now: Timestamp::from_seconds(START + step.i64_at(&["clock"]).unwrap_or_default()),
            gvk: kind.map(|kind| kind.gvk.clone()),
        })
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn manager(&self, step: &Value) -> FieldManager {
        let agent = step.str_at(&["headers", "User-Agent"]).unwrap_or("recorder/1.0");
        let of_agent = || FieldManager::new(agent.split('/').next().unwrap_or_default());
        self.parameter("fieldManager").filter(|m| !m.is_empty()).map_or_else(of_agent, FieldManager::new)
    }

    pub(crate) fn accepted(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

/// One object in two versions is one object.
fn storage_path(path: &str, version: &str) -> String {
    path.replacen(&format!("/{version}/"), "/", 1)
}

fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let hex: Vec<u8> = bytes.by_ref().take(2).collect();
                let code = std::str::from_utf8(&hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                out.push(code.unwrap_or(b'%'));
            }
            b'+' => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
