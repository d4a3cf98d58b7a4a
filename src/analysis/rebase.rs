//! Limits begin anew only on a dated, reasoned and approved entry; an entry is moved to the next point, and what it did is
//! said.

use chrono::NaiveDate;

use crate::model::time::date_in_words;

/// An entry that begins the limits anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebase {
    /// First day of the new limits.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
}

/// Where an entry fell in a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The day it begins: that of the point it was moved to, or its own where there is none.
    pub on: NaiveDate,
    /// The point; `None` if the entry does nothing.
    pub at: Option<usize>,
    /// What became of it, in words; empty where it fell on a point.
    pub note: String,
}

/// Places entries on the points of a series, whose dates rise.
///
/// **Method**: an entry begins with the first point on or after its day. One after the last point, or at or before the first,
/// or on a point that an earlier entry took, does nothing.
/// **Undefined**: no entry is placed on a series without points.
///
/// # Example
/// ```
/// use vigie::analysis::rebase::{Rebase, place};
/// use vigie::model::time::parse_date;
/// let months = ["2022-02-01", "2022-03-01", "2022-04-01"].map(parse_date).into_iter().collect::<Result<Vec<_>, _>>()?;
/// let entry = Rebase { on: parse_date("2022-03-17")?, reason: "new system".into(), approved_by: "SMB".into() };
/// let placed = &place(&months, &[entry])[0];
/// assert_eq!((placed.at, placed.on), (Some(2), months[2]));
/// assert_eq!(placed.note, "the rebase of 17 March 2022 begins with the next point, 1 April 2022");
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn place(dates: &[NaiveDate], entries: &[Rebase]) -> Vec<Placed> {
    let mut taken = Vec::new();
    entries
        .iter()
        .map(|entry| {
            let named = format!("the rebase of {}", date_in_words(entry.on));
            let at = dates.partition_point(|date| *date < entry.on);
            let nothing = |note: String| Placed { on: entry.on, at: None, note };
            let Some(date) = dates.get(at) else {
                return nothing(format!("{named} comes after the last point and does nothing"));
            };
            if at == 0 {
                return nothing(format!("{named} comes at or before the first point and does nothing"));
            }
            if taken.contains(&at) {
                return nothing(format!("{named} falls on the point of another rebase and does nothing"));
            }
            taken.push(at);
            let moved = *date != entry.on;
            let note = format!("{named} begins with the next point, {}", date_in_words(*date));
            Placed { on: *date, at: Some(at), note: if moved { note } else { String::new() } }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_date;

    #[test]
    fn entries_that_do_nothing_say_so() {
        let months: Vec<NaiveDate> = (1..=6).map(|m| NaiveDate::from_ymd_opt(2022, m, 1).unwrap()).collect();
        let entry =
            |on: &str| Rebase { on: parse_date(on).unwrap(), reason: "a new system".into(), approved_by: "SMB".into() };
        let placed = place(&months, &["2021-05-01", "2022-03-17", "2022-04-01", "2022-06-02"].map(entry));
        let at: Vec<Option<usize>> = placed.iter().map(|p| p.at).collect();
        assert_eq!(at, [None, Some(3), None, None]);
        for (placed, word) in placed.iter().zip(["before the first", "next point", "another", "after the last"]) {
            assert!(placed.note.contains(word), "{}", placed.note);
        }
        assert_eq!(place(&[], &[entry("2022-01-01")])[0].at, None);
    }
}
