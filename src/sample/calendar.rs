//! Island months, wall-clock times and the rhythm of day, week and year. Instants are whole UTC seconds since 1970.

use chrono::{DateTime, Datelike, Duration, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Timelike, Weekday};
use chrono_tz::Europe::Jersey;

use super::random::Stream;
use crate::error::{Error, Result};
use crate::model::time::add_months;

/// Seconds in a day.
pub const DAY_S: i64 = 86_400;

/// One calendar month of the sample.
#[derive(Debug, Clone, Copy)]
pub struct Month {
    /// First day.
    pub start: NaiveDate,
    /// Number of days.
    pub days: i64,
}

/// The whole period of the sample: whole years, so that seasons do not bias its means.
#[derive(Debug, Clone)]
pub struct Span {
    /// First day.
    pub from: NaiveDate,
    /// The day after the last.
    pub to: NaiveDate,
    /// Its months in order.
    pub months: Vec<Month>,
}

impl Span {
    /// `years` whole years from January of `first_year`.
    ///
    /// # Errors
    /// `Input` for no year at all, more than a hundred, or years the calendar does not know.
    pub fn new(first_year: i32, years: u32) -> Result<Self> {
        if years == 0 || years > 100 {
            return Err(Error::input(format!("a sample covers 1 to 100 years; asked for {years}")));
        }
        let from = NaiveDate::from_ymd_opt(first_year, 1, 1)
            .filter(|d| (1971..=2200).contains(&d.year()))
            .ok_or_else(|| Error::input(format!("the first year must lie in 1971 to 2200; found {first_year}")))?;
        let count = years as i32 * 12;
        let months = (0..count)
            .map(|i| {
                let start = add_months(from, i);
                Month { start, days: (add_months(start, 1) - start).num_days() }
            })
            .collect();
        Ok(Self { from, to: add_months(from, count), months })
    }

    /// The last `days` days, or the whole period if it is shorter.
    pub fn last_days(&self, days: u32) -> impl Iterator<Item = NaiveDate> + use<> {
        let first = (self.to - Duration::days(i64::from(days))).max(self.from);
        let count = (self.to - first).num_days();
        (0..count).map(move |i| first + Duration::days(i))
    }

    /// When the extracts were taken: a week after the period, 06:00. Nothing in them is later.
    pub fn extracted_at(&self) -> i64 {
        at_wall(self.to + Duration::days(7), 6 * 3600)
    }
}

/// The UTC instant of a second of an island day. Times in the small hours of a clock change move three hours on, so
/// that no event falls into an hour that happens twice or never.
pub fn at_wall(on: NaiveDate, second_of_day: i64) -> i64 {
    let changes = matches!(on.month(), 3 | 10) && on.weekday() == Weekday::Sun && on.day() >= 25;
    let second = if changes && second_of_day < 3 * 3600 { second_of_day + 3 * 3600 } else { second_of_day };
    let wall: NaiveDateTime = on.and_time(chrono::NaiveTime::MIN) + Duration::seconds(second);
    match Jersey.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.timestamp(),
        LocalResult::None => wall.and_utc().timestamp(),
    }
}

/// The island's wall clock at an instant.
pub fn wall_clock(at: i64) -> NaiveDateTime {
    let utc = DateTime::from_timestamp(at, 0).unwrap_or_default();
    utc.with_timezone(&Jersey).naive_local()
}

/// Island date at an instant.
pub fn wall_date(at: i64) -> NaiveDate {
    wall_clock(at).date()
}

/// Island hour, 0-23, at an instant.
pub fn wall_hour(at: i64) -> u32 {
    wall_clock(at).hour()
}

/// `YYYY-MM-DD HH:MM:SS` on the island.
pub fn wall_text(at: i64) -> String {
    clock_text(wall_clock(at), ' ', "")
}

/// `YYYY-MM-DDTHH:MM:SSZ`.
pub fn utc_text(at: i64) -> String {
    let utc = DateTime::from_timestamp(at, 0).unwrap_or_default().naive_utc();
    clock_text(utc, 'T', "Z")
}

/// Written digit by digit: date formatting by pattern is most of the time of a large sample.
fn clock_text(at: NaiveDateTime, between: char, end: &str) -> String {
    let mut text = String::with_capacity(20);
    let year = at.year().unsigned_abs();
    push_two(&mut text, year / 100);
    push_two(&mut text, year % 100);
    for (mark, value) in
        [('-', at.month()), ('-', at.day()), (between, at.hour()), (':', at.minute()), (':', at.second())]
    {
        text.push(mark);
        push_two(&mut text, value);
    }
    text.push_str(end);
    text
}

