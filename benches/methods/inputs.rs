//! Numbers without a pattern that the peers' scripts make too, from the same lines: no file goes between.

/// Number `at` of stream `stream`, uniform in `[0, 1)`: `SplitMix64` (Steele, Lea and Flood 2014,
/// doi:10.1145/2660193.2660195).
pub fn unit(stream: u64, at: u64) -> f64 {
    let mut z = (stream << 40).wrapping_add(at.wrapping_add(1)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Events on an island 15 km by 9 km, metres from its middle: seven in ten in twelve knots of about 700 m, the others
/// anywhere.
pub fn events(count: usize) -> (Vec<f64>, Vec<f64>) {
    (0..count as u64)
        .map(|at| {
            let (u, v) = (unit(3, at), unit(4, at));
            if unit(1, at) >= 0.7 {
                return ((u - 0.5) * 15_000.0, (v - 0.5) * 9_000.0);
            }
            let knot = (unit(2, at) * 12.0).floor();
            let middle = (unit(7, knot as u64) - 0.5, unit(8, knot as u64) - 0.5);
            // The sum of two uniform numbers has a peak in the middle.
            let (du, dv) = (u + unit(5, at) - 1.0, v + unit(6, at) - 1.0);
            (middle.0 * 13_000.0 + du * 1_700.0, middle.1 * 7_000.0 + dv * 1_700.0)
        })
        .unzip()
}
