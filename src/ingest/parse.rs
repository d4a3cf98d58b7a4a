//! Numbers and yes/no as extracts write them. Each gives `None` for what is not one; nothing is guessed.

/// A whole number: digits with an optional sign; a fraction of zeros is allowed, since spreadsheets write `3.0`.
#[inline]
pub fn int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let whole = match digits.iter().position(|byte| *byte == b'.') {
        Some(point) => {
            let fraction = &digits[point + 1..];
            if fraction.is_empty() || fraction.iter().any(|byte| *byte != b'0') {
                return None;
            }
            &digits[..point]
        }
        None => digits,
    };
    // 18 digits always fit.
    if whole.is_empty() || whole.len() > 18 {
        return None;
    }
    let mut value: i64 = 0;
    for byte in whole {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// A finite decimal number, with a point.
#[inline]
pub fn float(text: &[u8]) -> Option<f64> {
    if let Some(value) = short_float(text) {
        return Some(value);
    }
    // `parse` also reads `inf`, `infinity` and `NaN`.
    let first = text.iter().find(|byte| !matches!(byte, b'-' | b'+'))?;
    if !first.is_ascii_digit() && *first != b'.' {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Powers of ten up to the most decimals that [`short_float`] takes: each is exact.
const TENS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
/// The same as whole numbers, up to the most decimals that [`coordinate`] takes.
const WHOLE_TENS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Numbers as extracts write them: at most 15 digits, perhaps with a sign and a point; nothing for any other text.
///
/// **Method.** The digits without the point are a whole number below 2^53 and so exact, as is the power of ten it is
/// divided by: the one division is rounded correctly (W. D. Clinger, "How to read floating point numbers accurately",
/// PLDI 1990).
#[inline]
fn short_float(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (whole, decimals) = coordinate(digits).or_else(|| digit_by_digit(digits))?;
    // Below 2^53, so the sign is never set.
    let value = whole.cast_signed() as f64 / TENS[decimals];
    Some(if negative { -value } else { value })
}

/// The digits of a number without its point, and how many stand behind it: 8 to 16 bytes, with the point among the
/// first eight and at most eight digits behind it. Most coordinates are written so.
///
/// **Method.** The digits before the point and those behind it are moved to the upper end of a word each, with zeros
/// below; neighbours are added up to numbers of two, four and eight digits at once.
#[inline]
fn coordinate(digits: &[u8]) -> Option<(u64, usize)> {
    let first = u64::from_le_bytes(*digits.first_chunk::<8>()?);
    let last = u64::from_le_bytes(*digits.last_chunk::<8>()?);
    let points = zero_bytes(first ^ (ONES * u64::from(b'.')));
    let at = (points.trailing_zeros() / 8) as usize;
    let decimals = digits.len().wrapping_sub(at).wrapping_sub(1);
    if at == 8 || decimals == 0 || decimals > 8 || digits.len() > 16 {
        return None;
    }
    let before = if at == 0 { 0 } else { (first ^ ZEROS) << (64 - 8 * at) };
    let behind = (last ^ ZEROS) & (u64::MAX << (64 - 8 * decimals));
    let is_number = are_digits(before) && are_digits(behind);
    is_number
        .then(|| (eight_digits(before).wrapping_mul(WHOLE_TENS[decimals]).wrapping_add(eight_digits(behind)), decimals))
}

#[inline]
fn digit_by_digit(digits: &[u8]) -> Option<(u64, usize)> {
    if digits.len() > 16 || !digits.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let mut whole = 0_u64;
    let mut point = None;
    for (at, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else if *byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            return None;
        }
    }
    let decimals = point.map_or(0, |at| digits.len() - at - 1);
    (digits.len() - usize::from(point.is_some()) <= 15).then_some((whole, decimals))
}

const ONES: u64 = u64::MAX / 255;
const ZEROS: u64 = ONES * b'0' as u64;

/// The highest bit of each byte that is 0.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = ONES * 0x7F;
    !((word & LOW).wrapping_add(LOW) | word | LOW)
}

/// Whether every byte is 0 to 9. (6 more takes one over 9 into the upper four bits.)
#[inline]
fn are_digits(values: u64) -> bool {
    (values | values.wrapping_add(ONES * 6)) & (ONES * 0xF0) == 0
}

/// A number of eight digits, the first in the lowest byte.
#[inline]
fn eight_digits(values: u64) -> u64 {
    const BYTES: u64 = 0x00FF_00FF_00FF_00FF;
    const PAIRS: u64 = 0x0000_FFFF_0000_FFFF;
    let twos = (values & BYTES).wrapping_mul(10).wrapping_add((values >> 8) & BYTES);
    let fours = (twos & PAIRS).wrapping_mul(100).wrapping_add((twos >> 16) & PAIRS);
    (fours & 0xFFFF_FFFF).wrapping_mul(10_000).wrapping_add(fours >> 32)
}

/// Yes or no: `Y`/`N`, `yes`/`no`, `true`/`false`, `1`/`0`, in any case.
pub fn boolean(text: &[u8]) -> Option<bool> {
    let is = |words: [&[u8]; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is([b"y", b"yes", b"true", b"1"]) {
        Some(true)
    } else if is([b"n", b"no", b"false", b"0"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for (text, value) in [("0", 0), ("-1", -1), ("+7", 7), ("3.0", 3), ("00012", 12), ("-12.000", -12)] {
            assert_eq!(int(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", "-", "1.5", "1.", ".0", "1e3", "1,000", "0x10", "1 ", "9999999999999999999", "١"] {
            assert_eq!(int(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn decimal_numbers() {
        for (text, value) in [("49.186", 49.186), ("-2.1", -2.1), (".5", 0.5), ("7", 7.0), ("1e3", 1000.0)] {
            assert!(float(text.as_bytes()).is_some_and(|found| (found - value).abs() < 1e-12), "{text}");
        }
        for text in ["", "NaN", "inf", "-inf", "49,186", "1.2.3", "1e999", "north", "\u{fe}"] {
            assert_eq!(float(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn short_numbers_are_read_as_the_standard_library_reads_them() {
        let mut state = 7_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (digits, decimals) = (1 + (state >> 60) as u32 % 15, (state >> 33) as usize % 15);
            let text =
                format!("{:.decimals$}", ((state >> 8) % 10_u64.pow(digits)) as f64 / 10_f64.powi(decimals as i32));
            for text in [text.clone(), format!("-{text}")] {
                assert_eq!(float(text.as_bytes()).map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{text}");
            }
        }
        for text in ["-", ".", "-.", "1..2", "+1", "123456789012345678", "0.1234567890123456789", "-0", "007.50"] {
            let wanted: Option<f64> = text.parse().ok();
            assert_eq!(float(text.as_bytes()).map(f64::to_bits), wanted.map(f64::to_bits), "{text}");
        }
        // Every byte at every place of a number of every length.
        for length in 1..=18 {
            for (at, byte) in (0..length).flat_map(|at| (0..=255_u8).map(move |byte| (at, byte))) {
                let mut text: Vec<u8> = (0..length).map(|place| b'0' + ((place * 7 + 3) % 10) as u8).collect();
                text[at] = byte;
                for point in [length, length / 2] {
                    text.get_mut(point).into_iter().for_each(|byte| *byte = b'.');
                    let wanted = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
                    let wanted = wanted.filter(|value: &f64| value.is_finite());
                    assert_eq!(float(&text).map(f64::to_bits), wanted.map(f64::to_bits), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn yes_and_no() {
        assert_eq!(boolean(b"Y"), Some(true));
        assert_eq!(boolean(b"false"), Some(false));
        assert_eq!(boolean(b"perhaps"), None);
        assert_eq!(boolean(b""), None);
    }
}
