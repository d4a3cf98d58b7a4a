//! What a column of an unknown file holds, judged by its values.

use std::collections::BTreeMap;

use super::super::clock::{Layout, days_from_date};
use super::super::parse;
use super::super::text::TextColumn;
use super::names::Name;

/// What the values of a column look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// No value at all.
    Empty,
    /// Whole numbers.
    Whole,
    /// Numbers, some with a fraction.
    Decimal,
    /// Yes and no.
    YesNo,
    /// Dates with a time of day.
    Time,
    /// Dates alone.
    Date,
    /// Months alone.
    Month,
    /// Times of day alone.
    TimeOfDay,
    /// Registration marks.
    Plate,
    /// A few texts again and again.
    Codes,
    /// Hardly any text twice.
    Identifier,
    /// Any text.
    Text,
}

impl Kind {
    /// In words.
    pub fn words(&self) -> &'static str {
        match self {
            Kind::Empty => "empty",
            Kind::Whole => "whole number",
            Kind::Decimal => "decimal number",
            Kind::YesNo => "yes or no",
            Kind::Time => "date and time",
            Kind::Date => "date",
            Kind::Month => "month",
            Kind::TimeOfDay => "time of day",
            Kind::Plate => "registration mark",
            Kind::Codes => "code list",
            Kind::Identifier => "identifier",
            Kind::Text => "free text",
        }
    }

    /// Whether a date can be read from it.
    pub fn is_dated(&self) -> bool {
        matches!(self, Kind::Time | Kind::Date | Kind::Month)
    }
}

/// A column and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub name: Name,
    pub kind: Kind,
    /// Share of the values that the kind fits, 0 to 1.
    pub fit: f64,
    /// Rows with a value.
    pub filled: usize,
    /// Different values.
    pub distinct: usize,
    /// Least and greatest number.
    pub range: Option<(f64, f64)>,
    /// Formats of dates, the most frequent first.
    pub formats: Vec<&'static str>,
    /// Whether day and month could be the other way round.
    pub ambiguous: bool,
    /// The codes, if they may be written down; sorted.
    pub codes: Vec<String>,
    /// What parts several codes in one field.
    pub separator: Option<char>,
    /// Texts that mean "no value".
    pub missing: Vec<&'static str>,
    /// Dates that mean "no value": 1 January 1900, which systems write for a date that was never set.
    pub never: Vec<String>,
}

/// Texts that mean "no value" in many systems.
const MISSING: [&str; 7] = ["NULL", "null", "N/A", "n/a", "NA", "\\N", "-"];
/// A kind fits a column if it fits at least this share of the values.
const FITS: f64 = 0.98;
/// Most codes of a list.
const MOST_CODES: usize = 60;
/// Longest code, in bytes.
const LONGEST_CODE: usize = 80;

impl Profile {
    /// Judges the first rows of a column.
    pub fn of(name: Name, column: &TextColumn, rows: usize) -> Self {
        let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
        for field in column.fields().take(rows).filter(|field| !field.is_empty()) {
            *counts.entry(field).or_default() += 1;
        }
        // What stands for "no value" must not be all there is.
        let missing: Vec<&'static str> =
            MISSING.into_iter().filter(|text| counts.len() > 1 && counts.remove(text.as_bytes()).is_some()).collect();
        let values = Values { filled: counts.values().sum(), counts };
        let mut profile = Self {
            name,
            kind: Kind::Empty,
            fit: 1.0,
            filled: values.filled,
            distinct: values.counts.len(),
            range: None,
            formats: Vec::new(),
            ambiguous: false,
            codes: Vec::new(),
            separator: None,
            missing,
            never: Vec::new(),
        };
        if values.filled > 0 {
            profile.judge(&values);
        }
        profile
    }

    /// Whether no two rows have the same value, and every one of `rows` has one.
    pub fn is_unique(&self, rows: usize) -> bool {
        self.filled == rows && self.distinct == rows && rows > 0
    }

    fn judge(&mut self, values: &Values<'_>) {
        self.range = values.range();
        let whole = values.share(|text| parse::int(text).is_some());
        let decimal = values.share(|text| parse::float(text).is_some());
        let yes_no = values.share(|text| !text.iter().all(u8::is_ascii_digit) && parse::boolean(text).is_some());
        let time_of_day = values.share(is_time_of_day);
        let dates = Dates::of(values);
        let plates = values.share(is_plate);
        // Eight digits are a date only where the name says so.
        let digits_are_dates = self.name.says_when();
        let (kind, fit) = match dates {
            Some(found) if found.fit >= FITS && (whole < FITS || digits_are_dates) => {
                (self.formats, self.ambiguous, self.never) = (found.formats, found.ambiguous, found.never);
                (found.kind, found.fit)
            }
            _ if self.name.is_plate() || (plates >= 0.8 && whole < FITS && !self.name.is_key()) => {
                (Kind::Plate, plates.max(0.5))
            }
            _ if time_of_day >= FITS => (Kind::TimeOfDay, time_of_day),
            _ if whole >= FITS => (Kind::Whole, whole),
            _ if decimal >= FITS => (Kind::Decimal, decimal),
            _ if yes_no >= FITS => (Kind::YesNo, yes_no),
            _ => self.judge_text(values),
        };
        (self.kind, self.fit) = (kind, fit);
    }

