//! stub
use std::path::{Path, PathBuf};
use super::App;
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::time::Period;
use crate::store::Edition;
pub struct Built { pub path: PathBuf, pub sha256: String, pub kpis: usize }
pub async fn build(_a: &App, _w: &Principal, _e: &str, _n: &str, _p: Period, _o: &Path) -> Result<Built> { Err(Error::bug("stub")) }
pub fn editions(_a: &App, _w: &Principal) -> Result<Vec<Edition>> { Err(Error::bug("stub")) }
pub fn newest(_a: &App, _w: &Principal) -> Result<String> { Err(Error::bug("stub")) }
