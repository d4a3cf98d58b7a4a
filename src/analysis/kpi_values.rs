//! From the rows of a KPI query to one value a period: what each kind's rows mean, which periods there are, and which of
//! them are whole.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use chrono::{Datelike, NaiveDate};

use crate::analysis::definition::{Definition, Grain, MeasureKind};
use crate::error::{Error, Result};
use crate::model::time::{Period, add_months, month_name};
use crate::stats::quantile::{Method, quantile};
use crate::stats::rate::wilson;

/// Level of the intervals of shares.
const CONFIDENCE: f64 = 0.95;
const MICROSECONDS_A_MINUTE: f64 = 60_000_000.0;
const MICROSECONDS_A_DAY: f64 = 86_400_000_000.0;

/// Reasons that a query gives of itself, where a definition's own exclusions do not name the case.
const REASONS: &[(i64, &str)] =
    &[(1001, "no_time"), (1002, "negative_time"), (1003, "no_person"), (1004, "no_base"), (1005, "no_amount")];

/// What a query counted in one period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observation {
    /// Records on top of a share, or the count itself.
    pub numerator: Option<f64>,
    /// Records below a share or a mean.
    pub denominator: Option<f64>,
    /// Level of a stock, sum of money, mean of gaps.
    pub value: Option<f64>,
    /// Records looked at, left out or not.
    pub total: Option<f64>,
    /// Records that the value is of.
    pub analysed: Option<f64>,
    /// Records left out, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// Other figures, by name: `mean_min`, `median_min`, `p90_min`, `low`, `high`, `persons`, `repeats`.
    pub also: BTreeMap<String, f64>,
}

/// What was counted, by part (`all`, a parish, a daypart, a grade) and period.
pub type Seen = BTreeMap<String, BTreeMap<String, Observation>>;

/// The part that is everything.
pub const WHOLE: &str = "all";

impl Observation {
    /// The value of a kind of measure. **Undefined** without a denominator or a reading; a rate needs its people and is not
    /// known here.
    pub fn value_of(&self, kind: MeasureKind) -> Option<f64> {
        match kind {
            MeasureKind::Proportion | MeasureKind::DurationWithin | MeasureKind::Survey | MeasureKind::Milestone => {
                let below = self.denominator.filter(|n| *n > 0.0)?;
                Some(self.numerator.unwrap_or(0.0) / below)
            }
            MeasureKind::DurationMean => self.also.get("mean_min").copied(),
            MeasureKind::Distinct if self.denominator.is_some() => {
                let persons = self.denominator.filter(|n| *n > 0.0)?;
                Some(self.numerator.unwrap_or(0.0) / persons)
            }
            MeasureKind::Count | MeasureKind::Distinct => Some(self.numerator.unwrap_or(0.0)),
            MeasureKind::Rate => None,
            MeasureKind::Quantile | MeasureKind::TimeBetween | MeasureKind::Stock | MeasureKind::Finance => self.value,
        }
    }

    /// Whether analysed + excluded = total; a query without exclusions always closes.
    pub fn closes(&self) -> bool {
        match (self.analysed.or(self.denominator), self.total) {
            (Some(analysed), Some(total)) if !self.excluded.is_empty() => {
                let left_out: u64 = self.excluded.values().sum();
                (analysed + left_out as f64 - total).abs() < 0.5
            }
            _ => true,
        }
    }
}

