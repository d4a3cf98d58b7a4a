//! Is it rising? Series of a dataset by day, week or month, of all of it or by group or area.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDate};
use serde::Serialize;

use super::App;
use super::about::groups_of;
use super::flow::texts;
use super::selection::{coverage, known_group, params, refuse_without_days, refuse_without_hours};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::selection::Selection;
use crate::analysis::trend::{Daily, Held, Span, Step, Trend, Wanted, compare, reaches_back_to, rows, take_apart};
use crate::engine::{Snapshot, Value};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::model::schema::Table;
use crate::model::time::{Period, add_months};
use crate::store::AsOf;

/// The most series of one answer: more are a table for a spreadsheet, not a trend.
const MOST_SERIES: usize = 200;

/// What makes a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The dataset's own groups.
    Group,
    /// Parishes.
    Parish,
    /// Vingtaines.
    Vingtaine,
    /// Policing areas.
    Beat,
}

impl By {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            By::Group => "group",
            By::Parish => "parish",
            By::Vingtaine => "vingtaine",
            By::Beat => "beat",
        }
    }

    /// The one of that name.
    ///
    /// # Errors
    /// `Input` naming what there is.
    pub fn parse(name: &str) -> Result<Self> {
        let all = [By::Group, By::Parish, By::Vingtaine, By::Beat];
        let known = all.into_iter().find(|by| by.name() == name);
        known.ok_or_else(|| {
            Error::input(format!("`{name}` makes no series; write group, parish, vingtaine or beat")).at("by")
        })
    }
}

/// What is asked: the whole steps of a selection.
#[derive(Debug, Clone)]
pub struct Question {
    /// Records that are counted.
    pub selection: Selection,
    /// Length of a step.
    pub step: Step,
    /// What makes a series; `None` is one series of all.
    pub by: Option<By>,
    /// What is wanted beside the counts.
    pub wanted: Wanted,
}

impl Question {
    /// The months of a selection.
    pub fn of(selection: Selection) -> Self {
        Self { selection, step: Step::Month, by: None, wanted: Wanted { seed: 1, ..Wanted::default() } }
    }

    /// The same with everything that can be said of two years or more: parts, changes, and a year ahead.
    #[must_use]
    pub fn with_parts(mut self) -> Self {
        let period = self.selection.period;
        if period.from <= add_months(period.to, -24) {
            let wanted = Wanted { decompose: true, forecast: Some(self.step.season()), changes: true, ..self.wanted };
            self.wanted = wanted;
        }
        self
    }

    /// The question in one line, for the audit.
    pub fn subject(&self) -> String {
        let mut text = format!("{} step={}", self.selection.subject(), self.step.name());
        if let Some(by) = self.by {
            text.push_str(&format!(" by={}", by.name()));
        }
        text
    }

    fn check(&self) -> Result<&'static Table> {
        let table = self.selection.check()?;
        self.wanted.check(self.step)?;
        if self.by == Some(By::Group) && table.group.is_none() {
            return Err(Error::input(format!("{} has no groups", table.name)).at("by"));
        }
        Ok(table)
    }
}

/// A released trend and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct TrendAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// Steps, comparisons, and what was asked for beside them.
    #[serde(flatten)]
    pub trend: Released<Trend>,
    /// Length of a step.
    #[serde(skip)]
    pub step: Step,
}

/// Asks for the series of a dataset.
///
/// # Errors
/// `Denied`; `Input` for an unknown dataset, group or step; `Data` without a whole step, by day or week where records are
/// known by month, by time of day where they have none, or of more than 200 series.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<TrendAnswer> {
    app.enter(who, Action::AskAggregate, "trend", &question.subject())?;
    answer(app, who, question).await
}

