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
    // `parse` also reads `inf`, `infinity` and `NaN`.
    let first = text.iter().find(|byte| !matches!(byte, b'-' | b'+'))?;
    if !first.is_ascii_digit() && *first != b'.' {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse::<f64>().ok().filter(|value| value.is_finite())
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
    fn yes_and_no() {
        assert_eq!(boolean(b"Y"), Some(true));
        assert_eq!(boolean(b"false"), Some(false));
        assert_eq!(boolean(b"perhaps"), None);
        assert_eq!(boolean(b""), None);
    }
}
