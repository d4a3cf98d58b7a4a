//! The methods: numbers in, numbers out. Rank 2: imports only `error`; no police word, no Arrow, no H3.
//!
//! One method a file. "No answer" is a value (`None`, or a reason), never NaN or 0.

pub mod accuracy;
pub mod aoristic;
pub mod bands;
pub mod change_point;
pub mod changing_rate;
pub mod concentration;
pub mod conditional_permutation;
pub mod dual_kde;
pub mod ellipse;
pub mod emerging;
pub mod ets;
pub mod fdr;
pub mod gi;
pub mod gi_star;
pub mod harm;
pub mod history;
pub mod kde;
pub mod knox;
pub mod mann_kendall;
pub mod moran;
pub mod near_repeat;
pub mod nearest_neighbour;
pub mod neighbours;
pub mod normal;
pub mod point_grid;
pub mod prospective;
pub mod rate;
pub mod rate_ratio;
pub mod resample;
pub mod rings;
pub mod scan;
pub mod season_share;
pub mod sepp;
pub mod shrunk_rate;
pub mod shuffle;
pub mod six_way;
pub mod space_time_gi;
pub mod spc;
pub mod stl;
pub mod thrown_sum;
pub mod two_counts;
pub mod wdd;
