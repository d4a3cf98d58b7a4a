//! The TOML form of a feed. Unknown keys are refused, and every complaint says file, line and column.
//!
//! ```toml
//! schema = 1
//! name = "jersey-stops"                       # as in --feed NAME
//! title = "Stop checks, one row a stop"
//! table = "stops"                             # a table of the store
//! zone = "Europe/Jersey"                      # of wall clock times, and of local dates and hours
//! keys = ["stop_id"]                          # identity of a record; none: the whole row
//! repeats = "revision"                        # equal keys in a file: "revision" (one record) or "ordinal" (several)
//! formats = ["%Y-%m-%d %H:%M:%S"]             # of times that name none
//! missing = ["NULL"]                          # texts that mean "no value", beside the empty one
//! place = { lat = "lat", lon = "lon" }        # degrees; metres: { x = "easting", y = "northing", crs = "EPSG:27700" }
//! deleted = { from = "status", values = ["VOID"] }   # how the source takes a record back
//!
//! [columns]                                   # column of the table = where it comes from
//! stop_id = { from = "stop_id", required = true }
//! stopped_at = { from = "stopped_at" }
//! outcome = { from = "outcome", codes = { "NFA" = "none" }, unknown = "keep" }
//! ```
//! Further keys of the file: `blank_keys` (columns that identify a row whose key is blank), `time_precision` ("day" or
//! "month"; where it is left out, the formats of the record's time say it), `delimiter`, `notes`, `[total]` (the source's
//! own count of rows: `sidecar = ".count"`, a file beside the extract, or `trailer = "TOTAL"`, the word and the number in
//! its last row). Which file is read is told by its content; keys that say more: `encoding` ("utf-8", "utf-16" or
//! "windows-1252", unless the file's own mark says otherwise), `member` (the file of a ZIP archive, such as "*stops.csv";
//! needed if it has several), `sheet` (of a workbook; needed if several have cells) and `header_row` (number of its row
//! that names the columns, from 1; else the first that is not blank). Further keys of a column: `with` (the time of day
//! stands in this second column), `offset_seconds_from` (so many seconds later), `formats`, `missing`, `allowed` (codes
//! that stand for themselves),
//! `unknown` ("reject", "keep" or "other"), `list` (separator of several codes), `value` (the same in every row),
//! `pseudonym` (a plate, stored as its keyed token).

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::Deserialize;
use toml::Spanned;

use super::clock::{Layout, Zone};
use super::codes::{Codes, Unknown};
use super::feed::{Deleted, Feed, How, Place, Precision, Rule, Source};
use super::source::decode::Encoding;
use super::total::RawTotal;
use crate::config::toml_error;
use crate::error::{Error, Result};
use crate::model::schema::{Column, ColumnKind, Repeats, Table, table, tables};
use crate::space::Crs;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: Spanned<u32>,
    name: Spanned<String>,
    title: String,
    #[serde(default, rename = "notes")]
    _notes: Option<String>,
    table: Spanned<String>,
    zone: Spanned<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    blank_keys: Vec<String>,
    repeats: Spanned<String>,
    #[serde(default)]
    formats: Vec<Spanned<String>>,
    #[serde(default)]
    missing: Vec<String>,
    time_precision: Option<Spanned<String>>,
    delimiter: Option<Spanned<String>>,
    encoding: Option<Spanned<String>>,
    member: Option<String>,
    sheet: Option<String>,
    header_row: Option<Spanned<u64>>,
    place: Option<Spanned<RawPlace>>,
    deleted: Option<Spanned<RawDeleted>>,
    total: Option<Spanned<RawTotal>>,
    columns: BTreeMap<Spanned<String>, RawColumn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlace {
    lat: Option<String>,
    lon: Option<String>,
    x: Option<String>,
    y: Option<String>,
    crs: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeleted {
    from: String,
    values: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawColumn {
    from: Option<String>,
    with: Option<String>,
    value: Option<String>,
    required: bool,
    formats: Vec<Spanned<String>>,
    missing: Vec<String>,
    codes: Option<BTreeMap<String, String>>,
    allowed: Option<Vec<String>>,
    unknown: Option<String>,
    list: Option<String>,
    offset_seconds_from: Option<String>,
    pseudonym: bool,
}

/// Columns that a feed may fill beside the table's own.
const COMMON_FILLED: [&str; 4] = ["recorded_at", "parish", "vingtaine", "beat"];

/// The text and name of the file, for places in messages.
struct File<'a> {
    text: &'a str,
    origin: &'a str,
}

impl File<'_> {
    fn wrong(&self, at: usize, message: impl Into<String>) -> Error {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1;
        Error::input(message).at(format!("{}:{line}:{column}", self.origin))
    }
}

