//! Where is it? Counts over the whole study area, and which neighbouring cells stand out.

mod next;
mod score;
mod settings;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

pub use next::{NEXT_CLASSES, Pick};
pub use score::{ring_neighbours, score, score_with};
pub use settings::{Against, Permutations, Settings};

use crate::analysis::selection::Selection;
use crate::error::{Error, Result};
use crate::space::{Areas, Cell, Point};
use crate::stats::moran::Quadrant;

/// Cells whose centre is at sea belong to the nearest parish within this distance, in metres.
const PARISH_REACH_M: f64 = 1_000.0;

/// How cells are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Counts and densities only.
    Count,
    /// Getis-Ord Gi*, with q by Benjamini and Hochberg.
    GiStar,
    /// Local Moran's I: clusters and outliers, by quadrant.
    LocalMoran,
    /// Kernel density at the centre of each cell.
    Kde,
    /// Where next: the order of the method that did best when it was tested.
    Next(Pick),
}

impl Method {
    /// Name on the command line, in the API and in provenance.
    pub fn name(self) -> &'static str {
        match self {
            Method::Count => "count",
            Method::GiStar => "gi-star",
            Method::LocalMoran => "local-moran",
            Method::Kde => "kde",
            Method::Next(_) => "next",
        }
    }

    /// All methods; `next` with the pick of a store where nothing was tested.
    pub const ALL: [Method; 5] =
        [Method::GiStar, Method::Count, Method::LocalMoran, Method::Kde, Method::Next(Pick::UNTESTED)];

    /// The method of that name.
    ///
    /// # Errors
    /// `Input` naming the methods there are.
    pub fn parse(name: &str) -> Result<Self> {
        Method::ALL.into_iter().find(|method| method.name() == name).ok_or_else(|| {
            Error::input(format!("`{name}` is not a method; write {}", Method::ALL.map(Method::name).join(", ")))
        })
    }
}

/// A question about places, checked once.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Records that are counted.
    pub selection: Selection,
    /// H3 resolution of the answer.
    pub resolution: u8,
    /// How cells are judged.
    pub method: Method,
}

impl Question {
    /// Coarsest resolution answered.
    pub const MIN_RESOLUTION: u8 = 5;
    /// Finest resolution answered: that of the stored cells.
    pub const MAX_RESOLUTION: u8 = Cell::STORED;

    /// Checks what the types do not.
    ///
    /// # Errors
    /// As [`Selection::check`]; `Input` for a resolution outside 5 to 11.
    pub fn check(&self) -> Result<()> {
        self.selection.check()?;
        check_resolution(self.resolution)
    }
}

/// Refuses a resolution that no map is made at.
///
/// # Errors
/// `Input` outside 5 to 11.
pub fn check_resolution(resolution: u8) -> Result<()> {
    if (Question::MIN_RESOLUTION..=Question::MAX_RESOLUTION).contains(&resolution) {
        return Ok(());
    }
    Err(Error::input(format!(
        "resolution {resolution} is outside {} to {}",
        Question::MIN_RESOLUTION,
        Question::MAX_RESOLUTION
    ))
    .at("res"))
}

/// Records counted in one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellCount {
    /// Cell of the question's resolution.
    pub cell: Cell,
    /// Records in it.
    pub count: u64,
}

/// How far a cell stands out, by its q.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bin {
    /// q ≤ 0.01, lower than expected.
    Cold99,
    /// q ≤ 0.05, lower than expected.
    Cold95,
    /// q ≤ 0.10, lower than expected.
    Cold90,
    /// Not significant, or undefined.
    None,
    /// q ≤ 0.10, higher than expected.
    Hot90,
    /// q ≤ 0.05, higher than expected.
    Hot95,
    /// q ≤ 0.01, higher than expected.
    Hot99,
}

impl Bin {
    /// All bins, coldest first.
    pub const ALL: [Bin; 7] = [Bin::Cold99, Bin::Cold95, Bin::Cold90, Bin::None, Bin::Hot90, Bin::Hot95, Bin::Hot99];

    /// The bin of a z and its q: the size by q, the side by the sign of z.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::hotspot::Bin;
    /// assert_eq!(Bin::of(Some(3.1), Some(0.03)).words(), "hot 95%");
    /// assert_eq!(Bin::of(None, None), Bin::None);
    /// ```
    pub fn of(z: Option<f64>, q: Option<f64>) -> Self {
        let (Some(z), Some(q)) = (z, q) else { return Bin::None };
        let (cold, hot) = match q {
            q if q <= 0.01 => (Bin::Cold99, Bin::Hot99),
            q if q <= 0.05 => (Bin::Cold95, Bin::Hot95),
            q if q <= 0.10 => (Bin::Cold90, Bin::Hot90),
            _ => return Bin::None,
        };
        if z > 0.0 { hot } else { cold }
    }

