//! The audit's chain, and what an interrupted write leaves.

use super::*;

fn event(action: &str, at: i64) -> AuditEvent {
    AuditEvent {
        at: DateTime::from_timestamp(at, 0).unwrap(),
        who: "somebody".into(),
        roles: "analyst".into(),
        via: "test".into(),
        action: action.into(),
        subject: "crimes} \"x\"\n".into(),
        purpose: String::new(),
        reference: String::new(),
        outcome: "allowed".into(),
        store_version: 3,
    }
}

fn audit_of(actions: &[(&str, i64)]) -> (tempfile::TempDir, Audit) {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::of(folder.path());
    for (action, at) in actions {
        audit.append(&event(action, *at)).unwrap();
    }
    (folder, audit)
}

fn edit(folder: &Path, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = folder.join(FOLDER).join(name);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, change(bytes)).unwrap();
}

const MONTH: i64 = 31 * 86_400;

#[test]
fn an_edited_or_removed_line_breaks_the_chain() {
    let (folder, audit) = audit_of(&[("a", 0), ("b", 0), ("c", 0)]);
    assert_eq!(audit.verify(&BTreeMap::new()).unwrap().line, 3);
    let whole = fs::read(folder.path().join("audit/1970-01.jsonl")).unwrap();
    edit(folder.path(), "1970-01.jsonl", |bytes| {
        String::from_utf8(bytes).unwrap().replacen("\"action\":\"b\"", "\"action\":\"d\"", 1).into_bytes()
    });
    let error = audit.verify(&BTreeMap::new()).unwrap_err();
    assert!(error.message().contains("line 2"), "{error}");
    assert_eq!(error.place(), Some("audit/1970-01.jsonl:2"));
    edit(folder.path(), "1970-01.jsonl", |_| whole.clone());
    edit(folder.path(), "1970-01.jsonl", |bytes| {
        let lines: Vec<_> = bytes.split_inclusive(|b| *b == b'\n').collect();
        [lines[0], lines[2]].concat()
    });
    assert!(audit.verify(&BTreeMap::new()).is_err());
}

#[test]
fn the_chain_runs_on_over_months_and_a_clock_that_goes_back() {
    let (folder, audit) = audit_of(&[("a", 0), ("b", MONTH), ("c", 0)]);
    assert_eq!(audit.files().unwrap(), ["1970-01.jsonl", "1970-02.jsonl"]);
    // Another process adds a line: this one reads the end again.
    Audit::of(folder.path()).append(&event("d", 3 * MONTH)).unwrap();
    audit.append(&event("e", 3 * MONTH)).unwrap();
    let head = audit.verify(&BTreeMap::new()).unwrap();
    assert_eq!((head.line, &head), (5, &audit.head().unwrap()));
    let newest: Vec<_> = audit.list(4).unwrap().into_iter().map(|line| line.action).collect();
    assert_eq!(newest, ["e", "d", "c", "b"]);
    assert_eq!(audit.list(100).unwrap().len(), 5);
    assert_eq!(audit.list(0).unwrap().len(), 0);
}

#[test]
fn a_line_cut_short_is_no_line_and_the_next_goes_in_its_place() {
    let (folder, _) = audit_of(&[("a", 0), ("b", 0)]);
    let whole = fs::read(folder.path().join("audit/1970-01.jsonl")).unwrap();
    let first = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
    for cut in first..whole.len() {
        edit(folder.path(), "1970-01.jsonl", |_| whole[..cut].to_vec());
        let audit = Audit::of(folder.path());
        assert_eq!(audit.list(9).unwrap().len(), 1, "cut at {cut}");
        assert_eq!(audit.verify(&BTreeMap::new()).unwrap().line, 1);
        audit.append(&event("b", 0)).unwrap();
        assert_eq!(fs::read(folder.path().join("audit/1970-01.jsonl")).unwrap(), whole);
    }
}

#[test]
fn every_changed_byte_is_found_even_the_last() {
    let (folder, audit) = audit_of(&[("a", 0), ("b", 0)]);
    let whole = fs::read(folder.path().join("audit/1970-01.jsonl")).unwrap();
    for at in 0..whole.len() {
        for flip in [1, 0x20, 0x80, 0xff] {
            edit(folder.path(), "1970-01.jsonl", |_| {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                bytes
            });
            assert!(audit.verify(&BTreeMap::new()).is_err(), "byte {at} changed by {flip}");
        }
    }
    // Nor is a changed end taken for a write that was cut short.
    edit(folder.path(), "1970-01.jsonl", |_| [&whole[..whole.len() - 1], b" "].concat());
    assert!(Audit::of(folder.path()).append(&event("c", 0)).is_err());
}

#[test]
fn anchors_show_a_tail_that_was_cut_off_and_a_chain_made_anew() {
    let (folder, audit) = audit_of(&[("a", 0), ("b", 0)]);
    let head = audit.head().unwrap();
    let anchors =
        BTreeMap::from([(0, Anchor { version: 0, hash: String::new() }), (2, Anchor { version: 1, hash: head.hash })]);
    assert_eq!(audit.verify(&anchors).unwrap().line, 2);
    edit(folder.path(), "1970-01.jsonl", |bytes| bytes.split_inclusive(|b| *b == b'\n').next().unwrap().to_vec());
    let error = audit.verify(&anchors).unwrap_err();
    assert!(error.message().contains("store version 1"), "{error}");
    let (_other, anew) = audit_of(&[("a", 0), ("c", 0)]);
    assert!(anew.verify(&anchors).unwrap_err().message().contains("store version 1"));
}
