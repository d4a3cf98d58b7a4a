//! Emerging hot spot analysis: the history of one place as one of 17 categories.

/// What one step of time was at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Significantly high.
    Hot,
    /// Significantly low.
    Cold,
    /// Neither.
    Neither,
}

/// Whether the scores of a place rise or fall significantly over all steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// Up.
    Up,
    /// Down.
    Down,
    /// No significant trend.
    Flat,
}

/// The side of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// High.
    Hot,
    /// Low.
    Cold,
}

impl Side {
    /// Both.
    pub const ALL: [Side; 2] = [Side::Hot, Side::Cold];

    /// `hot` or `cold`.
    pub fn word(self) -> &'static str {
        match self {
            Side::Hot => "hot",
            Side::Cold => "cold",
        }
    }

    fn is(self, step: Step) -> bool {
        matches!((self, step), (Side::Hot, Step::Hot) | (Side::Cold, Step::Cold))
    }

    fn other(self) -> Side {
        match self {
            Side::Hot => Side::Cold,
            Side::Cold => Side::Hot,
        }
    }
}

/// Shape of a history, in the order in which it deserves a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// The final step for the first time.
    New,
    /// One run of at least two steps that ends with the final one, and none before it.
    Consecutive,
    /// At least 90 % of the steps, the final one among them, and further from the ordinary with time.
    Intensifying,
    /// At least 90 % of the steps, without a trend.
    Persistent,
    /// At least 90 % of the steps, the final one among them, and nearer to the ordinary with time.
    Diminishing,
    /// On and off again.
    Sporadic,
    /// The final step, but once the opposite.
    Oscillating,
    /// At least 90 % of the steps, but not the final one.
    Historical,
}

impl Pattern {
    /// Every pattern.
    pub const ALL: [Pattern; 8] = [
        Pattern::New,
        Pattern::Consecutive,
        Pattern::Intensifying,
        Pattern::Persistent,
        Pattern::Diminishing,
        Pattern::Sporadic,
        Pattern::Oscillating,
        Pattern::Historical,
    ];

    /// `new`, `consecutive`…
    pub fn word(self) -> &'static str {
        match self {
            Pattern::New => "new",
            Pattern::Consecutive => "consecutive",
            Pattern::Intensifying => "intensifying",
            Pattern::Persistent => "persistent",
            Pattern::Diminishing => "diminishing",
            Pattern::Sporadic => "sporadic",
            Pattern::Oscillating => "oscillating",
            Pattern::Historical => "historical",
        }
    }
}

/// Which wording of the definitions decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Definition {
    /// That of ArcGIS Pro 3: sporadic only if the final step is significant.
    Esri3,
    /// That of ArcGIS Pro 2: sporadic whatever the final step is.
    Esri2,
}

/// Category of a history; `None` is the seventeenth: no pattern.
///
/// **Method** (the definitions of Esri's Emerging Hot Spot Analysis, whose text leaves several open; this order decides):
/// 1. The final step is significant on one side. At least 90 % of the steps are: intensifying, diminishing or persistent
///    by the trend of the scores. Else, ever significant on the other side: oscillating. Else the only one: new. Else
///    one run of at least two up to the final step and none before: consecutive. Else sporadic.
/// 2. It is not. At least 90 % hot: historical hot; at least 90 % cold: historical cold. With [`Definition::Esri2`] also:
///    ever on one side and never on the other: sporadic. Else no pattern.
///
/// Cold mirrors hot: intensifying cold is a trend *down*, diminishing cold a trend *up*.
/// **Undefined**: no pattern for no steps.
///
/// # Example
/// ```
/// use vigie::stats::emerging::{Definition, Pattern, Side, Step::{Hot, Neither}, Trend, categorise};
/// let weeks = [Neither, Neither, Neither, Neither, Neither, Neither, Neither, Neither, Hot, Hot];
/// assert_eq!(categorise(&weeks, Trend::Up, Definition::Esri3), Some((Pattern::Consecutive, Side::Hot)));
/// ```
pub fn categorise(steps: &[Step], trend: Trend, definition: Definition) -> Option<(Pattern, Side)> {
    let last = *steps.last()?;
    let count = |side: Side| steps.iter().filter(|step| side.is(**step)).count();
    let nearly_all = |side: Side| count(side) * 10 >= steps.len() * 9;
    if let Some(side) = Side::ALL.into_iter().find(|side| side.is(last)) {
        let pattern = if nearly_all(side) {
            match (trend, side) {
                (Trend::Up, Side::Hot) | (Trend::Down, Side::Cold) => Pattern::Intensifying,
                (Trend::Down, Side::Hot) | (Trend::Up, Side::Cold) => Pattern::Diminishing,
                (Trend::Flat, _) => Pattern::Persistent,
            }
        } else if count(side.other()) > 0 {
            Pattern::Oscillating
        } else {
            match (count(side), final_run(steps, side)) {
                (1, _) => Pattern::New,
                (all, run) if all == run => Pattern::Consecutive,
                _ => Pattern::Sporadic,
            }
        };
        return Some((pattern, side));
    }
    if let Some(side) = Side::ALL.into_iter().find(|side| nearly_all(*side)) {
        return Some((Pattern::Historical, side));
    }
    let only = Side::ALL.into_iter().find(|side| count(*side) > 0 && count(side.other()) == 0);
    only.filter(|_| definition == Definition::Esri2).map(|side| (Pattern::Sporadic, side))
}

