//! How good was a forecast of places? Hit rate, predictive accuracy index and predictive efficiency index, with the luck
//! of ties shown.

use std::cmp::Ordering;

use crate::error::{Error, Result};

/// Slack when areas are added up: a billionth of the whole.
const SLACK: f64 = 1e-9;

/// Who comes first among places of equal score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// The place with the lower number: the rule of maps and plans.
    ByPlace,
    /// The place where less happened: the worst luck.
    Pessimistic,
    /// The place where more happened: the best luck.
    Optimistic,
}

/// Places in the order of a forecast: highest score first, equal scores by number of the place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    order: Vec<u32>,
    /// For each position the position of the first place with the same score.
    group: Vec<u32>,
}

impl Ranking {
    /// Ranks the places.
    ///
    /// # Errors
    /// `Bug` if a score is not a finite number.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::accuracy::Ranking;
    /// assert_eq!(Ranking::of(&[1.0, 4.0, 1.0, 9.0])?.order(), [3, 1, 0, 2]);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn of(scores: &[f64]) -> Result<Self> {
        if let Some(place) = scores.iter().position(|score| !score.is_finite()) {
            return Err(Error::bug(format!("the score of place {place} is not a finite number")));
        }
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b)));
        let mut group = Vec::with_capacity(order.len());
        for (position, &place) in order.iter().enumerate() {
            let equal = position > 0 && same(scores[order[position - 1] as usize], scores[place as usize]);
            group.push(if equal { group[position - 1] } else { position as u32 });
        }
        Ok(Self { order, group })
    }

    /// Places, best first.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The mean position (from 1) of each place among those of its score: equal scores have equal ranks.
    pub fn mid_ranks(&self) -> Vec<f64> {
        let mut ranks = vec![0.0; self.order.len()];
        let mut start = 0;
        while start < self.order.len() {
            let end = self.group_end(start);
            let middle = (start + 1 + end) as f64 / 2.0;
            self.order[start..end].iter().for_each(|&place| ranks[place as usize] = middle);
            start = end;
        }
        ranks
    }

    /// The position after the last place whose score is that of a position.
    fn group_end(&self, position: usize) -> usize {
        let group = self.group[position];
        position + self.group[position..].iter().take_while(|other| **other == group).count()
    }
}

fn same(a: f64, b: f64) -> bool {
    a.total_cmp(&b) == Ordering::Equal
}

/// What happened, place by place, and the most that any forecast could have caught.
#[derive(Debug, Clone)]
pub struct Outcome {
    observed: Vec<f64>,
    areas: Vec<f64>,
    events: f64,
    area: f64,
    /// Area and events of the best places, summed up, by events a unit of area.
    best: Vec<(f64, f64)>,
}

/// How a forecast did at one coverage.
///
/// With n of N events in the chosen places, and a of A of the area:
/// hit rate = n / N; PAI = (n / N) / (a / A); PEI = n / n*, where n* is the most events that area a can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// Places chosen.
    pub places: usize,
    /// a / A.
    pub area_share: f64,
    /// n.
    pub caught: f64,
    /// n if ties had fallen worst, with the same number of places.
    pub caught_worst: f64,
    /// n if ties had fallen best.
    pub caught_best: f64,
    /// n*: what a greedy oracle catches in no more area, taking the places with most events a unit of area first. With
    /// equal areas that is the most there is; with unequal ones the exact answer is a knapsack, and this is "greedy
    /// oracle" (never less than n).
    pub catchable: f64,
    /// Places with the score of the last one chosen that were left out.
    pub ties_at_cut: usize,
    /// n / N; `None` without events.
    pub hit_rate: Option<f64>,
    /// (n / N) / (a / A); `None` without events or area.
    pub pai: Option<f64>,
    /// n / n*; `None` without events.
    pub pei: Option<f64>,
}

impl Outcome {
    /// What happened at each place, and each place's area.
    ///
    /// **Units**: events (or their weights); area in any one unit.
    ///
    /// # Errors
    /// `Bug` if there is not one area a place, or a number is negative or not finite.
    pub fn new(observed: &[f64], areas: &[f64]) -> Result<Self> {
        if observed.len() != areas.len() {
            return Err(Error::bug(format!("{} counts and {} areas", observed.len(), areas.len())));
        }
        if observed.iter().chain(areas).any(|number| !number.is_finite() || *number < 0.0) {
            return Err(Error::bug("counts and areas are finite and not negative"));
        }
        let density = |place: u32| observed[place as usize] / areas[place as usize].max(f64::MIN_POSITIVE);
        let mut order: Vec<u32> = (0..observed.len() as u32).filter(|&place| observed[place as usize] > 0.0).collect();
        order.sort_unstable_by(|&a, &b| density(b).total_cmp(&density(a)).then(a.cmp(&b)));
        let mut sum = (0.0, 0.0);
        let best = order
            .iter()
            .map(|&place| {
                sum = (sum.0 + areas[place as usize], sum.1 + observed[place as usize]);
                sum
            })
            .collect();
        Ok(Self {
            observed: observed.to_vec(),
            areas: areas.to_vec(),
            events: observed.iter().sum(),
            area: areas.iter().sum(),
            best,
        })
    }

