//! Data quality as a page's context, as rows for a file, and in words.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::{Value, json};

use crate::analysis::disclosure::Released;
use crate::analysis::quality::{Column, LoadLine, Quality, Reconciliation, TableQuality};
use crate::error::{Error, Result};
use crate::model::words::thousands;
use crate::render::format::{UNAVAILABLE, decimal, iso_date};
use crate::render::quality_picture::draw;

/// Completeness of every table with records as one SVG.
pub fn picture(quality: &Released<Quality>) -> String {
    let tables: Vec<&TableQuality> = quality.tables.iter().filter(|table| table.records > 0).collect();
    draw("completeness", &tables)
}

/// The context of the page: a section for each table with records, then refusals and loads.
pub fn context(quality: &Released<Quality>) -> Value {
    let held = quality.tables.iter().filter(|table| table.records > 0);
    let empty: Vec<String> = quality.tables.iter().filter(|t| t.records == 0).map(|t| table_name(&t.dataset)).collect();
    json!({
        "tables": held.map(section).collect::<Vec<_>>(),
        "empty_tables": empty.join(", "),
        "rejects": reject_table(quality),
        "loads": quality.loads.iter().map(load_row).collect::<Vec<_>>(),
        "reconciliation": reconciliation(&quality.reconciliation),
    })
}

fn section(table: &TableQuality) -> Value {
    let places = &table.places;
    let crowded = match places.crowded_records {
        0 => "0".to_owned(),
        n => format!("{} ({} of located)", thousands(n), percent(places.crowded_share)),
    };
    json!({
        "id": table.dataset,
        "name": table_name(&table.dataset),
        "finding": finding(table),
        "facts": [
            {"label": "Records", "value": thousands(table.records)},
            {"label": "With a position", "value": percent(places.located_share)},
            {"label": "Crowded points", "value": thousands(places.crowded_points)},
            {"label": "Records at them", "value": crowded},
        ],
        "svg": draw(&format!("completeness-{}", table.dataset), &[table]),
        "columns": {
            "headers": ["Column", "Filled", "Missing", "Share filled"],
            "rows": table.columns.iter().map(|c| column_row(c, table.records)).collect::<Vec<_>>(),
        },
        "delays": {
            "headers": ["From, to", "Records", "Median", "90th percentile", "Backwards", "Not known"],
            "rows": table.delays.iter().map(|d| json!([
                stage_words(&d.stage), thousands(d.counted), delay(d.median_s), delay(d.p90_s), thousands(d.negative),
                thousands(d.undated),
            ])).collect::<Vec<_>>(),
        },
        "places": {"headers": ["What was noted", "Records", "Share"], "rows": place_rows(table)},
    })
}

fn column_row(column: &Column, records: u64) -> Value {
    let missing = records - column.filled.min(records);
    json!([column.name, thousands(column.filled), thousands(missing), percent(column.share)])
}

fn place_rows(table: &TableQuality) -> Vec<Value> {
    let places = &table.places;
    let unlocated = places.unlocated.iter().map(|(reason, n)| {
        let text = format!("without a position: {}", words(reason));
        json!([text, thousands(*n), percent(crate::analysis::quality::share(*n, table.records))])
    });
    // The reasons above are remarks as well: once is enough.
    let labels = places.labels.iter().filter(|(name, _)| !places.unlocated.contains_key(*name));
    unlocated.chain(labels.map(|(name, l)| json!([words(name), thousands(l.records), percent(l.share)]))).collect()
}

fn reject_table(quality: &Quality) -> Value {
    let rows: Vec<Value> = quality
        .rejects
        .iter()
        .map(|r| json!([format!("{}: {}", r.feed, words(&r.reason)), thousands(r.rows), percent(r.share)]))
        .collect();
    json!({"headers": ["Feed and reason", "Rows", "Share of rows read"], "rows": rows})
}

