//! Where is it thickest? A kernel density of the points themselves, at the centre of every cell.

use crate::analysis::hotspot::{Bin, CellScore, Detail, HotspotMap, Question, Settings};
use crate::error::{Error, Result};
use crate::space::distance::LocalMetres;
use crate::space::{Cell, Point, StudyArea};
use crate::stats::dual_kde::{Joined, join};
use crate::stats::kde::{Kernel, Points, bandwidth, density};

/// A record's place: its point, and its cell at the question's resolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// Where it lies.
    pub point: Point,
    /// The cell that counts it.
    pub cell: Cell,
}

/// Holds a density against that of other records: the same kernel and bandwidth, joined cell by cell ([`join`]).
///
/// # Errors
/// As [`map`].
pub fn hold_against(
    first: &mut Density,
    others: &[Placed],
    area: &StudyArea,
    question: &Question,
    joined: Joined,
) -> Result<()> {
    let Some(metres) = first.bandwidth_m.filter(|_| first.map.undefined_reason.is_none()) else { return Ok(()) };
    let same = Settings { kernel: Some(first.kernel), bandwidth_m: Some(metres), ..Settings::default() };
    let second = map(others, area, question, &same)?.map;
    if second.undefined_reason.is_some() {
        first.map.undefined_reason = Some("no other record lies in the study area".to_owned());
        return Ok(());
    }
    let densities = |map: &HotspotMap| -> Vec<f64> {
        map.rows.iter().map(|row| row.detail.density_per_km2.unwrap_or(0.0)).collect()
    };
    let (a, b) = (densities(&first.map), densities(&second));
    for ((row, other), value) in first.map.rows.iter_mut().zip(&b).zip(join(&a, &b, joined)?) {
        row.detail.against_density_per_km2 = Some(*other);
        match value {
            Ok(value) => row.detail.joined = Some(value),
            Err(why) => row.detail.joined_undefined = Some(why.words()),
        }
    }
    Ok(())
}

/// A density map and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// Every cell of the study area.
    pub map: HotspotMap,
    /// Kernel.
    pub kernel: Kernel,
    /// Bandwidth in metres; `None` if there is none.
    pub bandwidth_m: Option<f64>,
    /// Whether the bandwidth came from the points.
    pub by_rule: bool,
    /// Σ of the expected counts as a share of the records: what the edge of the study area did not cut off.
    pub mass: Option<f64>,
    /// How far distances of the flat map may be off, as a share.
    pub distance_error: f64,
}