/// Reads the rows of a measure's query: one row a period, part and state, where state 0 is analysed and every other is a
/// reason for leaving records out. `grain` is `None` where all dates were taken together: the period is then `all`.
///
/// # Errors
/// `Bug` for a query that answers in another shape.
pub fn observations(batches: &[RecordBatch], definition: &Definition, grain: Option<Grain>) -> Result<Seen> {
    let mut out = Seen::new();
    for batch in batches {
        let table = Rows { batch };
        let (parts, periods) = (table.texts("part")?, table.dates("period")?);
        let (states, records) = (table.numbers("state")?, table.numbers("records")?);
        for row in 0..batch.num_rows() {
            let (Some(part), Some(start)) = (&parts[row], periods[row]) else { continue };
            let name = grain.map_or_else(|| WHOLE.to_owned(), |grain| period_name(start, grain));
            let seen = out.entry(part.clone()).or_default().entry(name).or_insert_with(|| Observation::of(definition));
            let count = records[row].unwrap_or(0.0);
            if let Some(total) = &mut seen.total {
                *total += count;
            }
            let state = states[row].unwrap_or(0.0) as i64;
            if state == 0 {
                seen.analysed = Some(count);
                seen.take(&table, row, count, definition)?;
            } else {
                *seen.excluded.entry(reason(state, definition)?).or_default() += count as u64;
            }
        }
    }
    Ok(out)
}

/// Code of a reason.
fn reason(state: i64, definition: &Definition) -> Result<String> {
    let own = usize::try_from(state - 1).ok().and_then(|at| definition.exclude.get(at)).map(|e| e.code.as_str());
    let built_in = REASONS.iter().find(|(number, _)| *number == state).map(|(_, code)| *code);
    own.or(built_in)
        .map(str::to_owned)
        .ok_or_else(|| Error::bug(format!("the query gives the state {state}, which is no exclusion")))
}

impl Observation {
    /// Nothing seen yet of a measure.
    fn of(definition: &Definition) -> Self {
        let excluded: BTreeMap<String, u64> = definition.exclude.iter().map(|e| (e.code.clone(), 0)).collect();
        let is_plain = matches!(definition.kind, MeasureKind::Count | MeasureKind::Rate | MeasureKind::Proportion);
        let total = (!is_plain || !excluded.is_empty()).then_some(0.0);
        let mut seen = Self { total, excluded, ..Self::default() };
        match definition.kind {
            MeasureKind::Stock | MeasureKind::Finance => {}
            MeasureKind::Count | MeasureKind::Rate => seen.numerator = Some(0.0),
            MeasureKind::Distinct if definition.distinct.as_ref().is_none_or(|d| d.repeat.is_none()) => {
                seen.numerator = Some(0.0);
            }
            _ => (seen.numerator, seen.denominator) = (Some(0.0), Some(0.0)),
        }
        seen
    }

    /// Takes the figures of the analysed records of one period and part.
    fn take(&mut self, rows: &Rows<'_>, row: usize, count: f64, definition: &Definition) -> Result<()> {
        let number = |name: &str| -> Result<Option<f64>> { Ok(rows.numbers(name)?[row]) };
        match definition.kind {
            MeasureKind::Count | MeasureKind::Rate => self.numerator = Some(count),
            MeasureKind::Proportion => {
                (self.numerator, self.denominator) = (number("numerator")?, Some(count));
                self.interval();
            }
            MeasureKind::DurationWithin | MeasureKind::DurationMean | MeasureKind::Quantile => {
                self.durations(rows.list("durations", row)?, definition);
            }
            MeasureKind::Distinct => {
                let (persons, repeats) = (number("persons")?, number("repeats")?);
                for (name, figure) in [("persons", persons), ("repeats", repeats)] {
                    self.also.extend(figure.map(|figure| (name.to_owned(), figure)));
                }
                if definition.distinct.as_ref().is_some_and(|d| d.repeat.is_some()) {
                    (self.numerator, self.denominator) = (repeats, persons);
                    self.interval();
                } else {
                    self.numerator = persons;
                }
            }
            MeasureKind::TimeBetween => {
                let (gaps, days) = (number("gaps")?, number("gap_us")?.map(|us| us / MICROSECONDS_A_DAY));
                (self.numerator, self.denominator) = (days, gaps);
                self.value = days.zip(gaps.filter(|n| *n > 0.0)).map(|(days, gaps)| days / gaps);
            }
            MeasureKind::Stock => self.value = number(definition.period_agg.as_deref().unwrap_or("last"))?,
            MeasureKind::Survey => {
                (self.numerator, self.denominator) = (number("numerator")?, number("base")?);
                self.interval();
            }
            MeasureKind::Finance => self.value = number("money")?,
            MeasureKind::Milestone => {}
        }
        Ok(())
    }