    /// Words of tables and the API.
    pub fn words(self) -> &'static str {
        match self {
            Bin::Cold99 => "cold 99%",
            Bin::Cold95 => "cold 95%",
            Bin::Cold90 => "cold 90%",
            Bin::None => "none",
            Bin::Hot90 => "hot 90%",
            Bin::Hot95 => "hot 95%",
            Bin::Hot99 => "hot 99%",
        }
    }

    /// −3 (cold 99 %) to 3 (hot 99 %), as map tiles carry it.
    pub fn level(self) -> i8 {
        match self {
            Bin::Cold99 => -3,
            Bin::Cold95 => -2,
            Bin::Cold90 => -1,
            Bin::None => 0,
            Bin::Hot90 => 1,
            Bin::Hot95 => 2,
            Bin::Hot99 => 3,
        }
    }
}

impl Serialize for Bin {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
}

/// One cell of the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellScore {
    /// Cell.
    pub cell: Cell,
    /// Parish of its centre, or the nearest; `None` until [`HotspotMap::with_parishes`], and far from any.
    pub parish: Option<String>,
    /// Area of the cell in square kilometres.
    pub area_km2: f64,
    /// Records in it; `None` if suppressed.
    pub count: Option<u64>,
    /// Records a square kilometre over the whole period; `None` if suppressed.
    pub rate_per_km2: Option<f64>,
    /// What some methods add.
    #[serde(flatten)]
    pub detail: Detail,
    /// Gi*, or local Moran's I, in standard deviates; `None` if undefined or suppressed.
    pub z: Option<f64>,
    /// Two-sided p of z.
    pub p: Option<f64>,
    /// p adjusted over all cells of this answer (Benjamini and Hochberg).
    pub q: Option<f64>,
    /// How far it stands out, by q.
    pub bin: Bin,
    /// Centre.
    #[serde(flatten)]
    pub centre: Point,
}

/// What some methods and settings add to a cell; left out of answers that do not have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Detail {
    /// Place in the order of the picked method, 1 the likeliest; `None` if suppressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<u64>,
    /// Share of the area that this cell and all likelier ones make up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_share: Option<f64>,
    /// Records weighted by harm, in the unit of the weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weighted: Option<f64>,
    /// How the cell and its neighbours lie about the mean: local Moran's I.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quadrant: Option<Quadrant>,
    /// Records a square kilometre at the centre, by kernel density.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density_per_km2: Option<f64>,
    /// That density times the area of the cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_count: Option<f64>,
    /// Density of the other records, of two densities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against_density_per_km2: Option<f64>,
    /// Both joined: ratio, log ratio, difference or sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<f64>,
    /// Why they cannot be joined here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_undefined: Option<&'static str>,
}

/// The answer: every cell of the study area, zeros included.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HotspotMap {
    /// Cells, ascending.
    pub rows: Vec<CellScore>,
    /// Records with a cell outside the study area, not counted; `None` if suppressed.
    pub outside_study_area: Option<u64>,
    /// Why no cell has a z, if none has.
    pub undefined_reason: Option<String>,
}

impl HotspotMap {
    /// Records counted; `None` if a cell is suppressed.
    pub fn total(&self) -> Option<u64> {
        self.rows.iter().map(|row| row.count).sum()
    }

    /// Names the parish of every cell.
    #[must_use]
    pub fn with_parishes(mut self, areas: &Areas) -> Self {
        for row in &mut self.rows {
            row.parish = areas.find_near(row.centre, PARISH_REACH_M).map(str::to_owned);
        }
        self
    }

    /// Hot cells that touch each other, as one hotspot each; the one with the most records first, and within one the
    /// cell with the most records first.
    pub fn hotspots(&self) -> Vec<Vec<&CellScore>> {
        let mut left: BTreeMap<Cell, &CellScore> =
            self.rows.iter().filter(|row| row.bin > Bin::None).map(|row| (row.cell, row)).collect();
        let mut groups = Vec::new();
        while let Some((_, first)) = left.pop_first() {
            let mut group = vec![first];
            let mut next = 0;
            while let Some(row) = group.get(next) {
                group.extend(row.cell.ring1().iter().filter_map(|cell| left.remove(cell)));
                next += 1;
            }
            group.sort_by(|a, b| b.count.cmp(&a.count).then(a.cell.cmp(&b.cell)));
            groups.push(group);
        }
        let records = |group: &[&CellScore]| group.iter().filter_map(|row| row.count).sum::<u64>();
        groups.sort_by(|a, b| records(b).cmp(&records(a)).then(a[0].cell.cmp(&b[0].cell)));
        groups
    }

    /// Cells of a quadrant whose q is at most 0.10, most certain first: by q, then cell.
    pub fn in_quadrant(&self, quadrant: Quadrant) -> Vec<&CellScore> {
        let certain = |row: &&CellScore| row.detail.quadrant == Some(quadrant) && row.q.is_some_and(|q| q <= 0.10);
        let mut rows: Vec<&CellScore> = self.rows.iter().filter(certain).collect();
        rows.sort_by(|a, b| a.q.unwrap_or(1.0).total_cmp(&b.q.unwrap_or(1.0)).then(a.cell.cmp(&b.cell)));
        rows
    }

