//! The report as one accessible HTML file: no script, no outside link, headings that nest, every picture with a text
//! alternative and followed by its table. The style sheet `reports/style.css` stands in it and prints on A4, in black and
//! white too.

use std::fmt::Write as _;

use crate::model::provenance::generator;
use crate::model::time::{date_in_words, parse_date};
use crate::render::document::{Block, Cell, Column, ColumnKind, Document, Figure, Table};
use crate::render::svg::escape;

const STYLE: &str = include_str!("../../../reports/style.css");
/// Height over width from which a picture is a map or the like, and may be taller on paper.
const TALL: f64 = 0.62;

/// The document as HTML. Time and memory grow with its cells and pictures.
pub fn write(document: &Document) -> Vec<u8> {
    let mut out = String::with_capacity(1 << 16);
    head(&mut out, document);
    contents(&mut out, document);
    out.push_str("<main>\n");
    if !document.notes.is_empty() {
        out.push_str("<section aria-labelledby=\"notes\">\n<h2 id=\"notes\">Shorthand in the tables</h2>\n<dl>\n");
        for note in &document.notes {
            let _ = writeln!(out, "<dt>{}</dt><dd>{}.</dd>", escape(&note.shorthand), escape(&note.text));
        }
        out.push_str("</dl>\n</section>\n");
    }
    if !document.summary.is_empty() {
        section(&mut out, document, "summary", "Summary", &document.summary);
    }
    for chapter in &document.chapters {
        section(&mut out, document, &chapter.id, &chapter.title, &chapter.blocks);
    }
    out.push_str("</main>\n");
    foot(&mut out, document);
    out.into_bytes()
}

fn cut_off(document: &Document) -> String {
    parse_date(&document.data_cut_off).map_or_else(|_| document.data_cut_off.clone(), date_in_words)
}

fn head(out: &mut String, document: &Document) {
    let [title, force, audience, edition, state, marking] =
        [&document.title, &document.force, &document.audience, &document.edition, &document.state, &document.marking]
            .map(|text| escape(text));
    let cut_off = escape(&cut_off(document));
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"{}\">\n<title>{title} - {force}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<div class=\"paper\">\n<div class=\"running\" aria-hidden=\"true\"><p><span>Edition {edition} ({state}). Data to {cut_off}.</span> \
         <strong>{marking}</strong></p></div>\n<div class=\"leaf\">\n<header>\n<p class=\"marking\">{marking}</p>\n",
        escape(&document.language),
        escape(&generator()),
    );
    if document.synthetic {
        out.push_str("<p class=\"synthetic\"><strong>Synthetic data</strong> - no real people or events</p>\n");
    }
    let _ = write!(
        out,
        "<p class=\"force\">{force}</p>\n<h1>{title}</h1>\n<p>{audience}, {}</p>\n\
         <p class=\"facts\">Edition {edition}, {state}. Data to {cut_off}.",
        escape(&document.period_words)
    );
    for fact in &document.facts {
        let _ = write!(out, " {}: {}.", escape(&fact.name), escape(&fact.value));
    }
    out.push_str("</p>\n</header>\n");
}

fn contents(out: &mut String, document: &Document) {
    out.push_str("<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ol>\n");
    let mut item = |id: &str, title: &str, blocks: &[Block]| {
        let _ = write!(out, "<li><a href=\"#{id}\">{}</a>", escape(title));
        let inner: Vec<String> = blocks
            .iter()
            .filter_map(|block| match block {
                Block::Heading { level: 3, id, text } => {
                    Some(format!("<li><a href=\"#{id}\">{}</a></li>", escape(text)))
                }
                _ => None,
            })
            .collect();
        if !inner.is_empty() {
            let _ = write!(out, "\n<ol>\n{}\n</ol>\n", inner.join("\n"));
        }
        out.push_str("</li>\n");
    };
    if !document.notes.is_empty() {
        item("notes", "Shorthand in the tables", &[]);
    }
    if !document.summary.is_empty() {
        item("summary", "Summary", &document.summary);
    }
    for chapter in &document.chapters {
        item(&chapter.id, &chapter.title, &chapter.blocks);
    }
    out.push_str("</ol>\n</nav>\n");
}

fn foot(out: &mut String, document: &Document) {
    let _ = write!(
        out,
        "<footer>\n<p class=\"marking\">{}</p>\n<p>{}. {}, edition {}, {}. Data to {}.</p>\n",
        escape(&document.marking),
        escape(&document.force),
        escape(&document.audience),
        escape(&document.edition),
        escape(&document.state),
        escape(&cut_off(document)),
    );
    if !document.licence.is_empty() {
        let _ = writeln!(out, "<p class=\"note\">Licence of the tables: {}.</p>", escape(&document.licence));
    }
    out.push_str("</footer>\n</div>\n</div>\n</body>\n</html>\n");
}

