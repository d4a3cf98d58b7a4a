//! Answers from counts: what a question takes of a file.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use xxhash_rust::xxh3::xxh3_64;

use super::gather::COUNT_BITS;
use super::head::{Chunk, Head};
use super::key::{DAYS, NO_DAY, NO_HOUR, RESOLUTION, cell, parts};
use crate::model::time::{Daypart, Period};
use crate::space::Cell;

/// A question about numbers of records.
#[derive(Debug, Clone)]
pub struct Counting {
    /// One group of the table; `None` counts all.
    pub group: Option<String>,
    /// Island dates.
    pub period: Period,
    /// Band of the day; `None` is the whole day.
    pub daypart: Option<Daypart>,
    /// H3 resolution of the cells; `None` if the numbers by cell are not wanted.
    pub resolution: Option<u8>,
}

/// Numbers of records, as a scan of the table would count them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Records of the group in the period.
    pub in_period: u64,
    /// Of those, in the daypart.
    pub in_daypart: u64,
    /// Of those, with a cell.
    pub located: u64,
    /// Records in the period whose day is not known.
    pub month_precision: u64,
    /// Records in the period whose time of day is not known.
    pub without_hour: u64,
    /// Last day with a record.
    pub last_on: Option<NaiveDate>,
    /// Records in the daypart by cell.
    pub cells: BTreeMap<Cell, u64>,
}

impl Counting {
    /// Whether counts can answer it: cells no finer than those counted, and a daypart of whole hours.
    pub fn is_countable(&self) -> bool {
        let whole_hours = |band: &Daypart| band.start_minute.is_multiple_of(60) && band.end_minute.is_multiple_of(60);
        self.resolution.is_none_or(|wanted| wanted <= RESOLUTION) && self.daypart.as_ref().is_none_or(whole_hours)
    }

    /// Which days of the month of a file are asked for, and which hours of each, as bits.
    fn slots(&self, first: NaiveDate) -> Slots {
        let mut slots = Slots { in_period: [false; 32], hours: [0; 32] };
        for day in 0..DAYS {
            let Some(on) = first.checked_add_days(Days::new(day as u64)).filter(|on| self.period.contains(*on)) else {
                continue;
            };
            slots.in_period[day] = true;
            slots.hours[day] = match &self.daypart {
                None => u32::MAX,
                Some(band) => {
                    (0..24).filter(|hour| band.contains(on, hour * 60)).fold(0, |bits, hour| bits | 1 << hour)
                }
            };
        }
        slots
    }
}

struct Slots {
    in_period: [bool; 32],
    hours: [u32; 32],
}

/// What of one file goes into an answer, still by code of cell.
#[derive(Debug, Default)]
pub(in crate::store) struct Reading {
    counted: Counted,
    cells: HashMap<u64, u64>,
}

impl Reading {
    /// Asks a file. `entries` reads bytes of the file from an offset.
    ///
    /// `None` if the counts contradict themselves or cannot be read.
    pub fn of(head: &Head, question: &Counting, entries: impl Fn(u64, usize) -> Option<Vec<u8>>) -> Option<Self> {
        let first = NaiveDate::from_epoch_days(head.first_day)?;
        let group = match &question.group {
            None => None,
            Some(name) => match head.groups.iter().position(|known| known == name) {
                Some(place) => Some(u32::try_from(place).ok()? + 1),
                None => return Some(Self::default()),
            },
        };
        let slots = question.slots(first);
        let mut reading = Self::default();
        for chunk in &head.chunks {
            let located = reading.note_margins(chunk, group, &slots, first)?;
            if question.resolution.is_none() {
                continue;
            }
            if located == chunk.located() {
                // All of it or, where nothing has a cell, nothing.
                for total in &chunk.cells {
                    *reading.cells.entry(total.code).or_default() += u64::from(total.records);
                }
            } else if located > 0 {
                let bytes = entries(chunk.at, usize::try_from(chunk.entry_bytes()).ok()?)?;
                reading.note_entries(chunk, &bytes, group, &slots, located)?;
            }
        }
        Some(reading)
    }

    /// Counts by the margins; returns how many records of the chunk have a cell and are asked for.
    fn note_margins(&mut self, chunk: &Chunk, group: Option<u32>, slots: &Slots, first: NaiveDate) -> Option<u64> {
        let counted = &mut self.counted;
        let mut chosen = 0;
        let mut last_day = None;
        for margin in &chunk.margins {
            let (of, day, hour) = parts(margin.low);
            if !slots.in_period[day] || group.is_some_and(|group| group != of) {
                continue;
            }
            let records = u64::from(margin.records);
            counted.in_period += records;
            counted.without_hour += if hour >= NO_HOUR { records } else { 0 };
            counted.month_precision += if hour == NO_DAY { records } else { 0 };
            last_day = last_day.max(Some(day));
            if slots.hours[day] >> hour & 1 == 1 {
                counted.in_daypart += records;
                chosen += u64::from(margin.located);
            }
        }
        counted.located += chosen;
        if let Some(day) = last_day {
            counted.last_on = counted.last_on.max(Some(first.checked_add_days(Days::new(day as u64))?));
        }
        Some(chosen)
    }

    fn note_entries(
        &mut self,
        chunk: &Chunk,
        bytes: &[u8],
        group: Option<u32>,
        slots: &Slots,
        located: u64,
    ) -> Option<()> {
        if xxh3_64(bytes) != chunk.digest {
            return None;
        }
        let mut words = bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        let mut all = 0;
        for total in &chunk.cells {
            let mut records = 0;
            for word in words.by_ref().take(total.entries as usize) {
                let (of, day, hour) = parts(word >> COUNT_BITS);
                let is_asked = slots.hours[day] >> hour & 1 == 1 && group.is_none_or(|group| group == of);
                records += if is_asked { u64::from(word & ((1 << COUNT_BITS) - 1)) } else { 0 };
            }
            if records > 0 {
                *self.cells.entry(total.code).or_default() += records;
                all += records;
            }
        }
        (all == located).then_some(())
    }
}

/// Adds what several files say. `None` if one names a cell that is none.
pub(in crate::store) fn add(readings: Vec<Reading>, resolution: Option<u8>) -> Option<Counted> {
    let mut sum = Counted::default();
    let mut by_code: HashMap<u64, u64> = HashMap::new();
    for reading in readings {
        let one = reading.counted;
        sum.in_period += one.in_period;
        sum.in_daypart += one.in_daypart;
        sum.located += one.located;
        sum.month_precision += one.month_precision;
        sum.without_hour += one.without_hour;
        sum.last_on = sum.last_on.max(one.last_on);
        for (code, records) in reading.cells {
            *by_code.entry(code).or_default() += records;
        }
    }
    let resolution = resolution.unwrap_or(RESOLUTION);
    for (code, records) in by_code {
        *sum.cells.entry(cell(code)?.parent(resolution)?).or_default() += records;
    }
    Some(sum)
}