    /// Cells by density, the densest first; those without one are left out.
    pub fn densest(&self) -> Vec<&CellScore> {
        let mut rows: Vec<&CellScore> =
            self.rows.iter().filter(|row| row.detail.density_per_km2.is_some_and(|d| d > 0.0)).collect();
        let density = |row: &CellScore| row.detail.density_per_km2.unwrap_or(0.0);
        rows.sort_by(|a, b| density(b).total_cmp(&density(a)).then(a.cell.cmp(&b.cell)));
        rows
    }

    /// Cells that stand out as hot, most certain first: by q, then z, then cell.
    pub fn hottest(&self) -> Vec<&CellScore> {
        let mut hot: Vec<&CellScore> = self.rows.iter().filter(|row| row.bin > Bin::None).collect();
        let key = |value: Option<f64>| value.unwrap_or(f64::INFINITY);
        hot.sort_by(|a, b| {
            key(a.q)
                .total_cmp(&key(b.q))
                .then(b.z.unwrap_or(0.0).total_cmp(&a.z.unwrap_or(0.0)))
                .then(b.bin.cmp(&a.bin))
                .then(a.cell.cmp(&b.cell))
        });
        hot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_period_name;
    use crate::space::StudyArea;

    fn question(method: Method) -> Question {
        let selection = Selection::of("crimes", parse_period_name("2017").unwrap());
        Question { selection, resolution: 9, method }
    }

    fn town() -> Cell {
        Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap()
    }

    #[test]
    fn questions_are_checked() {
        question(Method::GiStar).check().unwrap();
        let wrong = |change: fn(&mut Question)| {
            let mut question = question(Method::Count);
            change(&mut question);
            question.check().unwrap_err().to_string()
        };
        assert!(wrong(|q| q.selection.dataset = "crime".into()).contains("crimes"));
        assert!(wrong(|q| q.selection.dataset = "stocks".into()).contains("not a dataset"));
        assert!(wrong(|q| q.selection.group = Some(" ".into())).contains("group"));
        assert!(wrong(|q| q.resolution = 12).contains("5 to 11"));
        assert!(wrong(|q| q.selection.period.to = q.selection.period.from).contains("end after"));
        assert!(Method::parse("gi").is_err());
    }

    #[test]
    fn a_planted_cluster_is_hot_and_zeros_are_kept() {
        let jersey = StudyArea::jersey().unwrap();
        let counts: Vec<CellCount> = town().disk(1).into_iter().map(|cell| CellCount { cell, count: 40 }).collect();
        let map = score(&counts, &jersey, &question(Method::GiStar)).unwrap();
        assert_eq!(map.rows.len(), jersey.cells(9).unwrap().len());
        assert_eq!(map.total(), Some(280));
        let at = |cell: Cell| map.rows.iter().find(|row| row.cell == cell).unwrap();
        assert_eq!(at(town()).bin, Bin::Hot99);
        assert!(map.rows.iter().filter(|row| row.bin == Bin::None).count() > 900);
        assert_eq!(map.hottest()[0].cell, town());
        let far = Cell::at(Point { lat: 49.235, lon: -2.2 }, 9).unwrap();
        assert_eq!((at(far).count, at(far).bin), (Some(0), Bin::None));
        let named = map.clone().with_parishes(&Areas::jersey_parishes().unwrap());
        assert!(named.rows.iter().all(|row| row.parish.is_some()));
    }

    #[test]
    fn outside_is_counted_and_nothing_undefined_is_nought() {
        let jersey = StudyArea::jersey().unwrap();
        let far = Cell::at(Point { lat: 48.0, lon: -2.0 }, 9).unwrap();
        let map = score(&[CellCount { cell: far, count: 7 }], &jersey, &question(Method::GiStar)).unwrap();
        assert_eq!((map.outside_study_area, map.total()), (Some(7), Some(0)));
        assert!(map.undefined_reason.is_some() && map.rows.iter().all(|row| row.z.is_none() && row.q.is_none()));
        let coarse = town().parent(8).unwrap();
        assert!(score(&[CellCount { cell: coarse, count: 1 }], &jersey, &question(Method::Count)).is_err());
    }

    #[test]
    fn bins_by_q_and_sign() {
        let words = |z, q| Bin::of(Some(z), Some(q)).words();
        assert_eq!((words(3.0, 0.01), words(-3.0, 0.05), words(2.0, 0.1)), ("hot 99%", "cold 95%", "hot 90%"));
        assert_eq!(words(5.0, 0.100_1), "none");
        let levels: Vec<i8> = Bin::ALL.iter().map(|bin| bin.level()).collect();
        assert_eq!(levels, [-3, -2, -1, 0, 1, 2, 3]);
    }

    #[test]
    fn rows_read_as_the_interface_says() {
        let jersey = StudyArea::jersey().unwrap();
        let map = score(&[], &jersey, &question(Method::Count)).unwrap();
        let json = serde_json::to_value(&map.rows[0]).unwrap();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let wanted = ["cell", "parish", "area_km2", "count", "rate_per_km2", "z", "p", "q", "bin", "lat", "lon"];
        assert_eq!(keys, wanted);
        assert_eq!(json["bin"], "none");
    }
}
