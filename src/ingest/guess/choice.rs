//! Which table an extract fills, which column goes where, and what makes a record the same record.

use std::collections::HashSet;

use super::super::text::TextBatch;
use super::names::{EAST, LAT, LON, NORTH, Target, file_says, targets};
use super::profile::{Kind, Profile};
use crate::error::{Error, Result};
use crate::model::schema::{ColumnKind, Table, tables};

/// Where one column of the extract goes.
#[derive(Debug, Clone)]
pub(super) struct Match {
    /// Index of the column of the extract.
    pub source: usize,
    /// Column of the table.
    pub column: &'static str,
    /// 0 to 1.
    pub confidence: f64,
    /// What it says about the table.
    weight: f64,
}

/// A pair of columns that hold the position.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Index of latitude or northing.
    pub north: usize,
    /// Index of longitude or easting.
    pub east: usize,
    /// 0 to 1.
    pub confidence: f64,
    /// The grid, if the position is not in degrees.
    pub crs: Option<&'static str>,
}

/// How equal keys are meant, in the words of feed files.
pub(super) type Repeats = &'static str;

/// How exactly the extract tells the time.
pub(super) type Precision = Option<&'static str>;

/// The proposal before it is written.
#[derive(Debug)]
pub(super) struct Choice {
    pub table: &'static Table,
    pub confidence: f64,
    /// In the order of the table's columns.
    pub matches: Vec<Match>,
    pub place: Option<Place>,
    /// The column that holds the time of day of the main time, which is a date alone.
    pub time_of_day: Option<usize>,
    pub precision: Precision,
    pub keys: Vec<usize>,
    /// Whether a key is blank in some rows.
    pub has_blank_keys: bool,
    pub repeats: Repeats,
    pub remarks: Vec<String>,
}

