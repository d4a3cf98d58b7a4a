//! Released answers to bytes: SVG charts and maps, vector tiles, GeoJSON, tables, HTML. Rank 5. Functions take
//! `&Released<…>`, so disclosure control cannot be skipped; nothing here reads a file or a clock.

pub mod chart;
pub mod format;
pub mod geojson;
pub mod hotspot_picture;
pub mod html;
pub mod kpi_view;
pub mod map_svg;
pub mod mvt;
pub mod palette;
pub mod report;
pub mod svg;
pub mod table;
pub mod tiles;
