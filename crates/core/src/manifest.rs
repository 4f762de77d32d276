//! Desired objects, where they come from, and what is wrong with some.

use std::fmt;
use std::sync::Arc;

use crate::{Object, ResourceKey};

/// A desired object with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The object as rendered.
    pub object: Arc<Object>,
    /// Where it was written.
    pub origin: Origin,
}

impl Manifest {
    /// Joins an object and its origin.
    pub fn new(object: Object, origin: Origin) -> Self {
        Self { object: Arc::new(object), origin }
    }

    /// The object's key, as written: the namespace may still be empty.
    pub fn key(&self) -> ResourceKey {
        self.object.key()
    }
}

/// Where a manifest was written: a file of the source and a line in it, or what made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Origin {
    /// The file, relative to the root of the source; empty if no file is known.
    pub file: String,
    /// The line where the document starts, counted from 1; 0 if unknown.
    pub line: usize,
    /// What made the object out of the file, outermost last: a template, a patch, a generator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
}

impl Origin {
    /// A place in a file.
    pub fn file(file: impl Into<String>, line: usize) -> Self {
        Self { file: file.into(), line, via: Vec::new() }
    }

    /// As it is shown: `apps/web.yaml:12`.
    pub fn text(&self) -> String {
        const DIGITS: usize = 20;
        if self.file.is_empty() {
            return "(no file)".to_owned();
        }
        let mut text = String::with_capacity(self.file.len() + 1 + DIGITS);
        text.push_str(&self.file);
        if self.line > 0 {
            text.push(':');
            let (mut digits, mut left) = (['0'; DIGITS], self.line);
            let mut first = DIGITS;
            for (i, digit) in digits.iter_mut().enumerate().rev() {
                *digit = char::from(b'0' + (left % 10) as u8);
                left /= 10;
                first = i;
                if left == 0 {
                    break;
                }
            }
            text.extend(digits.iter().skip(first));
        }
        text
    }
}

impl fmt::Display for Origin {
    /// `apps/web.yaml:12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Something wrong that does not stop the rest: one bad manifest never hides the others.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// A stable word for it: `yaml-syntax`, `duplicate-object`.
    pub code: String,
    /// A full sentence with the remedy. Never holds a secret.
    pub message: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Which object it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ResourceKey>,
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The result is complete; somebody should know all the same.
    Warning,
    /// The result is incomplete.
    Error,
}

impl Problem {
    /// Something that leaves the result incomplete.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: code.to_owned(),
            message: message.into(),
            origin: None,
            object: None,
        }
    }

    /// Something that somebody should know.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Says where it is.
    #[must_use]
    pub fn at(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Says which object it is about.
    #[must_use]
    pub fn about(mut self, object: ResourceKey) -> Self {
        self.object = Some(object);
        self
    }
}

impl fmt::Display for Problem {
    /// `apps/web.yaml:12: apps/Deployment prod/web: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.message)
    }
}
