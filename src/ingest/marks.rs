//! What is known about each row of a batch while its columns are cleaned: whether it is refused, and its labels.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringBuilder};

use super::feed::Feed;
use super::reject::{Label, Reason, Reject};
use super::text::TextBatch;

/// One flag and one set of labels a row.
pub struct Marks<'a> {
    text: &'a TextBatch,
    feed: &'a Feed,
    kept: Vec<bool>,
    labels: Vec<u8>,
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
        let texts: Vec<String> = (0..1_u8 << Label::ALL.len())
            .map(|set| {
                let names: Vec<_> = Label::ALL.iter().filter(|l| set & bit(**l) != 0).map(|l| l.name()).collect();
                names.join(";")
            })
            .collect();
        let mut column = StringBuilder::with_capacity(self.labels.len(), 0);
        for set in &self.labels {
            column.append_option((*set != 0).then(|| texts[usize::from(*set)].as_str()));
        }
        Arc::new(column.finish())
    }

    /// How many kept rows bear each label.
    pub fn label_counts(&self) -> BTreeMap<Label, u64> {
        let mut sets = [0_u64; 1 << Label::ALL.len()];
        for (set, kept) in self.labels.iter().zip(&self.kept) {
            sets[usize::from(*set)] += u64::from(*kept);
        }
        let mut counts = BTreeMap::new();
        for (set, count) in (0_u8..).zip(sets).filter(|(_, count)| *count > 0) {
            for label in Label::ALL.into_iter().filter(|label| set & bit(*label) != 0) {
                *counts.entry(label).or_default() += count;
            }
        }
        counts
    }

    /// Which rows to keep, unless all are.
    pub fn filter(&self) -> Option<BooleanArray> {
        self.kept.contains(&false).then(|| BooleanArray::from(self.kept.clone()))
    }

    /// The refused rows, by line.
    pub fn into_rejects(mut self) -> Vec<Reject> {
        self.rejects.sort_by_key(|reject| reject.line);
        self.rejects
    }
}

fn bit(label: Label) -> u8 {
    1 << (label as u8)
}
