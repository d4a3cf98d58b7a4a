//! Cells scored: counts or weights over the whole study area, and which stand out.

use std::collections::BTreeMap;

use crate::analysis::hotspot::{Bin, CellCount, CellScore, Detail, HotspotMap, Method, Question, Settings};
use crate::error::{Error, Result};
use crate::space::{Cell, StudyArea};
use crate::stats::conditional_permutation::conditional_permutation;
use crate::stats::fdr::benjamini_hochberg;
use crate::stats::gi_star::{Undefined, gi_star};
use crate::stats::moran::{Quadrant, local_moran};
use crate::stats::neighbours::Neighbours;
use crate::stats::thrown_sum::thrown_sum;

/// Scores every cell of the study area.
///
/// **Method**: counts per cell, zeros kept; Gi* over the cell and its ring of six, clipped to the study area
/// ([`gi_star`]); p the larger of the normal p of z and of that of records thrown at random ([`thrown_sum`]), so that a hot
/// cell both stands out from the spread of the cells and is more than chance alone brings; q over all cells of the answer
/// ([`benjamini_hochberg`]); bin by q and the sign of z.
/// **Units**: records a square kilometre of the cell's own area.
/// **Undefined**: z, p and q of every cell if all counts are equal or there are fewer than three cells, with the
/// reason.
///
/// # Example
/// ```
/// use vigie::analysis::hotspot::{Bin, CellCount, Method, Question, score};
/// use vigie::analysis::selection::Selection;
/// use vigie::model::time::parse_period_name;
/// use vigie::space::{Cell, Point, StudyArea};
/// let selection = Selection::of("crimes", parse_period_name("2017")?);
/// let question = Question { selection, resolution: 9, method: Method::GiStar };
/// question.check()?;
/// let town = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).ok_or(vigie::error::Error::bug("no cell"))?;
/// let map = score(&[CellCount { cell: town, count: 90 }], &StudyArea::jersey()?, &question)?;
/// assert!(map.rows.iter().any(|row| row.cell == town && row.bin == Bin::Hot99));
/// # Ok::<(), vigie::error::Error>(())
/// ```
///
/// # Errors
/// `Bug` for a count in a cell of another resolution; `Input` for a resolution over 15.
pub fn score(counts: &[CellCount], area: &StudyArea, question: &Question) -> Result<HotspotMap> {
    score_with(counts, None, area, question, &Settings::default())
}

/// Scores every cell of the study area with settings of one's own; `weighted` holds the harm of each cell, and then it
/// is harm that is judged, not counts.
///
/// **Method**: as [`score`]; local Moran's I by [`local_moran`], where a cell of a high-high cluster counts as hot, of
/// a low-low one as cold, and outliers have their quadrant but no bin; p by [`conditional_permutation`] if asked. A
/// density is not made here: it needs points.
///
/// # Errors
/// As [`score`]; `Input` for settings that the method cannot use.
pub fn score_with(
    counts: &[CellCount],
    weighted: Option<&BTreeMap<Cell, f64>>,
    area: &StudyArea,
    question: &Question,
    settings: &Settings,
) -> Result<HotspotMap> {
    settings.check(question.method)?;
    let cells = area.cells(question.resolution)?;
    let mut inside = vec![0_u64; cells.len()];
    let mut outside = 0_u64;
    for counted in counts {
        if counted.cell.resolution() != question.resolution {
            return Err(Error::bug(format!(
                "counted at resolution {}, asked at {}",
                counted.cell.resolution(),
                question.resolution
            )));
        }
        match cells.binary_search(&counted.cell) {
            Ok(place) => inside[place] += counted.count,
            Err(_) => outside += counted.count,
        }
    }
    let harm = weighted.map(|harm| cells.iter().map(|cell| harm.get(cell).copied().unwrap_or(0.0)).collect::<Vec<_>>());
    let values = harm.clone().unwrap_or_else(|| inside.iter().map(|count| *count as f64).collect());
    let thrown = harm.is_none().then_some(inside.as_slice());
    let judged = judge(&values, thrown, cells, question.method, settings)?;
    let q = benjamini_hochberg(&judged.p);
    let rows = cells
        .iter()
        .enumerate()
        .map(|(i, &cell)| {
            let area_km2 = cell.area_km2();
            let quadrant = judged.quadrant[i];
            CellScore {
                cell,
                parish: None,
                area_km2,
                count: Some(inside[i]),
                rate_per_km2: Some(inside[i] as f64 / area_km2),
                detail: Detail { weighted: harm.as_ref().map(|harm| harm[i]), quadrant, ..Detail::default() },
                z: judged.z[i],
                p: judged.p[i],
                q: q[i],
                bin: bin(question.method, quadrant, judged.z[i], q[i]),
                centre: cell.centre(),
            }
        })
        .collect();
    Ok(HotspotMap { rows, outside_study_area: Some(outside), undefined_reason: judged.undefined_reason })
}

