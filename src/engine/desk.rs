//! Columns of tables laid out in memory, to be asked many times: what many measures need of a table is read from the
//! files once. The rows of an example are laid out in the same way, so that a test goes through the same queries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{Days, NaiveDate};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::measure::Measure;
use super::template::{Slots, fill};
use super::{Snapshot, Value, catalogue, udf};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::time::Period;

/// What is to be laid out of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layout {
    /// Table.
    pub table: String,
    /// Columns that are read.
    pub columns: BTreeSet<String>,
    /// Instants whose island date puts records into periods.
    pub dated: BTreeSet<String>,
    /// Dates beside `local_on` that put records into periods.
    pub days: BTreeSet<String>,
    /// Whether something is broken down by daypart.
    pub dayparts: bool,
    /// First date.
    pub from: NaiveDate,
    /// The day after the last.
    pub to: NaiveDate,
}

impl Layout {
    /// An empty one of a table.
    pub fn of(table: &str, dates: Period) -> Self {
        Self {
            table: table.to_owned(),
            columns: BTreeSet::new(),
            dated: BTreeSet::new(),
            days: BTreeSet::new(),
            dayparts: false,
            from: dates.from,
            to: dates.to,
        }
    }

    /// Adds what a measure needs for some dates.
    pub fn add(&mut self, measure: &Measure, dates: Period) {
        self.columns.extend(measure.columns.iter().cloned());
        match &measure.dated {
            Some(field) => self.dated.insert(field.clone()),
            None => self.days.insert(measure.on.clone()),
        };
        self.dayparts |= measure.dayparts;
        self.from = self.from.min(measure.back_from(dates.from));
        self.to = self.to.max(dates.to);
    }
}

/// Tables in memory. Cheap to clone.
///
/// **Cost**: the memory of the columns laid out, about 8 bytes a number or instant and the length of a text and 4 bytes,
/// a row; a question reads them once, on one core, so that questions side by side use all cores and sums never depend on
/// how many there are.
#[derive(Clone)]
pub struct Desk {
    context: SessionContext,
}

impl Desk {
    /// An empty one.
    pub fn new(config: &Config) -> Self {
        let settings = SessionConfig::new()
            .with_target_partitions(1)
            .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
        let context = SessionContext::new_with_config(settings);
        for function in udf::all(config) {
            context.register_udf(function);
        }
        Self { context }
    }

    /// Lays out a table.
    ///
    /// # Errors
    /// `Bug` if the rows are not of the schema.
    pub fn put(&self, table: &str, schema: SchemaRef, rows: Vec<RecordBatch>) -> Result<()> {
        let failed = |cause: datafusion::error::DataFusionError| {
            Error::bug(format!("{table} cannot be laid out: {}", cause.message())).with_cause(cause)
        };
        let provider = MemTable::try_new(schema, vec![rows]).map_err(failed)?;
        self.context.deregister_table(table).map_err(failed)?;
        self.context.register_table(table, Arc::new(provider)).map_err(failed)?;
        Ok(())
    }

    /// A desk with the rows of an example, taken for the whole table that a layout names.
    ///
    /// # Errors
    /// As [`Desk::put`].
    pub async fn of_rows(config: &Config, layout: &Layout, rows: RecordBatch) -> Result<Self> {
        let whole = Self::new(config);
        whole.put(&layout.table, rows.schema(), vec![rows])?;
        let (schema, rows) = scan(&whole.context, layout).await?;
        let desk = Self::new(config);
        desk.put(&layout.table, schema, rows)?;
        Ok(desk)
    }

    /// Counts one measure over what is laid out. `from` and `to` are its dates, `months` the length of a period, 0 for all
    /// dates together.
    ///
    /// # Errors
    /// `Input` if an expression of the definition does not fit the columns it names.
    pub async fn ask(&self, measure: &Measure, dates: Period, months: i32) -> Result<Vec<RecordBatch>> {
        let query = &measure.query;
        let mut params = BTreeMap::from([
            ("from".to_owned(), Value::Date(dates.from)),
            ("to".to_owned(), Value::Date(dates.to)),
            ("months".to_owned(), Value::Int(i64::from(months))),
            ("back".to_owned(), Value::Date(measure.back_from(dates.from))),
        ]);
        params.retain(|name, _| query.params.iter().any(|param| param.name == *name));
        let values = query.bind(&params)?;
        let failed = |cause: datafusion::error::DataFusionError| {
            let message = cause.find_root().message().into_owned();
            Error::input(format!("the definition does not run over {}: {message}", measure.table)).with_cause(cause)
        };
        let frame = self.context.sql(&query.sql).await.map_err(failed)?;
        let frame = frame.with_param_values(values).map_err(failed)?;
        frame.collect().await.map_err(failed)
    }
}