/// Source columns in the order first named.
#[derive(Default)]
struct Sources {
    found: Vec<Source>,
}

impl Sources {
    fn index(&mut self, name: &str, required: bool) -> usize {
        if let Some(at) = self.found.iter().position(|source| source.name == name) {
            self.found[at].required |= required;
            return at;
        }
        self.found.push(Source { name: name.to_owned(), required });
        self.found.len() - 1
    }
}

/// Reads and checks a feed.
///
/// # Errors
/// `Input` with file, line and column.
pub fn parse(text: &str, origin: &str) -> Result<Feed> {
    let raw: Raw = toml::from_str(text).map_err(|cause| toml_error(text, origin, &cause))?;
    let file = File { text, origin };
    if *raw.schema.get_ref() != 1 {
        return Err(file.wrong(raw.schema.span().start, "this program reads feed files of schema = 1"));
    }
    let name = raw.name.get_ref().clone();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(file.wrong(raw.name.span().start, "a feed's name has small letters, digits and hyphens only"));
    }
    let table = feed_table(&raw.table, &file)?;
    let zone: Tz = raw.zone.get_ref().parse().map_err(|_| {
        file.wrong(
            raw.zone.span().start,
            format!("`{}` is not a time zone; write one such as Europe/Jersey", raw.zone.get_ref()),
        )
    })?;
    let repeats = match raw.repeats.get_ref().as_str() {
        "ordinal" => Repeats::Ordinal,
        "revision" => Repeats::Revision,
        other => {
            return Err(file.wrong(raw.repeats.span().start, format!("`{other}`: write \"ordinal\" or \"revision\"")));
        }
    };
    let stated_precision = match raw.time_precision.as_ref().map(|p| (p.get_ref().as_str(), p.span().start)) {
        None => None,
        Some(("day", _)) => Some(Precision::Day),
        Some(("month", _)) => Some(Precision::Month),
        Some((other, at)) => {
            return Err(file.wrong(at, format!("`{other}`: write \"day\" or \"month\", or leave it out")));
        }
    };
    let delimiter = match raw.delimiter.as_ref().map(|d| (d.get_ref().as_bytes(), d.span().start)) {
        None => b',',
        Some((&[byte], _)) if byte.is_ascii() && !byte.is_ascii_alphanumeric() && byte != b'"' && byte != b'\n' => byte,
        Some((_, at)) => return Err(file.wrong(at, "a delimiter is one character such as \",\" \";\" or \"\\t\"")),
    };
    let encoding = match raw.encoding.as_ref().map(|e| (Encoding::named(e.get_ref()), e.span().start)) {
        None => Encoding::default(),
        Some((Some(encoding), _)) => encoding,
        Some((None, at)) => {
            return Err(file.wrong(at, "an encoding is \"utf-8\", \"utf-16\" or \"windows-1252\""));
        }
    };
    if let Some(zero) = raw.header_row.as_ref().filter(|row| *row.get_ref() == 0) {
        return Err(file.wrong(zero.span().start, "rows are numbered from 1"));
    }
    let mut sources = Sources::default();
    let keys: Vec<usize> = raw.keys.iter().map(|key| sources.index(key, true)).collect();
    let blank_keys: Vec<usize> = raw.blank_keys.iter().map(|key| sources.index(key, true)).collect();
    let place = match &raw.place {
        Some(place) => Some(feed_place(place, &mut sources, &file)?),
        None => None,
    };
    let deleted = match &raw.deleted {
        Some(deleted) => Some(feed_deleted(deleted, &mut sources, &file)?),
        None => None,
    };
    let total = match &raw.total {
        Some(total) => Some(total.get_ref().checked().map_err(|message| file.wrong(total.span().start, message))?),
        None => None,
    };
    let mut rules = Vec::new();
    for (column_name, column) in raw.columns {
        let at = column_name.span().start;
        let known = feed_column(table, column_name.get_ref(), at, &file)?;
        let mut column = column;
        if column.formats.is_empty() {
            column.formats.clone_from(&raw.formats);
        }
        let plate = column.pseudonym;
        let rule = feed_rule(known, column, &raw.missing, &mut sources, at, &file)?;
        if stated_precision.is_none() && table.times.contains(&known.name) && mixes_precisions(&rule) {
            return Err(file.wrong(
                at,
                "some of the formats have a time of day (or a day) and some have none: a row without one would count as \
                 midnight (or the first). Write time_precision = \"day\" or \"month\", or formats of one kind",
            ));
        }
        if let (true, How::Plate { from }) = (plate, &rule.how)
            && (keys.is_empty() || keys.contains(from) || blank_keys.contains(from))
        {
            return Err(
                file.wrong(at, "a feed with plates needs keys, and a plate may not be one: keys are not secret")
            );
        }
        rules.push(rule);
    }
    let has_time = table.times.iter().any(|time| rules.iter().any(|rule| rule.column.name == *time));
    if !has_time && !table.times.is_empty() {
        let times = table.times.join(" or ");
        return Err(file.wrong(raw.table.span().start, format!("table {} needs {times} among the columns", table.name)));
    }
    Ok(Feed {
        name,
        title: raw.title,
        table,
        zone: Zone::new(zone),
        repeats,
        precision: stated_precision.unwrap_or_else(|| written_precision(table, &rules)),
        delimiter,
        encoding,
        member: raw.member,
        sheet: raw.sheet,
        header_row: raw.header_row.map(Spanned::into_inner),
        sources: sources.found,
        keys,
        blank_keys,
        rules,
        place,
        deleted,
        missing: raw.missing,
        total,
    })
}

