//! JSON objects as names and texts (RFC 8259). Numbers stay as they are written, so that an identity made of texts does
//! not depend on a way through floating point. `serde_json` is the judge in the tests.

use std::ops::Range;

/// Why a text is no JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It ends in the middle: more may come.
    CutShort,
    /// Something else is wanted at this byte.
    Wrong(usize),
}

/// Told the name, the text and the place of a value.
pub type Each<'e> = &'e mut dyn FnMut(&[u8], &[u8], Range<usize>);

type Walked<T> = std::result::Result<T, Fault>;

/// Objects and lists within each other; deeper is refused.
const DEEPEST: usize = 64;
/// Stands for half of a surrogate pair: no UTF-8 text holds this byte, so the field is refused where it is checked.
const NO_CHARACTER: u8 = 0xff;

/// Tells of each value of an object that is no object itself: its name (`a.b` for `b` within `a`), its text, and where
/// it stands. Texts are without quotes and escapes, `null` is empty, a list is as it is written. Returns where the
/// object ends.
///
/// # Errors
/// [`Fault`] if the text does not begin with one whole object.
pub fn walk(text: &[u8], each: Each<'_>) -> Walked<usize> {
    let mut walk = Walk { text, at: 0, path: Vec::new(), value: Vec::new(), each };
    walk.space();
    walk.object(0)?;
    Ok(walk.at)
}

/// Where the list `features` of an object begins, just behind its bracket; nothing if the object has none.
///
/// # Errors
/// [`Fault`] as [`walk`]; `CutShort` also if the text ends before the list.
pub fn features(text: &[u8]) -> Walked<Option<usize>> {
    let mut walk = Walk { text, at: 0, path: Vec::new(), value: Vec::new(), each: &mut |_, _, _| {} };
    walk.space();
    walk.want(b'{')?;
    loop {
        walk.space();
        match walk.peek()? {
            b'}' => return Ok(None),
            b',' => {
                walk.at += 1;
                continue;
            }
            _ => {}
        }
        walk.string()?;
        let is_list = walk.value == b"features";
        walk.space();
        walk.want(b':')?;
        walk.space();
        if is_list && walk.peek()? == b'[' {
            return Ok(Some(walk.at + 1));
        }
        walk.member(0)?;
    }
}

struct Walk<'t, 'e> {
    text: &'t [u8],
    at: usize,
    /// Names of the objects around, with points between them.
    path: Vec<u8>,
    /// The string read last.
    value: Vec<u8>,
    each: Each<'e>,
}

impl Walk<'_, '_> {
    fn peek(&self) -> Walked<u8> {
        self.text.get(self.at).copied().ok_or(Fault::CutShort)
    }

    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn want(&mut self, byte: u8) -> Walked<()> {
        if self.peek()? != byte {
            return Err(Fault::Wrong(self.at));
        }
        self.at += 1;
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Walked<()> {
        if depth > DEEPEST {
            return Err(Fault::Wrong(self.at));
        }
        self.want(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        let around = self.path.len();
        loop {
            self.space();
            self.string()?;
            if around > 0 {
                self.path.push(b'.');
            }
            self.path.extend_from_slice(&self.value);
            self.space();
            self.want(b':')?;
            self.space();
            self.member(depth)?;
            self.path.truncate(around);
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Fault::Wrong(self.at)),
            }
        }
    }

    /// The value of a name.
    fn member(&mut self, depth: usize) -> Walked<()> {
        let start = self.at;
        match self.peek()? {
            b'{' => return self.object(depth + 1),
            b'"' => {
                self.string()?;
                (self.each)(&self.path, &self.value, start..self.at);
            }
            b'n' => {
                self.word(b"null")?;
                (self.each)(&self.path, b"", start..self.at);
            }
            _ => {
                self.skip(depth + 1)?;
                (self.each)(&self.path, &self.text[start..self.at], start..self.at);
            }
        }
        Ok(())
    }

