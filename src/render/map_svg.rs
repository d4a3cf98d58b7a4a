//! Maps as one SVG: coast, parishes, roads, cells by class, places, legend. For the report, the page without scripts and
//! the README. Coordinates have one decimal, so the same answer gives the same bytes.

use std::fmt::Write as _;

use crate::render::palette::{self, Colour};
use crate::render::svg::{Text, Words, coordinate, frame, id_of, wrap};
use crate::space::{Bounds, Point, Shape};

const WIDTH: f64 = 760.0;
const LEGEND_ROW: f64 = 20.0;
/// Characters of a line under the legend that fit the width, in a wide font too.
const NOTE_WIDTH: usize = 105;

/// What lies under the data.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// Land, the main island first.
    pub land: Vec<Shape>,
    /// Boundaries of areas.
    pub areas: Vec<Shape>,
    /// Roads: class and line.
    pub roads: Vec<(String, Vec<Point>)>,
    /// Names on the map.
    pub places: Vec<(String, Point)>,
}

/// One class of cells with its legend entry.
#[derive(Debug, Clone)]
pub struct Class {
    /// What the class means, in words.
    pub label: String,
    /// Fill.
    pub fill: Colour,
    /// How its edge is drawn, so that classes differ without colour.
    pub edge: Edge,
    /// Outlines of its cells.
    pub cells: Vec<Vec<Point>>,
}

/// Edge of the cells of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// A thin line of its own colour.
    Plain,
    /// A dashed dark line: cold cells.
    Dashed,
    /// A dark line: the strongest class.
    Strong,
    /// A thin line, and dark marks over the fill.
    Marked(Texture),
}

/// Marks over the fill of a class, where there are more classes than fills can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texture {
    /// Lines that rise to the right.
    Rising,
    /// Lines that fall to the right.
    Falling,
    /// Both.
    Crossed,
    /// Upright lines.
    Upright,
    /// Dots.
    Dotted,
}

impl Texture {
    const ALL: [Texture; 5] = [Texture::Rising, Texture::Falling, Texture::Crossed, Texture::Upright, Texture::Dotted];

    /// Name in the picture, unique on the page.
    fn id(self, words: &Words) -> String {
        format!("{}-{}", id_of(&words.id), format!("{self:?}").to_lowercase())
    }

    /// The tile that is repeated: four units a side.
    fn tile(self) -> &'static str {
        match self {
            Texture::Rising => "M0 4L4 0M-1 1L1 -1M3 5L5 3",
            Texture::Falling => "M0 0L4 4M-1 3L1 5M3 -1L5 1",
            Texture::Crossed => "M0 4L4 0M0 0L4 4",
            Texture::Upright => "M2 0V4",
            Texture::Dotted => "M1.4 2H2.6M3.4 0H4M0 0H0.6M3.4 4H4M0 4H0.6",
        }
    }
}

/// A map with everything around it.
#[derive(Debug)]
pub struct Map<'a> {
    /// Name, finding and description.
    pub words: Words,
    /// What lies under the data.
    pub base: &'a Base,
    /// Classes in the order of the legend; drawn from the last to the first.
    pub classes: &'a [Class],
    /// Numbered marks: rank and place, as in the list beside the map.
    pub ranks: &'a [(usize, Point)],
    /// Lines under the legend: period, data cut-off, method.
    pub notes: &'a [String],
}

/// Equirectangular projection about the middle latitude, to the width of the picture.
struct Projection {
    west: f64,
    north: f64,
    x_scale: f64,
    y_scale: f64,
    height: f64,
}

impl Projection {
    fn new(bounds: Bounds) -> Self {
        let margin = 12.0;
        let middle = f64::midpoint(bounds.south, bounds.north).to_radians();
        let x_scale = (WIDTH - 2.0 * margin) / (bounds.east - bounds.west).max(1e-6);
        let y_scale = x_scale / middle.cos().max(0.01);
        let height = (bounds.north - bounds.south).max(1e-6) * y_scale + 2.0 * margin;
        Self { west: bounds.west - margin / x_scale, north: bounds.north + margin / y_scale, x_scale, y_scale, height }
    }

    fn place(&self, point: Point) -> (f64, f64) {
        ((point.lon - self.west) * self.x_scale, (self.north - point.lat) * self.y_scale)
    }

    /// `M x y x y …Z`, points that round to the last one left out.
    fn ring(&self, ring: &[Point]) -> String {
        let mut out = String::from("M");
        let mut last = String::new();
        let open = if ring.len() > 1 && ring.first() == ring.last() { &ring[..ring.len() - 1] } else { ring };
        for point in open {
            let (x, y) = self.place(*point);
            let pair = format!("{} {}", coordinate(x), coordinate(y));
            if pair != last {
                if !last.is_empty() {
                    out.push(' ');
                }
                out.push_str(&pair);
                last = pair;
            }
        }
        out.push('Z');
        out
    }

