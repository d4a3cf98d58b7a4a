//! Whether the store is as it was written.

use std::path::Path;

use super::App;
use crate::error::{Error, Kind, Result};
use crate::model::access::{Action, Principal, decide};
pub use crate::store::{Finding, Verification};

/// Reads the whole store again; `progress` gets the bytes read and the bytes in all.
///
/// `app` is the store at `root` if it can be opened at all: one that is too damaged for that, or for an audit line, is
/// looked at all the same, because that is what this trip is for, and no record leaves it.
///
/// # Errors
/// `Denied`; `Missing` without a store; `Busy` if it is being changed all the time.
pub async fn verify(
    app: Option<&App>,
    root: &Path,
    who: &Principal,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Verification> {
    let entered = match app {
        Some(app) => app.enter(who, Action::ReadAudit, "verify", "store"),
        None => decide(who, Action::ReadAudit),
    };
    let damage = match entered {
        Ok(()) => None,
        Err(error) if error.kind() == Kind::Data => Some(error),
        Err(error) => return Err(error),
    };
    let mut found = crate::store::verify(root, progress).await?;
    if let Some(error) = damage.filter(|_| found.whole) {
        // Nothing else is wrong, so this is.
        let file = error.place().unwrap_or("audit").to_owned();
        found.damaged.push(Finding { file, what: error.message().to_owned() });
        found.whole = false;
    }
    Ok(found)
}

/// Takes the settings as they are now for those that belong to the store.
///
/// # Errors
/// `Denied`; `Busy` or `Data` if that cannot be written down.
pub fn accept_settings(app: &App, who: &Principal) -> Result<()> {
    app.enter(who, Action::Administer, "accept settings", "vigie.toml")?;
    app.store.accept_settings()
}

/// The error that a damaged store ends a command with.
pub fn damage(found: &Verification) -> Error {
    let files: Vec<&str> = found.damaged.iter().map(|finding| finding.file.as_str()).collect();
    Error::data(format!(
        "the store is damaged ({}). Restore a backup with `vigie restore`, or keep what can still be read",
        files.join(", ")
    ))
}
