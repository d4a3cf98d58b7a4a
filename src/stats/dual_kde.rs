//! Two densities of one map beside each other: ratio, log ratio, difference or sum.

use crate::error::{Error, Result};

/// How two densities are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// First over second.
    Ratio,
    /// Natural logarithm of the ratio.
    LogRatio,
    /// First less second.
    Difference,
    /// First and second.
    Sum,
}

impl Joined {
    /// All ways, the default first.
    pub const ALL: [Joined; 4] = [Joined::Ratio, Joined::LogRatio, Joined::Difference, Joined::Sum];

    /// Name on the command line and in provenance.
    pub fn name(self) -> &'static str {
        match self {
            Joined::Ratio => "ratio",
            Joined::LogRatio => "log-ratio",
            Joined::Difference => "difference",
            Joined::Sum => "sum",
        }
    }

    /// The way of that name.
    ///
    /// # Errors
    /// `Input` naming the ways there are.
    pub fn parse(name: &str) -> Result<Self> {
        Joined::ALL.into_iter().find(|way| way.name() == name).ok_or_else(|| {
            let names = Joined::ALL.map(Joined::name).join(", ");
            Error::input(format!("`{name}` is not a way to join two densities; there are {names}"))
        })
    }
}

/// Why a place has no joined value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undefined {
    /// Neither density reaches it: 0/0.
    Nothing,
    /// Only the first reaches it: the ratio has no bound.
    OnlyFirst,
    /// Only the second reaches it: the ratio is 0, and has no logarithm.
    OnlySecond,
}

impl Undefined {
    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Undefined::Nothing => "no events of either kind within reach",
            Undefined::OnlyFirst => "events of the first kind only: the ratio has no bound",
            Undefined::OnlySecond => "events of the second kind only: the ratio is 0 and has no logarithm",
        }
    }
}

/// Joins two densities place by place.
///
/// **Method** (the dual kernel of `CrimeStat`, Levine 2015, ch. 10; Kelsall and Diggle 1995, doi:10.2307/3318678, for
/// the log ratio): both with the same centres, so that places agree. For the rate of an event by its chance to happen
/// (burglaries by homes) the bandwidth should be the same too.
/// **Units**: a pure number for ratio and log ratio, else those of the densities.
/// **Undefined**: a ratio with nothing below it, with the reason: 0/0 is no answer, and x/0 is never an infinite value.
///
/// # Errors
/// `Bug` if the lists differ in length.
///
/// # Example
/// ```
/// use vigie::stats::dual_kde::{Joined, Undefined, join};
/// let ratio = join(&[6.0, 0.0, 2.0], &[3.0, 0.0, 0.0], Joined::Ratio)?;
/// assert_eq!(ratio, [Ok(2.0), Err(Undefined::Nothing), Err(Undefined::OnlyFirst)]);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn join(first: &[f64], second: &[f64], way: Joined) -> Result<Vec<std::result::Result<f64, Undefined>>> {
    if first.len() != second.len() {
        return Err(Error::bug(format!("{} and {} densities", first.len(), second.len())));
    }
    let one = |a: f64, b: f64| match way {
        Joined::Difference => Ok(a - b),
        Joined::Sum => Ok(a + b),
        Joined::Ratio | Joined::LogRatio => match (a > 0.0, b > 0.0) {
            (false, false) => Err(Undefined::Nothing),
            (true, false) => Err(Undefined::OnlyFirst),
            (false, true) if way == Joined::LogRatio => Err(Undefined::OnlySecond),
            _ if way == Joined::LogRatio => Ok(a.ln() - b.ln()),
            _ => Ok(a / b),
        },
    };
    Ok(first.iter().zip(second).map(|(a, b)| one(*a, *b)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_silently_nought_or_infinite() {
        let (a, b) = ([4.0, 0.0, 3.0, 0.0], [2.0, 5.0, 0.0, 0.0]);
        let of = |way| join(&a, &b, way).unwrap();
        assert_eq!(of(Joined::Ratio), [Ok(2.0), Ok(0.0), Err(Undefined::OnlyFirst), Err(Undefined::Nothing)],);
        let logs = of(Joined::LogRatio);
        assert!((logs[0].unwrap() - 2.0_f64.ln()).abs() < 1e-15);
        assert_eq!(logs[1..], [Err(Undefined::OnlySecond), Err(Undefined::OnlyFirst), Err(Undefined::Nothing)]);
        assert_eq!(of(Joined::Difference), [Ok(2.0), Ok(-5.0), Ok(3.0), Ok(0.0)]);
        assert_eq!(of(Joined::Sum), [Ok(6.0), Ok(5.0), Ok(3.0), Ok(0.0)]);
        assert!(join(&a, &b[..2], Joined::Sum).is_err());
        for way in Joined::ALL {
            assert_eq!(Joined::parse(way.name()).unwrap(), way);
        }
        assert!(Joined::parse("product").is_err());
    }
}
