//! The bodies of a file's requests as they stand there: the order of keys and the way numbers are written are lost in
//! values, and servers answer with both.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A case's requests.
#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) steps: Vec<Step>,
}

/// A step: one request, or those that kubectl made.
#[derive(Deserialize)]
pub(super) struct Step {
    send: Option<Box<RawValue>>,
    #[serde(default)]
    requests: Vec<Step>,
}

impl Step {
    /// The body of the step's own request.
    pub(super) fn body(&self) -> Option<String> {
        self.send.as_deref().map(|body| compact(body.get()))
    }

    /// The requests that kubectl made.
    pub(super) fn requests(&self) -> &[Step] {
        &self.requests
    }
}

/// JSON without the space between its signs, which the file has for its readers.
fn compact(json: &str) -> String {
    let (mut is_text, mut is_escaped) = (false, false);
    let kept = |c: &char| {
        let keep = is_text || !c.is_ascii_whitespace();
        match (*c, is_text) {
            ('"', _) if !is_escaped => is_text = !is_text,
            ('\\', true) if !is_escaped => {
                is_escaped = true;
                return keep;
            }
            _ => {}
        }
        is_escaped = false;
        keep
    };
    json.chars().filter(kept).collect()
}

/// Reads a file of cases.
///
/// # Errors
/// What is no JSON, or no cases.
pub(super) fn read(text: &str) -> Result<Vec<Case>, serde_json::Error> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn texts_keep_their_space() {
        assert_eq!(compact(r#"{"a": [1, 2.0], "b": "x \" , y"}"#), r#"{"a":[1,2.0],"b":"x \" , y"}"#);
    }
}