/// What a method says of every cell.
struct Judged {
    z: Vec<Option<f64>>,
    p: Vec<Option<f64>>,
    quadrant: Vec<Option<Quadrant>>,
    undefined_reason: Option<String>,
}

/// Judges values; `thrown` holds them as counts, if they are counts: harm is not thrown one by one.
fn judge(
    values: &[f64],
    thrown: Option<&[u64]>,
    cells: &[Cell],
    method: Method,
    settings: &Settings,
) -> Result<Judged> {
    let n = values.len();
    let nothing = || Judged { z: vec![None; n], p: vec![None; n], quadrant: vec![None; n], undefined_reason: None };
    let mut judged = nothing();
    let neighbours = match method {
        Method::Count | Method::Kde | Method::Next(_) => return Ok(judged),
        Method::GiStar | Method::LocalMoran => ring_neighbours(cells)?,
    };
    let words = |why: Undefined| match why {
        Undefined::NoVariation if thrown.is_none() => "every cell has the same harm".to_owned(),
        other => other.words().to_owned(),
    };
    if method == Method::GiStar {
        let scored = gi_star(values, &neighbours)?;
        judged = Judged { z: scored.z, p: scored.p, undefined_reason: scored.undefined.map(words), ..judged };
        if let Some(counts) = thrown.filter(|_| settings.permutations.is_none()) {
            let larger = |(normal, chance): (Option<f64>, Option<f64>)| Some(normal?.max(chance.unwrap_or(0.0)));
            judged.p = judged.p.into_iter().zip(thrown_sum(counts, &neighbours)?).map(larger).collect();
        }
    } else {
        let scored = local_moran(values, &neighbours)?;
        let undefined = scored.quadrant.iter().all(Option::is_none);
        judged = Judged { z: scored.z, p: scored.p, quadrant: scored.quadrant, undefined_reason: None };
        if undefined {
            judged.undefined_reason = Some(words(if n < 3 { Undefined::TooFewPlaces } else { Undefined::NoVariation }));
        }
    }
    if let Some(permutations) = settings.permutations {
        let drawn = conditional_permutation(values, &neighbours, permutations.draws, permutations.seed)?;
        // A z without a meaning has no p either.
        judged.p = judged.z.iter().zip(drawn.two_sided).map(|(z, p)| z.and(p)).collect();
    }
    Ok(judged)
}

/// Hot and cold by q. Of local Moran's I only clusters have a side: an outlier is neither.
fn bin(method: Method, quadrant: Option<Quadrant>, z: Option<f64>, q: Option<f64>) -> Bin {
    if method != Method::LocalMoran {
        return Bin::of(z, q);
    }
    match quadrant {
        Some(Quadrant::HighHigh) => Bin::of(z.map(f64::abs), q),
        Some(Quadrant::LowLow) => Bin::of(z.map(|z| -z.abs()), q),
        _ => Bin::None,
    }
}

