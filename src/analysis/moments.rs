//! Where and when single records happened: what questions about pairs and clusters are computed from. No answer holds it.

use crate::error::{Error, Result};
use crate::model::time::date_in_words;
use crate::space::{Cell, Plane, Point};

/// Located records in order of time; at one instant, in order of their keys. One value a record in each list.
#[derive(Debug, Clone, Default)]
pub struct Moments {
    /// Where.
    pub points: Vec<Point>,
    /// The cell in which that is, as stored.
    pub cells: Vec<Cell>,
    /// Island date, as days since 1970-01-01.
    pub days: Vec<i64>,
    /// Minutes since 1970-01-01 on the island's clock; midnight where the time of day is not known.
    pub minutes: Vec<i64>,
}

impl Moments {
    /// Number of records.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Adds a record; records come in order of time.
    pub fn push(&mut self, point: Point, cell: Cell, day: i64, minute_of_day: Option<i64>) {
        self.points.push(point);
        self.cells.push(cell);
        self.days.push(day);
        self.minutes.push(day * 24 * 60 + minute_of_day.unwrap_or(0));
    }

    /// Metres east and north on a flat map.
    pub fn on(&self, plane: &Plane) -> (Vec<f64>, Vec<f64>) {
        self.points.iter().map(|point| plane.to_metres(*point)).unzip()
    }
}

/// The date of a number of days since 1970-01-01.
///
/// # Errors
/// `Bug` if there is no such date.
pub fn date_of(day: i64) -> Result<chrono::NaiveDate> {
    i32::try_from(day)
        .ok()
        .and_then(chrono::NaiveDate::from_epoch_days)
        .ok_or_else(|| Error::bug(format!("day {day} is not a date")))
}

/// `1 July 2017 to 3 July 2017`, or the one day, from first and last day.
pub fn days_in_words(first: chrono::NaiveDate, last: chrono::NaiveDate) -> String {
    if first == last { date_in_words(first) } else { format!("{} to {}", date_in_words(first), date_in_words(last)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_date;

    #[test]
    fn days_and_dates_agree() {
        let first = parse_date("2017-05-05").unwrap();
        assert_eq!(date_of(i64::from(first.to_epoch_days())).unwrap(), first);
        assert_eq!(days_in_words(first, first), "5 May 2017");
        assert_eq!(days_in_words(first, parse_date("2017-05-07").unwrap()), "5 May 2017 to 7 May 2017");
    }

    #[test]
    fn a_record_without_a_time_of_day_is_at_the_start_of_its_day() {
        let point = Point { lat: 49.2, lon: -2.1 };
        let cell = Cell::at(point, 11).unwrap();
        let mut moments = Moments::default();
        moments.push(point, cell, 2, None);
        moments.push(point, cell, 2, Some(61));
        assert_eq!((moments.len(), moments.minutes), (2, vec![2 * 1440, 2 * 1440 + 61]));
    }
}
