//! Weighted displacement difference: did a place change more than its control, moved crime included?

use crate::stats::normal::z_of_confidence;

/// Counts of one place before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Count of the period before.
    pub before: u64,
    /// Count of the period after.
    pub after: u64,
    /// Size of the place that its counts are divided by, in any unit that all four share; 1 for none.
    pub size: f64,
}

impl Place {
    /// A place of size 1.
    pub fn new(before: u64, after: u64) -> Self {
        Self { before, after, size: 1.0 }
    }
}

/// What changed where something was done, and beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wdd {
    /// Difference; below 0 is a fall against the control.
    pub difference: f64,
    /// Its variance.
    pub variance: f64,
}

impl Wdd {
    /// Standard error.
    pub fn standard_error(self) -> f64 {
        self.variance.sqrt()
    }

    /// Difference in standard errors; `None` without any variance.
    pub fn z(self) -> Option<f64> {
        (self.variance > 0.0).then(|| self.difference / self.standard_error())
    }

    /// Normal interval around the difference, lower and upper; `None` unless 0 < confidence < 1.
    pub fn interval(self, confidence: f64) -> Option<(f64, f64)> {
        let half = z_of_confidence(confidence)? * self.standard_error();
        Some((self.difference - half, self.difference + half))
    }
}

/// Difference of the changes of a treated place and its control, with those of the places that crime may have moved to.
///
/// **Method** (Wheeler and Ratcliffe 2018, doi:10.1186/s40163-018-0085-5): (T₁ − T₀) − (C₁ − C₀) + (D₁ − D₀) − (E₁ − E₀),
/// T treated, C control, D the place of displacement, E its control; every count divided by the length of its period and
/// the size of its place. The variance is the sum of the eight counts, each divided by the square of the same numbers:
/// counts are Poisson and independent.
/// **Units**: records a unit of length and size.
/// **Undefined**: `None` unless every length and size is finite and above 0.
///
/// # Example
/// ```
/// use vigie::stats::wdd::{Place, wdd};
/// let found = wdd(Place::new(120, 100), Place::new(130, 150), None, (1.0, 1.0)).ok_or("undefined")?;
/// assert_eq!(found.difference, -40.0);
/// assert!((found.standard_error() - 22.36).abs() < 0.01);
/// # Ok::<(), &str>(())
/// ```
pub fn wdd(treated: Place, control: Place, displacement: Option<(Place, Place)>, lengths: (f64, f64)) -> Option<Wdd> {
    let positive = |value: f64| value.is_finite() && value > 0.0;
    let mut found = Wdd { difference: 0.0, variance: 0.0 };
    let mut add = |place: Place, sign: f64| {
        let (before, after) = (place.size * lengths.0, place.size * lengths.1);
        found.difference += sign * (place.after as f64 / after - place.before as f64 / before);
        found.variance += place.after as f64 / (after * after) + place.before as f64 / (before * before);
        positive(before) && positive(after) && positive(place.size)
    };
    let mut defined = add(treated, 1.0) & add(control, -1.0);
    if let Some((moved, its_control)) = displacement {
        defined &= add(moved, 1.0) & add(its_control, -1.0);
    }
    defined.then_some(found)
}

/// Several differences weighted by harm and added.
///
/// **Method** (Wheeler and Ratcliffe 2018): Σ wₖ · Dₖ with variance Σ wₖ² · Vₖ: the groups are independent.
/// **Units**: those of the weights times those of the differences.
/// **Undefined**: `None` for nothing, or a weight that is not finite.
///
/// # Example
/// ```
/// use vigie::stats::wdd::{Wdd, weighted};
/// let one = Wdd { difference: -2.0, variance: 4.0 };
/// assert_eq!(weighted(&[(one, 3.0)]), Some(Wdd { difference: -6.0, variance: 36.0 }));
/// ```
pub fn weighted(differences: &[(Wdd, f64)]) -> Option<Wdd> {
    if differences.is_empty() || differences.iter().any(|(_, weight)| !weight.is_finite()) {
        return None;
    }
    Some(differences.iter().fold(Wdd { difference: 0.0, variance: 0.0 }, |sum, (one, weight)| Wdd {
        difference: sum.difference + weight * one.difference,
        variance: sum.variance + weight * weight * one.variance,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_lengths_must_be_sizes_and_lengths() {
        let place = Place::new(3, 4);
        assert_eq!(wdd(place, place, None, (0.0, 1.0)), None);
        assert_eq!(wdd(Place { size: -1.0, ..place }, place, None, (1.0, 1.0)), None);
        assert_eq!(wdd(place, place, Some((place, Place { size: f64::NAN, ..place })), (1.0, 1.0)), None);
        assert_eq!(weighted(&[]), None);
    }

    #[test]
    fn nothing_at_all_has_no_z() {
        let nothing = wdd(Place::new(0, 0), Place::new(0, 0), None, (1.0, 1.0)).unwrap();
        assert_eq!((nothing.difference, nothing.z()), (0.0, None));
    }
}
