//! From the rows of a KPI query to one value a period: which column means what, which periods there are, and which of
//! them are whole.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type};
use chrono::NaiveDate;

use crate::analysis::definition::{Grain, MeasureKind};
use crate::error::{Error, Result};
use crate::model::time::{Period, add_months, month_name, month_start};

/// Columns named so count records left out, by reason.
const EXCLUDED: &str = "excluded_";

/// What a query counted in one period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observation {
    /// Records on top of a share, or the count itself.
    pub numerator: Option<f64>,
    /// Records below a share or a mean.
    pub denominator: Option<f64>,
    /// Level of a stock.
    pub value: Option<f64>,
    /// Records looked at, left out or not.
    pub total: Option<f64>,
    /// Records left out, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// Other figures of the query, by column: `mean_min`, `median_min`, `p90_min`.
    pub also: BTreeMap<String, f64>,
}

impl Observation {
    /// The value of a kind of measure. **Undefined** without a denominator or a reading.
    pub fn value_of(&self, kind: MeasureKind) -> Option<f64> {
        match kind {
            MeasureKind::Count => Some(self.numerator.unwrap_or(0.0)),
            MeasureKind::Proportion | MeasureKind::DurationWithin => {
                let below = self.denominator.filter(|n| *n > 0.0)?;
                Some(self.numerator.unwrap_or(0.0) / below)
            }
            MeasureKind::DurationMean => self.also.get("mean_min").copied(),
            MeasureKind::Stock => self.value,
        }
    }

    /// Whether analysed + excluded = total; a query without exclusions always closes.
    pub fn closes(&self) -> bool {
        match (self.denominator, self.total) {
            (Some(analysed), Some(total)) if !self.excluded.is_empty() => {
                let left_out: u64 = self.excluded.values().sum();
                (analysed + left_out as f64 - total).abs() < 0.5
            }
            _ => true,
        }
    }
}

/// Reads the rows of a KPI query by period. Columns: `period` text; `numerator`, `denominator`, `value`, `total`;
/// `excluded_REASON`; any other number is kept by its name.
///
/// # Errors
/// `Bug` for a query that answers in another shape, or says a period twice.
pub fn observations(batches: &[RecordBatch]) -> Result<BTreeMap<String, Observation>> {
    let mut out = BTreeMap::new();
    for batch in batches {
        let schema = batch.schema();
        let periods = text_column(batch, "period")?;
        for (row, period) in periods.iter().enumerate() {
            let Some(period) = period else { continue };
            if out.insert(period.clone(), Observation::default()).is_some() {
                return Err(Error::bug(format!("the query says {period} twice (row {row})")));
            }
        }
        for (index, field) in schema.fields().iter().enumerate().filter(|(_, f)| f.name() != "period") {
            let column = cast(batch.column(index), &DataType::Float64)
                .map_err(|e| Error::bug(format!("column {} is not a number", field.name())).with_cause(e))?;
            let column = column.as_primitive::<Float64Type>();
            for (row, period) in periods.iter().enumerate().filter(|(row, _)| column.is_valid(*row)) {
                let Some(seen) = period.as_ref().and_then(|p| out.get_mut(p)) else { continue };
                seen.take(field.name(), column.value(row));
            }
        }
    }
    Ok(out)
}

impl Observation {
    fn take(&mut self, column: &str, value: f64) {
        match (column, column.strip_prefix(EXCLUDED)) {
            ("numerator", _) => self.numerator = Some(value),
            ("denominator", _) => self.denominator = Some(value),
            ("value", _) => self.value = Some(value),
            ("total", _) => self.total = Some(value),
            (_, Some(reason)) => {
                self.excluded.insert(reason.to_owned(), value.max(0.0) as u64);
            }
            (other, None) => {
                self.also.insert(other.to_owned(), value);
            }
        }
    }
}