/// Layouts of a time whose time of day, if it has one, stands in them.
fn own_layouts(rule: &Rule) -> Option<&[Layout]> {
    match &rule.how {
        How::Time { with: None, layouts, .. } => Some(layouts),
        _ => None,
    }
}

fn mixes_precisions(rule: &Rule) -> bool {
    let fineness = |layout: &Layout| (layout.has_hour(), layout.has_day());
    own_layouts(rule).is_some_and(|layouts| layouts.windows(2).any(|pair| fineness(&pair[0]) != fineness(&pair[1])))
}

/// How exactly the formats tell the time of a record: as exactly as the best of its times.
fn written_precision(table: &Table, rules: &[Rule]) -> Precision {
    let mut finest = None;
    for rule in rules.iter().filter(|rule| table.times.contains(&rule.column.name)) {
        let fineness = match &rule.how {
            How::Time { layouts, .. } if layouts.iter().all(|layout| !layout.has_day()) => 0,
            How::Time { with: None, layouts, .. } if layouts.iter().all(|layout| !layout.has_hour()) => 1,
            _ => 2,
        };
        finest = finest.max(Some(fineness));
    }
    match finest {
        Some(0) => Precision::Month,
        Some(1) => Precision::Day,
        _ => Precision::Instant,
    }
}

