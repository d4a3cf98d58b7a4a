//! The text of a PDF that we made, line by line, as a reader's copy-and-paste would get it: page contents are inflated,
//! glyphs looked up in the fonts' Unicode maps, and what stands at one height is one line. The letters of pictures are
//! placed one by one; those that touch are joined.

use std::collections::BTreeMap;
use std::io::Read as _;

type Matrix = [f64; 6];

/// `b` after `a`, as `cm` multiplies.
fn times(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    bytes.get(from..)?.windows(needle.len()).position(|window| window == needle).map(|at| at + from)
}

/// Every object: its number, its text up to a stream, and the stream inflated.
pub fn objects(pdf: &[u8]) -> BTreeMap<u32, (String, Vec<u8>)> {
    let mut out = BTreeMap::new();
    let mut at = 0;
    while let Some(start) = find(pdf, b" 0 obj\n", at) {
        let digits = pdf[..start].iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let number = String::from_utf8_lossy(&pdf[start - digits..start]).parse().unwrap_or(0);
        let body = start + 7;
        let end = find(pdf, b"endobj", body).unwrap();
        let stream = find(&pdf[..end], b"stream", body);
        let head = String::from_utf8_lossy(&pdf[body..stream.unwrap_or(end)]).into_owned();
        let mut content = Vec::new();
        at = end;
        if let Some(stream) = stream {
            let length: usize = word_after(&head, "/Length ").unwrap().parse().unwrap();
            let from = stream + 6;
            let from = from + pdf[from..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            let raw = &pdf[from..from + length];
            at = from + length;
            if head.contains("FlateDecode") {
                flate2::read::ZlibDecoder::new(raw).read_to_end(&mut content).unwrap();
            } else {
                content.extend_from_slice(raw);
            }
        }
        out.insert(number, (head, content));
    }
    out
}

fn word_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = &text[text.find(key)? + key.len()..];
    Some(&rest[..rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())])
}

/// Glyph to text, from a font's Unicode map.
fn unicode(map: &[u8]) -> BTreeMap<u16, String> {
    let text = String::from_utf8_lossy(map);
    let mut out = BTreeMap::new();
    let hex = |word: &str| {
        let units: Vec<u16> = word
            .as_bytes()
            .chunks(4)
            .filter_map(|four| u16::from_str_radix(std::str::from_utf8(four).ok()?, 16).ok())
            .collect();
        units
    };
    let mut kind = "";
    for line in text.lines() {
        if line.ends_with("beginbfchar") || line.ends_with("beginbfrange") {
            kind = if line.ends_with("beginbfchar") { "char" } else { "range" };
            continue;
        }
        if line.starts_with("endbf") {
            kind = "";
            continue;
        }
        let words: Vec<Vec<u16>> =
            line.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(word, _)| hex(word)).collect();
        match (kind, words.as_slice()) {
            ("char", [glyph, to]) => {
                out.insert(glyph[0], String::from_utf16_lossy(to));
            }
            ("range", [first, last, to]) => {
                for glyph in first[0]..=last[0] {
                    out.insert(glyph, String::from_utf16_lossy(&[to[0] + (glyph - first[0])]));
                }
            }
            _ => {}
        }
    }
    out
}

/// A word of a content stream.
enum Token {
    Number(f64),
    Name(String),
    Word(String),
    Bytes(Vec<u8>),
    Other,
}

fn tokens(content: &[u8]) -> Vec<Token> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&byte) = content.get(at) {
        at += 1;
        match byte {
            b'(' => {
                let mut text = Vec::new();
                let mut depth = 1;
                while depth > 0 {
                    let byte = content[at];
                    at += 1;
                    match byte {
                        b'\\' => {
                            let escaped = content[at];
                            at += 1;
                            match escaped {
                                b'0'..=b'7' => {
                                    let mut value = u32::from(escaped - b'0');
                                    for _ in 0..2 {
                                        if let digit @ b'0'..=b'7' = content[at] {
                                            value = value * 8 + u32::from(digit - b'0');
                                            at += 1;
                                        } else {
                                            break;
                                        }
                                    }
                                    text.push(value as u8);
                                }
                                b'n' => text.push(b'\n'),
                                b'r' => text.push(b'\r'),
                                b't' => text.push(b'\t'),
                                b'b' => text.push(8),
                                b'f' => text.push(12),
                                other => text.push(other),
                            }
                            continue;
                        }
                        b'(' => depth += 1,
                        b')' => depth -= 1,
                        _ => {}
                    }
                    if depth > 0 {
                        text.push(byte);
                    }
                }
                out.push(Token::Bytes(text));
            }
            b'<' if content.get(at) != Some(&b'<') && content.get(at.wrapping_sub(2)) != Some(&b'<') => {
                let end = find(content, b">", at).unwrap();
                let hex: Vec<u8> = content[at..end].iter().copied().filter(u8::is_ascii_hexdigit).collect();
                let pairs = hex.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap());
                out.push(Token::Bytes(pairs.collect()));
                at = end + 1;
            }
            b'[' | b']' | b'<' | b'>' | b'{' | b'}' => out.push(Token::Other),
            b if b.is_ascii_whitespace() => {}
            _ => {
                let start = at - 1;
                let ends = |b: &u8| b.is_ascii_whitespace() || b"()<>[]{}/".contains(b);
                at += content[at..].iter().position(ends).unwrap_or(content.len() - at);
                let word = String::from_utf8_lossy(&content[start..at]).into_owned();
                out.push(match (word.parse::<f64>(), word.strip_prefix('/')) {
                    (Ok(number), _) => Token::Number(number),
                    (_, Some(name)) => Token::Name(name.to_owned()),
                    _ => Token::Word(word),
                });
            }
        }
    }
    out
}

