//! Decides which version of each contested record stays, and writes the files again that change by it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::amend::{Amendment, amend};
use super::contest::{At, Contest, Outcome, Standing};
use super::control;
use super::groups::TableFile;
use super::recall::look;
use super::table_file::{month_of, rows_of};
use super::writer::{Live, OpenTable, Tally, Writer, pass};
use crate::error::{Error, Result};

impl Writer<'_> {
    /// Decides which version of each contested record stays; returns what became of their rows.
    ///
    /// # Errors
    /// `Data` if a file cannot be read or written.
    pub fn settle(&mut self, name: &str) -> Result<Tally> {
        let load = self.load_id();
        let table = self.table_mut(name)?;
        table.close_rows()?;
        let contest = std::mem::take(&mut table.contest);
        if contest.is_empty() {
            return Ok(Tally::default());
        }
        // What was recognised until now may give way.
        if let Some(recall) = table.recall.take() {
            recall.end();
        }
        let Outcome { dropped, replaced, winners, tally } = table.decide(contest, load)?;
        for (key, row_hash) in winners {
            table.known.settle(key, row_hash);
        }
        self.amend(name, dropped, replaced)?;
        pass("revisions-written")?;
        Ok(tally)
    }

    /// Writes files again, without some of their rows and with others in the place of some.
    fn amend(
        &mut self,
        name: &str,
        mut dropped: BTreeMap<u32, Vec<u32>>,
        mut replaced: BTreeMap<u32, Vec<(u32, At)>>,
    ) -> Result<()> {
        let store = self.store;
        let table = self.table_mut(name)?;
        let folder = table.place.folder();
        let path = |live: &Live| folder.join(&live.add.path);
        let mut amendments = Vec::new();
        let mut others = BTreeMap::new();
        let mut gone = BTreeSet::new();
        for (at, live) in table.files.iter().enumerate() {
            let file = number(at)?;
            if live.contested {
                others.insert(file, path(live));
            }
            let (dropped, replaced) = (dropped.remove(&file), replaced.remove(&file));
            if dropped.is_none() && replaced.is_none() {
                continue;
            }
            gone.insert(at);
            let noted = match live.new {
                Some(_) => None,
                None => control::stored_file(&store.control(), &format!("tables/{name}/{}", live.add.path))?,
            };
            amendments.push(Amendment {
                path: path(live),
                sha256: noted.map(|file| file.sha256),
                month: month_of(&live.add),
                dropped: dropped.unwrap_or_default(),
                replaced: replaced.unwrap_or_default(),
            });
        }
        let written = amend(&table.place, &amendments, &others, table.next_file())?;
        // Whatever is left was decided on.
        table.files.iter_mut().for_each(|live| live.contested = false);
        table.take(written, false);
        table.exchange(&gone)
    }
}

impl OpenTable {
    /// Looks at all versions of contested records.
    fn decide(&mut self, mut contest: Contest, load: u64) -> Result<Outcome> {
        let folder = self.place.folder();
        let mut months: BTreeMap<String, usize> = BTreeMap::new();
        let standings: Vec<Standing> = self
            .files
            .iter()
            .map(|live| {
                let next = months.len();
                let month = *months.entry(month_of(&live.add)).or_insert(next);
                Standing { is_contested: live.contested, month, rows: rows_of(&live.add) }
            })
            .collect();
        // Files of the store come first; what they hold of these keys may be known already.
        let stored = self.files.iter().take_while(|live| live.new.is_none()).count();
        let seen = self.seen.take();
        let begin = if seen.is_some() { stored } else { 0 };
        let paths: Vec<PathBuf> = self.files[begin..].iter().map(|live| folder.join(&live.add.path)).collect();
        let found = look(&TableFile::open_all(&paths)?, &contest.sieve(), number(begin)?, load)?;
        for seen in seen.into_iter().flatten().chain(found) {
            contest.look_at(seen, standings[seen.at.file as usize]);
        }
        Ok(contest.decide(&standings))
    }
}

fn number(file: usize) -> Result<u32> {
    u32::try_from(file).map_err(|_| Error::bug("more files than can be numbered"))
}