    fn judge_text(&mut self, values: &Values<'_>) -> (Kind, f64) {
        let distinct_share = values.counts.len() as f64 / values.filled as f64;
        if distinct_share > 0.9 && values.filled > 20 {
            let spaced = values.share(|text| text.contains(&b' '));
            return if spaced < 0.5 { (Kind::Identifier, 1.0 - spaced) } else { (Kind::Text, spaced) };
        }
        let (parts, separator) = values.parts();
        let few = parts.len() <= MOST_CODES && values.filled >= parts.len() * 5;
        if !few || parts.iter().any(|code| code.len() > LONGEST_CODE) {
            return (Kind::Text, 0.8);
        }
        self.separator = separator;
        if !self.name.is_personal() && !parts.iter().any(|code| looks_personal(code)) {
            self.codes = parts;
        }
        (Kind::Codes, 1.0 - distinct_share)
    }
}

/// The values of a column and how often each is there.
struct Values<'v> {
    counts: BTreeMap<&'v [u8], usize>,
    filled: usize,
}

impl Values<'_> {
    fn share(&self, is: impl Fn(&[u8]) -> bool) -> f64 {
        let hits: usize = self.counts.iter().filter(|(text, _)| is(text)).map(|(_, n)| n).sum();
        hits as f64 / self.filled.max(1) as f64
    }

    fn range(&self) -> Option<(f64, f64)> {
        let numbers = self.counts.keys().filter_map(|text| parse::float(text));
        numbers.fold(None, |range: Option<(f64, f64)>, number| {
            Some(range.map_or((number, number), |(low, high)| (low.min(number), high.max(number))))
        })
    }

    /// The codes, taken apart if one field holds several.
    fn parts(&self) -> (Vec<String>, Option<char>) {
        let text = |field: &[u8]| String::from_utf8_lossy(field).trim().to_owned();
        let whole: Vec<String> = self.counts.keys().map(|field| text(field)).collect();
        for separator in [';', '|'] {
            let mut parts: Vec<String> = whole
                .iter()
                .flat_map(|field| field.split(separator))
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect();
            parts.sort_unstable();
            parts.dedup();
            // A list of several codes has more combinations than codes; a sentence with a semicolon has not.
            if parts.len() < whole.len() && whole.iter().any(|field| field.contains(separator)) {
                return (parts, Some(separator));
            }
        }
        (whole, None)
    }
}

/// How a layout may be confused with another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Not at all.
    Clear,
    DayFirst,
    MonthFirst,
}

/// Layouts that are tried, the likelier first where two fit.
const LAYOUTS: &[(&str, Order)] = &[
    ("%Y-%m-%d %H:%M:%S", Order::Clear),
    ("%Y-%m-%dT%H:%M:%S", Order::Clear),
    ("%Y-%m-%dT%H:%M:%SZ", Order::Clear),
    ("%Y-%m-%dT%H:%M:%S%:z", Order::Clear),
    ("%Y-%m-%d %H:%M:%S%:z", Order::Clear),
    ("%Y-%m-%dT%H:%M:%S.%3fZ", Order::Clear),
    ("%Y-%m-%dT%H:%M:%S.%3f", Order::Clear),
    ("%Y-%m-%dT%H:%M:%S.%6fZ", Order::Clear),
    ("%Y-%m-%d %H:%M:%S.%3f", Order::Clear),
    ("%Y-%m-%d %H:%M:%S.%6f", Order::Clear),
    ("%Y-%m-%d %H:%M", Order::Clear),
    ("%Y-%m-%dT%H:%M", Order::Clear),
    ("%Y/%m/%d %H:%M:%S", Order::Clear),
    ("%Y/%m/%d %H:%M", Order::Clear),
    ("%Y%m%d%H%M%S", Order::Clear),
    ("%d/%m/%Y %H:%M:%S", Order::DayFirst),
    ("%m/%d/%Y %H:%M:%S", Order::MonthFirst),
    ("%d/%m/%Y %H:%M", Order::DayFirst),
    ("%m/%d/%Y %H:%M", Order::MonthFirst),
    ("%d/%m/%Y %I:%M:%S %p", Order::DayFirst),
    ("%m/%d/%Y %I:%M:%S %p", Order::MonthFirst),
    ("%d/%m/%Y %I:%M %p", Order::DayFirst),
    ("%m/%d/%Y %I:%M %p", Order::MonthFirst),
    ("%d-%m-%Y %H:%M:%S", Order::DayFirst),
    ("%m-%d-%Y %H:%M:%S", Order::MonthFirst),
    ("%d-%m-%Y %H:%M", Order::DayFirst),
    ("%m-%d-%Y %H:%M", Order::MonthFirst),
    ("%d.%m.%Y %H:%M:%S", Order::DayFirst),
    ("%d.%m.%Y %H:%M", Order::DayFirst),
    ("%Y-%m-%d", Order::Clear),
    ("%Y/%m/%d", Order::Clear),
    ("%Y%m%d", Order::Clear),
    ("%d/%m/%Y", Order::DayFirst),
    ("%m/%d/%Y", Order::MonthFirst),
    ("%d-%m-%Y", Order::DayFirst),
    ("%m-%d-%Y", Order::MonthFirst),
    ("%d.%m.%Y", Order::DayFirst),
    ("%Y-%m", Order::Clear),
];

