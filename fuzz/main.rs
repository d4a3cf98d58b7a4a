//! Coverage-guided fuzzing of what reads other people's bytes: extracts, feed files, moments, coordinates.
//!
//! `fuzz/run` builds this beside the library with counters in it (see `fuzz/instrument`). The loop is the usual one:
//! change an input that is worth keeping, run it, keep the new one if it takes a branch that none took before, or takes
//! it more often. A panic, five seconds or too much memory ends the run; the input stays in `FOLDER/TARGET.input`.
//!
//! ```text
//! fuzz TARGET SECONDS FOLDER
//! fuzz TARGET --once FILE
//! ```

mod targets;

use std::collections::HashSet;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const LONGEST_INPUT: usize = 8192;
const MOST_SECONDS_AN_INPUT: u64 = 5;

static COUNTERS: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static COUNTER_COUNT: AtomicUsize = AtomicUsize::new(0);
static INPUTS_RUN: AtomicU64 = AtomicU64::new(0);

/// The compiler's instrumentation says where its counters are: once for each of its units, all in one section.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    COUNTERS.store(start, Ordering::Relaxed);
    COUNTER_COUNT.store(stop as usize - start as usize, Ordering::Relaxed);
}

fn counters() -> &'static mut [u8] {
    // SAFETY: the linker keeps the section between the two for as long as the program runs. Its code adds to the bytes
    // without locks; this thread alone runs it.
    unsafe { std::slice::from_raw_parts_mut(COUNTERS.load(Ordering::Relaxed), COUNTER_COUNT.load(Ordering::Relaxed)) }
}

/// A small generator: fuzzing needs speed and a seed, nothing finer.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }
}

/// How often a branch was taken, in steps that are worth telling apart.
fn step(count: u8) -> u8 {
    match count {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        4..8 => 8,
        8..16 => 16,
        16..32 => 32,
        32..128 => 64,
        _ => 128,
    }
}

struct Fuzzer {
    target: &'static targets::Target,
    corpus: Vec<Vec<u8>>,
    /// Steps seen of each counter.
    seen: Vec<u8>,
    dice: Dice,
    /// The input under way, for the case that the process is ended from outside.
    under_way: File,
    kept_in: PathBuf,
}

impl Fuzzer {
    /// Runs an input; whether it did what none did before.
    fn run(&mut self, input: &[u8]) -> bool {
        self.under_way.rewind().unwrap();
        self.under_way.write_all(input).unwrap();
        self.under_way.set_len(input.len() as u64).unwrap();
        counters().fill(0);
        (self.target.run)(input);
        INPUTS_RUN.fetch_add(1, Ordering::Relaxed);
        let mut is_new = false;
        for (count, seen) in counters().iter().zip(&mut self.seen) {
            let step = step(*count);
            is_new |= *seen & step != step;
            *seen |= step;
        }
        is_new
    }

    fn keep(&mut self, input: Vec<u8>) {
        let mut hasher = DefaultHasher::new();
        input.hash(&mut hasher);
        fs::write(self.kept_in.join(format!("{:016x}", hasher.finish())), &input).unwrap();
        self.corpus.push(input);
    }

    fn changed(&mut self) -> Vec<u8> {
        let mut input = self.corpus[self.dice.below(self.corpus.len())].clone();
        for _ in 0..=self.dice.below(5) {
            let (at, dice) = (self.dice.below(input.len() + 1), &mut self.dice);
            let end = (at + 1 + dice.below(32)).min(input.len());
            match dice.below(9) {
                0 if at < input.len() => input[at] ^= 1 << dice.below(8),
                1 if at < input.len() => input[at] = dice.next() as u8,
                2 => drop(input.drain(at..end.max(at))),
                3 => input.insert(at, dice.next() as u8),
                4 if at < end => {
                    let piece = input[at..end].to_vec();
                    let to = dice.below(input.len() + 1);
                    drop(input.splice(to..to, piece));
                }
                5 => {
                    let other = &self.corpus[dice.below(self.corpus.len())];
                    let (from, length) = (dice.below(other.len() + 1), dice.below(64));
                    let piece = other[from..(from + length).min(other.len())].to_vec();
                    drop(input.splice(at..at, piece));
                }
                6 if at < input.len() && input[at].is_ascii_digit() => input[at] = b'0' + dice.below(10) as u8,
                _ => {
                    let word = self.target.words[dice.below(self.target.words.len())];
                    let over = if dice.below(2) == 0 { at } else { (at + word.len()).min(input.len()) };
                    drop(input.splice(at..over, word.bytes()));
                }
            }
        }
        input.truncate(LONGEST_INPUT);
        input
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [name, second, third] = args.as_slice() else { fail("wanted: fuzz TARGET SECONDS FOLDER") };
    let Some(target) = targets::ALL.iter().find(|target| target.name == name) else { fail("there is no such target") };
    if second == "--once" {
        (target.run)(&fs::read(third).unwrap());
        return;
    }
    let Ok(seconds) = second.parse() else { fail("wanted a number of seconds") };
    fuzz(target, Duration::from_secs(seconds), Path::new(third));
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    exit(2)
}

fn fuzz(target: &'static targets::Target, lasts: Duration, folder: &Path) {
    let kept_in = folder.join("corpus").join(target.name);
    fs::create_dir_all(&kept_in).unwrap();
    let under_way = File::create(folder.join(format!("{}.input", target.name))).unwrap();
    assert!(!counters().is_empty(), "the library was built without counters: use fuzz/run");
    let seen = vec![0; counters().len()];
    let mut fuzzer = Fuzzer { target, corpus: Vec::new(), seen, dice: Dice(0x9E37_79B9_7F4A_7C15), under_way, kept_in };
    let mut seeds: Vec<Vec<u8>> = target.seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let mut names: Vec<PathBuf> = fs::read_dir(&fuzzer.kept_in).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    seeds.extend(names.iter().map(|name| fs::read(name).unwrap()));
    stop_at_panics_and_hangs();
    let (mut known, started) = (HashSet::new(), Instant::now());
    for seed in seeds {
        if known.insert(seed.clone()) {
            fuzzer.run(&seed);
            fuzzer.corpus.push(seed);
        }
    }
    let begun_with = fuzzer.corpus.len();
    while started.elapsed() < lasts {
        let input = fuzzer.changed();
        if fuzzer.run(&input) {
            fuzzer.keep(input);
        }
    }
    let (runs, branches) = (INPUTS_RUN.load(Ordering::Relaxed), fuzzer.seen.iter().filter(|seen| **seen > 0).count());
    println!(
        "{:<8}{runs:>10} inputs in {:.0} s, {branches} branches, {} inputs worth keeping ({} new), nothing broke",
        target.name,
        started.elapsed().as_secs_f64(),
        fuzzer.corpus.len(),
        fuzzer.corpus.len() - begun_with
    );
}

fn stop_at_panics_and_hangs() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        exit(1);
    }));
    std::thread::spawn(|| {
        let mut last = (u64::MAX, Instant::now());
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let runs = INPUTS_RUN.load(Ordering::Relaxed);
            if runs != last.0 {
                last = (runs, Instant::now());
            } else if last.1.elapsed().as_secs() >= MOST_SECONDS_AN_INPUT {
                eprintln!("an input takes more than {MOST_SECONDS_AN_INPUT} s");
                exit(1);
            }
        }
    });
}
