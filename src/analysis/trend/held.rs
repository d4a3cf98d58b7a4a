//! What the store holds: a step without records is a zero only where it was loaded.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::Step;
use crate::model::time::{Period, add_months, date_in_words, month_start};

/// The longest run of days without records at an end of the data that counts as quiet, not as not loaded.
const MOST_QUIET_DAYS: i64 = 14;

/// First and last records of one source of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Island date of the first record.
    pub first: NaiveDate,
    /// Island date of the last record.
    pub last: NaiveDate,
    /// Island date on which the records of the last day were loaded, if it is known.
    pub loaded: Option<NaiveDate>,
    /// Whether its records are known by month only.
    pub by_month: bool,
}

impl Span {
    /// The last day that is there in full: the day of the last record, but the day before it if that day had not ended
    /// when its records were loaded; the last day of the month for records known by month.
    fn complete_to(&self) -> NaiveDate {
        if self.by_month {
            return add_months(self.last, 1) - Days::new(1);
        }
        if self.loaded.is_some_and(|loaded| loaded <= self.last) { self.last - Days::new(1) } else { self.last }
    }
}

/// What is held of a dataset, all its groups together.
#[derive(Debug, Clone, Default)]
pub struct Held {
    spans: Vec<(NaiveDate, NaiveDate)>,
    months: BTreeSet<NaiveDate>,
    quiet_at_first: u64,
    quiet_at_last: u64,
}

impl Held {
    /// From the spans of the sources and the days that have a record of any group, with their counts.
    ///
    /// **Method**: a day is held from the first to the last complete day of a source. A calendar month between in which
    /// nothing of any group was recorded was never loaded. Months at the beginning with less than a tenth of the records
    /// of the median month are what was reported late of a time before the data: they are not held. At both ends as many
    /// more days count as held as the longest run of days without any record in the year next to that end, at most 14:
    /// in small data the first of January need not have a record.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::trend::{Held, Span, Step};
    /// use vigie::model::time::parse_date;
    /// let day = |text: &str| parse_date(text);
    /// let span = Span { first: day("2017-01-01")?, last: day("2017-03-31")?, loaded: None, by_month: false };
    /// let held = Held::new(&[span], &[(day("2017-01-01")?, 3), (day("2017-01-02")?, 1), (day("2017-03-31")?, 4)]);
    /// assert_eq!(held.lacks(Step::Month, day("2017-01-01")?), None);
    /// assert!(held.lacks(Step::Month, day("2017-02-01")?).is_some_and(|why| why.contains("no records were loaded")));
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn new(spans: &[Span], days: &[(NaiveDate, u64)]) -> Self {
        let mut totals: BTreeMap<NaiveDate, u64> = BTreeMap::new();
        for (on, count) in days.iter().filter(|(_, count)| *count > 0) {
            *totals.entry(month_start(*on)).or_default() += count;
        }
        let begins = first_full_month(&totals);
        let months: BTreeSet<NaiveDate> = totals.keys().copied().filter(|month| Some(*month) >= begins).collect();
        let mut days: Vec<NaiveDate> =
            days.iter().filter(|(on, count)| *count > 0 && Some(*on) >= begins).map(|(on, _)| *on).collect();
        days.sort_unstable();
        // Late reports of the time before begin nothing: the first full month begins on its first day.
        let late = begins > totals.keys().next().copied();
        let mut spans: Vec<(NaiveDate, NaiveDate)> = spans
            .iter()
            .map(|span| {
                let first = if span.by_month { month_start(span.first) } else { span.first };
                (begins.filter(|begins| late && *begins > first).unwrap_or(first), span.complete_to())
            })
            .filter(|(first, last)| first <= last)
            .collect();
        spans.sort_unstable();
        let year = Days::new(365);
        let early: Vec<NaiveDate> =
            days.iter().copied().filter(|on| days.first().is_some_and(|f| *on <= *f + year)).collect();
        let latest: Vec<NaiveDate> =
            days.iter().copied().filter(|on| days.last().is_some_and(|l| *on + year >= *l)).collect();
        Self { spans, months, quiet_at_first: quiet(&early), quiet_at_last: quiet(&latest) }
    }

    /// The first day held and the last complete one.
    pub fn ends(&self) -> Option<(NaiveDate, NaiveDate)> {
        Some((self.spans.first()?.0, self.spans.iter().map(|span| span.1).max()?))
    }

    /// Why a step cannot be counted; `None` if it can.
    pub fn lacks(&self, step: Step, start: NaiveDate) -> Option<String> {
        self.lacks_of(Period { from: start, to: step.next(start) }, step.name())
    }

    /// Why a period cannot be counted, called by `what` it is; `None` if it can.
    pub fn lacks_of(&self, period: Period, what: &str) -> Option<String> {
        let Some((first, last)) = self.ends() else { return Some("no records are loaded".to_owned()) };
        let to = period.to - Days::new(1);
        if period.from + Days::new(self.quiet_at_first) < first {
            return Some(format!("records begin on {}", date_in_words(first)));
        }
        if to - Days::new(self.quiet_at_last) > last {
            return Some(format!("records are complete to {}", date_in_words(last)));
        }
        let mut month = month_start(period.from.max(first));
        while month <= to.min(last) {
            if !self.months.contains(&month) {
                let within = month <= period.from && add_months(month, 1) >= period.to;
                let which = if within { format!("this {what}") } else { month.format("%B %Y").to_string() };
                return Some(format!("no records were loaded for {which}"));
            }
            month = add_months(month, 1);
        }
        // Between two sources.
        let mut on = period.from.max(first);
        for span in &self.spans {
            if span.0 <= on && span.1 >= on {
                on = span.1 + Days::new(1);
            }
        }
        if on > to.min(last) { None } else { Some(format!("no records were loaded for a part of this {what}")) }
    }
}

