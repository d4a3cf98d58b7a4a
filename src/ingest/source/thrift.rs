//! A look through Thrift's compact form, in which Parquet writes its footer and the headers of its pages, before anybody
//! sets aside memory for what they claim.
//!
//! **Method.** Thrift compact protocol specification (Apache Thrift, `doc/specs/thrift-compact-protocol.md`).

/// Structures within each other; deeper is refused.
const DEEPEST: usize = 32;

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A structure begins.
    Struct,
    /// A list of so many elements begins.
    List(usize),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
}

/// Passes through the structure at the beginning of `text` and tells of what is in it, with the numbers of the fields
/// around. Returns its length; nothing if the text is cut short, malformed, too deep, or a list claims more elements
/// than there are bytes.
pub fn walk(text: &[u8], each: &mut dyn FnMut(&[i16], Found)) -> Option<usize> {
    let mut walk = Walk { text, at: 0, path: Vec::new(), each };
    walk.structure(0)?;
    Some(walk.at)
}

struct Walk<'t, 'e> {
    text: &'t [u8],
    at: usize,
    path: Vec<i16>,
    each: &'e mut dyn FnMut(&[i16], Found),
}

impl Walk<'_, '_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(bytes).ok()?)?;
        self.at = Some(end).filter(|end| *end <= self.text.len())?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn int(&mut self) -> Option<i64> {
        let coded = self.varint()?;
        Some((coded >> 1) as i64 ^ -((coded & 1) as i64))
    }

    fn structure(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        (self.each)(&self.path, Found::Struct);
        let mut field = 0_i16;
        loop {
            let head = self.byte()?;
            let kind = head & 0x0f;
            if kind == 0 {
                return Some(());
            }
            field = match i16::from(head >> 4) {
                0 => i16::try_from(self.int()?).ok()?,
                delta => field.checked_add(delta)?,
            };
            self.path.push(field);
            match kind {
                1 | 2 => (self.each)(&self.path, Found::Bool(kind == 1)),
                _ => self.value(kind, depth)?,
            }
            self.path.pop();
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            1..=3 => self.skip(1),
            4..=6 => {
                let value = self.int()?;
                (self.each)(&self.path, Found::Int(value));
                Some(())
            }
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let size = match head >> 4 {
                    15 => usize::try_from(self.varint()?).ok()?,
                    size => usize::from(size),
                };
                self.room_for(size)?;
                (self.each)(&self.path, Found::List(size));
                (0..size).try_for_each(|_| self.value(head & 0x0f, depth + 1))
            }
            11 => {
                let size = usize::try_from(self.varint()?).ok()?;
                self.room_for(size)?;
                let kinds = if size > 0 { self.byte()? } else { 0 };
                (0..size).try_for_each(|_| {
                    self.value(kinds >> 4, depth + 1)?;
                    self.value(kinds & 0x0f, depth + 1)
                })
            }
            12 => self.structure(depth + 1),
            13 => self.skip(16),
            _ => None,
        }
    }

    /// Every element takes at least one byte.
    fn room_for(&self, elements: usize) -> Option<()> {
        (elements <= self.text.len() - self.at).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &[u8]) -> Option<Vec<(Vec<i16>, Found)>> {
        let mut all = Vec::new();
        walk(text, &mut |path, found| all.push((path.to_vec(), found)))?;
        Some(all)
    }

    #[test]
    fn numbers_lists_and_structures() {
        // 1: i32 -3; 2: list of two structures { 1: true }; 5: binary "ab"
        let text = [0x15, 0x05, 0x19, 0x2c, 0x11, 0x00, 0x11, 0x00, 0x38, 0x02, b'a', b'b', 0x00];
        let wanted = vec![
            (vec![], Found::Struct),
            (vec![1], Found::Int(-3)),
            (vec![2], Found::List(2)),
            (vec![2], Found::Struct),
            (vec![2, 1], Found::Bool(true)),
            (vec![2], Found::Struct),
            (vec![2, 1], Found::Bool(true)),
        ];
        assert_eq!(found(&text), Some(wanted));
        for cut in 0..text.len() {
            assert_eq!(found(&text[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn lists_that_claim_more_than_there_is() {
        assert_eq!(found(&[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00]), None);
        assert_eq!(found(&[0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00]), None);
        assert_eq!(found(&vec![0x1c; 100_000]), None);
    }
}
