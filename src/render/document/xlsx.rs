//! The tables of a report as an Excel workbook, laid out by [`workbook`](super::workbook). Its dates are the data cut-off,
//! so the same document gives the same bytes.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Table, TableColumn, TableStyle, Url, Workbook, Worksheet,
    XlsxError,
};

use crate::error::{Error, Result};
use crate::model::time::parse_date;
use crate::render::document::workbook::{Field, Range, Sheet, sheets};
use crate::render::document::{Document, Shape};

/// A4, as Excel numbers papers.
const A4: u8 = 9;

/// The document's tables as XLSX. Time and memory grow with their cells.
///
/// # Errors
/// `Bug` if a name or a text is more than a workbook takes.
pub fn write(document: &Document) -> Result<Vec<u8>> {
    workbook(document).map_err(|e| Error::bug(format!("the workbook cannot be written: {e}")).with_cause(e))
}

fn workbook(document: &Document) -> std::result::Result<Vec<u8>, XlsxError> {
    let made = parse_date(&document.data_cut_off).ok().and_then(|on| excel(on).ok());
    let mut properties = DocProperties::new()
        .set_title(&document.title)
        .set_subject(format!("{}, {}", document.audience, document.period_words))
        .set_author(&document.force)
        .set_company(&document.force)
        .set_keywords(&document.marking)
        .set_comment(format!("Edition {}. Licence: {}", document.edition, document.licence))
        .set_status(&document.state);
    properties = properties.set_creation_datetime(&match made {
        Some(made) => made,
        None => ExcelDateTime::from_ymd(2000, 1, 1)?,
    });
    let mut book = Workbook::new();
    book.set_properties(&properties);
    let mut formats = Formats::default();
    for sheet in sheets(document) {
        let place = book.add_worksheet();
        put(place, &sheet, document, &mut formats)?;
    }
    book.save_to_buffer()
}

fn put(
    place: &mut Worksheet,
    sheet: &Sheet,
    document: &Document,
    formats: &mut Formats,
) -> std::result::Result<(), XlsxError> {
    place.set_name(&sheet.name)?;
    for (at, width) in sheet.widths.iter().enumerate() {
        place.set_column_width(column(at)?, *width as f64)?;
    }
    for (at, row) in sheet.rows.iter().enumerate() {
        let at = u32::try_from(at).map_err(|_| XlsxError::RowColumnLimitError)?;
        for (to, field) in row.iter().enumerate() {
            cell(place, (at, column(to)?), field, formats)?;
        }
    }
    if let Some(range) = &sheet.range {
        let header = range.header as u32;
        place.add_table(header, 0, range.last as u32, column(range.columns - 1)?, &table(range, sheet))?;
        place.set_repeat_rows(header, header)?;
    }
    let words = |text: &str| text.replace('&', "&&");
    place.set_header(format!("&L{}&R{}", words(&document.edition), words(&document.marking)));
    place.set_footer(format!("&L{}&RPage &P of &N", words(&document.force)));
    place.set_paper_size(A4).set_landscape().set_print_fit_to_pages(1, 0);
    Ok(())
}

fn column(at: usize) -> std::result::Result<u16, XlsxError> {
    u16::try_from(at).map_err(|_| XlsxError::RowColumnLimitError)
}

fn table(range: &Range, sheet: &Sheet) -> Table {
    let columns: Vec<TableColumn> = sheet.rows[range.header]
        .iter()
        .map(|field| match field {
            Field::Header(words, right) => TableColumn::new().set_header(words).set_header_format(header(*right)),
            _ => TableColumn::new(),
        })
        .collect();
    Table::new()
        .set_name(&range.name)
        .set_style(TableStyle::None)
        .set_banded_rows(false)
        .set_autofilter(false)
        .set_columns(&columns)
        .set_alt_text_title(&range.title)
        .set_alt_text(format!("Table {} of this workbook", range.name))
}

fn header(right: bool) -> Format {
    let bold = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
    if right { bold.set_align(FormatAlign::Right) } else { bold }
}

/// Number formats, one a shape.
#[derive(Default)]
struct Formats {
    numbers: BTreeMap<String, Format>,
}

fn cell(
    place: &mut Worksheet,
    (row, col): (u32, u16),
    field: &Field,
    formats: &mut Formats,
) -> std::result::Result<(), XlsxError> {
    match field {
        Field::Title(text) => {
            place.write_string_with_format(row, col, text, &Format::new().set_bold().set_font_size(15))?;
        }
        Field::Heading(text) => {
            place.write_string_with_format(row, col, text, &Format::new().set_bold().set_font_size(13))?;
        }
        Field::Text(text) => {
            place.write_string(row, col, text)?;
        }
        Field::Mark(text) => {
            place.write_string_with_format(row, col, text, &Format::new().set_align(FormatAlign::Right))?;
        }
        Field::Number(value, shape) => {
            let code = code(shape);
            let format = formats.numbers.entry(code).or_insert_with_key(|code| Format::new().set_num_format(code));
            place.write_number_with_format(row, col, *value, format)?;
        }
        Field::Date(iso) => match parse_date(iso).ok().map(excel) {
            Some(on) => {
                let format = Format::new().set_num_format("d mmmm yyyy").set_align(FormatAlign::Left);
                place.write_datetime_with_format(row, col, &on?, &format)?;
            }
            None => {
                place.write_string(row, col, iso)?;
            }
        },
        Field::Link { sheet, text } => {
            place.write_url(row, col, Url::new(format!("internal:'{sheet}'!A1")).set_text(text))?;
        }
        // The headers are the table's.
        Field::Header(..) | Field::Empty => {}
    }
    Ok(())
}

fn excel(on: NaiveDate) -> std::result::Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::from_ymd(u16::try_from(on.year()).unwrap_or(0), on.month() as u8, on.day() as u8)
}

/// Excel's code for a shape: `"£"#,##0.00`.
fn code(shape: &Shape) -> String {
    let quoted = |words: &str| if words.is_empty() { String::new() } else { format!("\"{}\"", words.replace('"', "")) };
    let (percent, after) = match shape.after.strip_prefix('%') {
        Some(rest) => ("%", rest),
        None => ("", shape.after.as_str()),
    };
    let whole = if shape.grouped || percent.is_empty() && shape.decimals == 0 { "#,##0" } else { "0" };
    let point = if shape.decimals > 0 { "." } else { "" };
    format!("{}{whole}{point}{}{percent}{}", quoted(&shape.before), "0".repeat(shape.decimals), quoted(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_codes() {
        let of = |text| code(&Shape::of(text).unwrap());
        assert_eq!(of("1,234.50"), "#,##0.00");
        assert_eq!(of("95.3%"), "0.0%");
        assert_eq!(of("£12"), "\"£\"#,##0");
        assert_eq!(of("5.6 minutes"), "0.0\" minutes\"");
    }

    #[test]
    fn the_same_document_is_the_same_workbook() {
        let document = crate::render::document::tests::sample();
        assert_eq!(write(&document).unwrap(), write(&document).unwrap());
    }
}
