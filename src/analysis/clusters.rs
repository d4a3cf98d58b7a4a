//! Where do points lie close together? Clusters found from the points themselves and shown by cells: no point leaves.

use serde::{Serialize, Serializer};

use crate::analysis::density::Placed;
use crate::analysis::selection::Selection;
use crate::error::{Error, Result};
use crate::space::dbscan::{convex_outline, dbscan};
use crate::space::distance::LocalMetres;
use crate::space::{Areas, Cell, Point, StudyArea};
use crate::stats::ellipse::ellipse;
use crate::stats::nearest_neighbour::{Rule, clusters};

/// Clusters whose middle is at sea belong to the nearest parish within this distance, in metres.
const PARISH_REACH_M: f64 = 1_000.0;

/// How clusters are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By density: DBSCAN.
    Dbscan,
    /// Nearest-neighbour hierarchical: clusters, and clusters of clusters.
    NearestNeighbour,
}

impl Method {
    /// Name on the command line and in provenance.
    pub fn name(self) -> &'static str {
        match self {
            Method::Dbscan => "dbscan",
            Method::NearestNeighbour => "nnh",
        }
    }

    /// The method of that name.
    ///
    /// # Errors
    /// `Input` naming the methods there are.
    pub fn parse(name: &str) -> Result<Self> {
        [Method::Dbscan, Method::NearestNeighbour].into_iter().find(|method| method.name() == name).ok_or_else(|| {
            Error::input(format!("`{name}` is not a method of clusters; write dbscan or nnh")).at("method")
        })
    }
}

/// A question about clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Which records.
    pub selection: Selection,
    /// How clusters are found.
    pub method: Method,
    /// Reach in metres. Left out, DBSCAN takes [`Question::USUAL_DISTANCE_M`] and nearest neighbours the distance by
    /// chance.
    pub distance_m: Option<f64>,
    /// Fewest points of a cluster (of parts, for a cluster of clusters).
    pub minimum: usize,
    /// H3 resolution of the cells by which clusters are shown.
    pub resolution: u8,
}

impl Question {
    /// Reach of DBSCAN, unless said.
    pub const USUAL_DISTANCE_M: f64 = 100.0;
    /// Fewest points of a cluster, unless said.
    pub const USUAL_MINIMUM: usize = 10;
    /// Chance with which two points at random lie closer than the distance that nearest neighbours take by chance.
    pub const CHANCE: f64 = 0.05;

    /// Checks what the types do not.
    ///
    /// # Errors
    /// `Input` naming the field.
    pub fn check(&self) -> Result<()> {
        self.selection.check()?;
        if self.distance_m.is_some_and(|metres| !(1.0..=10_000.0).contains(&metres)) {
            return Err(Error::input("a distance is 1 to 10,000 metres").at("distance"));
        }
        if !(2..=100_000).contains(&self.minimum) {
            return Err(Error::input("a cluster has at least 2 and at most 100,000 points").at("minimum"));
        }
        if !(5..=Cell::STORED).contains(&self.resolution) {
            return Err(
                Error::input(format!("resolution {} is outside 5 to {}", self.resolution, Cell::STORED)).at("res")
            );
        }
        Ok(())
    }

    /// The question in one line, for the audit.
    pub fn subject(&self) -> String {
        let distance = self.distance_m.map_or_else(|| "usual".to_owned(), |metres| metres.to_string());
        format!(
            "{} method={} distance_m={distance} minimum={} res={}",
            self.selection.subject(),
            self.method.name(),
            self.minimum,
            self.resolution
        )
    }
}

/// One cluster, as it may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cluster {
    /// Place in the list, from 1.
    pub rank: u32,
    /// 1 for a cluster of points; 2 for a cluster of those, and so on.
    pub order: u32,
    /// Records in it.
    pub count: u64,
    /// Cell of its middle.
    pub cell: Cell,
    /// Parish of its middle, or the nearest.
    pub parish: Option<String>,
    /// Centre of that cell.
    #[serde(flatten)]
    pub centre: Point,
    /// Corners of its convex outline: centres of cells, never points. Empty if suppressed.
    #[serde(serialize_with = "corners")]
    pub hull: Vec<Point>,
    /// Longer half-axis of the standard deviational ellipse, to ten metres.
    pub long_m: Option<f64>,
    /// Shorter half-axis, to ten metres.
    pub short_m: Option<f64>,
    /// Direction of the longer axis, degrees clockwise from north.
    pub bearing_deg: Option<f64>,
}

