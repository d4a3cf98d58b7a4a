//! The methods: numbers in, numbers out. Rank 2: imports only `error`; no police word, no Arrow, no H3.
//!
//! One method a file. "No answer" is a value (`None`, or a reason), never NaN or 0.

pub mod aoristic;
pub mod change_point;
pub mod emerging;
pub mod ets;
pub mod fdr;
pub mod gi_star;
pub mod mann_kendall;
pub mod neighbours;
pub mod normal;
pub mod rate;
pub mod rate_ratio;
pub mod six_way;
pub mod space_time_gi;
pub mod spc;
pub mod stl;
pub mod two_counts;
pub mod wdd;
