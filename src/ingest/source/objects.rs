//! Objects of JSON as records: one a line (NDJSON), the elements of a list, or the features of a GeoJSON collection.
//!
//! The header is the names of the first objects, in the order in which they first appear. A later object may leave names
//! out; one that brings a new name is refused if the whole row is its identity, since the new part would not be in it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::json::{self, Fault};
use super::window::Window;
use super::{Kind, LONGEST_RECORD, Opened, RawField, RawRow, Records, Shape};
use crate::error::Result;
use crate::ingest::reject::Reason;

/// How much of the beginning gives the header.
const HEADER_BYTES: usize = 1 << 20;
const MOST_COLUMNS: usize = 10_000;
const HINT: &str = "";

/// Longitude of a GeoJSON point, degrees.
pub const LON: &str = "geometry.lon";
/// Latitude of a GeoJSON point, degrees.
pub const LAT: &str = "geometry.lat";

const NO_OBJECT: &str = "wanted one whole JSON object";
const NO_POINT: &str = "wanted a feature whose geometry is a Point, or null";
const NEW_NAME: &str = "the object has a name that none of the first has, and the whole row is its identity";
const TWICE: &str = "the object has a name twice";

/// How the objects stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One a line.
    Lines,
    /// Elements of one list.
    List,
    /// Features of a GeoJSON collection.
    Features,
}

/// How a beginning of text that starts with a brace or bracket is to be read; nothing if it is not JSON.
pub fn detect(head: &[u8]) -> Option<Form> {
    match head.trim_ascii_start() {
        [b'[', rest @ ..] if rest.trim_ascii_start().starts_with(b"{") => Some(Form::List),
        text @ [b'{', ..] => {
            let says_so = text.windows(19).any(|word| word == b"\"FeatureCollection\"");
            let is_collection = says_so && matches!(json::features(text), Ok(Some(_)));
            Some(if is_collection { Form::Features } else { Form::Lines })
        }
        _ => None,
    }
}

/// Value of one name in the current object.
#[derive(Debug, Clone, Default)]
struct Slot {
    /// In `values`.
    value: Range<usize>,
    /// In the text of the record.
    span: Range<usize>,
    is_set: bool,
}

/// The current object, spread over the columns.
struct Row {
    columns: HashMap<Vec<u8>, usize>,
    slots: Vec<Slot>,
    values: Vec<u8>,
}

impl Row {
    fn clear(&mut self) {
        self.values.clear();
        self.slots.iter_mut().for_each(|slot| slot.is_set = false);
    }

    /// Sets a value; says whether the column was set before.
    fn set(&mut self, column: usize, value: &[u8], span: Range<usize>) -> bool {
        let start = self.values.len();
        self.values.extend_from_slice(value);
        let slot = &mut self.slots[column];
        slot.value = start..self.values.len();
        slot.span = span;
        std::mem::replace(&mut slot.is_set, true)
    }
}

/// Objects below the (implied) header.
pub struct Objects {
    window: Window,
    form: Form,
    row: Row,
    /// Whether a name that is no column refuses the object.
    is_strict: bool,
    /// Line of the next object, or its number in a list.
    line: u64,
    /// Length of the current record, which still stands in the window.
    current: usize,
    is_over: bool,
}

impl Objects {
    /// Finds the names. `wanted` are those of the feed: they may come later than in the first objects.
    ///
    /// # Errors
    /// `Input` if there is no object.
    pub fn open(mut window: Window, form: Form, wanted: &[&str], is_strict: bool) -> Result<Opened<Self>> {
        if form != Form::Lines {
            enter_list(&mut window, form)?;
        }
        window.fill_to(HEADER_BYTES)?;
        let mut header = first_names(&window, form);
        while header.is_empty() && !window.at_end() {
            window.fill(1, HINT)?;
            header = first_names(&window, form);
        }
        if header.is_empty() {
            let message = match form {
                Form::Lines => "no line of the beginning is a whole JSON object; write one object a line (NDJSON)",
                Form::List | Form::Features => "the list holds no whole JSON object",
            };
            return Err(window.wrong(1, message));
        }
        if header.len() > MOST_COLUMNS {
            return Err(window.wrong(1, format!("the objects have {} names, more than {MOST_COLUMNS}", header.len())));
        }
        let own = header.len();
        header.extend(
            wanted
                .iter()
                .filter(|name| !header.iter().any(|own| own == *name))
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>(),
        );
        let columns = header.iter().enumerate().map(|(at, name)| (name.clone().into_bytes(), at)).collect();
        let row = Row { columns, slots: vec![Slot::default(); header.len()], values: Vec::new() };
        let records = Self { window, form, row, is_strict, line: 1, current: 0, is_over: false };
        Ok(Opened { header, own, typed: false, records })
    }