fn corners<S: Serializer>(hull: &[Point], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_seq(hull.iter().map(|point| [point.lon, point.lat]))
}

/// Clusters, and the records outside any.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterMap {
    /// Clusters: order 1 first, within an order the ones with the most records first.
    pub rows: Vec<Cluster>,
    /// Records in a shown cluster of order 1; `None` if suppressed.
    pub clustered: Option<u64>,
    /// Records in none.
    pub scattered: Option<u64>,
    /// Clusters with fewer records than may be shown: counted, not shown.
    pub too_small: u64,
    /// Records outside the study area, not looked at.
    pub outside_study_area: Option<u64>,
    /// Reach of each order, in metres.
    pub distances_m: Vec<f64>,
}

impl ClusterMap {
    /// Names the parish of every cluster.
    #[must_use]
    pub fn with_parishes(mut self, areas: &Areas) -> Self {
        for row in &mut self.rows {
            row.parish = areas.find_near(row.centre, PARISH_REACH_M).map(str::to_owned);
        }
        self
    }
}

/// Finds clusters among records and makes them fit to be shown: at least `fewest` records each, outlines by centres of
/// cells.
///
/// **Method**: [`dbscan`] or [`clusters`] on a flat map around the middle of the study area; the order of the records
/// decides nothing but which of equals comes first, so they must come sorted. The outline is convex around the centres
/// of the cells that hold the cluster's points; the ellipse is that of the points ([`ellipse`]), to ten metres and
/// whole degrees.
/// **Undefined**: no clusters is an answer: an empty list.
///
/// # Errors
/// As [`dbscan`] and [`clusters`]; `Bug` for a cell of another resolution.
pub fn find(records: &[Placed], area: &StudyArea, question: &Question, fewest: u64) -> Result<ClusterMap> {
    let cells = area.cells(question.resolution)?;
    let bounds = area.bounds();
    let flat = LocalMetres::around(Point {
        lat: f64::midpoint(bounds.south, bounds.north),
        lon: f64::midpoint(bounds.west, bounds.east),
    });
    let inside: Vec<Placed> =
        records.iter().copied().filter(|record| cells.binary_search(&record.cell).is_ok()).collect();
    let points: Vec<(f64, f64)> = inside.iter().map(|record| flat.to_metres(record.point)).collect();
    let (groups, distances_m) = match question.method {
        Method::Dbscan => {
            let distance = question.distance_m.unwrap_or(Question::USUAL_DISTANCE_M);
            (by_label(&dbscan(&points, distance, question.minimum)?), vec![distance])
        }
        Method::NearestNeighbour => {
            let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
            let rule = Rule {
                threshold: question.distance_m,
                minimum: question.minimum,
                chance: Question::CHANCE,
                area: area.area_km2() * 1e6,
            };
            let found = clusters(&x, &y, &rule)?;
            (found.knots.into_iter().map(|knot| (knot.order, knot.points)).collect(), found.thresholds)
        }
    };
    let shown = |group: &&(u32, Vec<usize>)| group.1.len() as u64 >= fewest;
    let mut rows: Vec<Cluster> = groups
        .iter()
        .filter(shown)
        .filter_map(|(order, members)| cluster(*order, members, &inside, &points, &flat, question.resolution))
        .collect();
    rows.sort_by(|a, b| a.order.cmp(&b.order).then(b.count.cmp(&a.count)).then(a.cell.cmp(&b.cell)));
    for (at, row) in rows.iter_mut().enumerate() {
        row.rank = at as u32 + 1;
    }
    let clustered: u64 = rows.iter().filter(|row| row.order == 1).map(|row| row.count).sum();
    Ok(ClusterMap {
        clustered: Some(clustered),
        scattered: Some(inside.len() as u64 - clustered),
        too_small: groups.len() as u64 - rows.len() as u64,
        outside_study_area: Some((records.len() - inside.len()) as u64),
        distances_m,
        rows,
    })
}

/// Members of each cluster, by its number.
fn by_label(labels: &[Option<usize>]) -> Vec<(u32, Vec<usize>)> {
    let mut groups: Vec<(u32, Vec<usize>)> = Vec::new();
    for (at, label) in labels.iter().enumerate() {
        let Some(label) = *label else { continue };
        if groups.len() <= label {
            groups.resize(label + 1, (1, Vec::new()));
        }
        groups[label].1.push(at);
    }
    groups
}

