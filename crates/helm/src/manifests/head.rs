//! What Helm looks at in a document: its type, name and annotations.

use tautline_core::{Budget, Value};
use tautline_yaml::Options;

use crate::{Dialect, decode, yaml};

/// The head of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) annotations: Vec<(String, String)>,
}

impl Head {
    /// Reads the first YAML document of a text, and gives its value too.
    pub(crate) fn read(text: &str, dialect: Dialect, budget: &Budget) -> Result<(Self, Value), String> {
        let options = Options { budget: budget.clone(), ..Options::default() };
        let value = yaml::read(text, &options)?;
        let go_type = match dialect {
            Dialect::Helm3 => "releaseutil.SimpleHead",
            Dialect::Helm4 => "util.SimpleHead",
        };
        let Some(fields) = decode::root(&value, go_type, "SimpleHead")? else {
            return Ok((Self::default(), value));
        };
        fields.text("apiVersion")?;
        let mut head = Self { kind: fields.text("kind")?, ..Self::default() };
        if let Some(metadata) = fields.get("metadata") {
            let inner = fields.nested("metadata", metadata, "", "metadata.", METADATA)?;
            head.name = inner.text("name")?;
            head.annotations = inner.text_map("annotations")?.unwrap_or_default();
        }
        Ok((head, value))
    }

    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The Go type of the head's metadata, as errors print it.
const METADATA: &str = "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }";
