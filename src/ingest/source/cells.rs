//! Typed values as texts: what a date, a time or a number of a sheet or of Parquet is written as.
//!
//! A date with a time of day is `2017-01-31 12:34:56`, a date `2017-01-31`, a time of day `12:34:56`, a whole number has no
//! `.0`, yes and no are `true` and `false`. Fractions of a second are dropped. A cell of a workbook does not say whether
//! midnight is meant, so a date cell without time of day is a date.

use chrono::{DateTime, NaiveDate, TimeDelta};

const DAY_MILLISECONDS: i64 = 86_400_000;
/// Serial day of 10000-01-01.
const LAST_SERIAL: f64 = 2_958_466.0;
/// Days between the two beginnings that workbooks count from.
const DAYS_TO_1904: f64 = 1462.0;

/// A number as text: whole ones without fraction, others with the fewest digits that give the same number again.
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{}", value as i64) } else { value.to_string() }
}

/// A date cell of a workbook: days since the beginning of 1900 (or 1904), the time of day as the fraction. Nothing if it
/// is out of range.
pub fn serial_date(days: f64, is_1904: bool) -> Option<String> {
    let days = if is_1904 { days + DAYS_TO_1904 } else { days };
    if !(0.0..LAST_SERIAL).contains(&days) {
        return None;
    }
    let milliseconds = (days * DAY_MILLISECONDS as f64).round() as i64;
    let (day, rest) = (milliseconds / DAY_MILLISECONDS, milliseconds % DAY_MILLISECONDS);
    let time = clock(rest / 1000);
    if day == 0 {
        return Some(time);
    }
    // Day 60 is 29 February 1900, which never was; days before it are counted from one day later.
    let first = NaiveDate::from_ymd_opt(1899, 12, if day < 60 { 31 } else { 30 })?;
    let date = first.checked_add_signed(TimeDelta::days(day))?;
    Some(if rest < 1000 { date.to_string() } else { format!("{date} {time}") })
}

/// A duration in days as hours, minutes and seconds; there may be more than 24 hours.
pub fn duration(days: f64) -> Option<String> {
    (0.0..LAST_SERIAL).contains(&days).then(|| clock((days * DAY_MILLISECONDS as f64).round() as i64 / 1000))
}

fn clock(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// An ISO date and time as it is written elsewhere: `T` becomes a space, fractions of a second go.
pub fn iso(text: &[u8]) -> Vec<u8> {
    let mut written = text.trim_ascii().to_vec();
    if let Some(point) = written.iter().position(|byte| *byte == b'.') {
        let digits = written[point + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        written.drain(point..=point + digits);
    }
    // With an offset behind it the `T` stays: that is what marks an instant.
    if written.len() == 19 && written[10] == b'T' {
        written[10] = b' ';
    }
    written
}

/// An ISO duration such as `PT12H34M56S` as hours, minutes and seconds; nothing for other forms.
pub fn iso_duration(text: &[u8]) -> Option<String> {
    let mut seconds = 0_i64;
    let mut digits = String::new();
    for byte in text.trim_ascii().strip_prefix(b"PT")? {
        let unit = match byte {
            b'0'..=b'9' | b'.' => {
                digits.push(char::from(*byte));
                continue;
            }
            b'H' => 3600,
            b'M' => 60,
            b'S' => 1,
            _ => return None,
        };
        let count: f64 = digits.parse().ok().filter(|count| *count < 1e9)?;
        seconds += count as i64 * unit;
        digits.clear();
    }
    digits.is_empty().then(|| clock(seconds))
}

/// Microseconds since 1970 as a date and time, with `Z` if they are of UTC. Nothing beyond what a calendar holds.
pub fn instant(microseconds: i64, is_utc: bool) -> Option<String> {
    let at = DateTime::from_timestamp_micros(microseconds)?.naive_utc();
    Some(at.format(if is_utc { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%d %H:%M:%S" }).to_string())
}

/// What a number format of a workbook makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// A number.
    Number,
    /// A date, a time, or both.
    Date,
    /// A duration.
    Duration,
}

/// What a built-in number format shows (ECMA-376 part 1, 18.8.30).
pub fn shown_by_number(format: u64) -> Shown {
    match format {
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => Shown::Date,
        46 => Shown::Duration,
        _ => Shown::Number,
    }
}

/// What a number format code shows: that of its first section, without quoted text and colours.
pub fn shown_by_code(code: &str) -> Shown {
    let mut characters = code.chars();
    let mut shown = Shown::Number;
    while let Some(character) = characters.next() {
        match character.to_ascii_lowercase() {
            ';' => break,
            '"' => {
                characters.by_ref().find(|other| *other == '"');
            }
            '\\' | '_' | '*' => {
                characters.next();
            }
            '[' => {
                let inner: String = characters.by_ref().take_while(|other| *other != ']').collect();
                let inner = inner.to_ascii_lowercase();
                if !inner.is_empty() && ['h', 'm', 's'].iter().any(|unit| inner.chars().all(|other| other == *unit)) {
                    return Shown::Duration;
                }
            }
            'd' | 'm' | 'y' | 'h' | 's' => shown = Shown::Date,
            _ => {}
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (value, text) in
            [(3.0, "3"), (-2.11, "-2.11"), (49.186, "49.186"), (0.0, "0"), (1e20, "100000000000000000000")]
        {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn dates_of_workbooks() {
        for (days, is_1904, text) in [
            (42_766.524_259_259_26, false, "2017-01-31 12:34:56"),
            (42_766.0, false, "2017-01-31"),
            (41_304.0, true, "2017-01-31"),
            (0.524_259_259_26, false, "12:34:56"),
            (1.0, false, "1900-01-01"),
            (61.0, false, "1900-03-01"),
            (2_958_465.999_99, false, "9999-12-31 23:59:59"),
        ] {
            assert_eq!(serial_date(days, is_1904).as_deref(), Some(text));
        }
        for days in [-1.0, 3e6, f64::NAN, f64::INFINITY] {
            assert_eq!(serial_date(days, false), None);
        }
        assert_eq!(duration(1.5).as_deref(), Some("36:00:00"));
    }

    #[test]
    fn iso_forms() {
        assert_eq!(iso(b"2017-01-31T12:34:56.789"), b"2017-01-31 12:34:56");
        assert_eq!(iso(b"2017-01-31"), b"2017-01-31");
        assert_eq!(iso(b"2017-01-31T12:34:56Z"), b"2017-01-31T12:34:56Z");
        assert_eq!(iso_duration(b"PT12H34M56.7S").as_deref(), Some("12:34:56"));
        assert_eq!(iso_duration(b"P1D"), None);
        assert_eq!(instant(1_485_866_096_000_000, false).as_deref(), Some("2017-01-31 12:34:56"));
        assert_eq!(instant(1_485_866_096_000_000, true).as_deref(), Some("2017-01-31T12:34:56Z"));
        assert_eq!(instant(i64::MAX, true), None);
    }

    #[test]
    fn number_formats() {
        for (code, shown) in [
            ("dd/mm/yyyy", Shown::Date),
            ("[$-409]d-mmm-yy;@", Shown::Date),
            ("h:mm AM/PM", Shown::Date),
            ("[h]:mm:ss", Shown::Duration),
            ("General", Shown::Number),
            ("0.00", Shown::Number),
            ("[Red]0.00;\"days\"", Shown::Number),
            ("0\\d\" days\"", Shown::Number),
        ] {
            assert_eq!(shown_by_code(code), shown, "{code}");
        }
        assert_eq!(shown_by_number(22), Shown::Date);
    }
}
