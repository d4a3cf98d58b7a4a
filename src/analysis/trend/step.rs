//! Steps of a series: days, ISO weeks and calendar months.

use chrono::{Datelike, Days, NaiveDate};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::model::time::{Period, add_months, month_name, month_start};

/// Length of the steps of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Island days.
    Day,
    /// ISO weeks, from Monday.
    Week,
    /// Calendar months.
    Month,
}

impl Step {
    /// Every step, by name.
    pub const ALL: [Step; 3] = [Step::Day, Step::Week, Step::Month];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Step::Day => "day",
            Step::Week => "week",
            Step::Month => "month",
        }
    }

    /// The step of that name.
    ///
    /// # Errors
    /// `Input` naming what there is.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::trend::Step;
    /// assert_eq!(Step::parse("week")?, Step::Week);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn parse(name: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|step| step.name() == name);
        known.ok_or_else(|| Error::input(format!("`{name}` is not a step; write day, week or month")).at("step"))
    }

    /// First day of the step that holds a day.
    pub fn start(self, on: NaiveDate) -> NaiveDate {
        match self {
            Step::Day => on,
            Step::Week => on - Days::new(u64::from(on.weekday().num_days_from_monday())),
            Step::Month => month_start(on),
        }
    }

    /// First day of the step after the one that starts on a day.
    pub fn next(self, start: NaiveDate) -> NaiveDate {
        match self {
            Step::Day => start + Days::new(1),
            Step::Week => start + Days::new(7),
            Step::Month => add_months(start, 1),
        }
    }

    /// `2017-05-05`, `2017-W18` or `2017-05`.
    pub fn label(self, start: NaiveDate) -> String {
        match self {
            Step::Day => start.to_string(),
            Step::Week => start.format("%G-W%V").to_string(),
            Step::Month => month_name(start),
        }
    }

    /// First days of the whole steps of a period.
    ///
    /// # Example
    /// ```
    /// use vigie::{analysis::trend::Step, model::time::parse_period_name};
    /// // 2016 begins on a Friday and ends on a Saturday: 51 of its weeks are whole.
    /// assert_eq!(Step::Week.whole_steps(parse_period_name("2016")?).len(), 51);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn whole_steps(self, period: Period) -> Vec<NaiveDate> {
        let start = self.start(period.from);
        let mut at = if start < period.from { self.next(start) } else { start };
        let mut steps = Vec::new();
        while self.next(at) <= period.to {
            steps.push(at);
            at = self.next(at);
        }
        steps
    }

    /// Days of the step that starts on a day.
    pub fn days(self, start: NaiveDate) -> u32 {
        (self.next(start) - start).num_days().unsigned_abs() as u32
    }

    /// Steps of a year, or of a week for days: the season that a forecast knows.
    pub fn season(self) -> usize {
        match self {
            Step::Day => 7,
            Step::Week => 52,
            Step::Month => 12,
        }
    }

    /// Seasons that a decomposition takes out, the shortest first.
    pub fn seasons(self) -> &'static [usize] {
        match self {
            Step::Day => &[7, 365],
            Step::Week => &[52],
            Step::Month => &[12],
        }
    }

    /// Steps of a year.
    pub fn per_year(self) -> usize {
        match self {
            Step::Day => 365,
            Step::Week => 52,
            Step::Month => 12,
        }
    }

    /// Least steps between two changes of level.
    pub fn least_between_changes(self) -> usize {
        match self {
            Step::Day => 28,
            Step::Week => 8,
            Step::Month => 3,
        }
    }

    /// Polars' word for the length.
    pub(super) fn window(self) -> &'static str {
        match self {
            Step::Day => "1d",
            Step::Week => "1w",
            Step::Month => "1mo",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_date;

    fn on(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    #[test]
    fn weeks_start_on_monday_and_are_named_as_iso_has_them() {
        assert_eq!(Step::Week.start(on("2017-01-01")), on("2016-12-26"));
        assert_eq!(Step::Week.label(on("2016-12-26")), "2016-W52");
        assert_eq!(Step::Week.label(on("2020-12-28")), "2020-W53");
        assert_eq!(Step::Week.label(on("2018-12-31")), "2019-W01");
    }

    #[test]
    fn only_whole_steps_count() {
        let period = Period::new(on("2017-01-15"), on("2017-04-01")).unwrap();
        let months = Step::Month.whole_steps(period);
        assert_eq!(months.iter().map(|m| Step::Month.label(*m)).collect::<Vec<_>>(), ["2017-02", "2017-03"]);
        assert_eq!((Step::Month.days(months[0]), Step::Day.whole_steps(period).len()), (28, 76));
        assert!(Step::Month.whole_steps(Period::new(on("2017-01-02"), on("2017-01-31")).unwrap()).is_empty());
        assert!(Step::parse("year").is_err());
    }
}
