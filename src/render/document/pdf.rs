//! The report as tagged PDF (PDF/UA-1): the template `reports/document.typ`, set by typst with the fonts of
//! `typst-assets`. No package, file, clock or font of the machine is read, so the same document gives the same bytes
//! everywhere.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::error::{Error, Result};
use crate::model::provenance::generator;
use crate::render::document::Document;

const TEMPLATE: &str = include_str!("../../../reports/document.typ");
/// Layout goes deep into nested blocks; threads of a server have small stacks.
const STACK: usize = 16 << 20;

static FONTS: LazyLock<(Vec<Font>, LazyHash<FontBook>)> = LazyLock::new(|| {
    let fonts: Vec<Font> = typst_assets::fonts().flat_map(|data| Font::iter(Bytes::new(data))).collect();
    let book = LazyHash::new(FontBook::from_fonts(&fonts));
    (fonts, book)
});

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| {
    let features = [Feature::A11yExtras].into_iter().collect();
    LazyHash::new(Library::builder().with_features(features).build())
});

/// What the template may read: itself and one document.
struct Desk {
    main: Source,
    document_id: FileId,
    document: Bytes,
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &FONTS.1
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.document_id { Ok(self.document.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.0.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The document as PDF. Time and memory grow with its pages.
///
/// # Errors
/// `Bug` if the template does not take it, or the result would not be PDF/UA-1.
pub fn write(document: &Document) -> Result<Vec<u8>> {
    let json = String::from_utf8(document.to_json()?)
        .map(printable)
        .map_err(|e| Error::bug("the document is not UTF-8").with_cause(e))?;
    let ident = format!("{} {}", document.force, document.edition);
    std::thread::scope(|scope| {
        let set = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || set(json, ident));
        let set = set.map_err(|e| Error::bug("no thread for the PDF").with_cause(e))?;
        set.join().unwrap_or_else(|_| Err(Error::bug("the PDF could not be set: the typesetter stopped")))
    })
}

/// The text with a box for each character that none of our fonts has (PDF/UA refuses a page with a hole in it). The other
/// formats hold the character.
fn printable(text: String) -> String {
    let known = |c: char| c.is_ascii() || FONTS.0.iter().any(|font| font.info().coverage.contains(u32::from(c)));
    let strange: BTreeSet<char> = text.chars().filter(|c| !c.is_ascii()).collect();
    let strange: BTreeSet<char> = strange.into_iter().filter(|&c| !known(c)).collect();
    if strange.is_empty() {
        return text;
    }
    text.chars().map(|c| if strange.contains(&c) { '□' } else { c }).collect()
}

fn set(json: String, ident: String) -> Result<Vec<u8>> {
    let desk = Desk {
        main: Source::new(file_id("document.typ")?, TEMPLATE.to_owned()),
        document_id: file_id("document.json")?,
        document: Bytes::from_string(json),
    };
    let pages = typst::compile::<PagedDocument>(&desk).output.map_err(|e| failed(&e))?;
    let standards = PdfStandards::new(&[PdfStandard::Ua_1])
        .map_err(|e| Error::bug(format!("PDF/UA-1 cannot be asked for: {}", e.message())))?;
    let options = PdfOptions {
        ident: Smart::Custom(ident),
        creator: Smart::Custom(Some(generator())),
        timestamp: None,
        standards,
        ..PdfOptions::default()
    };
    let pdf = typst_pdf::pdf(&pages, &options).map_err(|e| failed(&e));
    // What the typesetter remembers is of no use to the next document.
    typst::comemo::evict(0);
    pdf
}

fn file_id(name: &str) -> Result<FileId> {
    let path = VirtualPath::new(name).map_err(|_| Error::bug(format!("`{name}` is not a path")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

fn failed(diagnostics: &[SourceDiagnostic]) -> Error {
    let words = diagnostics.first().map_or_else(String::new, |first| {
        let hints: Vec<&str> = first.hints.iter().map(|hint| hint.v.as_str()).collect();
        [&[first.message.as_str()], hints.as_slice()].concat().join("; ")
    });
    Error::bug(format!("the PDF could not be set: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_a_tagged_pdf_and_always_the_same() {
        let document = crate::render::document::tests::sample();
        let pdf = write(&document).unwrap();
        assert!(pdf.starts_with(b"%PDF-1.7"));
        let holds = |needle: &[u8]| pdf.windows(needle.len()).any(|window| window == needle);
        assert!(holds(b"/StructTreeRoot") && holds(b"/Marked true") && holds(b"/Lang(en-GB)") && holds(b"pdfuaid"));
        assert!(!holds(b"CreationDate") && !holds(b"ModDate"));
        assert_eq!(write(&document).unwrap(), pdf);
    }

    #[test]
    fn letters_that_no_font_has_become_boxes() {
        assert_eq!(printable("Jèrriais ▲ ≤ 😀 日".to_owned()), "Jèrriais ▲ ≤ □ □");
        let mut document = crate::render::document::tests::sample();
        document.force.push_str(" 日本 😀");
        assert!(write(&document).is_ok());
    }
}