/// The same under another trip's audit line, released for `who`.
pub(super) async fn answer(app: &App, who: &Principal, question: &Question) -> Result<TrendAnswer> {
    let selection = &question.selection;
    question.check()?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    known_group(&snapshot, selection).await?;
    // Two years more than asked: the same month a year before, and twelve months before that.
    let period = selection.period;
    let longer = Selection { period: Period { from: reaches_back_to(period), ..period }, ..selection.clone() };
    let coverage = coverage(&snapshot, &longer).await?;
    if selection.daypart.is_some() {
        refuse_without_hours(&selection.dataset, &coverage)?;
    }
    if question.step != Step::Month {
        refuse_without_days(&format!("a series by {}", question.step.name()), selection, &coverage)?;
    }
    if question.step.whole_steps(period).is_empty() {
        let words = period.in_words();
        return Err(Error::data(format!("the period {words} holds no whole {}", question.step.name())));
    }
    let held = held(app, &snapshot, &selection.dataset).await?;
    let (names, daily) = series(app, &snapshot, question, &longer).await?;
    let by_month = coverage.month_precision > 0;
    let (step, wanted, known) = (question.step, question.wanted, held.clone());
    // Sums and fits are pure arithmetic: they leave the async threads to others.
    let trend = tokio::task::spawn_blocking(move || -> Result<Trend> {
        let rows = rows(&names, &daily, &known, step, period)?;
        let parts = take_apart(&rows, step, wanted)?;
        Ok(Trend { comparisons: compare(&names, &daily, &known, period, by_month), rows, parts })
    })
    .await
    .map_err(|e| Error::bug("the series could not be computed").with_cause(e))??;
    let policy = Policy { threshold: app.config.public_threshold };
    let trend = release(trend, &policy, who);
    let provenance = provenance(snapshot.version(), question, &held, &trend);
    Ok(TrendAnswer { provenance, trend, step: question.step })
}

/// What is held of a dataset, all groups and times of day together.
async fn held(app: &App, snapshot: &Snapshot, dataset: &str) -> Result<Held> {
    let dataset_only = BTreeMap::from([("dataset".to_owned(), Value::Text(dataset.to_owned()))]);
    let mut spans = Vec::new();
    for batch in &snapshot.query("source_spans", &dataset_only).await?.batches {
        let loaded =
            batch.column_by_name("last_loaded_at").and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
        let loaded = loaded.ok_or_else(|| Error::bug("no column last_loaded_at"))?;
        let on =
            |micros| DateTime::from_timestamp_micros(micros).map(|at| at.with_timezone(&app.config.zone).date_naive());
        for row in 0..batch.num_rows() {
            let (Some(first), Some(last)) = (date(batch, "first_on", row)?, date(batch, "last_on", row)?) else {
                continue;
            };
            let loaded = loaded.is_valid(row).then(|| loaded.value(row)).and_then(on);
            spans.push(Span { first, last, loaded, by_month: number(batch, "month_precision", row)? > 0 });
        }
    }
    let Some((from, to)) =
        spans.iter().map(|s| s.first).min().zip(spans.iter().filter_map(|s| s.last.succ_opt()).max())
    else {
        return Ok(Held::default());
    };
    let every = params(&Selection::of(dataset, Period::new(from, to)?));
    let mut days = Vec::new();
    for batch in &snapshot.query("daily_counts", &every).await?.batches {
        for row in 0..batch.num_rows() {
            days.extend(date(batch, "local_on", row)?.zip(Some(number(batch, "count", row)?)));
        }
    }
    Ok(Held::new(&spans, &days))
}

