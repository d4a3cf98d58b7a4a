//! Questions and answers: hotspots, trends, KPIs, flow, and what of them may be released. Rank 3: imports `model`,
//! `error`, `space`, `stats`, `config`; no I/O.

pub mod disclosure;
pub mod flow;
pub mod hotspot;
pub mod kpi;
pub mod trend;
