//! Random numbers by topic: each topic of one seed has its own stream, so that a change to one topic leaves the others
//! byte for byte as they were.

use rand::RngExt;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use sha2::{Digest, Sha256};

/// One topic's stream of random numbers.
pub struct Stream(Pcg64);

impl Stream {
    /// The stream of `topic` under `seed`: PCG-64 keyed with SHA-256 of both.
    pub fn new(seed: u64, topic: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(topic.as_bytes());
        let mut key = [0_u8; 32];
        key.copy_from_slice(hash.finalize().as_slice());
        Self(Pcg64::from_seed(key))
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// Uniform in `[low, high)`; `low` if the range is empty.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform whole number in `0..n`; 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { self.0.random_range(0..n) }
    }

    /// Uniform whole number of seconds in `low..=high`.
    pub fn seconds(&mut self, low: i64, high: i64) -> i64 {
        if high <= low { low } else { self.0.random_range(low..=high) }
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Exponential with the given mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Log-normal with the given median and sigma of the logarithm.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Poisson with the given mean: Knuth's product below 30, the rounded normal above.
    pub fn poisson(&mut self, mean: f64) -> usize {
        if mean <= 0.0 {
            return 0;
        }
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as usize;
        }
        let limit = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// An index drawn in proportion to `weights`; 0 if they are empty or sum to nothing.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.iter().rposition(|w| *w > 0.0).unwrap_or(0)
    }

    /// The code of one `(code, weight)` pair, drawn in proportion to the weights; empty for an empty list.
    pub fn code(&mut self, choices: &[(&'static str, f64)]) -> &'static str {
        let mut left = self.unit() * choices.iter().map(|c| c.1).sum::<f64>();
        for (code, weight) in choices {
            left -= weight;
            if left < 0.0 {
                return code;
            }
        }
        choices.last().map_or("", |c| c.0)
    }
}

/// Weights prepared for many draws.
pub struct Table {
    cumulative: Vec<f64>,
}

impl Table {
    /// A table of weights; negative ones count as nothing.
    pub fn new(weights: &[f64]) -> Self {
        let mut sum = 0.0;
        let cumulative = weights
            .iter()
            .map(|w| {
                sum += w.max(0.0);
                sum
            })
            .collect();
        Self { cumulative }
    }

    /// An index in proportion to the weights; 0 for an empty table.
    pub fn draw(&self, stream: &mut Stream) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let mark = stream.unit() * total;
        self.cumulative.partition_point(|c| *c <= mark).min(self.cumulative.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_independent_and_repeatable() {
        let first: Vec<usize> = (0..5).map(|_| 0).scan(Stream::new(1, "a"), |s, _: i32| Some(s.below(1000))).collect();
        let again: Vec<usize> = (0..5).map(|_| 0).scan(Stream::new(1, "a"), |s, _: i32| Some(s.below(1000))).collect();
        let other: Vec<usize> = (0..5).map(|_| 0).scan(Stream::new(1, "b"), |s, _: i32| Some(s.below(1000))).collect();
        assert_eq!(first, again);
        assert_ne!(first, other);
    }

    #[test]
    fn poisson_keeps_its_mean() {
        let mut stream = Stream::new(3, "poisson");
        for mean in [0.5, 12.0, 150.0] {
            let total: usize = (0..20_000).map(|_| stream.poisson(mean)).sum();
            let realised = total as f64 / 20_000.0;
            assert!((realised / mean - 1.0).abs() < 0.03, "{realised} for {mean}");
        }
    }

    #[test]
    fn a_table_never_draws_a_weight_of_nothing() {
        let table = Table::new(&[0.0, 2.0, 0.0, 1.0]);
        let mut stream = Stream::new(1, "table");
        assert!((0..1000).map(|_| table.draw(&mut stream)).all(|i| i == 1 || i == 3));
    }
}