/// Most formats of one column.
const MOST_FORMATS: usize = 4;

/// The formats that read a column.
struct Dates {
    kind: Kind,
    fit: f64,
    formats: Vec<&'static str>,
    ambiguous: bool,
    never: Vec<String>,
}

impl Dates {
    /// Adds, again and again, the layout that reads most of what is not read yet.
    fn of(values: &Values<'_>) -> Option<Self> {
        let mut left: Vec<(&[u8], usize)> = values.counts.iter().map(|(text, n)| (*text, *n)).collect();
        let layouts: Vec<(&'static str, Order, Layout)> = LAYOUTS
            .iter()
            .filter_map(|(format, order)| Layout::new(format).ok().map(|layout| (*format, *order, layout)))
            .collect();
        let mut found = Self { kind: Kind::Month, fit: 0.0, formats: Vec::new(), ambiguous: false, never: Vec::new() };
        let never = days_from_date(1900, 1, 1);
        while found.formats.len() < MOST_FORMATS && !left.is_empty() {
            let reads = |layout: &Layout| -> usize {
                left.iter().filter(|(text, _)| layout.read(text).is_some()).map(|(_, n)| n).sum()
            };
            // Of two that read as many, the first listed.
            let best = layouts.iter().map(|each| (reads(&each.2), each)).rev().max_by_key(|(hits, _)| *hits);
            let Some((hits, (format, order, layout))) = best.filter(|(hits, _)| *hits > 0) else { break };
            if *order == Order::DayFirst {
                let other = format.replace("%d", "%#").replace("%m", "%d").replace("%#", "%m");
                let other = layouts.iter().find(|(format, ..)| **format == *other);
                found.ambiguous |= other.is_some_and(|(_, _, other)| reads(other) == hits);
            }
            found.formats.push(format);
            found.fit += hits as f64 / values.filled as f64;
            left.retain(|(text, _)| {
                let read = layout.read(text);
                if read.is_some_and(|clock| clock.day == never) && values.counts.len() > 1 {
                    found.never.push(String::from_utf8_lossy(text).into_owned());
                }
                read.is_none()
            });
        }
        let has = |part: &str| found.formats.iter().any(|format| format.contains(part));
        let all_first = || values.counts.len() > 1 && values.counts.keys().all(|text| text.ends_with(b"-01"));
        found.kind = match (has("%H") || has("%I"), has("%d")) {
            (true, _) => Kind::Time,
            (false, true) if found.formats == ["%Y-%m-%d"] && all_first() => Kind::Month,
            (false, true) => Kind::Date,
            (false, false) => Kind::Month,
        };
        (!found.formats.is_empty()).then_some(found)
    }
}

/// `07:45` or `07:45:10`.
fn is_time_of_day(text: &[u8]) -> bool {
    let two = |part: &[u8], most: u8| match part {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => (tens - b'0') * 10 + ones - b'0' <= most,
        _ => false,
    };
    let parts: Vec<&[u8]> = text.split(|byte| *byte == b':').collect();
    match parts.as_slice() {
        [hour, minute] => two(hour, 23) && two(minute, 59),
        [hour, minute, second] => two(hour, 23) && two(minute, 59) && two(second, 59),
        _ => false,
    }
}

/// Marks of Jersey, of Great Britain since 1963 and of France since 2009, by their pattern of letters and digits.
fn is_plate(text: &[u8]) -> bool {
    let mark: Vec<u8> = text.iter().filter(|byte| !matches!(byte, b' ' | b'-')).copied().collect();
    if mark.len() > 8 || !mark.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return false;
    }
    let mut runs: Vec<(bool, usize)> = Vec::new();
    for byte in &mark {
        let digit = byte.is_ascii_digit();
        match runs.last_mut() {
            Some((kind, length)) if *kind == digit => *length += 1,
            _ => runs.push((digit, 1)),
        }
    }
    match runs.as_slice() {
        [(false, 1), (true, 1..=6)] => mark[0] == b'J',
        [(false, before), (true, digits), (false, after)] => {
            matches!((before, digits, after), (2, 2, 3) | (2, 3, 2) | (1, 1..=3, 3) | (3, 1..=3, 1))
        }
        _ => false,
    }
}