/// Ring-1 neighbours among some cells, which must ascend.
///
/// # Errors
/// `Bug` if there are more than `u32::MAX` pairs.
pub fn ring_neighbours(cells: &[Cell]) -> Result<Neighbours> {
    let place = |cell: &Cell| cells.binary_search(cell).ok().and_then(|at| u32::try_from(at).ok());
    let lists: Vec<Vec<u32>> = cells.iter().map(|cell| cell.ring1().iter().filter_map(place).collect()).collect();
    Neighbours::from_lists(&lists)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::hotspot::Permutations;
    use crate::analysis::selection::Selection;
    use crate::model::time::parse_period_name;
    use crate::space::Point;
    use crate::stats::normal::two_sided_p;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    fn question(method: Method) -> Question {
        let selection = Selection::of("crimes", parse_period_name("2017").unwrap());
        Question { selection, resolution: 9, method }
    }

    fn town() -> Cell {
        Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap()
    }

    fn knot() -> Vec<CellCount> {
        town().disk(1).into_iter().map(|cell| CellCount { cell, count: 40 }).collect()
    }

    #[test]
    fn permutation_p_is_found_beside_the_same_z() {
        let jersey = StudyArea::jersey().unwrap();
        let analytic = score(&knot(), &jersey, &question(Method::GiStar)).unwrap();
        let settings = Settings { permutations: Some(Permutations { draws: 99_999, seed: 3 }), ..Settings::default() };
        let drawn = score_with(&knot(), None, &jersey, &question(Method::GiStar), &settings).unwrap();
        for (a, b) in analytic.rows.iter().zip(&drawn.rows) {
            assert_eq!((a.z, a.p.is_some()), (b.z, b.p.is_some()));
        }
        let at = |map: &HotspotMap| map.rows.iter().find(|row| row.cell == town()).cloned().unwrap();
        assert_eq!(at(&drawn).bin, Bin::Hot99);
        assert!((at(&drawn).p.unwrap() - 2.0 / 100_000.0).abs() < 1e-12);
    }

    #[test]
    fn a_few_records_thrown_at_random_are_no_hotspots() {
        // 300 records on 1,347 cells, anywhere: by the normal p alone nearly every such map has hot cells.
        let jersey = StudyArea::jersey().unwrap();
        let cells = jersey.cells(9).unwrap();
        let (mut by_normal, mut by_both) = (0, 0);
        for seed in 0..40 {
            let mut random = Pcg64::seed_from_u64(seed);
            let counts: Vec<CellCount> =
                (0..300).map(|_| CellCount { cell: cells[random.random_range(0..cells.len())], count: 1 }).collect();
            let map = score(&counts, &jersey, &question(Method::GiStar)).unwrap();
            let normal: Vec<Option<f64>> = map.rows.iter().map(|row| row.z.map(two_sided_p)).collect();
            let hot = |q: Option<f64>, z: Option<f64>| Bin::of(z, q) > Bin::None;
            by_both += usize::from(map.rows.iter().any(|row| hot(row.q, row.z)));
            let q = benjamini_hochberg(&normal);
            by_normal += usize::from(map.rows.iter().zip(q).any(|(row, q)| hot(q, row.z)));
        }
        println!("of 40 maps of chance alone, {by_normal} have a hot cell by the normal p, {by_both} by both");
        assert!(by_normal >= 30 && by_both <= 4, "{by_normal} {by_both}");
    }

    #[test]
    fn local_moran_names_clusters_and_outliers() {
        let jersey = StudyArea::jersey().unwrap();
        let mut counts = knot();
        let lonely = Cell::at(Point { lat: 49.235, lon: -2.2 }, 9).unwrap();
        counts.push(CellCount { cell: lonely, count: 40 });
        let map = score(&counts, &jersey, &question(Method::LocalMoran)).unwrap();
        let at = |cell: Cell| map.rows.iter().find(|row| row.cell == cell).unwrap();
        assert_eq!((at(town()).detail.quadrant, at(town()).bin), (Some(Quadrant::HighHigh), Bin::Hot99));
        assert_eq!((at(lonely).detail.quadrant, at(lonely).bin), (Some(Quadrant::HighLow), Bin::None));
        assert!(at(lonely).z.unwrap() < 0.0);
        assert!(map.in_quadrant(Quadrant::HighHigh).len() >= 7);
        let flat = score(&[], &jersey, &question(Method::LocalMoran)).unwrap();
        assert_eq!(flat.undefined_reason.as_deref(), Some("every cell has the same count"));
    }

    #[test]
    fn harm_is_judged_in_place_of_counts() {
        let jersey = StudyArea::jersey().unwrap();
        let grave = Cell::at(Point { lat: 49.235, lon: -2.2 }, 9).unwrap();
        let mut counts = knot();
        counts.push(CellCount { cell: grave, count: 2 });
        let harm: BTreeMap<Cell, f64> =
            counts.iter().map(|c| (c.cell, if c.cell == grave { 5_475.0 } else { c.count as f64 })).collect();
        let map = score_with(&counts, Some(&harm), &jersey, &question(Method::GiStar), &Settings::default()).unwrap();
        let at = |cell: Cell| map.rows.iter().find(|row| row.cell == cell).unwrap();
        assert_eq!((at(grave).count, at(grave).detail.weighted, at(grave).bin), (Some(2), Some(5_475.0), Bin::Hot99));
        assert!(at(town()).z.unwrap() < at(grave).z.unwrap());
    }
}
