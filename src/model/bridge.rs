//! Arrow to Polars and back: the only file where the two meet.
