//! Is it good, bad or noise? KPI rows with their limits, variation and assurance, and a sentence for each.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use crate::analysis::kpi_chart::{KpiChart, Series, Settings, chart};
use crate::model::time::parse_period_name;
use crate::model::words::thousands;
use crate::stats::spc::{
    Assurance, Direction, Kind, Nature, Part, Point, Profile, Variation, assurance, label, variation,
};

/// One value of one KPI: exactly what `kpi run` prints.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct KpiRow {
    /// KPI.
    pub id: String,
    /// Number of the measure in the plan: `M03`.
    pub measure: String,
    /// `2017-05`, `2017-Q3` or `2017`.
    pub period: String,
    /// Parish or other area; `None` is everywhere.
    pub area: Option<String>,
    /// Band of the day; `None` is all of it.
    pub daypart: Option<String>,
    /// Response grade; `None` is all.
    pub grade: Option<u8>,
    /// The value, in the unit of the definition (a share is 0 to 1); `None` with a reason.
    pub value: Option<f64>,
    /// What was counted on top of a share, or the count itself.
    #[serde(serialize_with = "whole_if_whole")]
    pub numerator: Option<f64>,
    /// What was counted below a share or a mean.
    #[serde(serialize_with = "whole_if_whole")]
    pub denominator: Option<f64>,
    /// Records left out, by reason: analysed and excluded add up to all.
    pub excluded: BTreeMap<String, u64>,
    /// Target in force.
    pub target: Option<f64>,
    /// Mean of the phase.
    pub mean: Option<f64>,
    /// Lower process limit; not cut at 0.
    pub lpl: Option<f64>,
    /// Upper process limit.
    pub upl: Option<f64>,
    /// What this point means; `None` in a series too short to say.
    pub variation: Option<Variation>,
    /// Whether the process meets the target; `None` without a target, a direction of good, or enough points.
    pub assurance: Option<Assurance>,
    /// Why there is no value.
    pub undefined_reason: Option<String>,
    /// Hash of the definition.
    pub definition: String,
    /// Version of the definition.
    pub version: String,
}

/// 148, not 148.0: counts read as counts.
#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
fn whole_if_whole<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if value.fract().abs() < f64::EPSILON && value.abs() < 9e15 => {
            serializer.serialize_some(&(*value as i64))
        }
        other => other.serialize(serializer),
    }
}

/// Limits of a series and what the rules say of every point, for a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Limits in force at the end.
    pub limits: InForce,
    /// One a row.
    pub points: Vec<Point>,
    /// Kind, reason, profile, phases, and limits at each row.
    pub control: KpiChart,
}

/// Limits in force at the end of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InForce {
    /// Centre line: the mean of the phase, of shares and rates that of all its counts together.
    pub mean: f64,
    /// Lower limit; not cut at 0 by an XmR chart.
    pub lpl: f64,
    /// Upper limit.
    pub upl: f64,
    /// Values that made them.
    pub points: usize,
    /// Too few values for firm limits.
    pub trial: bool,
}

/// Sets mean, limits, variation and assurance of one series by an XmR chart of one phase: the rows of one KPI, area, daypart
/// and grade, in time order.
///
/// **Method**: [`with_chart`] with an XmR chart by the profile.
/// **Units**: those of the values.
/// **Undefined**: `None`, and rows left as they are, for fewer than two values in a row.
///
/// # Example
/// ```
/// use vigie::analysis::kpi::{KpiRow, with_limits};
/// use vigie::stats::spc::{Direction, NHSR_02, Variation};
/// let mut values = [20.0, 22.0].repeat(7);
/// values.push(40.0);
/// let mut rows: Vec<KpiRow> =
///     values.iter().map(|value| KpiRow { value: Some(*value), ..KpiRow::default() }).collect();
/// with_limits(&mut rows, Direction::Decrease, &NHSR_02).ok_or("too short")?;
/// assert_eq!(rows[14].variation, Some(Variation::ConcernHigh));
/// # Ok::<(), &str>(())
/// ```
pub fn with_limits(rows: &mut [KpiRow], direction: Direction, profile: &Profile) -> Option<Chart> {
    let settings = Settings { kind: Some(Kind::Xmr), profile: *profile, ..Settings::by_size() };
    with_chart(rows, direction, Nature::Other, 1.0, &settings)
}

