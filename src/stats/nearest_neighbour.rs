//! Nearest-neighbour hierarchical clusters: knots of points, and knots of knots.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::stats::normal::z_of_confidence;

/// A cluster of one order.
#[derive(Debug, Clone, PartialEq)]
pub struct Knot {
    /// 1 for a cluster of points, 2 for a cluster of those, and so on.
    pub order: u32,
    /// Its parts: points for order 1, else clusters of the order below, by their place in the answer; ascending.
    pub parts: Vec<usize>,
    /// All points in it, ascending.
    pub points: Vec<usize>,
    /// Mean of its parts: of the points for order 1, else of the centres of its clusters.
    pub centre: (f64, f64),
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Distance of the first order; `None` takes the lower bound of the distance expected by chance.
    pub threshold: Option<f64>,
    /// Fewest parts of a cluster, of every order.
    pub minimum: usize,
    /// Chance with which two points at random would lie closer than the distance taken from chance, one-sided.
    pub chance: f64,
    /// Area of the map, in square units of the coordinates.
    pub area: f64,
}

/// Clusters of all orders, and the distance of each order.
#[derive(Debug, Clone, PartialEq)]
pub struct Knots {
    /// Clusters, order 1 first; within an order the ones with the most parts first.
    pub knots: Vec<Knot>,
    /// Distance of each order that was tried.
    pub thresholds: Vec<f64>,
}

/// Nearest-neighbour hierarchical clustering of points on a flat map.
///
/// **Method** (Levine 2015, `CrimeStat` IV, ch. 7; the distance expected by chance after Clark and Evans 1954,
/// doi:10.2307/1931034). For each order, of the N parts left:
/// 1. The threshold is the one given (order 1 only), or d = ½·√(A/N) − z·0.26136/√(N²/A): the lower bound of the mean
///    distance of a point to the nearest other in complete randomness.
/// 2. Pairs closer than the threshold, or at it, are counted for each part.
/// 3. The part with the most such pairs (of equals the first in order) seeds a cluster with all its partners that are
///    still free. If they are at least `minimum` together, it stands and its parts are taken. This goes on with the
///    counts of what is still free until no seed has enough.
/// 4. The means of the clusters are the parts of the next order. It ends when an order finds fewer than `minimum`
///    clusters, or none.
///
/// A part is in one cluster of its order at most. The manual leaves open how equals are ranked and whether counts are
/// renewed; the rule above decides, so that the same points in the same order give the same clusters.
/// **Units**: distances in units of the coordinates.
/// **Undefined**: no clusters is an answer: an empty list. A threshold from chance needs at least two points and an
/// area.
///
/// **Cost**: points and pairs closer than the threshold; a grid finds them.
///
/// # Errors
/// `Input` for a minimum under 2, a threshold that is not positive, a chance outside 0 to ½, or no area where it is needed; `Data`
/// for coordinates that are not finite, or where more than 200 million pairs lie within the threshold; `Bug` for lists of unequal length.
///
/// # Example
/// ```
/// use vigie::stats::nearest_neighbour::{Rule, clusters};
/// let (x, y) = ([0.0, 1.0, 0.5, 50.0, 51.0, 50.0, 200.0], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 90.0]);
/// let rule = Rule { threshold: Some(2.0), minimum: 3, chance: 0.05, area: 40_000.0 };
/// let found = clusters(&x, &y, &rule)?;
/// assert_eq!(found.knots.iter().map(|knot| &knot.points[..]).collect::<Vec<_>>(), [[0, 1, 2], [3, 4, 5]]);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn clusters(x: &[f64], y: &[f64], rule: &Rule) -> Result<Knots> {
    check(x, y, rule)?;
    let mut found = Knots { knots: Vec::new(), thresholds: Vec::new() };
    let (mut xs, mut ys) = (x.to_vec(), y.to_vec());
    // Where the parts of this order stand in the answer; order 1 has points.
    let mut below: Option<usize> = None;
    for order in 1.. {
        let given = if order == 1 { rule.threshold } else { None };
        let threshold = given.or_else(|| by_chance(xs.len(), rule.area, rule.chance));
        let Some(threshold) = threshold.filter(|_| xs.len() >= rule.minimum) else { break };
        found.thresholds.push(threshold);
        let groups = one_order(&xs, &ys, threshold, rule.minimum)?;
        let start = found.knots.len();
        let (mut centres_x, mut centres_y) = (Vec::new(), Vec::new());
        for group in groups {
            let mean = |values: &[f64]| group.iter().map(|part| values[*part]).sum::<f64>() / group.len() as f64;
            let centre = (mean(&xs), mean(&ys));
            centres_x.push(centre.0);
            centres_y.push(centre.1);
            let parts: Vec<usize> = group.iter().map(|part| below.map_or(*part, |first| first + part)).collect();
            let mut points: Vec<usize> = match below {
                None => parts.clone(),
                Some(_) => parts.iter().flat_map(|part| found.knots[*part].points.iter().copied()).collect(),
            };
            points.sort_unstable();
            found.knots.push(Knot { order, parts, points, centre });
        }
        if centres_x.len() < rule.minimum {
            break;
        }
        (xs, ys, below) = (centres_x, centres_y, Some(start));
    }
    Ok(found)
}