fn section(out: &mut String, document: &Document, id: &str, title: &str, blocks: &[Block]) {
    let _ = writeln!(out, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{}</h2>", escape(title));
    let mut open = false;
    for block in blocks {
        if let Block::Heading { level: 3, id, .. } = block {
            if open {
                out.push_str("</article>\n");
            }
            let _ = writeln!(out, "<article class=\"kpi\" aria-labelledby=\"{id}\">");
            open = true;
        }
        put(out, document, block);
    }
    if open {
        out.push_str("</article>\n");
    }
    out.push_str("</section>\n");
}

fn put(out: &mut String, document: &Document, block: &Block) {
    let _ = match block {
        Block::Heading { level, id, text } => writeln!(out, "<h{level} id=\"{id}\">{}</h{level}>", escape(text)),
        Block::Finding(text) => writeln!(out, "<p class=\"finding\">{}</p>", escape(text)),
        Block::Text(text) => writeln!(out, "<p>{}</p>", escape(text)),
        Block::Notes(notes) => writeln!(out, "<p class=\"note\">{}</p>", escape(&notes.join(" "))),
        Block::Warning { title, text } => writeln!(
            out,
            "<div class=\"warning\" role=\"note\"><strong>{}.</strong> {}</div>",
            escape(title),
            escape(text)
        ),
        Block::Figure(figure) => {
            picture(out, figure);
            Ok(())
        }
        Block::Table(table) => {
            figures(out, document, table);
            Ok(())
        }
    };
}

fn picture(out: &mut String, figure: &Figure) {
    let class = if is_tall(&figure.svg) { " class=\"tall\"" } else { "" };
    let _ = write!(out, "<figure{class}>\n{}", figure.svg);
    if !figure.caption.is_empty() {
        let _ = write!(out, "<figcaption>{}</figcaption>", escape(&figure.caption));
    }
    out.push_str("</figure>\n");
}

fn is_tall(svg: &str) -> bool {
    let sides: Option<Vec<f64>> = svg
        .split_once("viewBox=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(sides, _)| sides.split(' ').filter_map(|side| side.parse().ok()).collect());
    matches!(sides.as_deref(), Some([_, _, width, height]) if *height > TALL * width)
}

fn figures(out: &mut String, document: &Document, table: &Table) {
    let (earlier, shown) = table.split();
    body(out, document, table, shown, "");
    if !earlier.is_empty() {
        let _ = writeln!(out, "<details><summary>Earlier rows ({})</summary>", earlier.len());
        body(out, document, table, earlier, ", earlier rows");
        out.push_str("</details>\n");
    }
    if !table.notes.is_empty() {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(&table.notes.join(" ")));
    }
}

fn body(out: &mut String, document: &Document, table: &Table, rows: &[Vec<Cell>], part: &str) {
    let label = format!("{}{part}", escape(&table.title));
    let id = if part.is_empty() { "table" } else { "earlier" };
    let _ = write!(
        out,
        "<div class=\"scroll\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\">\n\
         <table class=\"typed\" id=\"{id}-{}\">\n<caption>{label}.",
        table.id
    );
    let mut more: Vec<String> = Vec::new();
    if !table.sort.is_empty() {
        more.push(escape(&table.sort));
    }
    for note in document.notes_of(table) {
        more.push(format!("{} {}.", escape(&note.shorthand), escape(&note.text)));
    }
    if !more.is_empty() {
        let _ = write!(out, " <span class=\"sort\">{}</span>", more.join(" "));
    }
    out.push_str("</caption>\n<thead><tr>");
    for column in &table.columns {
        let _ = write!(out, "<th scope=\"col\" class=\"{}\">{}</th>", side(column), escape(&column.header()));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (at, (cell, column)) in row.iter().zip(&table.columns).enumerate() {
            let (class, text) = (side(column), escape(cell.shown()));
            // An empty header would be one for nothing.
            let _ = if at == 0 && !text.is_empty() {
                write!(out, "<th scope=\"row\" class=\"{class}\">{text}</th>")
            } else {
                write!(out, "<td class=\"{class}\">{text}</td>")
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

/// Numbers stand to the right, words to the left.
fn side(column: &Column) -> &'static str {
    match column.kind {
        ColumnKind::Number | ColumnKind::Percent => "figure",
        ColumnKind::Text | ColumnKind::Date => "words",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard_characters_stay_text() {
        let html = String::from_utf8(write(&crate::render::document::tests::sample())).unwrap();
        assert!(html.contains("&quot;usual&quot; &lt;variation&gt;"));
        assert!(!html.contains("<variation>") && !html.contains("<script"));
    }

    #[test]
    fn a_map_is_tall_and_a_chart_is_not() {
        assert!(is_tall("<svg viewBox=\"0 0 100 80\">") && !is_tall("<svg viewBox=\"0 0 720 300\">"));
        assert!(!is_tall("<svg>"));
    }
}