    /// The interval of a share: Wilson, 95%.
    fn interval(&mut self) {
        let (Some(x), Some(n)) = (self.numerator, self.denominator) else { return };
        if let Some(found) = wilson(x, n, CONFIDENCE) {
            self.also.extend(found.lower.map(|low| ("low".to_owned(), low)));
            self.also.insert("high".to_owned(), found.upper);
        }
    }

    /// The figures of durations in microseconds. Their sum is a whole number, so the mean does not depend on the order.
    fn durations(&mut self, mut microseconds: Vec<i64>, definition: &Definition) {
        microseconds.sort_unstable();
        let n = microseconds.len() as f64;
        self.denominator = Some(n);
        if let Some(threshold) = &definition.threshold {
            let bound = i64::from(threshold.seconds) * 1_000_000;
            let within = match threshold.op.as_str() {
                "<" => microseconds.partition_point(|us| *us < bound),
                _ => microseconds.partition_point(|us| *us <= bound),
            };
            self.numerator = Some(within as f64);
            self.interval();
        } else {
            self.numerator = None;
        }
        let sum: i128 = microseconds.iter().map(|us| i128::from(*us)).sum();
        if n > 0.0 {
            self.also.insert("mean_min".to_owned(), sum as f64 / n / MICROSECONDS_A_MINUTE);
        }
        let minutes: Vec<f64> = microseconds.iter().map(|us| *us as f64 / MICROSECONDS_A_MINUTE).collect();
        self.also.extend(minutes.last().map(|most| ("max_min".to_owned(), *most)));
        let wanted = definition.quantiles.as_ref();
        let method = wanted.and_then(|q| Method::parse(&q.method)).unwrap_or(Method::Linear);
        let shares = wanted.map_or_else(Vec::new, |q| q.p.clone());
        for p in shares.iter().copied().chain([0.5, 0.9]) {
            self.also.extend(quantile(&minutes, p, method).map(|minutes| (quantile_name(p), minutes)));
        }
        if definition.kind == MeasureKind::Quantile {
            self.value = shares.first().and_then(|p| quantile(&minutes, *p, method));
        }
    }
}

/// `median_min`, `p90_min`, `p97.5_min`.
fn quantile_name(p: f64) -> String {
    if (p - 0.5).abs() < 1e-12 { "median_min".to_owned() } else { format!("p{}_min", (p * 1e6).round() / 1e4) }
}

/// Milestones due by the end of a period, and those of them that are done by then.
pub fn milestones(definition: &Definition, dates: &Period) -> Observation {
    let due = definition.milestone.iter().filter(|m| m.due.is_some_and(|on| on < dates.to));
    let (mut all, mut done) = (0.0, 0.0);
    for milestone in due {
        all += 1.0;
        if milestone.done_on.is_some_and(|on| on < dates.to) {
            done += 1.0;
        }
    }
    Observation { numerator: Some(done), denominator: Some(all), ..Observation::default() }
}

/// Columns of a batch as plain values.
struct Rows<'a> {
    batch: &'a RecordBatch,
}

