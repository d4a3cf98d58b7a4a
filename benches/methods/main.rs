//! Times one method of `vigie::stats` at a size; the scripts beside this folder run it beside its peer and print the
//! table.
//!
//!     methods NAME SIZE [REPEATS]
//!
//! prints one JSON object: `{"method", "size", "seconds": [one a repeat], "check"}`. `check` is a number of the answer, so
//! that the work cannot be optimised away and can be held against the peer's.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, reason = "a program for the terminal")]

mod gi_star;
mod inputs;
mod kde;
mod knox;
mod space_time;

use std::time::Instant;

/// A method made ready at a size: each call does the whole work once and gives a number of the answer.
type Work = Box<dyn FnMut() -> f64>;

/// Makes a method ready at a size.
type Prepare = fn(usize) -> Work;

/// Every method by name. One line each, one file each.
const METHODS: &[(&str, Prepare)] = &[
    ("gi-star", gi_star::analytic),
    ("gi-star-permuted", gi_star::permuted),
    ("kde", kde::epanechnikov),
    ("kde-quartic", kde::quartic),
    ("space-time-gi", space_time::gi),
    ("histories", space_time::histories),
    ("knox", knox::table),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let names = METHODS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let [name, size, rest @ ..] = arguments.as_slice() else {
        println!("methods NAME SIZE [REPEATS]; there are {names}");
        return;
    };
    let (_, prepare) = METHODS.iter().find(|(known, _)| known == name).expect(&names);
    let size: usize = size.parse().expect("a size");
    let repeats: usize = rest.first().map_or(3, |text| text.parse().expect("a number of repeats"));
    let mut work = prepare(size);
    let mut seconds = Vec::with_capacity(repeats);
    let mut check = 0.0;
    for _ in 0..repeats {
        let started = Instant::now();
        check = work();
        seconds.push(started.elapsed().as_secs_f64());
    }
    println!("{}", serde_json::json!({"method": name, "size": size, "seconds": seconds, "check": check}));
}