/// Sets mean, limits, variation and assurance of one series: the rows of one KPI, area, daypart and grade, in time order.
///
/// **Method**: [`chart`] of the values, with numerator and denominator of the rows as counts and totals, phases from the
/// settings and the versions of the definition. Mean and limits of every row are those at its own point. Variation of every
/// row is that of its own point; assurance sets the limits at the row against its own target. Both only where the phase has
/// `profile.icon_points` values. `per` is what count over exposure is times: 1,000 for a rate per 1,000.
/// **Units**: those of the values.
/// **Undefined**: `None`, and rows left as they are, for a series without limits.
///
/// # Example
/// ```
/// use vigie::analysis::kpi::{KpiRow, with_chart};
/// use vigie::analysis::kpi_chart::Settings;
/// use vigie::stats::spc::{Direction, Kind, Nature};
/// let mut rows: Vec<KpiRow> = (0..14)
///     .map(|i| f64::from(if i == 6 { 400 } else { 50 + i }))
///     .map(|of| KpiRow { value: Some(0.9), numerator: Some(0.9 * of), denominator: Some(of), ..KpiRow::default() })
///     .collect();
/// let chart =
///     with_chart(&mut rows, Direction::Increase, Nature::Share, 1.0, &Settings::by_size()).ok_or("too short")?;
/// assert_eq!(chart.control.kind, Kind::P);
/// assert!(rows[6].lpl > rows[5].lpl);
/// # Ok::<(), &str>(())
/// ```
pub fn with_chart(
    rows: &mut [KpiRow],
    direction: Direction,
    nature: Nature,
    per: f64,
    settings: &Settings,
) -> Option<Chart> {
    let values: Vec<Option<f64>> = rows.iter().map(|row| row.value).collect();
    let parts: Vec<Option<Part>> = rows.iter().map(|row| part_of_row(row, nature)).collect();
    let dates: Option<Vec<NaiveDate>> =
        rows.iter().map(|row| Some(parse_period_name(&row.period).ok()?.from)).collect();
    let dates = dates.unwrap_or_default();
    let versions: Vec<&str> = rows.iter().map(|row| row.version.as_str()).collect();
    let series = Series { nature, dates: &dates, values: &values, parts: &parts, per, versions: &versions };
    let control = chart(&series, settings)?;
    for (at, row) in rows.iter_mut().enumerate() {
        let Some(line) = control.lines[at] else { continue };
        let enough = control.is_judged(at);
        row.mean = Some(line.centre);
        row.lpl = Some(line.lower);
        row.upl = Some(line.upper);
        let signal = label(&control.points[at], direction, &control.profile);
        row.variation = (enough && row.value.is_some()).then(|| variation(signal, direction));
        row.assurance =
            row.target.filter(|_| enough).and_then(|target| assurance(line.lower, line.upper, target, direction));
    }
    let line = control.in_force()?;
    let last =
        control.phases.iter().rev().find(|phase| control.lines[phase.points.clone()].iter().any(Option::is_some))?;
    let limits =
        InForce { mean: line.centre, lpl: line.lower, upl: line.upper, points: last.values, trial: last.trial };
    Some(Chart { limits, points: control.points.clone(), control })
}

/// Count and total of a row, or count and exposure.
fn part_of_row(row: &KpiRow, nature: Nature) -> Option<Part> {
    row.value?;
    match nature {
        Nature::Count => row.value.map(|count| Part { count, of: 1.0 }),
        Nature::Share | Nature::Rate => Some(Part { count: row.numerator?, of: row.denominator? }),
        Nature::Other => None,
    }
}

/// Unit of a KPI: how a value reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things counted: 1,234.
    Count,
    /// A share, 0 to 1: 95.4%.
    Percent,
    /// Minutes: 5.6 minutes.
    Minutes,
    /// Any other number: 3.2.
    Number,
    /// Money: £23,400,000.
    Pounds,
}

impl Unit {
    /// The unit of that name: `count`, `percent`, `minutes`, `number`, `pounds`.
    pub fn parse(name: &str) -> Option<Unit> {
        match name {
            "count" => Some(Unit::Count),
            "percent" => Some(Unit::Percent),
            "minutes" => Some(Unit::Minutes),
            "number" => Some(Unit::Number),
            "pounds" => Some(Unit::Pounds),
            _ => None,
        }
    }

