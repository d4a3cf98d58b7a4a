//! Torture: broken files, killed processes, lost power, full disks, long walks beside a plain model, and readers who put
//! published tables together. The test command runs a sample; `VIGIE_TORTURE=1` (`just torture`) the whole. Everything is
//! seeded: a failure says how to get it back.

mod bad_files;
mod crash;
mod disclosure;
mod disk;
mod disk_full;
mod extracts;
mod hostile;
mod model;
mod power_loss;
mod recording;
mod trial;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// How often: in the test command, or when the long runs are asked for.
fn times(short: usize, long: usize) -> usize {
    if std::env::var_os("VIGIE_TORTURE").is_some() { long } else { short }
}

/// Seeded chance.
struct Dice(Pcg64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }

    /// Uniform in `0..n`; 0 if `n` is 0.
    fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { self.0.random_range(0..n) }
    }

    /// Uniform in `[0, 1)`.
    fn share(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    fn coin(&mut self) -> bool {
        self.0.random::<bool>()
    }

    fn byte(&mut self) -> u8 {
        self.0.random::<u8>()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }
}

/// Does every case, on all cores; each worker has something of its own to work with.
fn on_all_cores<T: Sync, W>(cases: &[T], worker: impl Fn() -> W + Sync, run: impl Fn(&mut W, usize, &T) + Sync) {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(cases.len().max(1));
    let broken: Mutex<Option<Box<dyn std::any::Any + Send>>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut own = worker();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { return };
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&mut own, index, case)));
                    if let Err(panic) = done {
                        next.store(cases.len(), Ordering::Relaxed);
                        broken.lock().unwrap().get_or_insert(panic);
                        return;
                    }
                }
            });
        }
    });
    if let Some(panic) = broken.into_inner().unwrap() {
        std::panic::resume_unwind(panic);
    }
}
