//! The files of a report, opened by other readers and checked line by line: the structure that readers with assistive
//! technology rely on, and that all formats say the same.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use std::sync::LazyLock;

use calamine::{Data, Ods, Reader as _, Xlsx};
use vigie::render::document::{Cell, Column, Document, File, Shape, files};

use crate::leak::unescaped;
use crate::pdf_text;

fn document() -> Document {
    Document::from_json(include_bytes!("../reference/document.json")).unwrap()
}

/// Made once for all tests.
static FILES: LazyLock<Vec<File>> = LazyLock::new(|| files(&document()).unwrap());

fn file(name: &str) -> &'static [u8] {
    &FILES.iter().find(|file| file.name == name).unwrap().bytes
}

fn html() -> String {
    String::from_utf8(file("report.html").to_vec()).unwrap()
}

/// One entry of a ZIP.
fn entry(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn entries(bytes: &[u8]) -> Vec<String> {
    let archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    archive.file_names().map(|name| name.unwrap().into_owned()).collect()
}

/// The values of an attribute, in order.
fn attributes<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let key = format!(" {name}=\"");
    text.match_indices(&key).map(|(at, _)| text[at + key.len()..].split('"').next().unwrap()).collect()
}

/// The insides of an element, in order. The element does not hold another of its kind.
fn insides<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    text.split(&open)
        .skip(1)
        .filter(|part| part.starts_with(['>', ' ']))
        .map(|part| part.split_once('>').unwrap().1.split(&close).next().unwrap())
        .collect()
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let document = document();
    let first = files(&document).unwrap();
    assert_eq!(files(&document).unwrap(), first);
    let again = Document::from_json(&document.to_json().unwrap()).unwrap();
    assert_eq!(files(&again).unwrap(), first);
    let names: Vec<&str> = first.iter().map(|file: &File| file.name.as_str()).collect();
    assert!(names.is_sorted());
    assert_eq!(names.len(), 5 + 3 * document.tables().count());
}

#[test]
fn headings_of_the_page_nest_and_its_links_lead_somewhere() {
    let html = html();
    assert!(!html.contains("<script") && !html.contains(" style=\"") && !html.contains("src="));
    let mut level = 0;
    for (at, _) in html.match_indices("<h") {
        let Some(own) = html[at + 2..].chars().next().and_then(|c| c.to_digit(10)) else { continue };
        assert!(own <= level + 1, "h{own} after h{level}");
        level = own;
    }
    assert_eq!(html.matches("<h1").count(), 1);
    let ids = attributes(&html, "id");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for link in attributes(&html, "href") {
        assert!(unique.contains(link.strip_prefix('#').unwrap()), "{link}");
    }
    for name in attributes(&html, "aria-labelledby").iter().flat_map(|names| names.split(' ')) {
        assert!(unique.contains(name), "{name}");
    }
    assert!(html.contains("<html lang=\"en-GB\">") && html.contains("<main>"));
}

#[test]
fn every_picture_has_words_and_is_followed_by_its_table() {
    let html = html();
    let pictures: Vec<&str> = html.split("<svg").skip(1).collect();
    assert_eq!(pictures.len(), document().figures().count());
    for picture in pictures {
        let (svg, after) = picture.split_once("</svg>").unwrap();
        assert!(svg.split('>').next().unwrap().contains("role=\"img\""));
        assert!(insides(svg, "title")[0].len() > 10 && insides(svg, "desc")[0].len() > 10);
        let table = after.find("<table").unwrap();
        assert!(after.find("<h").is_none_or(|heading| heading > table));
    }
    for table in insides(&html, "table") {
        assert_eq!(insides(table, "caption").len(), 1);
        let head = insides(table, "thead")[0];
        assert_eq!(head.matches("<tr").count(), 1);
        assert_eq!(head.matches("<th scope=\"col\"").count(), head.matches("<th").count());
        for row in insides(insides(table, "tbody")[0], "tr") {
            assert!(row.starts_with("<th scope=\"row\""), "{row}");
        }
    }
}

