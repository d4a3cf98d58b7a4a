//! stub
use super::App;
use crate::analysis::disclosure::Released;
use crate::analysis::kpi_run::KpiRun;
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::time::Period;
pub struct Listed { pub measure: String, pub id: String, pub title: String }
impl serde::Serialize for Listed { fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> { s.serialize_str(&self.id) } }
pub fn list() -> Result<Vec<Listed>> { Err(Error::bug("stub")) }
pub async fn run(_a: &App, _w: &Principal, _p: Period, _i: Option<&[String]>) -> Result<Released<KpiRun>> { Err(Error::bug("stub")) }
pub async fn default_period(_a: &App, _w: &Principal) -> Result<Period> { Err(Error::bug("stub")) }
pub fn chart(_r: &Released<KpiRun>, _i: &str) -> Result<String> { Err(Error::bug("stub")) }
pub fn text(_r: &Released<KpiRun>) -> String { String::new() }
