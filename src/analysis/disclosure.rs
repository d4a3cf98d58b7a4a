//! Disclosure control: what of an answer its reader may see. `render` takes only [`Released`] answers, and the only way
//! to one is [`release`], so the step cannot be forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use chrono::NaiveDate;
use serde::Serialize;

use crate::analysis::clusters::ClusterMap;
use crate::analysis::concentration::Concentration;
use crate::analysis::evaluate::{Evaluation, Place, Row};
use crate::analysis::flow::FlowRow;
use crate::analysis::hotspot::{HotspotMap, NEXT_CLASSES};
use crate::analysis::kpi::KpiRow;
use crate::analysis::kpi_run::KpiRun;
use crate::analysis::near_repeat::{Classes, NearRepeat};
use crate::analysis::quality::Quality;
use crate::analysis::scan::Scan;
use crate::analysis::sdc::{History, Log, Profile, Published};
use crate::analysis::trend::{Change, Changes, Comparison, Decomposition, Forecast, StepRow, Trend};
use crate::model::access::Principal;

/// Reason written where a value is suppressed.
pub const SUPPRESSED: &str = "suppressed: a small number";

/// An answer after disclosure control. It can be read, not made or changed, outside this file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Released<T>(T);

impl<T> Deref for Released<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// What is too small to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Counts from 1 to one below this are suppressed for the public; 0 and 1 suppress nothing.
    pub threshold: u32,
}

/// An answer that knows how to hide its small numbers and all that would give them away.
pub trait Release {
    /// Hides every count from 1 to `threshold − 1`, and what is computed from one.
    fn protect(&mut self, threshold: u32);
}

/// Makes an answer ready to be shown to a principal: the public sees no small counts, others the answer as it is.
///
/// # Example
/// ```
/// use vigie::analysis::disclosure::{Policy, release};
/// use vigie::analysis::flow::FlowRow;
/// use vigie::model::access::{Principal, Role};
/// use vigie::model::time::parse_date;
/// let public = Principal { name: "reader".into(), roles: vec![Role::Public], via: "test", purpose: None };
/// let row = FlowRow {
///     camera_id: "C1".into(), name: "Tunnel".into(), local_on: parse_date("2017-05-05")?, local_hour: 3, reads: Some(2),
/// };
/// let released = release(vec![row], &Policy { threshold: 5 }, &public);
/// assert_eq!(released[0].reads, None);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn release<T: Release>(mut answer: T, policy: &Policy, principal: &Principal) -> Released<T> {
    if principal.is_public() {
        answer.protect(policy.threshold);
    }
    Released(answer)
}

/// Under what rule an edition goes out, and what the public has seen before it.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The rule.
    pub profile: Profile,
    /// Public editions so far, oldest first.
    pub history: &'a History,
}

/// What disclosure control did to an edition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Counts for the manifest.
    pub log: Log,
    /// What was printed: the edition keeps it as history for those after it.
    pub published: Published,
}

