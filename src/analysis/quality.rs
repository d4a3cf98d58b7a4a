//! How good the records are: how complete, how soon, how well placed, what was refused, and whether as many came as the
//! source says. Counts in, shares out; a share without a denominator is undefined.

use std::collections::BTreeMap;

use serde::Serialize;

/// At least so many records at one exact point are many: a station, a default, a point that the source snaps to.
pub const MANY_AT_A_POINT: u64 = 20;

/// Remarks about positions that are shown even where no record bears them: a zero is a finding too.
const PLACE_LABELS: [&str; 4] = ["outside_areas", "nearest_area", "swapped_position", "snapped_point"];

/// The quality of a store's records.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Quality {
    /// One a table of events.
    #[serde(rename = "rows")]
    pub tables: Vec<TableQuality>,
    /// Refused rows by feed and reason, over all loads.
    pub rejects: Vec<RejectCount>,
    /// Every load, newest first.
    pub loads: Vec<LoadLine>,
    /// Loads against the source's own counts.
    pub reconciliation: Reconciliation,
}

/// The quality of one table of events.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TableQuality {
    /// Name of the table.
    pub dataset: String,
    /// Records.
    pub records: u64,
    /// Its own columns in the order of the table, then position and parish.
    pub columns: Vec<Column>,
    /// Delays, stage by stage.
    pub delays: Vec<Delay>,
    /// Where its records are.
    pub places: Places,
}

/// How complete a column is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// Name; `position` stands for the cell.
    pub name: String,
    /// Records with a value in it.
    pub filled: u64,
    /// Of all records, 0 to 1. **Undefined** without records.
    pub share: Option<f64>,
}

/// A delay of records, in seconds.
///
/// **Method** Nearest rank: the smallest delay that at least half (nine tenths) of the delays do not exceed. Delays are
/// rounded down: to the second below an hour, to the minute below ten days, to the hour beyond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delay {
    /// `event_to_recorded`, `recorded_to_loaded` or `event_to_loaded`.
    pub stage: String,
    /// Records counted: both times known, the second not before the first.
    pub counted: u64,
    /// Records whose second time is before the first; not counted.
    pub negative: u64,
    /// Records that lack a time, or whose time is known by day or month only.
    pub undated: u64,
    /// Median, seconds. **Undefined** if none is counted.
    pub median_s: Option<u64>,
    /// 90th percentile, seconds. **Undefined** if none is counted.
    pub p90_s: Option<u64>,
}

/// Where the records of a table are.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Places {
    /// Records with a cell.
    pub located: u64,
    /// Of all records, 0 to 1. **Undefined** without records.
    pub located_share: Option<f64>,
    /// Records without a cell, by the reason noted at loading.
    pub unlocated: BTreeMap<String, u64>,
    /// Records by remark; the remarks about positions are always there.
    pub labels: BTreeMap<String, Labelled>,
    /// Exact points with many records.
    pub crowded_points: u64,
    /// Records at those points.
    pub crowded_records: u64,
    /// Of the located records, 0 to 1. **Undefined** without located records.
    pub crowded_share: Option<f64>,
}

/// Records that bear a remark.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Labelled {
    /// How many.
    pub records: u64,
    /// Of all records of the table, 0 to 1. **Undefined** without records.
    pub share: Option<f64>,
}

/// Rows refused for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RejectCount {
    /// Feed.
    pub feed: String,
    /// Table it fills.
    pub table: String,
    /// Reason of the closed list.
    pub reason: String,
    /// Refused rows.
    pub rows: u64,
    /// Of the rows that the feed's loads read, 0 to 1. **Undefined** if they read none.
    pub share: Option<f64>,
}

/// One load of the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LoadLine {
    /// Number of the load.
    pub load_id: u64,
    /// Store version after it.
    pub version: u64,
    /// Feed.
    pub feed: String,
    /// Table.
    pub table: String,
    /// When (UTC).
    pub loaded_at: String,
    /// Rows read.
    pub rows_in: u64,
    /// New records.
    pub accepted: u64,
    /// Records replaced by a newer version.
    pub revised: u64,
    /// Records already here.
    pub unchanged: u64,
    /// Rows that repeat a row of the load.
    pub duplicate: u64,
    /// Rows of records that were erased, or past their time of keeping.
    pub withheld: u64,
    /// Refused rows by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Refused rows.
    pub rejected_total: u64,
    /// Rows that the source says it sent, if it says so.
    pub stated_rows: Option<u64>,
}

impl LoadLine {
    /// Rows read less rows stated; `None` if the source does not say.
    pub fn difference(&self) -> Option<i64> {
        let stated = self.stated_rows?;
        Some(i64::try_from(i128::from(self.rows_in) - i128::from(stated)).unwrap_or(i64::MAX))
    }
}

/// Loads against the source's own counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Loads whose source said how many rows it sent.
    pub stated: u64,
    /// Of those, loads that read as many.
    pub agree: u64,
    /// Of those, loads that read more or fewer and were accepted all the same.
    pub differ: u64,
    /// Loads whose source did not say.
    pub not_stated: u64,
}

