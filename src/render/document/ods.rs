//! The tables of a report as an open document (ODS), laid out by [`workbook`](super::workbook): a ZIP of four XML
//! files (ISO/IEC 26300, version 1.3), whose entries all have one fixed date.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::error::{Error, Result};
use crate::model::provenance::generator;
use crate::render::document::workbook::{Field, Sheet, sheets};
use crate::render::document::{Document, Shape};
use crate::render::svg::escape;

const MIME: &str = "application/vnd.oasis.opendocument.spreadsheet";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
/// Centimetres a letter, and beside the letters.
const LETTER: (f64, f64) = (0.19, 0.4);

/// The document's tables as ODS. Time and memory grow with their cells.
///
/// # Errors
/// `Bug` if the archive cannot be written.
pub fn write(document: &Document) -> Result<Vec<u8>> {
    let parts = [
        ("META-INF/manifest.xml", manifest()),
        ("content.xml", content(document)),
        ("meta.xml", meta(document)),
        ("settings.xml", settings()),
        ("styles.xml", styles(document)),
    ];
    archive(&parts).map_err(|e| Error::bug("the workbook cannot be written as ODS").with_cause(e))
}

fn archive(parts: &[(&str, String)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
    // Uncompressed and first, so that the kind of file can be read off its beginning.
    zip.start_file("mimetype", options.compression_method(CompressionMethod::Stored))?;
    zip.write_all(MIME.as_bytes())?;
    for (name, text) in parts {
        zip.start_file(*name, options.compression_method(CompressionMethod::Deflated))?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

fn manifest() -> String {
    let mut out = format!(
        "{HEAD}<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" \
         manifest:version=\"1.3\">\n<manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.3\" \
         manifest:media-type=\"{MIME}\"/>\n"
    );
    for name in ["content.xml", "meta.xml", "settings.xml", "styles.xml"] {
        let _ = writeln!(out, "<manifest:file-entry manifest:full-path=\"{name}\" manifest:media-type=\"text/xml\"/>");
    }
    out.push_str("</manifest:manifest>\n");
    out
}

/// Names of the vocabularies, for the root element of a part.
const SPACES: &str = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
    xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
    xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
    xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\" \
    xmlns:number=\"urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0\" \
    xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" \
    xmlns:meta=\"urn:oasis:names:tc:opendocument:xmlns:meta:1.0\" \
    xmlns:config=\"urn:oasis:names:tc:opendocument:xmlns:config:1.0\" \
    xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" office:version=\"1.3\"";

fn meta(document: &Document) -> String {
    let moment = if crate::model::time::parse_date(&document.data_cut_off).is_ok() {
        format!("{}T00:00:00", document.data_cut_off)
    } else {
        "2000-01-01T00:00:00".to_owned()
    };
    let mut out = format!("{HEAD}<office:document-meta {SPACES}><office:meta>\n");
    for (name, value) in [
        ("meta:generator", generator().as_str()),
        ("dc:title", &document.title),
        ("dc:subject", &format!("{}, {}", document.audience, document.period_words)),
        ("dc:description", &format!("Edition {}. Licence: {}", document.edition, document.licence)),
        ("dc:creator", &document.force),
        ("meta:initial-creator", &document.force),
        ("meta:keyword", &document.marking),
        ("dc:language", &document.language),
        ("meta:creation-date", &moment),
        ("dc:date", &moment),
    ] {
        let _ = writeln!(out, "<{name}>{}</{name}>", escape(value));
    }
    out.push_str("</office:meta></office:document-meta>\n");
    out
}

/// The cursor is in A1 of the first sheet.
fn settings() -> String {
    let item = |name: &str, kind: &str, value: &str| {
        format!("<config:config-item config:name=\"{name}\" config:type=\"{kind}\">{value}</config:config-item>")
    };
    format!(
        "{HEAD}<office:document-settings {SPACES}><office:settings>\
         <config:config-item-set config:name=\"ooo:view-settings\">\
         <config:config-item-map-indexed config:name=\"Views\"><config:config-item-map-entry>{view}{active}\
         <config:config-item-map-named config:name=\"Tables\"><config:config-item-map-entry config:name=\"Cover\">\
         {x}{y}</config:config-item-map-entry></config:config-item-map-named>\
         </config:config-item-map-entry></config:config-item-map-indexed></config:config-item-set>\
         </office:settings></office:document-settings>\n",
        view = item("ViewId", "string", "view1"),
        active = item("ActiveTable", "string", "Cover"),
        x = item("CursorPositionX", "int", "0"),
        y = item("CursorPositionY", "int", "0"),
    )
}

fn styles(document: &Document) -> String {
    let (language, country) = document.language.split_once('-').unwrap_or((&document.language, ""));
    format!(
        "{HEAD}<office:document-styles {SPACES}><office:styles><style:default-style style:family=\"table-cell\">\
         <style:text-properties fo:language=\"{}\" fo:country=\"{}\" fo:font-size=\"11pt\"/></style:default-style>\
         </office:styles><office:automatic-styles><style:page-layout style:name=\"paper\">\
         <style:page-layout-properties fo:page-width=\"297mm\" fo:page-height=\"210mm\" \
         style:print-orientation=\"landscape\" fo:margin=\"20mm\" style:scale-to-X=\"1\" style:scale-to-Y=\"0\"/>\
         <style:header-style/><style:footer-style/></style:page-layout></office:automatic-styles>\
         <office:master-styles><style:master-page style:name=\"Default\" style:page-layout-name=\"paper\">\
         <style:header><text:p>{} - {}</text:p></style:header>\
         <style:footer><text:p>{} - <text:page-number/></text:p></style:footer>\
         </style:master-page></office:master-styles></office:document-styles>\n",
        escape(language),
        escape(country),
        escape(&document.edition),
        escape(&document.marking),
        escape(&document.force),
    )
}

fn content(document: &Document) -> String {
    let sheets = sheets(document);
    let fields = || sheets.iter().flat_map(|sheet| sheet.rows.iter().flatten());
    let shapes: BTreeSet<String> = fields()
        .filter_map(|field| match field {
            Field::Number(_, shape) => Some(number_style(shape)),
            _ => None,
        })
        .collect();
    let shapes: Vec<String> = shapes.into_iter().collect();
    let widths: BTreeSet<usize> = sheets.iter().flat_map(|sheet| sheet.widths.iter().copied()).collect();
    let mut out = format!("{HEAD}<office:document-content {SPACES}>\n<office:automatic-styles>\n");
    out.push_str(FIXED_STYLES);
    for width in widths {
        let _ = writeln!(
            out,
            "<style:style style:name=\"w{width}\" style:family=\"table-column\"><style:table-column-properties \
             style:column-width=\"{:.2}cm\"/></style:style>",
            width as f64 * LETTER.0 + LETTER.1
        );
    }
    for (at, shape) in shapes.iter().enumerate() {
        let (kind, inside) = shape.split_once('|').unwrap_or(("number", shape));
        let _ = writeln!(
            out,
            "<number:{kind}-style style:name=\"n{at}\">{inside}</number:{kind}-style>\
             <style:style style:name=\"c{at}\" style:family=\"table-cell\" style:data-style-name=\"n{at}\"/>"
        );
    }
    out.push_str("</office:automatic-styles>\n<office:body><office:spreadsheet>\n");
    for sheet in &sheets {
        put(&mut out, sheet, &shapes);
    }
    out.push_str("<table:database-ranges>\n");
    for sheet in &sheets {
        if let Some(range) = &sheet.range {
            let last = format!("{}{}", letters(range.columns - 1), range.last + 1);
            let _ = writeln!(
                out,
                "<table:database-range table:name=\"{}\" table:target-range-address=\"'{sheet}'.A{}:'{sheet}'.{last}\" \
                 table:contains-header=\"true\" table:display-filter-buttons=\"false\"/>",
                escape(&range.name),
                range.header + 1,
                sheet = escape(&sheet.name),
            );
        }
    }
    out.push_str("</table:database-ranges>\n</office:spreadsheet></office:body></office:document-content>\n");
    out
}

/// Styles that every workbook has: no fills, no borders.
const FIXED_STYLES: &str = "<number:date-style style:name=\"day\"><number:day/><number:text> </number:text>\
    <number:month number:style=\"long\" number:textual=\"true\"/><number:text> </number:text>\
    <number:year number:style=\"long\"/></number:date-style>\n\
    <style:style style:name=\"title\" style:family=\"table-cell\"><style:text-properties fo:font-weight=\"bold\" \
    fo:font-size=\"15pt\"/></style:style>\n\
    <style:style style:name=\"heading\" style:family=\"table-cell\"><style:text-properties fo:font-weight=\"bold\" \
    fo:font-size=\"13pt\"/></style:style>\n\
    <style:style style:name=\"header\" style:family=\"table-cell\"><style:table-cell-properties fo:wrap-option=\"wrap\" \
    style:vertical-align=\"top\"/><style:text-properties fo:font-weight=\"bold\"/></style:style>\n\
    <style:style style:name=\"headerright\" style:family=\"table-cell\"><style:table-cell-properties \
    fo:wrap-option=\"wrap\" style:vertical-align=\"top\" style:text-align-source=\"fix\"/>\
    <style:paragraph-properties fo:text-align=\"end\"/><style:text-properties fo:font-weight=\"bold\"/></style:style>\n\
    <style:style style:name=\"mark\" style:family=\"table-cell\"><style:table-cell-properties \
    style:text-align-source=\"fix\"/><style:paragraph-properties fo:text-align=\"end\"/></style:style>\n\
    <style:style style:name=\"date\" style:family=\"table-cell\" style:data-style-name=\"day\">\
    <style:table-cell-properties style:text-align-source=\"fix\"/><style:paragraph-properties fo:text-align=\"start\"/>\
    </style:style>\n\
    <style:style style:name=\"sheet\" style:family=\"table\" style:master-page-name=\"Default\">\
    <style:table-properties table:display=\"true\"/></style:style>\n";

/// Kind of number style and what stands in it, with `|` between.
fn number_style(shape: &Shape) -> String {
    let words = |text: &str| {
        if text.is_empty() { String::new() } else { format!("<number:text>{}</number:text>", escape(text)) }
    };
    let kind = if shape.is_percent() { "percentage" } else { "number" };
    format!(
        "{kind}|{}<number:number number:decimal-places=\"{d}\" number:min-decimal-places=\"{d}\" \
         number:min-integer-digits=\"1\"{}/>{}",
        words(&shape.before),
        if shape.grouped || shape.decimals == 0 { " number:grouping=\"true\"" } else { "" },
        words(&shape.after),
        d = shape.decimals,
    )
}

fn put(out: &mut String, sheet: &Sheet, shapes: &[String]) {
    let name = escape(&sheet.name);
    let _ = write!(out, "<table:table table:name=\"{name}\" table:style-name=\"sheet\"");
    if let Some(range) = &sheet.range {
        let _ = write!(out, "><table:title>{}</table:title", escape(&range.title));
    }
    out.push_str(">\n");
    for width in &sheet.widths {
        let _ = writeln!(out, "<table:table-column table:style-name=\"w{width}\"/>");
    }
    let header = sheet.range.as_ref().map(|range| range.header);
    for (at, row) in sheet.rows.iter().enumerate() {
        let is_header = header == Some(at);
        if is_header {
            out.push_str("<table:table-header-rows>");
        }
        out.push_str("<table:table-row>");
        for field in row {
            cell(out, field, shapes);
        }
        out.push_str(if is_header { "</table:table-row></table:table-header-rows>\n" } else { "</table:table-row>\n" });
    }
    out.push_str("</table:table>\n");
}

fn cell(out: &mut String, field: &Field, shapes: &[String]) {
    let mut string = |style: &str, text: &str| {
        let style = if style.is_empty() { String::new() } else { format!(" table:style-name=\"{style}\"") };
        let _ = write!(
            out,
            "<table:table-cell{style} office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>",
            spaced(text)
        );
    };
    match field {
        Field::Title(text) => string("title", text),
        Field::Heading(text) => string("heading", text),
        Field::Text(text) => string("", text),
        Field::Mark(text) => string("mark", text),
        Field::Header(text, right) => string(if *right { "headerright" } else { "header" }, text),
        Field::Number(value, shape) => {
            let style = number_style(shape);
            let at = shapes.binary_search(&style).unwrap_or(0);
            let kind = if shape.is_percent() { "percentage" } else { "float" };
            let shown = if shape.is_percent() { value * 100.0 } else { *value };
            let _ = write!(
                out,
                "<table:table-cell table:style-name=\"c{at}\" office:value-type=\"{kind}\" office:value=\"{value}\">\
                 <text:p>{}{shown:.*}{}</text:p></table:table-cell>",
                escape(&shape.before),
                shape.decimals,
                escape(&shape.after),
            );
        }
        Field::Date(iso) => {
            let _ = write!(
                out,
                "<table:table-cell table:style-name=\"date\" office:value-type=\"date\" office:date-value=\"{iso}\">\
                 <text:p>{iso}</text:p></table:table-cell>"
            );
        }
        Field::Link { sheet, text } => {
            let _ = write!(
                out,
                "<table:table-cell office:value-type=\"string\"><text:p><text:a xlink:type=\"simple\" \
                 xlink:href=\"#'{}'.A1\">{}</text:a></text:p></table:table-cell>",
                escape(sheet),
                spaced(text)
            );
        }
        Field::Empty => out.push_str("<table:table-cell/>"),
    }
}

/// Text in which repeated blanks, tabs and lines stay what they are.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank_before = true;
    for c in escape(text).chars() {
        match c {
            ' ' if blank_before => out.push_str("<text:s/>"),
            '\t' => out.push_str("<text:tab/>"),
            '\n' => out.push_str("<text:line-break/>"),
            // Not a character of XML.
            c if c.is_control() => {}
            c => out.push(c),
        }
        blank_before = c == ' ';
    }
    out
}

/// Name of a column: A, Z, AA.
fn letters(mut at: usize) -> String {
    let mut out = String::new();
    loop {
        out.insert(0, char::from(b'A' + (at % 26) as u8));
        if at < 26 {
            return out;
        }
        at = at / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    #[test]
    fn the_same_document_is_the_same_archive_and_says_first_what_it_is() {
        let document = crate::render::document::tests::sample();
        let bytes = write(&document).unwrap();
        assert_eq!(write(&document).unwrap(), bytes);
        assert_eq!(&bytes[30..38], b"mimetype");
        assert!(bytes[38..].starts_with(MIME.as_bytes()));
    }
}