/// The lower bound of the mean distance to the nearest other among `count` points at random in an area.
///
/// **Method** (Clark and Evans 1954, doi:10.2307/1931034): ½·√(A/N) − z·0.26136/√(N²/A), with z leaving `chance` below.
/// **Units**: the square root of the area's.
/// **Undefined**: `None` for fewer than two points, without an area, for a chance outside 0 to ½, or where the bound is
/// not above 0.
pub fn by_chance(count: usize, area: f64, chance: f64) -> Option<f64> {
    if count < 2 || !(area.is_finite() && area > 0.0) {
        return None;
    }
    let z = if chance >= 0.5 { 0.0 } else { z_of_confidence(1.0 - 2.0 * chance)? };
    let n = count as f64;
    let bound = 0.5 * (area / n).sqrt() - z * 0.26136 / (n * n / area).sqrt();
    (bound > 0.0).then_some(bound)
}

/// Pairs that one order may hold.
const MOST_PAIRS: usize = 200_000_000;

fn check(x: &[f64], y: &[f64], rule: &Rule) -> Result<()> {
    if x.len() != y.len() {
        return Err(Error::bug(format!("{} eastings and {} northings", x.len(), y.len())));
    }
    if let Some(at) = x.iter().zip(y).position(|(x, y)| !(x.is_finite() && y.is_finite())) {
        return Err(Error::data(format!("point {at} has a coordinate that is not a finite number")));
    }
    if rule.minimum < 2 {
        return Err(Error::input("a cluster has at least two parts").at("minimum"));
    }
    if rule.threshold.is_some_and(|metres| !(metres.is_finite() && metres > 0.0)) {
        return Err(Error::input("a threshold distance is a number above 0").at("distance"));
    }
    if !(rule.chance > 0.0 && rule.chance <= 0.5) {
        return Err(Error::input("the chance of a pair is above 0 and at most 0.5").at("chance"));
    }
    if !(rule.area.is_finite() && rule.area > 0.0) {
        return Err(Error::input("clusters of clusters need the area of the map").at("area"));
    }
    Ok(())
}

/// Clusters of one order: parts ascending, the largest cluster first.
fn one_order(x: &[f64], y: &[f64], threshold: f64, minimum: usize) -> Result<Vec<Vec<usize>>> {
    let pairs = close_pairs(x, y, threshold)?;
    // Parts by how many free partners they have: one bucket for each count, walked from the top.
    let mut free_partners: Vec<usize> = pairs.iter().map(Vec::len).collect();
    let mut taken = vec![false; x.len()];
    let mut queue: std::collections::BinaryHeap<(usize, std::cmp::Reverse<usize>)> =
        free_partners.iter().enumerate().map(|(part, count)| (*count, std::cmp::Reverse(part))).collect();
    let mut groups = Vec::new();
    while let Some((count, std::cmp::Reverse(seed))) = queue.pop() {
        if taken[seed] {
            continue;
        }
        if count != free_partners[seed] {
            queue.push((free_partners[seed], std::cmp::Reverse(seed)));
            continue;
        }
        if count + 1 < minimum {
            // No seed left has more.
            break;
        }
        let mut group: Vec<usize> =
            pairs[seed].iter().map(|part| *part as usize).filter(|part| !taken[*part]).collect();
        group.push(seed);
        group.sort_unstable();
        for part in &group {
            taken[*part] = true;
        }
        for part in &group {
            for partner in &pairs[*part] {
                free_partners[*partner as usize] -= 1;
            }
        }
        groups.push(group);
    }
    groups.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    Ok(groups)
}

