//! Where a key stands in a TOML file: messages name file, line and key.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Lines of the keys of one file.
#[derive(Debug)]
pub struct Places<'a> {
    text: &'a str,
    origin: &'a str,
    root: Option<Spanned<DeTable<'a>>>,
}

impl<'a> Places<'a> {
    /// Those of a text; `origin` names the file.
    pub fn of(text: &'a str, origin: &'a str) -> Self {
        Self { text, origin, root: DeTable::parse(text).ok() }
    }

    /// `file:line: key`, for a key such as `definition[1].clock.start`. A key that is not there is placed where it
    /// belongs.
    pub fn at(&self, key: &str) -> String {
        format!("{}:{}: {key}", self.origin, self.line(key))
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.find(key).1
    }

    /// Line of a key, counted from 1.
    pub fn line(&self, key: &str) -> usize {
        let start = self.find(key).0.min(self.text.len());
        self.text.get(..start).map_or(1, |before| before.matches('\n').count() + 1)
    }

    /// How often a list has entries: 0 for what is not a list.
    pub fn count(&self, key: &str) -> usize {
        let table = self.root.as_ref().map(Spanned::get_ref);
        let entry = table.and_then(|t| t.iter().find(|(name, _)| name.get_ref() == key));
        entry.and_then(|(_, value)| value.get_ref().as_array()).map_or(0, |list| list.len())
    }

    /// Byte at which the key starts, or the nearest thing above it; and whether the key itself was found.
    fn find(&self, key: &str) -> (usize, bool) {
        let Some(root) = &self.root else { return (0, false) };
        let mut at = 0;
        let mut table = Some(root.get_ref());
        for step in key.split('.') {
            let (name, index) = match step.split_once('[') {
                Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
                None => (step, None),
            };
            let entry = table.and_then(|t| t.iter().find(|(found, _)| found.get_ref() == name));
            let Some((found, value)) = entry else { return (at, false) };
            at = found.span().start;
            let mut value: &DeValue<'_> = value.get_ref();
            if let Some(index) = index {
                let Some(element) = value.as_array().and_then(|list| list.get(index)) else { return (at, false) };
                at = element.span().start;
                value = element.get_ref();
            }
            table = value.as_table();
        }
        (at, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_lines() {
        let text =
            "a = 1\n\n[[list]]\nx = 2\n[[list]]\nx = 3\nin = { y = 1 }\nmany = [\n  { z = 1 },\n  { z = 2 },\n]\n";
        let places = Places::of(text, "f.toml");
        assert_eq!(places.at("a"), "f.toml:1: a");
        assert_eq!((places.line("list[0]"), places.line("list[1].x"), places.line("list[1].in.y")), (3, 6, 7));
        assert_eq!(places.line("list[1].many[1].z"), 10);
        assert_eq!(
            (places.line("list[1].none"), places.has("list[1].none"), places.has("list[1].x")),
            (5, false, true)
        );
        assert_eq!((places.count("list"), places.count("a")), (2, 0));
    }
}
