//! The head of a file's counts, as bytes: groups, and of each chunk its margins, its cells and where its entries stand.

use xxhash_rust::xxh3::xxh3_64;

/// First bytes of a head; the digit is that of the layout.
const MAGIC: &[u8; 8] = b"vigiect1";
/// Layout in the footer's line.
const LAYOUT: &str = "1";

/// Counts of one file without the entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct Head {
    /// First day of the month, in days since 1970.
    pub first_day: i32,
    /// Names of the groups; the first has number 1.
    pub groups: Vec<String>,
    /// Chunks in the order in which rows came.
    pub chunks: Vec<Chunk>,
}

/// Counts of some rows of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct Chunk {
    /// Where the entries begin in the file.
    pub at: u64,
    /// Digest of the entries' bytes.
    pub digest: u64,
    /// By group and slot, ascending.
    pub margins: Vec<Margin>,
    /// By cell, ascending; their entries follow each other in the file.
    pub cells: Vec<CellTotal>,
}

/// Records of one group at one day and hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Margin {
    /// Group and slot.
    pub low: u32,
    /// Records.
    pub records: u32,
    /// Of those, with a cell.
    pub located: u32,
}

/// Records of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct CellTotal {
    /// Code of the cell.
    pub code: u64,
    /// Entries.
    pub entries: u32,
    /// Records.
    pub records: u32,
}

impl Chunk {
    /// Records with a cell.
    pub fn located(&self) -> u64 {
        self.margins.iter().map(|margin| u64::from(margin.located)).sum()
    }

    /// Bytes of the entries.
    pub fn entry_bytes(&self) -> u64 {
        4 * self.cells.iter().map(|cell| u64::from(cell.entries)).sum::<u64>()
    }
}

impl Head {
    /// The head as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let mut word = |value: u32| bytes.extend_from_slice(&value.to_le_bytes());
        word(self.first_day.cast_unsigned());
        word(self.groups.len() as u32);
        word(self.chunks.len() as u32);
        for group in &self.groups {
            word(group.len() as u32);
        }
        for chunk in &self.chunks {
            for value in [chunk.at, chunk.digest] {
                word(value as u32);
                word((value >> 32) as u32);
            }
            word(chunk.margins.len() as u32);
            word(chunk.cells.len() as u32);
        }
        for chunk in &self.chunks {
            for margin in &chunk.margins {
                word(margin.low);
                word(margin.records);
                word(margin.located);
            }
            for cell in &chunk.cells {
                word(cell.code as u32);
                word((cell.code >> 32) as u32);
                word(cell.entries);
                word(cell.records);
            }
        }
        for group in &self.groups {
            bytes.extend_from_slice(group.as_bytes());
        }
        bytes
    }

    /// Reads a head; `None` if these bytes are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Words(bytes.strip_prefix(MAGIC)?);
        let first_day = rest.next()?.cast_signed();
        let (groups, chunks) = (rest.next()?, rest.next()?);
        let lengths: Vec<u32> = rest.take(groups as usize, 1)?.collect();
        let mut sizes = Vec::new();
        let mut found = Vec::new();
        for _ in 0..chunks {
            let (at, digest) = (rest.double()?, rest.double()?);
            sizes.push((rest.next()? as usize, rest.next()? as usize));
            found.push(Chunk { at, digest, ..Chunk::default() });
        }
        for (chunk, (margins, cells)) in found.iter_mut().zip(sizes) {
            let mut words = rest.take(margins, 3)?;
            while let (Some(low), Some(records), Some(located)) = (words.next(), words.next(), words.next()) {
                chunk.margins.push(Margin { low, records, located });
            }
            let mut words = rest.take(cells, 4)?;
            while let (Some(low), Some(high), Some(entries), Some(records)) =
                (words.next(), words.next(), words.next(), words.next())
            {
                chunk.cells.push(CellTotal { code: u64::from(high) << 32 | u64::from(low), entries, records });
            }
        }
        let mut names = Vec::new();
        for length in lengths {
            let (name, others) = rest.0.split_at_checked(length as usize)?;
            names.push(std::str::from_utf8(name).ok()?.to_owned());
            rest.0 = others;
        }
        rest.0.is_empty().then_some(Self { first_day, groups: names, chunks: found })
    }
}

/// Words of four bytes, the lowest first.
struct Words<'b>(&'b [u8]);

impl<'b> Words<'b> {
    fn next(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*word))
    }

    fn double(&mut self) -> Option<u64> {
        let (low, high) = (self.next()?, self.next()?);
        Some(u64::from(high) << 32 | u64::from(low))
    }

    /// The next `count` times `each` words.
    fn take(&mut self, count: usize, each: usize) -> Option<impl Iterator<Item = u32> + use<'b>> {
        let (taken, rest) = self.0.split_at_checked(count.checked_mul(4 * each)?)?;
        self.0 = rest;
        Some(taken.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])))
    }
}

/// What the footer says of a head.
pub(in crate::store) fn footer_line(at: u64, head: &[u8]) -> String {
    format!("{LAYOUT} {at} {} {:016x}", head.len(), xxh3_64(head))
}

/// Where a head stands, by the footer's line: offset and bytes. `None` for another layout.
pub(in crate::store) fn place(line: &str) -> Option<(u64, usize)> {
    let mut words = line.strip_prefix(LAYOUT)?.strip_prefix(' ')?.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// The head of these bytes, if they carry the digest of the footer's line.
pub(in crate::store) fn believed(line: &str, bytes: &[u8]) -> Option<Head> {
    let (at, _) = place(line)?;
    if footer_line(at, bytes) == line { Head::decode(bytes) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let chunk = Chunk {
            at: 5_000_000_000,
            digest: u64::MAX - 7,
            margins: vec![Margin { low: 1_030, records: 9, located: 8 }],
            cells: vec![CellTotal { code: (1 << 33) + 5, entries: 2, records: 8 }],
        };
        Head { first_day: -3, groups: vec!["burglary".into(), "é".into()], chunks: vec![chunk, Chunk::default()] }
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = head().encode();
        assert_eq!(Head::decode(&bytes), Some(head()));
        let line = footer_line(77, &bytes);
        assert_eq!((place(&line), believed(&line, &bytes)), (Some((77, bytes.len())), Some(head())));
        assert_eq!((head().chunks[0].located(), head().chunks[0].entry_bytes()), (8, 8));
    }

    #[test]
    fn what_was_not_written_is_not_believed() {
        let bytes = head().encode();
        let line = footer_line(77, &bytes);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(believed(&line, &changed), None);
            assert_eq!(Head::decode(&bytes[..at]), None);
            // Even of bytes that nobody vouches for no claim of a size is taken at its word.
            changed[at] = 0xFF;
            let _ = Head::decode(&changed);
        }
        for wrong in ["", "1", "1 x 3 0", "2 77 10 00", "1 77", "177 10 00"] {
            assert_eq!(believed(wrong, &bytes), None, "{wrong}");
        }
    }
}