fn text_column(batch: &RecordBatch, name: &str) -> Result<Vec<Option<String>>> {
    let column = batch.column_by_name(name).ok_or_else(|| Error::bug(format!("the query has no column {name}")))?;
    let column =
        cast(column, &DataType::Utf8).map_err(|e| Error::bug(format!("column {name} is not text")).with_cause(e))?;
    Ok(column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
}

/// First and last date of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// First island date.
    pub first_on: NaiveDate,
    /// Last island date.
    pub last_on: NaiveDate,
}

/// Reads the answer of `kpi_extent` by table. Tables without rows are left out.
///
/// # Errors
/// `Bug` for an answer of another shape.
pub fn extents(batches: &[RecordBatch]) -> Result<BTreeMap<String, Extent>> {
    let mut out = BTreeMap::new();
    for batch in batches {
        let names = text_column(batch, "dataset")?;
        let dates = |name: &str| -> Result<Vec<Option<NaiveDate>>> {
            let column =
                batch.column_by_name(name).ok_or_else(|| Error::bug(format!("the query has no column {name}")))?;
            let column = cast(column, &DataType::Date32)
                .map_err(|e| Error::bug(format!("column {name} is not a date")).with_cause(e))?;
            let column = column.as_primitive::<Date32Type>();
            Ok(column.iter().map(|days| days.and_then(Date32Type::to_naive_date_opt)).collect())
        };
        for ((name, first), last) in names.into_iter().zip(dates("first_on")?).zip(dates("last_on")?) {
            if let (Some(name), Some(first_on), Some(last_on)) = (name, first, last) {
                out.insert(name, Extent { first_on, last_on });
            }
        }
    }
    Ok(out)
}

/// Days at either end of a period on which a table may have no record although it was loaded in full.
const GRACE_DAYS: i64 = 3;

/// How far the data reaches: one table, and all tables of events together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The table of the measure.
    pub table: Extent,
    /// All of them.
    pub all: Extent,
}

impl Reach {
    /// Whether the table holds the first day of some dates: it begins by then, or a few days later if others begin by
    /// then.
    pub fn holds_start(&self, dates: &Period) -> bool {
        self.table.first_on <= dates.from
            || (self.all.first_on <= dates.from && (self.table.first_on - dates.from).num_days() <= GRACE_DAYS)
    }

    /// Whether the table holds the last day of some dates, likewise.
    pub fn holds_end(&self, dates: &Period) -> bool {
        let Some(last) = dates.to.pred_opt() else { return false };
        self.table.last_on >= last || (self.all.last_on >= last && (last - self.table.last_on).num_days() <= GRACE_DAYS)
    }
}

/// A period of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// `2017-05` or `2017`.
    pub name: String,
    /// Its dates.
    pub dates: Period,
    /// Whether it was asked for; the others come before and make the limits.
    pub asked: bool,
}

