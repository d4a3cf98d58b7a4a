//! The picture of ARCHITECTURE.md, enforced: imports point one way, each heavy crate has a home, files stay short.

use std::fs;
use std::path::{Path, PathBuf};

/// Rank of every top-level module. A module imports only lower ranks.
const RANKS: &[(&str, u8)] = &[
    ("error", 0),
    ("model", 1),
    ("config", 2),
    ("space", 2),
    ("stats", 2),
    ("store", 3),
    ("analysis", 3),
    ("ingest", 4),
    ("engine", 4),
    ("patrol", 4),
    ("sample", 4),
    ("render", 5),
    ("app", 6),
    ("cli", 7),
    ("serve", 7),
    ("main", 8),
    ("lib", 9),
];

/// Heavy crates and the only paths that may name them.
const HOMES: &[(&str, &[&str])] = &[
    ("polars", &["ingest/", "ingest.rs", "analysis/anpr", "analysis/trend", "model/bridge"]),
    ("datafusion", &["engine/", "engine.rs", "store/", "store.rs"]),
    ("deltalake_core", &["store/", "store.rs"]),
    ("rusqlite", &["store/", "store.rs"]),
    ("h3o", &["space/"]),
    ("geo", &["space/"]),
    ("geo_types", &["space/"]),
    ("geojson", &["space/"]),
    ("rstar", &["space/"]),
    ("proj4rs", &["space/project"]),
    ("good_lp", &["analysis/sdc"]),
    ("plotters", &["render/chart"]),
    ("typst", &["render/document/pdf"]),
    ("typst_layout", &["render/document/pdf"]),
    ("typst_pdf", &["render/document/pdf"]),
    ("rust_xlsxwriter", &["render/document/xlsx"]),
    ("axum", &["serve/", "serve.rs"]),
    ("clap", &["cli/", "cli.rs"]),
];

/// Lines of a file that are not tests.
const LONGEST: usize = 700;

struct Source {
    /// Path below `src`, with forward slashes.
    path: String,
    /// Lines up to the tests at the bottom, comments blanked.
    code: String,
}

impl Source {
    fn module(&self) -> &str {
        let end = self.path.find(['/', '.']).unwrap_or(self.path.len());
        &self.path[..end]
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    assert!(files.len() > 10, "found too few sources under src");
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            Source { code: without_tests_and_comments(&text), path }
        })
        .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|suffix| suffix == "rs")
            && !path.file_stem().unwrap().to_str().unwrap().ends_with("_tests")
        {
            files.push(path);
        }
    }
}

/// Drops every item under a line `#[cfg(test)]` (to its closing brace or semicolon at that indent) and every comment
/// line.
fn without_tests_and_comments(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            let indent = line.len() - line.trim_start().len();
            for line in lines.by_ref() {
                let ends = line.trim_end();
                let at_indent = ends.len() - ends.trim_start().len() == indent;
                if at_indent && (ends.trim_start().starts_with('}') || ends.ends_with(';')) {
                    break;
                }
            }
            continue;
        }
        if !line.trim_start().starts_with("//") {
            code.push_str(line);
        }
        code.push('\n');
    }
    code
}

/// Top-level modules that a text names as `crate::x` or inside `crate::{x::…, y}`.
fn imported(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut name = String::new();
            let mut in_name = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => in_name = true,
                    c if depth == 1 && in_name && (c.is_alphanumeric() || c == '_') => name.push(c),
                    c if depth == 1 && c.is_whitespace() => continue,
                    _ => in_name = false,
                }
                if !(name.is_empty() || c.is_alphanumeric() || c == '_') {
                    found.push(std::mem::take(&mut name));
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

fn rank(module: &str) -> Option<u8> {
    RANKS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}

/// What is wrong with the imports of one file.
fn breaches(source: &Source) -> Vec<String> {
    let module = source.module();
    let Some(own) = rank(module) else {
        return vec![format!("{}: the module `{module}` has no rank; give it one", source.path)];
    };
    let mut wrong = Vec::new();
    for other in imported(&source.code) {
        if other == module {
            continue;
        }
        match rank(&other) {
            Some(_) if module == "stats" && other != "error" => {
                wrong.push(format!("{}: stats imports only error, not {other}", source.path));
            }
            Some(theirs) if theirs >= own => {
                wrong.push(format!("{}: {module} (rank {own}) imports {other} (rank {theirs})", source.path));
            }
            // Lower ranks are fine; macros and re-exports at the root have none.
            _ => {}
        }
    }
    wrong
}

/// Whether a text names a crate: the whole word, followed by `::`, or in a `use` of it.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let starts = !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '/' || c == '-');
        starts && (after.starts_with("::") || (code[..at].ends_with("use ") && after.starts_with([';', ' '])))
    })
}

#[test]
fn imports_point_one_way() {
    let wrong: Vec<String> = sources().iter().flat_map(breaches).collect();
    assert!(wrong.is_empty(), "imports that point up or sideways:\n{}", wrong.join("\n"));
}

#[test]
fn every_heavy_crate_stays_at_home() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, homes) in HOMES {
            if names_crate(&source.code, name) && !homes.iter().any(|home| source.path.starts_with(home)) {
                wrong.push(format!("{} names {name}, whose home is {}", source.path, homes.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "crates away from home:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_short() {
    let mut lengths: Vec<(usize, String)> =
        sources().into_iter().map(|source| (source.code.lines().count(), source.path)).collect();
    lengths.sort();
    let long: Vec<_> = lengths.iter().filter(|(lines, _)| *lines > LONGEST).collect();
    assert!(long.is_empty(), "split these: {long:?}");
    println!("median of {} files: {} lines", lengths.len(), lengths[lengths.len() / 2].0);
}

#[test]
fn a_breach_would_be_seen() {
    let source = |path: &str, code: &str| Source { path: path.into(), code: without_tests_and_comments(code) };
    let wrong = |path: &str, code: &str| breaches(&source(path, code)).len();
    assert_eq!(wrong("store/mod.rs", "use crate::analysis::kpi;"), 1);
    assert_eq!(wrong("stats/fdr.rs", "use crate::model::time;"), 1);
    assert_eq!(wrong("space/cell.rs", "let x = crate::app::App::new();"), 1);
    assert_eq!(wrong("model/time.rs", "use crate::{\n    error::{Error, Result},\n    space::Point,\n};"), 1);
    assert_eq!(wrong("ingest/read.rs", "use crate::{error::Result, space::{cell::Cell, app}};"), 0);
    assert_eq!(
        wrong(
            "app/mod.rs",
            "// use crate::cli;\nuse crate::store::Store;\n#[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n"
        ),
        0
    );
    assert_eq!(wrong("novelty.rs", ""), 1);
    assert!(names_crate("use geo::Area;", "geo") && names_crate("fn f() { h3o::LatLng }", "h3o"));
    assert!(!names_crate("use crate::geo::x;", "geo") && !names_crate("geojson::x", "geo"));
}