    /// N.
    pub fn events(&self) -> f64 {
        self.events
    }

    /// How a forecast did when the best places up to a share of the area are chosen: as many as fit, but at least one.
    ///
    /// **Method** PAI: Chainey, Tompson and Uhlig 2008, doi:10.1057/palgrave.sj.8350066. PEI: Hunt 2016 (NIJ Real-Time Crime
    /// Forecasting Challenge). PAI has no upper bound and depends on the coverage: never read it without a / A.
    /// **Undefined**: hit rate, PAI and PEI without events; PAI without area.
    ///
    /// # Errors
    /// `Input` if the coverage is not above 0 and at most 1; `Bug` if the ranking is of other places.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::accuracy::{Outcome, Ranking};
    /// let outcome = Outcome::new(&[6.0, 3.0, 0.0], &[1.0; 3])?;
    /// let one_third = outcome.at(&Ranking::of(&[3.0, 2.0, 1.0])?, 1.0 / 3.0)?;
    /// assert_eq!((one_third.caught, one_third.pai, one_third.pei), (6.0, Some(2.0), Some(1.0)));
    /// let everything = outcome.at(&Ranking::of(&[3.0, 2.0, 1.0])?, 1.0)?;
    /// assert_eq!(everything.pai, Some(1.0));
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn at(&self, ranking: &Ranking, coverage: f64) -> Result<Accuracy> {
        if !(coverage > 0.0 && coverage <= 1.0) {
            return Err(Error::input(format!("a coverage is above 0 and at most 1, not {coverage}")));
        }
        self.same_places(ranking)?;
        Ok(self.first(ranking, self.cut(ranking, coverage)))
    }

    /// Places that a coverage chooses, in order.
    ///
    /// # Errors
    /// As [`Outcome::at`].
    pub fn chosen<'a>(&self, ranking: &'a Ranking, coverage: f64) -> Result<&'a [u32]> {
        self.same_places(ranking)?;
        Ok(&ranking.order[..self.cut(ranking, coverage)])
    }

    /// Events caught in the best 1/n, 2/n … n/n of the area.
    ///
    /// # Errors
    /// `Bug` if the ranking is of other places.
    pub fn caught_by_share(&self, ranking: &Ranking, n: usize) -> Result<Vec<f64>> {
        self.same_places(ranking)?;
        let (mut area, mut caught, mut next) = (0.0, 0.0, 0);
        let mut sums = Vec::with_capacity(n);
        for share in 1..=n {
            let room = (share as f64 / n as f64 + SLACK) * self.area;
            while let Some(&place) = ranking.order.get(next).filter(|place| area + self.areas[**place as usize] <= room)
            {
                (area, caught) = (area + self.areas[place as usize], caught + self.observed[place as usize]);
                next += 1;
            }
            sums.push(caught);
        }
        Ok(sums)
    }

    /// Hit rate and the rest after every place, one after the other in the order of the forecast, with ties in the order
    /// asked.
    ///
    /// # Errors
    /// `Bug` if the ranking is of other places.
    pub fn curve(&self, ranking: &Ranking, ties: Ties) -> Result<Vec<Accuracy>> {
        self.same_places(ranking)?;
        let mut order = ranking.order.clone();
        let seen = |place: u32| self.observed[place as usize];
        let mut start = 0;
        while start < order.len() {
            let end = ranking.group_end(start);
            match ties {
                Ties::ByPlace => {}
                Ties::Pessimistic => order[start..end].sort_by(|&a, &b| seen(a).total_cmp(&seen(b)).then(a.cmp(&b))),
                Ties::Optimistic => order[start..end].sort_by(|&a, &b| seen(b).total_cmp(&seen(a)).then(a.cmp(&b))),
            }
            start = end;
        }
        let other = Ranking { order, group: ranking.group.clone() };
        Ok((1..=other.order.len()).map(|places| self.first(&other, places)).collect())
    }

    fn same_places(&self, ranking: &Ranking) -> Result<()> {
        if ranking.order.len() == self.observed.len() {
            return Ok(());
        }
        Err(Error::bug(format!("{} places ranked, {} observed", ranking.order.len(), self.observed.len())))
    }

    fn cut(&self, ranking: &Ranking, coverage: f64) -> usize {
        let room = coverage * self.area + SLACK * self.area;
        let mut area = 0.0;
        let fits = ranking.order.iter().take_while(|place| {
            area += self.areas[**place as usize];
            area <= room
        });
        fits.count().max(1).min(ranking.order.len())
    }

    fn first(&self, ranking: &Ranking, places: usize) -> Accuracy {
        let sum = |places: &[u32], of: &[f64]| places.iter().map(|&place| of[place as usize]).sum::<f64>();
        let chosen = &ranking.order[..places];
        let (area, caught) = (sum(chosen, &self.areas), sum(chosen, &self.observed));
        let (mut worst, mut best, mut ties_at_cut) = (caught, caught, 0);
        if places > 0 {
            let (start, end) = (ranking.group[places - 1] as usize, ranking.group_end(places - 1));
            ties_at_cut = end - places;
            if ties_at_cut > 0 {
                let mut tied: Vec<f64> =
                    ranking.order[start..end].iter().map(|&place| self.observed[place as usize]).collect();
                tied.sort_unstable_by(f64::total_cmp);
                let sure = sum(&ranking.order[..start], &self.observed);
                worst = sure + tied[..places - start].iter().sum::<f64>();
                best = sure + tied[tied.len() - (places - start)..].iter().sum::<f64>();
            }
        }
        let within = self.best.partition_point(|(used, _)| *used <= area + SLACK * self.area);
        let catchable = within.checked_sub(1).map_or(0.0, |last| self.best[last].1).max(caught);
        let (some_events, some_area) = (self.events > 0.0, area > 0.0);
        let area_share = if self.area > 0.0 { area / self.area } else { 0.0 };
        Accuracy {
            places,
            area_share,
            caught,
            caught_worst: worst,
            caught_best: best,
            catchable,
            ties_at_cut,
            hit_rate: some_events.then(|| caught / self.events),
            pai: (some_events && some_area).then(|| caught / self.events / area_share),
            pei: (some_events && catchable > 0.0).then(|| caught / catchable),
        }
    }
}