    /// Passes a value without telling of it.
    fn skip(&mut self, depth: usize) -> Walked<()> {
        if depth > DEEPEST {
            return Err(Fault::Wrong(self.at));
        }
        match self.peek()? {
            b'"' => self.string(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            b'{' => self.skip_inner(depth, b'}', true),
            b'[' => self.skip_inner(depth, b']', false),
            _ => self.number(),
        }
    }

    fn skip_inner(&mut self, depth: usize, close: u8, is_object: bool) -> Walked<()> {
        self.at += 1;
        self.space();
        if self.peek()? == close {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            if is_object {
                self.string()?;
                self.space();
                self.want(b':')?;
                self.space();
            }
            self.skip(depth + 1)?;
            self.space();
            let byte = self.peek()?;
            self.at += 1;
            if byte == close {
                return Ok(());
            }
            if byte != b',' {
                return Err(Fault::Wrong(self.at - 1));
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Walked<()> {
        word.iter().try_for_each(|byte| self.want(*byte))
    }

    fn digits(&mut self) -> Walked<()> {
        if !self.peek()?.is_ascii_digit() {
            return Err(Fault::Wrong(self.at));
        }
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Walked<()> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if self.text.get(self.at).is_some_and(|byte| matches!(byte, b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek()?, b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// A string, without its quotes and escapes, into `value`.
    fn string(&mut self) -> Walked<()> {
        self.want(b'"')?;
        self.value.clear();
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.escape()?,
                byte if byte < 0x20 => return Err(Fault::Wrong(self.at)),
                byte => {
                    self.value.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self) -> Walked<()> {
        self.at += 1;
        let byte = self.peek()?;
        self.at += 1;
        self.value.push(match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.code_point(),
            _ => return Err(Fault::Wrong(self.at - 1)),
        });
        Ok(())
    }

    fn code_point(&mut self) -> Walked<()> {
        let first = self.four_digits()?;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            } else {
                self.at = back;
            }
        } else if self.text.len() < self.at + 2 {
            return Err(Fault::CutShort);
        }
        match char::from_u32(code) {
            Some(character) => self.value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            None => self.value.push(NO_CHARACTER),
        }
        Ok(())
    }

    fn four_digits(&mut self) -> Walked<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = char::from(self.peek()?).to_digit(16).ok_or(Fault::Wrong(self.at))?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn flat(text: &str) -> Walked<Vec<(String, String)>> {
        let mut found = Vec::new();
        let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        walk(text.as_bytes(), &mut |name, value, _| found.push((words(name), words(value))))?;
        Ok(found)
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn names_with_points_and_texts_as_written() {
        assert_eq!(
            flat(
                r#" {"id": 1.50, "a": {"b": true, "c": {}}, "t": "x\n\"\u00e9\ud83d\ude00", "n": null, "l": [1, {"z":2}]} "#
            ),
            Ok(pairs(&[("id", "1.50"), ("a.b", "true"), ("t", "x\n\"é😀"), ("n", ""), ("l", "[1, {\"z\":2}]")]))
        );
        assert_eq!(flat("{}"), Ok(Vec::new()));
    }

    #[test]
    fn a_text_cut_anywhere_asks_for_more() {
        let whole = r#"{"id": -1.5e+3, "t": "\ud83d\ude00", "l": [true, null, {"a": "b"}]}"#;
        for cut in 0..whole.len() {
            assert_eq!(flat(&whole[..cut]), Err(Fault::CutShort), "{}", &whole[..cut]);
        }
        assert!(flat(whole).is_ok());
    }

    #[test]
    fn what_is_no_object() {
        for text in ["[1]", "1", "{a: 1}", "{\"a\": 01}", "{\"a\": 1,}", "{\"a\" 1}", "{\"a\": \"\n\"}", "{\"a\": +1}"]
        {
            assert!(matches!(flat(text), Err(Fault::Wrong(_))), "{text}");
        }
        let deep = "{\"a\":".repeat(100_000);
        assert!(matches!(flat(&deep), Err(Fault::Wrong(_))));
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(matches!(flat(&deep), Err(Fault::Wrong(_))));
    }

    #[test]
    fn where_the_features_begin() {
        let text = r#"{"type": "FeatureCollection", "crs": {"features": []}, "features": [{"#;
        assert_eq!(features(text.as_bytes()), Ok(Some(text.len() - 1)));
        assert_eq!(features(b"{\"a\": 1}"), Ok(None));
        assert_eq!(features(b"{\"a\": 1, "), Err(Fault::CutShort));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-zé\"\\\\]{1,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn flattened(value: &Value, path: &str, into: &mut Vec<(String, String)>) {
        let Value::Object(map) = value else { return };
        for (name, value) in map {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match value {
                Value::Object(_) => flattened(value, &path, into),
                Value::String(text) => into.push((path, text.clone())),
                Value::Null => into.push((path, String::new())),
                other => into.push((path, other.to_string())),
            }
        }
    }

    proptest! {
        #[test]
        fn same_values_as_serde_json(value in prop::collection::btree_map("[a-z]{1,3}", any_json(), 0..5)) {
            let value = Value::Object(value.into_iter().collect());
            let mut wanted = Vec::new();
            flattened(&value, "", &mut wanted);
            prop_assert_eq!(flat(&value.to_string()), Ok(wanted));
        }

        #[test]
        fn accepts_what_serde_json_accepts(text in r#"\{"a":[\[\]{}",:0-9truefalsn.e+\\ -]{0,12}\}"#) {
            let theirs = serde_json::from_str::<Value>(&text).is_ok();
            let ours = walk(text.as_bytes(), &mut |_, _, _| {}) == Ok(text.len());
            // Numbers beyond floating point are texts to us.
            prop_assert!(ours == theirs || (ours && text.contains('e')), "{} {} {}", text, ours, theirs);
        }
    }
}
