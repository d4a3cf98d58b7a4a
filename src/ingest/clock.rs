//! Times as extracts write them: fixed layouts read digit by digit, and wall clock ↔ UTC through a table of offsets.

use chrono::offset::{LocalResult, Offset, TimeZone};
use chrono::{DateTime, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use super::reject::Label;

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// A date and a time of day as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Second of that day.
    pub second: i32,
    /// Seconds east of UTC if the text says so; otherwise it is wall clock of the feed's zone.
    pub offset: Option<i32>,
}

/// Where the parts of a date and time stand in a text of fixed length.
///
/// Made from a format with `%Y %m %d %H %M %S %I %p`, `%3f` and `%6f` (fractions of a second, dropped), `%:z` (`+01:00`),
/// `%z` (`+0100`) and a final `Z` (UTC). Every part has a fixed width, so reading is a handful of byte look-ups. `%-d %-m
/// %-H %-I` take one digit or two: such a text is written out in full first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    length: usize,
    literals: Vec<(usize, u8)>,
    skipped_digits: Vec<usize>,
    year: usize,
    month: usize,
    day: Option<usize>,
    hour: Option<usize>,
    twelve_hour: Option<usize>,
    half: Option<usize>,
    minute: Option<usize>,
    second: Option<usize>,
    utc: bool,
    /// Where the offset stands, and whether it has a colon.
    offset: Option<(usize, bool)>,
    /// The format in runs of bytes, if some part may be a digit short; otherwise empty.
    runs: Vec<Run>,
}

/// Bytes of a text in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    /// So many bytes.
    Exact(usize),
    /// One digit or two.
    OneOrTwo,
}

/// Longest text of a format.
const LONGEST: usize = 64;

/// What may not stand right behind a part of one or two digits.
const DIGITS_OR_PART: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '%'];

