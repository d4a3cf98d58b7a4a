//! `truth.json`: everything that was planted, so that what an analysis finds can be held against it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Options;
use super::anpr;
use super::calendar::{Span, Step, utc_text, wall_text};
use super::calibration::Figure;
use super::cameras::{CONVOY_ROUTE, Camera, DYING, LATE};
use super::cells::{RESOLUTION, centre};
use super::crimes::{Crimes, NEAR_REPEAT_SHARE, REPEAT_SHARE, Repeat};
use super::dirty;
use super::geography::TOWN;
use super::hotspots::{Course, Hotspot};
use super::pings::Visit;
use super::response::{BASES, GRADE_1_STEP_S};
use super::surface::{HOT_MULTIPLE, Surface};

/// Days before the end over which cells are judged hot.
pub const TRUTH_DAYS: u32 = 365;
/// At most this many visits are listed.
const VISITS_LISTED: usize = 80;

/// What the truth is told from.
pub struct Told<'a> {
    /// Options of the sample.
    pub options: &'a Options,
    /// Its period.
    pub span: &'a Span,
    /// Intensity of crime.
    pub surface: &'a Surface,
    /// Crimes with their repeats.
    pub crimes: &'a Crimes,
    /// Their ids in the extract.
    pub crime_ids: &'a [String],
    /// Change of the level of anti-social behaviour and of Grade 1 response.
    pub step: Step,
    /// Cameras.
    pub cameras: &'a [Camera],
    /// What is planted in the reads.
    pub anpr: &'a anpr::Planted,
    /// Visits of units to hotspots.
    pub visits: &'a [Visit],
    /// What is planted in the dirty extracts.
    pub dirty: &'a dirty::Planted,
    /// Figures of the plan.
    pub figures: &'a [Figure],
    /// Study cells.
    pub study_cells: usize,
}

/// The whole truth as JSON text.
pub fn tell(told: &Told<'_>) -> String {
    let mut truth = Map::new();
    let mut put = |key: &str, value: Value| truth.insert(key.to_owned(), value);
    let options = told.options;
    put("synthetic", json!(true));
    put(
        "note",
        json!(
            "Every record is made up. Places are where the real coastline and approximate parishes are; roads, people, vehicles and events are not real."
        ),
    );
    put("seed", json!(options.seed));
    put("scale", json!(options.scale));
    put("period", json!({"from": told.span.from.to_string(), "to": told.span.to.to_string()}));
    put("extracted_at", json!(wall_text(told.span.extracted_at())));
    put("town", json!(TOWN.iter().map(|p| [p.lon, p.lat]).collect::<Vec<_>>()));
    put("patrol_bases", json!(BASES.iter().map(|p| [p.lon, p.lat]).collect::<Vec<_>>()));
    put("hotspots", hotspots(told));
    put("kpi_changes", kpi_changes(told.step));
    put(
        "repeat_burglary",
        json!({
            "burglaries": told.crimes.burglaries,
            "exact_repeats": {"within_days": 30, "within_m": 0, "planned_share": REPEAT_SHARE, "planted": told.crimes.repeats},
            "near_repeats": {"within_days": 14, "within_m": 200, "planned_share": NEAR_REPEAT_SHARE, "planted": told.crimes.near_repeats},
            "note": "planted on top of chance; the parent began before the repeat in the same daypart",
            "records": planted_repeats(told),
        }),
    );
    put("anpr", reads(told));
    put("patrol_visits", visits(told.visits));
    put("dirty", spoiled(told.dirty));
    put("calibration", told.figures.iter().map(figure).collect());
    let mut text = serde_json::to_string_pretty(&Value::Object(truth)).unwrap_or_default();
    text.push('\n');
    text
}

fn hotspots(told: &Told<'_>) -> Value {
    let mut dayparts = Map::new();
    for (daypart, night) in [("day", false), ("night", true)] {
        let (hot, highest_other) = told.surface.hot_cells(told.span.last_days(TRUTH_DAYS), night);
        let mut days = told.span.last_days(TRUTH_DAYS);
        let (from, to) = (days.next().unwrap_or(told.span.from), told.span.to);
        let planted: Vec<Value> =
            told.surface.hotspots.iter().filter(|h| h.night == night).map(planted_hotspot).collect();
        dayparts.insert(
            daypart.to_owned(),
            json!({
                "hours": if night { "19:00-07:00" } else { "07:00-19:00" },
                "dataset": "crimes",
                "time": "offence_from",
                "from": from.to_string(),
                "to": to.to_string(),
                "planted": planted,
                "hot_cells": hot.iter().map(|h| json!({"cell": h.cell.to_string(), "multiple": tidy(h.multiple)})).collect::<Vec<_>>(),
                "highest_multiple_elsewhere": tidy(highest_other),
            }),
        );
    }
    json!({
        "resolution": RESOLUTION,
        "study_cells": told.study_cells,
        "study_area": "every cell that touches the main island",
        "rule": format!("a cell is hot when the mean expected intensity of the cell and its neighbours (disk 1, study cells only) is at least {HOT_MULTIPLE} times the mean over all study cells"),
        "detection": "Gi* with disk 1 on counts, zeros included, two-sided p, Benjamini-Hochberg q < 0.05 over all study cells",
        "dayparts": dayparts,
    })
}

