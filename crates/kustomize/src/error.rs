//! Why a build is refused.

/// Why a build is refused. The text follows Kustomize's own as far as that goes; what was being done stands
/// before what is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was being done when something else went wrong.
    #[error("{doing}: {source}")]
    While {
        /// What was being done.
        doing: String,
        /// What went wrong.
        source: Box<Error>,
    },
    /// A kustomization file, or another file that configures the build, is wrong.
    #[error("{0}")]
    Configuration(String),
    /// A file or folder cannot be read, or must not be.
    #[error("{0}")]
    Load(String),
    /// A file of resources or patches is no YAML.
    #[error("{message}")]
    Yaml {
        /// What is wrong, with the file if it is known.
        message: String,
        /// Whether the text breaks YAML's grammar; else it reads, but holds no resource.
        malformed: bool,
    },
    /// Two resources are one, or several are where one is asked for.
    #[error("{0}")]
    Identity(String),
    /// A field is missing, or not of the kind that a step needs.
    #[error("{0}")]
    Field(String),
    /// A patch cannot be read or applied.
    #[error("{0}")]
    Patch(String),
    /// A plugin that this build has not, or a chart that it must not inflate.
    #[error("{0}")]
    Plugin(String),
    /// The budget is used up; or the work was cancelled.
    #[error("{0}")]
    Budget(String),
    /// Something is missing that the caller can fetch: see [`Report::needs`](crate::Report::needs).
    #[error("{0} is not at hand; fetch it and build again")]
    Needs(String),
}

/// The result of a step.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Says what was being done.
    pub(crate) fn during(self, doing: impl Into<String>) -> Self {
        match self {
            // Neither is anybody's mistake along the way.
            Self::Needs(_) | Self::Budget(_) => self,
            source => Self::While { doing: doing.into(), source: Box::new(source) },
        }
    }

    /// Whether a file in the chain of causes breaks YAML's grammar.
    pub(crate) fn is_malformed(&self) -> bool {
        match self {
            Self::Yaml { malformed, .. } => *malformed,
            Self::While { source, .. } => source.is_malformed(),
            _ => false,
        }
    }
}

/// Adds what was being done to a result's error.
pub(crate) trait During<T> {
    /// Says what was being done.
    fn during(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> During<T> for Result<T> {
    fn during(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| error.during(doing()))
    }
}
