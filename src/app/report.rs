//! The report trip: measures, maps and comparisons of a period as a numbered edition that can be rebuilt byte for byte.
//!
//! An edition keeps its own document (the tables after disclosure control) and its manifest in the store. So it can be
//! written again when records behind it came late, were revised or were lawfully erased.

use std::path::{Path, PathBuf};

use chrono::SecondsFormat;
use serde::Serialize;

use super::hotspots::HotspotAnswer;
use super::report_parts::{crime_groups, label, ledger, maps};
use super::trend::TrendAnswer;
use super::{App, kpi, pictures, plan};
use crate::analysis::disclosure::{Account, Released};
use crate::analysis::funnel::Funnel;
use crate::analysis::kpi_run::KpiRun;
use crate::analysis::plan::standing::PlanState;
use crate::analysis::sdc::Published;
use crate::analysis::weights::Weights;
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal, Role};
use crate::model::digest::sha256;
use crate::model::edition::{
    DefinitionLine, EditionEntry, EditionId, FileLine, InputLine, Manifest, Signature, State, Step, check_step,
    state_of,
};
use crate::model::provenance::generator;
use crate::model::time::{Daypart, Period};
use crate::render::chapters::{Audience, Groups, MapPart, Material, document};
use crate::render::document::{self, Document, File};
use crate::render::map_svg::Base;
use crate::render::revision::{Revision, compare};
use crate::store::{AsOf, StoreVersion};

/// Name of the manifest within an edition's folder.
pub const MANIFEST: &str = "manifest.json";
/// Name of the kept document.
pub const DOCUMENT: &str = "document.json";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// `authority` or `public`.
    pub edition: String,
    /// Name of the period: `2017-Q3`.
    pub period_name: String,
    /// Its dates.
    pub period: Period,
    /// Weights of harm for crime by group.
    pub weights: Option<Weights>,
    /// Folder to write the files to, beside those in the store.
    pub out: Option<PathBuf>,
}

/// What a build or a signature made.
#[derive(Debug, Clone)]
pub struct Built {
    /// Name of the edition.
    pub id: EditionId,
    /// What it is worth.
    pub state: State,
    /// Whether it was there already, byte for byte.
    pub unchanged: bool,
    /// The folder that was written, if one was asked for.
    pub folder: Option<PathBuf>,
    /// Its files.
    pub files: Vec<FileLine>,
    /// Digest of the manifest, which holds the digests of the files.
    pub manifest_sha256: String,
    /// Measures in it.
    pub kpis: usize,
    /// Figures that changed since the edition before.
    pub revisions: usize,
}