/// Counts records and makes their density at the centre of every cell.
///
/// **Method**: [`density`] on a flat map around the middle of the study area, with the bandwidth given or by
/// [`bandwidth`]; the expected count of a cell is the density at its centre times its area. Records outside the study
/// area are left out, of the density too. No correction is made at the edge: the mass says what share stayed inside.
/// **Units**: records a square kilometre; records.
/// **Undefined**: densities without records, and without a bandwidth where the points give none, with the reason.
///
/// # Errors
/// `Input` for settings that a density cannot use; `Bug` for a cell of another resolution.
pub fn map(records: &[Placed], area: &StudyArea, question: &Question, settings: &Settings) -> Result<Density> {
    settings.check(question.method)?;
    let cells = area.cells(question.resolution)?;
    let bounds = area.bounds();
    let middle = Point { lat: f64::midpoint(bounds.south, bounds.north), lon: f64::midpoint(bounds.west, bounds.east) };
    let flat = LocalMetres::around(middle);
    let mut inside = vec![0_u64; cells.len()];
    let mut outside = 0_u64;
    let (mut x, mut y) = (Vec::with_capacity(records.len()), Vec::with_capacity(records.len()));
    for record in records {
        if record.cell.resolution() != question.resolution {
            return Err(Error::bug("a record was placed at another resolution than the question's"));
        }
        let Ok(place) = cells.binary_search(&record.cell) else {
            outside += 1;
            continue;
        };
        inside[place] += 1;
        let (east, north) = flat.to_metres(record.point);
        x.push(east);
        y.push(north);
    }
    let kernel = settings.kernel.unwrap_or(Kernel::Quartic);
    let events = Points { x: &x, y: &y };
    let bandwidth_m = settings.bandwidth_m.or_else(|| bandwidth(events, kernel));
    let undefined_reason = match bandwidth_m {
        _ if x.is_empty() => Some("no record lies in the study area".to_owned()),
        None => Some("the points lie at one place: say a bandwidth".to_owned()),
        Some(_) => None,
    };
    let centres: Vec<Point> = cells.iter().map(|cell| cell.centre()).collect();
    let found = match bandwidth_m.filter(|_| undefined_reason.is_none()) {
        None => None,
        Some(metres) => {
            let (cx, cy): (Vec<f64>, Vec<f64>) = centres.iter().map(|centre| flat.to_metres(*centre)).unzip();
            Some(density(events, Points { x: &cx, y: &cy }, kernel, metres)?)
        }
    };
    let rows: Vec<CellScore> = cells
        .iter()
        .enumerate()
        .map(|(i, &cell)| {
            let area_km2 = cell.area_km2();
            let density_per_km2 = found.as_ref().map(|per_m2| per_m2[i] * 1e6);
            CellScore {
                cell,
                parish: None,
                area_km2,
                count: Some(inside[i]),
                rate_per_km2: Some(inside[i] as f64 / area_km2),
                detail: Detail {
                    density_per_km2,
                    expected_count: density_per_km2.map(|density| density * area_km2),
                    ..Detail::default()
                },
                z: None,
                p: None,
                q: None,
                bin: Bin::None,
                centre: centres[i],
            }
        })
        .collect();
    let expected = rows.iter().map(|row| row.detail.expected_count).sum::<Option<f64>>();
    Ok(Density {
        mass: expected.filter(|_| !x.is_empty()).map(|sum| sum / x.len() as f64),
        map: HotspotMap { rows, outside_study_area: Some(outside), undefined_reason },
        kernel,
        bandwidth_m,
        by_rule: settings.bandwidth_m.is_none(),
        distance_error: flat.worst_error(bounds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::hotspot::Method;
    use crate::analysis::selection::Selection;
    use crate::model::time::parse_period_name;

    fn question() -> Question {
        let selection = Selection::of("crimes", parse_period_name("2017").unwrap());
        Question { selection, resolution: 10, method: Method::Kde }
    }

    fn placed(lat: f64, lon: f64) -> Placed {
        let point = Point { lat, lon };
        Placed { point, cell: Cell::at(point, 10).unwrap() }
    }

    #[test]
    fn a_knot_inland_keeps_its_mass_and_is_thickest_where_it_lies() {
        let jersey = StudyArea::jersey().unwrap();
        let records: Vec<Placed> = (0..200_u32)
            .map(|i| placed(49.215 + f64::from(i % 14) * 0.0002, -2.13 + f64::from(i / 14) * 0.0003))
            .collect();
        let settings = Settings { bandwidth_m: Some(400.0), ..Settings::default() };
        let found = map(&records, &jersey, &question(), &settings).unwrap();
        assert!((found.mass.unwrap() - 1.0).abs() < 0.01, "{:?}", found.mass);
        let densest = found.map.densest();
        assert!(densest[0].cell.distance_m(records[100].cell) < 200.0);
        assert_eq!(found.map.total(), Some(200));
        assert!(found.distance_error < 0.002, "{}", found.distance_error);
        // By rule, the bandwidth is that of points 300 m wide.
        let ruled = map(&records, &jersey, &question(), &Settings::default()).unwrap();
        assert!(ruled.by_rule && (50.0..400.0).contains(&ruled.bandwidth_m.unwrap()));
    }

    #[test]
    fn the_coast_cuts_mass_off_and_the_sea_is_outside() {
        let jersey = StudyArea::jersey().unwrap();
        let mut records = vec![placed(49.1868, -2.1067); 30];
        records.push(placed(48.5, -2.5));
        let settings = Settings { bandwidth_m: Some(1_500.0), ..Settings::default() };
        let found = map(&records, &jersey, &question(), &settings).unwrap();
        assert!((0.2..0.95).contains(&found.mass.unwrap()), "{:?}", found.mass);
        assert_eq!(found.map.outside_study_area, Some(1));
    }

    #[test]
    fn two_densities_are_joined_with_one_bandwidth() {
        let jersey = StudyArea::jersey().unwrap();
        let (first, second) = (vec![placed(49.2, -2.1); 30], vec![placed(49.2, -2.1); 10]);
        let settings = Settings { bandwidth_m: Some(500.0), ..Settings::default() };
        let mut found = map(&first, &jersey, &question(), &settings).unwrap();
        hold_against(&mut found, &second, &jersey, &question(), Joined::Ratio).unwrap();
        let joined: Vec<f64> = found.map.rows.iter().filter_map(|row| row.detail.joined).collect();
        assert!(joined.len() > 5 && joined.iter().all(|ratio| (ratio - 3.0).abs() < 1e-9), "{joined:?}");
        let nowhere = found.map.rows.iter().filter(|row| row.detail.joined_undefined.is_some()).count();
        assert_eq!(nowhere + joined.len(), found.map.rows.len());
        let mut alone = map(&first, &jersey, &question(), &settings).unwrap();
        hold_against(&mut alone, &[], &jersey, &question(), Joined::Ratio).unwrap();
        assert!(alone.map.undefined_reason.is_some());
    }

    #[test]
    fn without_a_bandwidth_there_is_a_reason() {
        let jersey = StudyArea::jersey().unwrap();
        let one_place = vec![placed(49.2, -2.1); 9];
        let found = map(&one_place, &jersey, &question(), &Settings::default()).unwrap();
        assert!(found.map.undefined_reason.as_deref().unwrap().contains("bandwidth"));
        assert!(found.map.rows.iter().all(|row| row.detail.density_per_km2.is_none()) && found.mass.is_none());
        let nothing = map(&[], &jersey, &question(), &Settings::default()).unwrap();
        assert!(nothing.map.undefined_reason.is_some());
    }
}