/// For each point the others within the threshold, ascending.
fn close_pairs(x: &[f64], y: &[f64], threshold: f64) -> Result<Vec<Vec<u32>>> {
    let square = |at: usize| ((x[at] / threshold).floor() as i64, (y[at] / threshold).floor() as i64);
    let mut squares: HashMap<(i64, i64), Vec<u32>> = HashMap::new();
    for at in 0..x.len() {
        squares.entry(square(at)).or_default().push(at as u32);
    }
    let limit = threshold * threshold;
    let mut total = 0_usize;
    let mut pairs = Vec::with_capacity(x.len());
    for at in 0..x.len() {
        let (column, row) = square(at);
        let mut near = Vec::new();
        for (right, up) in (-1..=1).flat_map(|right| (-1..=1).map(move |up| (right, up))) {
            let Some(others) = squares.get(&(column + right, row + up)) else { continue };
            near.extend(others.iter().copied().filter(|other| {
                let (dx, dy) = (x[*other as usize] - x[at], y[*other as usize] - y[at]);
                *other as usize != at && dx * dx + dy * dy <= limit
            }));
        }
        near.sort_unstable();
        total += near.len();
        if total > MOST_PAIRS {
            return Err(Error::data(format!(
                "more than {MOST_PAIRS} pairs of points lie within the threshold; ask with a shorter distance or period"
            )));
        }
        pairs.push(near);
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(threshold: f64, minimum: usize) -> Rule {
        Rule { threshold: Some(threshold), minimum, chance: 0.05, area: 1e6 }
    }

    #[test]
    fn the_best_seed_comes_first_and_parts_are_taken_once() {
        // A chain 0 1 2 3 4 with steps of 1: the middle points have two partners, and 1 is the first of them.
        let (x, y) = ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0; 5]);
        let found = clusters(&x, &y, &rule(1.0, 2)).unwrap();
        let firsts: Vec<&[usize]> = found.knots.iter().filter(|k| k.order == 1).map(|k| &k.points[..]).collect();
        assert_eq!(firsts, [&[0, 1, 2][..], &[3, 4]]);
        assert!((found.knots[0].centre.0 - 1.0).abs() < 1e-12);
        // A threshold is met by a pair exactly that far apart, and not by one further.
        assert!(clusters(&x, &y, &rule(0.999, 2)).unwrap().knots.is_empty());
        assert_eq!(clusters(&x, &y, &rule(1.0, 4)).unwrap().knots.len(), 0);
    }

    #[test]
    fn knots_of_knots() {
        // Four knots of three close together, and one far away.
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (east, north) in [(0.0, 0.0), (20.0, 0.0), (0.0, 20.0), (20.0, 20.0), (900.0, 900.0)] {
            for (right, up) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] {
                x.push(east + right);
                y.push(north + up);
            }
        }
        let found = clusters(&x, &y, &rule(2.0, 3)).unwrap();
        let orders: Vec<u32> = found.knots.iter().map(|knot| knot.order).collect();
        assert_eq!(orders, [1, 1, 1, 1, 1, 2]);
        let second = &found.knots[5];
        assert_eq!((second.parts.as_slice(), second.points.len()), (&[0, 1, 2, 3][..], 12));
        // ½·√(A/5) − 1.645·0.26136/√(25/A) of a square kilometre.
        assert_eq!(found.thresholds.len(), 2);
        assert!((found.thresholds[1] - (0.5 * (1e6_f64 / 5.0).sqrt() - 1.644_854 * 0.26136 * 1e3 / 5.0)).abs() < 0.01);
    }

    #[test]
    fn chance_gives_a_distance_or_none() {
        assert!((by_chance(100, 1e6, 0.5).unwrap() - 50.0).abs() < 1e-9);
        assert!(by_chance(100, 1e6, 0.05).unwrap() < 50.0);
        assert_eq!((by_chance(1, 1e6, 0.05), by_chance(9, 0.0, 0.05), by_chance(9, 1.0, 0.0)), (None, None, None));
        let found = clusters(&[0.0, 0.1], &[0.0, 0.0], &Rule { threshold: None, ..rule(1.0, 2) }).unwrap();
        assert_eq!(found.knots.len(), 1);
    }

    #[test]
    fn wrong_rules_are_refused() {
        let wrong = |rule: Rule| clusters(&[0.0], &[0.0], &rule).unwrap_err().to_string();
        assert!(wrong(rule(0.0, 3)).contains("distance"));
        assert!(wrong(rule(1.0, 1)).contains("minimum"));
        assert!(wrong(Rule { chance: 0.7, ..rule(1.0, 3) }).contains("chance"));
        assert!(wrong(Rule { area: 0.0, ..rule(1.0, 3) }).contains("area"));
        assert!(clusters(&[f64::NAN], &[0.0], &rule(1.0, 3)).is_err());
        assert!(clusters(&[], &[], &rule(1.0, 3)).unwrap().knots.is_empty());
    }
}