/// Builds the edition of a period as a draft. A newest draft that would be the same is kept and given again.
///
/// # Errors
/// `Denied`; `Input` for an unknown edition, a period that the data does not reach the end of, or a folder that cannot be
/// written.
pub async fn build(app: &App, who: &Principal, request: &Request) -> Result<Built> {
    let subject = format!("{} {}", request.edition, request.period_name);
    app.enter(who, Action::AskPerformance, "report build", &subject)?;
    let audience = Audience::parse(&request.edition).ok_or_else(|| {
        Error::input(format!("`{}` is not an edition; write authority or public", request.edition)).at("--edition")
    })?;
    let entries = app.store.edition_entries()?;
    let draft = newest_draft(&entries, audience, &request.period_name);
    let id = draft.map_or_else(|| next(&entries, audience, &request.period_name), |entry| entry.id.clone());
    let parts = gather(app, &reader(who, audience), request, &history(app, &entries, audience)?).await?;
    refuse_incomplete(&parts, request.period)?;
    let before = published(app, &entries, audience, &id)?;
    let (made, revisions) = compose(app, request, audience, &id, &parts, before.as_ref())?;
    if let Some(draft) = draft {
        let kept = app.store.edition_file(&draft.id, draft.revision, DOCUMENT)?;
        if kept == made.to_json()? {
            let manifest = manifest_of(app, draft)?;
            let folder = export(app, draft, request.out.as_deref())?;
            return Ok(built(draft, State::Draft, true, folder, &manifest, revisions));
        }
    }
    // The draft says something else by now: it stays as it is, and a new number is given.
    let id = next(&entries, audience, &request.period_name);
    let (made, revisions) = compose(app, request, audience, &id, &parts, before.as_ref())?;
    let manifest = Manifest {
        schema: 1,
        edition: id.to_string(),
        state: State::Draft,
        force: app.config.force.clone(),
        synthetic: app.config.synthetic,
        from: request.period.from.to_string(),
        to: request.period.to.to_string(),
        store_version: parts.version.version,
        records_loaded_to: parts.version.committed_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        data_cut_off: parts.kpis.provenance.data_cut_off.clone().unwrap_or_default(),
        calendar: format!(
            "calendar months and quarters, the year from 1 January, weeks from Monday, {}",
            app.config.zone
        ),
        generated_by: generator(),
        before: before.as_ref().map(|before| before.id.to_string()),
        definitions: definitions(&parts.kpis),
        inputs: inputs(app, parts.version.version)?,
        disclosure: parts.account.as_ref().map(|account| as_json(&account.log)).transpose()?,
        published: parts.account.as_ref().map(|account| as_json(&account.published)).transpose()?,
        signed: None,
        files: Vec::new(),
    };
    let entry = EditionEntry {
        id,
        step: Step::Built,
        by: who.name.clone(),
        at: app.now().to_rfc3339_opts(SecondsFormat::Secs, true),
        note: String::new(),
        store_version: parts.version.version,
        revision: 1,
        manifest_sha256: String::new(),
    };
    let (entry, manifest) = keep(app, entry, &made, manifest)?;
    let folder = export(app, &entry, request.out.as_deref())?;
    Ok(built(&entry, State::Draft, false, folder, &manifest, revisions))
}

/// Signs an edition, provisionally or as final: its files say so from then on.
///
/// # Errors
/// `Denied`; `Missing` for an unknown edition; `Input` if the step may not follow.
pub fn sign(app: &App, who: &Principal, id: &EditionId, step: Step, note: &str, out: Option<&Path>) -> Result<Built> {
    app.enter(who, Action::SignReport, "report sign", &id.to_string())?;
    let entries = app.store.edition_entries()?;
    check_step(&entries, id, step, note)?;
    let last = last_of(&entries, id)?;
    let mut manifest = manifest_of(app, last)?;
    let mut made = document_of(app, last)?;
    let entry = EditionEntry {
        step,
        by: who.name.clone(),
        at: app.now().to_rfc3339_opts(SecondsFormat::Secs, true),
        note: note.to_owned(),
        revision: last.revision + 1,
        ..last.clone()
    };
    let with: Vec<EditionEntry> = entries.iter().chain([&entry]).cloned().collect();
    let state = state_of(&with, id).ok_or_else(|| Error::bug("an edition has no state"))?;
    state.name().clone_into(&mut made.state);
    manifest.state = state;
    let today = app.now().with_timezone(&app.config.zone).date_naive();
    manifest.signed = Some(Signature { by: who.name.clone(), on: today.to_string(), note: note.to_owned() });
    let (entry, manifest) = keep(app, entry, &made, manifest)?;
    let folder = export(app, &entry, out)?;
    Ok(built(&entry, state, false, folder, &manifest, 0))
}

