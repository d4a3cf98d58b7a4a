//! Disclosure control of tables: which numbers are too small to print, and which others must go with them so that no
//! reader can work them out, from this edition or from all that were published before. Pure; the linear programmes are
//! the solver crate's, and nothing it says is believed before it is checked.
//!
//! The unit is the count of persons, or of what happened to them. Words: a *primary* cell is hidden for what it says
//! itself, a *complementary* one because it would give another away.
//!
//! What is not covered: a reader who is one of the persons counted and subtracts himself, and readers who ask the server
//! the same thing in many ways (each answer is protected by itself, not against the others).

mod attack;
mod history;
mod model;
mod problem;
mod profile;
mod protect;
mod search;
mod solve;

pub use attack::{Fact, Facts, Interval, attack};
pub use history::{History, Published};
pub use problem::{Bound, Cell, Earlier, Percent, Problem, Share, Sum};
pub use profile::{CONFIDENTIAL, Profile, Rule, Shown};
pub use protect::{Log, Protection, protect};

#[cfg(test)]
#[path = "sdc/sdc_tests.rs"]
mod tests;