/// The share of the places of one choice that are in the next one too; `None` without places.
///
/// # Example
/// ```
/// use vigie::stats::accuracy::kept_share;
/// assert_eq!(kept_share(&[4, 1, 7, 2], &[1, 2, 9, 4]), Some(0.75));
/// assert_eq!(kept_share(&[], &[1]), None);
/// ```
pub fn kept_share(before: &[u32], after: &[u32]) -> Option<f64> {
    let mut sorted = after.to_vec();
    sorted.sort_unstable();
    let kept = before.iter().filter(|place| sorted.binary_search(place).is_ok()).count();
    (!before.is_empty()).then(|| kept as f64 / before.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_events_or_area_nothing_is_defined() {
        let quiet = Outcome::new(&[0.0, 0.0], &[1.0, 1.0]).unwrap();
        let ranking = Ranking::of(&[1.0, 0.0]).unwrap();
        let at = quiet.at(&ranking, 0.5).unwrap();
        assert_eq!((at.hit_rate, at.pai, at.pei, at.area_share), (None, None, None, 0.5));
        let flat = Outcome::new(&[2.0, 0.0], &[0.0, 0.0]).unwrap().at(&ranking, 0.5).unwrap();
        assert_eq!((flat.pai, flat.hit_rate), (None, Some(1.0)));
    }

    #[test]
    fn ties_at_the_cut_show_their_luck() {
        let outcome = Outcome::new(&[5.0, 0.0, 4.0, 1.0], &[1.0; 4]).unwrap();
        let at = outcome.at(&Ranking::of(&[9.0, 1.0, 1.0, 1.0]).unwrap(), 0.5).unwrap();
        assert_eq!((at.places, at.ties_at_cut), (2, 2));
        assert_eq!((at.caught_worst, at.caught, at.caught_best, at.catchable), (5.0, 5.0, 9.0, 9.0));
        assert_eq!(outcome.at(&Ranking::of(&[9.0, 1.0, 1.0, 1.0]).unwrap(), 1.0).unwrap().ties_at_cut, 0);
    }

    #[test]
    fn at_least_one_place_and_never_more_area_than_asked() {
        let outcome = Outcome::new(&[1.0, 2.0, 3.0], &[2.0, 1.0, 1.0]).unwrap();
        let ranking = Ranking::of(&[3.0, 2.0, 1.0]).unwrap();
        assert_eq!(outcome.at(&ranking, 0.1).unwrap().places, 1);
        let half = outcome.at(&ranking, 0.6).unwrap();
        assert_eq!((half.places, half.area_share), (1, 0.5));
        assert!((half.catchable - 5.0).abs() < 1e-12, "the greedy oracle takes the two small places");
        assert!(outcome.at(&ranking, 0.0).is_err() && outcome.at(&ranking, 1.1).is_err());
        assert!(outcome.at(&Ranking::of(&[1.0]).unwrap(), 0.5).is_err());
    }

    #[test]
    fn equal_scores_share_their_rank() {
        assert_eq!(Ranking::of(&[1.0, 4.0, 1.0, 9.0]).unwrap().mid_ranks(), [3.5, 2.0, 3.5, 1.0]);
        assert!(Ranking::of(&[f64::NAN]).is_err());
        assert!(Outcome::new(&[1.0], &[]).is_err() && Outcome::new(&[-1.0], &[1.0]).is_err());
    }
}
