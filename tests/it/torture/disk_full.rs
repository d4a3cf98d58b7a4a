//! The disk is full, or a file may not grow: a named error, the last version still answers, and once there is room the
//! same load works.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::trial::{Act, Held, Snapshot, Trial, held, quick_folder, write_folder};
use super::{on_all_cores, times};
use crate::support::program;

/// Levels at which the disk ends.
const LEVELS: usize = 10;

/// Asserts what must hold after a load that may have failed for lack of room.
fn refused_with_a_name(act: &Act, store: &Path, output: &Output, what: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => {}
        Some(2 | 5) => assert!(said.trim().len() > 20, "{what}: says too little: {said}"),
        code => panic!("{what}: {code:?}: {said}"),
    }
    act.survives(store, output.status.success(), what);
    act.goes_on(store, what);
}

#[test]
fn a_file_that_may_not_grow_is_a_named_error_and_no_loss() {
    let trial = Trial::new(4000);
    let act = trial.load();
    let (_folder, store) = act.copy();
    assert!(act.on(&store).output().unwrap().status.success());
    let largest = super::trial::read_folder(&store).values().flatten().map(Vec::len).max().unwrap();
    let count = times(LEVELS, 50);
    // In the shell's unit of 512 bytes, from nothing at all to just enough.
    let levels: Vec<usize> = (0..count).map(|level| largest * level / count / 512).collect();
    let failed = std::sync::atomic::AtomicUsize::new(0);
    on_all_cores(
        &levels,
        || (),
        |(), _, blocks| {
            let (_folder, store) = act.copy();
            let load = act.on(&store);
            let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
            let output = program_in_shell(&limited, &load).output().unwrap();
            failed.fetch_add(usize::from(!output.status.success()), std::sync::atomic::Ordering::Relaxed);
            refused_with_a_name(&act, &store, &output, &format!("files of at most {blocks} blocks of 512 bytes"));
        },
    );
    let failed = failed.into_inner();
    println!("{count} levels, {failed} loads refused");
    assert!(failed >= count / 2, "the limit bites at too few levels: {failed}");
}

/// The command within a shell that sets limits first, with the environment of a command of ours.
fn program_in_shell(script: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    for (name, value) in program().get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.args(["-c", script]).arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    shell
}

/// A file system in memory of a given size; gone with this value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where the tests may not mount.
    fn new(mebibytes: usize) -> Option<Self> {
        let folder = quick_folder();
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[test]
fn a_full_disk_is_a_named_error_and_no_loss() {
    let Some(disk) = SmallDisk::new(8) else {
        println!("skipped: a tmpfs cannot be mounted here; the limits on the size of files are tested above");
        return;
    };
    let trial = Trial::new(4000);
    let act = trial.load();
    let store = disk.path().join("store");
    let ballast = disk.path().join("ballast");
    let needed = {
        let (_folder, store) = act.copy();
        assert!(act.on(&store).output().unwrap().status.success());
        let bytes = |files: &Snapshot| files.values().flatten().map(|b| b.len().div_ceil(4096) * 4096).sum::<usize>();
        bytes(&super::trial::read_folder(&store)) - bytes(&act.store)
    };
    let count = times(LEVELS, 50);
    let mut failed = 0;
    for level in 0..count {
        let _ = fs::remove_dir_all(&store);
        let _ = fs::remove_file(&ballast);
        write_folder(&store, &act.store);
        let room = needed * level / count;
        fill(&ballast, room);
        let output = act.on(&store).output().unwrap();
        let what = format!("{room} of {needed} bytes left on the disk");
        if !output.status.success() {
            failed += 1;
            still_answers(&act, &store, &what);
        }
        fs::remove_file(&ballast).unwrap();
        refused_with_a_name(&act, &store, &output, &what);
    }
    println!("{count} levels, {failed} loads refused");
    assert!(failed >= count / 2, "the disk was full too seldom: {failed}");
}

/// Fills the disk until `room` bytes are left.
fn fill(ballast: &Path, room: usize) {
    use std::io::Write as _;
    let mut file = fs::File::create(ballast).unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(room as u64)).unwrap();
}

/// With the disk still full the last version answers, or it is said that the audit cannot be written: then nobody gets
/// an answer.
fn still_answers(act: &Act, store: &Path, what: &str) {
    let sql = ["--json", "sql", "SELECT count(*) AS rows FROM stops"];
    let answer = crate::support::vigie(store, &sql);
    let Held { rows, .. } = act.before;
    match answer.code {
        0 => assert_eq!(answer.json()["rows"][0]["rows"], rows, "{what}"),
        5 => assert!(answer.err.contains("full"), "{what}: {}", answer.err),
        code => panic!("{what}: {code}: {}", answer.err),
    }
}

#[test]
fn what_a_store_holds_is_counted_by_a_fresh_process() {
    let trial = Trial::new(100);
    let act = trial.load();
    let (_folder, store) = act.copy();
    assert_eq!(held(&store, "as made"), act.before);
    assert!(act.on(&store).output().unwrap().status.success());
    assert_eq!(held(&store, "as loaded"), act.after);
}