/// The lines of every page, top to bottom, with the pieces of a line in order and a blank between them.
pub fn lines(pdf: &[u8]) -> Vec<String> {
    let objects = objects(pdf);
    let reference = |text: &str, key: &str| word_after(text, key).and_then(|word| word.parse::<u32>().ok());
    let mut out = Vec::new();
    for (head, _) in objects.values().filter(|(head, _)| head.contains("/Type/Page/") || head.contains("/Type/Page ")) {
        let resources = &objects[&reference(head, "/Resources ").unwrap()].0;
        let fonts = resources.split("/Font<<").nth(1).and_then(|rest| rest.split(">>").next()).unwrap_or("");
        let fonts: BTreeMap<String, BTreeMap<u16, String>> = fonts
            .split('/')
            .filter_map(|entry| entry.split_once(' '))
            .map(|(name, rest)| {
                let font = &objects[&rest.split(' ').next().unwrap().parse().unwrap()].0;
                (name.to_owned(), unicode(&objects[&reference(font, "/ToUnicode ").unwrap()].1))
            })
            .collect();
        let content = &objects[&reference(head, "/Contents ").unwrap()].1;
        let mut pieces = pieces(&tokens(content), &fonts);
        pieces.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.x.total_cmp(&b.x)));
        for line in pieces.chunk_by(|a, b| (a.y - b.y).abs() < 1.5) {
            let mut line: Vec<&Piece> = line.iter().collect();
            line.sort_by(|a, b| a.x.total_cmp(&b.x));
            let mut words = String::new();
            for (at, piece) in line.iter().enumerate() {
                let before = at.checked_sub(1).map(|at| line[at]);
                let touches =
                    |before: &Piece| before.text.chars().count() == 1 && piece.x - before.x < 1.05 * before.size;
                if before.is_some_and(|before| !touches(before)) {
                    words.push(' ');
                }
                words.push_str(&piece.text);
            }
            out.push(words);
        }
    }
    out
}

/// Something shown: where, how large, what.
struct Piece {
    x: f64,
    y: f64,
    size: f64,
    text: String,
}

/// Everything that a page shows.
fn pieces(tokens: &[Token], fonts: &BTreeMap<String, BTreeMap<u16, String>>) -> Vec<Piece> {
    let unit = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let (mut graphics, mut kept, mut text, mut font, mut size) = (unit, Vec::new(), unit, None, 0.0);
    let mut out = Vec::new();
    let mut operands: Vec<&Token> = Vec::new();
    for token in tokens {
        let Token::Word(word) = token else {
            operands.push(token);
            continue;
        };
        let numbers = || -> Vec<f64> {
            let all = operands.iter().filter_map(|t| if let Token::Number(n) = t { Some(*n) } else { None });
            all.collect()
        };
        let matrix = || <Matrix>::try_from(numbers().as_slice()).unwrap_or(unit);
        match word.as_str() {
            "q" => kept.push(graphics),
            "Q" => graphics = kept.pop().unwrap_or(unit),
            "cm" => graphics = times(matrix(), graphics),
            "BT" => text = unit,
            "Tm" => text = matrix(),
            "Tf" => {
                size = numbers().first().copied().unwrap_or(0.0);
                font = operands.iter().find_map(|t| if let Token::Name(name) = t { fonts.get(name) } else { None });
            }
            "TJ" | "Tj" => {
                let mut shown = String::new();
                for token in &operands {
                    if let (Token::Bytes(bytes), Some(font)) = (token, font) {
                        let glyphs = bytes.chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
                        shown.extend(glyphs.map(|glyph| font.get(&glyph).map_or("\u{fffd}", String::as_str)));
                    }
                }
                let place = times(text, graphics);
                out.push(Piece { x: place[4], y: place[5], size: size * place[0].abs(), text: shown });
            }
            _ => {}
        }
        operands.clear();
    }
    out
}