/// The longest run of days without a record within months that have some, at most [`MOST_QUIET_DAYS`].
fn quiet(days: &[NaiveDate]) -> u64 {
    let gap = |pair: &[NaiveDate]| {
        let near = add_months(pair[0], 1) >= month_start(pair[1]);
        if near { (pair[1] - pair[0]).num_days() - 1 } else { 0 }
    };
    days.windows(2).map(gap).max().unwrap_or(0).clamp(0, MOST_QUIET_DAYS).unsigned_abs()
}

/// The first month with at least a tenth of the records of the median month.
fn first_full_month(totals: &BTreeMap<NaiveDate, u64>) -> Option<NaiveDate> {
    let mut sorted: Vec<u64> = totals.values().copied().collect();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    totals.iter().find(|(_, total)| **total * 10 >= median).map(|(month, _)| *month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_date;

    fn on(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    fn span(first: &str, last: &str) -> Span {
        Span { first: on(first), last: on(last), loaded: None, by_month: false }
    }

    fn every_day(spans: &[Span]) -> Vec<(NaiveDate, u64)> {
        spans.iter().flat_map(|s| s.first.iter_days().take_while(|day| *day <= s.last)).map(|on| (on, 5)).collect()
    }

    fn lacks(held: &Held, month: &str) -> String {
        held.lacks(Step::Month, on(month)).unwrap_or_default()
    }

    #[test]
    fn ends_and_gaps_have_their_reasons() {
        let spans = [span("2017-01-10", "2017-03-31"), span("2017-06-01", "2017-08-20")];
        let held = Held::new(&spans, &every_day(&spans));
        assert_eq!(lacks(&held, "2017-01-01"), "records begin on 10 January 2017");
        assert_eq!(lacks(&held, "2017-02-01"), "");
        assert_eq!(lacks(&held, "2017-04-01"), "no records were loaded for this month");
        assert_eq!(lacks(&held, "2017-06-01"), "");
        let half = Period::new(on("2017-02-01"), on("2017-08-01")).unwrap();
        assert_eq!(held.lacks_of(half, "period").as_deref(), Some("no records were loaded for April 2017"));
        assert_eq!(lacks(&held, "2017-08-01"), "records are complete to 20 August 2017");
        assert_eq!(lacks(&held, "2018-08-01"), "records are complete to 20 August 2017");
        assert_eq!(lacks(&Held::new(&[], &[]), "2017-01-01"), "no records are loaded");
    }

    #[test]
    fn a_hole_within_a_month_between_sources_is_seen() {
        let spans = [span("2017-01-01", "2017-02-10"), span("2017-02-20", "2017-03-31")];
        let held = Held::new(&spans, &every_day(&spans));
        assert_eq!(lacks(&held, "2017-02-01"), "no records were loaded for a part of this month");
        // Sources that overlap leave no hole.
        let spans = [span("2017-01-01", "2017-03-31"), span("2017-02-05", "2017-02-09")];
        assert_eq!(lacks(&Held::new(&spans, &every_day(&spans)), "2017-02-01"), "");
    }

    #[test]
    fn small_data_may_be_quiet_at_its_ends() {
        let days = ["2017-01-03", "2017-01-08", "2017-02-11", "2017-02-15", "2017-03-29"].map(|day| (on(day), 1));
        let held = Held::new(&[span("2017-01-03", "2017-03-29")], &days);
        assert_eq!((lacks(&held, "2017-01-01"), lacks(&held, "2017-03-01")), (String::new(), String::new()));
    }

    #[test]
    fn what_was_reported_late_of_the_time_before_is_not_held() {
        let spans = [span("2016-03-05", "2017-12-31")];
        let mut days = every_day(&[span("2017-01-01", "2017-12-31")]);
        days.extend([(on("2016-03-05"), 1), (on("2016-12-20"), 9)]);
        let held = Held::new(&spans, &days);
        assert_eq!(lacks(&held, "2016-12-01"), "records begin on 1 January 2017");
        assert_eq!((lacks(&held, "2017-01-01"), held.ends().unwrap().0), (String::new(), on("2017-01-01")));
        // The quiet of that tail says nothing about the end of the data.
        assert!(!lacks(&held, "2018-01-01").is_empty());
    }

    #[test]
    fn the_last_day_is_complete_if_it_had_ended_when_it_was_loaded() {
        let day = |loaded| Span { loaded, ..span("2017-01-01", "2017-03-31") }.complete_to();
        assert_eq!(day(None), on("2017-03-31"));
        assert_eq!(day(Some(on("2017-03-31"))), on("2017-03-30"));
        assert_eq!(day(Some(on("2017-04-01"))), on("2017-03-31"));
        let month = Span { by_month: true, ..span("2017-01-01", "2017-02-01") };
        assert_eq!(month.complete_to(), on("2017-02-28"));
    }
}
