//! Numbers as islanders write them.

/// Digits in threes: `1234567` as `1,234,567`.
///
/// # Example
/// ```
/// use vigie::model::words::thousands;
/// assert_eq!(thousands(999), "999");
/// assert_eq!(thousands(14_000_u64), "14,000");
/// assert_eq!(thousands(-1_234_567), "-1,234,567");
/// ```
pub fn thousands(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