impl Snapshot {
    /// Reads columns of tables and lays them out. What was laid out last is kept for the next question.
    ///
    /// # Errors
    /// `Data` if a table is damaged.
    pub async fn desk(&self, layouts: &[Layout]) -> Result<Desk> {
        let mut kept = self.laid_out.lock().await;
        if let Some((what, desk)) = kept.as_ref()
            && what.as_slice() == layouts
        {
            return Ok(desk.clone());
        }
        let desk = Desk::new(&self.config);
        let mut rows = 0;
        for layout in layouts {
            rows += self.lay(&desk, layout).await?;
        }
        *kept = (rows <= KEPT_ROWS).then(|| (layouts.to_vec(), desk.clone()));
        Ok(desk)
    }

    /// Reads one table; returns how many rows it has.
    async fn lay(&self, desk: &Desk, layout: &Layout) -> Result<usize> {
        let (schema, rows) = scan(self.session().await?, layout).await?;
        let count = rows.iter().map(RecordBatch::num_rows).sum();
        desk.put(&layout.table, schema, rows)?;
        Ok(count)
    }

    /// First and last date of a table by the column that puts its records into periods.
    ///
    /// # Errors
    /// `Data` if the table is damaged.
    pub async fn dates_of(&self, measure: &Measure) -> Result<Vec<RecordBatch>> {
        let mut slots = Slots::default();
        slots.set("source", &measure.table);
        match &measure.dated {
            Some(field) => {
                slots.add("dated", [("field", field.clone())]);
                slots.set("day", "local_on");
            }
            None => slots.set("day", &measure.on),
        }
        let query = fill(catalogue::template("measure_extent")?, &slots)?;
        Ok(self.answer(&query, &BTreeMap::new()).await?.batches)
    }
}

/// The columns of a table that a layout names.
async fn scan(context: &SessionContext, layout: &Layout) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let mut slots = Slots::default();
    slots.set("source", &layout.table);
    // The template names this one itself.
    for column in layout.columns.iter().filter(|column| *column != "local_on") {
        slots.add("column", [("name", column.clone())]);
    }
    for field in &layout.dated {
        slots.add("dated", [("field", field.clone())]);
    }
    for field in layout.days.iter().filter(|field| *field != "local_on") {
        slots.add("day", [("field", field.clone())]);
    }
    if layout.dayparts {
        slots.add("daypart", [("minute", "local_minute".to_owned())]);
    }
    let query = fill(catalogue::template("measure_scan")?, &slots)?;
    let early = layout.from.checked_sub_days(Days::new(1)).unwrap_or(layout.from);
    let late = layout.to.checked_add_days(Days::new(2)).unwrap_or(layout.to);
    let values = query.bind(&BTreeMap::from([
        ("from".to_owned(), Value::Date(layout.from)),
        ("to".to_owned(), Value::Date(layout.to)),
        ("early".to_owned(), Value::Date(early)),
        ("late".to_owned(), Value::Date(late)),
    ]))?;
    let failed = |cause| super::failed("measure_scan", cause);
    let frame = context.sql(&query.sql).await.map_err(failed)?;
    let frame = frame.with_param_values(values).map_err(failed)?;
    let planned = Arc::new(frame.schema().as_arrow().clone());
    // Partition after partition: the order of the rows is that of the files, however many cores read them.
    let rows: Vec<RecordBatch> = frame.collect_partitioned().await.map_err(failed)?.into_iter().flatten().collect();
    // What a column may hold is narrower in the rows than in the plan.
    let schema = rows.first().map_or(planned, RecordBatch::schema);
    Ok((schema, rows))
}

/// Rows laid out that are kept until the next question of another kind.
const KEPT_ROWS: usize = 2_000_000;
