//! `vigie.toml`: zone, study area, dayparts, grades, thresholds. Raw TOML in, checked plain data out; unknown keys are refused.

use std::path::Path;

use chrono_tz::Tz;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::schema::table;
use crate::model::time::Daypart;

/// The file as `vigie init` writes it, with its comments.
pub const TEMPLATE: &str = include_str!("config_template.toml");

/// Name of the file inside a store.
pub const FILE_NAME: &str = "vigie.toml";

/// Checked settings of one store.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of the force or area, for titles.
    pub force: String,
    /// Zone of local dates and hours of reports.
    pub zone: Tz,
    /// Whether the records are synthetic: said on every page and report.
    pub synthetic: bool,
    /// Area questions are asked over.
    pub study_area: StudyAreaChoice,
    /// Default H3 resolution of analysis.
    pub resolution: u8,
    /// Bands by name, in file order.
    pub dayparts: Vec<Daypart>,
    /// Response targets: grade → seconds.
    pub grade_targets: Vec<GradeTarget>,
    /// Counts of people below this are not released to the public.
    pub public_threshold: u32,
    /// A record outside every area but within so many metres of one belongs to the nearest; 0 for none.
    pub coast_tolerance_m: f64,
    /// How long records of a table are kept.
    pub keep: Vec<Keep>,
}

/// How long records of a table are kept, from the date on which they happened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// The table.
    pub table: String,
    /// Whole months.
    pub months: u32,
}

/// Metres off the coast that still belong to the nearest area, unless the settings say otherwise.
pub const COAST_TOLERANCE_M: f64 = 250.0;

/// Where the study area comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StudyAreaChoice {
    /// The embedded island of Jersey.
    Jersey,
    /// The boundary loaded with `vigie areas load`.
    Loaded,
    /// Convex hull of the data and 500 m around it.
    Hull,
}

/// Response target of a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeTarget {
    /// 1 is the most urgent.
    pub grade: u8,
    /// Attended in under this many seconds.
    pub seconds: u32,
}

/// Number-plate reads are kept for twelve months where the settings say nothing.
fn kept() -> Vec<Keep> {
    vec![Keep { table: "anpr_reads".to_owned(), months: 12 }]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    force: String,
    zone: String,
    #[serde(default)]
    synthetic: bool,
    study_area: String,
    resolution: u8,
    public_threshold: u32,
    #[serde(default = "kept")]
    keep: Vec<Keep>,
    #[serde(default = "coast_tolerance")]
    coast_tolerance_m: f64,
    daypart: Vec<RawDaypart>,
    grade_target: Vec<GradeTarget>,
}

