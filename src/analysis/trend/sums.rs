//! Daily counts summed by step, the series side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Date32Array, Int64Array, RecordBatch};
use arrow::datatypes::Date32Type;
use chrono::NaiveDate;
use polars::prelude::{
    ClosedWindow, DataFrame, Duration, DynamicGroupOptions, IntoLazy, Label, SortMultipleOptions, StartBy, col,
};

use super::{Daily, Step};
use crate::error::{Error, Result};
use crate::model::bridge::{polars_bug, to_arrow, to_polars};

/// Counts of every series in every step, in the order of `starts`; zeros included.
pub(super) fn by_step(daily: &[Daily], step: Step, starts: &[NaiveDate], series: usize) -> Result<Vec<Vec<u64>>> {
    let mut counts = vec![vec![0; starts.len()]; series];
    let Some((first, last)) = starts.first().zip(starts.last()) else { return Ok(counts) };
    let place: BTreeMap<NaiveDate, usize> = starts.iter().enumerate().map(|(at, start)| (*start, at)).collect();
    let range = *first..step.next(*last);
    let sums = to_arrow(&windows(daily.iter().filter(|row| range.contains(&row.on)), step)?)?;
    let (which, on, count) = (ints(&sums, "series")?, dates(&sums)?, ints(&sums, "count")?);
    for row in 0..sums.num_rows() {
        let start = Date32Type::to_naive_date_opt(on.value(row)).and_then(|start| place.get(&start));
        let cell =
            start.zip(usize::try_from(which.value(row)).ok()).and_then(|(at, s)| counts.get_mut(s)?.get_mut(*at));
        let sum = u64::try_from(count.value(row)).map_err(|e| Error::bug("a negative count").with_cause(e))?;
        *cell.ok_or_else(|| Error::bug("a sum of a step that was not asked for"))? = sum;
    }
    Ok(counts)
}

/// Polars' part: sums by series and calendar window.
fn windows<'a>(daily: impl Iterator<Item = &'a Daily>, step: Step) -> Result<DataFrame> {
    let (mut series, mut on, mut count) = (Vec::new(), Vec::new(), Vec::new());
    for row in daily {
        series.push(i64::try_from(row.series).map_err(|e| Error::bug("too many series").with_cause(e))?);
        on.push(Date32Type::from_naive_date(row.on));
        count.push(i64::try_from(row.count).map_err(|e| Error::data("a count that is too large").with_cause(e))?);
    }
    let days = RecordBatch::try_from_iter([
        ("series", Arc::new(Int64Array::from(series)) as ArrayRef),
        ("local_on", Arc::new(Date32Array::from(on)) as ArrayRef),
        ("count", Arc::new(Int64Array::from(count)) as ArrayRef),
    ])
    .map_err(|cause| Error::bug("days and counts do not make a batch").with_cause(cause))?;
    let window = Duration::parse(step.window());
    to_polars(&days)?
        .lazy()
        .sort(["series", "local_on"], SortMultipleOptions::default())
        .group_by_dynamic(
            col("local_on"),
            [col("series")],
            DynamicGroupOptions {
                every: window,
                period: window,
                offset: Duration::parse("0ns"),
                label: Label::Left,
                closed_window: ClosedWindow::Left,
                start_by: StartBy::WindowBound,
                ..DynamicGroupOptions::default()
            },
        )
        .agg([col("count").sum()])
        .collect()
        .map_err(polars_bug)
}

fn dates(batch: &RecordBatch) -> Result<&Date32Array> {
    let column = batch.column_by_name("local_on").and_then(|column| column.as_any().downcast_ref::<Date32Array>());
    column.ok_or_else(|| Error::bug("the sums have no dates"))
}

fn ints<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array> {
    let column = batch.column_by_name(name).and_then(|column| column.as_any().downcast_ref::<Int64Array>());
    column.ok_or_else(|| Error::bug(format!("the sums have no column `{name}`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Period, parse_date};

    #[test]
    fn sums_are_those_of_a_plain_loop() {
        let from = parse_date("2015-12-20").unwrap();
        let daily: Vec<Daily> = (0..900_u64)
            .flat_map(|day| {
                (0..3).map(move |series| Daily {
                    series,
                    on: from + chrono::Days::new(day),
                    count: day * 7 % 5 + series as u64,
                })
            })
            .filter(|row| row.count > 0)
            .collect();
        let period = Period::new(parse_date("2015-12-25").unwrap(), parse_date("2018-03-03").unwrap()).unwrap();
        for step in Step::ALL {
            let starts = step.whole_steps(period);
            let sums = by_step(&daily, step, &starts, 3).unwrap();
            for (at, start) in starts.iter().enumerate() {
                for (series, sums) in sums.iter().enumerate() {
                    let days = daily.iter().filter(|row| row.series == series && step.start(row.on) == *start);
                    assert_eq!(sums[at], days.map(|row| row.count).sum::<u64>(), "{step:?} {start}");
                }
            }
        }
    }

    #[test]
    fn nothing_sums_to_zeros() {
        let starts = [parse_date("2017-05-01").unwrap()];
        assert_eq!(by_step(&[], Step::Month, &starts, 2).unwrap(), [[0], [0]]);
        assert_eq!(by_step(&[], Step::Month, &[], 1).unwrap(), [Vec::<u64>::new()]);
    }
}