    fn line(&self, line: &[Point]) -> String {
        let mut ring = self.ring(line);
        ring.pop();
        ring
    }
}

/// Draws the map. **Undefined**: without land and cells there is nothing to draw and the picture is empty.
pub fn draw(map: &Map<'_>) -> String {
    // The main island and the cells: reefs far out would make both small.
    let points = map.base.land.iter().take(1).flat_map(|s| s.rings.iter().flatten());
    let cells = map.classes.iter().flat_map(|c| c.cells.iter().flatten());
    let Some(bounds) = Bounds::around(points.chain(cells)) else {
        return frame(&map.words, "map", WIDTH, 40.0, "");
    };
    let projection = Projection::new(bounds);
    let notes: Vec<String> = map.notes.iter().flat_map(|note| wrap(note, NOTE_WIDTH)).collect();
    let legend_height = LEGEND_ROW * (map.classes.len() + notes.len()) as f64 + 16.0;
    let height = projection.height + legend_height;
    let mut out = textures(map);
    rectangle(&mut out, (0.0, 0.0), (WIDTH, projection.height), palette::SEA, None);
    let shown = |shapes: &[Shape]| -> String {
        let near = shapes.iter().filter(|shape| shape.bounds().is_some_and(|b| b.touches(&bounds)));
        near.flat_map(|shape| &shape.rings).map(|ring| projection.ring(ring)).collect()
    };
    let land = shown(&map.base.land);
    path(&mut out, &land, Some(palette::LAND), Some((palette::COAST, 0.8)), "");
    let areas = shown(&map.base.areas);
    path(&mut out, &areas, None, Some((palette::BOUNDARY, 0.8)), " stroke-dasharray=\"3 2\"");
    for (class, width) in [("lane", 0.4), ("minor", 0.5), ("secondary", 0.9), ("main", 1.6)] {
        let roads: String =
            map.base.roads.iter().filter(|(c, _)| c == class).map(|(_, line)| projection.line(line)).collect();
        path(&mut out, &roads, None, Some((palette::ROAD, width)), "");
    }
    for class in map.classes.iter().rev() {
        let shape: String = class.cells.iter().map(|ring| projection.ring(ring)).collect();
        let (stroke, extra) = edge(class);
        path(&mut out, &shape, Some(class.fill), Some(stroke), &format!(" fill-opacity=\"0.88\"{extra}"));
        if let Edge::Marked(texture) = class.edge
            && !shape.is_empty()
        {
            let _ = writeln!(out, "<path d=\"{shape}\" fill=\"url(#{})\"/>", texture.id(&map.words));
        }
    }
    let ink = palette::INK.hex();
    for (name, point) in &map.base.places {
        let (x, y) = projection.place(*point);
        Text { x, y, anchor: "middle", size: 11.0, fill: &palette::QUIET.hex(), bold: false, text: name }
            .write(&mut out);
    }
    for (rank, point) in map.ranks {
        let (x, y) = projection.place(*point);
        let _ = writeln!(
            out,
            "<circle cx=\"{}\" cy=\"{}\" r=\"7\" fill=\"{}\" stroke=\"{ink}\" stroke-width=\"1\"/>",
            coordinate(x),
            coordinate(y),
            palette::PAPER.hex()
        );
        let text = rank.to_string();
        Text { x, y: y + 3.5, anchor: "middle", size: 10.0, fill: &ink, bold: true, text: &text }.write(&mut out);
    }
    legend(&mut out, map, &notes, projection.height + 16.0);
    frame(&map.words, "map", WIDTH, height, &out)
}

/// Definitions of the textures that the classes use; nothing if they use none.
fn textures(map: &Map<'_>) -> String {
    let used = |texture: &Texture| map.classes.iter().any(|class| class.edge == Edge::Marked(*texture));
    let mut out = String::new();
    for texture in Texture::ALL.into_iter().filter(used) {
        let _ = writeln!(
            out,
            "<pattern id=\"{}\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><path d=\"{}\" fill=\"none\" \
             stroke=\"{}\" stroke-width=\"0.9\"/></pattern>",
            texture.id(&map.words),
            texture.tile(),
            palette::INK.hex()
        );
    }
    if out.is_empty() { out } else { format!("<defs>\n{out}</defs>\n") }
}

fn edge(class: &Class) -> ((Colour, f64), &'static str) {
    match class.edge {
        Edge::Plain => ((palette::COAST, 0.3), ""),
        Edge::Marked(_) => ((palette::INK, 0.4), ""),
        Edge::Dashed => ((palette::INK, 0.8), " stroke-dasharray=\"2 1.5\""),
        Edge::Strong => ((palette::INK, 0.9), ""),
    }
}

