//! A disk that forgets: what was not synced may be lost when the power goes, bytes and names alike.
//!
//! Bytes last once their file was synced, names once their folder was. What was not may be there, or not, or in part:
//! a file system promises no order. A rename is there whole or not at all.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::Dice;
use super::recording::Call;
use super::trial::Snapshot;

/// What a power loss leaves of the things that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nothing.
    All,
    /// Names, but no bytes: files that are empty or as they were.
    Bytes,
    /// Bytes, but no names.
    Names,
    /// Each write and each name by a coin.
    Some,
    /// All but a part of the last write of each file.
    Torn,
}

impl Loss {
    pub const EACH: [Loss; 5] = [Loss::All, Loss::Bytes, Loss::Names, Loss::Some, Loss::Torn];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File(usize),
    Folder,
}

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Write { at, bytes } => {
                to.resize(to.len().max(at + bytes.len()), 0);
                to[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Change::Truncate(length) => to.resize(*length, 0),
        }
    }

    /// The part of it that reached the disk.
    fn torn(&self, dice: &mut Dice) -> Change {
        match self {
            Change::Write { at, bytes } => {
                let whole_blocks = bytes.len() / 512 * 512;
                let kept = if whole_blocks > 512 && dice.coin() { whole_blocks / 2 } else { dice.below(bytes.len()) };
                Change::Write { at: *at, bytes: bytes[..kept].to_vec() }
            }
            truncate @ Change::Truncate(_) => truncate.clone(),
        }
    }
}

#[derive(Debug, Default)]
struct File {
    /// What is on the disk for good.
    kept: Vec<u8>,
    /// What was written since.
    pending: Vec<Change>,
    now: Vec<u8>,
}

/// Names that are made or go together.
#[derive(Debug)]
struct Naming {
    /// The folder whose sync makes it last.
    folder: PathBuf,
    names: Vec<(PathBuf, Option<Node>)>,
}

#[derive(Debug, Clone)]
struct Opened {
    path: PathBuf,
    node: Node,
    at: usize,
    append: bool,
}

/// The folder as its user sees it, and as the disk has it.
pub struct Disk {
    root: PathBuf,
    files: Vec<File>,
    names: BTreeMap<PathBuf, Node>,
    kept_names: BTreeMap<PathBuf, Node>,
    pending: Vec<Naming>,
    opened: Vec<Opened>,
    descriptors: HashMap<i32, usize>,
}

impl Disk {
    /// A folder whose files last already.
    pub fn new(root: &Path, files: &Snapshot) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            files: Vec::new(),
            names: BTreeMap::from([(root.to_owned(), Node::Folder)]),
            kept_names: BTreeMap::new(),
            pending: Vec::new(),
            opened: Vec::new(),
            descriptors: HashMap::new(),
        };
        for (name, bytes) in files {
            let node = match bytes {
                Some(bytes) => disk.new_file(bytes.clone()),
                None => Node::Folder,
            };
            disk.names.insert(root.join(name), node);
        }
        disk.kept_names = disk.names.clone();
        disk
    }

    fn new_file(&mut self, bytes: Vec<u8>) -> Node {
        self.files.push(File { kept: bytes.clone(), pending: Vec::new(), now: bytes });
        Node::File(self.files.len() - 1)
    }

    /// Does what the call did. Returns whether a power loss could find something else now than before.
    pub fn apply(&mut self, call: &Call) -> bool {
        match call {
            Call::Open { fd, path, create, truncate, append } => {
                return self.open(*fd, path, *create, *truncate, *append);
            }
            Call::Close { fd } => {
                self.descriptors.remove(fd);
                return false;
            }
            Call::Copy { from, to } => {
                self.descriptors.insert(*to, self.descriptors[from]);
                return false;
            }
            Call::Seek { fd, at } => {
                self.of(*fd).at = *at as usize;
                return false;
            }
            Call::Write { fd, at, bytes } => self.write(*fd, *at, bytes),
            Call::Truncate { fd, length } => {
                let node = self.of(*fd).node;
                self.change(node, Change::Truncate(*length as usize));
            }
            Call::Sync { fd } => self.sync(*fd),
            Call::Rename { from, to } => {
                let node = self.names[from];
                assert_ne!(node, Node::Folder, "the disk does not know how to rename a folder");
                self.name(to, vec![(from.clone(), None), (to.clone(), Some(node))]);
            }
            Call::Link { from, to } => self.name(to, vec![(to.clone(), Some(self.names[from]))]),
            Call::Unlink { path } | Call::RemoveFolder { path } => self.name(path, vec![(path.clone(), None)]),
            Call::MakeFolder { path } => self.name(path, vec![(path.clone(), Some(Node::Folder))]),
            Call::Printed => {}
        }
        true
    }

    fn of(&mut self, fd: i32) -> &mut Opened {
        &mut self.opened[self.descriptors[&fd]]
    }

    fn open(&mut self, fd: i32, path: &Path, create: bool, truncate: bool, append: bool) -> bool {
        let known = self.names.get(path).copied();
        let node = known.unwrap_or_else(|| {
            assert!(create, "{} was opened and never made", path.display());
            let node = self.new_file(Vec::new());
            self.name(path, vec![(path.to_owned(), Some(node))]);
            node
        });
        self.opened.push(Opened { path: path.to_owned(), node, at: 0, append });
        self.descriptors.insert(fd, self.opened.len() - 1);
        if let (Node::File(file), true) = (node, truncate)
            && !self.files[file].now.is_empty()
        {
            self.change(node, Change::Truncate(0));
            return true;
        }
        known.is_none()
    }

    fn write(&mut self, fd: i32, at: Option<u64>, bytes: &[u8]) {
        let opened = self.of(fd).clone();
        let Node::File(file) = opened.node else { panic!("a folder was written to") };
        let start = match at {
            Some(at) => at as usize,
            None if opened.append => self.files[file].now.len(),
            None => opened.at,
        };
        if at.is_none() {
            self.of(fd).at = start + bytes.len();
        }
        self.change(opened.node, Change::Write { at: start, bytes: bytes.to_vec() });
    }

    fn change(&mut self, node: Node, change: Change) {
        let Node::File(file) = node else { panic!("a folder was written to") };
        change.apply(&mut self.files[file].now);
        self.files[file].pending.push(change);
    }

    fn name(&mut self, path: &Path, names: Vec<(PathBuf, Option<Node>)>) {
        assign(&mut self.names, &names);
        self.pending.push(Naming { folder: path.parent().unwrap().to_owned(), names });
    }

    fn sync(&mut self, fd: i32) {
        let opened = self.of(fd).clone();
        match opened.node {
            Node::File(file) => {
                let file = &mut self.files[file];
                file.kept.clone_from(&file.now);
                file.pending.clear();
            }
            Node::Folder => {
                let (now, later) =
                    std::mem::take(&mut self.pending).into_iter().partition(|naming| naming.folder == opened.path);
                self.pending = later;
                let now: Vec<Naming> = now;
                for naming in now {
                    assign(&mut self.kept_names, &naming.names);
                }
            }
        }
    }

    /// The folder as its user sees it.
    pub fn now(&self) -> Snapshot {
        self.snapshot(&self.names, |file| file.now.clone())
    }

    /// The folder as a power loss leaves it.
    pub fn after(&self, loss: Loss, dice: &mut Dice) -> Snapshot {
        let mut names = self.kept_names.clone();
        for naming in &self.pending {
            let stays = match loss {
                Loss::All | Loss::Names => false,
                Loss::Bytes | Loss::Torn => true,
                Loss::Some => dice.coin(),
            };
            if stays {
                assign(&mut names, &naming.names);
            }
        }
        // Files in the order of their making, so that the dice fall the same for the same state.
        let bytes: Vec<Vec<u8>> = self.files.iter().map(|file| left(file, loss, dice)).collect();
        let mut found = Snapshot::new();
        for (path, node) in &names {
            // What lies in a folder whose own name was lost cannot be found.
            let reachable = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
            if path != &self.root && reachable.into_iter().all(|folder| names.get(folder) == Some(&Node::Folder)) {
                let name = path.strip_prefix(&self.root).unwrap().to_owned();
                found.insert(name, if let Node::File(file) = node { Some(bytes[*file].clone()) } else { None });
            }
        }
        found
    }

    fn snapshot(&self, names: &BTreeMap<PathBuf, Node>, bytes: impl Fn(&File) -> Vec<u8>) -> Snapshot {
        let below = names.iter().filter(|(path, _)| **path != self.root);
        below
            .map(|(path, node)| {
                let name = path.strip_prefix(&self.root).unwrap().to_owned();
                (name, if let Node::File(file) = node { Some(bytes(&self.files[*file])) } else { None })
            })
            .collect()
    }
}