fn feed_table(name: &Spanned<String>, file: &File<'_>) -> Result<&'static Table> {
    match table(name.get_ref()) {
        Some(table) if table.name != "rejects" => Ok(table),
        _ => {
            let known: Vec<_> = tables().iter().map(|t| t.name).filter(|name| *name != "rejects").collect();
            let message = format!("there is no table `{}`; there are {}", name.get_ref(), known.join(", "));
            Err(file.wrong(name.span().start, message))
        }
    }
}

fn feed_column(table: &'static Table, name: &str, at: usize, file: &File<'_>) -> Result<&'static Column> {
    let own = table.columns.iter().find(|column| column.name == name);
    let common = || table.all_columns().find(|column| column.name == name && COMMON_FILLED.contains(&name));
    own.or_else(common).ok_or_else(|| {
        let known: Vec<_> = table.columns.iter().map(|c| c.name).chain(COMMON_FILLED).collect();
        file.wrong(at, format!("table {} has no column `{name}` to fill; there are {}", table.name, known.join(", ")))
    })
}

fn feed_place(raw: &Spanned<RawPlace>, sources: &mut Sources, file: &File<'_>) -> Result<Place> {
    let place = raw.get_ref();
    let wrong = |message: &str| file.wrong(raw.span().start, message);
    let crs = match &place.crs {
        Some(code) => Crs::named(code).map_err(|error| wrong(error.message()))?,
        None => Crs::degrees(),
    };
    match (&place.lat, &place.lon, &place.x, &place.y) {
        (Some(lat), Some(lon), None, None) if crs.is_degrees() => Ok(Place {
            lat: sources.index(lat, true),
            lon: sources.index(lon, true),
            crs,
            wanted_lat: "wanted a latitude in degrees, from -90 to 90".to_owned(),
            wanted_lon: "wanted a longitude in degrees, from -180 to 180".to_owned(),
        }),
        (None, None, Some(x), Some(y)) if !crs.is_degrees() => {
            let wanted = |what: &str, range: &std::ops::RangeInclusive<f64>| {
                format!("wanted {what} in metres of {}, from {} to {}", crs.code(), range.start(), range.end())
            };
            Ok(Place {
                lat: sources.index(y, true),
                lon: sources.index(x, true),
                wanted_lat: wanted("a northing", crs.y_range()),
                wanted_lon: wanted("an easting", crs.x_range()),
                crs,
            })
        }
        _ => Err(wrong(
            "write place = { lat = \"…\", lon = \"…\" } for degrees (EPSG:4326), or place = { x = \"…\", y = \"…\", \
             crs = \"EPSG:27700\" } for metres",
        )),
    }
}

fn feed_deleted(raw: &Spanned<RawDeleted>, sources: &mut Sources, file: &File<'_>) -> Result<Deleted> {
    let deleted = raw.get_ref();
    if deleted.values.is_empty() || deleted.values.iter().any(|value| value.trim().is_empty()) {
        let message = "`deleted` needs values = [\"VOID\"]: what the source writes for a record that it took back";
        return Err(file.wrong(raw.span().start, message));
    }
    // Without the column deletions would go unnoticed, so a file that lacks it is refused.
    Ok(Deleted { from: sources.index(&deleted.from, true), values: deleted.values.clone() })
}

