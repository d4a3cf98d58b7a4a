//! SQL over the store: one DataFusion session a store version, the question catalogue of `queries/`, and the functions
//! of place and time that SQL may use. Read-only. Rank 4.

mod catalogue;
pub mod desk;
mod expression;
pub mod measure;
mod params;
mod sandbox;
mod session;
mod template;
mod udf;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use tokio::sync::OnceCell;

pub use catalogue::{ColumnDoc, ParamDoc, QueryDoc, queries};
pub use expression::{Expression, expression};
pub use params::Value;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::store::{AsOf, Counted, Counting, Held, Store, StoreVersion};

/// The SQL engine over one store. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    store: Arc<Store>,
    config: Arc<Config>,
    /// The session of the version asked for last: questions mostly come for the newest one.
    last: Arc<Mutex<Option<Snapshot>>>,
}

/// The store as one version holds it. The session for SQL is made at the first statement: what needs none pays for none.
#[derive(Clone)]
pub struct Snapshot {
    version: StoreVersion,
    store: Arc<Store>,
    config: Arc<Config>,
    session: Arc<OnceCell<SessionContext>>,
    /// Columns that were laid out for the measures of the last question.
    laid_out: Arc<tokio::sync::Mutex<Option<LaidOut>>>,
}

/// What was laid out, and the tables.
type LaidOut = (Vec<desk::Layout>, desk::Desk);

/// What a query answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Columns, known even without rows.
    pub schema: SchemaRef,
    /// Rows.
    pub batches: Vec<RecordBatch>,
}

impl Answer {
    /// Number of rows.
    pub fn row_count(&self) -> u64 {
        self.batches.iter().map(|b| b.num_rows() as u64).sum()
    }
}

impl Engine {
    /// An engine over a store.
    pub fn new(store: Arc<Store>, config: Arc<Config>) -> Self {
        Self { store, config, last: Arc::new(Mutex::new(None)) }
    }

    /// The store at a moment.
    ///
    /// # Errors
    /// `Missing` if the store has no such version.
    pub async fn snapshot(&self, as_of: AsOf) -> Result<Snapshot> {
        let version = self.store.version(as_of)?;
        let cached = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(snapshot) = cached.filter(|s| s.version == version) {
            return Ok(snapshot);
        }
        let (store, config) = (Arc::clone(&self.store), Arc::clone(&self.config));
        let snapshot = Snapshot { version, store, config, session: Arc::default(), laid_out: Arc::default() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot.clone());
        Ok(snapshot)
    }

    /// Asks a question of the catalogue of the newest version.
    ///
    /// # Errors
    /// As [`Snapshot::query`].
    pub async fn query(&self, name: &str, params: &BTreeMap<String, Value>) -> Result<Vec<RecordBatch>> {
        Ok(self.snapshot(AsOf::Newest).await?.query(name, params).await?.batches)
    }
}

impl Snapshot {
    /// The version that is read.
    pub fn version(&self) -> u64 {
        self.version.version
    }

    /// Makes the session now, so that the first statement does not wait for it.
    ///
    /// # Errors
    /// `Data` if a table is damaged.
    pub async fn ready(&self) -> Result<()> {
        self.session().await.map(|_| ())
    }

    async fn session(&self) -> Result<&SessionContext> {
        self.session.get_or_try_init(|| session::build(&self.store, &self.version, &self.config)).await
    }

    /// Numbers of records from the counts in the table files; `None` if these cannot say it and a query must.
    ///
    /// # Errors
    /// `Data` if the table is damaged.
    pub async fn count(&self, table: &str, question: Counting) -> Result<Option<Counted>> {
        let (store, version, table) = (Arc::clone(&self.store), self.version.clone(), table.to_owned());
        // Reading and adding leaves the async threads to others.
        tokio::task::spawn_blocking(move || store.count(&version, &table, &question))
            .await
            .map_err(|e| Error::bug("the counts could not be read").with_cause(e))?
    }

    /// What a table holds in all, from the counts in its files; `None` as of [`Snapshot::count`].
    ///
    /// # Errors
    /// `Data` if the table is damaged.
    pub async fn held(&self, table: &str) -> Result<Option<Held>> {
        let (store, version, table) = (Arc::clone(&self.store), self.version.clone(), table.to_owned());
        tokio::task::spawn_blocking(move || store.held(&version, &table))
            .await
            .map_err(|e| Error::bug("the counts could not be read").with_cause(e))?
    }

    /// Asks a question of the catalogue, with its parameters bound by name. An optional parameter may be left out.
    ///
    /// # Errors
    /// `Input` for an unknown question, an unknown, missing or ill-typed parameter.
    pub async fn query(&self, name: &str, params: &BTreeMap<String, Value>) -> Result<Answer> {
        self.answer(catalogue::find(name)?, params).await
    }

    /// Asks for single records, for a trip that computes with them: what it shows of them is for `release` to say.
    ///
    /// # Errors
    /// As [`Snapshot::query`].
    pub async fn records(&self, name: &str, params: &BTreeMap<String, Value>) -> Result<Answer> {
        self.answer(catalogue::find_records(name)?, params).await
    }

    async fn answer(&self, query: &QueryDoc, params: &BTreeMap<String, Value>) -> Result<Answer> {
        let name = query.name.as_str();
        let values = query.bind(params)?;
        let frame = self.session().await?.sql(&query.sql).await.map_err(|e| failed(name, e))?;
        let frame = frame.with_param_values(values).map_err(|e| failed(name, e))?;
        collect(frame).await.map_err(|e| failed(name, e))
    }

    /// Columns about single people or vehicles that a statement reads.
    ///
    /// # Errors
    /// As [`Snapshot::sql`].
    pub async fn personal_columns(&self, text: &str) -> Result<BTreeSet<String>> {
        sandbox::personal_columns(sandbox::plan(self.session().await?, text).await?)
    }

    /// Runs one read-only statement.
    ///
    /// # Errors
    /// `Input` if it is not one `SELECT`, or does not resolve.
    pub async fn sql(&self, text: &str) -> Result<Answer> {
        let frame = sandbox::plan(self.session().await?, text).await?;
        collect(frame).await.map_err(|e| sandbox::refused(&e))
    }
}

async fn collect(frame: datafusion::prelude::DataFrame) -> std::result::Result<Answer, DataFusionError> {
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await?;
    Ok(Answer { schema, batches })
}

fn failed(name: &str, cause: DataFusionError) -> Error {
    Error::bug(format!("the query {name} failed: {}", cause.message())).with_cause(cause)
}
