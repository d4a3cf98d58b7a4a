//! What a command does to the files of a folder, as `strace` saw it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::program;

/// Calls that change files or say when they last. `read` is left out: where it would matter for the place of a write,
/// the replay ends with other bytes than the real folder, and the tests say so.
const TRACED: &str = "open,openat,creat,close,dup,dup2,dup3,fcntl,lseek,write,pwrite64,writev,pwritev,pwritev2,ftruncate,\
    truncate,fallocate,copy_file_range,sendfile,splice,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,\
    symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir";

/// One call that went well. Paths are absolute and below the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Open {
        fd: i32,
        path: PathBuf,
        create: bool,
        truncate: bool,
        append: bool,
    },
    Close {
        fd: i32,
    },
    Copy {
        from: i32,
        to: i32,
    },
    Seek {
        fd: i32,
        at: u64,
    },
    /// At the place given, else where the last write ended.
    Write {
        fd: i32,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    Truncate {
        fd: i32,
        length: u64,
    },
    Sync {
        fd: i32,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    MakeFolder {
        path: PathBuf,
    },
    RemoveFolder {
        path: PathBuf,
    },
    /// The command told its caller something: from here on its work is acknowledged.
    Printed,
}

/// Whether commands can be recorded here; says why not.
pub fn possible() -> bool {
    let works = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success());
    if !works {
        println!("skipped: strace is missing or may not trace here (on Debian: apt-get install strace)");
    }
    works
}

/// Runs `vigie` with these arguments, which must go well, and returns what it did below `root`.
pub fn record(root: &Path, scratch: &Path, args: &[&str]) -> Vec<Call> {
    let file = scratch.join("calls.strace");
    let vigie = program();
    let output = Command::new("strace")
        .args(["-f", "-y", "-xx", "-s", "100000000", "-e", "signal=none", "-e", &format!("trace={TRACED}"), "-o"])
        .arg(&file)
        .arg(vigie.get_program())
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    let calls = parse(&fs::read_to_string(&file).unwrap(), root);
    fs::remove_file(file).unwrap();
    calls
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn parse(record: &str, root: &Path) -> Vec<Call> {
    let mut reader = Reader { root, ours: HashMap::new(), calls: Vec::new() };
    let mut unfinished: HashMap<&str, String> = HashMap::new();
    for line in record.lines() {
        let (thread, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
            // A descriptor may be given to another thread before its closing is reported.
            if let Some(of) = begun.strip_prefix("close(") {
                reader.closed(descriptor(of));
            } else {
                unfinished.insert(thread, begun.to_owned());
            }
        } else if rest.starts_with("<...") {
            let (_, ended) = rest.split_once("resumed>").unwrap();
            if let Some(begun) = unfinished.remove(thread) {
                reader.line(&(begun + ended));
            }
        } else {
            reader.line(rest);
        }
    }
    reader.calls
}

struct Reader<'r> {
    root: &'r Path,
    /// Open descriptors of files and folders below the root.
    ours: HashMap<i32, PathBuf>,
    calls: Vec<Call>,
}