impl Layout {
    /// Reads a format such as `%Y-%m-%d %H:%M:%S`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn new(format: &str) -> Result<Self, String> {
        let mut layout = Self::default();
        let mut rest = format;
        while let Some(first) = rest.chars().next() {
            let used = match rest.strip_prefix('%') {
                Some(part) => 1 + layout.part(part).ok_or_else(|| unknown(format, part))?,
                None if first.is_ascii() => {
                    layout.utc |= rest == "Z";
                    layout.literals.push((layout.length, first as u8));
                    layout.extend(1);
                    1
                }
                None => return Err(unknown(format, rest)),
            };
            rest = &rest[used..];
            let may_follow = rest.is_empty() || rest.starts_with("%p") || !rest.starts_with(DIGITS_OR_PART);
            if layout.runs.last() == Some(&Run::OneOrTwo) && !may_follow {
                return Err(format!("`{format}`: a part of one or two digits needs something between it and the next"));
            }
        }
        if !layout.runs.contains(&Run::OneOrTwo) {
            layout.runs.clear();
        }
        if !format.contains("%Y") || !(format.contains("%m") || format.contains("%-m")) {
            return Err(format!("`{format}` needs at least %Y and %m"));
        }
        if layout.twelve_hour.is_some() != layout.half.is_some() {
            return Err(format!("`{format}`: %I and %p go together"));
        }
        if layout.hour.is_some() && layout.twelve_hour.is_some() {
            return Err(format!("`{format}`: write either %H or %I"));
        }
        if layout.length > LONGEST {
            return Err(format!("`{format}`: a time has at most {LONGEST} characters"));
        }
        Ok(layout)
    }

    /// Notes where a part stands (written without its `%`); how many characters of the format it takes.
    fn part(&mut self, part: &str) -> Option<usize> {
        if let Some(short) = part.strip_prefix('-').filter(|short| short.starts_with(['d', 'm', 'H', 'I'])) {
            let used = self.part(short)?;
            // Two digits in a text written out in full, which is what the part noted.
            match self.runs.pop() {
                Some(Run::Exact(run)) if run > 2 => self.runs.push(Run::Exact(run - 2)),
                _ => {}
            }
            self.runs.push(Run::OneOrTwo);
            return Some(1 + used);
        }
        let at = self.length;
        let (width, used) = match part.as_bytes() {
            [b'Y', ..] => {
                self.year = at;
                (4, 1)
            }
            [b'm', ..] => {
                self.month = at;
                (2, 1)
            }
            [b'3', b'f', ..] => {
                self.skipped_digits.extend(at..at + 3);
                (3, 2)
            }
            [b'6', b'f', ..] => {
                self.skipped_digits.extend(at..at + 6);
                (6, 2)
            }
            [b':', b'z', ..] => {
                self.offset = Some((at, true));
                (6, 2)
            }
            [b'z', ..] => {
                self.offset = Some((at, false));
                (5, 1)
            }
            [letter, ..] => {
                let place = match letter {
                    b'd' => &mut self.day,
                    b'H' => &mut self.hour,
                    b'I' => &mut self.twelve_hour,
                    b'M' => &mut self.minute,
                    b'S' => &mut self.second,
                    b'p' => &mut self.half,
                    _ => return None,
                };
                *place = Some(at);
                (2, 1)
            }
            [] => return None,
        };
        self.extend(width);
        Some(used)
    }

    /// The text goes on for so many bytes.
    fn extend(&mut self, width: usize) {
        self.length += width;
        match self.runs.last_mut() {
            Some(Run::Exact(run)) => *run += width,
            _ => self.runs.push(Run::Exact(width)),
        }
    }

    /// Whether the format has a time of day.
    pub fn has_hour(&self) -> bool {
        self.hour.is_some() || self.twelve_hour.is_some()
    }

    /// Whether the format has a day of the month.
    pub fn has_day(&self) -> bool {
        self.day.is_some()
    }

    /// Reads a text; `None` unless it follows the layout and is a real date of the years 1900 to 2100.
    #[inline]
    pub fn read(&self, text: &[u8]) -> Option<Clock> {
        if self.runs.is_empty() {
            return self.read_full(text);
        }
        let mut full = [0; LONGEST];
        self.write_out(text, &mut full)?;
        self.read_full(&full[..self.length])
    }

    /// Writes a text with the zeros that it left out.
    fn write_out(&self, text: &[u8], full: &mut [u8; LONGEST]) -> Option<()> {
        let (mut from, mut to) = (0, 0);
        for run in &self.runs {
            match run {
                Run::Exact(width) => {
                    full[to..to + width].copy_from_slice(text.get(from..from + width)?);
                    (from, to) = (from + width, to + width);
                }
                Run::OneOrTwo => {
                    let first = *text.get(from)?;
                    let second = text.get(from + 1).copied().filter(u8::is_ascii_digit);
                    (full[to], full[to + 1]) = second.map_or((b'0', first), |second| (first, second));
                    (from, to) = (from + 1 + usize::from(second.is_some()), to + 2);
                }
            }
        }
        (from == text.len()).then_some(())
    }

    #[inline]
    fn read_full(&self, text: &[u8]) -> Option<Clock> {
        if text.len() != self.length || self.literals.iter().any(|(at, byte)| text[*at] != *byte) {
            return None;
        }
        if self.skipped_digits.iter().any(|at| !text[*at].is_ascii_digit()) {
            return None;
        }
        let year = two(text, self.year)? * 100 + two(text, self.year + 2)?;
        let month = two(text, self.month)?;
        let day = match self.day {
            Some(at) => two(text, at)?,
            None => 1,
        };
        if !(1900..=2100).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > month_days(year, month) {
            return None;
        }
        let hour = match (self.hour, self.twelve_hour, self.half) {
            (Some(at), _, _) => two(text, at)?,
            (None, Some(at), Some(half)) => twelve(two(text, at)?, &text[half..half + 2])?,
            _ => 0,
        };
        let minute = part(text, self.minute)?;
        let second = part(text, self.second)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let offset = match self.offset {
            Some((at, true)) if text[at + 3] != b':' => return None,
            Some((at, colon)) => Some(east_of_utc(text, at, at + 3 + usize::from(colon))?),
            None => self.utc.then_some(0),
        };
        Some(Clock { day: days_from_date(year, month, day), second: hour * 3600 + minute * 60 + second, offset })
    }
}

#[inline]
fn part(text: &[u8], at: Option<usize>) -> Option<i32> {
    at.map_or(Some(0), |at| two(text, at))
}

