//! An answer as a person reads it: the finding in one sentence, pictures, a table beside each, and where it came from.
//! Every question of place and time can be drawn like this; the page `/analysis` and `--plot` show what is drawn.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::provenance::Provenance;
use crate::model::time::{date_in_words, parse_date};
use crate::model::words::thousands;

/// A drawn answer. Made by the `draw…` functions of `render`, which take released answers only.
#[derive(Debug, Clone, Serialize)]
pub struct Drawn {
    /// The finding in words, such as "Burglary repeats within 100 m and a week".
    pub finding: String,
    /// One or more pictures, the first of which `--plot` writes.
    pub pictures: Vec<Picture>,
    /// The numbers behind the pictures.
    pub tables: Vec<Figures>,
    /// What a reader must know: definitions, exclusions, caution.
    pub notes: Vec<String>,
}

/// One picture.
#[derive(Debug, Clone, Serialize)]
pub struct Picture {
    /// What it shows, for a reader who cannot see it.
    pub label: String,
    /// The whole SVG element.
    pub svg: String,
}

/// A table of texts. The first column names the row, the others are figures.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// What the rows are.
    pub label: String,
    /// How they are sorted, and how many are left out.
    pub note: String,
    /// Names of the columns, with units.
    pub headers: Vec<String>,
    /// One text a column.
    pub rows: Vec<Vec<String>>,
}

impl Figures {
    /// A table with its headers and no rows yet.
    pub fn new(label: &str, note: &str, headers: &[&str]) -> Self {
        Self {
            label: label.to_owned(),
            note: note.to_owned(),
            headers: headers.iter().map(|&header| header.to_owned()).collect(),
            rows: Vec::new(),
        }
    }
}

/// Where an answer came from, as lines of a name and a value, for people.
pub fn provenance_lines(provenance: &Provenance) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut put = |name: &str, value: Option<String>| lines.extend(value.map(|value| (name.to_owned(), value)));
    let day =
        |on: &Option<String>| on.as_deref().map(|on| parse_date(on).map_or_else(|_| on.to_owned(), date_in_words));
    put("Records", provenance.dataset.clone());
    put("Group", provenance.group.clone());
    put("From", day(&provenance.from));
    put("To, before", day(&provenance.to));
    put("Time of day", provenance.daypart.clone());
    put("Method", provenance.method.clone());
    put("Cells", provenance.cells.map(thousands));
    put("H3 resolution", provenance.resolution.map(|resolution| resolution.to_string()));
    put("Study area", provenance.study_area.clone());
    put("Records counted", Some(provenance.counted()));
    put("Left out", reasons(&provenance.excluded));
    for (name, value) in &provenance.parameters {
        put(&name.replace('_', " "), Some(value.clone()));
    }
    put("Undefined", provenance.undefined_reason.clone());
    put("Data to", day(&provenance.data_cut_off));
    put("Store version", Some(provenance.store_version.to_string()));
    put("Made by", Some(provenance.generated_by.clone()));
    lines
}

fn reasons(excluded: &BTreeMap<String, u64>) -> Option<String> {
    let words: Vec<String> =
        excluded.iter().map(|(reason, count)| format!("{} {}", thousands(*count), reason.replace('_', " "))).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provenance_is_read_by_people() {
        let provenance = Provenance {
            question: "change".into(),
            from: Some("2017-05-05".into()),
            rows: 1234,
            excluded: BTreeMap::from([("no_location".to_owned(), 2)]),
            parameters: BTreeMap::from([("seed".to_owned(), "1".to_owned())]),
            ..Provenance::default()
        };
        let lines = provenance_lines(&provenance);
        let has = |name: &str, value: &str| lines.contains(&(name.to_owned(), value.to_owned()));
        assert!(has("From", "5 May 2017") && has("Records counted", "1,234") && has("Left out", "2 no location"));
        assert!(has("seed", "1") && !lines.iter().any(|(name, _)| name == "Group"), "{lines:?}");
    }
}