fn legend(out: &mut String, map: &Map<'_>, notes: &[String], top: f64) {
    let ink = palette::INK.hex();
    let quiet = palette::QUIET.hex();
    let mut y = top;
    for class in map.classes {
        let (stroke, extra) = edge(class);
        let _ = writeln!(
            out,
            "<rect x=\"12\" y=\"{}\" width=\"22\" height=\"13\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{extra}/>",
            coordinate(y - 11.0),
            class.fill.hex(),
            stroke.0.hex(),
            coordinate(stroke.1.max(0.6)),
        );
        if let Edge::Marked(texture) = class.edge {
            let _ = writeln!(
                out,
                "<rect x=\"12\" y=\"{}\" width=\"22\" height=\"13\" fill=\"url(#{})\"/>",
                coordinate(y - 11.0),
                texture.id(&map.words)
            );
        }
        let text = format!("{} ({})", class.label, class.cells.len());
        Text { x: 42.0, y, anchor: "start", size: 12.0, fill: &ink, bold: false, text: &text }.write(out);
        y += LEGEND_ROW;
    }
    for note in notes {
        Text { x: 12.0, y, anchor: "start", size: 12.0, fill: &quiet, bold: false, text: note }.write(out);
        y += LEGEND_ROW;
    }
}

fn rectangle(out: &mut String, at: (f64, f64), size: (f64, f64), fill: Colour, stroke: Option<Colour>) {
    let stroke = stroke.map_or(String::new(), |c| format!(" stroke=\"{}\"", c.hex()));
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{stroke}/>",
        coordinate(at.0),
        coordinate(at.1),
        coordinate(size.0),
        coordinate(size.1),
        fill.hex()
    );
}

fn path(out: &mut String, shape: &str, fill: Option<Colour>, stroke: Option<(Colour, f64)>, extra: &str) {
    if shape.is_empty() {
        return;
    }
    let fill = fill.map_or_else(|| "none".to_owned(), Colour::hex);
    let stroke = stroke.map_or(String::new(), |(colour, width)| {
        format!(" stroke=\"{}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"", colour.hex())
    });
    let _ = writeln!(out, "<path d=\"{shape}\" fill=\"{fill}\" fill-rule=\"evenodd\"{stroke}{extra}/>");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(lat: f64, lon: f64, size: f64) -> Vec<Point> {
        [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)]
            .map(|(a, b)| Point { lat: lat + a * size, lon: lon + b * size })
            .to_vec()
    }

    fn sample() -> String {
        let base = Base {
            land: vec![Shape { rings: vec![square(49.15, -2.25, 0.1)] }],
            places: vec![("St <Helier>".into(), Point { lat: 49.18, lon: -2.1 })],
            roads: vec![("main".into(), square(49.16, -2.2, 0.02))],
            ..Base::default()
        };
        let classes = [
            Class {
                label: "More than expected".into(),
                fill: palette::HOT[4],
                edge: Edge::Strong,
                cells: vec![square(49.18, -2.2, 0.01), square(49.2, -2.2, 0.01)],
            },
            Class { label: "Fewer than expected".into(), fill: palette::COLD[2], edge: Edge::Dashed, cells: vec![] },
        ];
        draw(&Map {
            words: Words { id: "day".into(), title: "Hot by day".into(), description: "Two cells".into() },
            base: &base,
            classes: &classes,
            ranks: &[(1, Point { lat: 49.185, lon: -2.195 })],
            notes: &["1 July 2017 to 30 September 2017".into()],
        })
    }

    #[test]
    fn map_has_name_legend_and_notes() {
        let svg = sample();
        for words in [
            "role=\"img\"",
            "<title id=\"day-title\">Hot by day",
            "More than expected (2)",
            "Fewer than expected (0)",
            "1 July 2017 to 30 September 2017",
            "St &lt;Helier&gt;",
        ] {
            assert!(svg.contains(words), "{words}\n{svg}");
        }
        assert_eq!(svg, sample());
    }

    #[test]
    fn shapes_keep_their_proportions() {
        let square_km = Bounds { west: -2.1, south: 49.2, east: -2.1 + 0.013_77, north: 49.2 + 0.009 };
        let p = Projection::new(square_km);
        let (x0, y0) = p.place(Point { lat: square_km.south, lon: square_km.west });
        let (x1, y1) = p.place(Point { lat: square_km.north, lon: square_km.east });
        let ratio = (x1 - x0) / (y0 - y1);
        assert!((ratio - 1.0).abs() < 0.01, "a square kilometre is a square: {ratio}");
    }

    #[test]
    fn nothing_to_draw_is_an_empty_picture() {
        let svg = draw(&Map {
            words: Words { id: "x".into(), title: "t".into(), description: "d".into() },
            base: &Base::default(),
            classes: &[],
            ranks: &[],
            notes: &[],
        });
        assert!(svg.contains("role=\"img\""));
    }
}
