//! Released answers as bytes: pictures, tiles, tables, pages. Nothing here reads records; rank 5.

pub mod chart;
pub mod format;
pub mod geojson;
pub mod hotspot_map;
pub mod html;
pub mod map_svg;
pub mod mvt;
pub mod palette;
pub mod svg;
pub mod table;
pub mod tiles;