    /// A value with its unit: `148`, `95.4%`, `5.6 minutes`.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::kpi::Unit;
    /// assert_eq!(Unit::Count.text(1234.0), "1,234");
    /// assert_eq!(Unit::Percent.text(0.9566), "95.7%");
    /// ```
    pub fn text(self, value: f64) -> String {
        match self {
            Unit::Count => grouped(value),
            Unit::Percent => format!("{:.1}%", value * 100.0),
            Unit::Minutes => format!("{value:.1} minutes"),
            Unit::Number => format!("{value:.1}"),
            Unit::Pounds if value < 0.0 => format!("-£{}", grouped(-value)),
            Unit::Pounds => format!("£{}", grouped(value)),
        }
    }

    /// A range between limits: whole counts that lie inside, never below nought, shares never above all.
    pub fn range_text(self, low: f64, high: f64) -> String {
        let low = low.max(0.0);
        match self {
            Unit::Count => format!("{} to {}", grouped(low.ceil()), grouped(high.floor())),
            Unit::Percent => format!("{:.1}% to {:.1}%", low * 100.0, high.min(1.0) * 100.0),
            Unit::Minutes => format!("{low:.1} to {high:.1} minutes"),
            Unit::Number => format!("{low:.1} to {high:.1}"),
            Unit::Pounds => format!("£{} to £{}", grouped(low), grouped(high)),
        }
    }
}

/// A value that is whole, with thousands separated.
fn grouped(value: f64) -> String {
    thousands(value.round() as i64)
}

/// One sentence on the value: what it is, and whether it is out of the ordinary.
///
/// `noun` says what is measured, in the plural and without a full stop: "anti-social behaviour incidents", "of Grade 1
/// incidents attended in under 10 minutes".
///
/// # Example
/// ```
/// use vigie::analysis::kpi::{KpiRow, Unit, finding};
/// use vigie::stats::spc::Variation;
/// let row = KpiRow {
///     period: "2017-05".into(), value: Some(148.0), lpl: Some(102.6), upl: Some(197.4),
///     variation: Some(Variation::CommonCause), ..KpiRow::default()
/// };
/// assert_eq!(
///     finding(&row, "anti-social behaviour incidents", Unit::Count),
///     "May 2017: 148 anti-social behaviour incidents, within the usual range (103 to 197)"
/// );
/// ```
pub fn finding(row: &KpiRow, noun: &str, unit: Unit) -> String {
    let when = period_words(&row.period);
    let Some(value) = row.value else {
        let why = row.undefined_reason.as_deref().unwrap_or("nothing to measure");
        return format!("{when}: no value ({why})");
    };
    let what = format!("{when}: {} {noun}", unit.text(value));
    let (Some(low), Some(high)) = (row.lpl, row.upl) else {
        return format!("{what}; too few periods to say what is usual");
    };
    let range = unit.range_text(low, high);
    let Some(variation) = row.variation else {
        return format!("{what}; too few periods to judge, so far {range}");
    };
    let place = if value > high {
        format!("above the usual range ({range})")
    } else if value < low {
        format!("below the usual range ({range})")
    } else {
        format!("within the usual range ({range})")
    };
    let side = match variation {
        Variation::CommonCause => return format!("{what}, {place}"),
        Variation::ImprovementHigh | Variation::ConcernHigh | Variation::NeutralHigh => "upwards",
        Variation::ImprovementLow | Variation::ConcernLow | Variation::NeutralLow => "downwards",
    };
    let shift =
        if value > high || value < low { String::new() } else { format!(" but part of a lasting shift {side}") };
    let meaning = match variation {
        Variation::ImprovementHigh | Variation::ImprovementLow => ": an improvement",
        Variation::ConcernHigh | Variation::ConcernLow => ": a concern",
        _ => "",
    };
    format!("{what}, {place}{shift}{meaning}")
}