/// Takes an edition back. Its files stay, so that what was said can still be proved.
///
/// # Errors
/// `Denied`; `Missing` for an unknown edition; `Input` without a reason, or if it is withdrawn already.
pub fn withdraw(app: &App, who: &Principal, id: &EditionId, note: &str) -> Result<()> {
    app.enter(who, Action::SignReport, "report withdraw", &id.to_string())?;
    let entries = app.store.edition_entries()?;
    check_step(&entries, id, Step::Withdrawn, note)?;
    let last = last_of(&entries, id)?;
    let entry = EditionEntry {
        step: Step::Withdrawn,
        by: who.name.clone(),
        at: app.now().to_rfc3339_opts(SecondsFormat::Secs, true),
        note: note.to_owned(),
        ..last.clone()
    };
    app.store.add_edition(&entry, &[])
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

/// The released answers that a report is made of.
struct Parts {
    version: StoreVersion,
    kpis: Released<KpiRun>,
    account: Option<Account>,
    areas: Vec<Funnel>,
    plan: Released<PlanState>,
    groups: Option<TrendAnswer>,
    night: Option<TrendAnswer>,
    maps: Vec<(Daypart, HotspotAnswer)>,
}

async fn gather(app: &App, reader: &Principal, request: &Request, history: &[Published]) -> Result<Parts> {
    let version = app.store.version(AsOf::Newest)?;
    let nte = app.config.dayparts.iter().find(|daypart| daypart.name == "nte").cloned();
    let (kpis, account) = kpi::of_edition(app, reader, request.period, history).await?;
    Ok(Parts {
        kpis,
        account,
        areas: kpi::by_parish(app, reader, request.period).await?,
        plan: plan::standing_on(app, reader, request.period.to.pred_opt().unwrap_or(request.period.to)).await?,
        groups: crime_groups(app, reader, request.period, None).await?,
        night: match nte {
            Some(nte) => crime_groups(app, reader, request.period, Some(nte)).await?,
            None => None,
        },
        maps: maps(app, reader, request.period).await?,
        version,
    })
}

/// A report of a period that has not ended compares what is not comparable.
fn refuse_incomplete(parts: &Parts, period: Period) -> Result<()> {
    let last = period.to.pred_opt().unwrap_or(period.to).to_string();
    match &parts.kpis.provenance.data_cut_off {
        Some(cut_off) if *cut_off >= last => Ok(()),
        Some(cut_off) => Err(Error::data(format!(
            "the period ends on {} and the data on {}: a report needs the whole period",
            crate::render::format::iso_date(&last),
            crate::render::format::iso_date(cut_off)
        ))
        .at("--period")),
        None => Err(Error::data("nothing that a report counts is loaded yet")),
    }
}

fn as_json(value: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|e| Error::bug("an account could not be written").with_cause(e))
}

/// What the public has seen in signed editions, oldest first. A withdrawn one was seen all the same.
fn history(app: &App, entries: &[EditionEntry], audience: Audience) -> Result<Vec<Published>> {
    let mut seen: Vec<(&EditionId, Published)> = Vec::new();
    let signed = |entry: &&EditionEntry| matches!(entry.step, Step::SignedProvisional | Step::SignedFinal);
    let of_public = |entry: &&EditionEntry| audience == Audience::Public && entry.id.audience == audience.name();
    for entry in entries.iter().filter(of_public).filter(signed) {
        if seen.iter().any(|(id, _)| **id == entry.id) {
            continue; // signed twice: the figures are the same
        }
        let Some(published) = manifest_of(app, entry)?.published else { continue };
        let published = serde_json::from_value(published)
            .map_err(|e| Error::data(format!("what edition {} printed cannot be read", entry.id)).with_cause(e))?;
        seen.push((&entry.id, published));
    }
    Ok(seen.into_iter().map(|(_, published)| published).collect())
}

/// A signed edition that readers have seen.
struct Before {
    id: EditionId,
    document: Document,
    store_version: u64,
}

/// The edition for the same readers that was signed last, apart from `id`: what this one is compared with.
fn published(app: &App, entries: &[EditionEntry], audience: Audience, id: &EditionId) -> Result<Option<Before>> {
    let signed = |entry: &&EditionEntry| matches!(entry.step, Step::SignedProvisional | Step::SignedFinal);
    let stands = |entry: &&EditionEntry| state_of(entries, &entry.id) != Some(State::Withdrawn);
    let of_readers = |entry: &&EditionEntry| entry.id.audience == audience.name() && entry.id != *id;
    let Some(entry) = entries.iter().rev().filter(signed).filter(of_readers).find(stands) else { return Ok(None) };
    Ok(Some(Before { id: entry.id.clone(), document: document_of(app, entry)?, store_version: entry.store_version }))
}