fn load_row(load: &LoadLine) -> Value {
    json!({
        "load_id": load.load_id, "feed": load.feed,
        "loaded_at": iso_date(load.loaded_at.get(..10).unwrap_or_default()),
        "rows_in": thousands(load.rows_in), "accepted": thousands(load.accepted), "revised": thousands(load.revised),
        "unchanged": thousands(load.unchanged), "duplicate": thousands(load.duplicate),
        "withheld": thousands(load.withheld),
        "rejected": thousands(load.rejected_total),
        "stated": stated(load),
    })
}

/// What the source says it sent, beside what was read.
fn stated(load: &LoadLine) -> String {
    match (load.stated_rows, load.difference()) {
        (Some(n), Some(0)) => format!("● {}, agrees", thousands(n)),
        (Some(n), Some(d)) if d < 0 => format!("▼ {}, {} missing", thousands(n), thousands(d.unsigned_abs())),
        (Some(n), Some(d)) => format!("▲ {}, {} too many", thousands(n), thousands(d.unsigned_abs())),
        _ => "– not stated".to_owned(),
    }
}

/// Whether as many rows came as the sources say, in a sentence.
pub fn reconciliation(found: &Reconciliation) -> String {
    let loads = |n: u64| if n == 1 { "1 load".to_owned() } else { format!("{} loads", thousands(n)) };
    match (found.stated, found.differ) {
        (0, _) => format!("No source said how many rows it sent ({}).", loads(found.not_stated)),
        (_, 0) => format!(
            "{} read as many rows as the source stated; for {} it did not say.",
            loads(found.agree),
            loads(found.not_stated)
        ),
        _ => format!(
            "{} read more or fewer rows than the source stated; {} agree; for {} it did not say.",
            loads(found.differ),
            loads(found.agree),
            loads(found.not_stated)
        ),
    }
}

/// How complete a table is, in a sentence without its full stop.
pub fn finding(table: &TableQuality) -> String {
    let name = table_name(&table.dataset);
    let complete = table.columns.iter().filter(|column| column.filled == table.records).count();
    let least = table.columns.iter().filter(|c| c.filled < table.records).min_by_key(|c| c.filled);
    match least {
        _ if table.records == 0 => format!("{name}: no records"),
        None => format!("{name}: every column is complete"),
        Some(least) => format!(
            "{name}: {complete} of {} columns are complete; {} is filled least ({})",
            table.columns.len(),
            least.name,
            percent(least.share)
        ),
    }
}

