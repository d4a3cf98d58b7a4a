//! The colours of pages, maps, charts and reports, in one place. Contrast is at least 4.5:1 for text and 3:1 for marks;
//! there is no red beside green; every state has a shape or a word as well.

/// A colour as red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Colour {
    const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// `#12436D`.
    pub fn hex(self) -> String {
        format!("#{:02X}{:02X}{:02X}", self.red, self.green, self.blue)
    }

    /// Relative luminance.
    ///
    /// **Method** WCAG 2.2: linear light of each channel, weighted .2126, .7152, .0722.
    pub fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// Contrast ratio with another colour, 1 to 21.
    pub fn contrast(self, other: Colour) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

/// Paper.
pub const PAPER: Colour = Colour::new(0xFF, 0xFF, 0xFF);
/// Text.
pub const INK: Colour = Colour::new(0x1B, 0x1F, 0x24);
/// Secondary text: axis labels and notes.
pub const QUIET: Colour = Colour::new(0x55, 0x5B, 0x63);
/// Grid lines and outlines that only guide.
pub const GRID: Colour = Colour::new(0xE2, 0xE5, 0xE9);
/// Accent: data lines, common points.
pub const ACCENT: Colour = Colour::new(0x12, 0x43, 0x6D);
/// A signal for the better.
pub const IMPROVEMENT: Colour = Colour::new(0x1B, 0x7F, 0x77);
/// A signal for the worse.
pub const CONCERN: Colour = Colour::new(0xC4, 0x4A, 0x0A);
/// A signal where neither way is better.
pub const NEUTRAL: Colour = Colour::new(0x80, 0x16, 0x50);
/// Target line.
pub const TARGET: Colour = Colour::new(0x80, 0x16, 0x50);

/// Categories, in the order of use.
pub const CATEGORIES: [Colour; 6] = [
    Colour::new(0x12, 0x43, 0x6D),
    Colour::new(0x28, 0xA1, 0x97),
    Colour::new(0x80, 0x16, 0x50),
    Colour::new(0xF4, 0x6A, 0x25),
    Colour::new(0x3D, 0x3D, 0x3D),
    Colour::new(0xA2, 0x85, 0xD1),
];

/// Hot cells and counts: five steps of one hue, light to dark.
pub const HOT: [Colour; 5] = [
    Colour::new(0xFD, 0xE0, 0xC8),
    Colour::new(0xFB, 0xB9, 0x85),
    Colour::new(0xF0, 0x7F, 0x3C),
    Colour::new(0xC4, 0x4A, 0x0A),
    Colour::new(0x7F, 0x27, 0x04),
];

/// Cold cells: the second hue, light to dark.
pub const COLD: [Colour; 3] =
    [Colour::new(0xB9, 0xD0, 0xE6), Colour::new(0x5E, 0x93, 0xC4), Colour::new(0x12, 0x43, 0x6D)];

/// Land of maps.
pub const LAND: Colour = Colour::new(0xF5, 0xF3, 0xEE);
/// Sea of maps.
pub const SEA: Colour = Colour::new(0xE4, 0xEC, 0xF2);
/// Coast line.
pub const COAST: Colour = Colour::new(0x7D, 0x8A, 0x96);
/// Boundaries of areas.
pub const BOUNDARY: Colour = Colour::new(0xB4, 0xB9, 0xC0);
/// Roads.
pub const ROAD: Colour = Colour::new(0xD3, 0xCF, 0xC6);
/// Fill of a cell that is not different from expectation.
pub const NOT_SIGNIFICANT: Colour = Colour::new(0xE3, 0xE3, 0xE3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_marks_can_be_read() {
        for text in [INK, QUIET, ACCENT, TARGET] {
            assert!(text.contrast(PAPER) >= 4.5, "{}", text.hex());
        }
        for mark in [ACCENT, IMPROVEMENT, CONCERN, NEUTRAL, TARGET] {
            assert!(mark.contrast(PAPER) >= 3.0, "{}", mark.hex());
        }
        assert!((ACCENT.contrast(PAPER) - 10.25).abs() < 0.01, "the published figure of the palette");
    }

    #[test]
    fn ramps_go_from_light_to_dark() {
        assert!(HOT.is_sorted_by(|a, b| a.luminance() > b.luminance()));
        assert!(COLD.is_sorted_by(|a, b| a.luminance() > b.luminance()));
    }
}