fn compose(
    app: &App,
    request: &Request,
    audience: Audience,
    id: &EditionId,
    parts: &Parts,
    before: Option<&Before>,
) -> Result<(Document, usize)> {
    let base = match parts.maps.first() {
        Some((_, map)) => pictures::base(app, &map.area)?,
        None => Base::default(),
    };
    let weights = request.weights.as_ref();
    let material = |before: Option<(&EditionId, Vec<Revision>)>| {
        document(&Material {
            force: &app.config.force,
            audience,
            id,
            state: State::Draft,
            period: request.period,
            synthetic: app.config.synthetic,
            kpis: &parts.kpis,
            areas: parts.areas.clone(),
            groups: groups("crime-groups", "Crimes by group", parts.groups.as_ref(), weights),
            night: groups("night-groups", "Crimes in the night-time economy by group", parts.night.as_ref(), weights),
            maps: parts
                .maps
                .iter()
                .map(|(daypart, map)| MapPart {
                    name: daypart.name.clone(),
                    label: label(daypart),
                    answer: &map.map,
                    provenance: &map.provenance,
                })
                .collect(),
            base: &base,
            plan: &parts.plan,
            loads: ledger(&app.store.loads()?),
            before,
        })
    };
    let Some(before) = before else { return Ok((material(None)?, 0)) };
    // What changed is found in the tables themselves, so they are made first.
    let tables = material(None)?;
    let changed = compare((&before.document, before.store_version), (&tables, parts.version.version));
    let count = changed.len();
    Ok((material(Some((&before.id, changed)))?, count))
}

fn groups<'a>(
    id: &'a str,
    title: &'a str,
    answer: Option<&'a TrendAnswer>,
    weights: Option<&'a Weights>,
) -> Vec<Groups<'a>> {
    answer.map(|answer| Groups { id, title, trend: &answer.trend, weights }).into_iter().collect()
}

/// Writes all files of an edition into the store with the entry that names them.
fn keep(
    app: &App,
    mut entry: EditionEntry,
    made: &Document,
    mut manifest: Manifest,
) -> Result<(EditionEntry, Manifest)> {
    let mut files = document::files(made)?;
    manifest.files = files.iter().map(line).collect();
    let text = manifest_text(&manifest)?;
    entry.manifest_sha256 = sha256(&text);
    files.push(File { name: MANIFEST.to_owned(), bytes: text });
    let files: Vec<(String, Vec<u8>)> = files.into_iter().map(|file| (file.name, file.bytes)).collect();
    app.store.add_edition(&entry, &files)?;
    Ok((entry, manifest))
}

/// A file as a manifest lists it.
pub(super) fn line(file: &File) -> FileLine {
    FileLine { name: file.name.clone(), bytes: file.bytes.len() as u64, sha256: sha256(&file.bytes) }
}

fn manifest_text(manifest: &Manifest) -> Result<Vec<u8>> {
    let mut text =
        serde_json::to_vec_pretty(manifest).map_err(|e| Error::bug("a manifest could not be written").with_cause(e))?;
    text.push(b'\n');
    Ok(text)
}

/// Writes the files of an edition to a folder of its own below `out`: all of it or none.
pub(super) fn export(app: &App, entry: &EditionEntry, out: Option<&Path>) -> Result<Option<PathBuf>> {
    let Some(out) = out else { return Ok(None) };
    let folder = out.join(entry.id.to_string());
    let draft = out.join(format!("{}.part", entry.id));
    let failed =
        |e: std::io::Error| Error::input(format!("{} cannot be written", out.display())).at("--out").with_cause(e);
    if draft.exists() {
        std::fs::remove_dir_all(&draft).map_err(failed)?;
    }
    for name in app.store.edition_files(&entry.id, entry.revision)? {
        let bytes = app.store.edition_file(&entry.id, entry.revision, &name)?;
        let path = draft.join(&name);
        std::fs::create_dir_all(path.parent().unwrap_or(&draft)).map_err(failed)?;
        std::fs::write(&path, bytes).map_err(failed)?;
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(failed)?;
    }
    std::fs::rename(&draft, &folder).map_err(failed)?;
    Ok(Some(folder))
}