impl Reader<'_> {
    fn line(&mut self, line: &str) {
        let (call, result) = line.rsplit_once(" = ").unwrap_or_else(|| panic!("not a call: {line:.200}"));
        let (name, args) = call.trim_end().strip_suffix(')').and_then(|c| c.split_once('(')).unwrap();
        if result.starts_with('-') || result.starts_with('?') {
            return;
        }
        // Strings are written in hexadecimal, so a comma is always one between arguments.
        let args: Vec<&str> = args.split(", ").map(str::trim).collect();
        self.call(name, &args, descriptor(result));
    }

    fn call(&mut self, name: &str, args: &[&str], result: i32) {
        match name {
            "open" => self.open(&self.path(None, args[0]), args[1], result),
            "creat" => self.open(&self.path(None, args[0]), "O_CREAT|O_TRUNC", result),
            "openat" => self.open(&self.path(Some(args[0]), args[1]), args[2], result),
            "close" => self.closed(descriptor(args[0])),
            "dup" | "dup2" | "dup3" => self.copied(descriptor(args[0]), result),
            "fcntl" if args[1].starts_with("F_DUPFD") => self.copied(descriptor(args[0]), result),
            "fcntl" => {}
            "rename" => self.two(None, args[0], None, args[1], |from, to| Call::Rename { from, to }),
            "renameat" | "renameat2" => {
                self.two(Some(args[0]), args[1], Some(args[2]), args[3], |from, to| Call::Rename { from, to });
            }
            "link" => self.two(None, args[0], None, args[1], |from, to| Call::Link { from, to }),
            "linkat" => self.two(Some(args[0]), args[1], Some(args[2]), args[3], |from, to| Call::Link { from, to }),
            "unlink" => self.one(None, args[0], |path| Call::Unlink { path }),
            "rmdir" => self.one(None, args[0], |path| Call::RemoveFolder { path }),
            "unlinkat" if args[2].contains("AT_REMOVEDIR") => {
                self.one(Some(args[0]), args[1], |path| Call::RemoveFolder { path });
            }
            "unlinkat" => self.one(Some(args[0]), args[1], |path| Call::Unlink { path }),
            "mkdir" => self.one(None, args[0], |path| Call::MakeFolder { path }),
            "mkdirat" => self.one(Some(args[0]), args[1], |path| Call::MakeFolder { path }),
            "write" if descriptor(args[0]) == 1 => self.calls.push(Call::Printed),
            "symlink" | "symlinkat" | "truncate" => {
                let touches = args.iter().any(|arg| unquoted(arg).is_some_and(|path| path.starts_with(self.root)));
                assert!(!touches, "the recorder does not know {name}");
            }
            _ => self.on_descriptor(name, args, result),
        }
    }

    fn on_descriptor(&mut self, name: &str, args: &[&str], result: i32) {
        let fd = descriptor(args[0]);
        if name == "copy_file_range" || name == "splice" {
            assert!(!self.ours.contains_key(&descriptor(args[2])), "the recorder does not know {name}");
            return;
        }
        if !self.ours.contains_key(&fd) {
            return;
        }
        let written = |bytes: Vec<u8>| bytes[..usize::try_from(result).unwrap().min(bytes.len())].to_vec();
        self.calls.push(match name {
            "lseek" => Call::Seek { fd, at: u64::try_from(result).unwrap() },
            "write" => Call::Write { fd, at: None, bytes: written(unhex(args[1])) },
            "pwrite64" => Call::Write { fd, at: args[3].parse().ok(), bytes: written(unhex(args[1])) },
            "writev" => Call::Write { fd, at: None, bytes: written(pieces(args)) },
            "ftruncate" => Call::Truncate { fd, length: args[1].parse().unwrap() },
            "fsync" | "fdatasync" => Call::Sync { fd },
            _ => panic!("the recorder does not know {name}"),
        });
    }

    fn open(&mut self, path: &Path, flags: &str, fd: i32) {
        if !path.starts_with(self.root) {
            self.ours.remove(&fd);
            return;
        }
        assert!(!flags.contains("O_TMPFILE"), "the recorder does not know files without a name");
        self.ours.insert(fd, path.to_owned());
        self.calls.push(Call::Open {
            fd,
            path: path.to_owned(),
            create: flags.contains("O_CREAT"),
            truncate: flags.contains("O_TRUNC"),
            append: flags.contains("O_APPEND"),
        });
    }

    fn closed(&mut self, fd: i32) {
        if self.ours.remove(&fd).is_some() {
            self.calls.push(Call::Close { fd });
        }
    }

    fn copied(&mut self, from: i32, to: i32) {
        if let Some(path) = self.ours.get(&from).cloned() {
            self.ours.insert(to, path);
            self.calls.push(Call::Copy { from, to });
        }
    }

    fn one(&mut self, folder: Option<&str>, path: &str, call: impl Fn(PathBuf) -> Call) {
        let path = self.path(folder, path);
        if path.starts_with(self.root) {
            self.calls.push(call(path));
        }
    }

    fn two(&mut self, a: Option<&str>, from: &str, b: Option<&str>, to: &str, call: impl Fn(PathBuf, PathBuf) -> Call) {
        let (from, to) = (self.path(a, from), self.path(b, to));
        assert_eq!(from.starts_with(self.root), to.starts_with(self.root), "moved over the folder's border");
        if from.starts_with(self.root) {
            self.calls.push(call(from, to));
        }
    }

    /// A path as an argument, relative to the descriptor of a folder.
    fn path(&self, folder: Option<&str>, path: &str) -> PathBuf {
        let path = unquoted(path).unwrap_or_else(|| panic!("not a path: {path:.200}"));
        match folder.and_then(|folder| folder.split_once('<')) {
            Some((_, of)) => PathBuf::from(text(&unhex(of))).join(path),
            None => path,
        }
    }
}

fn unquoted(arg: &str) -> Option<PathBuf> {
    arg.starts_with('"').then(|| PathBuf::from(text(&unhex(arg))))
}

/// The number before `<path>`.
fn descriptor(arg: &str) -> i32 {
    let digits = arg.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(i32::MAX)
}

/// The bytes of `\x41\x42`, whatever stands around and between.
fn unhex(escaped: &str) -> Vec<u8> {
    escaped.split("\\x").skip(1).map(|pair| u8::from_str_radix(&pair[..2], 16).unwrap()).collect()
}

/// The bytes of all pieces of a `writev`.
fn pieces(args: &[&str]) -> Vec<u8> {
    args.iter().filter(|arg| arg.contains("iov_base")).flat_map(|arg| unhex(arg)).collect()
}

#[test]
fn calls_are_read_from_a_record() {
    let record = r#"7 openat(AT_FDCWD<\x2f\x74>, "\x2f\x73\x2f\x61", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 5<\x2f\x73\x2f\x61>
7 write(5<\x2f\x73\x2f\x61>, "\x41\x42\x43", 3 <unfinished ...>
8 close(6<\x2f\x78> <unfinished ...>
8 <... close resumed>) = 0
7 <... write resumed>)             = 2
7 fsync(5<\x2f\x73\x2f\x61>) = 0
7 close(5<\x2f\x73\x2f\x61>) = 0
7 write(1<\x70\x69\x70\x65>, "\x7b", 1) = 1
7 rename("\x2f\x73\x2f\x61", "\x2f\x73\x2f\x62") = 0
7 unlink("\x2f\x73\x2f\x63") = -1 ENOENT (No such file or directory)
7 +++ exited with 0 +++
"#;
    let path = PathBuf::from("/s/a");
    let wanted = [
        Call::Open { fd: 5, path: path.clone(), create: true, truncate: false, append: false },
        Call::Write { fd: 5, at: None, bytes: b"AB".to_vec() },
        Call::Sync { fd: 5 },
        Call::Close { fd: 5 },
        Call::Printed,
        Call::Rename { from: path, to: PathBuf::from("/s/b") },
    ];
    assert_eq!(parse(record, Path::new("/s")), wanted);
}
