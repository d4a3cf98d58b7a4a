//! Released answers as bytes: pictures, tiles, tables, pages, reports. Functions take `&Released<…>`, so disclosure
//! control cannot be skipped; nothing here reads records, files or a clock. Rank 5.

pub mod change;
pub mod chapters;
pub mod chart;
pub mod clusters;
pub mod concentration;
pub mod document;
pub mod drawn;
pub mod emerging;
pub mod evaluation;
pub mod forecast;
pub mod format;
pub mod geojson;
pub mod hotspot_map;
pub mod hours;
pub mod html;
pub mod kpi_view;
pub mod map_svg;
pub mod mvt;
pub mod near_repeat;
pub mod palette;
pub mod plan;
pub mod png;
pub mod quality;
mod quality_picture;
pub mod revision;
pub mod scan;
pub mod svg;
pub mod table;
pub mod tiles;
pub mod trend;