impl Rows<'_> {
    fn column(&self, name: &str, kind: &DataType) -> Result<arrow::array::ArrayRef> {
        let column =
            self.batch.column_by_name(name).ok_or_else(|| Error::bug(format!("the query has no column {name}")))?;
        cast(column, kind).map_err(|e| Error::bug(format!("column {name} is not {kind}")).with_cause(e))
    }

    fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>> {
        Ok(self.column(name, &DataType::Float64)?.as_primitive::<Float64Type>().iter().collect())
    }

    fn texts(&self, name: &str) -> Result<Vec<Option<String>>> {
        let column = self.column(name, &DataType::Utf8)?;
        Ok(column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
    }

    fn dates(&self, name: &str) -> Result<Vec<Option<NaiveDate>>> {
        let column = self.column(name, &DataType::Date32)?;
        let column = column.as_primitive::<Date32Type>();
        Ok(column.iter().map(|days| days.and_then(Date32Type::to_naive_date_opt)).collect())
    }

    /// The whole numbers in one row of a column of lists.
    fn list(&self, name: &str, row: usize) -> Result<Vec<i64>> {
        let column =
            self.batch.column_by_name(name).ok_or_else(|| Error::bug(format!("the query has no column {name}")))?;
        let lists = column.as_list_opt::<i32>().ok_or_else(|| Error::bug(format!("column {name} holds no lists")))?;
        if lists.is_null(row) {
            return Ok(Vec::new());
        }
        let values = cast(&lists.value(row), &DataType::Int64)
            .map_err(|e| Error::bug(format!("column {name} holds no whole numbers")).with_cause(e))?;
        Ok(values.as_primitive::<Int64Type>().iter().flatten().collect())
    }
}

/// `2017-05`, `2017-Q2`, `2017`.
pub fn period_name(start: NaiveDate, grain: Grain) -> String {
    match grain {
        Grain::Month => month_name(start),
        Grain::Quarter => format!("{}-Q{}", start.year(), start.month0() / 3 + 1),
        Grain::Year => start.format("%Y").to_string(),
    }
}