/// The rows of a table as the page shows them, those that can be unfolded first.
fn rows_of_the_page(html: &str, id: &str) -> Vec<Vec<String>> {
    ["earlier", "table"]
        .iter()
        .filter_map(|part| html.split_once(&format!("id=\"{part}-{id}\"")))
        .flat_map(|(_, rest)| {
            let body = rest.split("</tbody>").next().unwrap().split("<tbody>").nth(1).unwrap();
            let cell = |part: &str| unescaped(part.split_once('>').unwrap().1.split("</").next().unwrap());
            insides(body, "tr").iter().map(|row| row.split("<t").skip(1).map(cell).collect()).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_csv_is_the_table_of_the_page() {
    let html = html();
    for table in document().tables() {
        let shown = rows_of_the_page(&html, &table.id);
        let bytes = file(&format!("tables/{}.csv", table.id));
        let mut reader = csv::Reader::from_reader(bytes);
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!((shown.len(), records.len()), (table.rows.len(), table.rows.len()), "{}", table.id);
        for ((cells, shown), record) in table.rows.iter().zip(&shown).zip(&records) {
            for ((cell, shown), machine) in cells.iter().zip(shown).zip(record) {
                assert_eq!(cell.shown(), shown);
                match cell {
                    Cell::Number { .. } => {
                        assert!(Shape::of(shown).unwrap().agrees(machine.parse().unwrap()), "{shown}: {machine}");
                    }
                    Cell::Date { iso, .. } => assert_eq!(iso, machine),
                    _ => assert_eq!(shown, machine),
                }
            }
        }
    }
}

#[test]
fn the_workbook_meets_the_checklist_for_published_spreadsheets() {
    let document = document();
    let bytes = file("report.xlsx");
    let book = entry(bytes, "xl/workbook.xml");
    let list = insides(&book, "sheets")[0];
    let sheets = attributes(list, "name");
    let mut expected = vec!["Cover", "Contents", "Notes"];
    let tables: Vec<_> = document.tables().collect();
    expected.extend(tables.iter().map(|table| table.id.as_str()));
    assert_eq!(sheets, expected, "cover, contents, notes, then one table a sheet");
    assert!(!book.contains("activeTab") && !book.contains("firstSheet"), "the first sheet is open");

    let styles = entry(bytes, "xl/styles.xml");
    let fills = insides(&styles, "fills")[0];
    assert_eq!(fills.matches("<fill>").count(), 2, "only the two fills that every workbook has: {fills}");
    let mut names = BTreeSet::new();
    for at in 1..=sheets.len() {
        let sheet = entry(bytes, &format!("xl/worksheets/sheet{at}.xml"));
        assert!(!sheet.contains("<mergeCell") && !sheet.contains("<f>") && !sheet.contains("hidden=\"1\""));
        assert!(!sheet.contains("<selection") && !sheet.contains("topLeftCell"), "the cursor is in A1");
        assert_eq!(sheet.contains("tabSelected"), at == 1);
        assert!(sheet.contains("r=\"A1\""));
        let rows: Vec<usize> = sheet
            .match_indices("<row r=\"")
            .map(|(a, k)| sheet[a + k.len()..].split('"').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(rows, (1..=rows.len()).collect::<Vec<_>>(), "no empty row");
        assert_eq!(sheet.matches("<tablePart ").count(), usize::from(at > 1), "one table a sheet");
        if at > 1 {
            let table = entry(bytes, &format!("xl/tables/table{}.xml", at - 1));
            assert!(names.insert(attributes(&table, "name")[0].to_owned()), "unique table names");
            assert!(!table.contains("headerRowCount") && !table.contains("autoFilter"), "one header row, no filter");
            assert!(table.contains("altText="));
            if at > 3 {
                let table_of = tables[at - 4];
                let last = 7 + table_of.rows.len().max(1);
                let range = attributes(&table, "ref")[0];
                assert!(range.starts_with("A7:") && range.ends_with(&last.to_string()), "at the stated row: {range}");
                let headers: Vec<String> = attributes(&table, "name")[1..].iter().map(|n| unescaped(n)).collect();
                assert_eq!(headers, table_of.columns.iter().map(Column::header).collect::<Vec<_>>());
            }
        }
        for target in attributes(&sheet, "location") {
            let name = target.split('!').next().unwrap().trim_matches('\'');
            assert!(sheets.contains(&name), "{target}");
        }
    }
    let contents = entry(bytes, "xl/worksheets/sheet2.xml");
    assert_eq!(attributes(&contents, "location").len(), tables.len(), "the contents are linked");
    let core = entry(bytes, "docProps/core.xml");
    assert!(core.contains(&document.title) && core.contains(&document.force) && core.contains("2017-10-10T00:00:00Z"));
}

/// A cell as text, whichever workbook it is from.
fn plain(cell: &Data) -> String {
    match cell {
        Data::Float(value) => value.to_string(),
        Data::Int(value) => (*value as f64).to_string(),
        Data::DateTime(on) => {
            let (year, month, day, ..) = on.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Data::DateTimeIso(on) => on.clone(),
        other => other.to_string(),
    }
}

#[test]
fn both_workbooks_hold_the_same_cells_and_explain_their_shorthand_above_the_table() {
    let document = document();
    let mut xlsx = Xlsx::new(Cursor::new(file("report.xlsx"))).unwrap();
    let mut ods = Ods::new(Cursor::new(file("report.ods"))).unwrap();
    assert_eq!(xlsx.sheet_names(), ods.sheet_names());
    for name in xlsx.sheet_names() {
        let rows = |range: calamine::Range<Data>| -> Vec<Vec<String>> {
            assert_eq!(range.start(), Some((0, 0)));
            range.rows().map(|row| row.iter().map(plain).collect()).collect()
        };
        let (a, b) = (rows(xlsx.worksheet_range(&name).unwrap()), rows(ods.worksheet_range(&name).unwrap()));
        assert_eq!(a, b, "{name}");
        let Some(table) = document.tables().find(|table| table.id == name) else { continue };
        for mark in table.shorthand() {
            assert!(a[2][0].contains(&format!("{mark} = ")), "{name}: {}", a[2][0]);
        }
        assert_eq!(a[6], table.columns.iter().map(Column::header).collect::<Vec<_>>());
        for (cells, row) in table.rows.iter().zip(&a[7..]) {
            for (cell, text) in cells.iter().zip(row) {
                match cell {
                    Cell::Number { value, text: shown } if !Shape::of(shown).unwrap().is_bound() => {
                        assert_eq!(*text, value.to_string());
                    }
                    Cell::Date { iso, .. } if iso.len() == 10 => assert_eq!(text, iso),
                    cell => assert_eq!(text, cell.shown()),
                }
            }
        }
    }
}

#[test]
fn the_opendocument_workbook_is_well_laid_out() {
    let document = document();
    let bytes = file("report.ods");
    assert_eq!(&bytes[30..38], b"mimetype");
    let names = entries(bytes);
    for name in ["mimetype", "META-INF/manifest.xml", "content.xml", "meta.xml", "settings.xml", "styles.xml"] {
        assert!(names.iter().any(|n| n == name), "{name} of {names:?}");
    }
    let content = entry(bytes, "content.xml");
    assert!(!content.contains("number-columns-spanned") && !content.contains("background-color"));
    assert!(!content.contains("table:formula"));
    let tables = content.matches("<table:database-range ").count();
    assert_eq!(tables, 2 + document.tables().count());
    assert_eq!(content.matches("<table:table-header-rows>").count(), tables, "one header row a table");
    let targets = attributes(&content, "xlink:href");
    let sheets = attributes(&content, "table:name");
    for target in targets {
        let name = target.trim_start_matches("#'").split('\'').next().unwrap();
        assert!(sheets.contains(&name), "{target}");
    }
    let meta = entry(bytes, "meta.xml");
    assert!(meta.contains(&document.title) && meta.contains("<dc:language>en-GB</dc:language>"));
    assert!(meta.contains("<meta:creation-date>2017-10-10T00:00:00</meta:creation-date>"));
    assert!(entry(bytes, "settings.xml").contains("\"ActiveTable\" config:type=\"string\">Cover<"));
}

#[test]
fn the_pdf_is_tagged_and_says_what_the_document_says() {
    let document = document();
    let pdf = file("report.pdf");
    let objects = pdf_text::objects(pdf);
    let all: String = objects.values().map(|(head, _)| head.as_str()).collect::<Vec<_>>().join("\n");
    assert!(all.contains("/StructTreeRoot") && all.contains("/Marked true") && all.contains("/Lang(en-GB)"));
    assert!(all.contains("/DisplayDocTitle true"));
    let xmp = objects.values().find(|(head, _)| head.contains("/Type/Metadata")).unwrap();
    let xmp = String::from_utf8(xmp.1.clone()).unwrap();
    assert!(xmp.contains("<pdfuaid:part>1</pdfuaid:part>") && xmp.contains(&document.title), "{xmp}");
    assert!(!xmp.contains("CreateDate") && !all.contains("/CreationDate"));

    let tags = |name: &str| all.matches(&format!("/S/{name}/")).count();
    assert_eq!(tags("Figure"), document.figures().count());
    assert_eq!(all.matches("/Alt").count(), document.figures().count(), "an alternative a figure");
    assert_eq!(tags("Table"), document.tables().count());
    let shown: usize = document.tables().map(|table| table.split().1.len()).sum();
    let headers: usize = document.tables().map(|table| table.columns.len()).sum();
    assert_eq!(tags("TH"), headers + shown, "a header a column and a row");
    assert!(tags("TOC") >= 1 && tags("H1") >= document.chapters.len());

    let lines = pdf_text::lines(pdf);
    let text = lines.join("\n");
    assert!(!text.contains('\u{fffd}'), "a glyph without a letter");
    assert!(text.contains("Edition 2017-Q3 authority 1.0 (final). Data to 10 October 2017."), "the running header");
    assert!(text.contains("OFFICIAL") && text.contains("Synthetic data"));
    // Hard characters are text, not markup.
    assert!(text.contains("\"usual\" <variation>, it's as before #1 $x$ @y *z* _w_ \\ `q`"), "{text}");
    for table in document.tables() {
        for row in table.split().1 {
            let holds = |line: &&String| row.iter().all(|cell| line.contains(cell.shown()));
            assert!(lines.iter().any(|line| holds(&line)), "{}: {row:?}", table.id);
        }
    }
}
