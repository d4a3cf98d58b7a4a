//! Making and equipping a store: init, areas, roads. And the two doors' tokens.

use std::path::Path;

use chrono::Utc;

use super::places::{AREAS_FILE, NAME_PROPERTY_FILE, ROADS_FILE, read};
use super::{App, Clock};
use crate::config::{Config, TEMPLATE};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal, Role};
use crate::model::digest::{hex, sha256};
use crate::space::areas::Areas;
use crate::space::roads::RoadMap;
use crate::store::{AuditLine, LoadRecord, Store};

/// Settings of a new store that the command line may name.
#[derive(Debug, Clone)]
pub struct Init {
    /// `jersey`, `loaded` or `hull`.
    pub study_area: String,
    /// Zone of local dates.
    pub zone: String,
    /// Name of the force.
    pub force: Option<String>,
    /// Whether its records are synthetic.
    pub synthetic: bool,
}

impl Init {
    /// The template with these settings in it, comments kept.
    fn settings(&self) -> Result<String> {
        let mut text = TEMPLATE
            .replace("study_area = \"hull\"", &format!("study_area = {:?}", self.study_area))
            .replace("zone = \"Europe/Jersey\"", &format!("zone = {:?}", self.zone))
            .replace("synthetic = false", &format!("synthetic = {}", self.synthetic));
        if let Some(force) = &self.force {
            text = text.replace("force = \"States of Jersey Police\"", &format!("force = {force:?}"));
        }
        Config::parse(&text, "vigie init")?;
        Ok(text)
    }
}

/// Makes a store.
///
/// # Errors
/// `Input` for wrong settings or an existing store.
pub async fn init(root: &Path, who: &Principal, init: &Init, clock: Clock) -> Result<App> {
    Store::create(root, &init.settings()?, clock()).await?;
    let app = App::open(root, None, clock)?;
    app.enter(who, Action::Administer, "init", "store")?;
    Ok(app)
}

/// Whether a boundary file can be used.
///
/// # Errors
/// `Missing` or `Input` for the file.
pub fn check_areas(file: &Path, name_property: &str) -> Result<()> {
    Areas::from_geojson(&read(file)?, name_property).map(|_| ())
}

/// Loads the force's own boundaries; returns their names.
///
/// # Errors
/// `Missing` or `Input` for the file.
pub fn load_areas(app: &App, who: &Principal, file: &Path, name_property: &str) -> Result<Vec<String>> {
    app.enter(who, Action::Administer, "areas load", "boundaries")?;
    let text = read(file)?;
    let areas = Areas::from_geojson(&text, name_property)?;
    app.store.put_files(&[(AREAS_FILE, text.as_bytes()), (NAME_PROPERTY_FILE, name_property.as_bytes())])?;
    Ok(areas.names().map(str::to_owned).collect())
}

/// Loads roads for the base map; returns how many.
///
/// # Errors
/// `Missing` or `Input` for the file.
pub fn load_roads(app: &App, who: &Principal, file: &Path) -> Result<usize> {
    app.enter(who, Action::Administer, "roads load", "roads")?;
    let text = read(file)?;
    let roads = RoadMap::from_geojson(&text)?;
    app.store.put_files(&[(ROADS_FILE, text.as_bytes())])?;
    Ok(roads.len())
}

/// The ledger, newest first.
///
/// # Errors
/// `Denied`, or `Data` if it cannot be read.
pub fn loads(app: &App, who: &Principal) -> Result<Vec<LoadRecord>> {
    app.enter(who, Action::ReadLedger, "loads", "ledger")?;
    app.store.loads()
}

/// One load of the ledger.
///
/// # Errors
/// `Denied`; `Missing` without a load of that number; `Data` if the ledger cannot be read.
pub fn load_record(app: &App, who: &Principal, number: u64) -> Result<LoadRecord> {
    app.enter(who, Action::ReadLedger, "loads show", &format!("load {number}"))?;
    let found = app.store.loads()?.into_iter().find(|load| load.load_id == number);
    found.ok_or_else(|| Error::missing(format!("there is no load {number}; `vigie loads` lists them")))
}

/// The newest audit lines.
///
/// # Errors
/// `Denied`, or `Data` if it cannot be read.
pub fn audit_lines(app: &App, who: &Principal, limit: usize) -> Result<Vec<AuditLine>> {
    app.enter(who, Action::ReadAudit, "audit list", "audit")?;
    app.store.audit_lines(limit)
}

/// Recomputes the audit's chain; returns how many lines hold.
///
/// # Errors
/// `Denied`, or `Data` naming the first line that does not fit.
pub fn verify_audit(app: &App, who: &Principal) -> Result<u64> {
    app.enter(who, Action::ReadAudit, "audit verify", "audit")?;
    app.store.verify_audit()
}

/// Makes a new first-run token; the one before stops working. Only its digest is kept.
///
/// # Errors
/// `Bug` without random numbers; `Data` if it cannot be kept.
pub fn first_run_token(app: &App) -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|e| Error::bug("no random numbers from the system").with_cause(e.to_string()))?;
    let token = hex(&bytes);
    app.store.set_first_run_token(&digest(&token))?;
    Ok(token)
}

/// Who a token belongs to.
///
/// # Errors
/// `Denied` if to nobody.
pub fn who_holds(app: &App, token: &str) -> Result<Principal> {
    let known = app.store.first_run_token()?;
    if known.is_some_and(|known| known == digest(token)) {
        return Ok(Principal {
            name: "first-run".to_owned(),
            roles: vec![Role::Inspector, Role::Admin],
            via: "first-run token",
            purpose: None,
        });
    }
    Err(Error::denied("the token is not known here"))
}

fn digest(token: &str) -> String {
    sha256(token.as_bytes())
}

/// The system clock, for the doors.
pub fn system_clock() -> chrono::DateTime<Utc> {
    Utc::now()
}