fn built(
    entry: &EditionEntry,
    state: State,
    unchanged: bool,
    folder: Option<PathBuf>,
    manifest: &Manifest,
    revisions: usize,
) -> Built {
    Built {
        id: entry.id.clone(),
        state,
        unchanged,
        folder,
        files: manifest.files.clone(),
        manifest_sha256: entry.manifest_sha256.clone(),
        kpis: manifest.definitions.len(),
        revisions,
    }
}

fn definitions(run: &Released<KpiRun>) -> Vec<DefinitionLine> {
    run.measures
        .iter()
        .map(|m| DefinitionLine {
            measure: m.kpi.measure.clone(),
            id: m.kpi.id.clone(),
            version: m.definition.version.clone(),
            hash: m.hash.clone(),
        })
        .collect()
}

/// Every extract that went into a store version.
fn inputs(app: &App, version: u64) -> Result<Vec<InputLine>> {
    let loads = app.store.loads()?;
    let mut lines: Vec<InputLine> = loads
        .iter()
        .filter(|load| load.version <= version)
        .flat_map(|load| {
            load.files.iter().map(|file| InputLine {
                feed: load.feed.clone(),
                name: file.name.clone(),
                sha256: file.sha256.clone(),
            })
        })
        .collect();
    lines.sort();
    lines.dedup();
    Ok(lines)
}

fn next(entries: &[EditionEntry], audience: Audience, period: &str) -> EditionId {
    let last = entries.iter().map(|e| &e.id).filter(|id| id.audience == audience.name() && id.period == period);
    let number = last.map(|id| id.number).max().unwrap_or(0) + 1;
    EditionId { audience: audience.name().to_owned(), period: period.to_owned(), number }
}

/// The newest edition of a period if nobody has signed it or taken it back.
fn newest_draft<'e>(entries: &'e [EditionEntry], audience: Audience, period: &str) -> Option<&'e EditionEntry> {
    let last = entries.iter().rev().find(|e| e.id.audience == audience.name() && e.id.period == period)?;
    let number = entries
        .iter()
        .filter(|e| e.id.audience == last.id.audience && e.id.period == period)
        .map(|e| e.id.number)
        .max()?;
    let newest = entries
        .iter()
        .rev()
        .find(|e| e.id.number == number && e.id.audience == last.id.audience && e.id.period == period)?;
    (newest.step == Step::Built).then_some(newest)
}

/// The last entry of an edition.
pub(super) fn last_of<'e>(entries: &'e [EditionEntry], id: &EditionId) -> Result<&'e EditionEntry> {
    entries
        .iter()
        .rev()
        .find(|entry| entry.id == *id)
        .ok_or_else(|| Error::missing(format!("there is no edition {id}; `vigie report list` names those there are")))
}

/// The manifest as it was kept, compared with the digest of its entry.
pub(super) fn manifest_of(app: &App, entry: &EditionEntry) -> Result<Manifest> {
    let bytes = app.store.edition_file(&entry.id, entry.revision, MANIFEST)?;
    if sha256(&bytes) != entry.manifest_sha256 {
        return Err(Error::data(format!("the manifest of edition {} is not the one that was kept", entry.id)));
    }
    serde_json::from_slice(&bytes).map_err(|e| Error::data("a manifest cannot be read").with_cause(e))
}

/// The kept document of an edition.
pub(super) fn document_of(app: &App, entry: &EditionEntry) -> Result<Document> {
    let bytes = app.store.edition_file(&entry.id, entry.revision, DOCUMENT)?;
    Document::from_json(&bytes)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
