//! Gi* in space and time: is the sum around a place, now and in the steps just before, more than the cube explains?

use std::ops::Range;
use std::thread;

use crate::error::{Error, Result};
use crate::stats::gi_star::Undefined;
use crate::stats::neighbours::Neighbours;
use crate::stats::normal::two_sided_p;

/// Values of places over steps of time: step `t` of place `i` is `values[i * steps + t]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cube {
    values: Vec<f64>,
    places: usize,
    steps: usize,
}

impl Cube {
    /// A cube of its values, place by place.
    ///
    /// # Errors
    /// `Bug` unless there are `places` times `steps` values; `Data` naming the place and step of a value that is not a
    /// finite number.
    pub fn new(values: Vec<f64>, places: usize, steps: usize) -> Result<Self> {
        if values.len() != places * steps {
            return Err(Error::bug(format!("{} values for {places} places and {steps} steps", values.len())));
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let (place, step) = (at / steps, at % steps);
            return Err(Error::data(format!("the value of place {place} in step {step} is not a finite number")));
        }
        Ok(Self { values, places, steps })
    }

    /// Number of places.
    pub fn places(&self) -> usize {
        self.places
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The series of one place; empty for a place that does not exist.
    pub fn of(&self, place: usize) -> &[f64] {
        self.values.get(place * self.steps..(place + 1) * self.steps).unwrap_or_default()
    }
}

/// What a neighbourhood is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Every place in every step.
    WholeCube,
    /// Every place in the steps that the neighbourhood reaches over.
    NeighbourhoodSteps,
    /// Every place in the step itself; the neighbourhood is of that step alone.
    OneStep,
}

/// z and two-sided p of every place and step, in the order of the cube's values.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceTimeGi {
    /// Standard deviates; `None` where undefined.
    pub z: Vec<Option<f64>>,
    /// Two-sided p of each z, not yet adjusted for the number of places and steps.
    pub p: Vec<Option<f64>>,
    /// Why nothing has a z, if nothing has.
    pub undefined: Option<Undefined>,
}

/// Mean, spread and size of what a step is compared with.
#[derive(Debug, Clone, Copy)]
struct Whole {
    mean: f64,
    deviation: f64,
    count: f64,
}

/// Gi* over the cells of a cube: the place and its neighbours, in this step and the `before` steps that came before it.
///
/// **Method** (Ord and Getis 1995, doi:10.1111/j.1538-4632.1995.tb00912.x, over the bins of a space-time cube as in
/// emerging hot spot analysis): with W the number of bins in the neighbourhood, x̄ and s (dividing by n) of the n bins
/// of the window, z = (Σx − W·x̄) / (s · √((n·W − W²) / (n − 1))). The neighbourhood reaches back only, so a step never
/// knows what came after it, and at the start of the cube it is as long as there are steps. With [`Window::OneStep`] it
/// is of one step, because bins outside a window cannot be compared with it.
/// **Units**: z in standard deviates; p a probability.
/// **Undefined**: everything, with the reason, if the cube has fewer than three places or only equal values; a step
/// whose window has only equal values; a place whose neighbourhood is its whole window. On sparse counts the normal
/// distribution is a rough guide: longer steps make it a better one.
/// Grows with places × neighbours × steps; the same result on any number of threads.
///
/// # Errors
/// `Bug` if the lists are not one a place.
///
/// # Example
/// ```
/// use vigie::stats::{neighbours::Neighbours, space_time_gi::{Cube, Window, space_time_gi}};
/// let line = Neighbours::from_lists(&[vec![1], vec![0, 2], vec![1]])?;
/// let cube = Cube::new(vec![0.0, 0.0, 9.0, 0.0, 1.0, 8.0, 1.0, 0.0, 0.0], 3, 3)?;
/// let gi = space_time_gi(&cube, &line, 1, Window::WholeCube)?;
/// assert!(gi.z[2].is_some_and(|z| z > 1.5) && gi.z[6].is_some_and(|z| z < 0.0));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn space_time_gi(cube: &Cube, neighbours: &Neighbours, before: usize, window: Window) -> Result<SpaceTimeGi> {
    on_threads(cube, neighbours, before, window, thread::available_parallelism().map_or(1, usize::from))
}

