//! A selection put to the store: bound parameters, how many records can answer, and what must be refused.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use chrono::NaiveDate;

use super::about::groups_of;
use crate::analysis::selection::Selection;
use crate::engine::{Snapshot, Value};
use crate::error::{Error, Result};
use crate::model::time::{add_months, month_start};
use crate::store::{Counted, Counting};

/// Parameters that the queries over `events` share.
pub(super) fn params(selection: &Selection) -> BTreeMap<String, Value> {
    let mut params = BTreeMap::from([
        ("dataset".to_owned(), Value::Text(selection.dataset.clone())),
        ("from".to_owned(), Value::Date(selection.period.from)),
        ("to".to_owned(), Value::Date(selection.period.to)),
    ]);
    if let Some(group) = &selection.group {
        params.insert("group".to_owned(), Value::Text(group.clone()));
    }
    if let Some(daypart) = &selection.daypart {
        let mask = daypart.weekdays.iter().fold(0_i64, |mask, day| mask | 1 << day);
        params.insert("start".to_owned(), Value::Int(i64::from(daypart.start_minute)));
        params.insert("end".to_owned(), Value::Int(i64::from(daypart.end_minute)));
        params.insert("weekdays".to_owned(), Value::Int(mask));
    }
    params
}

/// How many records a question can use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Coverage {
    pub in_period: u64,
    pub in_daypart: u64,
    pub located: u64,
    pub month_precision: u64,
    pub without_hour: u64,
    pub last_on: Option<NaiveDate>,
}

impl Coverage {
    /// Records that are left out because they have no position, by that reason.
    pub fn excluded(&self) -> BTreeMap<String, u64> {
        let missing = self.in_daypart - self.located.min(self.in_daypart);
        if missing == 0 { BTreeMap::new() } else { BTreeMap::from([("no_location".to_owned(), missing)]) }
    }
}

impl From<&Counted> for Coverage {
    fn from(counted: &Counted) -> Self {
        Self {
            in_period: counted.in_period,
            in_daypart: counted.in_daypart,
            located: counted.located,
            month_precision: counted.month_precision,
            without_hour: counted.without_hour,
            last_on: counted.last_on,
        }
    }
}

/// The selection for the counts in the table files, with the resolution of cells if they are wanted.
pub(super) fn counting(selection: &Selection, resolution: Option<u8>) -> Counting {
    Counting {
        group: selection.group.clone(),
        period: selection.period,
        daypart: selection.daypart.clone(),
        resolution,
    }
}

/// How many records a selection finds, and what is known of them.
pub(super) async fn coverage(snapshot: &Snapshot, selection: &Selection) -> Result<Coverage> {
    match snapshot.count(&selection.dataset, counting(selection, None)).await? {
        Some(counted) => Ok(Coverage::from(&counted)),
        None => scanned_coverage(snapshot, selection).await,
    }
}

/// The same by looking at every record.
pub(super) async fn scanned_coverage(snapshot: &Snapshot, selection: &Selection) -> Result<Coverage> {
    let answer = snapshot.query("coverage", &params(selection)).await?;
    let batch = answer.batches.iter().find(|b| b.num_rows() > 0).ok_or_else(|| Error::bug("no coverage row"))?;
    let number = |name: &str| -> Result<u64> {
        let column = batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>().cloned());
        column.map(|c| c.value(0).unsigned_abs()).ok_or_else(|| Error::bug(format!("no column {name}")))
    };
    let last_on = batch
        .column_by_name("last_on")
        .and_then(|c| c.as_primitive_opt::<Date32Type>().cloned())
        .filter(|c| c.is_valid(0))
        .and_then(|c| Date32Type::to_naive_date_opt(c.value(0)));
    Ok(Coverage {
        in_period: number("in_period")?,
        in_daypart: number("in_daypart")?,
        located: number("located")?,
        month_precision: number("month_precision")?,
        without_hour: number("without_hour")?,
        last_on,
    })
}

/// Refuses a group that the dataset never had: an empty answer would look like good news.
pub(super) async fn known_group(snapshot: &Snapshot, selection: &Selection) -> Result<()> {
    let (Some(group), dataset) = (&selection.group, &selection.dataset) else { return Ok(()) };
    let known = groups_of(snapshot, dataset).await?;
    if known.iter().any(|kind| kind == group) {
        return Ok(());
    }
    Err(Error::input(format!("{dataset} has no group `{group}`; there are {}", known.join(", "))).at("group"))
}

