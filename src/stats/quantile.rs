//! A quantile of values, by the method that the definition names: the same calls have several 90th percentiles.

/// How a quantile between two values is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// On the line between the two at (n − 1)p: R type 7, the house method.
    Linear,
    /// The nearer of the two at (n − 1)p; halfway, the one of even rank.
    Nearest,
    /// The lower of the two.
    Lower,
    /// The upper of the two.
    Higher,
    /// Halfway between the two.
    Midpoint,
    /// On the line between the two at (n + 1)p − 1: R type 6.
    Weibull,
    /// The value with rank np, rounded up: R type 1.
    Equiprobable,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 7] = [
        Method::Linear,
        Method::Nearest,
        Method::Lower,
        Method::Higher,
        Method::Midpoint,
        Method::Weibull,
        Method::Equiprobable,
    ];

    /// Names, as messages list them.
    pub const NAMES: &'static str = "linear, nearest, lower, higher, midpoint, weibull or equiprobable";

    /// Name in definitions.
    pub fn name(self) -> &'static str {
        match self {
            Method::Linear => "linear",
            Method::Nearest => "nearest",
            Method::Lower => "lower",
            Method::Higher => "higher",
            Method::Midpoint => "midpoint",
            Method::Weibull => "weibull",
            Method::Equiprobable => "equiprobable",
        }
    }

    /// The method of that name.
    pub fn parse(name: &str) -> Option<Method> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// The `p` quantile of values.
///
/// **Method** (Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566): values in order, counted from 0; the quantile lies
/// at h = (n − 1)p (`Weibull`: (n + 1)p − 1, within the values) and is taken from its neighbours as the [`Method`] says.
/// **Units**: those of the values, in any order; values in order cost no more than a look at each.
/// **Undefined**: `None` without a value, if one is not finite, or unless 0 ≤ p ≤ 1.
///
/// # Example
/// ```
/// use vigie::stats::quantile::{Method, quantile};
/// let values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
/// assert_eq!(quantile(&values, 0.3, Method::Linear), Some(1.5));
/// assert_eq!(quantile(&values, 0.3, Method::Nearest), Some(2.0));
/// ```
pub fn quantile(values: &[f64], p: f64, method: Method) -> Option<f64> {
    if values.is_empty() || values.iter().any(|value| !value.is_finite()) || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let at = match method {
        Method::Weibull => ((n + 1.0) * p - 1.0).clamp(0.0, n - 1.0),
        Method::Equiprobable => ((n * p - 1e-9).ceil() - 1.0).max(0.0),
        _ => (n - 1.0) * p,
    };
    // (n − 1)p may miss a whole rank by its last bit.
    let at = if (at - at.round()).abs() < 1e-9 { at.round() } else { at };
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(match method {
        Method::Linear | Method::Weibull => low + (high - low) * at.fract(),
        Method::Nearest => sorted[at.round_ties_even() as usize],
        Method::Lower | Method::Equiprobable => low,
        Method::Higher => high,
        Method::Midpoint => f64::midpoint(low, high),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_single_values() {
        for method in Method::ALL {
            assert_eq!(quantile(&[4.0], 0.7, method), Some(4.0), "{}", method.name());
            assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.0, method), Some(1.0), "{}", method.name());
            assert_eq!(quantile(&[3.0, 1.0, 2.0], 1.0, method), Some(3.0), "{}", method.name());
            assert_eq!(quantile(&[], 0.5, method), None);
            assert_eq!(quantile(&[f64::NAN], 0.5, method), None);
            assert_eq!(Method::parse(method.name()), Some(method));
        }
        assert_eq!(quantile(&[1.0], 1.5, Method::Linear), None);
    }
}
