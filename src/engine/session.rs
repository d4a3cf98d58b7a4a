//! One session: tables at a store version, views, functions, bounded memory.

use std::sync::Arc;

use datafusion::catalog::{MemorySchemaProvider, SchemaProvider};
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::{catalogue, udf};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::schema;
use crate::store::{Store, StoreVersion};

/// Memory that the operators of one session may hold before they spill or fail.
const MEMORY_BYTES: usize = 2 << 30;

/// Schema of the tables with all their rows, also of records that the source took back.
const KEPT: &str = "kept";

pub(super) async fn build(store: &Store, version: &StoreVersion, config: &Config) -> Result<SessionContext> {
    let settings = SessionConfig::new()
        .with_information_schema(true)
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        // Plain text columns in and out: every client and our own readers know them.
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
        .set_bool("datafusion.optimizer.expand_views_at_output", true);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(MEMORY_BYTES)))
        .build_arc()
        .map_err(|e| Error::bug("no query session").with_cause(e))?;
    let context = SessionContext::new_with_config_rt(settings, runtime);
    for function in udf::all(config) {
        context.register_udf(function);
    }
    // The tables as they are kept stand in a schema of their own; questions see records that the source did not take back.
    let kept: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
    let catalogue_of_session =
        context.catalog("datafusion").ok_or_else(|| Error::bug("a session without a catalogue"))?;
    catalogue_of_session
        .register_schema(KEPT, kept)
        .map_err(|e| Error::bug("no schema for the kept tables").with_cause(e))?;
    for table in schema::tables() {
        let name = TableReference::partial(KEPT, table.name);
        if !version.tables.contains_key(table.name) {
            let none = MemTable::try_new(table.arrow_schema(), vec![Vec::new()]);
            let none = none.map_err(|e| Error::bug("no empty table").with_cause(e))?;
            context
                .register_table(name, Arc::new(none))
                .map_err(|e| Error::bug(format!("no empty table {}", table.name)).with_cause(e))?;
            continue;
        }
        let delta = store.table(version, table.name).await?;
        let unreadable = |e: Box<dyn std::error::Error + Send + Sync>| {
            Error::data(format!("table {} cannot be opened for queries", table.name)).with_cause(e)
        };
        delta.update_datafusion_session(&context.state()).map_err(|e| unreadable(e.into()))?;
        let provider = delta.table_provider().await.map_err(|e| unreadable(e.into()))?;
        context.register_table(name, provider).map_err(|e| unreadable(e.into()))?;
    }
    let standing = schema::tables().iter().map(|table| {
        let (name, sql) = (table.name, format!("SELECT * FROM {KEPT}.{} WHERE deleted IS NOT TRUE", table.name));
        (name, sql)
    });
    for (name, sql) in standing.chain(catalogue::views().map(|(name, sql)| (name, sql.to_owned()))) {
        let view = context.sql(&format!("CREATE VIEW {name} AS {sql}")).await;
        view.map_err(|e| Error::bug(format!("the view {name} does not resolve: {}", e.message())).with_cause(e))?;
    }
    Ok(context)
}