/// Whether a value could be a person's name, number or address: then it is written down nowhere.
fn looks_personal(text: &str) -> bool {
    const TITLES: [&str; 10] = ["mr", "mrs", "ms", "miss", "dr", "pc", "ps", "sgt", "insp", "wpc"];
    let first = text.split([' ', '.']).next().unwrap_or_default().to_lowercase();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (TITLES.contains(&first.as_str()) && text.contains(' '))
        || text.contains('@')
        || digits > 6
        || is_plate(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str, values: &[&str]) -> Profile {
        let mut column = TextColumn::default();
        for value in values {
            column.push(value.as_bytes());
        }
        Profile::of(Name::new(name), &column, values.len())
    }

    #[test]
    fn kinds_of_values() {
        for (name, values, kind) in [
            ("n", &["1", "22", "", "-3"][..], Kind::Whole),
            ("n", &["1", "2.5"], Kind::Decimal),
            ("n", &["Y", "N", "Y"], Kind::YesNo),
            ("n", &["2017-01-31 10:00:00", "NULL"], Kind::Time),
            ("n", &["2017-01-31", "2017-02-01"], Kind::Date),
            ("n", &["2017-01-01", "2017-02-01"], Kind::Month),
            ("n", &["2017-01", "2017-02"], Kind::Month),
            ("n", &["07:45", "23:59:59"], Kind::TimeOfDay),
            ("n", &["20170131", "20170201"], Kind::Whole),
            ("date", &["20170131", "20170201"], Kind::Date),
            ("n", &["J12345", "AB12 CDE", "AA-123-BB", "J1"], Kind::Plate),
            ("n", &["", ""], Kind::Empty),
        ] {
            assert_eq!(profile(name, values).kind, kind, "{values:?}");
        }
    }

    #[test]
    fn days_and_months_are_told_apart_by_what_is_above_twelve() {
        let clear = profile("at", &["01/02/2017 10:00", "31/03/2017 10:00", "13/02/2017 10:00", "05/06/2017 10:00"]);
        assert_eq!((clear.formats[0], clear.ambiguous), ("%d/%m/%Y %H:%M", false));
        let american = profile("at", &["01/02/2017", "02/13/2017"]);
        assert_eq!((american.formats, american.ambiguous), (vec!["%m/%d/%Y"], false));
        let unset = profile("at", &["01/01/1900 12:00:00 AM", "02/13/2017 10:00:00 PM"]);
        assert_eq!((unset.formats, unset.never), (vec!["%m/%d/%Y %I:%M:%S %p"], vec!["01/01/1900 12:00:00 AM".into()]));
        let either = profile("at", &["01/02/2017", "02/03/2017"]);
        assert_eq!((either.formats, either.ambiguous), (vec!["%d/%m/%Y"], true));
    }

    #[test]
    fn codes_are_written_down_but_nothing_personal_is() {
        fn many<'v>(values: &[&'v str]) -> Vec<&'v str> {
            values.iter().cycle().take(60).copied().collect()
        }
        let codes = profile("category", &many(&["theft", "fraud", "-"]));
        assert_eq!(
            (codes.kind, codes.codes, codes.missing),
            (Kind::Codes, vec!["fraud".into(), "theft".into()], vec!["-"])
        );
        assert!(profile("officer", &many(&["Able", "Baker"])).codes.is_empty());
        assert!(profile("handled", &many(&["PC Able", "PC Baker"])).codes.is_empty());
        assert!(profile("handled", &many(&["J123456", "stolen"])).codes.is_empty());
        let lists =
            profile("flags", &many(&["hate;knife", "knife", "hate", "hate;alcohol", "alcohol;knife", "alcohol"]));
        assert_eq!((lists.separator, lists.codes.len()), (Some(';'), 3));
    }
}
