//! vigie: a lookout over a police force's extracts.
//!
//! Modules have ranks and import only lower ranks (see `ARCHITECTURE.md`; a test enforces it):
//! model, error → space, stats → store, analysis → ingest, engine, sample → render → app → cli, serve.

pub mod analysis;
pub mod app;
pub mod cli;
pub mod config;
pub mod engine;
pub mod error;
pub mod ingest;
pub mod model;
pub mod render;
pub mod sample;
pub mod serve;
pub mod space;
pub mod stats;
pub mod store;
