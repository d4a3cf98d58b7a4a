//! What is to be published, and how its numbers hang together: the cells of all tables of an edition, and every sum that
//! a reader could check.

use std::collections::BTreeMap;

use crate::analysis::sdc::profile::Profile;
use crate::error::{Error, Result};

/// One number of the tables, or one that follows from them and is printed nowhere, such as those *not* attended in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Name that stays the same from edition to edition.
    pub key: String,
    /// The true number.
    pub value: u64,
    /// Whether it counts persons, or what happened to them.
    pub personal: bool,
    /// Whether a table has a place for it.
    pub printed: bool,
    /// Whether nought itself gives something away, because readers know that it could not be nought for everybody.
    pub disclosive_zero: bool,
    /// How much it is missed when it is hidden, beside others: 1 is a cell of a table, more for a total.
    pub weight: f64,
    /// What earlier editions said of it.
    pub earlier: Earlier,
}

/// What earlier editions gave away of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The present number has been printed: nothing can take it back.
    pub public: bool,
    /// It was hidden: it stays hidden, because the old tables and the new ones together would give it away.
    pub hidden: bool,
    /// At least so many.
    pub low: u64,
    /// At most so many; `None` is no limit.
    pub high: Option<u64>,
}

impl Cell {
    /// A printed count of persons that no earlier edition had.
    pub fn new(key: impl Into<String>, value: u64) -> Self {
        Self {
            key: key.into(),
            value,
            personal: true,
            printed: true,
            disclosive_zero: false,
            weight: 1.0,
            earlier: Earlier::default(),
        }
    }

    /// The same, printed nowhere.
    #[must_use]
    pub fn unprinted(self) -> Self {
        Self { printed: false, ..self }
    }

    /// The same with another weight.
    #[must_use]
    pub fn weighing(self, weight: f64) -> Self {
        Self { weight, ..self }
    }
}

/// A sum that every reader knows to hold: the parts make the whole. A share's complement, the year to date and a
/// remainder are sums too; a sum of one part says that two cells are the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Cell of the whole.
    pub whole: usize,
    /// Cells of the parts.
    pub parts: Vec<usize>,
}

impl Sum {
    /// The parts less the whole are nought.
    pub(super) fn equation(&self) -> Bound {
        let terms = self.parts.iter().map(|part| (*part, 1)).chain([(self.whole, -1)]).collect();
        Bound { terms, low: Some(0), high: Some(0) }
    }
}

/// Another thing that readers know: low ≤ Σ coefficient · cell ≤ high.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Cells and coefficients.
    pub terms: Vec<(usize, i64)>,
    /// At least; `None` is no limit.
    pub low: Option<i64>,
    /// At most; `None` is no limit.
    pub high: Option<i64>,
}

/// A percentage beside its denominator: it tells the numerator, up to rounding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Name that stays the same from edition to edition.
    pub key: String,
    /// Cell of the numerator.
    pub part: usize,
    /// Cell of the denominator.
    pub whole: usize,
    /// Decimals of the percentage.
    pub decimals: u32,
}

/// A percentage as printed: 73.1 % is 731 units of one decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Percent {
    /// The digits without the point.
    pub units: u64,
    /// Decimals.
    pub decimals: u32,
}

impl Percent {
    /// What `part` of `whole` reads, rounded half up. **Undefined** for a whole of nought.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::sdc::Percent;
    /// assert_eq!(Percent::of(402, 550, 1).map(|p| p.units), Some(731));
    /// ```
    pub fn of(part: u64, whole: u64, decimals: u32) -> Option<Self> {
        let scale = u128::from(scale_of(decimals)?);
        let (part, whole) = (u128::from(part), u128::from(whole));
        let units = (2 * part * scale + whole).checked_div(2 * whole)?;
        Some(Self { units: u64::try_from(units).ok()?, decimals })
    }

    /// What it says of numerator and denominator, as two bounds: (2u − 1) · whole ≤ 2 · 10^(2 + decimals) · part ≤
    /// (2u + 1) · whole.
    pub(super) fn bounds(self, part: usize, whole: usize) -> Vec<Bound> {
        let scale = scale_of(self.decimals).and_then(|scale| i64::try_from(2 * scale).ok());
        let (Some(scale), Ok(units)) = (scale, i64::try_from(self.units)) else { return Vec::new() };
        vec![
            Bound { terms: vec![(part, scale), (whole, 1 - 2 * units)], low: Some(0), high: None },
            Bound { terms: vec![(part, scale), (whole, -1 - 2 * units)], low: None, high: Some(0) },
        ]
    }
}

fn scale_of(decimals: u32) -> Option<u64> {
    (decimals <= 6).then(|| 10_u64.pow(decimals + 2))
}

/// All tables that go out together.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The rule.
    pub profile: Profile,
    /// The cells.
    pub cells: Vec<Cell>,
    /// The sums.
    pub sums: Vec<Sum>,
    /// What else is known.
    pub bounds: Vec<Bound>,
    /// The percentages.
    pub shares: Vec<Share>,
    places: BTreeMap<String, usize>,
}