/// One column: which of the keys go together depends on what the table's column holds.
fn feed_rule(
    column: &'static Column,
    raw: RawColumn,
    missing: &[String],
    sources: &mut Sources,
    at: usize,
    file: &File<'_>,
) -> Result<Rule> {
    let wrong = |message: String| file.wrong(at, format!("{}: {message}", column.name));
    let only = |allowed: bool, key: &str| {
        if allowed { Ok(()) } else { Err(wrong(format!("`{key}` does not fit a column of this kind"))) }
    };
    let (is_text, is_time) = (column.kind == ColumnKind::Text, column.kind == ColumnKind::Time);
    only(raw.with.is_none() || is_time, "with")?;
    only(raw.offset_seconds_from.is_none() || is_time, "offset_seconds_from")?;
    only(!raw.pseudonym || column.name == "vrm_token", "pseudonym")?;
    only(raw.list.is_none() || is_text, "list")?;
    if column.name == "vrm_token" && !raw.pseudonym {
        return Err(wrong("write pseudonym = true: plates are stored as tokens only".to_owned()));
    }
    let mut missing = missing.to_vec();
    missing.extend(raw.missing.iter().cloned());
    let codes = feed_codes(&raw).map_err(&wrong)?;
    let Some(from) = &raw.from else {
        let Some(value) = raw.value else {
            return Err(wrong("write from = \"a source column\" or value = \"the same in every row\"".to_owned()));
        };
        only(is_text, "value")?;
        return Ok(Rule { column, how: How::Constant(value), missing, wanted: String::new() });
    };
    if raw.value.is_some() {
        return Err(wrong("write either `from` or `value`".to_owned()));
    }
    let from = sources.index(from, raw.required);
    let (how, wanted) = match (column.kind, codes) {
        (ColumnKind::Text, None) if raw.pseudonym => (How::Plate { from }, "a plate".to_owned()),
        (ColumnKind::Text, None) if raw.list.is_some() => {
            return Err(wrong("`list` needs `allowed` or `codes`".to_owned()));
        }
        (ColumnKind::Text, None) => (How::Text { from }, "UTF-8 text".to_owned()),
        (ColumnKind::Text, Some(codes)) => {
            let wanted = format!("wanted a code of the feed's list for {}", column.name);
            match raw.list.as_deref().map(str::as_bytes) {
                None => (How::Code { from, codes }, wanted),
                Some(&[separator]) => (How::CodeList { from, codes, separator }, wanted),
                Some(_) => return Err(wrong("`list` is one character such as \";\"".to_owned())),
            }
        }
        (ColumnKind::Int, codes) => {
            if let Some(bad) =
                codes.as_ref().and_then(|c| c.values().find(|v| super::parse::int(v.as_bytes()).is_none()))
            {
                return Err(wrong(format!("`{bad}` is not a whole number")));
            }
            let of_list = if codes.is_some() { " of the feed's list" } else { "" };
            (How::Int { from, codes }, format!("wanted a whole number{of_list}"))
        }
        (ColumnKind::Float, None) => (How::Float { from }, "wanted a decimal number such as 12.5".to_owned()),
        (ColumnKind::Float, Some(_)) => return Err(wrong("a decimal column takes no codes".to_owned())),
        (ColumnKind::Bool, codes) => {
            if let Some(bad) =
                codes.as_ref().and_then(|c| c.values().find(|v| super::parse::boolean(v.as_bytes()).is_none()))
            {
                return Err(wrong(format!("`{bad}` is neither \"true\" nor \"false\"")));
            }
            (How::Bool { from, codes }, "wanted yes or no".to_owned())
        }
        (ColumnKind::Time | ColumnKind::Date, Some(_)) => return Err(wrong("a time takes no codes".to_owned())),
        (ColumnKind::Time, None) => {
            let layouts = feed_layouts(&raw.formats, at, file)?;
            let wanted = wanted_time(&raw.formats);
            let with = raw.with.as_ref().map(|name| sources.index(name, raw.required));
            let plus_seconds = raw.offset_seconds_from.as_ref().map(|name| sources.index(name, raw.required));
            (How::Time { from, with, layouts, plus_seconds }, wanted)
        }
        (ColumnKind::Date, None) => {
            let own: Vec<_> = raw
                .formats
                .iter()
                .filter(|f| !f.get_ref().contains("%H") && !f.get_ref().contains("%I"))
                .cloned()
                .collect();
            let layouts = feed_layouts(&own, at, file)?;
            (How::Date { from, layouts }, wanted_time(&own))
        }
    };
    Ok(Rule { column, how, missing, wanted })
}

fn wanted_time(formats: &[Spanned<String>]) -> String {
    let formats: Vec<_> = formats.iter().map(|format| format.get_ref().as_str()).collect();
    format!("wanted a time of the years 1900 to 2100 written as {}", formats.join(" or "))
}