/// How many records a map can use, or why there is no map of them: the questions of place all begin here. `by_day` names
/// what needs the day of each record, such as "a forecast of days or weeks".
pub(super) async fn for_a_map(snapshot: &Snapshot, selection: &Selection, by_day: Option<&str>) -> Result<Coverage> {
    let coverage = coverage(snapshot, selection).await?;
    check_for_a_map(snapshot, selection, &coverage, by_day).await?;
    Ok(coverage)
}

/// How many records a question by area can use: areas are known where positions are not.
pub(super) async fn for_areas(snapshot: &Snapshot, selection: &Selection) -> Result<Coverage> {
    let coverage = coverage(snapshot, selection).await?;
    if selection.daypart.is_some() {
        refuse_without_hours(&selection.dataset, &coverage)?;
    }
    refuse_parts_of_months(selection, &coverage)?;
    if coverage.in_period == 0 {
        known_group(snapshot, selection).await?;
    }
    Ok(coverage)
}

/// The refusals of [`for_a_map`], where the coverage is known already.
pub(super) async fn check_for_a_map(
    snapshot: &Snapshot,
    selection: &Selection,
    coverage: &Coverage,
    by_day: Option<&str>,
) -> Result<()> {
    // First: to ask for whole months would not help where days are needed.
    if let Some(what) = by_day {
        refuse_without_days(what, selection, coverage)?;
    }
    refuse_what_no_map_can_say(selection, coverage)?;
    if coverage.in_period == 0 {
        known_group(snapshot, selection).await?;
    }
    Ok(())
}

/// Refuses a map that the records cannot carry: no positions, hours that are not known, or parts of months of records
/// that are known by month.
fn refuse_what_no_map_can_say(selection: &Selection, coverage: &Coverage) -> Result<()> {
    let dataset = &selection.dataset;
    // First: records without an hour lie in no daypart, and would seem to lack positions.
    if selection.daypart.is_some() {
        refuse_without_hours(dataset, coverage)?;
    }
    refuse_without_positions(selection, coverage)?;
    refuse_parts_of_months(selection, coverage)
}

/// Refuses a question of place about records of which none has a position.
fn refuse_without_positions(selection: &Selection, coverage: &Coverage) -> Result<()> {
    if coverage.in_period == 0 || coverage.located > 0 || coverage.in_daypart == 0 {
        return Ok(());
    }
    let (dataset, period) = (&selection.dataset, selection.period);
    Err(Error::data(format!(
        "none of the {} {dataset} records of the period has a position, so there is no map of them; \
         `vigie query beat_counts dataset={dataset} from={} to={}` counts them by beat",
        coverage.in_daypart, period.from, period.to
    )))
}

/// Refuses a period that cuts months apart where records are known by month.
fn refuse_parts_of_months(selection: &Selection, coverage: &Coverage) -> Result<()> {
    let (from, to) = (selection.period.from, selection.period.to);
    if coverage.month_precision == 0 || (from == month_start(from) && to == month_start(to)) {
        return Ok(());
    }
    Err(Error::data(format!(
        "{} of the {} {} records of the period are known by month only: ask for whole months, such as --from {} --to {}",
        coverage.month_precision,
        coverage.in_period,
        selection.dataset,
        month_start(from),
        add_months(to, i32::from(to != month_start(to)))
    )))
}

/// Refuses a question by time of day of records that are known by month or day only: they would be missing from every
/// daypart, and the answer would look like a quiet one.
pub(super) fn refuse_without_hours(dataset: &str, coverage: &Coverage) -> Result<()> {
    if coverage.without_hour == 0 {
        return Ok(());
    }
    let (known, whole) = if coverage.month_precision > 0 { ("month", ", for whole months") } else { ("day", "") };
    Err(Error::data(format!(
        "{} of the {} {dataset} records of the period are known by {known} only: they cannot be split by time of day. \
         Ask without a daypart{whole}",
        coverage.without_hour, coverage.in_period
    )))
}

/// Refuses a question by day or week (`what` says which) of records that are known by month only.
pub(super) fn refuse_without_days(what: &str, selection: &Selection, coverage: &Coverage) -> Result<()> {
    if coverage.month_precision == 0 {
        return Ok(());
    }
    Err(Error::data(format!(
        "{} of the {} {} records of the period are known by month only: {what} needs the day of each record",
        coverage.month_precision, coverage.in_period, selection.dataset
    )))
}