impl Problem {
    /// Nothing yet, under a rule.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            cells: Vec::new(),
            sums: Vec::new(),
            bounds: Vec::new(),
            shares: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// Adds a cell and returns its place.
    ///
    /// # Errors
    /// `Bug` for a key that is there already.
    pub fn cell(&mut self, cell: Cell) -> Result<usize> {
        let place = self.cells.len();
        if self.places.insert(cell.key.clone(), place).is_some() {
            return Err(Error::bug(format!("two cells are called {}", cell.key)));
        }
        self.cells.push(cell);
        Ok(place)
    }

    /// Place of a cell.
    pub fn place(&self, key: &str) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// Says that the parts make the whole.
    ///
    /// # Errors
    /// `Bug` if they do not, or a cell does not exist: a sum that does not hold would make every check worthless.
    pub fn sum(&mut self, whole: usize, parts: &[usize]) -> Result<()> {
        let value = |at: &usize| self.cells.get(*at).map(|cell| u128::from(cell.value));
        let added: Option<u128> = parts.iter().map(value).sum();
        match (value(&whole), added) {
            (Some(all), Some(added)) if all == added => {
                self.sums.push(Sum { whole, parts: parts.to_vec() });
                Ok(())
            }
            (Some(_), Some(_)) => Err(Error::bug(format!(
                "the parts of {} do not add up to it",
                self.cells.get(whole).map_or("a cell", |cell| cell.key.as_str())
            ))),
            _ => Err(Error::bug("a sum names a cell that does not exist")),
        }
    }

    /// Says that the parts make at most the whole: what is left over becomes a cell of its own, printed nowhere.
    ///
    /// # Errors
    /// `Bug` if the parts are more than the whole, or a cell does not exist.
    pub fn sum_with_rest(&mut self, whole: usize, parts: &[usize], rest_key: &str) -> Result<()> {
        let value = |at: &usize| self.cells.get(*at).map(|cell| cell.value);
        let added: Option<u64> = parts.iter().map(value).sum();
        let (Some(all), Some(added)) = (value(&whole), added) else {
            return Err(Error::bug("a sum names a cell that does not exist"));
        };
        let rest = all
            .checked_sub(added)
            .ok_or_else(|| Error::bug(format!("the parts of {} are more than it", self.cells[whole].key)))?;
        if rest == 0 {
            return self.sum(whole, parts);
        }
        let personal = self.cells[whole].personal;
        let rest = self.cell(Cell { personal, ..Cell::new(rest_key, rest).unprinted() })?;
        let parts: Vec<usize> = parts.iter().copied().chain([rest]).collect();
        self.sum(whole, &parts)
    }

    /// Adds a percentage.
    ///
    /// # Errors
    /// `Bug` if a cell does not exist, or the numerator is more than the denominator.
    pub fn share(&mut self, share: Share) -> Result<()> {
        let value = |at: usize| self.cells.get(at).map(|cell| cell.value);
        match (value(share.part), value(share.whole)) {
            (Some(part), Some(whole)) if part <= whole => {
                self.shares.push(share);
                Ok(())
            }
            _ => Err(Error::bug(format!("the share {} has no numerator within a denominator", share.key))),
        }
    }

    /// What the percentage reads, if it can be worked out.
    pub(super) fn percent(&self, share: &Share) -> Option<Percent> {
        let (part, whole) = (self.cells.get(share.part)?, self.cells.get(share.whole)?);
        Percent::of(part.value, whole.value, share.decimals)
    }

    /// Whether a cell must be hidden for what it says itself.
    pub fn is_primary(&self, at: usize) -> bool {
        self.cells.get(at).is_some_and(|cell| {
            cell.personal && (self.profile.is_small(cell.value) || (cell.value == 0 && cell.disclosive_zero))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_that_do_not_hold_are_refused() {
        let mut problem = Problem::new(Profile::jersey(5));
        let all = problem.cell(Cell::new("all", 10)).unwrap();
        let part = problem.cell(Cell::new("part", 7)).unwrap();
        assert!(problem.cell(Cell::new("part", 7)).is_err());
        assert!(problem.sum(all, &[part]).is_err());
        assert!(problem.sum(all, &[part, 9]).is_err());
        problem.sum_with_rest(all, &[part], "rest").unwrap();
        assert_eq!(problem.cells[2].value, 3);
        assert!(!problem.cells[2].printed && problem.is_primary(2));
        assert!(problem.share(Share { key: "s".into(), part: all, whole: part, decimals: 1 }).is_err());
    }

    #[test]
    fn a_percentage_bounds_its_numerator() {
        let percent = Percent::of(2, 3, 1).unwrap();
        assert_eq!(percent.units, 667);
        assert_eq!(Percent::of(1, 0, 1), None);
        let holds = |part: i64, whole: i64| {
            percent.bounds(0, 1).iter().all(|bound| {
                let sum: i64 = bound.terms.iter().map(|(at, by)| by * [part, whole][*at]).sum();
                bound.low.is_none_or(|low| sum >= low) && bound.high.is_none_or(|high| sum <= high)
            })
        };
        assert!(holds(2, 3) && holds(200, 300) && !holds(1, 3) && !holds(199, 300));
    }
}
