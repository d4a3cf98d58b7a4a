//! Named points at which a test stops the process dead, or makes the disk fail, to see that nothing is lost.
//!
//! `VIGIE_HALT_AT=NAME` ends the process when it first comes by; `NAME:3` the third time; `NAME:1:full` and
//! `NAME:1:error` make that write fail as a full or a broken disk would. Whoever can set the environment of the process
//! can end it anyway, so the points are in every build: what is tested is what is shipped.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Every point, in about the order that a load comes by.
pub const POINTS: &[&str] = &[
    "writer-begun",
    "leftovers-removed",
    "rows-written",
    "file-written",
    "file-synced",
    "revisions-written",
    "before-delta-commit",
    "after-delta-commit",
    "before-version",
    "after-version",
    "control-open",
    "control-sealed",
    "audit-written",
    "compacted",
    "erasure-noted",
    "erasure-files-written",
    "erasure-log-written",
    "erasure-files-removed",
    "backup-copied",
    "restore-copied",
];

enum How {
    Stop,
    Full,
    Broken,
}

struct Halt {
    name: String,
    passes_left: AtomicU32,
    how: How,
}

fn wanted() -> Option<&'static Halt> {
    static WANTED: OnceLock<Option<Halt>> = OnceLock::new();
    WANTED
        .get_or_init(|| {
            let text = std::env::var("VIGIE_HALT_AT").ok()?;
            let mut parts = text.split(':');
            let name = parts.next()?.to_owned();
            let passes = parts.next().and_then(|n| n.parse().ok()).unwrap_or(1);
            let how = match parts.next() {
                Some("full") => How::Full,
                Some("error") => How::Broken,
                _ => How::Stop,
            };
            Some(Halt { name, passes_left: AtomicU32::new(passes), how })
        })
        .as_ref()
}

/// Passes a named point. Does nothing unless `VIGIE_HALT_AT` names it.
///
/// # Errors
/// The failure of the disk that was asked for.
pub fn point(name: &'static str) -> io::Result<()> {
    debug_assert!(POINTS.contains(&name), "{name} is not in the list of points");
    let Some(halt) = wanted().filter(|halt| halt.name == name) else { return Ok(()) };
    if halt.passes_left.fetch_sub(1, Ordering::SeqCst) != 1 {
        return Ok(());
    }
    match halt.how {
        How::Stop => std::process::abort(),
        How::Full => Err(io::ErrorKind::StorageFull.into()),
        How::Broken => Err(io::Error::other("a broken disk was asked for")),
    }
}
