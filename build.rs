//! Puts the page's assets (our modules and styles, `MapLibre` GL) into `$OUT_DIR/web`, from where they are embedded.
//!
//! With `VIGIE_WEB_DIST` set, that folder of prebuilt assets is copied and Node is not needed.
//! Otherwise `npm ci` fetches what `web/package-lock.json` pins and `web/build.mjs` copies the files together.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

/// The file that every set of assets must hold; its absence means a wrong folder.
const MUST_HOLD: &str = "maplibre-gl.mjs";

const HELP: &str = "install Node 20 or newer with npm, or set VIGIE_WEB_DIST to a folder of prebuilt assets \
                    (made elsewhere with `npm ci && node build.mjs dist` in web/)";

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("cargo::error={message}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed=VIGIE_WEB_DIST");
    let web = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("web");
    let out = PathBuf::from(variable("OUT_DIR")?).join("web");
    if out.exists() {
        fs::remove_dir_all(&out).map_err(|e| format!("cannot empty {}: {e}", out.display()))?;
    }

    if let Some(dist) = env::var_os("VIGIE_WEB_DIST").filter(|dist| !dist.is_empty()) {
        let dist = PathBuf::from(dist);
        println!("cargo::rerun-if-changed={}", dist.display());
        if !dist.join(MUST_HOLD).is_file() {
            return Err(format!("VIGIE_WEB_DIST is {}, which has no {MUST_HOLD}: {HELP}", dist.display()));
        }
        return copy_files(&dist, &out);
    }

    for input in ["src", "style.css", "icon.svg", "package-lock.json", "build.mjs"] {
        println!("cargo::rerun-if-changed=web/{input}");
    }
    install(&web)?;
    run(Command::new("node").current_dir(&web).arg("build.mjs").arg(&out), "node build.mjs")
}

/// Runs `npm ci` unless `node_modules` was installed from this very lock file.
fn install(web: &Path) -> Result<(), String> {
    let stamp = web.join("node_modules/.installed-from");
    let lock_path = web.join("package-lock.json");
    let lock = fs::read(&lock_path).map_err(|e| format!("cannot read {}: {e}", lock_path.display()))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    run(Command::new(npm).current_dir(web).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]), "npm ci")?;
    fs::write(&stamp, lock).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}

fn run(command: &mut Command, name: &str) -> Result<(), String> {
    let output =
        command.output().map_err(|e| format!("the web assets need `{name}`, which did not start ({e}): {HELP}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    for line in said.lines() {
        println!("cargo::warning={name}: {line}");
    }
    Err(format!("`{name}` failed in web/ ({}): {last}. To go on: {HELP}", output.status))
}

/// Copies the files of one flat folder.
fn copy_files(from: &Path, to: &Path) -> Result<(), String> {
    let copy = || -> std::io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
        }
        Ok(())
    };
    copy().map_err(|e| format!("cannot copy {} to {}: {e}", from.display(), to.display()))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}"))
}