/// `May 2017`, `July to September 2017`, `2017`.
pub fn period_words(period: &str) -> String {
    let Ok(dates) = parse_period_name(period) else { return period.to_owned() };
    let last = dates.to.pred_opt().unwrap_or(dates.to);
    let word = |on: NaiveDate, pattern: &str| on.format(pattern).to_string();
    match period.len() {
        4 => period.to_owned(),
        7 if period.contains('Q') => format!("{} to {}", word(dates.from, "%B"), word(last, "%B %Y")),
        _ => word(dates.from, "%B %Y"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::spc::NHSR_02;

    fn sample_row(period: &str, value: f64, lpl: f64, upl: f64) -> KpiRow {
        KpiRow {
            period: period.into(),
            value: Some(value),
            numerator: Some(value),
            mean: Some(f64::midpoint(lpl, upl)),
            lpl: Some(lpl),
            upl: Some(upl),
            variation: Some(Variation::CommonCause),
            ..KpiRow::default()
        }
    }

    fn series(values: &[f64]) -> Vec<KpiRow> {
        values.iter().map(|v| KpiRow { value: Some(*v), ..KpiRow::default() }).collect()
    }

    #[test]
    fn thirteen_points_earn_their_words() {
        let mut twelve = series(&[10.0, 12.0, 11.0, 10.0, 12.0, 11.0, 10.0, 12.0, 11.0, 10.0, 12.0, 30.0]);
        let chart = with_limits(&mut twelve, Direction::Decrease, &NHSR_02).unwrap();
        assert!(!chart.limits.trial && twelve[11].variation.is_none() && twelve[11].upl.is_some());
        let mut more = series(&[10.0, 12.0, 11.0, 10.0, 12.0, 11.0, 10.0, 12.0, 11.0, 10.0, 12.0, 11.0, 30.0]);
        more[12].target = Some(100.0);
        with_limits(&mut more, Direction::Decrease, &NHSR_02).unwrap();
        assert_eq!(more[12].variation, Some(Variation::ConcernHigh));
        assert_eq!(more[12].assurance, Some(Assurance::ConsistentPass));
        // The last point lifts the mean above all twelve before it: a run, and no target, no assurance.
        assert_eq!((more[0].variation, more[0].assurance), (Some(Variation::ImprovementLow), None));
    }

    #[test]
    fn a_missing_value_has_no_variation() {
        let mut rows = series(&[1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
        rows[3].value = None;
        with_limits(&mut rows, Direction::Neutral, &NHSR_02).unwrap();
        assert_eq!(rows[3].variation, None);
        assert!(rows[4].variation.is_some());
        assert!(with_limits(&mut rows[..1], Direction::Neutral, &NHSR_02).is_none());
    }

    #[test]
    fn sentences() {
        let say = |change: fn(&mut KpiRow), unit| {
            let mut row = sample_row("2017-05", 148.0, 102.6, 197.4);
            change(&mut row);
            finding(&row, "things", unit)
        };
        let high = say(|row| (row.value, row.variation) = (Some(1250.0), Some(Variation::ConcernHigh)), Unit::Count);
        assert_eq!(high, "May 2017: 1,250 things, above the usual range (103 to 197): a concern");
        let shifted = say(|row| row.variation = Some(Variation::ImprovementLow), Unit::Count);
        assert_eq!(
            shifted,
            "May 2017: 148 things, within the usual range (103 to 197) but part of a lasting shift downwards: an improvement"
        );
        let none = say(|row| (row.value, row.undefined_reason) = (None, Some("suppressed".into())), Unit::Count);
        assert_eq!(none, "May 2017: no value (suppressed)");
        let share = say(|row| (row.value, row.lpl, row.upl) = (Some(0.954), Some(0.88), Some(1.03)), Unit::Percent);
        assert_eq!(share, "May 2017: 95.4% things, within the usual range (88.0% to 100.0%)");
    }

    #[test]
    fn periods_in_words() {
        assert_eq!(period_words("2017-Q3"), "July to September 2017");
        assert_eq!((period_words("2017"), period_words("week 5")), ("2017".into(), "week 5".into()));
    }

    #[test]
    fn rows_read_as_the_interface_says() {
        let json = serde_json::to_value(sample_row("2017-05", 148.0, 103.0, 197.0)).unwrap();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let wanted = [
            "id",
            "measure",
            "period",
            "area",
            "daypart",
            "grade",
            "value",
            "numerator",
            "denominator",
            "excluded",
            "target",
            "mean",
            "lpl",
            "upl",
            "variation",
            "assurance",
            "undefined_reason",
            "definition",
            "version",
        ];
        assert_eq!(keys, wanted);
        assert_eq!((json["numerator"].to_string(), &json["variation"]), ("148".into(), &"common_cause".into()));
    }
}