/// An answer whose tables are protected together, with those of earlier editions.
pub trait ReleaseEdition {
    /// Hides what must be hidden; says what was done and what is left to be seen.
    fn protect_edition(&mut self, terms: &Terms<'_>) -> Account;
}

/// Makes the answer of an edition ready for its readers: the public sees no small counts, and none that can be worked out
/// from this edition and those before. Others see it as it is, and there is no account.
///
/// # Example
/// ```
/// use vigie::analysis::disclosure::{Terms, release_edition};
/// use vigie::analysis::kpi::KpiRow;
/// use vigie::analysis::sdc::Profile;
/// use vigie::model::access::{Principal, Role};
/// let public = Principal { name: "reader".into(), roles: vec![Role::Public], via: "test", purpose: None };
/// let row = |period: &str, met: f64| KpiRow {
///     period: period.into(), numerator: Some(met), denominator: Some(50.0), value: Some(met / 50.0), ..KpiRow::default()
/// };
/// let terms = Terms { profile: Profile::jersey(5), history: &[] };
/// let (rows, account) = release_edition(vec![row("2017-05", 47.0), row("2017-06", 30.0)], &terms, &public);
/// assert_eq!((rows[0].value, rows[1].value), (None, Some(0.6)), "three were not met in May");
/// assert_eq!(account.ok_or("none")?.log.cells, 4);
/// # Ok::<(), &str>(())
/// ```
pub fn release_edition<T: ReleaseEdition>(
    mut answer: T,
    terms: &Terms<'_>,
    principal: &Principal,
) -> (Released<T>, Option<Account>) {
    let account = principal.is_public().then(|| answer.protect_edition(terms));
    (Released(answer), account)
}

/// Whether a count is one that the public may not see.
pub(super) fn is_small(count: u64, threshold: u32) -> bool {
    (1..u64::from(threshold)).contains(&count)
}

/// Takes a small count out; says whether it did.
pub(super) fn hide(count: &mut Option<u64>, threshold: u32) -> bool {
    let small = count.is_some_and(|n| is_small(n, threshold));
    if small {
        *count = None;
    }
    small
}

/// Whether a published total narrows down what hidden counts can be. Each of `hidden` places is known to hold 1 to
/// `threshold` − 1 records; with their sum given away by a total, each can still be anything of that only if
///
/// hidden + threshold − 2 ≤ sum ≤ (hidden − 1)(threshold − 1) + 1.
pub(super) fn total_tells(hidden: u64, sum: u64, threshold: u32) -> bool {
    let most = u64::from(threshold.saturating_sub(1));
    hidden > 0 && !(hidden + most.saturating_sub(1)..=(hidden - 1) * most + 1).contains(&sum)
}

/// A cell's z is a weighted sum of its neighbours' counts, and both mean and spread of the map enter it: with one count
/// hidden, the z of others would give it away. So z, p and q of the whole map go; the bin, which is a class of a
/// neighbourhood, stays. The same goes for quadrants and for harm, which is a count times a weight. Densities are made
/// of exact points, and a few of them around a lone point would tell where it lies: they are for the force alone.
impl Release for HotspotMap {
    fn protect(&mut self, threshold: u32) {
        let mut hidden = false;
        let mut dense = false;
        for row in &mut self.rows {
            if hide(&mut row.count, threshold) {
                row.rate_per_km2 = None;
                hidden = true;
            }
            dense |= row.detail.density_per_km2.is_some();
            (row.detail.density_per_km2, row.detail.expected_count) = (None, None);
            (row.detail.against_density_per_km2, row.detail.joined) = (None, None);
            row.detail.joined_undefined = None;
        }
        if dense {
            self.undefined_reason = Some("suppressed: densities are made of exact points".to_owned());
        }
        hide(&mut self.outside_study_area, threshold);
        if hidden {
            // All records less those outside and those shown are the hidden ones.
            self.outside_study_area = None;
            for row in &mut self.rows {
                (row.z, row.p, row.q) = (None, None, None);
                (row.detail.weighted, row.detail.quadrant) = (None, None);
                // The order would tell which of two small counts is the larger: only its classes stay.
                row.detail.rank = None;
                row.detail.area_share = row.detail.area_share.map(class_of_share);
            }
            self.undefined_reason.get_or_insert_with(|| SUPPRESSED.to_owned());
        }
    }
}

/// The upper end of the class in which a share of the area lies.
fn class_of_share(share: f64) -> f64 {
    NEXT_CLASSES.into_iter().find(|limit| share <= limit + 1e-9).unwrap_or(1.0)
}

/// Every cluster has at least as many records as may be shown. Its outline and ellipse follow single points: they are
/// for the force alone. What is left over may be a small number.
impl Release for ClusterMap {
    fn protect(&mut self, threshold: u32) {
        self.rows.retain(|row| row.count >= u64::from(threshold));
        for row in &mut self.rows {
            row.hull.clear();
            (row.long_m, row.short_m, row.bearing_deg) = (None, None, None);
        }
        // All less the shown clusters is what lies scattered: where one is small, both go.
        if hide(&mut self.scattered, threshold) {
            self.clustered = None;
        }
        hide(&mut self.outside_study_area, threshold);
    }
}

/// A row or a point of the curve that ends with a cell of few records shows that cell's count. Shares are of the total, and
/// so is what chance would give: where the total less what is shown would tell what a cell with few records holds, all of
/// it goes.
impl Release for Concentration {
    fn protect(&mut self, threshold: u32) {
        for row in self.rows.iter_mut().filter(|row| is_small(row.least, threshold)) {
            (row.cells, row.cell_share, row.occupied_share, row.records) = (None, None, None, None);
        }
        let hidden = self.curve.iter().any(|point| is_small(point.each, threshold));
        let (places, sum) = self.small(threshold);
        if total_tells(places, sum, threshold) {
            self.records = None;
            self.curve.clear();
            self.chance_curve.clear();
            for row in &mut self.rows {
                (row.cells, row.cell_share, row.records, row.chance_cell_share) = (None, None, None, None);
            }
        }
        self.curve.retain(|point| !is_small(point.each, threshold));
        // Gini is a sum over all cells, those with few records too, and so is the number of occupied ones.
        if hidden {
            (self.occupied, self.gini, self.gini_adjusted) = (None, None, None);
            for row in &mut self.rows {
                row.occupied_share = None;
            }
            self.undefined_reason.get_or_insert_with(|| SUPPRESSED.to_owned());
        }
        if hide(&mut self.records, threshold) {
            self.chance_curve.clear();
            for row in &mut self.rows {
                row.chance_cell_share = None;
            }
        }
        hide(&mut self.outside_study_area, threshold);
    }
}

/// Running sums of neighbouring months differ by a month, and so do the year to date and what a series is made of: with
/// one step of a series hidden, all that is summed over or computed from it goes. Where one series alone is hidden at a
/// step, the others and a total would give it away: the smallest other count of that step goes as well.
impl Release for Trend {
    fn protect(&mut self, threshold: u32) {
        let mut hidden: BTreeSet<Option<String>> = BTreeSet::new();
        let mut steps: BTreeMap<NaiveDate, Vec<usize>> = BTreeMap::new();
        for (at, row) in self.rows.iter_mut().enumerate() {
            if protect_row(row, threshold) {
                hidden.insert(row.series.clone());
            }
            steps.entry(row.from).or_default().push(at);
        }
        for places in steps.values().filter(|places| places.len() > 1) {
            let gone = places.iter().filter(|at| is_suppressed(&self.rows[**at])).count();
            let smallest = places.iter().filter(|at| self.rows[**at].count.is_some_and(|n| n > 0));
            if let (1, Some(at)) = (gone, smallest.min_by_key(|at| self.rows[**at].count)) {
                suppress(&mut self.rows[*at]);
                hidden.insert(self.rows[*at].series.clone());
            }
        }
        for year in self.rows.iter_mut().filter(|row| hidden.contains(&row.series)).filter_map(|row| row.year.as_mut())
        {
            (year.rolling_12, year.ytd, year.ytd_last_year) = (None, None, None);
        }
        for comparison in &mut self.comparisons {
            let small = |count: Option<u64>| count.is_some_and(|n| is_small(n, threshold));
            let gap = comparison.difference.is_some_and(|n| is_small(n.unsigned_abs(), threshold));
            if hidden.contains(&comparison.series)
                || small(comparison.now.count)
                || small(comparison.before.count)
                || gap
            {
                protect_comparison(comparison);
            }
        }
        // q of one series is computed from the p of all.
        if self.comparisons.iter().any(|c| c.undefined_reason.as_deref() == Some(SUPPRESSED)) {
            self.comparisons.iter_mut().for_each(|comparison| comparison.q = None);
        }
        for parts in self.parts.iter_mut().filter(|parts| hidden.contains(&parts.series)) {
            let reason = || Some(SUPPRESSED.to_owned());
            if let Some(part) = parts.decomposition.as_mut() {
                *part = Decomposition { undefined_reason: reason(), ..Decomposition::default() };
            }
            if let Some(part) = parts.forecast.as_mut() {
                *part = Forecast { undefined_reason: reason(), ..Forecast::default() };
            }
            if let Some(part) = parts.changes.as_mut() {
                *part = Changes { undefined_reason: reason(), ..Changes::default() };
            }
        }
    }
}

fn is_suppressed(row: &StepRow) -> bool {
    row.undefined_reason.as_deref() == Some(SUPPRESSED)
}

/// Takes the count of a step out, and what compares it.
fn suppress(row: &mut StepRow) {
    (row.count, row.undefined_reason) = (None, Some(SUPPRESSED.to_owned()));
    if let Some(year) = row.year.as_mut() {
        (year.change_share, year.change) = (None, Change::Suppressed);
    }
}

/// Hides what is small in a step; says whether anything was.
fn protect_row(row: &mut StepRow, threshold: u32) -> bool {
    let mut hidden = false;
    if row.count.is_some_and(|n| is_small(n, threshold)) {
        suppress(row);
        hidden = true;
    }
    if let Some(year) = row.year.as_mut() {
        if hide(&mut year.same_month_last_year, threshold) {
            (year.change_share, year.change) = (None, Change::Suppressed);
            hidden = true;
        }
        hidden |= hide(&mut year.rolling_12, threshold);
        hidden |= hide(&mut year.ytd, threshold);
        hidden |= hide(&mut year.ytd_last_year, threshold);
    }
    hidden
}

fn protect_comparison(comparison: &mut Comparison) {
    (comparison.now.count, comparison.before.count, comparison.difference) = (None, None, None);
    (comparison.change_share, comparison.change, comparison.p, comparison.q) = (None, Change::Suppressed, None, None);
    (comparison.ratio, comparison.ratio_low, comparison.ratio_high) = (None, None, None);
    comparison.undefined_reason = Some(SUPPRESSED.to_owned());
}

/// KPIs are protected as the tables of an edition that nothing was published before.
impl Release for KpiRun {
    fn protect(&mut self, threshold: u32) {
        self.protect_edition(&Terms { profile: Profile::jersey(threshold), history: &[] });
    }
}

impl Release for Vec<KpiRow> {
    fn protect(&mut self, threshold: u32) {
        self.protect_edition(&Terms { profile: Profile::jersey(threshold), history: &[] });
    }
}

/// The order of cells shows no count.
impl Release for Vec<Place> {
    fn protect(&mut self, _threshold: u32) {}
}

/// The cells of a Knox table add up to its margins, and the expected numbers are made of the margins: with one count
/// hidden, every number of the table goes; which cells stand out stays. Classes add up to the events, and those of the
/// cells to the classes.
impl Release for NearRepeat {
    fn protect(&mut self, threshold: u32) {
        let small_row = self.rows.iter().any(|row| row.observed.is_some_and(|n| is_small(n, threshold)));
        if small_row {
            for row in &mut self.rows {
                (row.observed, row.expected, row.ratio, row.p) = (None, None, None, None);
                (row.simulated_mean, row.simulated_ratio) = (None, None);
            }
        }
        let small = |classes: &Classes| classes.counts().into_iter().flatten().any(|n| is_small(n, threshold));
        let mut hidden: Vec<usize> = (0..self.cells.len()).filter(|at| small(&self.cells[*at].classes)).collect();
        let records = |at: usize| self.cells[at].classes.counts().into_iter().flatten().sum::<u64>();
        // The events less those of the cells shown are those of the hidden ones: a single one, or several with hardly more
        // than an event each, take the smallest other with them.
        let sum: u64 = hidden.iter().map(|at| records(*at)).sum();
        let places = hidden.len() as u64;
        if places > 0 && (places == 1 || sum < places + u64::from(threshold) - 2) {
            let others = (0..self.cells.len()).filter(|at| !hidden.contains(at));
            let next = others.min_by_key(|at| (records(*at), *at));
            hidden.extend(next);
        }
        let any = !hidden.is_empty() || small(&self.classes);
        if hidden.len() == 1 {
            (self.events, self.pairs) = (None, None);
        }
        for at in hidden {
            self.cells[at].classes = Classes::default();
        }
        if any {
            self.classes = Classes::default();
        }
        hide(&mut self.near_repeats_at_a_place_hit_before, threshold);
        hide(&mut self.chains, threshold);
        hide(&mut self.longest_chain, threshold);
        if hide(&mut self.events, threshold) {
            self.pairs = None;
        }
    }
}

/// Expected cases, ratio and likelihood are made of the count.
impl Release for Scan {
    fn protect(&mut self, threshold: u32) {
        for row in &mut self.rows {
            if hide(&mut row.observed, threshold) {
                (row.expected, row.ratio, row.llr) = (None, None, None);
            }
        }
        hide(&mut self.cases, threshold);
        hide(&mut self.outside_study_area, threshold);
    }
}

impl Release for Vec<FlowRow> {
    fn protect(&mut self, threshold: u32) {
        for row in self.iter_mut() {
            hide(&mut row.reads, threshold);
        }
    }
}

/// How good the records are is the force's own business, and its hundreds of counts would give small ones away: the
/// public sees none of it.
impl Release for Quality {
    fn protect(&mut self, _threshold: u32) {
        *self = Quality::default();
    }
}

/// Shares of a small number of records are that number again: with few records in a daypart's windows, or few of them caught
/// or missed, its rows go.
impl Release for Evaluation {
    fn protect(&mut self, threshold: u32) {
        hide(&mut self.outside_study_area, threshold);
        let events: BTreeMap<String, u64> =
            self.dayparts.iter().map(|part| (part.daypart.clone(), part.events)).collect();
        let shows_small = |row: &Row| {
            let all = events.get(&row.daypart).copied().unwrap_or(0);
            let caught = row.hit_rate.map_or(0, |rate| (rate * all as f64).round() as u64);
            [all, caught, all - caught.min(all)].iter().any(|count| is_small(*count, threshold))
        };
        let small: BTreeSet<String> =
            self.rows.iter().filter(|row| shows_small(row)).map(|row| row.daypart.clone()).collect();
        self.rows.retain(|row| !small.contains(&row.daypart));
        self.dayparts.retain(|part| !small.contains(&part.daypart));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::clusters::Cluster;
    use crate::analysis::concentration::measure;
    use crate::analysis::hotspot::{Bin, CellCount, CellScore, Detail};
    use crate::analysis::trend::{Parts, Year};
    use crate::model::access::Role;
    use crate::space::{Cell, Point, StudyArea};

    const POLICY: Policy = Policy { threshold: 5 };

    fn reader(role: Role) -> Principal {
        Principal { name: "reader".into(), roles: vec![role], via: "test", purpose: None }
    }

    fn map(counts: &[u64]) -> HotspotMap {
        let cells = Cell::at(Point { lat: 49.2, lon: -2.1 }, 9).unwrap().disk(2);
        let rows = cells
            .into_iter()
            .zip(counts)
            .map(|(cell, count)| CellScore {
                cell,
                parish: None,
                area_km2: 0.1,
                count: Some(*count),
                rate_per_km2: Some(*count as f64 / 0.1),
                detail: Detail { density_per_km2: Some(3.0), weighted: Some(7.0), ..Detail::default() },
                z: Some(2.0),
                p: Some(0.04),
                q: Some(0.04),
                bin: Bin::Hot95,
                centre: cell.centre(),
            })
            .collect();
        HotspotMap { rows, outside_study_area: Some(3), undefined_reason: None }
    }

    fn kpi(period: &str, value: f64) -> KpiRow {
        KpiRow { period: period.into(), value: Some(value), mean: Some(40.0), ..KpiRow::default() }
    }

    fn month(series: &str, count: u64) -> StepRow {
        StepRow {
            series: Some(series.into()),
            step: "2017-05".into(),
            month: Some("2017-05".into()),
            from: crate::model::time::parse_date("2017-05-01").unwrap(),
            days: 31,
            count: Some(count),
            undefined_reason: None,
            year: Some(Year {
                rolling_12: Some(100),
                same_month_last_year: Some(10),
                change_share: Some(count as f64 / 10.0 - 1.0),
                change: Change::Changed,
                ytd: Some(50),
                ytd_last_year: Some(60),
            }),
        }
    }

    fn year(row: &StepRow) -> &Year {
        row.year.as_ref().unwrap()
    }

    #[test]
    fn the_analyst_sees_everything() {
        let released = release(map(&[3, 0, 9]), &POLICY, &reader(Role::Analyst));
        assert_eq!(*released, map(&[3, 0, 9]));
    }

    #[test]
    fn one_small_cell_hides_every_z_but_no_bin() {
        let released = release(map(&[4, 0, 5]), &POLICY, &reader(Role::Public));
        let counts: Vec<_> = released.rows.iter().map(|row| row.count).collect();
        assert_eq!(counts, [None, Some(0), Some(5)]);
        assert!(released.rows.iter().all(|row| row.z.is_none() && row.q.is_none() && row.bin == Bin::Hot95));
        assert_eq!((released.total(), released.outside_study_area), (None, None));
        assert!(released.rows.iter().all(|row| row.detail == Detail::default()));
        let large = release(map(&[0, 0, 5]), &POLICY, &reader(Role::Public));
        assert!(large.rows.iter().all(|row| row.z.is_some() && row.detail.weighted.is_some()));
        assert!(large.rows.iter().all(|row| row.detail.density_per_km2.is_none()));
        assert!(large.undefined_reason.as_deref().is_some_and(|why| why.contains("exact points")));
    }

    #[test]
    fn clusters_go_to_the_public_without_their_shape() {
        let cell = Cell::at(Point { lat: 49.2, lon: -2.1 }, 9).unwrap();
        let row = |count| Cluster {
            rank: 1,
            order: 1,
            count,
            cell,
            parish: None,
            centre: cell.centre(),
            hull: vec![cell.centre()],
            long_m: Some(90.0),
            short_m: Some(40.0),
            bearing_deg: Some(10.0),
        };
        let map = ClusterMap {
            rows: vec![row(20), row(3)],
            clustered: Some(23),
            scattered: Some(2),
            too_small: 0,
            outside_study_area: Some(0),
            distances_m: vec![100.0],
        };
        let own = release(map.clone(), &POLICY, &reader(Role::Analyst));
        assert_eq!(*own, map);
        let shown = release(map, &POLICY, &reader(Role::Public));
        assert_eq!((shown.rows.len(), shown.clustered, shown.scattered), (1, None, None));
        assert!(shown.rows[0].hull.is_empty() && shown.rows[0].long_m.is_none());
    }

    #[test]
    fn a_share_that_ends_in_a_small_cell_is_hidden() {
        let jersey = StudyArea::jersey().unwrap();
        let town = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap().disk(1);
        let counts = |counts: [u64; 4]| -> Vec<CellCount> {
            town.iter().zip(counts).map(|(cell, count)| CellCount { cell: *cell, count }).collect()
        };
        let small = measure(&counts([50, 20, 3, 2]), &jersey, 9).unwrap();
        let shown = release(small, &POLICY, &reader(Role::Public));
        assert_eq!((shown.gini, shown.occupied), (None, None));
        assert!(shown.curve.iter().all(|point| point.each == 0 || point.each >= 5));
        assert_eq!((shown.rows[0].cells, shown.rows[1].cells), (Some(1), Some(1)));
        let large = measure(&counts([50, 20, 9, 7]), &jersey, 9).unwrap();
        assert!(release(large, &POLICY, &reader(Role::Public)).gini.is_some());
    }

    #[test]
    fn one_small_month_hides_the_running_sums_and_what_is_computed_from_it() {
        let mut june = month("a", 20);
        june.from = june.from + chrono::Days::new(31);
        let parts = Parts { series: Some("a".into()), changes: Some(Changes::default()), ..Parts::default() };
        let trend = Trend { rows: vec![month("a", 2), june], parts: vec![parts], ..Trend::default() };
        let released = release(trend, &POLICY, &reader(Role::Public));
        let (may, june) = (&released.rows[0], &released.rows[1]);
        assert_eq!(
            (may.count, year(may).change, may.undefined_reason.as_deref()),
            (None, Change::Suppressed, Some(SUPPRESSED))
        );
        assert!([may, june].into_iter().all(|row| year(row).ytd.is_none() && year(row).rolling_12.is_none()));
        assert_eq!((june.count, year(june).same_month_last_year), (Some(20), Some(10)));
        let changes = released.parts[0].changes.as_ref().unwrap();
        assert_eq!(changes.undefined_reason.as_deref(), Some(SUPPRESSED));
    }

    #[test]
    fn one_hidden_series_takes_the_smallest_other_with_it() {
        let rows = vec![month("a", 3), month("b", 40), month("c", 12), month("d", 0)];
        let released = release(Trend { rows, ..Trend::default() }, &POLICY, &reader(Role::Public));
        let counts: Vec<_> = released.rows.iter().map(|row| row.count).collect();
        assert_eq!(counts, [None, Some(40), None, Some(0)]);
        assert_eq!((year(&released.rows[2]).ytd, year(&released.rows[1]).ytd), (None, Some(50)));
        // Two hidden ones hide each other.
        let rows = vec![month("a", 3), month("b", 4), month("c", 12)];
        let released = release(Trend { rows, ..Trend::default() }, &POLICY, &reader(Role::Public));
        assert_eq!(released.rows[2].count, Some(12));
    }

    #[test]
    fn a_small_complement_hides_a_share_and_its_series() {
        let mut share = kpi("2017-05", 0.9);
        (share.numerator, share.denominator) = (Some(18.0), Some(20.0));
        let mut next = kpi("2017-06", 0.5);
        (next.numerator, next.denominator) = (Some(10.0), Some(20.0));
        let mut other = kpi("2017-06", 40.0);
        other.id = "other".into();
        let released = release(vec![share, next, other], &POLICY, &reader(Role::Public));
        assert_eq!((released[0].value, released[0].numerator), (None, None));
        assert_eq!((released[1].value, released[1].mean), (Some(0.5), None));
        assert_eq!(released[2].mean, Some(40.0));
    }

    /// The rule by trying everything: with a total that does not tell, every hidden count can still be 1, and can be the most.
    #[test]
    fn a_total_tells_exactly_when_some_small_count_is_ruled_out() {
        fn ways(places: u64, sum: u64, most: u64) -> bool {
            match places {
                0 => sum == 0,
                _ => (1..=most.min(sum)).any(|one| ways(places - 1, sum - one, most)),
            }
        }
        for threshold in 2..7_u32 {
            let most = u64::from(threshold) - 1;
            for places in 1..6 {
                for sum in places..=places * most {
                    let open = (1..=most).all(|one| one <= sum && ways(places - 1, sum - one, most));
                    assert_eq!(total_tells(places, sum, threshold), !open, "{places} places, {sum}, {threshold}");
                }
            }
        }
        assert!(!total_tells(0, 0, 5));
    }

    #[test]
    fn a_single_hidden_cell_takes_what_would_give_it_away() {
        let jersey = StudyArea::jersey().unwrap();
        let all = jersey.cells(9).unwrap();
        let counts = |counts: &[u64]| -> Vec<CellCount> {
            all.iter().zip(counts).map(|(cell, count)| CellCount { cell: *cell, count: *count }).collect()
        };
        let released = |of: &[u64]| release(measure(&counts(of), &jersey, 9).unwrap(), &POLICY, &reader(Role::Public));
        let one = released(&[50, 20, 9, 3]);
        assert!(one.records.is_none() && one.curve.is_empty() && one.chance_curve.is_empty());
        assert!(one.rows.iter().all(|row| row.cells.is_none() && row.chance_cell_share.is_none()));
        let several = released(&[50, 20, 9, 3, 2, 1, 2, 4]);
        assert_eq!(several.records, Some(91), "five small cells with 12 records: each may hold 1 to 4");
        assert!(!several.curve.is_empty());
        let map = release(map(&[9, 2, 7]), &POLICY, &reader(Role::Public));
        assert_eq!(map.outside_study_area, None);
    }

    #[test]
    fn a_bare_small_value_is_a_count() {
        let released = release(vec![kpi("2017-05", 3.0)], &POLICY, &reader(Role::Public));
        assert_eq!(released[0].value, None);
    }
}
