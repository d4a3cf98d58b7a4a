//! Quantiles of values, by the method that is named: two methods give two published figures.

/// How a quantile is read off between two ordered values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Linear between the two: type 7 of Hyndman and Fan.
    Linear,
    /// The nearer of the two, the even rank of two equally near.
    Nearest,
    /// The lower.
    Lower,
    /// The higher.
    Higher,
    /// Half-way.
    Midpoint,
    /// Linear at rank p(n + 1): type 6 of Hyndman and Fan, after Weibull.
    Weibull,
    /// The value with rank np, rounded up: type 1 of Hyndman and Fan.
    Equiprobable,
}

impl Method {
    /// Names, as messages list them.
    pub const NAMES: &'static str = "linear, nearest, lower, higher, midpoint, weibull or equiprobable";

    /// The method of that name.
    pub fn parse(name: &str) -> Option<Method> {
        Some(match name {
            "linear" => Method::Linear,
            "nearest" => Method::Nearest,
            "lower" => Method::Lower,
            "higher" => Method::Higher,
            "midpoint" => Method::Midpoint,
            "weibull" => Method::Weibull,
            "equiprobable" => Method::Equiprobable,
            _ => return None,
        })
    }
}

/// The quantile `p` of values in ascending order.
///
/// **Method**: Hyndman and Fan (1996), *Sample quantiles in statistical packages*, doi:10.1080/00031305.1996.10473566.
/// Type 7: h = (n − 1)p, value y(⌊h⌋) + (h − ⌊h⌋)(y(⌊h⌋ + 1) − y(⌊h⌋)), ranks from 0; type 6 (Weibull 1939): h = (n + 1)p − 1,
/// kept within the values; type 1 (equiprobable): the value of rank ⌈np⌉. The others take one of the two neighbours of h of type 7, or their mean.
/// **Units**: those of the values. **Cost**: constant; sorting is the caller's.
/// **Undefined**: `None` without values, or for p outside 0 to 1.
///
/// # Example
/// ```
/// use vigie::stats::quantile::{Method, quantile};
/// let minutes = [3.0, 4.2, 4.8, 5.1, 5.5, 6.0, 6.7, 7.4, 9.9, 10.0, 10.1, 31.0];
/// let p90 = quantile(&minutes, 0.9, Method::Linear).ok_or("no values")?;
/// assert!((p90 - 10.09).abs() < 1e-9);
/// # Ok::<(), &str>(())
/// ```
pub fn quantile(sorted: &[f64], p: f64, method: Method) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let last = (sorted.len() - 1) as f64;
    let rank = match method {
        Method::Weibull => ((last + 2.0) * p - 1.0).clamp(0.0, last),
        Method::Equiprobable => (((last + 1.0) * p - 1e-9).ceil() - 1.0).max(0.0),
        _ => last * p,
    };
    // (n − 1)p may miss a whole rank by the last bit.
    let rank = if (rank - rank.round()).abs() < 1e-9 { rank.round() } else { rank };
    let (low, share) = (rank.floor(), rank.fract());
    let low_value = *sorted.get(low as usize)?;
    let high_value = sorted.get(rank.ceil() as usize).copied().unwrap_or(low_value);
    Some(match method {
        Method::Linear | Method::Weibull => low_value + share * (high_value - low_value),
        Method::Lower | Method::Equiprobable => low_value,
        Method::Higher => high_value,
        Method::Midpoint => f64::midpoint(low_value, high_value),
        Method::Nearest => *sorted.get(rank.round_ties_even() as usize)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_differ_as_published() {
        let minutes = [3.0, 4.2, 4.8, 5.1, 5.5, 6.0, 6.7, 7.4, 9.9, 10.0, 10.1, 31.0];
        let at = |p, method| quantile(&minutes, p, method).unwrap();
        assert!((at(0.5, Method::Linear) - 6.35).abs() < 1e-12);
        assert!((at(0.9, Method::Linear) - 10.09).abs() < 1e-9);
        assert!((at(0.9, Method::Nearest) - 10.1).abs() < 1e-12);
        assert!((at(0.9, Method::Weibull) - 24.73).abs() < 1e-9);
        // 0..5 at 0.3, as Polars documents it.
        let five = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        let at = |method| quantile(&five, 0.3, method).unwrap();
        let found = [Method::Nearest, Method::Lower, Method::Higher, Method::Midpoint, Method::Linear].map(at);
        assert!(found.iter().zip([2.0, 1.0, 2.0, 1.5, 1.5]).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(quantile(&[], 0.5, Method::Linear), None);
        assert_eq!(quantile(&[1.0], 1.5, Method::Linear), None);
        assert_eq!(quantile(&[1.0], 0.9, Method::Weibull), Some(1.0));
    }
}
