//! Editions of a report: numbered, signed, rebuilt byte for byte after records came late, and any altered byte found.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use vigie::app::report::{Request, build, sign, withdraw};
use vigie::app::{App, editions};
use vigie::error::Kind;
use vigie::model::access::Role;
use vigie::model::edition::{EditionId, State, Step};
use vigie::model::time::parse_period_name;
use vigie::render::document::{Block, Document};

use crate::leak::contains_near;
use crate::support::{extracts, ingest, loader, new_store, somebody};

/// A store with the island's incidents and crimes.
async fn island() -> (tempfile::TempDir, App) {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    for table in ["incidents", "crimes"] {
        let file = extracts().join(format!("{table}.csv.gz"));
        ingest(&app, &format!("jersey-{table}"), &[file]).await.unwrap();
    }
    (folder, app)
}

fn request(edition: &str, out: Option<&Path>) -> Request {
    Request {
        edition: edition.to_owned(),
        period_name: "2017-Q3".to_owned(),
        period: parse_period_name("2017-Q3").unwrap(),
        weights: None,
        out: out.map(Path::to_owned),
    }
}

/// The rows of the incidents extract that `keep` takes, as a file of its own; `change` makes another version of each.
fn some_incidents(
    folder: &Path,
    name: &str,
    keep: impl Fn(&str) -> bool,
    change: impl Fn(Vec<String>) -> Vec<String>,
) -> PathBuf {
    let bytes = fs::read(extracts().join("incidents.csv.gz")).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text).unwrap();
    let mut lines = text.lines();
    let mut out = format!("{}\n", lines.next().unwrap());
    for line in lines.filter(|line| keep(line)) {
        let cells = change(line.split(',').map(str::to_owned).collect());
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    let path = folder.join(name);
    fs::write(&path, out).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_rebuilds_byte_for_byte_after_late_and_revised_records() {
    let (folder, app) = island().await;
    let out = folder.path().join("report");
    let who = loader();
    let first = build(&app, &who, &request("authority", Some(&out))).await.unwrap();
    let signed = sign(&app, &who, &first.id, Step::SignedFinal, "", Some(&out)).unwrap();
    assert_eq!(signed.state, State::Final);
    let place = signed.folder.clone().unwrap();
    assert!(editions::verify(&app, &who, &first.id, Some(&place)).unwrap().is_empty());

    // One record more, of August, and one that is regraded from 1 to 2.
    let late = some_incidents(
        folder.path(),
        "late.csv",
        |line| line.starts_with("I2017-0080"),
        |mut cells| {
            cells[0] = format!("L{}", cells[0]);
            cells
        },
    );
    let count = fs::read_to_string(&late).unwrap().lines().count() - 1;
    assert!(count > 0, "there are rows to come late");
    let months: Vec<String> = fs::read_to_string(&late)
        .unwrap()
        .lines()
        .skip(1)
        .map(|l| l.split(',').nth(2).unwrap()[..7].to_owned())
        .collect();
    let report = ingest(&app, "jersey-incidents", &[late]).await.unwrap();
    assert_eq!(report.accepted, count as u64);

    let rebuilt = editions::rebuild(&app, &who, &first.id, Some(&folder.path().join("again"))).unwrap();
    assert!(rebuilt.different.is_empty() && rebuilt.made_by.is_none(), "{:?}", rebuilt.different);
    for file in &signed.files {
        let again = fs::read(folder.path().join("again").join(first.id.to_string()).join(&file.name)).unwrap();
        assert_eq!(fs::read(place.join(&file.name)).unwrap(), again, "{}", file.name);
    }

    let second = build(&app, &who, &request("authority", None)).await.unwrap();
    assert_eq!(second.id.to_string(), "authority-2017-Q3-2");
    let bytes = editions::read(&app, &who, Some(&second.id), "document.json").unwrap();
    let document = Document::from_json(&bytes).unwrap();
    let listed = document.tables().find(|table| table.id == "revisions_list").unwrap();
    assert_eq!(listed.rows.len(), second.revisions);
    assert!(listed.rows.iter().all(|row| row.last().unwrap().shown() == "data"));
    // Exactly the months that records came late in, and incidents recorded among them.
    let is_incidents = |row: &&Vec<vigie::render::document::Cell>| row[0].shown().starts_with("M01 ");
    let changed: Vec<&str> = listed.rows.iter().filter(is_incidents).map(|row| row[1].shown()).collect();
    let mut wanted: Vec<String> = months.iter().map(|month| vigie::analysis::kpi::period_words(month)).collect();
    wanted.dedup();
    assert_eq!(changed, wanted);
    let replaced = sign(&app, &who, &second.id, Step::SignedFinal, "", None).unwrap_err();
    assert!(replaced.message().contains("say why"), "{replaced}");
    let corrected = sign(&app, &who, &second.id, Step::SignedFinal, "late records", None).unwrap();
    assert_eq!(corrected.state, State::Corrected);
    let states: Vec<State> = editions::list(&app, &who).unwrap().iter().map(|edition| edition.state).collect();
    assert_eq!(states, [State::Corrected, State::Superseded]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_byte_is_found_wherever_it_is() {
    let (folder, app) = island().await;
    let who = loader();
    let built = build(&app, &who, &request("public", Some(&folder.path().join("report")))).await.unwrap();
    let place = built.folder.clone().unwrap();
    let names = built.files.iter().map(|file| file.name.clone()).chain(["manifest.json".to_owned()]);
    for name in names {
        let path = place.join(&name);
        let whole = fs::read(&path).unwrap();
        let mut altered = whole.clone();
        let at = altered.len() / 2;
        altered[at] ^= 1;
        fs::write(&path, &altered).unwrap();
        let found = editions::verify(&app, &who, &built.id, Some(&place)).unwrap();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(found[0].file.ends_with(&name) && found[0].what == "was changed", "{found:?}");
        fs::write(&path, &whole).unwrap();
    }
    fs::File::create(place.join("more.html")).unwrap().write_all(b"x").unwrap();
    let found = editions::verify(&app, &who, &built.id, Some(&place)).unwrap();
    assert!(found.len() == 1 && found[0].what == "does not belong to the edition", "{found:?}");
    fs::remove_file(place.join("more.html")).unwrap();

    // The same in the store itself: the edition is not given out, and the store's own check names the file.
    let kept = app.store.root().join(format!("editions/{}/1/report.html", built.id));
    let mut bytes = fs::read(&kept).unwrap();
    bytes[100] ^= 1;
    fs::write(&kept, bytes).unwrap();
    assert_eq!(editions::verify(&app, &who, &built.id, None).unwrap().len(), 1);
    assert_eq!(editions::read(&app, &who, Some(&built.id), "report.html").unwrap_err().kind(), Kind::Data);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_sign_and_what_may_follow() {
    let (_folder, app) = island().await;
    let manager = somebody(&[Role::PerformanceManager]);
    let built = build(&app, &manager, &request("authority", None)).await.unwrap();
    for role in [Role::Public, Role::Officer, Role::Inspector, Role::Auditor, Role::Admin] {
        let error = sign(&app, &somebody(&[role]), &built.id, Step::SignedFinal, "", None).unwrap_err();
        assert_eq!(error.kind(), Kind::Denied, "{role:?}");
        let error = withdraw(&app, &somebody(&[role]), &built.id, "wrong").unwrap_err();
        assert_eq!(error.kind(), Kind::Denied, "{role:?}");
    }
    let provisional = sign(&app, &manager, &built.id, Step::SignedProvisional, "", None).unwrap();
    assert_eq!(provisional.state, State::Provisional);
    let document =
        Document::from_json(&editions::read(&app, &manager, Some(&built.id), "document.json").unwrap()).unwrap();
    assert_eq!(document.state, "provisional");
    withdraw(&app, &manager, &built.id, "wrong quarter").unwrap();
    assert_eq!(sign(&app, &manager, &built.id, Step::SignedFinal, "", None).unwrap_err().kind(), Kind::Input);
    let nobody = EditionId::parse("authority-2016-Q1-1").unwrap();
    assert_eq!(editions::read(&app, &manager, Some(&nobody), "report.html").unwrap_err().kind(), Kind::Missing);
    assert!(editions::read(&app, &manager, Some(&built.id), "../../control.sqlite").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_edition_names_no_sensitive_measure() {
    let (_folder, app) = island().await;
    let who = loader();
    let built = build(&app, &who, &request("public", None)).await.unwrap();
    let document = Document::from_json(&editions::read(&app, &who, Some(&built.id), "document.json").unwrap()).unwrap();
    let heads = document.blocks().filter(|block| matches!(block, Block::Heading { text, .. } if text.contains("M15")));
    assert_eq!(heads.count(), 0);
    let sensitive = vigie::analysis::definition::builtin()
        .unwrap()
        .into_iter()
        .filter(|kpi| kpi.sensitivity == vigie::analysis::definition::Sensitivity::OfficialSensitive);
    for kpi in sensitive {
        for name in app.store.edition_files(&built.id, 1).unwrap() {
            let bytes = app.store.edition_file(&built.id, 1, &name).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(&kpi.title), "{name} names {}", kpi.title);
        }
    }
}

/// Numbers that the public edition of a period hides and the Authority's shows, each with its table and the name of its row.
fn hidden(public: &Document, full: &Document) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    for table in public.tables().filter(|table| table.id.ends_with("_series")) {
        let Some(whole) = full.tables().find(|other| other.id == table.id) else { continue };
        for (row, true_row) in table.rows.iter().zip(&whole.rows) {
            for (cell, true_cell) in row.iter().zip(true_row) {
                if cell.shown() == "[c]" && true_cell.shown() != "[c]" && !true_cell.shown().starts_with('[') {
                    out.push((table.title.clone(), row[0].shown().to_owned(), true_cell.shown().to_owned()));
                }
            }
        }
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hidden_number_of_a_public_edition_stands_beside_its_label_in_any_file() {
    let (_folder, app) = island().await;
    let who = loader();
    let read = |id: &EditionId| {
        Document::from_json(&editions::read(&app, &loader(), Some(id), "document.json").unwrap()).unwrap()
    };
    let full = build(&app, &who, &request("authority", None)).await.unwrap();
    let public = build(&app, &who, &request("public", None)).await.unwrap();
    sign(&app, &who, &public.id, Step::SignedFinal, "", None).unwrap();
    let (full, shown) = (read(&full.id), read(&public.id));
    let hidden = hidden(&shown, &full);
    assert!(!hidden.is_empty(), "the island has measures with small months");
    let mut searched = 0;
    for name in app.store.edition_files(&public.id, 2).unwrap() {
        // Files of one table are searched for its numbers. Those of the whole report are made of the same document and
        // nothing else: tests/it/report_files.rs searches each format.
        let bytes = app.store.edition_file(&public.id, 2, &name).unwrap();
        for (title, row, value) in &hidden {
            let stem = name.strip_prefix("tables/").map(|file| file.split('.').next().unwrap_or_default());
            let own = shown.tables().find(|table| table.title == *title).map(|table| table.id.as_str());
            // The descriptor of a table holds no numbers of it.
            if stem.is_none() || stem != own || name.contains("metadata") {
                continue;
            }
            searched += 1;
            let found = contains_near(&name, &bytes, row, value);
            // Years and months are numbers too: what stands there must be the value itself, as a figure of that row.
            assert!(found.is_none(), "{name}: {value} beside {row} of {title}: {found:?}");
        }
    }
    assert!(searched >= hidden.len(), "{searched} searches for {} numbers", hidden.len());
    println!("{} hidden numbers, {searched} searches, none found", hidden.len());
    // Nor in the charts: neither in their texts nor in what is said for those who do not see them.
    for (title, row, value) in &hidden {
        let Some(id) = title.split(' ').next().map(|measure| format!("{}-chart", measure.to_lowercase())) else {
            continue;
        };
        for figure in shown.figures().filter(|figure| figure.id == id) {
            assert!(
                contains_near("chart.svg", figure.svg.as_bytes(), row, value).is_none(),
                "{title}: {value} at {row}"
            );
            // A sentence begins with month and value: `June 2017: 93.8% of …`.
            assert!(!figure.alt.contains(&format!("{row}: {value} ")), "{title}");
        }
    }
}
