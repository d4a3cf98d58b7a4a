//! stub
use crate::analysis::disclosure::Released;
use crate::analysis::kpi_run::KpiRun;
use crate::error::{Error, Result};
use serde_json::Value;
pub fn page(_t: &str, _c: &Value) -> Result<String> { Err(Error::bug("stub")) }
pub fn kpis_context(_r: &Released<KpiRun>) -> Result<Value> { Err(Error::bug("stub")) }