/// The names of the series, sorted, and their daily counts. Groups and areas that are known and have no record are there
/// too.
async fn series(
    app: &App,
    snapshot: &Snapshot,
    question: &Question,
    longer: &Selection,
) -> Result<(Vec<Option<String>>, Vec<Daily>)> {
    let mut params = params(longer);
    let Some(by) = question.by else {
        let batches = snapshot.query("series_counts", &params).await?.batches;
        return Ok((vec![None], read(&batches, |_| Ok(0))?));
    };
    params.insert("by".to_owned(), Value::Text(by.name().to_owned()));
    let batches = snapshot.query("series_counts", &params).await?.batches;
    let mut names: BTreeSet<String> = BTreeSet::new();
    for batch in &batches {
        names.extend(texts(batch, "series")?);
    }
    match (by, &question.selection.group) {
        (By::Group, Some(group)) => drop(names.insert(group.clone())),
        (By::Group, None) => names.extend(groups_of(snapshot, &question.selection.dataset).await?),
        (By::Parish, _) => {
            let places = app.memory.places(app)?;
            names.extend(places.parishes().into_iter().flat_map(|areas| areas.iter().map(|area| area.name.clone())));
        }
        (By::Vingtaine | By::Beat, _) => {}
    }
    if names.len() > MOST_SERIES {
        return Err(Error::data(format!(
            "{} has {} values: at most {MOST_SERIES} series are compared; ask for a group, or for larger areas",
            by.name(),
            names.len()
        ))
        .at("by"));
    }
    let names: Vec<String> = names.into_iter().collect();
    let daily = read(&batches, |name| {
        names.binary_search_by(|known| known.as_str().cmp(name)).map_err(|_| Error::bug("a series without a name"))
    })?;
    Ok((names.into_iter().map(Some).collect(), daily))
}

fn read(batches: &[RecordBatch], place: impl Fn(&str) -> Result<usize>) -> Result<Vec<Daily>> {
    let mut daily = Vec::new();
    for batch in batches {
        let names = texts(batch, "series")?;
        for (row, name) in names.iter().enumerate() {
            let Some(on) = date(batch, "local_on", row)? else { continue };
            daily.push(Daily { series: place(name)?, on, count: number(batch, "count", row)? });
        }
    }
    Ok(daily)
}

fn date(batch: &RecordBatch, name: &str, row: usize) -> Result<Option<NaiveDate>> {
    let column = batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Date32Type>());
    let column = column.ok_or_else(|| Error::bug(format!("no column {name}")))?;
    Ok(column.is_valid(row).then(|| column.value(row)).and_then(Date32Type::to_naive_date_opt))
}

fn number(batch: &RecordBatch, name: &str, row: usize) -> Result<u64> {
    let column = batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>());
    column.map(|c| c.value(row).unsigned_abs()).ok_or_else(|| Error::bug(format!("no column {name}")))
}

fn provenance(version: u64, question: &Question, held: &Held, trend: &Trend) -> Provenance {
    let (step, wanted) = (question.step, question.wanted);
    let mut method = match step {
        Step::Day => "days".to_owned(),
        Step::Week => "ISO weeks from Monday, whole ones only".to_owned(),
        Step::Month => "calendar months, whole ones only".to_owned(),
    };
    let mut parameters = BTreeMap::from([("step".to_owned(), step.name().to_owned())]);
    let mut put = |name: &str, value: String| parameters.insert(name.to_owned(), value);
    if let Some(by) = question.by {
        put("by", by.name().to_owned());
    }
    if !trend.comparisons.is_empty() {
        put("comparison", "exact conditional test of two counts over their days, two-sided; 95 % interval".to_owned());
    }
    if wanted.decompose {
        method.push_str("; STL, of several seasons MSTL");
        let seasons: Vec<String> = step.seasons().iter().map(ToString::to_string).collect();
        put(
            "seasons",
            format!("{} steps; one shape below six cycles, else windows of 11 and 15", seasons.join(" and ")),
        );
    }
    if let Some(steps) = wanted.forecast {
        method.push_str("; additive ETS by AICc");
        put("forecast", format!("{steps} steps, season of {}; 80 % and 95 % intervals by Student's t", step.season()));
    }
    if wanted.changes {
        method.push_str("; changes of level of counts by PELT");
        put("changes", "penalty 3 ln n, dispersion from neighbouring steps, p from 999 shuffles".to_owned());
        put("least_steps_between_changes", step.least_between_changes().to_string());
        put("seed", wanted.seed.to_string());
    }
    let ends = held.ends();
    if let Some((first, _)) = ends {
        put("data_from", first.to_string());
    }
    Provenance {
        method: Some(method),
        // What is not shown is not counted: a total would give a hidden step away.
        rows: trend.rows.iter().filter_map(|row| row.count).sum(),
        parameters,
        data_cut_off: ends.map(|(_, last)| last.to_string()),
        ..question.selection.provenance("trend", version)
    }
}
