//! What is known about each row of a batch while its columns are cleaned: whether it is refused, and its labels.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};

use super::feed::Feed;
use super::reject::{Label, Reason, Reject};
use super::text::TextBatch;

/// One flag and one set of labels a row.
pub struct Marks<'a> {
    text: &'a TextBatch,
    feed: &'a Feed,
    kept: Vec<bool>,
    labels: Vec<u16>,
    rejects: Vec<Reject>,
}

impl<'a> Marks<'a> {
    /// Nothing known yet.
    pub fn new(text: &'a TextBatch, feed: &'a Feed) -> Self {
        let rows = text.rows();
        Self { text, feed, kept: vec![true; rows], labels: vec![0; rows], rejects: text.rejects.clone() }
    }

    /// Refuses a row. Only the first reason counts.
    #[cold]
    pub fn reject(&mut self, row: usize, reason: Reason, source: Option<usize>, wanted: &str) {
        if std::mem::replace(&mut self.kept[row], false) {
            let column = source.and_then(|at| self.feed.sources.get(at)).map(|source| source.name.as_str().into());
            let (file, line) = (Arc::clone(&self.text.file), self.text.lines[row]);
            self.rejects.push(Reject { file, line, reason, column, message: wanted.into() });
        }
    }

    /// Labels a row.
    #[inline]
    pub fn label(&mut self, row: usize, label: Label) {
        self.labels[row] |= bit(label);
    }

    /// Whether a row is kept so far.
    #[inline]
    pub fn is_kept(&self, row: usize) -> bool {
        self.kept[row]
    }

    /// The column `labels`: names joined by `;`, nothing for rows without.
    pub fn label_column(&self) -> ArrayRef {
        let mut texts: BTreeMap<u16, String> = BTreeMap::new();
        let mut column = StringBuilder::with_capacity(self.labels.len(), 0);
        for set in &self.labels {
            match set {
                0 => column.append_null(),
                _ => column.append_value(texts.entry(*set).or_insert_with(|| names(*set))),
            }
        }
        Arc::new(column.finish())
    }

    /// How many kept rows bear each label.
    pub fn label_counts(&self) -> BTreeMap<Label, u64> {
        let mut sets: BTreeMap<u16, u64> = BTreeMap::new();
        for (set, _) in self.labels.iter().zip(&self.kept).filter(|(set, kept)| **set != 0 && **kept) {
            *sets.entry(*set).or_default() += 1;
        }
        let mut counts = BTreeMap::new();
        for (set, count) in sets {
            for label in labels(set) {
                *counts.entry(label).or_default() += count;
            }
        }
        counts
    }

    /// Which rows are kept so far.
    pub fn kept(&self) -> &[bool] {
        &self.kept
    }

    /// The refused rows, by line.
    pub fn into_rejects(mut self) -> Vec<Reject> {
        self.rejects.sort_by_key(|reject| reject.line);
        self.rejects
    }
}

fn bit(label: Label) -> u16 {
    1 << (label as u16)
}

fn labels(set: u16) -> impl Iterator<Item = Label> {
    Label::ALL.into_iter().filter(move |label| set & bit(*label) != 0)
}

fn names(set: u16) -> String {
    labels(set).map(Label::name).collect::<Vec<_>>().join(";")
}