impl Choice {
    /// Chooses the table whose columns the extract fits best.
    ///
    /// # Errors
    /// `Input` if it fits none.
    pub fn of(profiles: &[Profile], batch: &TextBatch, rows: usize, file: &str) -> Result<Self> {
        let place = place(profiles);
        let mut ranked: Vec<(f64, &'static Table, Vec<Match>)> = tables()
            .iter()
            .filter_map(|table| {
                let matches = matches(table, profiles, place.as_ref());
                let score = score(table, &matches, place.is_some())?;
                Some((score + if file_says(file, table) { 1.0 } else { 0.0 }, table, matches))
            })
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let second = ranked.get(1).map_or(0.0, |second| second.0);
        let Some((best, table, mut matches)) = ranked.into_iter().next() else {
            let message = "no column tells when things happened, so there is no table for these records";
            return Err(Error::input(message));
        };
        let order = |m: &Match| table.all_columns().position(|column| column.name == m.column);
        matches.sort_by_key(order);
        let mut choice = Self {
            table,
            confidence: (best / (best + second)) * (best / 4.0).min(1.0),
            matches,
            place,
            time_of_day: None,
            precision: None,
            keys: Vec::new(),
            has_blank_keys: false,
            repeats: "revision",
            remarks: Vec::new(),
        };
        choice.tell_time(profiles);
        choice.tell_records(profiles, batch, rows);
        Ok(choice)
    }

    /// What a column of the extract is used for, and how sure that is.
    pub fn use_of(&self, source: usize) -> Option<(&str, f64)> {
        let position = self.place.as_ref().and_then(|place| {
            let names = if place.crs.is_some() { ("y", "x") } else { ("lat", "lon") };
            (place.north == source)
                .then_some((names.0, place.confidence))
                .or((place.east == source).then_some((names.1, place.confidence)))
        });
        let time_of_day = self.time_of_day.filter(|at| *at == source).and(self.main_time()).map(|m| (m.column, 0.8));
        let found = self.matches.iter().find(|m| m.source == source).map(|m| (m.column, m.confidence));
        found.or(position).or(time_of_day)
    }

    /// The match that says when a record happened.
    pub fn main_time(&self) -> Option<&Match> {
        self.table.times.iter().find_map(|time| self.matches.iter().find(|m| m.column == *time))
    }

    /// Precision of the main time, and its time of day if that stands in a column of its own.
    fn tell_time(&mut self, profiles: &[Profile]) {
        let Some(main) = self.main_time() else { return };
        let profile = &profiles[main.source];
        if profile.ambiguous {
            let text = "day and month could be the other way round in every date: day first is taken, check it";
            self.remarks.push(format!("{}: {text}", profile.name.written));
        }
        match profile.kind {
            Kind::Month => self.precision = Some("month"),
            Kind::Date => {
                let free = |at: &usize| self.use_of(*at).is_none();
                let clock = (0..profiles.len()).filter(free).find(|at| profiles[*at].kind == Kind::TimeOfDay);
                self.time_of_day = clock;
                let is_day = self.table.kind_of(self.main_time().map_or("", |m| m.column)) == Some(ColumnKind::Time);
                self.precision = (clock.is_none() && is_day).then_some("day");
            }
            _ => {}
        }
        let others = self.matches.iter().filter(|m| Some(m.source) != self.main_time().map(|main| main.source));
        let doubtful: Vec<String> = others
            .map(|m| &profiles[m.source])
            .filter(|profile| profile.kind.is_dated() && profile.ambiguous)
            .map(|profile| format!("{}: day and month could be the other way round, check it", profile.name.written))
            .collect();
        self.remarks.extend(doubtful);
    }

    /// Keys: the table's own identifier if it has no two alike, else columns that together have not.
    fn tell_records(&mut self, profiles: &[Profile], batch: &TextBatch, rows: usize) {
        let source = |column: &str| self.matches.iter().find(|m| m.column == column).map(|m| m.source);
        let plate = source("vrm_token");
        let own = self.table.columns.first().and_then(|column| source(column.name));
        let times: Vec<usize> = self.table.times.iter().filter_map(|time| source(time)).collect();
        let may = |at: &usize| Some(*at) != plate && profiles[*at].kind != Kind::Plate;
        let unique = |at: &usize| profiles[*at].is_unique(rows);
        let others = (0..profiles.len()).filter(|at| profiles[*at].name.is_key());
        if let Some(key) = own.into_iter().chain(others).filter(may).find(unique) {
            self.keys = vec![key];
            return;
        }
        // Two columns of every row that together name it: a unit and its time. But an identifier of its own that comes
        // again means a record that comes again.
        let names_records = !matches!(self.table.name, "pings" | "stocks" | "surveys");
        let actor = if names_records { source("camera_id") } else { own };
        let actor = actor.filter(|at| may(at) && profiles[*at].filled == rows && (own.is_none() || !names_records));
        let pair = |key: &usize| times.iter().find(|time| *time != key && is_unique_pair(batch, rows, *key, **time));
        if let Some((key, time)) = actor.and_then(|key| Some((key, *pair(&key)?))) {
            self.keys = vec![key, time];
            return;
        }
        let known_again = self.matches.iter().any(|m| m.column == "recorded_at");
        match own.filter(may) {
            Some(key) if profiles[key].filled * 2 >= rows => {
                self.keys = vec![key];
                self.has_blank_keys = profiles[key].filled < rows;
                self.repeats = if known_again && !self.has_blank_keys { "revision" } else { "ordinal" };
                let text = format!(
                    "{}: some rows have the same value; they are read as {}",
                    profiles[key].name.written,
                    if self.repeats == "revision" { "versions of one record" } else { "several records" }
                );
                self.remarks.push(text);
            }
            _ => {
                self.repeats = "ordinal";
                self.remarks.push("no column names a record: the whole row does".to_owned());
                if let Some(plate) = plate {
                    // A feed with plates needs keys, and a plate may not be one.
                    self.keys = (0..profiles.len()).filter(|at| *at != plate && profiles[*at].filled == rows).collect();
                }
            }
        }
    }
}

fn is_unique_pair(batch: &TextBatch, rows: usize, one: usize, other: usize) -> bool {
    let (Some(Some(one)), Some(Some(other))) = (batch.columns.get(one), batch.columns.get(other)) else { return false };
    let mut seen = HashSet::with_capacity(rows);
    (0..rows).all(|row| !other.field(row).is_empty() && seen.insert((one.field(row), other.field(row))))
}

/// A column that fits worse is left to the person.
const LEAST_FIT: f64 = 0.4;

/// Columns of the extract for columns of a table, best pairs first; each is used once.
fn matches(table: &'static Table, profiles: &[Profile], place: Option<&Place>) -> Vec<Match> {
    let mut pairs: Vec<Match> = Vec::new();
    for target in targets(table) {
        for (source, profile) in profiles.iter().enumerate() {
            if place.is_some_and(|place| place.north == source || place.east == source) {
                continue;
            }
            let fit = fit(table, target, profile);
            if fit >= LEAST_FIT {
                pairs.push(Match { source, column: target.column, confidence: fit, weight: target.weight });
            }
        }
    }
    pairs.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.source.cmp(&b.source)));
    let mut found: Vec<Match> = Vec::new();
    for pair in pairs {
        if !found.iter().any(|m| m.source == pair.source || m.column == pair.column) {
            found.push(pair);
        }
    }
    let has_time = table.times.iter().any(|time| found.iter().any(|m| m.column == *time));
    if let (false, Some(time)) = (has_time, table.times.first()) {
        // Nothing is called so, but there has to be a time: the first one that nothing else claims.
        let free = |at: &usize| profiles[*at].kind.is_dated() && !found.iter().any(|m| m.source == *at);
        if let Some(source) = (0..profiles.len()).find(free) {
            found.push(Match { source, column: time, confidence: 0.3, weight: 0.5 });
        }
    }
    found
}