fn coast_tolerance() -> f64 {
    COAST_TOLERANCE_M
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDaypart {
    name: String,
    band: String,
    #[serde(default)]
    weekdays: Vec<String>,
}

impl Config {
    /// Reads and checks a `vigie.toml`.
    ///
    /// # Errors
    /// `Missing` without the file; `Input` naming file, line and key for anything wrong in it.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|cause| {
            Error::missing(format!("there is no {}; `vigie init` writes one", path.display())).with_cause(cause)
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Checks the text of a `vigie.toml`; `origin` is named in errors.
    ///
    /// # Errors
    /// `Input` naming the place.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let raw: Raw = toml::from_str(text).map_err(|cause| toml_error(text, origin, &cause))?;
        let wrong = |key: &str, message: String| Error::input(message).at(format!("{origin}: {key}"));
        let zone: Tz = raw
            .zone
            .parse()
            .map_err(|_| wrong("zone", format!("`{}` is not a time zone; write Europe/Jersey", raw.zone)))?;
        let study_area = match raw.study_area.as_str() {
            "jersey" => StudyAreaChoice::Jersey,
            "loaded" => StudyAreaChoice::Loaded,
            "hull" => StudyAreaChoice::Hull,
            other => {
                return Err(wrong("study_area", format!("`{other}`: write \"jersey\", \"loaded\" or \"hull\"")));
            }
        };
        if !(5..=11).contains(&raw.resolution) {
            return Err(wrong("resolution", format!("{} is outside 5 to 11", raw.resolution)));
        }
        if raw.public_threshold < 1 {
            return Err(wrong("public_threshold", "must be at least 1".to_owned()));
        }
        if !(0.0..=10_000.0).contains(&raw.coast_tolerance_m) {
            return Err(wrong("coast_tolerance_m", format!("{} is outside 0 to 10000 metres", raw.coast_tolerance_m)));
        }
        let mut dayparts = Vec::new();
        for part in raw.daypart {
            let mut daypart = Daypart::parse_band(&part.band).map_err(|e| e.at(format!("{origin}: daypart.band")))?;
            for day in &part.weekdays {
                daypart.weekdays.push(
                    weekday(day)
                        .ok_or_else(|| wrong("daypart.weekdays", format!("`{day}`: write monday to sunday")))?,
                );
            }
            if dayparts.iter().any(|d: &Daypart| d.name == part.name) {
                return Err(wrong("daypart.name", format!("`{}` is there twice", part.name)));
            }
            daypart.name = part.name;
            dayparts.push(daypart);
        }
        for rule in &raw.keep {
            let table = table(&rule.table).filter(|table| !table.times.is_empty());
            if table.is_none() {
                return Err(wrong("keep.table", format!("there is no table `{}` of records with a time", rule.table)));
            }
            if rule.months == 0 {
                return Err(wrong("keep.months", "must be at least 1; leave the rule out to keep records".to_owned()));
            }
            if raw.keep.iter().filter(|other| other.table == rule.table).count() > 1 {
                return Err(wrong("keep.table", format!("`{}` is there twice", rule.table)));
            }
        }
        Ok(Self {
            force: raw.force,
            zone,
            synthetic: raw.synthetic,
            study_area,
            resolution: raw.resolution,
            dayparts,
            grade_targets: raw.grade_target,
            public_threshold: raw.public_threshold,
            coast_tolerance_m: raw.coast_tolerance_m,
            keep: raw.keep,
        })
    }

    /// The named daypart, or the band that the text says.
    ///
    /// # Errors
    /// `Input` if it is neither.
    pub fn daypart(&self, name: &str) -> Result<Daypart> {
        match self.dayparts.iter().find(|d| d.name == name) {
            Some(found) => Ok(found.clone()),
            None => Daypart::parse_band(name),
        }
    }
}

fn weekday(name: &str) -> Option<u8> {
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        .iter()
        .position(|day| *day == name)
        .and_then(|at| u8::try_from(at).ok())
}

/// A TOML error as file, line and column.
pub fn toml_error(text: &str, origin: &str, cause: &toml::de::Error) -> Error {
    let place = match cause.span() {
        Some(span) => {
            let before = &text[..span.start.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
            format!("{origin}:{line}:{column}")
        }
        None => origin.to_owned(),
    };
    Error::input(cause.message().to_owned()).at(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_is_valid() {
        let config = Config::parse(TEMPLATE, "template").unwrap();
        assert_eq!(config.daypart("night").unwrap().band(), "19:00-07:00");
        assert_eq!(config.daypart("nte").unwrap().weekdays, vec![4, 5]);
        assert_eq!(config.zone, chrono_tz::Europe::Jersey);
        assert!((config.coast_tolerance_m - COAST_TOLERANCE_M).abs() < 1e-9);
    }

    #[test]
    fn settings_from_before_the_coast_are_still_read() {
        let line = TEMPLATE.lines().find(|line| line.starts_with("coast_tolerance_m")).unwrap();
        let config = Config::parse(&TEMPLATE.replace(line, ""), "vigie.toml").unwrap();
        assert!((config.coast_tolerance_m - COAST_TOLERANCE_M).abs() < 1e-9);
        let error = Config::parse(&TEMPLATE.replace(line, "coast_tolerance_m = -1.0"), "vigie.toml").unwrap_err();
        assert!(error.to_string().contains("vigie.toml: coast_tolerance_m: "), "{error}");
        let whole = Config::parse(&TEMPLATE.replace(line, "coast_tolerance_m = 0"), "vigie.toml").unwrap();
        assert!(whole.coast_tolerance_m.abs() < 1e-9);
    }

    #[test]
    fn unknown_keys_are_named_with_their_line() {
        let error = Config::parse(&format!("colour = 1\n{TEMPLATE}"), "vigie.toml").unwrap_err();
        assert!(error.to_string().starts_with("vigie.toml:1:"), "{error}");
    }
}
