//! Clusters of points by density: DBSCAN, and the convex outline of some points.

use geo::{ConvexHull, Dbscan};
use geo_types::{MultiPoint, Point as FlatPoint};

use crate::error::{Error, Result};
use crate::space::distance::LocalMetres;
use crate::space::point::Point;

/// Pairs of points within reach that one run may look at.
const MOST_PAIRS: f64 = 3e9;

/// The cluster of every point of a flat map in metres; `None` for noise.
///
/// **Method** (Ester, Kriegel, Sander and Xu 1996, KDD-96, pp. 226-231; the crate `geo`): a point with at least
/// `minimum` points within `distance` (itself counted, the distance itself within) is a core point; core points within
/// reach of each other are in one cluster, and points within reach of a core point join the first cluster that reaches
/// them. Clusters are numbered from 0 in the order of their first point, so the same points in the same order give the
/// same numbers.
/// **Units**: metres.
///
/// # Errors
/// `Input` for a distance that is not positive or a minimum under 2; `Data` where so many points lie on so little ground that
/// the pairs within reach would take hours.
///
/// # Example
/// ```
/// use vigie::space::dbscan::dbscan;
/// let found = dbscan(&[(0.0, 0.0), (3.0, 0.0), (0.0, 3.0), (500.0, 0.0)], 10.0, 3)?;
/// assert_eq!(found, [Some(0), Some(0), Some(0), None]);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn dbscan(points: &[(f64, f64)], distance: f64, minimum: usize) -> Result<Vec<Option<usize>>> {
    if !(distance.is_finite() && distance > 0.0) {
        return Err(Error::input("a distance is a number of metres above 0").at("distance"));
    }
    if minimum < 2 {
        return Err(Error::input("a cluster has at least two points").at("minimum"));
    }
    if pairs_at_least(points, distance) > MOST_PAIRS {
        return Err(Error::data(format!(
            "too many of the {} points lie within {distance} m of each other; ask with a shorter distance or period",
            points.len()
        )));
    }
    let flat: Vec<FlatPoint<f64>> = points.iter().map(|(x, y)| FlatPoint::new(*x, *y)).collect();
    Ok(flat.dbscan(distance, minimum))
}

/// Pairs within squares whose diagonal is the distance: each is within reach, and there are a few times more.
fn pairs_at_least(points: &[(f64, f64)], distance: f64) -> f64 {
    let side = distance / std::f64::consts::SQRT_2;
    let mut squares: Vec<(i64, i64)> =
        points.iter().map(|(x, y)| ((x / side).floor() as i64, (y / side).floor() as i64)).collect();
    squares.sort_unstable();
    squares.chunk_by(|a, b| a == b).map(|same| (same.len() as f64).powi(2)).sum()
}

/// Corners of the convex outline of some points, anticlockwise, the first not repeated; fewer than three points come
/// back as they are.
///
/// # Example
/// ```
/// use vigie::space::{Point, dbscan::convex_outline};
/// let at = |lat, lon| Point { lat, lon };
/// let corners = convex_outline(&[at(49.2, -2.1), at(49.2, -2.0), at(49.3, -2.0), at(49.3, -2.1), at(49.25, -2.05)]);
/// assert_eq!(corners.len(), 4);
/// ```
pub fn convex_outline(points: &[Point]) -> Vec<Point> {
    let Some(first) = points.first().filter(|_| points.len() > 2) else { return points.to_vec() };
    let map = LocalMetres::around(*first);
    let flat: MultiPoint<f64> = points.iter().map(|p| map.to_metres(*p)).map(|(x, y)| FlatPoint::new(x, y)).collect();
    let outline = flat.convex_hull();
    let ring = &outline.exterior().0;
    // Corners are some of the points: their own coordinates, not what projecting there and back made of them.
    let own = |x: f64, y: f64| {
        let apart = |p: &Point| {
            let (px, py) = map.to_metres(*p);
            (px - x).hypot(py - y)
        };
        points.iter().copied().min_by(|a, b| apart(a).total_cmp(&apart(b)))
    };
    let open = if ring.len() > 1 { &ring[..ring.len() - 1] } else { ring };
    let mut corners: Vec<Point> = open.iter().filter_map(|corner| own(corner.x, corner.y)).collect();
    corners.dedup();
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_itself_is_within_reach() {
        let line = [(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)];
        assert_eq!(dbscan(&line, 10.0, 3).unwrap(), [Some(0), Some(0), Some(0)]);
        assert_eq!(dbscan(&line, 9.999, 2).unwrap(), [None, None, None]);
    }

    #[test]
    fn wrong_questions_and_hopeless_ones_are_refused() {
        assert!(dbscan(&[(0.0, 0.0)], 0.0, 3).is_err() && dbscan(&[(0.0, 0.0)], 1.0, 1).is_err());
        let heap = vec![(1.0, 1.0); 60_000];
        assert!(dbscan(&heap, 100.0, 5).unwrap_err().message().contains("60000 points"));
        assert_eq!(dbscan(&[], 5.0, 3).unwrap(), []);
    }

    #[test]
    fn outlines_of_few_points_and_of_a_line() {
        let at = |lat: f64| Point { lat, lon: -2.0 };
        assert_eq!(convex_outline(&[at(49.0)]), [at(49.0)]);
        let line = convex_outline(&[at(49.0), at(49.1), at(49.2)]);
        assert!(line.len() <= 3 && line.contains(&at(49.0)) && line.contains(&at(49.2)), "{line:?}");
    }
}
