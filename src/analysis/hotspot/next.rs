//! Where next? The cells of a map in the order of the method that did best when it was tested.

use std::collections::HashMap;

use super::{CellScore, HotspotMap};
use crate::analysis::evaluate::{Method, Place};
use crate::error::{Error, Result};
use crate::space::Cell;

/// Shares of the area by which a map of the likeliest cells is drawn, and the tests of methods are read.
pub const NEXT_CLASSES: [f64; 4] = [0.01, 0.02, 0.05, 0.1];

/// What a test of methods decided: whose order the cells are in, and for which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// The method.
    pub method: Method,
    /// Days ahead.
    pub horizon_days: u32,
    /// Days that the method looks back.
    pub train_days: u32,
}

impl Pick {
    /// The baseline over the usual days: what is taken where nothing was tested and an order is asked for.
    pub const UNTESTED: Pick = Pick { method: Method::BASELINE, horizon_days: 7, train_days: 730 };
}

impl super::Detail {
    /// How early the cell comes in the order of the picked method: 3 within the first 1 % of the area, 2 within 2 %, 1
    /// within 5 %, else 0; `None` on a map without an order.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::hotspot::Detail;
    /// let detail = Detail { area_share: Some(0.015), ..Detail::default() };
    /// assert_eq!(detail.next_class(), Some(2));
    /// assert_eq!(Detail::default().next_class(), None);
    /// ```
    pub fn next_class(&self) -> Option<i8> {
        // A share is a sum of areas: a speck over the limit is within it.
        let within = |limit: f64| self.area_share.map(|share| share <= limit + 1e-9);
        let classes = NEXT_CLASSES.iter().take(3).filter(|limit| within(**limit) == Some(true)).count();
        self.area_share.map(|_| i8::try_from(classes).unwrap_or(0))
    }
}

impl HotspotMap {
    /// Gives every cell its place in an order.
    ///
    /// # Errors
    /// `Bug` if the order is not one of the same cells.
    pub fn in_order_of(mut self, places: &[Place]) -> Result<Self> {
        let order: HashMap<Cell, &Place> = places.iter().map(|place| (place.cell, place)).collect();
        for row in &mut self.rows {
            let place = order.get(&row.cell).ok_or_else(|| Error::bug("a cell of the map is in no order"))?;
            (row.detail.rank, row.detail.area_share) = (Some(place.rank as u64), Some(place.area_share));
        }
        Ok(self)
    }

    /// The likeliest cells that make up a share of the area, likeliest first; where the order within a class is
    /// suppressed, in the order of the cells.
    pub fn likeliest(&self, share: f64) -> Vec<&CellScore> {
        let within = |row: &&CellScore| row.detail.area_share.is_some_and(|so_far| so_far <= share + 1e-9);
        let mut rows: Vec<&CellScore> = self.rows.iter().filter(within).collect();
        rows.sort_by(|a, b| {
            let so_far = |row: &CellScore| row.detail.area_share.unwrap_or(1.0);
            a.detail.rank.cmp(&b.detail.rank).then(so_far(a).total_cmp(&so_far(b))).then(a.cell.cmp(&b.cell))
        });
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::hotspot::{CellCount, Method, Question, score};
    use crate::analysis::selection::Selection;
    use crate::model::access::{Principal, Role};
    use crate::model::time::parse_period_name;
    use crate::space::StudyArea;

    fn map() -> HotspotMap {
        let selection = Selection::of("crimes", parse_period_name("2017").unwrap());
        let question = Question { selection, resolution: 9, method: Method::Next(Pick::UNTESTED) };
        let jersey = StudyArea::jersey().unwrap();
        let cells = jersey.cells(9).unwrap();
        let counts: Vec<CellCount> =
            cells.iter().zip([9_u64, 3, 0, 6]).map(|(cell, count)| CellCount { cell: *cell, count }).collect();
        let whole: f64 = cells.iter().map(|cell| cell.area_km2()).sum();
        let mut so_far = 0.0;
        let places = cells.iter().rev().enumerate().map(|(at, cell)| {
            so_far += cell.area_km2();
            let area_share = so_far / whole;
            Place {
                rank: at + 1,
                cell: *cell,
                parish: None,
                area_km2: cell.area_km2(),
                area_share,
                centre: cell.centre(),
            }
        });
        let places: Vec<Place> = places.collect();
        let map = score(&counts, &jersey, &question).unwrap();
        assert!(map.clone().in_order_of(&places[1..]).is_err());
        map.in_order_of(&places).unwrap()
    }

    #[test]
    fn cells_come_in_their_order_and_in_classes_of_the_area() {
        let map = map();
        let first = map.likeliest(0.02);
        assert!((25..=27).contains(&first.len()), "{}", first.len());
        assert_eq!(first[0].cell, map.rows.last().unwrap().cell);
        assert_eq!((first[0].detail.next_class(), first[25].detail.next_class()), (Some(3), Some(2)));
        assert_eq!(map.rows[0].detail.next_class(), Some(0));
        assert_eq!(map.likeliest(1.0).len(), map.rows.len());
        assert!(map.rows.iter().all(|row| row.z.is_none() && row.q.is_none()));
    }

    #[test]
    fn the_public_sees_classes_where_a_count_is_hidden_and_not_the_order() {
        let who = Principal { name: "reader".into(), roles: vec![Role::Public], via: "test", purpose: None };
        let map = map();
        let seen = release(map.clone(), &Policy { threshold: 5 }, &who);
        assert!(seen.rows.iter().all(|row| row.detail.rank.is_none()));
        let shares: std::collections::BTreeSet<String> =
            seen.rows.iter().filter_map(|row| row.detail.area_share).map(|share| share.to_string()).collect();
        assert_eq!(shares.into_iter().collect::<Vec<_>>(), ["0.01", "0.02", "0.05", "0.1", "1"]);
        assert_eq!(seen.likeliest(0.02).len(), map.likeliest(0.02).len());
    }
}
