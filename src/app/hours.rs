//! When in the week? Records by hour of the week, ranges shared out.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::Int64Type;
use serde::Serialize;

use super::App;
use super::disclosed::without_small;
use super::selection::{Coverage, coverage, known_group, params};
use crate::analysis::disclosure::{Policy, Released, SUPPRESSED, release};
use crate::analysis::hours::{Hours, Known, hours};
use crate::analysis::selection::Selection;
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::store::AsOf;

/// Microseconds of a second.
const MICROS: i64 = 1_000_000;

/// Released hours and where they came from.
#[derive(Debug, Clone, Serialize)]
pub struct HoursAnswer {
    /// Where they came from.
    pub provenance: Provenance,
    /// 168 rows, Monday 00:00 first.
    #[serde(flatten)]
    pub hours: Released<Hours>,
}

/// Asks in which hours of the week records happen.
///
/// # Errors
/// `Denied`; `Input` for a wrong question, or one with a daypart; `Data` for records whose time of day is not known.
pub async fn ask(app: &App, who: &Principal, selection: &Selection) -> Result<HoursAnswer> {
    app.enter(who, Action::AskAggregate, "hours", &selection.subject())?;
    selection.check()?;
    if selection.daypart.is_some() {
        return Err(Error::input("hours of the week show every part of the day: leave the daypart out").at("daypart"));
    }
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let coverage = coverage(&snapshot, selection).await?;
    refuse_without_times(selection, &coverage)?;
    if coverage.in_period == 0 {
        known_group(&snapshot, selection).await?;
    }
    let known = ranges(&snapshot.records("ranges", &params(selection)).await?.batches)?;
    let zone = app.config.zone;
    let week = tokio::task::spawn_blocking(move || hours(&known, zone))
        .await
        .map_err(|e| Error::bug("the hours could not be computed").with_cause(e))?;
    let policy = Policy { threshold: app.config.public_threshold };
    let rules = week.rules.unwrap_or_default();
    let mut excluded = BTreeMap::new();
    if rules.without_start > 0 {
        excluded.insert("no_beginning".to_owned(), rules.without_start);
    }
    let mut provenance = Provenance {
        method: Some("aoristic: a range counts in each hour by the share of its elapsed time".to_owned()),
        rows: week.records.unwrap_or(0),
        excluded,
        parameters: parameters(selection, zone.name()),
        data_cut_off: coverage.last_on.map(|on| on.to_string()),
        ..selection.provenance("hours", snapshot.version())
    };
    without_small(&mut provenance, policy, who);
    let week = release(week, &policy, who);
    if week.records.is_none() {
        provenance.rows = 0;
        provenance.undefined_reason = Some(SUPPRESSED.to_owned());
    }
    Ok(HoursAnswer { provenance, hours: week })
}

/// Refuses records that are known by month or day: they would seem to happen at no hour.
fn refuse_without_times(selection: &Selection, coverage: &Coverage) -> Result<()> {
    if coverage.without_hour == 0 {
        return Ok(());
    }
    let known = if coverage.month_precision > 0 { "month" } else { "day" };
    Err(Error::data(format!(
        "{} of the {} {} records of the period are known by {known} only: hours of the week need the time of day of each \
         record",
        coverage.without_hour, coverage.in_period, selection.dataset
    )))
}

fn ranges(batches: &[RecordBatch]) -> Result<Vec<Known>> {
    let mut known = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for batch in batches {
        let column = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|column| column.as_primitive_opt::<Int64Type>())
                .ok_or_else(|| Error::bug(format!("the ranges have no column {name}")))
        };
        let (from, to, records) = (column("from_at")?, column("to_at")?, column("records")?);
        let second = |column: &PrimitiveArray<Int64Type>, row: usize| {
            column.is_valid(row).then(|| column.value(row).div_euclid(MICROS))
        };
        known.extend((0..batch.num_rows()).map(|row| Known {
            from: second(from, row),
            to: second(to, row),
            records: records.value(row).unsigned_abs(),
        }));
    }
    Ok(known)
}

fn parameters(selection: &Selection, zone: &str) -> BTreeMap<String, String> {
    let weeks = if selection.period.days() % 7 == 0 {
        format!("{} whole weeks: every hour of the week is there as often", selection.period.days() / 7)
    } else {
        format!("{} days, not whole weeks: some hours of the week are there once more", selection.period.days())
    };
    [
        ("clock", zone),
        ("selected_by", "the day of the beginning"),
        ("without_end", "the moment of the beginning"),
        ("end_before_beginning", "exchanged"),
        ("longer_than_7_days", "the same for every hour"),
        ("period", &weeks),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}
