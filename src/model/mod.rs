//! The field's words: tables, time, access, provenance. Rank 1: imports only `error`.

pub mod access;
pub mod bridge;
pub mod digest;
pub mod edition;
pub mod provenance;
pub mod schema;
pub mod time;
pub mod wall_clock;
pub mod words;
