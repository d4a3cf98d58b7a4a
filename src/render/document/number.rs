//! The shape of a number's text: what stands around the digits, how many decimals, whether thousands are separated.
//! Workbooks show the value in this shape; a check asks whether text and value agree.

/// How a number is written.
///
/// # Example
/// ```
/// use vigie::render::document::Shape;
/// let shape = Shape::of("£1,234.50").unwrap();
/// assert_eq!((shape.before.as_str(), shape.decimals, shape.grouped), ("£", 2, true));
/// assert!(shape.agrees(1234.5) && !shape.agrees(1234.6));
/// assert!(Shape::of("95.3%").unwrap().agrees(0.9534));
/// assert_eq!(Shape::of("none"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Before the digits and their sign: `£`, `< `.
    pub before: String,
    /// After the digits: `%`, ` minutes`.
    pub after: String,
    /// Places after the point.
    pub decimals: usize,
    /// Whether thousands are separated by commas.
    pub grouped: bool,
    negative: bool,
    digits: String,
}

impl Shape {
    /// The shape of a text; none if there is not exactly one number in it.
    pub fn of(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let rest = &text[start..];
        let number_end = rest.find(|c: char| !(c.is_ascii_digit() || c == ',' || c == '.')).unwrap_or(rest.len());
        let number = rest[..number_end].trim_end_matches([',', '.']);
        let after = &rest[number.len()..];
        if after.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (before, negative) = match text[..start].strip_suffix(['-', '−']) {
            Some(before) => (before, true),
            None => (&text[..start], false),
        };
        let (whole, fraction) = number.split_once('.').map_or((number, ""), |(whole, fraction)| (whole, fraction));
        if fraction.contains([',', '.']) || !groups_of_three(whole) {
            return None;
        }
        Some(Self {
            before: before.to_owned(),
            after: after.to_owned(),
            decimals: fraction.len(),
            grouped: whole.contains(','),
            negative,
            digits: number.replace(',', ""),
        })
    }

    /// A share of which the text is a percentage.
    pub fn is_percent(&self) -> bool {
        self.after.starts_with('%')
    }

    /// Only an upper or a lower bound: `< 0.001`.
    pub fn is_bound(&self) -> bool {
        self.before.contains(['<', '>', '≤', '≥'])
    }

    /// Whether the text is the value, rounded to the text's decimals. A bound only has to lie on the value's side.
    pub fn agrees(&self, value: f64) -> bool {
        let Ok(size) = self.digits.parse::<f64>() else { return false };
        let shown = if self.negative { -size } else { size };
        let value = if self.is_percent() { value * 100.0 } else { value };
        if self.before.contains(['<', '≤']) {
            return value <= shown;
        }
        if self.before.contains(['>', '≥']) {
            return value >= shown;
        }
        let half = 0.5 * 0.1_f64.powi(self.decimals as i32);
        (shown - value).abs() <= half * (1.0 + 1e-9) + value.abs() * 1e-12
    }
}

fn groups_of_three(whole: &str) -> bool {
    let mut groups = whole.split(',');
    let first = groups.next().map_or(0, str::len);
    let mut alone = true;
    let rest_fit = groups.all(|group| {
        alone = false;
        group.len() == 3
    });
    rest_fit && (alone || (1..=3).contains(&first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_reports_have_shapes() {
        for (text, value) in [
            ("1,234", 1234.2),
            ("-0.5", -0.52),
            ("95.3%", 0.953),
            ("< 0.001", 0.000_2),
            ("5.6 minutes", 5.64),
            ("0", 0.0),
        ] {
            assert!(Shape::of(text).unwrap().agrees(value), "{text}");
        }
    }

    #[test]
    fn another_number_is_seen() {
        for (text, value) in [("1,234", 1235.0), ("95.3%", 95.3), ("< 0.001", 0.01), ("-2", 2.0)] {
            assert!(!Shape::of(text).unwrap().agrees(value), "{text}");
        }
        for none in ["", "[c]", "3 of 4", "1,23", "1.2.3", "12,34,567"] {
            assert_eq!(Shape::of(none), None, "{none}");
        }
    }
}