/// Two digits as a number.
#[inline]
fn two(text: &[u8], at: usize) -> Option<i32> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i32::from(tens) * 10 + i32::from(ones))
}

fn twelve(hour: i32, half: &[u8]) -> Option<i32> {
    if !(1..=12).contains(&hour) {
        return None;
    }
    match half {
        b"AM" | b"am" => Some(hour % 12),
        b"PM" | b"pm" => Some(hour % 12 + 12),
        _ => None,
    }
}

/// Seconds of an offset: a sign and hours, and the minutes further on.
fn east_of_utc(text: &[u8], hours_at: usize, minutes_at: usize) -> Option<i32> {
    let (hours, minutes) = (two(text, hours_at + 1)?, two(text, minutes_at)?);
    let seconds = hours * 3600 + minutes * 60;
    match text[hours_at] {
        b'+' if hours < 24 && minutes < 60 => Some(seconds),
        b'-' if hours < 24 && minutes < 60 => Some(-seconds),
        _ => None,
    }
}

/// What is wrong with a part of a format.
fn unknown(format: &str, part: &str) -> String {
    let reason = match part.trim_start_matches('-').as_bytes() {
        [b'y' | b'C', ..] => {
            "years of two digits are not read, since 17 may be 1917 or 2017; have the source write four (%Y)"
        }
        [b'G' | b'g' | b'V' | b'U' | b'W' | b'u' | b'w', ..] => "weeks are not read; have the source write dates",
        [b'b' | b'B' | b'h' | b'a' | b'A', ..] => {
            "names of months and days are not read; have the source write numbers"
        }
        _ => {
            "parts may be %Y %m %d %H %M %S %I %p %3f %6f %:z %z, and %-m %-d %-H %-I for one digit or two; plain ASCII \
             between them"
        }
    };
    format!("`{format}`: {reason}")
}

fn month_days(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
///
/// **Method.** Years are taken to begin in March, so that the leap day is the last: H. Hinnant, "chrono-compatible
/// low-level date algorithms" (2013), `days_from_civil`.
pub fn days_from_date(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The year and month of a day counted from 1970-01-01 (`civil_from_days` of the same source).
pub fn year_and_month(day: i32) -> (i32, i32) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = ((5 * day_of_year + 2) / 153 + 2) % 12 + 1;
    (year_of_era + era * 400 + i32::from(month <= 2), month)
}

/// A time zone with one offset a local day, so that millions of rows need no search; days on which the clocks change
/// ask the zone itself.
pub struct Zone {
    zone: Tz,
    offsets: Vec<i32>,
}

/// Last day of the table of offsets: 2060-01-01. Later and earlier (before 1970) days ask the zone.
const TABLE_DAYS: i32 = 32_872;
/// The clocks change on that day.
const CHANGES: i32 = i32::MIN;

impl Zone {
    /// Builds the table of a zone (a few milliseconds).
    pub fn new(zone: Tz) -> Self {
        let midnight = |day: i32| match zone.offset_from_local_datetime(&naive(i64::from(day) * DAY_SECONDS)) {
            LocalResult::Single(offset) => offset.fix().local_minus_utc(),
            _ => CHANGES,
        };
        let mut offsets = Vec::with_capacity(TABLE_DAYS as usize);
        let mut today = midnight(0);
        for day in 0..TABLE_DAYS {
            let tomorrow = midnight(day + 1);
            offsets.push(if today == tomorrow { today } else { CHANGES });
            today = tomorrow;
        }
        Self { zone, offsets }
    }

    /// The zone's name, such as `Europe/Jersey`.
    pub fn name(&self) -> &'static str {
        self.zone.name()
    }

    #[inline]
    fn offset_of_day(&self, day: i32) -> i32 {
        usize::try_from(day).ok().and_then(|day| self.offsets.get(day)).map_or(CHANGES, |offset| *offset)
    }

    /// UTC seconds of a clock. A wall clock time that happened twice is the first; one that never happened is moved
    /// forward by what the clocks left out. Both are labelled.
    #[inline]
    pub fn to_utc(&self, clock: Clock) -> (i64, Option<Label>) {
        let seconds = i64::from(clock.day) * DAY_SECONDS + i64::from(clock.second);
        if let Some(offset) = clock.offset {
            return (seconds - i64::from(offset), None);
        }
        match self.offset_of_day(clock.day) {
            CHANGES => self.search(seconds),
            offset => (seconds - i64::from(offset), None),
        }
    }

    fn search(&self, local: i64) -> (i64, Option<Label>) {
        let wall = naive(local);
        let utc = |offset: i32| local - i64::from(offset);
        match self.zone.offset_from_local_datetime(&wall) {
            LocalResult::Single(offset) => (utc(offset.fix().local_minus_utc()), None),
            LocalResult::Ambiguous(a, b) => {
                let east = a.fix().local_minus_utc().max(b.fix().local_minus_utc());
                (utc(east), Some(Label::AmbiguousHour))
            }
            LocalResult::None => {
                let before = self.zone.offset_from_utc_datetime(&(wall - TimeDelta::days(1)));
                (utc(before.fix().local_minus_utc()), Some(Label::NonexistentHour))
            }
        }
    }

    /// Local day (from 1970-01-01) and second of that day of a UTC instant in seconds.
    #[inline]
    pub fn to_local(&self, utc: i64) -> (i32, i32) {
        let day = utc.div_euclid(DAY_SECONDS) as i32;
        let offset = self.offset_of_day(day);
        // An offset is less than a day, so the local day is this one or a neighbour.
        let offset =
            if offset != CHANGES && offset == self.offset_of_day(day - 1) && offset == self.offset_of_day(day + 1) {
                offset
            } else {
                self.zone.offset_from_utc_datetime(&naive(utc)).fix().local_minus_utc()
            };
        let local = utc + i64::from(offset);
        (local.div_euclid(DAY_SECONDS) as i32, local.rem_euclid(DAY_SECONDS) as i32)
    }
}