fn on_threads(
    cube: &Cube,
    neighbours: &Neighbours,
    before: usize,
    window: Window,
    threads: usize,
) -> Result<SpaceTimeGi> {
    if neighbours.len() != cube.places {
        return Err(Error::bug(format!("{} places and {} neighbour lists", cube.places, neighbours.len())));
    }
    let bins = cube.values.len();
    let nothing = |why| SpaceTimeGi { z: vec![None; bins], p: vec![None; bins], undefined: Some(why) };
    if cube.places < 3 || cube.steps == 0 {
        return Ok(nothing(Undefined::TooFewPlaces));
    }
    let (lowest, highest) = range(cube.values.iter().copied());
    if lowest >= highest {
        return Ok(nothing(Undefined::NoVariation));
    }
    let before = if window == Window::OneStep { 0 } else { before };
    let wholes = wholes(cube, before, window);
    let recent = recent_sums(cube, before);
    let mut z = vec![None; bins];
    let mut p = vec![None; bins];
    let share = cube.places.div_ceil(threads.max(1));
    thread::scope(|scope| {
        let parts = z.chunks_mut(share * cube.steps).zip(p.chunks_mut(share * cube.steps));
        for (part, (z, p)) in parts.enumerate() {
            let places = part * share..(part * share + z.len() / cube.steps);
            let (wholes, recent) = (&wholes, &recent);
            scope.spawn(move || score(places, cube.steps, neighbours, before, wholes, recent, z, p));
        }
    });
    Ok(SpaceTimeGi { z, p, undefined: None })
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

/// One window a step; `None` where all its values are equal.
fn wholes(cube: &Cube, before: usize, window: Window) -> Vec<Option<Whole>> {
    let over = |steps: Range<usize>| -> Option<Whole> {
        let bins = || (0..cube.places).flat_map(|place| &cube.of(place)[steps.clone()]).copied();
        let count = (cube.places * steps.len()) as f64;
        let (lowest, highest) = range(bins());
        let mean = bins().sum::<f64>() / count;
        let deviation = (bins().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt();
        (lowest < highest).then_some(Whole { mean, deviation, count })
    };
    match window {
        Window::WholeCube => vec![over(0..cube.steps); cube.steps],
        _ => (0..cube.steps).map(|step| over(step.saturating_sub(before)..step + 1)).collect(),
    }
}

/// For each bin the sum of its place over the step and those before it.
fn recent_sums(cube: &Cube, before: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(cube.values.len());
    for place in 0..cube.places {
        let series = cube.of(place);
        // Added anew, not carried along: sums of harm weights would gather rounding.
        sums.extend((0..cube.steps).map(|step| series[step.saturating_sub(before)..=step].iter().sum::<f64>()));
    }
    sums
}

#[expect(clippy::too_many_arguments, reason = "the whole of the work, cut for one thread")]
fn score(
    places: Range<usize>,
    steps: usize,
    neighbours: &Neighbours,
    before: usize,
    wholes: &[Option<Whole>],
    recent: &[f64],
    z: &mut [Option<f64>],
    p: &mut [Option<f64>],
) {
    let mut sums = vec![0.0; steps];
    for (row, place) in places.enumerate() {
        let around = neighbours.of(place);
        sums.copy_from_slice(&recent[place * steps..(place + 1) * steps]);
        for &other in around {
            let other = other as usize;
            for (sum, more) in sums.iter_mut().zip(&recent[other * steps..(other + 1) * steps]) {
                *sum += more;
            }
        }
        for (step, (sum, whole)) in sums.iter().zip(wholes).enumerate() {
            let weight = ((around.len() + 1) * (step.min(before) + 1)) as f64;
            let scored = whole.and_then(|whole| {
                let spread = whole.count * weight - weight * weight;
                let unit = whole.deviation * (spread / (whole.count - 1.0)).sqrt();
                (spread > 0.0).then(|| (sum - weight * whole.mean) / unit).filter(|z| z.is_finite())
            });
            z[row * steps + step] = scored;
            p[row * steps + step] = scored.map(two_sided_p);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::gi_star::gi_star;

    fn ring(places: u32) -> Neighbours {
        let lists: Vec<Vec<u32>> = (0..places).map(|i| vec![(i + places - 1) % places, (i + 1) % places]).collect();
        Neighbours::from_lists(&lists).unwrap()
    }

    fn some_cube(places: usize, steps: usize) -> Cube {
        let values = (0..places * steps).map(|i| ((i * i * 31 + i * 7) % 11) as f64).collect();
        Cube::new(values, places, steps).unwrap()
    }

    #[test]
    fn one_step_is_the_map_of_that_step() {
        let (cube, ring) = (some_cube(9, 4), ring(9));
        let gi = space_time_gi(&cube, &ring, 2, Window::OneStep).unwrap();
        for step in 0..4 {
            let values: Vec<f64> = (0..9).map(|place| cube.of(place)[step]).collect();
            let map = gi_star(&values, &ring).unwrap();
            for (place, wanted) in map.z.iter().enumerate() {
                assert!((gi.z[place * 4 + step].unwrap() - wanted.unwrap()).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn what_comes_later_changes_nothing_before_it_within_its_own_window() {
        let (cube, ring) = (some_cube(9, 6), ring(9));
        let mut values: Vec<f64> = (0..9).flat_map(|place| cube.of(place).to_vec()).collect();
        for place in 0..9 {
            values[place * 6 + 5] += 50.0 * place as f64;
        }
        let changed = Cube::new(values, 9, 6).unwrap();
        let (a, b) = (
            space_time_gi(&cube, &ring, 1, Window::NeighbourhoodSteps).unwrap(),
            space_time_gi(&changed, &ring, 1, Window::NeighbourhoodSteps).unwrap(),
        );
        for place in 0..9 {
            assert_eq!(a.z[place * 6..place * 6 + 5], b.z[place * 6..place * 6 + 5]);
        }
        assert_ne!(a.z, b.z);
    }

    #[test]
    fn threads_change_nothing() {
        let (cube, ring) = (some_cube(101, 13), ring(101));
        for window in [Window::WholeCube, Window::NeighbourhoodSteps, Window::OneStep] {
            let one = on_threads(&cube, &ring, 2, window, 1).unwrap();
            for threads in [2, 3, 64, 200] {
                assert_eq!(one, on_threads(&cube, &ring, 2, window, threads).unwrap());
            }
        }
    }

    #[test]
    fn no_answer_has_its_reason() {
        let flat = Cube::new(vec![0.1; 12], 4, 3).unwrap();
        let gi = space_time_gi(&flat, &ring(4), 1, Window::WholeCube).unwrap();
        assert_eq!((gi.undefined, gi.z), (Some(Undefined::NoVariation), vec![None; 12]));
        let pair = Cube::new(vec![1.0, 2.0], 2, 1).unwrap();
        let lists = Neighbours::from_lists(&[vec![1], vec![0]]).unwrap();
        let gi = space_time_gi(&pair, &lists, 1, Window::WholeCube).unwrap();
        assert_eq!(gi.undefined, Some(Undefined::TooFewPlaces));
        // One empty step among full ones: undefined by itself, defined against the cube.
        let mut values = vec![0.0; 12];
        for place in 0..4 {
            values[place * 3 + 2] = place as f64;
        }
        let cube = Cube::new(values, 4, 3).unwrap();
        assert_eq!(space_time_gi(&cube, &ring(4), 0, Window::OneStep).unwrap().z[0], None);
        assert!(space_time_gi(&cube, &ring(4), 0, Window::WholeCube).unwrap().z[0].is_some());
        assert!(Cube::new(vec![f64::NAN, 0.0], 1, 2).unwrap_err().message().contains("place 0 in step 0"));
    }
}
