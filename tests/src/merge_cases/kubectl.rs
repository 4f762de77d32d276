//! What kubectl asked: the patches that it made, and what the server made of them.

use tautline_core::Value;

use super::{Replay, Verdict};

impl Replay<'_> {
    pub(super) fn kubectl(&mut self, step: &Value) -> Vec<Verdict> {
        step.list_at(&["requests"]).iter().map(|request| self.request_at(request, step)).collect()
    }

    fn request_at(&mut self, request: &Value, step: &Value) -> Verdict {
        let mut request = request.clone();
        if let Some(map) = request.as_map_mut()
            && !map.contains_key("clock")
        {
            map.insert("clock", step.i64_at(&["clock"]).unwrap_or_default());
        }
        self.request(&request)
    }
}