/// Local time of instants that come mostly in order: what is found of an hour is remembered.
pub struct LocalHours<'z> {
    zone: &'z Zone,
    /// UTC seconds at which the remembered hour begins.
    start: i64,
    /// Local day and second of that day at its beginning.
    day: i32,
    second: i32,
}

const HOUR_SECONDS: i64 = 3600;
/// No instant lies within an hour of it.
const NO_HOUR: i64 = i64::MIN / 2;

impl<'z> LocalHours<'z> {
    /// Nothing remembered yet.
    pub fn new(zone: &'z Zone) -> Self {
        Self { zone, start: NO_HOUR, day: 0, second: 0 }
    }

    /// As [`Zone::to_local`].
    #[inline]
    pub fn to_local(&mut self, utc: i64) -> (i32, i32) {
        if !(0..HOUR_SECONDS).contains(&utc.wrapping_sub(self.start)) && !self.remember(utc) {
            return self.zone.to_local(utc);
        }
        (self.day, self.second + utc.wrapping_sub(self.start) as i32)
    }

    /// Whether all of the hour lies in one local day with one offset, so that it can be remembered.
    #[cold]
    fn remember(&mut self, utc: i64) -> bool {
        let start = utc - utc.rem_euclid(HOUR_SECONDS);
        let last = HOUR_SECONDS - 1;
        let (day, second) = self.zone.to_local(start);
        if self.zone.to_local(start + last) != (day, second + last as i32) {
            self.start = NO_HOUR;
            return false;
        }
        (self.start, self.day, self.second) = (start, day, second);
        true
    }
}

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

