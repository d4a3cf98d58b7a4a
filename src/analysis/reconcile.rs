//! Do published figures agree with each other and with the records? A plan may say 150 a month, 14,000 a year and "over
//! 20%" in three places; somebody will put them side by side.

use serde::Serialize;

use crate::analysis::kpi::Unit;

/// Two or more figures set against each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reconciliation {
    /// Short name: `share M06/M01`.
    pub id: String,
    /// Whether they agree.
    pub agrees: bool,
    /// One line.
    pub title: String,
    /// The figures, and what does not fit.
    pub text: String,
    /// Share that the plan's own figures imply.
    pub plan_share: Option<f64>,
    /// Share that the plan states.
    pub claimed_share: Option<f64>,
    /// Share in the records of the period.
    pub data_share: Option<f64>,
}

/// A claimed share against the figures it should follow from.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareClaim<'a> {
    /// Measure of the part, and its words.
    pub part: (&'a str, &'a str),
    /// Measure of the whole, and its words.
    pub whole: (&'a str, &'a str),
    /// Plan's figure of the part, a year.
    pub part_a_year: f64,
    /// Plan's figure of the whole, a year.
    pub whole_a_year: f64,
    /// Claimed relation and share, and how the plan writes it.
    pub claim: (&'a str, f64, &'a str),
    /// Part and whole in the records of the period, if they are known.
    pub counted: Option<(f64, f64)>,
    /// The period in words.
    pub period: &'a str,
}

/// Sets a claimed share against the share that the plan's other figures imply and the one the records give.
///
/// **Method** part / whole, per year: 150 × 12 / 14,000 = 12.9%. It agrees if the relation holds for the implied share,
/// and for the counted one where there is one.
/// **Undefined**: `None` without a whole.
///
/// # Example
/// ```
/// use vigie::analysis::reconcile::{ShareClaim, share};
/// let found = share(&ShareClaim {
///     part: ("M06", "anti-social behaviour incidents"),
///     whole: ("M01", "incidents"),
///     part_a_year: 150.0 * 12.0,
///     whole_a_year: 14_000.0,
///     claim: (">", 0.20, "over 20%"),
///     counted: None,
///     period: "2017",
/// }).ok_or("undefined")?;
/// assert!(!found.agrees);
/// # Ok::<(), &str>(())
/// ```
pub fn share(claim: &ShareClaim<'_>) -> Option<Reconciliation> {
    if claim.whole_a_year <= 0.0 {
        return None;
    }
    let implied = claim.part_a_year / claim.whole_a_year;
    let counted = claim.counted.filter(|(_, whole)| *whole > 0.0).map(|(part, whole)| part / whole);
    let (op, stated, written) = claim.claim;
    let agrees = holds(implied, op, stated) && counted.is_none_or(|share| holds(share, op, stated));
    let percent = |share: f64| Unit::Percent.text(share);
    let (part, whole) = (claim.part.1, claim.whole.1);
    let mut text = format!(
        "The plan gives {} {part} and {} {whole} a year, which is {}; elsewhere it says {written}.",
        Unit::Count.text(claim.part_a_year),
        Unit::Count.text(claim.whole_a_year),
        percent(implied)
    );
    if let (Some(share), Some((part_n, whole_n))) = (counted, claim.counted) {
        text.push_str(&format!(
            " The records of {} give {} ({} of {}).",
            claim.period,
            percent(share),
            Unit::Count.text(part_n),
            Unit::Count.text(whole_n)
        ));
    }
    if !agrees {
        text.push_str(
            " Either the base, the category or the period differs: settle which before either figure is used.",
        );
    }
    let title = if agrees {
        format!("The plan's figures for {part} agree")
    } else {
        format!("The plan's figures for {part} do not agree")
    };
    Some(Reconciliation {
        id: format!("share {}/{}", claim.part.0, claim.whole.0),
        agrees,
        title,
        text,
        plan_share: Some(implied),
        claimed_share: Some(stated),
        data_share: counted,
    })
}

/// Whether `value op bound`. Equality allows half a percentage point, since plans round.
pub fn holds(value: f64, op: &str, bound: f64) -> bool {
    match op {
        "<" => value < bound,
        "<=" => value <= bound,
        ">" => value > bound,
        ">=" => value >= bound,
        _ => (value - bound).abs() <= 0.005,
    }
}

/// A count of analysed and excluded records that does not add up to all of them.
pub fn does_not_close(id: &str, title: &str, periods: &[String]) -> Reconciliation {
    Reconciliation {
        id: format!("waterfall {id}"),
        agrees: false,
        title: format!("The records behind “{title}” do not add up"),
        text: format!("Analysed and excluded records are not all records in {}.", periods.join(", ")),
        plan_share: None,
        claimed_share: None,
        data_share: None,
    }
}

/// Whether the parts of a measure, those that are not stated among them, hold the records of the whole.
///
/// `periods` has the name of each, the records of the whole, and the records of all parts together.
///
/// # Example
/// ```
/// use vigie::analysis::reconcile::parts;
/// let periods = [("2017-05".to_owned(), 148, 148), ("2017-06".to_owned(), 151, 150)];
/// assert!(!parts("demand.incidents", "Incidents recorded", "parish", &periods).agrees);
/// ```
pub fn parts(id: &str, title: &str, by: &str, periods: &[(String, u64, u64)]) -> Reconciliation {
    let open: Vec<&str> = periods.iter().filter(|(_, whole, parts)| whole != parts).map(|p| p.0.as_str()).collect();
    let agrees = open.is_empty();
    let (heading, text) = if agrees {
        (
            format!("The {by} figures of “{title}” add up"),
            format!("Each {by}, and what states none, hold all records in {} periods.", periods.len()),
        )
    } else {
        (
            format!("The {by} figures of “{title}” do not add up"),
            format!("Each {by}, and what states none, do not hold all records in {}.", open.join(", ")),
        )
    };
    Reconciliation {
        id: format!("parts {id} {by}"),
        agrees,
        title: heading,
        text,
        plan_share: None,
        claimed_share: None,
        data_share: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(op: &'static str, share: f64) -> ShareClaim<'static> {
        ShareClaim {
            part: ("M06", "anti-social behaviour incidents"),
            whole: ("M01", "incidents"),
            part_a_year: 1800.0,
            whole_a_year: 14_000.0,
            claim: (op, share, "over 20%"),
            counted: Some((465.0, 3_500.0)),
            period: "July to September 2017",
        }
    }

    #[test]
    fn the_plans_anti_social_behaviour_does_not_reconcile() {
        let found = share(&claim(">", 0.2)).unwrap();
        assert!(!found.agrees && found.title.contains("do not agree"));
        for figure in ["1,800", "14,000", "12.9%", "over 20%", "13.3% (465 of 3,500)"] {
            assert!(found.text.contains(figure), "{figure}: {}", found.text);
        }
    }

    #[test]
    fn a_claim_that_holds_is_no_warning() {
        assert!(share(&claim(">", 0.12)).unwrap().agrees);
        assert!(!share(&claim("=", 0.12)).unwrap().agrees);
        let mut nothing = claim(">", 0.12);
        nothing.whole_a_year = 0.0;
        assert!(share(&nothing).is_none());
    }
}
