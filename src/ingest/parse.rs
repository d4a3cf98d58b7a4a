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
    if digits.len() > 16 || !digits.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let mut whole = 0_u64;
    let mut point = None;
    for (at, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            whole = whole * 10 + u64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            return None;
        }
    }
    let decimals = point.map_or(0, |at| digits.len() - at - 1);
    if digits.len() - usize::from(point.is_some()) > 15 {
        return None;
    }
    let value = whole as f64 / TENS[decimals];
    Some(if negative { -value } else { value })
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
    }

    #[test]
    fn yes_and_no() {
        assert_eq!(boolean(b"Y"), Some(true));
        assert_eq!(boolean(b"false"), Some(false));
        assert_eq!(boolean(b"perhaps"), None);
        assert_eq!(boolean(b""), None);
    }
}
