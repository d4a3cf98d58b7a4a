//! Statistical process control: charts and their limits, special-cause rules, variation and assurance.
//!
//! Every function takes the values of one group and one phase, in time order, so no moving range, run or trend ever
//! crosses from one to the next. Behaviour is that of a named [`Profile`], printed under every chart.
//!
//! A chart is fitted to its baseline and then gives a [`Line`] for each point: centre and limits, which differ from
//! point to point where the counts behind the values do. [`judge_lines`] runs the rules against them.

mod anhoej;
mod c_chart;
mod choice;
mod events;
mod g_chart;
mod icons;
mod laney;
mod line;
mod p_chart;
mod phases;
mod poisson_chart;
mod profile;
mod rules;
mod t_chart;
mod u_chart;
mod xmr;

pub use anhoej::{RunsTest, crossings_min, longest_run_max, runs_test};
pub use c_chart::c_line;
pub use choice::{Choice, Kind, Nature, choose};
pub use events::{Gaps, gaps};
pub use g_chart::g_line;
pub use icons::{Assurance, Direction, Variation, assurance, label, variation};
pub use laney::sigma_z;
pub use line::{Line, Part};
pub use p_chart::PChart;
pub use phases::{baseline, phases};
pub use poisson_chart::PoissonChart;
pub use profile::{ANHOEJ, MDC_2023, NHSR_02, Profile, Ties, TwoOfThree};
pub use rules::{
    Flags, Point, Rule, Side, judge, judge_lines, part_of, run_ends, trend_ends, trend_points, two_of_three,
};
pub use t_chart::{T_POWER, t_line};
pub use u_chart::UChart;
pub use xmr::{Limits, limits};
