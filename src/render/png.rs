//! A picture as PNG, for programs that take no SVG. Text is set in fonts that come with the program, never in those of the
//! machine, so that the same picture gives the same bytes everywhere.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::error::{Error, Result};
use crate::render::palette::PAPER;

/// Dots of the PNG for a unit of the drawing: sharp on paper at the width of a page.
const DOTS: f32 = 2.0;

/// Longest side that is drawn, in dots.
const LONGEST: f32 = 16_384.0;

/// Family in which all text is set, whatever the drawing asks for.
const FAMILY: &str = "Libertinus Serif";

/// The fonts of the program: one family for text, and others of its characters.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for font in typst_assets::fonts() {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
    }
    // The drawings name fonts of machines, then a generic family: none of the former is here.
    fonts.set_sans_serif_family(FAMILY);
    fonts.set_serif_family(FAMILY);
    fonts.set_monospace_family(FAMILY);
    fonts.set_cursive_family(FAMILY);
    fonts.set_fantasy_family(FAMILY);
    Arc::new(fonts)
});

/// Draws an SVG of ours on white paper, two dots a unit.
///
/// # Errors
/// `Bug` if the drawing cannot be read or has no size; `Data` if it is too large.
///
/// # Example
/// ```
/// use vigie::render::png::png;
/// use vigie::render::svg::{Words, frame};
/// let words = Words { id: "a".into(), title: "A dot".into(), description: "One dot".into() };
/// let drawing = frame(&words, "chart", 20.0, 10.0, "<circle cx=\"5\" cy=\"5\" r=\"4\"/>");
/// let picture = png(&drawing)?;
/// assert!(picture.starts_with(b"\x89PNG") && picture == png(&drawing)?);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn png(svg: &str) -> Result<Vec<u8>> {
    let options = Options { font_family: FAMILY.to_owned(), fontdb: Arc::clone(&FONTS), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|e| Error::bug("the picture is no SVG").with_cause(e))?;
    let (width, height) = (tree.size().width() * DOTS, tree.size().height() * DOTS);
    if width.max(height) > LONGEST {
        return Err(Error::data(format!(
            "a PNG of this picture would be {width} by {height} dots, more than {LONGEST}; write it as .svg"
        )));
    }
    let mut paper =
        Pixmap::new(width.ceil() as u32, height.ceil() as u32).ok_or_else(|| Error::bug("the picture has no size"))?;
    paper.fill(Color::from_rgba8(PAPER.red, PAPER.green, PAPER.blue, u8::MAX));
    resvg::render(&tree, Transform::from_scale(DOTS, DOTS), &mut paper.as_mut());
    paper.encode_png().map_err(|e| Error::bug("the picture cannot be written as PNG").with_cause(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::svg::{Text, Words, frame};

    fn picture(text: &str) -> Vec<u8> {
        let words = Words { id: "t".into(), title: "t".into(), description: "d".into() };
        let mut drawing = String::new();
        Text { x: 4.0, y: 20.0, anchor: "start", size: 14.0, fill: "#1B1F24", bold: false, text }.write(&mut drawing);
        png(&frame(&words, "map", 120.0, 30.0, &drawing)).unwrap()
    }

    fn dark(png: &[u8]) -> usize {
        let pixmap = Pixmap::decode_png(png).unwrap();
        assert_eq!((pixmap.width(), pixmap.height()), (240, 60));
        pixmap.pixels().iter().filter(|dot| dot.red() < 128).count()
    }

    #[test]
    fn text_is_drawn_in_a_font_that_comes_with_the_program() {
        assert!(dark(&picture("")) == 0 && dark(&picture("St Helier, 12 crimes")) > 300);
        assert!(dark(&picture("▲ ▼ ● −½ é")) > 150, "signs of the charts are in one of the fonts");
        assert!(FONTS.faces().any(|face| face.families.iter().any(|(name, _)| name == FAMILY)));
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        assert!(png("no svg").is_err());
        let words = Words { id: "t".into(), title: "t".into(), description: "d".into() };
        let long = png(&frame(&words, "map", 100.0, 100_000.0, "")).unwrap_err();
        assert!(long.message().contains(".svg"), "{long}");
    }
}
