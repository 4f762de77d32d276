//! What can be wrong with a script.

/// Why a script gave no answer.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScriptError {
    /// It ran too long.
    #[error("the script used up its steps or processor time; it must end by itself and sooner")]
    Exhausted,
    /// It wanted more memory than a script may use.
    #[error("not enough memory: the script wants more than a script may use")]
    Memory,
    /// The text is too long.
    #[error("the script has {bytes} bytes, more than the {limit} that a script may have")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// Lua refused or failed; the text is Lua's own, with the line.
    #[error("{0}")]
    Lua(String),
    /// The object or the answer does not fit between the two worlds.
    #[error("{0}")]
    Shape(String),
}

impl ScriptError {
    /// The first cause of what the virtual machine reports, without a stack of calls.
    pub(crate) fn from_lua(error: &mlua::Error) -> Self {
        match error {
            mlua::Error::MemoryError(_) => Self::Memory,
            mlua::Error::CallbackError { cause, .. } => Self::from_lua(cause),
            mlua::Error::BadArgument { cause, .. } => Self::from_lua(cause),
            mlua::Error::ExternalError(inner) => match inner.downcast_ref::<Self>() {
                Some(own) => own.clone(),
                None => Self::Lua(first_line(&inner.to_string())),
            },
            mlua::Error::RuntimeError(text) => Self::Lua(first_line(text)),
            mlua::Error::SyntaxError { message, .. } => Self::Lua(first_line(message)),
            other => Self::Lua(first_line(&other.to_string())),
        }
    }
}

/// The message without the traceback that the virtual machine appends.
fn first_line(text: &str) -> String {
    let end = text.find("\nstack traceback:").unwrap_or(text.len());
    let text = text.get(..end).unwrap_or(text).trim_start_matches("runtime error: ");
    text.lines().next().unwrap_or_default().chars().take(500).collect()
}
