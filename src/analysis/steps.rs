//! A period cut into steps of equal length, the last of which ends with it.

use chrono::{Datelike, Days, NaiveDate};

use crate::error::{Error, Result};
use crate::model::time::{Period, add_months, month_start};

/// Length of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepLength {
    /// So many days.
    Days(u16),
    /// A calendar month.
    Month,
}

impl StepLength {
    /// Reads `week`, `month` or a number of days such as `28d`.
    ///
    /// # Errors
    /// `Input` for anything else.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::steps::StepLength;
    /// assert_eq!(StepLength::parse("week")?, StepLength::Days(7));
    /// assert_eq!(StepLength::parse("28d")?.name(), "28d");
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let days = |text: &str| text.strip_suffix('d')?.parse().ok().filter(|days| (1..=366).contains(days));
        match text {
            "week" => Ok(Self::Days(7)),
            "month" => Ok(Self::Month),
            _ => days(text).map(Self::Days).ok_or_else(|| {
                Error::input(format!("`{text}` is not a step; write week, month, or days such as 7d or 28d"))
            }),
        }
    }

    /// As it is written on the command line.
    pub fn name(self) -> String {
        match self {
            Self::Days(7) => "week".to_owned(),
            Self::Days(days) => format!("{days}d"),
            Self::Month => "month".to_owned(),
        }
    }

    /// One step and several, in words.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Days(1) => ("day", "days"),
            Self::Days(7) => ("week", "weeks"),
            Self::Days(_) => ("step", "steps"),
            Self::Month => ("month", "months"),
        }
    }
}

/// The steps of a period: step `i` is from edge `i` up to, but without, edge `i + 1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    edges: Vec<NaiveDate>,
}

impl Steps {
    /// As many whole steps as the period holds, or the last `most` of them. They are laid from the end, so that the last
    /// one is whole and ends where the period does; days before the first one are in no step.
    ///
    /// # Errors
    /// `Input` if a period that is cut into months does not end with a month.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::steps::{StepLength, Steps};
    /// use vigie::model::time::parse_period_name;
    /// let weeks = Steps::of(parse_period_name("2017-Q3")?, StepLength::Days(7), None)?;
    /// assert_eq!((weeks.len(), weeks.from().to_string().as_str()), (13, "2017-07-02"));
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn of(period: Period, length: StepLength, most: Option<usize>) -> Result<Self> {
        if length == StepLength::Month && period.to != month_start(period.to) {
            return Err(Error::input(format!(
                "steps of a month need a period that ends with a month, such as --to {}",
                month_start(period.to)
            ))
            .at("to"));
        }
        let mut edges = vec![period.to];
        let mut edge = period.to;
        while most.is_none_or(|most| edges.len() <= most) {
            edge = match length {
                StepLength::Days(days) => match edge.checked_sub_days(Days::new(u64::from(days))) {
                    Some(earlier) => earlier,
                    None => break,
                },
                StepLength::Month => add_months(edge, -1),
            };
            if edge < period.from {
                break;
            }
            edges.push(edge);
        }
        edges.reverse();
        Ok(Self { edges })
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.edges.len() - 1
    }

    /// Whether the period is shorter than a step.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// First day of the first step.
    pub fn from(&self) -> NaiveDate {
        self.edges[0]
    }

    /// First day of the last step; that of the end if there is none.
    pub fn last_from(&self) -> NaiveDate {
        self.edges[self.edges.len().saturating_sub(2)]
    }

    /// The step of a day; `None` before the first and after the last.
    pub fn find(&self, on: NaiveDate) -> Option<usize> {
        let after = self.edges.partition_point(|edge| *edge <= on);
        (1..self.edges.len()).contains(&after).then(|| after - 1)
    }
}

/// Days of each weekday in a period, Monday first.
pub fn weekdays(period: Period) -> [u32; 7] {
    let mut counts = [(period.days() / 7) as u32; 7];
    let first = period.from.weekday().num_days_from_monday() as usize;
    for extra in 0..(period.days() % 7) as usize {
        counts[(first + extra) % 7] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_date;

    fn on(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    fn period(from: &str, to: &str) -> Period {
        Period::new(on(from), on(to)).unwrap()
    }

    #[test]
    fn the_last_step_is_whole_and_the_rest_is_before_the_first() {
        let steps = Steps::of(period("2017-01-01", "2017-02-01"), StepLength::Days(7), None).unwrap();
        assert_eq!((steps.len(), steps.from(), steps.last_from()), (4, on("2017-01-04"), on("2017-01-25")));
        assert_eq!(steps.find(on("2017-01-03")), None);
        assert_eq!((steps.find(on("2017-01-04")), steps.find(on("2017-01-31"))), (Some(0), Some(3)));
        assert_eq!(steps.find(on("2017-02-01")), None);
        let two = Steps::of(period("2017-01-01", "2017-02-01"), StepLength::Days(7), Some(2)).unwrap();
        assert_eq!((two.len(), two.from()), (2, on("2017-01-18")));
    }

    #[test]
    fn months_are_calendar_months() {
        let steps = Steps::of(period("2016-01-01", "2017-01-01"), StepLength::Month, None).unwrap();
        assert_eq!(steps.len(), 12);
        assert_eq!(steps.find(on("2016-02-29")), Some(1));
        let wrong = Steps::of(period("2016-01-01", "2017-01-02"), StepLength::Month, None).unwrap_err();
        assert!(wrong.message().contains("--to 2017-01-01"), "{wrong}");
    }

    #[test]
    fn too_short_is_empty_and_words_are_checked() {
        assert!(Steps::of(period("2017-01-01", "2017-01-05"), StepLength::Days(7), None).unwrap().is_empty());
        for wrong in ["", "d", "0d", "400d", "fortnight", "-7d"] {
            assert!(StepLength::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(StepLength::parse("7d").unwrap(), StepLength::parse("week").unwrap());
    }

    #[test]
    fn weekdays_of_a_period() {
        // May 2017 began on a Monday.
        assert_eq!(weekdays(period("2017-05-01", "2017-06-01")), [5, 5, 5, 4, 4, 4, 4]);
        assert_eq!(weekdays(period("2017-05-07", "2017-05-08")), [0, 0, 0, 0, 0, 0, 1]);
    }
}
