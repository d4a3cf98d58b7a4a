//! Where answers go: one JSON object, or aligned text, on stdout; remarks on stderr.

use std::fmt::Display;
use std::io::{IsTerminal, Write as _};

use serde::Serialize;
use serde_json::json;

use super::Global;
use crate::error::{Error, Result};

/// How this run prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub json: bool,
    pub quiet: bool,
}

impl Output {
    pub fn new(global: &Global) -> Self {
        Self { json: global.json, quiet: global.quiet }
    }

    /// Whether progress bars are drawn.
    pub fn shows_progress(self) -> bool {
        !self.quiet && !self.json && std::io::stderr().is_terminal()
    }

    /// Prints an answer: JSON with `--json`, else the text.
    pub fn answer(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        if self.json {
            let json = serde_json::to_string(value).map_err(|e| Error::bug("no JSON of the answer").with_cause(e))?;
            print(&json)
        } else {
            print(&text())
        }
    }

    /// A remark for the person at the terminal.
    pub fn remark(self, text: impl Display) {
        if !self.quiet {
            say(text);
        }
    }
}

/// Writes a line to stdout. A reader that went away is not an error: `vigie … | head` is how people work.
pub(super) fn print(text: &str) -> Result<()> {
    print_bytes(text.as_bytes())?;
    if text.ends_with('\n') { Ok(()) } else { print_bytes(b"\n") }
}

pub(super) fn print_bytes(bytes: &[u8]) -> Result<()> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::input("stdout cannot be written").with_cause(cause))
        }
        _ => Ok(()),
    }
}

fn say(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The error as the JSON object that `--json` promises.
pub(super) fn print_error(error: &Error) {
    let object = json!({"error": {"kind": error.kind().name(), "message": error.message(), "where": error.place()}});
    let _ = print(&object.to_string());
}

/// The error for people; causes only when the log asks for them.
pub(super) fn say_error(error: &Error) {
    say(format!("vigie: {error}"));
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        tracing::info!(cause = %inner, "because");
        cause = inner.source();
    }
}
