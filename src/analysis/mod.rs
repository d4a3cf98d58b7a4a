//! Questions and answers: hotspots, tests of methods, trends, KPIs, flow, data quality, and what of them may be released.
//! Rank 3: imports `model`, `error`, `space`, `stats`, `config`; no I/O.

pub mod change;
pub mod clusters;
pub mod concentration;
pub mod definition;
pub mod density;
pub mod disclosure;
pub mod emerging;
pub mod evaluate;
pub mod flow;
pub mod hotspot;
pub mod hours;
pub mod kpi;
pub mod kpi_diff;
pub mod kpi_draft;
pub mod kpi_example;
pub mod kpi_lint;
pub mod kpi_phase;
pub mod kpi_rows;
pub mod kpi_run;
pub mod kpi_values;
pub mod kpi_words;
pub mod moments;
pub mod near_repeat;
pub mod owner;
pub mod plan;
pub mod quality;
pub mod reconcile;
pub mod scan;
pub mod selection;
pub mod steps;
pub mod trend;
pub mod weights;