fn feed_layouts(formats: &[Spanned<String>], at: usize, file: &File<'_>) -> Result<Vec<Layout>> {
    if formats.is_empty() {
        return Err(file.wrong(at, "a time needs formats = [\"%Y-%m-%d %H:%M:%S\"], here or at the top of the file"));
    }
    formats
        .iter()
        .map(|format| Layout::new(format.get_ref()).map_err(|message| file.wrong(format.span().start, message)))
        .collect()
}

fn feed_codes(raw: &RawColumn) -> std::result::Result<Option<Codes>, String> {
    let unknown = match raw.unknown.as_deref() {
        None | Some("reject") => Unknown::Reject,
        Some("keep") => Unknown::Keep,
        Some("other") => Unknown::Other,
        Some(other) => return Err(format!("unknown = \"{other}\": write \"reject\", \"keep\" or \"other\"")),
    };
    let mut codes = raw.codes.clone().unwrap_or_default();
    for code in raw.allowed.iter().flatten() {
        if codes.insert(code.clone(), code.clone()).is_some() {
            return Err(format!("`{code}` is among the codes twice"));
        }
    }
    if raw.codes.is_none() && raw.allowed.is_none() {
        return if raw.unknown.is_some() { Err("`unknown` needs `codes` or `allowed`".to_owned()) } else { Ok(None) };
    }
    if codes.is_empty() {
        return Err("the list of codes is empty".to_owned());
    }
    Ok(Some(Codes::new(&codes, unknown)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"schema = 1
name = "try"
title = "A trial"
table = "stops"
zone = "Europe/Jersey"
keys = ["id"]
repeats = "revision"
formats = ["%Y-%m-%d %H:%M:%S"]
place = { lat = "lat", lon = "lon" }

[columns]
stop_id = { from = "id" }
stopped_at = { from = "at" }
reason = { from = "why", allowed = ["drugs", "theft"], unknown = "other" }
"#;

    fn complaint(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        parse(&GOOD.replacen(from, to, 1), "try.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_good_feed() {
        let feed = parse(GOOD, "try.toml").unwrap();
        assert_eq!(feed.table.name, "stops");
        let names: Vec<_> = feed.sources.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(names, ["id", "lat", "lon", "why", "at"]);
        assert!(feed.sources[0].required && !feed.sources[3].required);
    }

    #[test]
    fn complaints_say_line_and_column() {
        for (from, to, start) in [
            ("schema = 1", "schema = 2", "try.toml:1:10: "),
            ("\"try\"", "\"Try it\"", "try.toml:2:8: "),
            ("\"stops\"", "\"stop\"", "try.toml:4:9: there is no table `stop`"),
            ("Europe/Jersey", "Europe/Jersy", "try.toml:5:8: `Europe/Jersy` is not a time zone"),
            ("repeats = \"revision\"", "repeats = \"twice\"", "try.toml:7:11: "),
            ("%S\"]", "%s\"]", "try.toml:8:12: "),
            ("lon = \"lon\"", "lon = \"lon\", crs = \"EPSG:3109\"", "try.toml:9:9: write place = "),
            ("lon = \"lon\"", "lon = \"lon\", crs = \"EPSG:2154\"", "try.toml:9:9: `EPSG:2154` is not a system"),
            ("lat = \"lat\", lon = \"lon\"", "x = \"e\", y = \"n\"", "try.toml:9:9: write place = "),
            ("lat = \"lat\",", "", "try.toml:9:9: write place = "),
            ("[columns]", "deleted = { from = \"status\", values = [] }\n[columns]", "try.toml:11:11: `deleted` needs"),
            ("%S\"]", "%S\", \"%Y-%m-%d\"]", "try.toml:13:1: some of the formats"),
            ("%Y-%m-%d %H:%M:%S", "%d/%m/%y %H:%M", "try.toml:8:12: `%d/%m/%y %H:%M`: years of two digits"),
            ("keys =", "encoding = \"latin-1\"\nkeys =", "try.toml:6:12: an encoding is"),
            ("keys =", "header_row = 0\nkeys =", "try.toml:6:14: rows are numbered"),
            ("reason = {", "raison = {", "try.toml:14:1: table stops has no column `raison`"),
            ("unknown = \"other\"", "unknown = \"guess\"", "try.toml:14:1: reason: unknown"),
            ("allowed =", "permitted =", "try.toml:14:"),
            (
                "stopped_at = { from = \"at\" }",
                "outcome = { from = \"at\" }",
                "try.toml:4:9: table stops needs stopped_at",
            ),
            ("{ from = \"id\" }", "{ from = \"id\", list = \";\" }", "try.toml:12:1: stop_id: `list` needs"),
            ("{ from = \"id\" }", "{ required = true }", "try.toml:12:1: stop_id: write from"),
        ] {
            let found = complaint(from, to);
            assert!(found.starts_with(start), "{found}");
        }
    }

    #[test]
    fn metres_of_a_system_and_deletions() {
        let toml = GOOD
            .replace("{ lat = \"lat\", lon = \"lon\" }", "{ x = \"e\", y = \"n\", crs = \"EPSG:27700\" }")
            .replace("[columns]", "deleted = { from = \"status\", values = [\"VOID\", \"X\"] }\n[columns]");
        let feed = parse(&toml, "try.toml").unwrap();
        let place = feed.place.unwrap();
        let name = |at: usize| feed.sources[at].name.as_str();
        assert_eq!((name(place.lat), name(place.lon), place.crs.code()), ("n", "e", "EPSG:27700"));
        assert_eq!(place.wanted_lat, "wanted a northing in metres of EPSG:27700, from 0 to 1300000");
        let deleted = feed.deleted.unwrap();
        assert_eq!((name(deleted.from), deleted.values.len()), ("status", 2));
        assert!(feed.sources[deleted.from].required);
    }

    #[test]
    fn the_formats_say_how_exactly_the_time_is_known() {
        let precision = |format: &str, with: &str, stated: &str| {
            let toml = GOOD
                .replace("%Y-%m-%d %H:%M:%S", format)
                .replace("{ from = \"at\" }", &format!("{{ from = \"at\"{with} }}"))
                .replace("[columns]", &format!("{stated}\n[columns]"));
            parse(&toml, "try.toml").unwrap().precision
        };
        assert_eq!(precision("%Y-%m-%d %H:%M:%S", "", ""), Precision::Instant);
        assert_eq!(precision("%Y-%m-%d", "", ""), Precision::Day);
        assert_eq!(precision("%Y-%m", "", ""), Precision::Month);
        assert_eq!(precision("%d/%m/%Y %H:%M", ", with = \"clock\"", ""), Precision::Instant);
        assert_eq!(precision("%Y-%m-%d %H:%M:%S", "", "time_precision = \"day\""), Precision::Day);
        assert_eq!(precision("%Y-%m-%d", "", "time_precision = \"month\""), Precision::Month);
    }

    #[test]
    fn plates_are_always_tokens_and_never_keys() {
        let anpr = |keys: &str, token: &str| {
            parse(
                &format!(
                    "schema = 1\nname = \"a\"\ntitle = \"A\"\ntable = \"anpr_reads\"\nzone = \"UTC\"\nkeys = [{keys}]\n\
                     repeats = \"revision\"\n[columns]\nread_at = {{ from = \"t\", formats = [\"%Y-%m-%d\"] }}\n\
                     vrm_token = {{ from = \"vrm\"{token} }}\n"
                ),
                "a.toml",
            )
        };
        assert!(anpr("\"id\"", ", pseudonym = true").unwrap().needs_plate_key());
        for (keys, token) in [("\"id\"", ""), ("\"vrm\"", ", pseudonym = true"), ("", ", pseudonym = true")] {
            assert!(anpr(keys, token).unwrap_err().to_string().starts_with("a.toml:10:1:"));
        }
    }
}