fn naive(seconds: i64) -> NaiveDateTime {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().naive_utc()
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate};

    use super::*;

    fn jersey() -> Zone {
        Zone::new(chrono_tz::Europe::Jersey)
    }

    fn read(format: &str, text: &str) -> Option<Clock> {
        Layout::new(format).unwrap().read(text.as_bytes())
    }

    /// Reads a wall clock time, gives the UTC instant and the label.
    fn utc(zone: &Zone, text: &str) -> (String, Option<Label>) {
        let (seconds, label) = zone.to_utc(read("%Y-%m-%d %H:%M:%S", text).unwrap());
        (naive(seconds).to_string(), label)
    }

    #[test]
    fn layouts_of_the_feeds() {
        let noon = |offset| Some(Clock { day: 17_518, second: 43_200, offset });
        assert_eq!(read("%Y-%m-%d %H:%M:%S", "2017-12-18 12:00:00"), noon(None));
        assert_eq!(read("%Y-%m-%d %H:%M", "2017-12-18 12:00"), noon(None));
        assert_eq!(read("%Y-%m-%dT%H:%M:%SZ", "2017-12-18T12:00:00Z"), noon(Some(0)));
        assert_eq!(read("%Y-%m-%dT%H:%M:%S%:z", "2017-12-18T12:00:00+01:00"), noon(Some(3600)));
        assert_eq!(read("%Y-%m-%dT%H:%M:%S.%3f", "2017-12-18T12:00:00.123"), noon(None));
        assert_eq!(read("%m/%d/%Y %I:%M:%S %p", "12/18/2017 12:00:00 PM"), noon(None));
        assert_eq!(read("%m/%d/%Y %I:%M:%S %p", "12/18/2017 12:00:00 AM").map(|c| c.second), Some(0));
        assert_eq!(read("%d/%m/%Y %H:%M", "18/12/2017 23:59").map(|c| c.second), Some(86_340));
        assert_eq!(read("%Y-%m", "2017-12").map(|c| c.day), Some(17_501));
        assert_eq!(read("%Y-%m-%dT%H:%M:%S%z", "2017-12-18T12:00:00+0100"), noon(Some(3600)));
        assert_eq!(read("%Y-%m-%d %H:%M %z", "2017-12-18 12:00 -0530"), noon(Some(-19_800)));
        assert_eq!(read("%Y-%m-%dT%H:%M:%S%:z", "2017-12-18T12:00:00-05:30"), noon(Some(-19_800)));
    }

    #[test]
    fn zeros_may_be_left_out_where_the_format_says_so() {
        let at = |day: i32, second: i32| Some(Clock { day, second, offset: None });
        let format = "%-d/%-m/%Y %-H:%M";
        assert_eq!(read(format, "1/5/2017 9:05"), at(17_287, 32_700));
        assert_eq!(read(format, "01/05/2017 09:05"), at(17_287, 32_700));
        assert_eq!(read(format, "18/12/2017 23:59"), at(17_518, 86_340));
        assert_eq!(read("%-m/%-d/%Y %-I:%M%p", "5/1/2017 9:05PM"), at(17_287, 75_900));
        assert_eq!(read("%-m/%-d/%Y %-I%p", "5/1/2017 12AM"), at(17_287, 0));
        assert_eq!(read("%Y-%-m", "2017-5").map(|c| c.day), Some(17_287));
        for text in
            ["", "/5/2017 9:05", "1/5/17 9:05", "1/5/2017 9:5", "1/5/2017 9:05 ", "001/5/2017 9:05", "1/13/2017 9:05"]
        {
            assert_eq!(read(format, text), None, "{text}");
        }
        for text in
            ["0/5/2017 9:05", "x/5/2017 9:05", "1/5/2017 24:05", "1/5/2017", "1/5/2017 9:05:00", "1-5-2017 9:05"]
        {
            assert_eq!(read(format, text), None, "{text}");
        }
    }

    #[test]
    fn times_that_do_not_exist_are_refused() {
        for text in [
            "2017-02-29 00:00:00",
            "2017-13-01 00:00:00",
            "2017-00-01 00:00:00",
            "2017-01-01 24:00:00",
            "2017-01-01 00:60:00",
            "2017-01-01T00:00:00",
            "2017-01-01 00:00",
            "2017-1-01 00:00:000",
            "1817-01-01 00:00:00",
            "2017-01-0x 00:00:00",
            "",
        ] {
            assert_eq!(read("%Y-%m-%d %H:%M:%S", text), None, "{text}");
        }
        assert!(read("%Y-%m-%d %H:%M:%S", "2016-02-29 00:00:00").is_some());
        assert_eq!(read("%m/%d/%Y %I:%M:%S %p", "12/18/2017 13:00:00 PM"), None);
        assert_eq!(read("%Y-%m-%dT%H:%M:%S%:z", "2017-12-18T12:00:00 01:00"), None);
    }

    #[test]
    fn unknown_parts_of_a_format_are_refused() {
        let long = format!("%Y-%m-%d{}", " ".repeat(80));
        for (format, part) in [
            ("%Y", "needs at least"),
            ("%y-%m-%d", "two digits"),
            ("%d/%m/%-y", "two digits"),
            ("%G-W%V-%u", "weeks"),
            ("%d %b %Y", "names of months"),
            ("%Y-%m-%d %I:%M", "go together"),
            ("%Y-%m-%d é", "plain ASCII"),
            ("%Y-%m-%d %Q", "parts may be"),
            ("%Y-%m-%d %-S", "parts may be"),
            ("%Y-%m-%d %", "parts may be"),
            ("%Y-%m-%d %H %I %p", "either %H or %I"),
            ("%-d%-m%Y", "one or two digits"),
            ("%Y%-m1", "one or two digits"),
            (&long, "at most 64"),
        ] {
            let message = Layout::new(format).unwrap_err();
            assert!(message.contains(part), "{format}: {message}");
        }
    }

    #[test]
    fn days_agree_with_chrono() {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for day in (-25_567..47_846).step_by(13) {
            let date = epoch + TimeDelta::days(i64::from(day));
            assert_eq!(days_from_date(date.year(), date.month() as i32, date.day() as i32), day);
            assert_eq!(year_and_month(day), (date.year(), date.month() as i32));
        }
    }

    #[test]
    fn clocks_go_back_in_jersey() {
        let zone = jersey();
        // 29 October 2017: 02:00 BST became 01:00 GMT.
        assert_eq!(utc(&zone, "2017-10-29 00:59:59"), ("2017-10-28 23:59:59".into(), None));
        assert_eq!(utc(&zone, "2017-10-29 01:30:00"), ("2017-10-29 00:30:00".into(), Some(Label::AmbiguousHour)));
        assert_eq!(utc(&zone, "2017-10-29 02:00:00"), ("2017-10-29 02:00:00".into(), None));
        assert_eq!(utc(&zone, "2017-10-30 01:30:00"), ("2017-10-30 01:30:00".into(), None));
    }

    #[test]
    fn clocks_go_forward_in_jersey() {
        let zone = jersey();
        // 26 March 2017: 01:00 GMT became 02:00 BST.
        assert_eq!(utc(&zone, "2017-03-26 00:59:59"), ("2017-03-26 00:59:59".into(), None));
        assert_eq!(utc(&zone, "2017-03-26 01:30:00"), ("2017-03-26 01:30:00".into(), Some(Label::NonexistentHour)));
        assert_eq!(utc(&zone, "2017-03-26 02:00:00"), ("2017-03-26 01:00:00".into(), None));
        let (seconds, _) = zone.to_utc(read("%Y-%m-%d %H:%M:%S", "2017-03-26 01:30:00").unwrap());
        assert_eq!(zone.to_local(seconds).1, 2 * 3600 + 1800, "shown as 02:30 summer time");
    }

    #[test]
    fn every_hour_goes_there_and_back_in_many_zones() {
        for zone in [
            chrono_tz::Europe::Jersey,
            chrono_tz::America::Chicago,
            chrono_tz::America::Los_Angeles,
            chrono_tz::Asia::Kolkata,
            chrono_tz::America::Sao_Paulo,
            chrono_tz::Pacific::Auckland,
        ] {
            let table = Zone::new(zone);
            let mut hours = LocalHours::new(&table);
            for hour in 0..24 * 366 * 3 {
                let utc = 1_420_070_400 + i64::from(hour) * 3600 + 1800;
                let (day, second) = table.to_local(utc);
                for off in [-1801, -1800, 0, 7, 1799] {
                    assert_eq!(hours.to_local(utc + off), table.to_local(utc + off), "{zone} {utc} {off}");
                }
                let expected = zone.from_utc_datetime(&naive(utc)).naive_local();
                assert_eq!(naive(i64::from(day) * DAY_SECONDS + i64::from(second)), expected, "{zone}");
                let (back, label) = table.to_utc(Clock { day, second, offset: None });
                assert!(back == utc || label == Some(Label::AmbiguousHour), "{zone} {expected}");
            }
        }
    }
}