    /// Goes behind the current record; says whether there is another, beginning at the start of the window.
    fn next_start(&mut self) -> Result<bool> {
        if self.form == Form::Lines {
            if self.current > 0 {
                self.window.skip(self.current);
                self.line += 1;
                self.current = 0;
            }
            if self.window.text().is_empty() && !self.window.at_end() {
                self.window.fill(self.line, HINT)?;
            }
            return Ok(!self.window.is_over());
        }
        if self.current > 0 {
            self.window.skip(self.current);
            self.line += 1;
            self.current = 0;
        }
        loop {
            let text = self.window.text();
            let between = text.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
            self.window.skip(between);
            match self.window.text().first() {
                Some(b']') => return Ok(false),
                Some(_) => return Ok(true),
                None if self.window.at_end() => {
                    return Err(self
                        .window
                        .wrong(self.line, "the list breaks off: the file ends too early; fetch it again"));
                }
                None => self.window.fill(self.line, HINT)?,
            }
        }
    }

    /// The whole record into the window; gives its length and what it is.
    fn whole(&mut self) -> Result<(usize, Kind)> {
        loop {
            let text = self.window.text();
            if self.form == Form::Lines {
                let end = text.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
                if let Some(length) = end.or_else(|| self.window.at_end().then_some(text.len())) {
                    let line = &text[..length];
                    if line.trim_ascii().is_empty() {
                        return Ok((length, Kind::Blank));
                    }
                    let kind = match spread(line, self.form, self.is_strict, &mut self.row) {
                        Ok((end, kind)) if line[end..].trim_ascii().is_empty() => kind,
                        _ => Kind::Bad(Reason::BadText, NO_OBJECT),
                    };
                    return Ok((length, kind));
                }
            } else {
                match spread(text, self.form, self.is_strict, &mut self.row) {
                    Ok(whole) => return Ok(whole),
                    Err(Fault::CutShort) if !self.window.at_end() => {}
                    Err(Fault::CutShort) => {
                        return Err(self
                            .window
                            .wrong(self.line, "the object breaks off: the file ends too early; fetch it again"));
                    }
                    // Where the next one begins cannot be known.
                    Err(Fault::Wrong(at)) => {
                        return Err(self.window.wrong(
                            self.line,
                            format!("object {} of the list is not JSON at its byte {}", self.line, at + 1),
                        ));
                    }
                }
            }
            self.window.fill(self.line, HINT)?;
        }
    }
}

impl Records for Objects {
    fn advance(&mut self) -> Result<Option<Shape>> {
        if self.is_over || !self.next_start()? {
            self.is_over = true;
            return Ok(None);
        }
        let (length, kind) = self.whole()?;
        self.current = length;
        Ok(Some(Shape { line: self.line, bytes: length.min(LONGEST_RECORD), kind }))
    }

    fn field(&self, index: usize) -> &[u8] {
        match self.row.slots.get(index) {
            Some(slot) if slot.is_set => self.row.values[slot.value.clone()].trim_ascii(),
            _ => &[],
        }
    }

    fn raw(&self) -> RawRow {
        let text = &self.window.text()[..self.current.min(self.window.text().len())];
        let fields = self.row.slots.iter().map(|slot| {
            if slot.is_set {
                RawField { value: self.row.values[slot.value.clone()].to_vec(), span: slot.span.clone() }
            } else {
                RawField::default()
            }
        });
        RawRow { text: text.trim_ascii_end().to_vec(), fields: fields.collect() }
    }
}

/// Goes to the first element of the list.
fn enter_list(window: &mut Window, form: Form) -> Result<()> {
    loop {
        let text = window.text();
        let found = match form {
            Form::Features => json::features(text),
            _ => Ok(text.iter().position(|byte| *byte == b'[').map(|at| at + 1)),
        };
        match found {
            Ok(Some(at)) => {
                window.skip(at);
                return Ok(());
            }
            Ok(None) | Err(Fault::CutShort) if !window.at_end() => window.fill(1, HINT)?,
            _ => return Err(window.wrong(1, "this is no list of objects")),
        }
    }
}

