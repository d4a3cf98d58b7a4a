//! Half-open bands of distance or time, with labels that say their true edges.

use crate::error::{Error, Result};

/// Bands `[e0, e1)`, `[e1, e2)`, …, `[ek, ∞)`: a value on an edge belongs to the band that begins there, so every value
/// from `e0` on is in exactly one band.
#[derive(Debug, Clone, PartialEq)]
pub struct Bands {
    edges: Vec<f64>,
}

impl Bands {
    /// Bands between `edges`, which begin at 0 and ascend; the last band has no end.
    ///
    /// # Errors
    /// `Input` if there are fewer than two edges, the first is not 0, one is not finite, or they do not ascend.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::bands::Bands;
    /// let metres = Bands::from_edges(&[0.0, 1.0, 100.0])?;
    /// assert_eq!((metres.len(), metres.of(99.9), metres.of(100.0)), (3, 1, 2));
    /// assert_eq!(metres.label(1, "m"), "1 to under 100 m");
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn from_edges(edges: &[f64]) -> Result<Self> {
        let wanted = "the edges of bands begin at 0 and ascend, such as 0,1,100,200";
        if edges.len() < 2 || edges.first().is_none_or(|&first| first != 0.0) {
            return Err(Error::input(format!("{wanted}: at least two are needed, and the first must be 0")));
        }
        let mut pairs = edges.iter().zip(&edges[1..]);
        if let Some((edge, next)) = pairs.find(|(edge, next)| !next.is_finite() || next <= edge) {
            return Err(Error::input(format!("{wanted}: {next} does not come after {edge}")));
        }
        Ok(Self { edges: edges.to_vec() })
    }

    /// Number of bands; the last is open.
    pub fn len(&self) -> usize {
        self.edges.len()
    }

    /// Never: there are at least two bands.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Lower edges, ascending from 0.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// Where the last, open band begins.
    pub fn reach(&self) -> f64 {
        self.edges.last().copied().unwrap_or(0.0)
    }

    /// The band of a value of at least 0.
    pub fn of(&self, value: f64) -> usize {
        self.edges.iter().skip(1).take_while(|&&edge| value >= edge).count()
    }

    /// Lower edge of a band, and its upper edge, which is not part of it; `None` for the open end.
    pub fn limits(&self, band: usize) -> (f64, Option<f64>) {
        (self.edges.get(band).copied().unwrap_or(0.0), self.edges.get(band + 1).copied())
    }

    /// The band in words, from its true edges.
    pub fn label(&self, band: usize, unit: &str) -> String {
        match self.limits(band) {
            (low, Some(high)) if low > 0.0 => format!("{low} to under {high} {unit}"),
            (_, Some(high)) => format!("under {high} {unit}"),
            (low, None) => format!("{low} {unit} or more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_an_edge_is_in_one_band() {
        let bands = Bands::from_edges(&[0.0, 1.0, 7.0]).unwrap();
        assert_eq!([0.0, 0.9, 1.0, 6.9, 7.0, 1e9].map(|value| bands.of(value)), [0, 0, 1, 1, 2, 2]);
        assert_eq!(bands.label(0, "days"), "under 1 days");
        assert_eq!(bands.label(2, "days"), "7 days or more");
        assert_eq!(bands.limits(2), (7.0, None));
    }

    #[test]
    fn edges_that_make_no_bands_are_refused() {
        for edges in [&[][..], &[0.0], &[1.0, 2.0], &[0.0, 5.0, 5.0], &[0.0, f64::NAN], &[0.0, f64::INFINITY]] {
            assert!(Bands::from_edges(edges).is_err(), "{edges:?}");
        }
    }
}