fn planted_hotspot(hotspot: &Hotspot) -> Value {
    let at = centre(hotspot.cell);
    json!({
        "name": hotspot.name,
        "kind": hotspot.kind.name(),
        "course": match hotspot.course {
            Course::Lasting => "lasting",
            Course::Emerging => "emerging",
            Course::Fading => "fading",
        },
        "cell": hotspot.cell.to_string(),
        "disk": hotspot.cell.disk(1).iter().map(ToString::to_string).collect::<Vec<_>>(),
        "lat": tidy(at.lat),
        "lon": tidy(at.lon),
        "share_of_daypart": hotspot.share,
        "season": hotspot.season,
        "from": hotspot.from.to_string(),
        "to": hotspot.to.to_string(),
    })
}

/// Every planted repeat with the burglary that it was planted after, in the order of the extract: `[crime_id, parent, kind]`.
fn planted_repeats(told: &Told<'_>) -> Value {
    let ids: BTreeMap<usize, &String> = told.crimes.rows.iter().map(|row| row.drawn).zip(told.crime_ids).collect();
    let kind = |repeat: Repeat| match repeat {
        Repeat::Exact => "exact",
        Repeat::Near => "near",
    };
    let planted = told.crimes.rows.iter().filter_map(|row| Some((row.drawn, row.planted_after?)));
    planted.map(|(drawn, (parent, repeat))| json!([ids.get(&drawn), ids.get(&parent), kind(repeat)])).collect()
}

fn kpi_changes(step: Step) -> Value {
    json!([
        {
            "measure": "Grade 1 response",
            "from": step.from.to_string(),
            "change": format!("every Grade 1 response takes {GRADE_1_STEP_S} seconds longer"),
            "change_s": GRADE_1_STEP_S,
        },
        {
            "measure": "anti-social behaviour incidents a month",
            "from": step.from.to_string(),
            "change": format!("{} times the level before", step.factor),
            "factor": step.factor,
        },
    ])
}

fn reads(told: &Told<'_>) -> Value {
    let planted = told.anpr;
    let id = |camera: usize| told.cameras.get(camera).map(|c| c.id.clone());
    json!({
        "reads": planted.reads,
        "dead_camera": planted.camera_dead_from.map(|at| json!({"camera_id": id(DYING), "no_reads_from": utc_text(at)})),
        "late_camera": planted.late.map(|(from, to, arrives)| json!({
            "camera_id": id(LATE),
            "read_from": utc_text(from),
            "read_to": utc_text(to),
            "received_from": utc_text(arrives),
        })),
        "convoy": {
            "plates": planted.convoy_plates,
            "cameras": CONVOY_ROUTE.iter().map(|c| id(*c)).collect::<Vec<_>>(),
            "starts": planted.convoy_at.iter().map(|at| utc_text(*at)).collect::<Vec<_>>(),
            "gap_s": [6, 14],
        },
    })
}

fn visits(visits: &[Visit]) -> Value {
    let step = (visits.len() / VISITS_LISTED).max(1);
    let listed: Vec<Value> = visits
        .iter()
        .step_by(step)
        .take(VISITS_LISTED)
        .map(|v| json!({"unit": v.unit, "cell": v.cell.to_string(), "from": utc_text(v.from), "to": utc_text(v.to)}))
        .collect();
    json!({"planted": visits.len(), "listed": listed})
}

fn spoiled(dirty: &dirty::Planted) -> Value {
    let rows = |bad: &[dirty::BadRow]| -> Vec<Value> {
        bad.iter().map(|r| json!({"line": r.line, "reason": r.reason, "column": r.column})).collect()
    };
    let crimes = &dirty.crimes;
    let labelled: Vec<Value> =
        crimes.labelled_rows.iter().map(|(line, label)| json!({"line": line, "label": label})).collect();
    json!({
        "incidents-dirty.csv": {"good_rows": dirty.good_rows, "bad_rows": rows(&dirty.bad_rows), "note": "the good rows are copies of rows of incidents.csv.gz"},
        "incidents-again.csv.gz": {"month": dirty.again_month, "note": "an exact copy of the month's rows"},
        "incidents-revised.csv.gz": {"revised": dirty.revised_incidents},
        "crimes-revised.csv.gz": {"revised": dirty.revised_crimes},
        "crimes-dirty.csv": {
            "feed": "crimes-dirty.toml",
            "good_rows": crimes.good_rows,
            "bad_rows": rows(&crimes.bad_rows),
            "labelled_rows": labelled,
            "deleted": crimes.deleted,
            "note": "rows of crimes.csv.gz, some changed to earn a label; the last good one takes a crime back",
        },
    })
}

fn figure(figure: &Figure) -> Value {
    json!({
        "measure": figure.measure,
        "what": figure.what,
        "unit": figure.unit,
        "target": figure.target,
        "realised": tidy(figure.realised),
    })
}

/// Six decimals, so that the file does not depend on the last bit.
fn tidy(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
