//! The one integration program: a file a theme.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop, and may say what it did"
)]

mod architecture;
mod bad_input;
mod cli;
mod corrections;
mod counts;
mod durable;
mod editions;
mod evaluate;
mod extract_files;
mod formats;
mod functions;
mod golden;
mod guess;
mod http;
mod keeping;
mod kpi;
mod kpi_real;
mod kpi_schema;
mod leak;
mod load;
mod locked;
mod pdf_text;
mod period;
mod period_commands;
mod places;
mod plan;
mod properties;
mod quality;
mod queries;
mod real_feeds;
mod reference;
mod reference_evaluate;
mod reference_period;
mod reference_repeat;
mod reference_spc;
mod reference_time;
mod reference_trend;
mod rejects;
mod repeat;
mod report_files;
mod roles;
mod spc;
mod support;
mod time;
mod torture;
mod trend;
mod truth;
mod truth_kpis;
mod truth_repeats;
mod truth_time;
