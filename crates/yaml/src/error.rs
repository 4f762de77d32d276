//! What is wrong with YAML text, and where.

/// Why text is refused. Never holds content beyond a key or anchor name: see [`snippet`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("yaml: line {line}, column {column}: {kind}")]
pub struct Error {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: ErrorKind,
}

/// What is wrong with YAML text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text breaks YAML's grammar.
    #[error("{0}")]
    Syntax(String),
    /// The bytes are neither UTF-8 nor UTF-16 with a byte order mark.
    #[error("the bytes are no UTF-8 text")]
    Encoding,
    /// A character that YAML forbids.
    #[error("control characters are not allowed (U+{0:04X})")]
    Control(u32),
    /// A line `---` with something else than a comment behind it.
    #[error("invalid document separator: nothing but a comment may follow \"---\"")]
    Separator,
    /// An alias without its anchor.
    #[error("unknown anchor '{0}' referenced")]
    UnknownAnchor(String),
    /// An alias inside the value of its own anchor.
    #[error("anchor '{0}' value contains itself")]
    Cycle(String),
    /// Aliases multiply the document beyond what go-yaml allows.
    #[error("document contains excessive aliasing")]
    Aliasing,
    /// A `<<` with something else than a map or a list of maps.
    #[error("map merge requires map or sequence of maps as the value")]
    Merge,
    /// A list or map as a key.
    #[error("a {0} cannot be a map key: JSON keys are strings; quote it if it is a template")]
    Key(&'static str),
    /// A key twice in one map, where that is refused.
    #[error("key {0:?} already set in map")]
    Duplicate(String),
    /// A scalar that its tag does not fit.
    #[error("cannot decode {found} as a {tag}")]
    Tag {
        /// What the scalar is.
        found: &'static str,
        /// The tag.
        tag: String,
    },
    /// Malformed base64 under `!!binary`.
    #[error("!!binary value contains invalid base64 data")]
    Base64,
    /// Infinity or NaN.
    #[error("unsupported value: {0}; JSON has no such number, quote it if it is text")]
    NotFinite(&'static str),
    /// More bytes than the budget allows.
    #[error("the text is larger than the budget of {0} bytes")]
    Bytes(usize),
    /// More nodes than the budget allows.
    #[error("more than {0} values, aliases expanded")]
    Nodes(usize),
    /// Deeper nesting than the budget allows.
    #[error("nested deeper than {0} levels")]
    Depth(usize),
    /// The work was cancelled.
    #[error("reading was cancelled")]
    Cancelled,
}

impl ErrorKind {
    /// The error at a line and column.
    pub(crate) fn at(self, line: usize, column: usize) -> Error {
        Error { line, column, kind: self }
    }

    /// The error where a node stands.
    pub(crate) fn at_span(self, span: crate::Span) -> Error {
        self.at(span.line as usize, span.column as usize)
    }
}

/// The lines around an error. It may show secrets: only print it for files of the person who reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The number of the first line shown.
    pub first_line: usize,
    /// Up to five lines of the text, each cut at 200 characters.
    pub lines: Vec<String>,
    /// The position of the marked line among them.
    pub marked: usize,
    /// The column to point at, counted from 1.
    pub column: usize,
}

impl std::fmt::Debug for Snippet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snippet(lines {}..{})", self.first_line, self.first_line + self.lines.len())
    }
}

/// The lines around an error in the text it came from.
pub fn snippet(text: &str, error: &Error) -> Snippet {
    let first_line = error.line.saturating_sub(2).max(1);
    let lines: Vec<String> =
        text.lines().skip(first_line - 1).take(5).map(|line| line.chars().take(200).collect()).collect();
    Snippet { first_line, marked: error.line.saturating_sub(first_line), column: error.column, lines }
}