fn push_two(text: &mut String, value: u32) {
    for digit in [value / 10 % 10, value % 10] {
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

/// Day is 07:00-19:00 on the island.
pub fn is_day(hour: u32) -> bool {
    (7..19).contains(&hour)
}

/// Weights of the 168 hours of a week, Monday 00:00 first.
#[derive(Debug, Clone)]
pub struct WeekClock {
    weights: [f64; 168],
}

impl WeekClock {
    /// The same hours on every day, times a weight a weekday (Monday first).
    pub fn new(hours: &[f64; 24], weekdays: &[f64; 7]) -> Self {
        let mut weights = [0.0; 168];
        for (slot, weight) in weights.iter_mut().enumerate() {
            *weight = hours[slot % 24] * weekdays[slot / 24];
        }
        Self { weights }
    }

    /// Multiplies Friday and Saturday 21:00-04:00, the night-time economy.
    #[must_use]
    pub fn with_night_economy(mut self, factor: f64) -> Self {
        for (slot, weight) in self.weights.iter_mut().enumerate() {
            if is_night_economy(slot / 24, (slot % 24) as u32) {
                *weight *= factor;
            }
        }
        self
    }

    /// Keeps only the hours of the day that `keep` accepts.
    #[must_use]
    pub fn only(mut self, keep: impl Fn(u32) -> bool) -> Self {
        for (slot, weight) in self.weights.iter_mut().enumerate() {
            if !keep((slot % 24) as u32) {
                *weight = 0.0;
            }
        }
        self
    }

    /// An instant in the month: a day by its weekday's total, then an hour of that weekday, then a second.
    pub fn draw(&self, month: &Month, stream: &mut Stream) -> i64 {
        let totals: Vec<f64> = (0..7).map(|d| self.weights[d * 24..(d + 1) * 24].iter().sum()).collect();
        let first = month.start.weekday().num_days_from_monday() as usize;
        let days: Vec<f64> = (0..month.days as usize).map(|d| totals[(first + d) % 7]).collect();
        let day = stream.weighted(&days);
        let weekday = (first + day) % 7;
        let hour = stream.weighted(&self.weights[weekday * 24..(weekday + 1) * 24]);
        at_wall(month.start + Duration::days(day as i64), hour as i64 * 3600 + stream.seconds(0, 3599))
    }
}

/// Friday and Saturday 21:00 to 04:00 of the next day; weekday 0 is Monday.
pub fn is_night_economy(weekday: usize, hour: u32) -> bool {
    (matches!(weekday, 4 | 5) && hour >= 21) || (matches!(weekday, 5 | 6) && hour < 4)
}

/// Every month of the year alike.
pub const FLAT: [f64; 12] = [1.0; 12];
/// Busier in summer: disorder, collisions, visitors.
pub const SUMMER: [f64; 12] = [0.90, 0.90, 0.95, 1.00, 1.04, 1.08, 1.15, 1.15, 1.04, 0.98, 0.91, 0.92];
/// Slightly busier in summer: most other demand.
pub const MILD: [f64; 12] = [0.96, 0.95, 0.98, 1.00, 1.02, 1.04, 1.06, 1.06, 1.01, 1.00, 0.96, 0.97];

/// A lasting change of level from one month on.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// First day of the new level.
    pub from: NaiveDate,
    /// New level as a multiple of the old.
    pub factor: f64,
}

/// Counts a month whose mean over the span is `mean` within 1 %, with seasons, an optional step, and month-to-month
/// variation of Poisson size plus 2.5 %.
///
/// **Method**: month counts are drawn independently, then single events are added or taken away in months drawn by
/// their expectation until the total meets a target within 1 % of `mean` times the number of months.
pub fn quotas(span: &Span, mean: f64, season: &[f64; 12], step: Option<Step>, stream: &mut Stream) -> Vec<usize> {
    let weights: Vec<f64> = span
        .months
        .iter()
        .map(|month| {
            let level = step.filter(|s| month.start >= s.from).map_or(1.0, |s| s.factor);
            season[month.start.month0() as usize] * month.days as f64 * level
        })
        .collect();
    let weight_sum: f64 = weights.iter().sum();
    let noise = (0.004 * stream.normal()).clamp(-0.01, 0.01);
    let target = (mean * span.months.len() as f64 * (1.0 + noise)).round().max(0.0);
    let mut counts: Vec<usize> = weights
        .iter()
        .map(|w| {
            let expected = target * w / weight_sum * stream.log_normal(1.0, 0.025);
            stream.poisson(expected)
        })
        .collect();
    let target = target as usize;
    let mut total: usize = counts.iter().sum();
    while total != target {
        let month = stream.weighted(&weights);
        if total < target {
            counts[month] += 1;
            total += 1;
        } else if counts[month] > 0 {
            counts[month] -= 1;
            total -= 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_falls_in_the_changed_hours() {
        let spring = NaiveDate::from_ymd_opt(2017, 3, 26).unwrap();
        assert_eq!(wall_text(at_wall(spring, 3600 + 1800)), "2017-03-26 04:30:00");
        let summer = NaiveDate::from_ymd_opt(2017, 7, 1).unwrap();
        assert_eq!(utc_text(at_wall(summer, 12 * 3600)), "2017-07-01T11:00:00Z");
    }

    #[test]
    fn quotas_meet_their_mean_and_vary() {
        let span = Span::new(2015, 3).unwrap();
        let counts = quotas(&span, 43.0, &SUMMER, None, &mut Stream::new(9, "q"));
        let mean = counts.iter().sum::<usize>() as f64 / 36.0;
        assert!((mean / 43.0 - 1.0).abs() < 0.011, "{mean}");
        assert!(counts.iter().max() > counts.iter().min());
    }

    #[test]
    fn the_night_economy_peaks_on_friday_and_saturday() {
        let clock = WeekClock::new(&[1.0; 24], &[1.0; 7]).with_night_economy(5.0).only(|h| !is_day(h));
        let span = Span::new(2016, 1).unwrap();
        let mut stream = Stream::new(1, "nte");
        let mut inside = 0;
        for _ in 0..2000 {
            let at = wall_clock(clock.draw(&span.months[5], &mut stream));
            assert!(!is_day(at.hour()));
            let weekday = at.weekday().num_days_from_monday() as usize;
            inside += usize::from(is_night_economy(weekday, at.hour()));
        }
        assert!(inside > 800, "{inside} of 2000");
    }
}