fn cluster(
    order: u32,
    members: &[usize],
    records: &[Placed],
    points: &[(f64, f64)],
    flat: &LocalMetres,
    resolution: u8,
) -> Option<Cluster> {
    let (x, y): (Vec<f64>, Vec<f64>) = members.iter().map(|at| points[*at]).unzip();
    let n = members.len() as f64;
    let middle = flat.to_point(x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let cell = Cell::at(middle, resolution)?;
    let mut cells: Vec<Cell> = members.iter().map(|at| records[*at].cell).collect();
    cells.sort_unstable();
    cells.dedup();
    let centres: Vec<Point> = cells.iter().map(|cell| cell.centre()).collect();
    let shape = ellipse(&x, &y);
    let tens = |metres: f64| (metres / 10.0).round() * 10.0;
    Some(Cluster {
        rank: 0,
        order,
        count: members.len() as u64,
        cell,
        parish: None,
        centre: cell.centre(),
        hull: convex_outline(&centres),
        long_m: shape.map(|shape| tens(shape.long)),
        short_m: shape.map(|shape| tens(shape.short)),
        bearing_deg: shape.map(|shape| shape.bearing_deg.round().rem_euclid(180.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_period_name;

    fn question(method: Method) -> Question {
        let selection = Selection::of("crimes", parse_period_name("2017").unwrap());
        Question { selection, method, distance_m: Some(120.0), minimum: 5, resolution: 10 }
    }

    fn knot(lat: f64, lon: f64, count: u32) -> Vec<Placed> {
        (0..count)
            .map(|i| Point { lat: lat + f64::from(i % 5) * 0.0004, lon: lon + f64::from(i / 5) * 0.0006 })
            .map(|point| Placed { point, cell: Cell::at(point, 10).unwrap() })
            .collect()
    }

    #[test]
    fn knots_are_found_and_no_corner_is_a_point() {
        let jersey = StudyArea::jersey().unwrap();
        let mut records = [knot(49.186, -2.107, 25), knot(49.215, -2.15, 12), knot(49.23, -2.2, 3)].concat();
        records.push(Placed {
            point: Point { lat: 48.0, lon: -2.0 },
            cell: Cell::at(Point { lat: 48.0, lon: -2.0 }, 10).unwrap(),
        });
        for method in [Method::Dbscan, Method::NearestNeighbour] {
            let found = find(&records, &jersey, &question(method), 5).unwrap();
            let firsts: Vec<&Cluster> = found.rows.iter().filter(|row| row.order == 1).collect();
            assert!(firsts.len() >= 2 && firsts[0].rank == 1, "{method:?}");
            assert_eq!(found.outside_study_area, Some(1));
            assert_eq!(found.clustered.unwrap() + found.scattered.unwrap(), 40);
            for row in &found.rows {
                for corner in &row.hull {
                    assert!(records.iter().all(|record| record.point != *corner), "{corner:?}");
                    assert_eq!(Cell::at(*corner, 10).unwrap().centre(), *corner);
                }
            }
        }
        let dbscan = find(&records, &jersey, &question(Method::Dbscan), 5).unwrap();
        let counts: Vec<u64> = dbscan.rows.iter().map(|row| row.count).collect();
        assert_eq!((counts, dbscan.too_small, dbscan.scattered), (vec![25, 12], 0, Some(3)));
    }

    #[test]
    fn small_clusters_are_counted_and_not_shown() {
        let jersey = StudyArea::jersey().unwrap();
        let records = [knot(49.186, -2.107, 25), knot(49.215, -2.15, 6)].concat();
        let found = find(&records, &jersey, &question(Method::Dbscan), 10).unwrap();
        assert_eq!((found.rows.len(), found.too_small, found.scattered), (1, 1, Some(6)));
    }

    #[test]
    fn questions_are_checked() {
        let wrong = |change: fn(&mut Question)| {
            let mut asked = question(Method::Dbscan);
            change(&mut asked);
            asked.check().unwrap_err().to_string()
        };
        assert!(wrong(|q| q.distance_m = Some(0.0)).contains("distance"));
        assert!(wrong(|q| q.minimum = 1).contains("minimum"));
        assert!(wrong(|q| q.resolution = 12).contains("res"));
        assert!(question(Method::Dbscan).check().is_ok());
        assert!(Method::parse("kmeans").is_err());
        assert_eq!(Method::parse("nnh").unwrap(), Method::NearestNeighbour);
    }
}
