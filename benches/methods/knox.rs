//! Knox over seeded events of an island: half in a town of 2 × 2 km, half over 14 × 8.5 km, in three years.

use vigie::stats::bands::Bands;
use vigie::stats::knox::{Metric, Options, knox};

use super::Work;

/// The same numbers in `peers/knox_pointpats.py`: Knuth's 64-bit linear congruential generator.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Counts, expectation and 999 permutations with the bands of the Chicago burglaries. The check is the number of pairs
/// under 300 m and under 21 days.
pub fn table(events: usize) -> Work {
    let mut random = Random(12_345);
    let (mut x, mut y, mut day) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..events {
        let (left, bottom, width, height) =
            if random.unit() < 0.5 { (8000.0, 1000.0, 2000.0, 2000.0) } else { (0.0, 0.0, 14_000.0, 8500.0) };
        x.push(left + random.unit() * width);
        y.push(bottom + random.unit() * height);
        day.push((random.unit() * 1096.0) as i64);
    }
    let options = Options {
        space: Bands::from_edges(&[0.0, 1.0, 100.0, 200.0, 300.0]).unwrap(),
        time: Bands::from_edges(&[0.0, 7.0, 14.0, 21.0]).unwrap(),
        metric: Metric::Euclidean,
        permutations: 999,
        seed: 1,
    };
    Box::new(move || {
        let table = knox(&x, &y, &day, &options).unwrap();
        (0..4)
            .flat_map(|space| (0..3).map(move |time| (space, time)))
            .map(|(s, t)| table.cell(s, t).observed as f64)
            .sum()
    })
}
