//! Circles around places: who joins at which distance.

use std::ops::Range;

use crate::stats::scan::Options;

/// For every place, the places around it in order of distance, as far as a circle may grow.
pub(super) struct Areas {
    /// Cases of each place, as runs of the list of cases in order of place.
    cases: Vec<Range<usize>>,
    /// One list a centre.
    around: Vec<Vec<u32>>,
    /// Of each list: how many places each circle holds, ascending.
    sizes: Vec<Vec<u32>>,
    /// Radius of each of those circles.
    radii: Vec<Vec<f64>>,
}

impl Areas {
    pub fn new(x: &[f64], y: &[f64], case_place: &[u32], options: &Options) -> Self {
        let mut counts = vec![0_usize; x.len()];
        for &place in case_place {
            counts[place as usize] += 1;
        }
        let mut start = 0;
        let mut cases = Vec::with_capacity(x.len());
        for count in &counts {
            cases.push(start..start + count);
            start += count;
        }
        let most = (options.max_share * case_place.len() as f64).floor() as usize;
        let mut areas = Self { cases, around: Vec::new(), sizes: Vec::new(), radii: Vec::new() };
        for centre in 0..x.len() {
            let mut near: Vec<(f64, u32)> = (0..x.len())
                .map(|other| ((x[other] - x[centre]).hypot(y[other] - y[centre]), other as u32))
                .filter(|(distance, other)| *distance <= options.max_radius_m && counts[*other as usize] > 0)
                .collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            areas.add(&near, &counts, most);
        }
        areas
    }

    fn add(&mut self, near: &[(f64, u32)], counts: &[usize], most: usize) {
        let (mut sizes, mut radii) = (Vec::new(), Vec::new());
        let mut held = 0;
        // Places at one distance (a speck apart by rounding) join together.
        for group in near.chunk_by(|a, b| b.0 - a.0 <= a.0 * 1e-12) {
            held += group.iter().map(|(_, place)| counts[*place as usize]).sum::<usize>();
            if held > most {
                break;
            }
            sizes.push(sizes.last().copied().unwrap_or(0) + group.len() as u32);
            radii.push(group.last().map_or(0.0, |(distance, _)| *distance));
        }
        let places = sizes.last().copied().unwrap_or(0) as usize;
        self.around.push(near[..places].iter().map(|(_, place)| *place).collect());
        self.sizes.push(sizes);
        self.radii.push(radii);
    }

    /// Number of centres.
    pub fn len(&self) -> usize {
        self.around.len()
    }

    /// The nearest places of a centre.
    pub fn nearest(&self, centre: usize, places: usize) -> &[u32] {
        &self.around[centre][..places]
    }

    /// Radius of the circle around a centre that holds so many places.
    pub fn radius(&self, centre: usize, places: usize) -> f64 {
        let circle = self.sizes[centre].partition_point(|&size| (size as usize) < places);
        self.radii[centre].get(circle).copied().unwrap_or(0.0)
    }

    /// Calls `found` with each circle around a centre that has at least two cases. `days` are those of all cases in order
    /// of place.
    #[inline]
    pub fn each_circle(&self, centre: usize, days: &[u32], room: &mut Room, mut found: impl FnMut(Circle<'_>)) {
        room.inside.clear();
        room.joined.clear();
        let mut start = 0;
        for &size in &self.sizes[centre] {
            for &place in &self.around[centre][start..size as usize] {
                for &day in &days[self.cases[place as usize].clone()] {
                    let at = room.inside.partition_point(|&other| other <= day);
                    room.inside.insert(at, day);
                    room.joined.push(day);
                }
            }
            start = size as usize;
            if room.inside.len() > 1 {
                room.joined.sort_unstable();
                room.count_days();
                found(Circle {
                    places: start,
                    cases: room.inside.len() as u64,
                    days: &room.days,
                    until: &room.until,
                    joined: &room.joined,
                });
                room.joined.clear();
            }
        }
    }
}

/// A circle and when its cases happened.
pub(super) struct Circle<'a> {
    /// Places within.
    pub places: usize,
    /// Cases within, at any time.
    pub cases: u64,
    /// Days with a case, ascending.
    pub days: &'a [u32],
    /// Cases before each of these days, and all of them at the end.
    pub until: &'a [u32],
    /// Days of the cases that the circle before did not hold, ascending.
    pub joined: &'a [u32],
}

/// Room to work in, used again from circle to circle.
#[derive(Default)]
pub(super) struct Room {
    inside: Vec<u32>,
    joined: Vec<u32>,
    days: Vec<u32>,
    until: Vec<u32>,
}

impl Room {
    /// Days with a case and the cases before each. In a busy circle many cases share a day.
    fn count_days(&mut self) {
        self.days.clear();
        self.until.clear();
        for (at, &day) in self.inside.iter().enumerate() {
            if self.days.last() != Some(&day) {
                self.days.push(day);
                self.until.push(at as u32);
            }
        }
        self.until.push(self.inside.len() as u32);
    }
}
