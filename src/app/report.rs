//! The report trip: the measures of a period, the maps of its last twelve months, the ledger, as one file. An edition of
//! the same period and store version has the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::hotspots::{HotspotAnswer, answer};
use super::{App, kpi, pictures};
use crate::analysis::hotspot::{Method, Question};
use crate::analysis::selection::Selection;
use crate::error::{Error, Kind, Result};
use crate::model::access::{Action, Principal, Role};
use crate::model::digest::sha256;
use crate::model::time::{Daypart, Period, add_months};
use crate::render::map_svg::Base;
use crate::render::report::{Audience, LoadLine, MapPart, Report, html};
use crate::store::{AsOf, Edition, LoadRecord};

/// Months that the maps look back on, to the end of the period.
const MAP_MONTHS: i32 = 12;

/// What a build wrote.
#[derive(Debug, Clone)]
pub struct Built {
    /// The HTML file.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: String,
    /// Measures in it.
    pub kpis: usize,
}

/// Builds the report of a period into `out` and notes the edition. `name` is that of the period: `2017-Q3`.
///
/// # Errors
/// `Denied`; `Input` for an unknown edition or a folder that cannot be written.
pub async fn build(app: &App, who: &Principal, edition: &str, name: &str, period: Period, out: &Path) -> Result<Built> {
    app.enter(who, Action::AskPerformance, "report build", &format!("{edition} {name}"))?;
    let audience = Audience::parse(edition).ok_or_else(|| {
        Error::input(format!("`{edition}` is not an edition; write authority or public")).at("--edition")
    })?;
    let reader = reader(who, audience);
    let version = app.store.version(AsOf::Newest)?.version;
    let kpis = kpi::answer(app, &reader, period, None).await?;
    let maps = maps(app, &reader, period).await?;
    let base = match maps.first() {
        Some((_, map)) => pictures::base(app, &map.area)?,
        None => Base::default(),
    };
    let parts = maps
        .iter()
        .map(|(daypart, map)| MapPart {
            name: daypart.name.clone(),
            label: label(daypart),
            answer: &map.map,
            provenance: &map.provenance,
        })
        .collect();
    let text = html(&Report {
        force: &app.config.force,
        audience,
        period_name: name,
        period,
        synthetic: app.config.synthetic,
        kpis: &kpis,
        maps: parts,
        base: &base,
        loads: ledger(&app.store.loads()?),
    })?;
    let path = out.join(format!("report-{edition}-{name}.html"));
    write(out, &path, &text)?;
    let digest = sha256(text.as_bytes());
    app.store.add_edition(&Edition {
        edition: edition.to_owned(),
        period: name.to_owned(),
        store_version: version,
        path: std::path::absolute(&path).unwrap_or_else(|_| path.clone()).display().to_string(),
        sha256: digest.clone(),
    })?;
    Ok(Built { path, sha256: digest, kpis: kpis.measures.len() })
}

/// Who the figures are released for: a public edition shows what the public may see, whoever builds it.
fn reader(who: &Principal, audience: Audience) -> Principal {
    match audience {
        Audience::Authority => who.clone(),
        Audience::Public => {
            Principal { name: "the public".to_owned(), roles: vec![Role::Public], via: who.via, purpose: None }
        }
    }
}

/// One map a daypart, where the data carries it.
async fn maps(app: &App, reader: &Principal, period: Period) -> Result<Vec<(Daypart, HotspotAnswer)>> {
    let period = Period::new(add_months(period.to, -MAP_MONTHS), period.to)?;
    let mut out = Vec::new();
    for daypart in &app.config.dayparts {
        let selection = Selection::of("crimes", period).by(daypart.clone());
        let question = Question { selection, resolution: app.config.resolution, method: Method::GiStar };
        match answer(app, reader, &question).await {
            Ok(map) => out.push((daypart.clone(), map)),
            // Crimes without positions or without hours: the report goes without the map.
            Err(error) if error.kind() == Kind::Data => {}
            Err(error) => return Err(error),
        }
    }
    Ok(out)
}

fn label(daypart: &Daypart) -> String {
    let word = match daypart.name.as_str() {
        "day" => "Day",
        "night" => "Night",
        "nte" => "Night-time economy",
        other => other,
    };
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let on: Vec<&str> = daypart.weekdays.iter().filter_map(|day| days.get(usize::from(*day)).copied()).collect();
    let on = if on.is_empty() { String::new() } else { format!(", {} nights", on.join(" and ")) };
    format!("{word}, {}{on}", daypart.band())
}

/// The ledger, feed by feed. The time of a load is left out: it would change the bytes of the same figures.
fn ledger(loads: &[LoadRecord]) -> Vec<LoadLine> {
    let mut feeds: BTreeMap<&str, LoadLine> = BTreeMap::new();
    for load in loads {
        let line = feeds.entry(&load.feed).or_default();
        line.feed.clone_from(&load.feed);
        line.rows_in += load.rows_in;
        line.accepted += load.accepted;
        line.revised += load.revised;
        line.unchanged += load.unchanged;
        line.duplicate += load.duplicate;
        line.withheld += load.withheld;
        for (reason, count) in &load.rejected {
            *line.rejected.entry(reason.clone()).or_default() += count;
        }
    }
    feeds.into_values().collect()
}

fn write(folder: &Path, path: &Path, text: &str) -> Result<()> {
    let failed = |e| Error::input(format!("{} cannot be written", path.display())).with_cause(e);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let draft = path.with_extension("html.part");
    std::fs::write(&draft, text).map_err(failed)?;
    std::fs::rename(&draft, path).map_err(failed)
}

/// The editions that were built, newest first.
///
/// # Errors
/// `Denied`, or `Data` if the control database cannot be read.
pub fn editions(app: &App, who: &Principal) -> Result<Vec<Edition>> {
    app.enter(who, Action::AskPerformance, "report list", "editions")?;
    app.store.editions()
}

/// The text of an edition, by name and period; of the newest one without them.
///
/// # Errors
/// `Denied`; `Missing` if it was never built, or if its file is gone or was changed.
pub fn read(app: &App, who: &Principal, wanted: Option<(&str, &str)>) -> Result<String> {
    let subject = wanted.map_or_else(|| "newest edition".to_owned(), |(name, period)| format!("{name} {period}"));
    app.enter(who, Action::AskPerformance, "report read", &subject)?;
    let edition = app
        .store
        .editions()?
        .into_iter()
        .find(|edition| wanted.is_none_or(|(name, period)| edition.edition == name && edition.period == period))
        .ok_or_else(|| Error::missing("that report is not built yet; `vigie report build` makes one"))?;
    let again = "build it again with `vigie report build`";
    let text = std::fs::read_to_string(&edition.path).map_err(|e| {
        Error::missing(format!("the file of edition {} is gone; {again}", edition.period)).with_cause(e)
    })?;
    if sha256(text.as_bytes()) != edition.sha256 {
        return Err(Error::missing(format!("the file of edition {} was changed since; {again}", edition.period)));
    }
    Ok(text)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