/// First day of the period that a date lies in.
pub fn period_start(on: NaiveDate, grain: Grain) -> NaiveDate {
    let months = grain.months().unsigned_abs();
    NaiveDate::from_ymd_opt(on.year(), on.month0() / months * months + 1, 1).unwrap_or(on)
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
        let rows = Rows { batch };
        let names = rows.texts("dataset")?;
        for ((name, first), last) in names.into_iter().zip(rows.dates("first_on")?).zip(rows.dates("last_on")?) {
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

impl Extent {
    /// The dates of a table with few rows: a period in which it has one is held as far as all other data goes.
    #[must_use]
    pub fn of_few(self, grain: Grain, all: Option<Extent>) -> Self {
        let next = add_months(period_start(self.last_on, grain), grain.months());
        let end = next.pred_opt().unwrap_or(self.last_on);
        let known = all.map_or(self.last_on, |all| all.last_on.max(self.last_on));
        Self { first_on: period_start(self.first_on, grain), last_on: end.min(known) }
    }
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
    /// `2017-05`, `2017-Q2` or `2017`.
    pub name: String,
    /// Its dates.
    pub dates: Period,
    /// Whether it was asked for; the others come before and make the limits.
    pub asked: bool,
}

/// The months, quarters or years that a question touches, and as many before them as make a baseline of `baseline` in all; none
/// before the data begins.
///
/// # Errors
/// `Bug` if the calendar runs out.
pub fn slots(asked: Period, grain: Grain, baseline: usize, data_from: Option<NaiveDate>) -> Result<Vec<Slot>> {
    let step = grain.months();
    let start_of = |on: NaiveDate| period_start(on, grain);
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
            Ok(Slot {
                name: period_name(from, grain),
                dates: Period::new(from, add_months(from, step))?,
                asked: from >= first_asked,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date32Array, Int64Array, ListArray, StringArray};

    use super::*;
    use crate::analysis::definition::builtin;
    use crate::model::time::{parse_date, parse_period_name};

    fn definition(measure: &str) -> Definition {
        builtin().unwrap().into_iter().find(|k| k.measure == measure).unwrap().definition.remove(0)
    }

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// May: twelve analysed, two cancelled, one without an arrival. June: three cancelled.
    fn response() -> RecordBatch {
        let whole = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
        let (may, june) = (17_287, 17_318);
        let minutes = [3.0, 4.2, 4.8, 5.1, 5.5, 6.0, 6.7, 7.4, 9.9, 10.0, 10.1, 31.0];
        let durations: Vec<Option<i64>> = minutes.iter().rev().map(|m| Some((m * 6e7) as i64)).collect();
        let lists = vec![Some(durations), None, None, None];
        batch(vec![
            ("period", Arc::new(Date32Array::from(vec![may, may, may, june]))),
            ("part", Arc::new(StringArray::from(vec!["all"; 4]))),
            ("state", whole(vec![0, 1, 3, 1])),
            ("records", whole(vec![12, 2, 1, 3])),
            ("durations", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
        ])
    }

    #[test]
    fn the_waterfall_closes_and_shares_need_a_denominator() {
        let (share, mean) = (definition("M03"), definition("M02"));
        let seen = observations(&[response()], &share, Some(Grain::Month)).unwrap();
        let may = &seen["all"]["2017-05"];
        assert!(may.closes());
        assert!((may.value_of(MeasureKind::DurationWithin).unwrap() - 0.75).abs() < 1e-12);
        assert!((may.value_of(MeasureKind::DurationMean).unwrap() - 8.641_666_7).abs() < 1e-6);
        assert!((may.also["median_min"] - 6.35).abs() < 1e-9 && (may.also["p90_min"] - 10.09).abs() < 1e-9);
        assert!((may.also["low"] - 0.468).abs() < 1e-3 && (may.also["high"] - 0.911).abs() < 1e-3, "Wilson");
        assert_eq!((may.excluded["cancelled"], may.excluded["no_arrival"], may.excluded["bad_order"]), (2, 1, 0));
        let mut within = share.clone();
        within.threshold.as_mut().unwrap().op = "<=".into();
        let at_most = &observations(&[response()], &within, Some(Grain::Month)).unwrap()["all"]["2017-05"];
        assert_eq!(at_most.numerator, Some(10.0), "ten minutes on the dot");
        let june = &observations(&[response()], &mean, Some(Grain::Month)).unwrap()["all"]["2017-06"];
        assert_eq!(june.value_of(MeasureKind::DurationWithin), None);
        assert_eq!(june.value_of(MeasureKind::DurationMean), None);
        assert!(june.closes());
        let mut leaky = may.clone();
        leaky.total = Some(16.0);
        assert!(!leaky.closes());
    }

    #[test]
    fn milestones_are_those_due() {
        let mut definition = definition("M01");
        let milestone = |due: &str, done: Option<&str>| crate::analysis::definition::Milestone {
            plan_ref: "3.1".into(),
            part: None,
            deliverable: "a thing".into(),
            owner: "supt-operations".into(),
            due: parse_date(due).ok(),
            due_kind: "quarter".into(),
            done_on: done.and_then(|on| parse_date(on).ok()),
            status: "open".into(),
            evidence: Vec::new(),
        };
        definition.milestone =
            vec![milestone("2017-03-31", Some("2017-03-01")), milestone("2017-03-31", None), milestone("x", None)];
        let value = |period: &str| {
            milestones(&definition, &parse_period_name(period).unwrap()).value_of(MeasureKind::Milestone)
        };
        assert_eq!((value("2017-02"), value("2017-03")), (None, Some(0.5)));
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
        let no_period = batch(vec![("records", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
        assert!(observations(&[no_period], &definition("M01"), Some(Grain::Month)).is_err());
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
        let quarters = slots(quarter, Grain::Quarter, 3, held("2015-01-01")).unwrap();
        assert_eq!(quarters.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["2017-Q1", "2017-Q2", "2017-Q3"]);
        let years = slots(quarter, Grain::Year, 3, held("2015-01-01")).unwrap();
        assert_eq!(years.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["2015", "2016", "2017"]);
    }
}