fn assign(names: &mut BTreeMap<PathBuf, Node>, changes: &[(PathBuf, Option<Node>)]) {
    for (path, node) in changes {
        match node {
            Some(node) => names.insert(path.clone(), *node),
            None => names.remove(path),
        };
    }
}

fn left(file: &File, loss: Loss, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = file.kept.clone();
    let last = file.pending.len().saturating_sub(1);
    for (index, change) in file.pending.iter().enumerate() {
        match loss {
            Loss::All | Loss::Bytes => {}
            Loss::Some if dice.coin() => {}
            Loss::Torn if index == last => change.torn(dice).apply(&mut bytes),
            Loss::Names | Loss::Some | Loss::Torn => change.apply(&mut bytes),
        }
    }
    bytes
}

#[test]
fn what_was_synced_stays_and_what_was_not_may_go() {
    let root = Path::new("/s");
    let path = root.join("a");
    let open = Call::Open { fd: 5, path: path.clone(), create: true, truncate: false, append: false };
    let write = |bytes: &[u8]| Call::Write { fd: 5, at: None, bytes: bytes.to_vec() };
    let folder = Call::Open { fd: 6, path: root.to_owned(), create: false, truncate: false, append: false };
    let mut disk = Disk::new(root, &Snapshot::new());
    let mut dice = Dice::new(1);
    for call in [&open, &write(b"abc"), &Call::Sync { fd: 5 }, &write(b"def"), &folder] {
        disk.apply(call);
    }
    let with = |bytes: &[u8]| Snapshot::from([(PathBuf::from("a"), Some(bytes.to_vec()))]);
    assert_eq!(disk.now(), with(b"abcdef"));
    assert_eq!(disk.after(Loss::All, &mut dice), Snapshot::new(), "the folder was never synced");
    assert_eq!(disk.after(Loss::Bytes, &mut dice), with(b"abc"));
    disk.apply(&Call::Sync { fd: 6 });
    assert_eq!(disk.after(Loss::All, &mut dice), with(b"abc"));
    assert_eq!(disk.after(Loss::Names, &mut dice), with(b"abcdef"));
    disk.apply(&Call::Rename { from: path, to: root.join("b") });
    assert_eq!(disk.after(Loss::All, &mut dice), with(b"abc"), "or under its new name, but never under both or none");
    disk.apply(&Call::Sync { fd: 6 });
    assert_eq!(disk.after(Loss::All, &mut dice), Snapshot::from([(PathBuf::from("b"), Some(b"abc".to_vec()))]));
}