/// `anpr_reads` as `ANPR reads`.
pub(super) fn table_name(dataset: &str) -> String {
    match dataset {
        "anpr_reads" => "ANPR reads".to_owned(),
        _ => words(dataset).chars().take(1).flat_map(char::to_uppercase).chain(dataset.chars().skip(1)).collect(),
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Words of a stage of delay.
pub fn stage_words(stage: &str) -> &str {
    match stage {
        "event_to_recorded" => "event to record",
        "recorded_to_loaded" => "record to load",
        "event_to_loaded" => "event to load",
        other => other,
    }
}

/// A share with one decimal that never claims all or nothing where it is not so.
///
/// # Example
/// ```
/// use vigie::render::quality::percent;
/// let shown = [Some(0.5), Some(0.9999), Some(1.0), Some(0.0001), None].map(percent);
/// assert_eq!(shown, ["50.0%", ">99.9%", "100.0%", "<0.1%", "[x]"]);
/// ```
pub fn percent(share: Option<f64>) -> String {
    match share {
        None => UNAVAILABLE.to_owned(),
        Some(share) if (0.9995..1.0).contains(&share) => ">99.9%".to_owned(),
        Some(share) if share > 0.0 && share < 0.0005 => "<0.1%".to_owned(),
        Some(share) => format!("{}%", decimal(share * 100.0, 1)),
    }
}

/// A delay in the unit that suits it.
///
/// # Example
/// ```
/// use vigie::render::quality::delay;
/// let shown = [Some(4), Some(720), Some(30_780), Some(874_800), None].map(delay);
/// assert_eq!(shown, ["4 s", "12 min", "8.6 hours", "10.1 days", "[x]"]);
/// ```
pub fn delay(seconds: Option<u64>) -> String {
    match seconds {
        None => UNAVAILABLE.to_owned(),
        Some(seconds @ 0..120) => format!("{seconds} s"),
        Some(seconds @ 120..7_200) => format!("{} min", seconds / 60),
        Some(seconds @ 7_200..172_800) => format!("{} hours", decimal(seconds as f64 / 3_600.0, 1)),
        Some(seconds) => format!("{} days", decimal(seconds as f64 / 86_400.0, 1)),
    }
}

/// The same figures as one long table: a row a figure.
///
/// # Errors
/// `Bug` if the columns differ in length.
pub fn figures(quality: &Released<Quality>) -> Result<RecordBatch> {
    let mut rows = Figures::default();
    for table in &quality.tables {
        let (name, all) = (table.dataset.as_str(), table.records);
        for column in &table.columns {
            rows.add(name, "completeness", &column.name, column.filled, all, column.share);
        }
        for delay in &table.delays {
            rows.add(name, "median_s", &delay.stage, delay.counted, all, delay.median_s.map(|s| s as f64));
            rows.add(name, "p90_s", &delay.stage, delay.counted, all, delay.p90_s.map(|s| s as f64));
            let of = |n| crate::analysis::quality::share(n, all);
            rows.add(name, "negative_delay", &delay.stage, delay.negative, all, of(delay.negative));
            rows.add(name, "undated", &delay.stage, delay.undated, all, of(delay.undated));
        }
        let places = &table.places;
        rows.add(name, "located", "position", places.located, all, places.located_share);
        for (reason, n) in &places.unlocated {
            rows.add(name, "unlocated", reason, *n, all, crate::analysis::quality::share(*n, all));
        }
        for (label, found) in &places.labels {
            rows.add(name, "label", label, found.records, all, found.share);
        }
        rows.add(name, "crowded", "exact points", places.crowded_records, places.located, places.crowded_share);
    }
    for reject in &quality.rejects {
        let read = quality.loads.iter().filter(|l| l.feed == reject.feed && l.table == reject.table);
        rows.add(&reject.table, "rejected", &reject.reason, reject.rows, read.map(|l| l.rows_in).sum(), reject.share);
    }
    rows.batch()
}

#[derive(Default)]
struct Figures {
    dataset: Vec<String>,
    aspect: Vec<&'static str>,
    item: Vec<String>,
    records: Vec<i64>,
    of: Vec<i64>,
    value: Vec<Option<f64>>,
}

impl Figures {
    fn add(&mut self, dataset: &str, aspect: &'static str, item: &str, records: u64, of: u64, value: Option<f64>) {
        self.dataset.push(dataset.to_owned());
        self.aspect.push(aspect);
        self.item.push(item.to_owned());
        self.records.push(i64::try_from(records).unwrap_or(i64::MAX));
        self.of.push(i64::try_from(of).unwrap_or(i64::MAX));
        self.value.push(value);
    }

    fn batch(self) -> Result<RecordBatch> {
        let field = |name: &str, kind: DataType| Field::new(name, kind, name == "value");
        let fields = vec![
            field("dataset", DataType::Utf8),
            field("aspect", DataType::Utf8),
            field("item", DataType::Utf8),
            field("records", DataType::Int64),
            field("of", DataType::Int64),
            field("value", DataType::Float64),
        ];
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(self.dataset)),
            Arc::new(StringArray::from(self.aspect)),
            Arc::new(StringArray::from(self.item)),
            Arc::new(Int64Array::from(self.records)),
            Arc::new(Int64Array::from(self.of)),
            Arc::new(Float64Array::from(self.value)),
        ];
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|e| Error::bug("the figures are of several lengths").with_cause(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::quality::{Delay, LabelCount, Places, reconcile, rejects, share};
    use crate::model::access::{Principal, Role};

    fn released(role: Role) -> Released<Quality> {
        let column = |name: &str, filled, all| Column { name: name.into(), filled, share: share(filled, all) };
        let delay = Delay {
            stage: "event_to_recorded".into(),
            counted: 9,
            negative: 1,
            undated: 0,
            median_s: Some(3_600),
            p90_s: Some(7_200),
        };
        let labels = [LabelCount { labels: "no_location".into(), located: 8, records: 10 }];
        let held = TableQuality {
            dataset: "crimes".into(),
            records: 10,
            columns: vec![column("crime_id", 10, 10), column("flags", 3, 10)],
            delays: vec![delay],
            places: Places::of(&labels, 0, 0),
        };
        let empty = TableQuality {
            dataset: "anpr_reads".into(),
            columns: vec![column("lane", 0, 0)],
            ..TableQuality::default()
        };
        let load = LoadLine {
            feed: "f".into(),
            table: "crimes".into(),
            rows_in: 11,
            stated_rows: Some(12),
            rejected: [("bad_time".to_owned(), 1)].into(),
            loaded_at: "2026-01-01T12:00:00Z".into(),
            ..LoadLine::default()
        };
        let loads = vec![load];
        let quality =
            Quality { tables: vec![held, empty], rejects: rejects(&loads), reconciliation: reconcile(&loads), loads };
        let who = Principal { name: "reader".into(), roles: vec![role], via: "test", purpose: None };
        release(quality, &Policy { threshold: 5 }, &who)
    }

    #[test]
    fn the_picture_names_its_finding_and_draws_what_is_there() {
        let svg = picture(&released(Role::PerformanceManager));
        assert!(svg.contains("Crimes: 1 of 2 columns are complete; flags is filled least (30.0%)"), "{svg}");
        assert!(svg.contains(">30.0%<") && svg.contains("role=\"img\"") && !svg.contains("lane"), "{svg}");
    }

    #[test]
    fn an_empty_column_is_an_empty_bar_and_an_undefined_one_is_dashed() {
        let mut out = String::new();
        let column = |share| Column { name: "lane".into(), filled: 0, share };
        let table = |share, records| TableQuality {
            dataset: "anpr_reads".into(),
            records,
            columns: vec![column(share)],
            ..TableQuality::default()
        };
        for (share, records) in [(Some(0.0), 4), (None, 0)] {
            out.push_str(&draw("x", &[&table(share, records)]));
        }
        assert!(!out.contains("NaN") && !out.contains(&crate::render::palette::ACCENT.hex()), "{out}");
        assert_eq!(out.matches("stroke-dasharray").count(), 1);
    }

    #[test]
    fn the_page_takes_its_context() {
        let mut context = context(&released(Role::PerformanceManager));
        context["page"] = json!({"title": "Data quality", "current": "quality"});
        context["about"] = json!({"name": "vigie", "version": "0", "synthetic": true});
        let page = crate::render::html::page("quality.html", &context).unwrap();
        for words in ["completeness-crimes", "2.0 hours", "▼ 12, 1 missing", "a position: no location", "f: bad time"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
    }

    #[test]
    fn the_public_gets_nothing() {
        let public = released(Role::Public);
        assert!(public.tables.is_empty() && public.loads.is_empty() && public.rejects.is_empty());
        assert_eq!(figures(&public).unwrap().num_rows(), 0);
    }

    #[test]
    fn figures_have_no_number_where_there_is_none() {
        use arrow::array::{Array as _, AsArray as _};
        let batch = figures(&released(Role::PerformanceManager)).unwrap();
        let items = batch.column(2).as_string::<i32>();
        let lane = (0..batch.num_rows()).find(|row| items.value(*row) == "lane").unwrap();
        assert!(batch.column(5).is_null(lane));
    }
}
