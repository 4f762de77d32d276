//! What can be wrong with a script.

use crate::wording::{position, wording};

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
    /// The same in the words that Argo CD's Lua has for it.
    pub(crate) fn worded(self, source: &str) -> Self {
        match self {
            Self::Lua(text) => Self::Lua(wording(&text, source)),
            other => other,
        }
    }

    /// The first cause of what the virtual machine reports, without a stack of calls.
    pub(crate) fn from_lua(error: &mlua::Error) -> Self {
        match error {
            mlua::Error::MemoryError(_) => Self::Memory,
            mlua::Error::CallbackError { cause, traceback } => match Self::from_lua(cause) {
                // A function of ours does not know where it was called.
                Self::Lua(text) => Self::Lua(placed(&text, traceback)),
                other => other,
            },
            mlua::Error::BadArgument { cause, pos, .. } => match Self::from_lua(cause) {
                Self::Lua(text) => {
                    Self::Lua(text.replacen("bad argument (", &format!("bad argument #{pos} ("), 1))
                }
                other => other,
            },
            mlua::Error::ExternalError(inner) => match inner.downcast_ref::<Self>() {
                Some(own) => own.clone(),
                None => Self::Lua(first_line(&inner.to_string())),
            },
            mlua::Error::RuntimeError(text) => {
                match text.split_once(": ").filter(|(at, _)| at.starts_with("prelude:")) {
                    Some((_, said)) => Self::Lua(placed(&first_line(said), text)),
                    None => Self::Lua(first_line(text)),
                }
            }
            mlua::Error::SyntaxError { message, .. } => Self::Lua(first_line(message)),
            other => Self::Lua(first_line(&other.to_string())),
        }
    }
}

/// A message with the place in the script from which the calls came.
fn placed(text: &str, traceback: &str) -> String {
    match position(traceback).filter(|_| !text.starts_with("<string>:")) {
        Some(line) => format!("<string>:{line}: {text}"),
        None => text.to_owned(),
    }
}

/// The message without the traceback that the virtual machine appends.
fn first_line(text: &str) -> String {
    let end = text.find("\nstack traceback:").unwrap_or(text.len());
    let text = text.get(..end).unwrap_or(text).trim_start_matches("runtime error: ");
    text.lines().next().unwrap_or_default().chars().take(500).collect()
}
