//! Questions and answers: hotspots, trends, KPIs, flow, data quality, and what of them may be released. Rank 3: imports
//! `model`, `error`, `space`, `stats`, `config`; no I/O.

pub mod change;
pub mod clusters;
pub mod concentration;
pub mod definition;
pub mod density;
pub mod disclosure;
pub mod emerging;
pub mod flow;
pub mod hotspot;
pub mod hours;
pub mod kpi;
pub mod kpi_run;
pub mod kpi_values;
pub mod owner;
pub mod quality;
pub mod reconcile;
pub mod selection;
pub mod steps;
pub mod trend;
pub mod weights;
