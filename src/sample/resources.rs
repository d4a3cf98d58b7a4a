//! Resources: readings of budget, staff plans, population and capacity, money booked by month, and road-safety campaigns.

use std::path::Path;

use chrono::{Datelike, Duration, NaiveDate};

use super::calendar::{Span, at_wall, wall_text};
use super::random::Stream;
use super::write::{Rows, Written};
use crate::error::Result;

/// Budget of a year in pounds, and the fall from the year before.
const BUDGET: f64 = 23_400_000.0;
const FALL: f64 = 382_000.0;
/// Income of a year in pounds.
const INCOME: f64 = 205_000.0;
/// Share of expenditure that goes into salaries.
const SALARIES: f64 = 0.855;
/// Other headings of expenditure, and their shares of what is left.
const OTHER: [(&str, f64); 4] = [("premises", 0.3), ("transport", 0.18), ("supplies", 0.34), ("training", 0.18)];

fn last_day(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or_default()
}

fn years(span: &Span) -> impl Iterator<Item = i32> + use<> {
    span.from.year()..=span.to.pred_opt().unwrap_or(span.from).year()
}

/// Writes `resources.csv.gz`: one reading a year of each stock that is read once a year. None grows with the scale.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_readings(out: &Path, span: &Span, seed: u64) -> Result<Written> {
    let mut stream = Stream::new(seed, "resources");
    let mut file = Rows::create(out, "resources.csv.gz", &["stock", "read_on", "value", "recorded"])?;
    let last = years(span).last().unwrap_or(span.from.year());
    for year in years(span) {
        let before = f64::from(last - year);
        let readings = [
            ("budget", BUDGET + FALL * before),
            ("budget-reduction", FALL),
            ("baseline-reduction", (1_850_000.0 * (3.0 - before) / 5.0).max(0.0)),
            ("mobile-working-savings", if before < 0.5 { 120_000.0 } else { 0.0 }),
            ("salary-share", SALARIES + stream.between(-0.004, 0.004)),
            ("licence-saving", if before < 0.5 { 4_500.0 } else { 0.0 }),
            ("custody-capacity", if before < 0.5 { 20.0 } else { 14.0 }),
            ("population", 108_000.0 - 900.0 * before),
            ("recruits", if before < 1.5 { 10.0 } else { 0.0 }),
            ("external-collision-investigations", 2.0 + before * 2.0),
        ];
        let read_on = last_day(year);
        for (place, (code, value)) in readings.into_iter().enumerate() {
            let recorded = at_wall(read_on + Duration::days(2), 9 * 3600 + place as i64 * 60);
            let value = if code == "salary-share" { format!("{value:.4}") } else { format!("{value:.0}") };
            file.add(&[code.to_owned(), read_on.to_string(), value, wall_text(recorded)])?;
        }
    }
    file.finish()
}

/// Writes `money.csv.gz`: a booking a heading and month, whole pounds. It does not grow with the scale.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_money(out: &Path, span: &Span, seed: u64) -> Result<Written> {
    let mut stream = Stream::new(seed, "money");
    let header = ["entry_id", "booked_on", "kind", "heading", "amount", "recorded"];
    let mut file = Rows::create(out, "money.csv.gz", &header)?;
    let last = years(span).last().unwrap_or(span.from.year());
    let mut number = 0;
    for month in &span.months {
        let on = month.start + Duration::days(month.days - 1);
        let spent = (BUDGET + FALL * f64::from(last - on.year())) / 12.0;
        let mut booked = vec![("expenditure", "salaries", spent * SALARIES * stream.between(0.985, 1.015))];
        for (heading, share) in OTHER {
            booked.push(("expenditure", heading, spent * (1.0 - SALARIES) * share * stream.between(0.85, 1.15)));
        }
        booked.push(("income", "fees", INCOME / 12.0 * stream.between(0.8, 1.2)));
        for (kind, heading, amount) in booked {
            number += 1;
            file.add(&[
                format!("B{number:06}"),
                on.to_string(),
                kind.to_owned(),
                heading.to_owned(),
                format!("{amount:.0}"),
                wall_text(at_wall(on + Duration::days(3), 12 * 3600)),
            ])?;
        }
    }
    file.finish()
}

/// A campaign of a year: its kind, theme, first month and length in days.
const CAMPAIGNS: [(&str, &str, u32, i64); 7] = [
    ("annual", "look-out-for-each-other", 5, 28),
    ("seasonal", "drink-driving", 7, 28),
    ("seasonal", "drink-driving", 12, 28),
    ("seasonal", "speeding", 4, 14),
    ("seasonal", "mobile-phone", 3, 14),
    ("seasonal", "mobile-phone", 9, 14),
    ("seasonal", "defective-vehicles", 10, 14),
];

/// Writes `campaigns.csv.gz`: one annual and six seasonal road-safety campaigns a year. In the first year of several,
/// one seasonal campaign was not held.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_campaigns(out: &Path, span: &Span, seed: u64) -> Result<Written> {
    let mut stream = Stream::new(seed, "campaigns");
    let header = ["campaign_id", "kind", "theme", "started_on", "ended_on", "recorded"];
    let mut file = Rows::create(out, "campaigns.csv.gz", &header)?;
    let all: Vec<i32> = years(span).collect();
    for year in &all {
        let left_out = (all.len() > 1 && year == &all[0]).then(|| 1 + stream.below(6));
        for (place, (kind, theme, month, days)) in CAMPAIGNS.into_iter().enumerate() {
            if left_out == Some(place) {
                continue;
            }
            let first = NaiveDate::from_ymd_opt(*year, month, 1).unwrap_or(span.from);
            let from = first + Duration::days(stream.seconds(0, 2));
            let to = from + Duration::days(days - 1);
            file.add(&[
                format!("R{year}-{:02}", place + 1),
                kind.to_owned(),
                theme.to_owned(),
                from.to_string(),
                to.to_string(),
                wall_text(at_wall(to + Duration::days(1), 9 * 3600)),
            ])?;
        }
    }
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn campaigns_end_within_the_sample() {
        let folder = tempfile::tempdir().unwrap();
        let span = Span::new(2015, 3).unwrap();
        assert_eq!(write_campaigns(folder.path(), &span, 1).unwrap().1, 20, "seven a year, less one");
        let lasts = CAMPAIGNS.iter().all(|(_, _, month, days)| *month < 12 || *days <= 28);
        assert!(lasts);
    }
}