/// The months or years that a question touches, and as many before them as make a baseline of `baseline` in all; none
/// before the data begins.
///
/// # Errors
/// `Bug` if the calendar runs out.
pub fn slots(asked: Period, grain: Grain, baseline: usize, data_from: Option<NaiveDate>) -> Result<Vec<Slot>> {
    let step = match grain {
        Grain::Month => 1,
        Grain::Year => 12,
    };
    let start_of = |on: NaiveDate| match grain {
        Grain::Month => month_start(on),
        Grain::Year => add_months(on, 1 - i32::from(on.format("%m").to_string().parse::<i8>().unwrap_or(1))),
    };
    let first_asked = start_of(asked.from);
    let mut starts = Vec::new();
    let mut start = first_asked;
    while start < asked.to {
        starts.push(start);
        start = add_months(start, step);
    }
    let data_from = data_from.map(|first| {
        let start = start_of(first);
        // A first month that the data holds only in part says nothing about a month.
        if first > start { add_months(start, step) } else { start }
    });
    while starts.len() < baseline {
        let before = add_months(starts[0], -step);
        if before >= starts[0] || data_from.is_none_or(|from| before < from) {
            break;
        }
        starts.insert(0, before);
    }
    starts
        .into_iter()
        .map(|from| {
            let name = match grain {
                Grain::Month => month_name(from),
                Grain::Year => from.format("%Y").to_string(),
            };
            Ok(Slot { name, dates: Period::new(from, add_months(from, step))?, asked: from >= first_asked })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};

    use super::*;
    use crate::model::time::{parse_date, parse_period_name};

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn response() -> RecordBatch {
        let whole = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
        batch(vec![
            ("period", Arc::new(StringArray::from(vec!["2017-05", "2017-06"]))),
            ("numerator", whole(vec![9, 0])),
            ("denominator", whole(vec![12, 0])),
            ("total", whole(vec![15, 3])),
            ("excluded_cancelled", whole(vec![2, 3])),
            ("excluded_no_arrival", whole(vec![1, 0])),
            ("mean_min", Arc::new(Float64Array::from(vec![Some(8.642), None]))),
            ("median_min", Arc::new(Float64Array::from(vec![Some(6.35), None]))),
        ])
    }

    #[test]
    fn the_waterfall_closes_and_shares_need_a_denominator() {
        let seen = observations(&[response()]).unwrap();
        let may = &seen["2017-05"];
        assert!(may.closes());
        assert!((may.value_of(MeasureKind::DurationWithin).unwrap() - 0.75).abs() < 1e-12);
        assert!((may.value_of(MeasureKind::DurationMean).unwrap() - 8.642).abs() < 1e-12);
        assert_eq!(may.excluded["cancelled"], 2);
        let june = &seen["2017-06"];
        assert_eq!(june.value_of(MeasureKind::DurationWithin), None);
        assert_eq!(june.value_of(MeasureKind::DurationMean), None);
        assert!(june.closes());
        let mut leaky = may.clone();
        leaky.total = Some(16.0);
        assert!(!leaky.closes());
    }

    #[test]
    fn a_quiet_last_day_is_not_a_missing_one() {
        let extent = |first: &str, last: &str| Extent {
            first_on: parse_date(first).unwrap(),
            last_on: parse_date(last).unwrap(),
        };
        let all = extent("2015-01-01", "2017-12-31");
        let december = parse_period_name("2017-12").unwrap();
        let holds = |last: &str| Reach { table: extent("2015-01-02", last), all }.holds_end(&december);
        assert!(holds("2017-12-31") && holds("2017-12-29"));
        assert!(!holds("2017-11-30"), "loaded to November only");
        let reach = Reach { table: extent("2015-01-02", "2017-12-31"), all };
        assert!(reach.holds_start(&parse_period_name("2015-01").unwrap()));
        let late = Reach { table: extent("2015-01-20", "2017-12-31"), all };
        assert!(!late.holds_start(&parse_period_name("2015-01").unwrap()));
    }

    #[test]
    fn a_query_of_another_shape_is_a_bug() {
        let no_period = batch(vec![("numerator", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
        assert!(observations(&[no_period]).is_err());
        assert!(observations(&[response(), response()]).is_err(), "the same period twice");
    }

    #[test]
    fn the_baseline_comes_before_the_question_and_after_the_data_begins() {
        let quarter = parse_period_name("2017-Q3").unwrap();
        let held = |first: &str| Some(parse_date(first).unwrap());
        let all = slots(quarter, Grain::Month, 24, held("2015-01-01")).unwrap();
        assert_eq!((all.len(), all[0].name.as_str()), (24, "2015-10"));
        assert_eq!(all.iter().filter(|s| s.asked).count(), 3);
        let short = slots(quarter, Grain::Month, 24, held("2017-02-03")).unwrap();
        assert_eq!(short[0].name, "2017-03", "February is held in part");
        assert_eq!(slots(quarter, Grain::Month, 24, None).unwrap().len(), 3);
        let years = slots(quarter, Grain::Year, 3, held("2015-01-01")).unwrap();
        assert_eq!(years.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["2015", "2016", "2017"]);
    }
}
