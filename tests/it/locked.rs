//! What the build is made of, from `cargo metadata`: one version of the crates whose types cross between modules, and
//! licences that may be passed on. Advisory databases are not asked: they may be out of reach.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Two of any of these would be rows, shapes or cells of two kinds in one program.
const ONE_VERSION: [&str; 6] = ["arrow", "datafusion", "object_store", "geo-types", "h3o", "axum"];

/// Licences (SPDX) that may be passed on with the program. `deny.toml` has the same list.
const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "bzip2-1.0.6",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

struct Package {
    name: String,
    version: String,
    license: String,
}

/// Packages that may be built into the program or run while it is built, found by walking from the root of the resolved
/// graph: the lock file lists more.
fn built() -> Vec<Package> {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let about = String::from_utf8(rustc.stdout).unwrap();
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let by_id = |list: &Value| -> BTreeMap<String, Value> {
        list.as_array().unwrap().iter().map(|one| (one["id"].as_str().unwrap().to_owned(), one.clone())).collect()
    };
    let (packages, nodes) = (by_id(&metadata["packages"]), by_id(&metadata["resolve"]["nodes"]));
    let mut seen = BTreeSet::new();
    let mut open = vec![metadata["resolve"]["root"].as_str().unwrap().to_owned()];
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        for dependency in nodes[&id]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                open.push(dependency["pkg"].as_str().unwrap().to_owned());
            }
        }
    }
    let word = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    seen.iter()
        .map(|id| &packages[id])
        .map(|p| Package { name: word(p, "name"), version: word(p, "version"), license: word(p, "license") })
        .collect()
}

/// Whether an SPDX expression leaves a choice of which every part is allowed. `a/b` is the old way to write `a OR b`.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let allowed = any_of(&words, &mut at);
    allowed && at == words.len() && at > 0
}

fn any_of(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = all_of(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        allowed |= all_of(words, at);
    }
    allowed
}

fn all_of(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        allowed &= one(words, at);
    }
    allowed
}

fn one(words: &[&str], at: &mut usize) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let allowed = any_of(words, at);
        *at += 1;
        return allowed;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return ALLOWED.contains(&format!("{word} WITH {exception}").as_str());
    }
    ALLOWED.contains(word)
}

#[test]
fn one_version_of_each_crate_whose_types_cross() {
    let built = built();
    println!("{} packages are built", built.len());
    for name in ONE_VERSION {
        let versions: Vec<&str> = built.iter().filter(|p| p.name == name).map(|p| p.version.as_str()).collect();
        assert_eq!(versions.len(), 1, "{name}: {versions:?}");
    }
    let majors: BTreeSet<&str> = built
        .iter()
        .filter(|p| p.name.starts_with("arrow-") && p.name != "arrow-avro" || p.name == "parquet")
        .filter_map(|p| p.version.split('.').next())
        .collect();
    assert_eq!(majors.len(), 1, "arrow and parquet of several majors: {majors:?}");
}

#[test]
fn every_licence_may_be_passed_on() {
    let built = built();
    let wrong: Vec<String> = built
        .iter()
        .filter(|p| !is_allowed(&p.license))
        .map(|p| format!("{} {}: `{}`", p.name, p.version, p.license))
        .collect();
    assert!(wrong.is_empty(), "not on the list of allowed licences:\n{}", wrong.join("\n"));
}

#[test]
fn licence_expressions_are_read_as_spdx() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception",
        "ISC AND (Apache-2.0 OR ISC)",
    ] {
        assert!(is_allowed(good), "{good}");
    }
    for bad in
        ["", "GPL-3.0", "MIT AND GPL-3.0", "GPL-2.0 WITH Classpath-exception-2.0", "(MIT OR Apache-2.0) AND AGPL-3.0"]
    {
        assert!(!is_allowed(bad), "{bad}");
    }
}

#[test]
fn deny_toml_has_the_same_licences() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap();
    let deny: toml::Table = toml::from_str(&text).unwrap();
    let listed: Vec<&str> =
        deny["licenses"]["allow"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(listed, ALLOWED);
}
