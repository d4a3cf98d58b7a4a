//! Small pieces of SVG text: escaping, coordinates, and the frame that gives a picture its name and description.

use std::fmt::Write as _;

/// Escapes text for an element or an attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A coordinate with one decimal at most, so that bytes do not depend on the last bits of a float.
pub fn coordinate(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").map_or(text.as_str(), |whole| whole);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Breaks a text at spaces into lines of at most so many characters; a longer word stands alone.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// An id that is valid in HTML and SVG: letters, digits and `-`.
pub fn id_of(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

/// What a picture says to somebody who does not see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Unique on the page.
    pub id: String,
    /// The finding.
    pub title: String,
    /// What is drawn, and the finding in more words.
    pub description: String,
}

/// Puts a drawing into a named `<svg>` that takes the width of its place.
pub fn frame(words: &Words, class: &str, width: f64, height: f64, drawing: &str) -> String {
    let id = id_of(&words.id);
    let mut out = String::with_capacity(drawing.len() + 600);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{class}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\">\n<title id=\"{id}-title\">{title}</title>\n\
         <desc id=\"{id}-desc\">{desc}</desc>\n",
        w = coordinate(width),
        h = coordinate(height),
        title = escape(&words.title),
        desc = escape(&words.description),
    );
    out.push_str(drawing);
    out.push_str("</svg>\n");
    out
}

/// A line of text.
pub struct Text<'a> {
    /// Position of the anchor.
    pub x: f64,
    /// Baseline.
    pub y: f64,
    /// `start`, `middle` or `end`.
    pub anchor: &'a str,
    /// Size in user units.
    pub size: f64,
    /// Fill.
    pub fill: &'a str,
    /// Bold or not.
    pub bold: bool,
    /// What it says.
    pub text: &'a str,
}

impl Text<'_> {
    /// Appends the element.
    pub fn write(&self, out: &mut String) {
        let weight = if self.bold { " font-weight=\"600\"" } else { "" };
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" font-family=\"{FONT}\" font-size=\"{}\" fill=\"{}\"{weight}>{}</text>",
            coordinate(self.x),
            coordinate(self.y),
            self.anchor,
            coordinate(self.size),
            self.fill,
            escape(self.text),
        );
    }
}

/// System fonts.
pub const FONT: &str = "system-ui, -apple-system, Segoe UI, Roboto, Arial, sans-serif";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_a_name_a_description_and_no_way_out_of_its_text() {
        let words = Words { id: "response.m03".into(), title: "A < B".into(), description: "</svg><script>".into() };
        let svg = frame(&words, "chart", 10.0, 5.5, "");
        assert!(svg.contains("aria-labelledby=\"response-m03-title response-m03-desc\""));
        assert!(svg.contains("<title id=\"response-m03-title\">A &lt; B</title>"));
        assert!(!svg.contains("<script"));
        assert!(svg.contains("viewBox=\"0 0 10 5.5\""));
    }

    #[test]
    fn long_lines_break_at_spaces() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("extraordinarily long", 8), ["extraordinarily", "long"]);
        assert!(wrap(" ", 8).is_empty());
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!(coordinate(3.0), "3");
        assert_eq!(coordinate(-0.01), "0");
        assert_eq!(coordinate(2.26), "2.3");
    }
}
