//! What kubectl asked: the patches that it made, and what the server made of them.

use tautline_core::{Object, Value, value};
use tautline_merge::{ClientApply, client_apply};

use super::{Replay, Verdict};

impl Replay<'_> {
    pub(super) fn kubectl(&mut self, step: &Value) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let client_side = step.str_at(&["do"]).is_some_and(|line| {
            line.starts_with("kubectl apply")
                && !line.contains("--server-side")
                && !line.contains("last-applied")
        });
        let mut live: Option<Object> = None;
        for request in step.list_at(&["requests"]) {
            let verb = request.str_at(&["http"]).and_then(|http| http.split(' ').next()).unwrap_or_default();
            if verb == "GET" {
                live = request.get("got").and_then(|got| Object::new(got.clone()).ok());
            } else if client_side && (verb == "POST" || verb == "PATCH") {
                verdicts.push(self.client_side(request, step, live.as_ref()));
            }
            verdicts.push(self.request_at(request, step));
        }
        verdicts
    }

    /// Whether we make the patch that kubectl made.
    fn client_side(&self, request: &Value, step: &Value, live: Option<&Object>) -> Verdict {
        let Some(send) = request.get("send") else { return Verdict::NotMerges };
        let url = request.str_at(&["http"]).unwrap_or_default();
        let (verb, url) = url.split_once(' ').unwrap_or_default();
        let path = url.split('?').next().unwrap_or_default();
        let name = match verb {
            "POST" => send.str_at(&["metadata", "name"]).unwrap_or_default(),
            _ => path.rsplit('/').next().unwrap_or_default(),
        };
        let live = live.filter(|live| verb == "PATCH" && live.name() == name);
        let documents = step.list_at(&["stdin"]);
        let wanted = documents.iter().find(|doc| {
            doc.str_at(&["metadata", "name"]) == Some(name)
                && live.is_none_or(|live| doc.str_at(&["kind"]) == Some(live.kind()))
        });
        let Some(mut config) = wanted.and_then(|doc| Object::new(doc.clone()).ok()) else {
            return Verdict::NotMerges;
        };
        if config.namespace().is_empty() && path.contains("/namespaces/demo/") {
            config.metadata_mut().insert("namespace", "demo");
        }
        if request.str_at(&["type"]) == Some("application/apply-patch+yaml") {
            return Verdict::NotMerges;
        }
        let ours = match client_apply(&config, live, self.schemas) {
            Ok(ClientApply::Create(v) | ClientApply::Strategic(v) | ClientApply::Merge(v)) => v,
            Ok(ClientApply::Unchanged) => value!({}),
            Err(error) => return Verdict::Different(format!("kubectl made a patch, we say {error}")),
        };
        match super::server::differences(&ours, send) {
            none if none.is_empty() => Verdict::Equal,
            some => Verdict::Different(format!("the patch: {}", some.join("; "))),
        }
    }

    fn request_at(&mut self, request: &Value, step: &Value) -> Verdict {
        let mut request = request.clone();
        if let Some(map) = request.as_map_mut() {
            if !map.contains_key("clock") {
                map.insert("clock", step.i64_at(&["clock"]).unwrap_or_default());
            }
            if !map.contains_key("headers") {
                map.insert("headers", value!({ "User-Agent": "kubectl/v1.37.1" }));
            }
        }
        self.request(&request)
    }
}
