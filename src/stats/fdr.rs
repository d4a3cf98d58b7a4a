//! False discovery rate: p of many places made into q.

/// q of every p by Benjamini and Hochberg.
///
/// **Method** (Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x): of m tests sorted by p,
/// `q_(k) = min over j ≥ k of m · p_(j) / j`, at most 1. Calling every q ≤ 0.05 a discovery keeps the expected share of
/// false ones at 5 % when the tests are independent or positively dependent.
/// **Undefined**: a `None` is no test: it stays `None` and does not count towards m.
///
/// # Example
/// ```
/// use vigie::stats::fdr::benjamini_hochberg;
/// let q = benjamini_hochberg(&[Some(0.01), None, Some(0.04)]);
/// assert_eq!(q, [Some(0.02), None, Some(0.04)]);
/// ```
pub fn benjamini_hochberg(p: &[Option<f64>]) -> Vec<Option<f64>> {
    step_up(p, 1.0)
}

/// q of every p by Benjamini and Yekutieli: safe under any dependence, and stricter.
///
/// **Method** (Benjamini and Yekutieli 2001, doi:10.1214/aos/1013699998): the Benjamini-Hochberg q before its cap,
/// times Σ 1/i for i = 1 … m, at most 1.
/// **Undefined**: as [`benjamini_hochberg`].
///
/// # Example
/// ```
/// use vigie::stats::fdr::benjamini_yekutieli;
/// assert_eq!(benjamini_yekutieli(&[Some(0.01), Some(0.5)]), [Some(0.03), Some(0.75)]);
/// ```
pub fn benjamini_yekutieli(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let tests = p.iter().flatten().count();
    step_up(p, (1..=tests).map(|i| 1.0 / i as f64).sum())
}

fn step_up(p: &[Option<f64>], factor: f64) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> = p.iter().enumerate().filter_map(|(i, p)| p.map(|p| (i, p))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let tests = order.len() as f64;
    let mut q = vec![None; p.len()];
    let mut lowest = 1.0_f64;
    for (rank, &(place, p)) in order.iter().enumerate().rev() {
        lowest = lowest.min(p * factor * tests / (rank + 1) as f64);
        q[place] = Some(lowest.max(p));
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_tested_gives_nothing() {
        assert_eq!(benjamini_hochberg(&[]), []);
        assert_eq!(benjamini_yekutieli(&[None, None]), [None, None]);
    }

    #[test]
    fn ties_share_their_q() {
        let q = benjamini_hochberg(&[Some(0.02), Some(0.02), Some(1.0)]);
        assert_eq!(q, [Some(0.03), Some(0.03), Some(1.0)]);
    }
}
