//! Places: points, H3 cells, areas, study areas, tiles, metres. Rank 2: imports only `model` and `error`.

pub mod areas;
pub mod cell;
pub mod dbscan;
pub mod distance;
pub mod lattice;
pub mod plane;
pub mod point;
pub mod project;
mod raster;
pub mod roads;
mod shapes;
pub mod study_area;
pub mod tile;

pub use areas::{Area, Areas};
pub use cell::Cell;
pub use lattice::Lattice;
pub use plane::Plane;
pub use point::{Bounds, Point, Shape};
pub use project::Crs;
pub use study_area::StudyArea;
pub use tile::TileId;
