//! The only place where I/O meets maths. Each trip takes a `&Principal`, decides whether they may, writes one audit
//! line before the first row leaves, and returns a released answer. Rank 6; one file a trip.

pub mod about;
pub mod admin;
pub mod backup;
pub mod change;
pub mod clusters;
pub mod concentration;
mod disclosed;
pub mod drawn;
pub mod editions;
pub mod emerging;
pub mod evaluate;
pub mod flow;
pub mod forecast;
pub mod hotspots;
pub mod hours;
mod intake;
pub mod keeping;
mod kept;
pub mod kpi;
mod kpi_count;
pub mod kpi_files;
pub mod kpi_test;
pub mod load;
mod moments;
pub mod near_repeat;
pub mod patrol_page;
pub mod pictures;
pub mod place_pictures;
pub mod places;
pub mod plan;
mod points;
pub mod quality;
pub mod rejects;
pub mod report;
mod report_parts;
pub mod scan;
mod selection;
pub mod sql;
pub mod stated;
pub mod tiles;
pub mod trend;
pub mod verify;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::{self, Config};
use crate::engine::Engine;
use crate::error::{Kind, Result};
use crate::model::access::{Action, Principal, decide};
use crate::store::{AsOf, AuditEvent, Store};

/// Tells the time: passed in, so that tests decide it.
pub type Clock = fn() -> DateTime<Utc>;

/// Settings, store and engine of one force. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Settings of the store.
    pub config: Arc<Config>,
    /// Records and control data.
    pub store: Arc<Store>,
    /// SQL over the store.
    pub engine: Engine,
    pub(crate) memory: Arc<hotspots::Memory>,
    clock: Clock,
}

impl App {
    /// Opens the store at `root` with its `vigie.toml`, or with the settings file given in place of it.
    ///
    /// # Errors
    /// `Missing` without a store; `Input` for wrong settings.
    pub fn open(root: &Path, settings: Option<&Path>, clock: Clock) -> Result<Self> {
        let store = Arc::new(Store::open(root)?);
        let beside = root.join(config::FILE_NAME);
        let config = Arc::new(Config::load(settings.unwrap_or(&beside))?);
        let engine = Engine::new(Arc::clone(&store), Arc::clone(&config));
        Ok(Self { config, store, engine, memory: Arc::default(), clock })
    }

    /// Now, in UTC.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Newest store version.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn version(&self) -> Result<u64> {
        Ok(self.store.version(AsOf::Newest)?.version)
    }

    /// The gate of every trip: decides, and writes the audit line. A refusal is written too.
    ///
    /// # Errors
    /// `Denied`, or `Data` if the audit cannot be written: then nobody gets an answer.
    pub(crate) fn enter(&self, who: &Principal, action: Action, name: &str, subject: &str) -> Result<()> {
        let decision = decide(who, action);
        let outcome = if decision.is_ok() { "allowed" } else { Kind::Denied.name() };
        let (purpose, reference) =
            who.purpose.as_ref().map(|p| (p.code.clone(), p.reference.clone())).unwrap_or_default();
        self.store.audit(&AuditEvent {
            at: self.now(),
            who: who.name.clone(),
            roles: who.role_names(),
            via: who.via.to_owned(),
            action: name.to_owned(),
            subject: subject.to_owned(),
            purpose,
            reference,
            outcome: outcome.to_owned(),
            store_version: self.version()?,
        })?;
        decision
    }
}