fn final_run(steps: &[Step], side: Side) -> usize {
    steps.iter().rev().take_while(|step| side.is(**step)).count()
}

/// Why a history is what it is: `hot in 7 of 10 weeks, the last two in a row`.
///
/// `unit` names a step, one and several: `("week", "weeks")`.
///
/// # Example
/// ```
/// use vigie::stats::emerging::{Step::{Cold, Hot, Neither}, why};
/// assert_eq!(why(&[Hot, Neither, Hot, Hot], ("week", "weeks")), "hot in 3 of 4 weeks, the last two in a row");
/// assert_eq!(why(&[Hot, Cold, Neither], ("week", "weeks")), "hot in 1 of 3 weeks, most recently 2 weeks before the last; cold in 1");
/// ```
pub fn why(steps: &[Step], unit: (&str, &str)) -> String {
    let part = |side: Side| -> Option<(usize, String)> {
        let count = steps.iter().filter(|step| side.is(**step)).count();
        let since = steps.iter().rev().position(|step| side.is(*step))?;
        let run = final_run(steps, side);
        let when = match (run, since) {
            (run, _) if run == steps.len() => String::new(),
            (0, 1) => format!(", most recently 1 {} before the last", unit.0),
            (0, since) => format!(", most recently {since} {} before the last", unit.1),
            (1, _) if count == 1 => ", the last one for the first time".to_owned(),
            (1, _) => ", the last one among them".to_owned(),
            (run, _) => format!(", the last {} in a row", in_words(run)),
        };
        Some((count, when))
    };
    let all = format!("{} {}", steps.len(), if steps.len() == 1 { unit.0 } else { unit.1 });
    // The side of the final step speaks first.
    let first = if steps.last() == Some(&Step::Cold) { Side::Cold } else { Side::Hot };
    match (part(first), part(first.other())) {
        (None, None) => format!("neither hot nor cold in {all}"),
        (Some((count, when)), None) => format!("{} in {count} of {all}{when}", first.word()),
        (None, Some((count, when))) => format!("{} in {count} of {all}{when}", first.other().word()),
        (Some((count, when)), Some((other, _))) => {
            format!("{} in {count} of {all}{when}; {} in {other}", first.word(), first.other().word())
        }
    }
}

fn in_words(number: usize) -> String {
    let words = ["two", "three", "four", "five", "six", "seven", "eight", "nine"];
    number.checked_sub(2).and_then(|at| words.get(at)).map_or_else(|| number.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Vec<Step> {
        text.chars()
            .map(|c| match c {
                'H' => Step::Hot,
                'C' => Step::Cold,
                _ => Step::Neither,
            })
            .collect()
    }

    fn found(text: &str, trend: Trend, definition: Definition) -> Option<(Pattern, Side)> {
        categorise(&steps(text), trend, definition)
    }

    #[test]
    fn no_steps_have_no_pattern() {
        assert_eq!(found("", Trend::Flat, Definition::Esri3), None);
        assert_eq!(found("..........", Trend::Up, Definition::Esri2), None);
    }

    #[test]
    fn the_older_wording_calls_what_is_over_sporadic() {
        assert_eq!(found("HHHHH.....", Trend::Down, Definition::Esri3), None);
        assert_eq!(found("HHHHH.....", Trend::Down, Definition::Esri2), Some((Pattern::Sporadic, Side::Hot)));
        assert_eq!(found("HHHHC.....", Trend::Down, Definition::Esri2), None);
        assert_eq!(found("HHHHHHHHH.", Trend::Down, Definition::Esri2), Some((Pattern::Historical, Side::Hot)));
    }

    #[test]
    fn a_gap_makes_it_sporadic() {
        assert_eq!(found("H.......HH", Trend::Flat, Definition::Esri3), Some((Pattern::Sporadic, Side::Hot)));
        assert_eq!(found("HHHHHHHH.H", Trend::Flat, Definition::Esri3), Some((Pattern::Persistent, Side::Hot)));
    }

    #[test]
    fn reasons_in_words() {
        let weeks = ("week", "weeks");
        for (text, wanted) in [
            (".........H", "hot in 1 of 10 weeks, the last one for the first time"),
            ("HHHHHHHHHH", "hot in 10 of 10 weeks"),
            ("HHHHHHHHH.", "hot in 9 of 10 weeks, most recently 1 week before the last"),
            ("HHHHHHHHHC", "cold in 1 of 10 weeks, the last one for the first time; hot in 9"),
            ("..H...H..H", "hot in 3 of 10 weeks, the last one among them"),
            ("..........", "neither hot nor cold in 10 weeks"),
            ("CCCC......", "cold in 4 of 10 weeks, most recently 6 weeks before the last"),
            ("..........HHHHHHHHHHHH", "hot in 12 of 22 weeks, the last 12 in a row"),
        ] {
            assert_eq!(why(&steps(text), weeks), wanted);
        }
    }
}
