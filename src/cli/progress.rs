//! Progress bars on stderr, drawn only on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use super::output::Output;

/// A bar over the bytes of files, with rows a second and the time left.
pub(super) struct ByteBar {
    bar: ProgressBar,
}

impl ByteBar {
    pub fn new(output: Output, what: &str) -> Self {
        let bar = if output.shows_progress() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{msg:24} {wide_bar} {percent:>3} %  {prefix}  {eta} left") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        Self { bar }
    }

    /// Bytes alone, of a step that has no rows.
    pub fn at_bytes(&self, bytes: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(bytes.min(total));
    }

    pub fn at(&self, bytes: u64, total: u64, rows: u64) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_length(total);
        self.bar.set_position(bytes.min(total));
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        self.bar.set_prefix(format!("{:.0} rows/s", rows as f64 / seconds));
    }

    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// A spinner for a step of unknown length.
pub(super) fn spinner(output: Output, what: &str) -> ProgressBar {
    let bar = if output.shows_progress() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}
