//! What a table holds in all, from the margins of its files.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::head::Head;
use super::key::{NO_DAY, parts};

/// Records of a table, as a scan would count them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Records.
    pub records: u64,
    /// Of those, with a cell.
    pub located: u64,
    /// Records whose day is not known.
    pub month_precision: u64,
    /// First day with a record.
    pub first_on: Option<NaiveDate>,
    /// Last day with a record.
    pub last_on: Option<NaiveDate>,
    /// Records by group, for those that have one.
    pub groups: BTreeMap<String, u64>,
}

impl Held {
    /// What one file holds; `None` if its counts contradict themselves.
    pub(in crate::store) fn of(head: &Head) -> Option<Self> {
        let first = NaiveDate::from_epoch_days(head.first_day)?;
        let mut held = Self::default();
        let mut groups = vec![0_u64; head.groups.len() + 1];
        for margin in head.chunks.iter().flat_map(|chunk| &chunk.margins) {
            let (group, day, hour) = parts(margin.low);
            let records = u64::from(margin.records);
            let on = Some(first.checked_add_days(Days::new(day as u64))?);
            held.records += records;
            held.located += u64::from(margin.located);
            held.month_precision += if hour == NO_DAY { records } else { 0 };
            held.first_on = held.first_on.map_or(on, |known| on.min(Some(known)));
            held.last_on = held.last_on.max(on);
            *groups.get_mut(group as usize)? += records;
        }
        for (name, records) in head.groups.iter().zip(&groups[1..]).filter(|(_, records)| **records > 0) {
            held.groups.insert(name.clone(), *records);
        }
        Some(held)
    }

    /// Adds what another file holds.
    pub(in crate::store) fn add(&mut self, other: Self) {
        self.records += other.records;
        self.located += other.located;
        self.month_precision += other.month_precision;
        self.first_on = match (self.first_on, other.first_on) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.last_on = self.last_on.max(other.last_on);
        for (name, records) in other.groups {
            *self.groups.entry(name).or_default() += records;
        }
    }

    /// Groups, the one with most records first.
    pub fn groups_by_records(&self) -> Vec<&str> {
        let mut groups: Vec<(&String, &u64)> = self.groups.iter().collect();
        groups.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        groups.into_iter().map(|(name, _)| name.as_str()).collect()
    }
}
