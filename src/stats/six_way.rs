//! The history of one place as one of six classes: persistent, emerging, former, intermittent, mixed, none.

use crate::stats::emerging::{Side, Step};

/// Steps, of five, that are not recent.
const FIVE: usize = 5;

/// One of the six classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SixWay {
    /// At least 80 % of all steps.
    Persistent(Side),
    /// At least 10 % of the recent steps, and less than 10 % of those before.
    Emerging(Side),
    /// At least 10 % of the steps that are not recent, and less than 10 % of the recent ones.
    Former(Side),
    /// At least 10 % of all steps, and none of the above.
    Intermittent(Side),
    /// A class both as hot and as cold.
    Mixed,
    /// None of these.
    NoPattern,
}

impl SixWay {
    /// `emerging hot`, `mixed`, `none`…
    pub fn words(self) -> String {
        let (word, side) = match self {
            SixWay::Persistent(side) => ("persistent", side),
            SixWay::Emerging(side) => ("emerging", side),
            SixWay::Former(side) => ("former", side),
            SixWay::Intermittent(side) => ("intermittent", side),
            SixWay::Mixed => return "mixed".to_owned(),
            SixWay::NoPattern => return "none".to_owned(),
        };
        format!("{word} {}", side.word())
    }
}

/// Class of a history.
///
/// **Method** (Ashby, `hotspot_classify` of the R package sfhotspot 1.0, by its *documented* rule; its code differs): the
/// recent steps are the last ⌊n/5⌋. Persistent if significant in at least 80 % of all steps; else emerging if in at
/// least 10 % of the recent ones and in less than 10 % of those before; else former if the other way round; else
/// intermittent if in at least 10 % of all; else none. The same for cold; a class on both sides is mixed.
/// **Undefined**: `None` for fewer than five steps, which have no recent ones.
///
/// # Example
/// ```
/// use vigie::stats::{emerging::{Side, Step::{Hot, Neither}}, six_way::{SixWay, six_way}};
/// let weeks = [Neither, Neither, Neither, Neither, Neither, Neither, Neither, Neither, Hot, Hot];
/// assert_eq!(six_way(&weeks), Some(SixWay::Emerging(Side::Hot)));
/// ```
pub fn six_way(steps: &[Step]) -> Option<SixWay> {
    if steps.len() < FIVE {
        return None;
    }
    let (before, recent) = steps.split_at(steps.len() - steps.len() / FIVE);
    let one_side = |side: Side| {
        let wanted = match side {
            Side::Hot => Step::Hot,
            Side::Cold => Step::Cold,
        };
        let count = |part: &[Step]| part.iter().filter(|step| **step == wanted).count();
        // Whole numbers: 0.1 times 30 as floats is not 3.
        let tenth = |part: &[Step]| count(part) * 10 >= part.len();
        if count(steps) * 10 >= steps.len() * 8 {
            SixWay::Persistent(side)
        } else if tenth(recent) && !tenth(before) {
            SixWay::Emerging(side)
        } else if tenth(before) && !tenth(recent) {
            SixWay::Former(side)
        } else if tenth(steps) {
            SixWay::Intermittent(side)
        } else {
            SixWay::NoPattern
        }
    };
    Some(match (one_side(Side::Hot), one_side(Side::Cold)) {
        (class, SixWay::NoPattern) | (SixWay::NoPattern, class) => class,
        _ => SixWay::Mixed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> Option<SixWay> {
        let step = |c| match c {
            'H' => Step::Hot,
            'C' => Step::Cold,
            _ => Step::Neither,
        };
        six_way(&text.chars().map(step).collect::<Vec<_>>())
    }

    #[test]
    fn the_second_side_counts() {
        assert_eq!(class("CCCCCCCC.."), Some(SixWay::Persistent(Side::Cold)));
        assert_eq!(class("HH......CC"), Some(SixWay::Mixed));
        assert_eq!(class("H..H..H..H"), Some(SixWay::Intermittent(Side::Hot)));
        assert_eq!(class(".........."), Some(SixWay::NoPattern));
        assert_eq!(class("HHHH"), None);
    }

    #[test]
    fn names() {
        assert_eq!(class("HH......CC").unwrap().words(), "mixed");
        assert_eq!(class("HH........").unwrap().words(), "former hot");
    }
}