/// How well a column of the extract fits one of the table: its name, and whether its values can go there.
fn fit(table: &Table, target: &Target, profile: &Profile) -> f64 {
    let name = profile.name.fits(target.names).max(0.6 * profile.name.fits(target.perhaps));
    let Some(kind) = table.kind_of(target.column) else { return 0.0 };
    let (low, high) = profile.range.unwrap_or((f64::NAN, f64::NAN));
    let values = match (kind, &profile.kind) {
        (_, Kind::Empty) => 0.3,
        (ColumnKind::Time, kind) if kind.is_dated() => profile.fit,
        (ColumnKind::Date, Kind::Date) | (ColumnKind::Bool, Kind::YesNo) | (ColumnKind::Int, Kind::Whole) => {
            profile.fit
        }
        (ColumnKind::Float, Kind::Whole | Kind::Decimal) => profile.fit,
        (ColumnKind::Bool, Kind::Whole) if low >= 0.0 && high <= 1.0 => 0.9,
        (ColumnKind::Text, _) if target.column == "vrm_token" => {
            // Marks, or what stands for them.
            if matches!(profile.kind, Kind::Plate | Kind::Identifier | Kind::Text | Kind::Codes) { 0.95 } else { 0.3 }
        }
        (ColumnKind::Text, Kind::Plate | Kind::Time | Kind::Date | Kind::TimeOfDay | Kind::Month) => 0.0,
        (ColumnKind::Text, kind) if target.column.ends_with("_id") => match kind {
            Kind::Identifier | Kind::Whole => 1.0,
            Kind::Codes => 0.9,
            Kind::Text => 0.8,
            _ => 0.2,
        },
        (ColumnKind::Text, Kind::Codes) => 1.0,
        (ColumnKind::Text, Kind::Text | Kind::Identifier | Kind::Whole) => 0.75,
        (ColumnKind::Text, Kind::YesNo | Kind::Decimal) => 0.4,
        _ => 0.0,
    };
    name * values
}

/// What the matches say for a table; `None` if it cannot be it: events need a time, cameras a place.
fn score(table: &Table, matches: &[Match], has_place: bool) -> Option<f64> {
    let has_time = table.times.is_empty() || table.times.iter().any(|time| matches.iter().any(|m| m.column == *time));
    let own = |m: &&Match| table.columns.iter().any(|column| column.name == m.column);
    let all = |needs: &[&str]| needs.iter().all(|need| matches.iter().any(|m| m.column == *need));
    let has_needed = match table.name {
        "cameras" => has_place,
        "stocks" => all(&["stock", "value"]),
        "surveys" => all(&["question", "base", "share"]),
        "custody" => all(&["custody_id"]),
        "assessments" => all(&["threat", "vulnerability"]),
        "money" => all(&["amount", "heading"]),
        "campaigns" => all(&["campaign_id", "theme"]),
        "anpr_reads" => matches.iter().any(|m| m.column == "vrm_token"),
        _ => true,
    };
    let likely = matches.iter().filter(own).count() > 0;
    (has_time && has_needed && likely).then(|| matches.iter().map(|m| m.confidence * m.weight).sum())
}

/// The position: degrees by name and range, else metres on a grid.
fn place(profiles: &[Profile]) -> Option<Place> {
    let number = |profile: &&Profile| matches!(profile.kind, Kind::Whole | Kind::Decimal);
    let within = |profile: &Profile, low: f64, high: f64| profile.range.is_some_and(|(l, h)| l >= low && h <= high);
    let best = |names: &str, low: f64, high: f64| {
        let fits = profiles.iter().enumerate().filter(|(_, p)| number(p) && within(p, low, high));
        let fits = fits.map(|(at, p)| (at, p.name.fits(names))).filter(|(_, fit)| *fit > 0.3);
        fits.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    };
    if let (Some((north, a)), Some((east, b))) = (best(LAT, -90.0, 90.0), best(LON, -180.0, 180.0)) {
        return Some(Place { north, east, confidence: 0.98 * a.min(b), crs: None });
    }
    // No grid that is read here reaches beyond these metres.
    if let (Some((north, a)), Some((east, b))) = (best(NORTH, 0.0, 10_000_000.0), best(EAST, 0.0, 1_000_000.0)) {
        let (north_of, east_of) = (&profiles[north], &profiles[east]);
        let median_scale = north_of.range.map_or(0.0, |(_, high)| high);
        if median_scale > 1_000.0 {
            let jersey = within(north_of, 50_000.0, 90_000.0) && within(east_of, 20_000.0, 60_000.0);
            let crs = if jersey { "EPSG:3109" } else { "EPSG:27700" };
            return Some(Place { north, east, confidence: 0.8 * a.min(b), crs: Some(crs) });
        }
    }
    // No name says so, but the numbers are degrees of the British Isles.
    let fraction = |profile: &Profile| profile.kind == Kind::Decimal && profile.distinct > 1;
    let north = profiles.iter().position(|p| fraction(p) && within(p, 49.0, 61.0))?;
    let east = profiles.iter().position(|p| fraction(p) && within(p, -9.0, 2.5))?;
    Some(Place { north, east, confidence: 0.4, crs: None })
}
