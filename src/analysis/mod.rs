//! Questions and answers: hotspots, trends, KPIs, flow, data quality, and what of them may be released. Rank 3: imports `model`,
//! `error`, `space`, `stats`, `config`; no I/O.

pub mod definition;
pub mod disclosure;
pub mod flow;
pub mod hotspot;
pub mod kpi;
pub mod kpi_run;
pub mod kpi_values;
pub mod moments;
pub mod near_repeat;
pub mod owner;
pub mod quality;
pub mod reconcile;
pub mod scan;
pub mod selection;
pub mod trend;
