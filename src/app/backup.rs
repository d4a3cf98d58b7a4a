//! Copies of the whole store.

use std::path::Path;

use super::{App, Clock};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal, decide};
use crate::store::{AuditEvent, Store};
pub use crate::store::{Copied, Head};

/// Copies the store to `folder`; `progress` gets the bytes copied and the bytes in all.
///
/// # Errors
/// `Denied`; `Input` if the folder is not empty; `Busy` if somebody loads; `Data` if the store is damaged.
pub fn backup(app: &App, who: &Principal, folder: &Path, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Copied> {
    app.enter(who, Action::Administer, "backup", "store")?;
    crate::store::backup(&app.store, folder, app.now(), progress)
}

/// Makes a store at `root` from the backup in `folder`. Its audit goes on with the line that says who did it.
///
/// # Errors
/// `Denied`; `Input` if there is no backup or `root` is not empty; `Data` if the backup is damaged.
pub async fn restore(
    folder: &Path,
    root: &Path,
    who: &Principal,
    clock: Clock,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Copied> {
    decide(who, Action::Administer)?;
    if Store::exists(root) {
        let message = format!("{} is a store already; name a new folder with --store", root.display());
        return Err(Error::input(message));
    }
    let copied = crate::store::restore(folder, root, progress).await?;
    Store::open(root)?.audit(&AuditEvent {
        at: clock(),
        who: who.name.clone(),
        roles: who.role_names(),
        via: who.via.to_owned(),
        action: "restore".to_owned(),
        subject: "store".to_owned(),
        purpose: String::new(),
        reference: String::new(),
        outcome: "allowed".to_owned(),
        store_version: copied.head.version,
    })?;
    Ok(copied)
}