/// Names of the whole objects in the window, in the order in which they first appear.
fn first_names(window: &Window, form: Form) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut note = |name: &[u8]| {
        if !seen.contains(name)
            && let Ok(text) = std::str::from_utf8(name)
        {
            seen.insert(name.to_vec());
            names.push(text.to_owned());
        }
    };
    let mut text = window.text();
    let mut has_points = false;
    while !text.is_empty() {
        let record = match form {
            Form::Lines => {
                let end = text.iter().position(|byte| *byte == b'\n');
                if end.is_none() && !window.at_end() {
                    break;
                }
                &text[..end.unwrap_or(text.len())]
            }
            Form::List | Form::Features => {
                let between = text.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
                text = &text[between..];
                if text.first() != Some(&b'{') {
                    break;
                }
                text
            }
        };
        let mut own: Vec<Vec<u8>> = Vec::new();
        let walked = json::walk(record, &mut |name, _, _| {
            if form == Form::Features {
                has_points = true;
                own.extend(column_name(name).map(<[u8]>::to_vec));
            } else {
                own.push(name.to_vec());
            }
        });
        if walked.is_ok() {
            for name in &own {
                note(name);
            }
        }
        text = match (form, walked) {
            (Form::Lines, _) => text.get(record.len() + 1..).unwrap_or_default(),
            (_, Ok(end)) => &text[end..],
            (_, Err(_)) => break,
        };
    }
    if has_points {
        note(LON.as_bytes());
        note(LAT.as_bytes());
    }
    names
}

/// Column of a member of a GeoJSON feature other than its geometry.
fn column_name(member: &[u8]) -> Option<&[u8]> {
    if member == b"id" { Some(b"feature.id") } else { member.strip_prefix(b"properties.") }
}

/// Spreads the object at the beginning of a text over the columns; gives where it ends.
fn spread(text: &[u8], form: Form, is_strict: bool, row: &mut Row) -> std::result::Result<(usize, Kind), Fault> {
    row.clear();
    let (mut is_new, mut is_twice) = (false, false);
    let (mut geometry, mut position) = (Geometry::default(), None);
    let end = json::walk(text, &mut |member, value, span| {
        let name = match form {
            Form::Features if member.starts_with(b"geometry") => {
                geometry.note(member, value);
                position = if member == b"geometry.coordinates" { Some(span) } else { position.clone() };
                return;
            }
            Form::Features => column_name(member),
            Form::Lines | Form::List => Some(member),
        };
        let Some(name) = name else { return };
        match row.columns.get(name).copied() {
            Some(column) => is_twice |= row.set(column, value, span),
            None => is_new = true,
        }
    })?;
    if form == Form::Features {
        let Some((lon, lat)) = geometry.lon_lat() else {
            return Ok((end, Kind::Bad(Reason::BadCoordinate, NO_POINT)));
        };
        for (name, value) in [(LON, lon), (LAT, lat)] {
            if let Some(column) = row.columns.get(name.as_bytes()).copied() {
                row.set(column, &value, position.clone().unwrap_or_default());
            }
        }
    }
    let kind = match (is_twice, is_new && is_strict) {
        (true, _) => Kind::Bad(Reason::BadText, TWICE),
        (_, true) => Kind::Bad(Reason::ColumnCount, NEW_NAME),
        _ => Kind::Row(row.slots.len()),
    };
    Ok((end, kind))
}

/// What a feature says about its place.
#[derive(Default)]
struct Geometry {
    is_other: bool,
    coordinates: Vec<u8>,
}

impl Geometry {
    fn note(&mut self, member: &[u8], value: &[u8]) {
        match member {
            b"geometry.type" => self.is_other |= value != b"Point",
            b"geometry.coordinates" => self.coordinates = value.to_vec(),
            _ => {}
        }
    }

    /// Both as they are written, both empty without a geometry; nothing if it is no point.
    fn lon_lat(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        if self.is_other {
            return None;
        }
        if self.coordinates.is_empty() {
            return Some((Vec::new(), Vec::new()));
        }
        let inner = self.coordinates.strip_prefix(b"[")?.strip_suffix(b"]")?;
        let mut parts = inner.split(|byte| *byte == b',').map(|part| part.trim_ascii().to_vec());
        let (lon, lat) = (parts.next()?, parts.next()?);
        let is_number = |part: &[u8]| part.first().is_some_and(|first| first.is_ascii_digit() || *first == b'-');
        (is_number(&lon) && is_number(&lat)).then_some((lon, lat))
    }
}
