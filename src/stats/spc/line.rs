//! What every chart gives for a point, and what the charts of counts are made of.

/// Centre and limits at one point of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The centre line.
    pub centre: f64,
    /// The value that runs are counted about: the centre, or the median where values are far from symmetric, because
    /// there the mean has many more of them on one side by nature.
    pub middle: f64,
    /// Lower limit, three sigma or its equal in probability.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
    /// Two sigma below.
    pub near_low: f64,
    /// Two sigma above.
    pub near_high: f64,
}

impl Line {
    /// Limits at two and three `sigma` around a centre, kept within a range of possible values.
    pub(super) fn around(centre: f64, sigma: f64, least: f64, most: f64) -> Self {
        let at = |times: f64| (centre + times * sigma).clamp(least, most);
        Self { centre, middle: centre, lower: at(-3.0), upper: at(3.0), near_low: at(-2.0), near_high: at(2.0) }
    }

    /// Everything put through a rising function: another unit, or back from a scale.
    #[must_use]
    pub fn mapped(self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            centre: f(self.centre),
            middle: f(self.middle),
            lower: f(self.lower),
            upper: f(self.upper),
            near_low: f(self.near_low),
            near_high: f(self.near_high),
        }
    }
}

/// A count and what it is a count of or over: so many of so many, or so many in so much exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// What was counted.
    pub count: f64,
    /// Out of how many, or over how much exposure.
    pub of: f64,
}

impl Part {
    /// Count over exposure; `None` unless the exposure is above 0.
    pub fn value(self) -> Option<f64> {
        (self.of > 0.0).then(|| self.count / self.of)
    }
}

/// Sum of counts over sum of exposures, of the points that are there.
pub(super) fn pooled(parts: &[Option<Part>]) -> Option<f64> {
    let (count, of) = parts.iter().flatten().fold((0.0, 0.0), |(count, of), p| (count + p.count, of + p.of));
    Part { count, of }.value()
}
