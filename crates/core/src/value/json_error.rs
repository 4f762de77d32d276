//! Why bytes are not JSON.

/// Why bytes are not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct JsonError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: JsonErrorKind,
}

/// What is wrong with JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The text ended inside a value.
    #[error("unexpected end of JSON input")]
    End,
    /// A character that cannot stand there.
    #[error("unexpected character")]
    Unexpected,
    /// Text after the value.
    #[error("unexpected text after the value")]
    Trailing,
    /// A number that is malformed or beyond a 64-bit float.
    #[error("invalid number")]
    Number,
    /// A malformed escape, or a control character in a string.
    #[error("invalid string")]
    String,
    /// More bytes than the budget allows.
    #[error("the text is larger than the budget of {0} bytes")]
    Bytes(usize),
    /// More nodes than the budget allows.
    #[error("more than {0} values")]
    Nodes(usize),
    /// Deeper nesting than the budget allows.
    #[error("nested deeper than {0} levels")]
    Depth(usize),
}
