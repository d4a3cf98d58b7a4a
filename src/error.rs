//! The one error a caller of vigie sees: a kind (what to do about it), a message (what was wanted, what was found,
//! where, what to do) and, for the log only, a cause. It imports nothing of ours: foreign causes are boxed.

use std::fmt;

/// `Result` with vigie's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong, as far as the caller's next step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request, file or argument is wrong: mend it and ask again.
    Input,
    /// The thing asked for does not exist: file, store, edition, cell.
    Missing,
    /// The role or the purpose does not allow it.
    Denied,
    /// The data does not support the answer, or is below the accepted quality.
    Data,
    /// Another writer is at work: try again later.
    Busy,
    /// Ours: please report it.
    Bug,
}

impl Kind {
    /// Exit code of the command line.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Input => 2,
            Kind::Missing => 3,
            Kind::Denied => 4,
            Kind::Data => 5,
            Kind::Busy => 6,
            Kind::Bug => 70,
        }
    }

    /// HTTP status of the API.
    pub fn http_status(self) -> u16 {
        match self {
            Kind::Input => 400,
            Kind::Denied => 403,
            Kind::Missing => 404,
            Kind::Data => 422,
            Kind::Busy => 503,
            Kind::Bug => 500,
        }
    }

    /// Name in JSON answers.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Input => "input",
            Kind::Missing => "missing",
            Kind::Denied => "denied",
            Kind::Data => "data",
            Kind::Busy => "busy",
            Kind::Bug => "bug",
        }
    }
}

/// An error with a message for the person who asked. Messages never hold plates, names or exact points.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    place: Option<String>,
    cause: Option<Cause>,
}

impl Error {
    /// An error of a kind with a message.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), place: None, cause: None }
    }

    /// [`Kind::Input`].
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message)
    }

    /// [`Kind::Missing`].
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Kind::Missing, message)
    }

    /// [`Kind::Denied`].
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(Kind::Denied, message)
    }

    /// [`Kind::Data`].
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// [`Kind::Busy`].
    pub fn busy(message: impl Into<String>) -> Self {
        Self::new(Kind::Busy, message)
    }

    /// [`Kind::Bug`].
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, message)
    }

    /// Adds the place: `file:line:column`, a key of a TOML file, a parameter name.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Adds the cause, which goes to the log and to nobody else.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The message for the person who asked.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where, if a place is known.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|c| c as &(dyn std::error::Error + 'static))
    }
}
