//! The methods: numbers in, numbers out. Rank 2: imports only `error`; no police word, no Arrow, no H3.
//!
//! One method a file. "No answer" is a value (`None`, or a reason), never NaN or 0.

pub mod change_point;
pub mod ets;
pub mod fdr;
pub mod gi_star;
pub mod neighbours;
pub mod normal;
pub mod rate;
pub mod spc;
pub mod stl;
