//! Runs the command line and turns its result into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The doors do not know each other: the command `serve` is given its server here.
    vigie::cli::run(vigie::serve::start)
}