/// Records with the same remarks, and how many of them have a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelCount {
    /// Remarks joined by `;`.
    pub labels: String,
    /// Records with a cell.
    pub located: u64,
    /// Records.
    pub records: u64,
}

/// A part of a whole. **Undefined** if the whole is nothing.
pub fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Places {
    /// Counts places from the remarks of records and from the points that hold many.
    pub fn of(counts: &[LabelCount], crowded_points: u64, crowded_records: u64) -> Self {
        let records: u64 = counts.iter().map(|count| count.records).sum();
        let located = counts.iter().map(|count| count.located).sum();
        let mut unlocated = BTreeMap::new();
        let mut labelled: BTreeMap<String, u64> = PLACE_LABELS.iter().map(|name| ((*name).to_owned(), 0)).collect();
        for count in counts {
            let names = || count.labels.split(';').filter(|name| !name.is_empty());
            for name in names() {
                *labelled.entry(name.to_owned()).or_default() += count.records;
            }
            let without = count.records - count.located.min(count.records);
            if without > 0 {
                let known =
                    ["null_island", "no_location"].into_iter().find(|reason| names().any(|name| name == *reason));
                *unlocated.entry(known.unwrap_or("not_noted").to_owned()).or_default() += without;
            }
        }
        let labels =
            labelled.into_iter().map(|(name, n)| (name, Labelled { records: n, share: share(n, records) })).collect();
        Self {
            located,
            located_share: share(located, records),
            unlocated,
            labels,
            crowded_points,
            crowded_records,
            crowded_share: share(crowded_records, located),
        }
    }
}

/// Refused rows of all loads, by feed and reason.
pub fn rejects(loads: &[LoadLine]) -> Vec<RejectCount> {
    let mut read: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut refused: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for load in loads {
        *read.entry((&load.feed, &load.table)).or_default() += load.rows_in;
        for (reason, rows) in &load.rejected {
            *refused.entry((&load.feed, &load.table, reason)).or_default() += rows;
        }
    }
    refused
        .into_iter()
        .map(|((feed, table, reason), rows)| RejectCount {
            feed: feed.to_owned(),
            table: table.to_owned(),
            reason: reason.to_owned(),
            rows,
            share: share(rows, read.get(&(feed, table)).copied().unwrap_or(0)),
        })
        .collect()
}

/// Loads against the source's own counts.
pub fn reconcile(loads: &[LoadLine]) -> Reconciliation {
    let mut found = Reconciliation::default();
    for load in loads {
        match load.difference() {
            None => found.not_stated += 1,
            Some(0) => (found.stated, found.agree) = (found.stated + 1, found.agree + 1),
            Some(_) => (found.stated, found.differ) = (found.stated + 1, found.differ + 1),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(labels: &str, located: u64, records: u64) -> LabelCount {
        LabelCount { labels: labels.into(), located, records }
    }

    fn load(rows_in: u64, stated_rows: Option<u64>, bad_time: u64) -> LoadLine {
        let rejected = BTreeMap::from([("bad_time".to_owned(), bad_time)]);
        LoadLine { feed: "f".into(), table: "crimes".into(), rows_in, stated_rows, rejected, ..LoadLine::default() }
    }

    #[test]
    fn records_without_a_cell_have_one_reason_each() {
        let places = Places::of(
            &[
                count("", 90, 90),
                count("no_location", 0, 4),
                count("null_island;no_location", 0, 3),
                count("ambiguous_hour", 1, 3),
                count("outside_areas;ambiguous_hour", 2, 2),
            ],
            1,
            31,
        );
        assert_eq!((places.located, places.located_share), (93, Some(93.0 / 102.0)));
        let reasons: Vec<_> = places.unlocated.iter().map(|(reason, n)| (reason.as_str(), *n)).collect();
        assert_eq!(reasons, [("no_location", 4), ("not_noted", 2), ("null_island", 3)]);
        assert_eq!(places.labels["ambiguous_hour"].records, 5);
        assert_eq!(places.labels["outside_areas"].share, Some(2.0 / 102.0));
        assert_eq!(places.labels["swapped_position"].records, 0);
        assert_eq!(places.crowded_share, Some(31.0 / 93.0));
    }

    #[test]
    fn nothing_has_no_share() {
        let places = Places::of(&[], 0, 0);
        assert_eq!((places.located_share, places.crowded_share), (None, None));
        assert!(places.labels.values().all(|label| label.share.is_none()));
        let only_unplaced = Places::of(&[count("no_location", 0, 4)], 0, 0);
        assert_eq!((only_unplaced.located_share, only_unplaced.crowded_share), (Some(0.0), None));
    }

    #[test]
    fn loads_agree_differ_or_say_nothing() {
        let loads = [load(10, Some(10), 1), load(9, Some(10), 0), load(7, None, 3)];
        assert_eq!(loads.each_ref().map(LoadLine::difference), [Some(0), Some(-1), None]);
        assert_eq!(reconcile(&loads), Reconciliation { stated: 2, agree: 1, differ: 1, not_stated: 1 });
        let refused = rejects(&loads);
        assert_eq!((refused[0].rows, refused[0].share), (4, Some(4.0 / 26.0)));
    }
}
