//! Texts and files that break naive readers, of our own making.

use super::extracts::{COLUMNS, quoted, zipped};
use crate::support::gzip;

/// A file, and the reasons of its rows if it has to be read, in order.
pub struct Case {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub reasons: Option<Vec<&'static str>>,
}

fn row(number: usize, reason: &str) -> String {
    format!("S{number},2015-06-01 10:00:00,2016-01-01 00:00:00,U1,{reason},none,49.19,-2.11")
}

/// The header and one row a reason, written as given, with this end of line.
fn file(reasons: &[&str], end: &str) -> Vec<u8> {
    let rows = reasons.iter().enumerate().map(|(number, reason)| row(number, reason) + end);
    (COLUMNS.join(",") + end + &rows.collect::<String>()).into_bytes()
}

fn utf16(text: &[u8], big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(std::str::from_utf8(text).unwrap().encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// Shapes of CSV that are right, with what they say; and shapes that are wrong, which must be refused or counted.
pub fn shapes() -> Vec<Case> {
    let reads = |name, bytes, reasons: &[&'static str]| Case { name, bytes, reasons: Some(reasons.to_vec()) };
    let wrong = |name, bytes| Case { name, bytes, reasons: None };
    let header = COLUMNS.join(",");
    let good = file(&["a", "b"], "\n");
    let mut cases = vec![
        reads("plain.csv", good.clone(), &["a", "b"]),
        reads("crlf.csv", file(&["a", "b"], "\r\n"), &["a", "b"]),
        reads("byte-order-mark.csv", joined(&[b"\xef\xbb\xbf", &good]), &["a", "b"]),
        reads("no-newline-at-end.csv", good[..good.len() - 1].to_vec(), &["a", "b"]),
        reads("blank-lines.csv", file(&["a\n", "b"], "\n").replace_all("a\n,", "a,"), &["a", "b"]),
        reads("quoted.csv", file(&["\"a\"", "\"b\""], "\n"), &["a", "b"]),
        reads("comma-in-quotes.csv", file(&["\"a,b\"", "c"], "\n"), &["a,b", "c"]),
        reads("escaped-quotes.csv", file(&["\"a \"\"b\"\" c\"", "\"\"\"\""], "\n"), &["a \"b\" c", "\""]),
        reads("newline-in-quotes.csv", file(&["\"a\nb\"", "c"], "\n"), &["a\nb", "c"]),
        reads("crlf-in-quotes.csv", file(&["\"a\r\nb\"", "c"], "\r\n"), &["a\r\nb", "c"]),
        reads("json-in-quotes.csv", file(&["\"{\"\"a\"\": [1, 2]}\""], "\n"), &["{\"a\": [1, 2]}"]),
        reads("letters.csv", file(&["Jèrriais", "日本", "👮‍♀️"], "\n"), &["Jèrriais", "日本", "👮‍♀️"]),
        wrong("cr-only.csv", file(&["a", "b"], "\r")),
        wrong("empty.csv", Vec::new()),
        wrong("newlines.csv", b"\n\r\n\n".to_vec()),
        wrong("only-a-mark.csv", b"\xef\xbb\xbf".to_vec()),
        wrong("header-only.csv", (header.clone() + "\n").into_bytes()),
        wrong("header-without-end.csv", header.clone().into_bytes()),
        wrong("header-twice.csv", joined(&[(header.clone() + "\n").as_bytes(), &good])),
        wrong("column-twice.csv", file(&["a"], "\n").replace_all("unit_id", "reason")),
        wrong("open-quote.csv", file(&["a", "\"b"], "\n")),
        wrong("open-quote-in-header.csv", good.replace_all("unit_id", "\"unit_id")),
        wrong("quote-within.csv", file(&["a\"b\"c", "\"a\"b"], "\n")),
        wrong("ragged.csv", file(&["a,b,c", "d"], "\n").replace_all(",-2.11\n", "\n")),
        wrong("semicolons.csv", good.replace_all(",", ";")),
        wrong("tabs.csv", good.replace_all(",", "\t")),
        wrong("utf16-little.csv", utf16(&good, false)),
        wrong("utf16-big.csv", utf16(&good, true)),
        wrong("utf16-cut.csv", utf16(&good, false)[..201].to_vec()),
        wrong("windows-1252.csv", good.replace_bytes(b",a,", b",H\xe8ve \x80 \x93x\x94,")),
        wrong("overlong.csv", good.replace_bytes(b",a,", b",\xc0\xaf\xe0\x80\xaf,")),
        wrong("surrogate.csv", good.replace_bytes(b",a,", b",\xed\xa0\x80\xed\xb0\x80,")),
        wrong("cut-letter.csv", joined(&[&good, b"S9,2015-06-01 10:00:00,2016-01-01 00:00:00,U1,\xf0\x9f\x91"])),
        wrong("nul.csv", good.replace_bytes(b",a,", b",a\0b,")),
        wrong("nul-late.csv", joined(&[&file(&["a"; 2000], "\n"), b"S9,\0,,,,,,\n"])),
        wrong("long-field.csv", file(&[&"x".repeat(1 << 20)], "\n")),
        wrong("too-long-field.csv", file(&[&"x".repeat(6 << 20)], "\n")),
        wrong("one-long-line.csv", vec![b'x'; 9 << 20]),
        wrong("long-name.csv", joined(&[&vec![b'x'; 1 << 20], b"\n1\n"])),
        wrong("wide-header.csv", (header.clone() + &",x".repeat(100_000) + "\n").into_bytes()),
        wrong("commas.csv", joined(&[(header + "\n").as_bytes(), &vec![b','; 1 << 20]])),
        wrong("gzip-of-gzip.csv.gz", gzip(&gzip(&good))),
        wrong("gzip-of-zeros.csv.gz", gzip(&vec![0; 64 << 20])),
        wrong("gzip-of-newlines.csv.gz", gzip(&joined(&[&good, &vec![b'\n'; 64 << 20]]))),
        wrong("zip-of-zip.zip", zipped(&[("a.zip", &zipped(&[("a.csv", &good)]))])),
        wrong("zip-of-zeros.zip", zipped(&[("a.csv", &vec![0; 64 << 20])])),
        wrong("zip-of-nothing.zip", zipped(&[])),
        wrong("zip-up-and-away.zip", zipped(&[("../../a.csv", &good)])),
        wrong("zip-of-two.zip", zipped(&[("a.csv", &good), ("b.csv", &good)])),
        wrong("deep.ndjson", (r#"{"stop_id":"#.to_owned() + &"[".repeat(200_000) + "\n").into_bytes()),
        wrong("deep-objects.ndjson", (r#"{"a":"#.repeat(100_000) + "1" + &"}".repeat(100_000) + "\n").into_bytes()),
        wrong(
            "deep.geojson",
            (r#"{"type":"FeatureCollection","features":"#.to_owned() + &"[".repeat(200_000)).into_bytes(),
        ),
        wrong("numbers.ndjson", br#"{"stop_id":1e999,"stopped_at":-0,"lat":1e-999,"lon":NaN}"#.to_vec()),
        wrong("not-objects.ndjson", b"1\n\"a\"\nnull\n[]\n{}\n".to_vec()),
        wrong("keys-twice.ndjson", br#"{"stop_id":"a","stop_id":"b"}"#.to_vec()),
    ];
    for magic in [
        &b"PAR1PAR1"[..],
        b"PAR1\xff\xff\xff\x7fPAR1",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x28\xb5\x2f\xfd",
        b"\x1f\x8b\x08",
    ] {
        cases.push(wrong("only-magic.bin", magic.to_vec()));
        cases.push(wrong("magic-and-text.csv", joined(&[magic, &good])));
    }
    cases
}

/// Texts for a column of words: each must come back as it was, or be refused.
pub fn words() -> Vec<String> {
    let mut words: Vec<String> = [
        "undefined",
        "null",
        "NULL",
        "(null)",
        "nil",
        "None",
        "NaN",
        "Infinity",
        "-Infinity",
        "true",
        "0x0",
        "1e999",
        "1E-999",
        "-0",
        "1/0",
        "007",
        "١٢٣",
        "１２３",
        "½",
        "NOT NULL",
        "\\N",
        "\\",
        "\\\\",
        "\\\"",
        "\"",
        "''",
        "`",
        "'; DROP TABLE stops; --",
        "1' OR '1'='1",
        "${jndi:ldap://x}",
        "{{7*7}}",
        "%s%s%n",
        "%00",
        "$(id)",
        "`id`",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "]]>",
        "&lt;",
        "<!--",
        "-->",
        "javascript:alert(1)",
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "=cmd|'/c calc'!A0",
        "=HYPERLINK(\"x\")",
        "../../etc/passwd",
        "C:\\nul",
        "file:///etc/passwd",
        "CON",
        "a\tb",
        "a\nb",
        "a\r\nb",
        "a\rb",
        ",",
        ",,",
        "\"\"",
        ";",
        "|",
        "#",
        "--",
        "/*",
        "*/",
        "Ω≈ç√∫",
        "ﬃ",
        "ǅ",
        "ß",
        "İı",
        "Å",
        "A\u{30a}",
        "田中さん",
        "표준어",
        "Ⱥ",
        "😀",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🇯🇪",
        "שלום",
        "مرحبا",
        "\u{202e}abc",
        "\u{202a}\u{202e}x\u{202c}",
        "\u{200e}a\u{200f}",
        "\u{2066}x\u{2069}",
        "a\u{200b}b",
        "a\u{feff}b",
        "a\u{ad}b",
        "a\u{a0}b",
        "a\u{2028}b",
        "a\u{2029}b",
        "a\u{85}b",
        "\u{fffd}",
        "\u{fffe}",
        "\u{10ffff}",
        "\u{e000}",
        "a\u{7f}b",
        "a\u{1b}[31mb",
        "a\u{8}b",
        "a\u{b}b",
        "a\u{1c}b",
        "Z͑ͫA̴L̷G̸O",
    ]
    .map(str::to_owned)
    .to_vec();
    words.extend((1..=31).map(|code| format!("a{}b", char::from(code))));
    words.push("x".repeat(100_000));
    words.push("é".repeat(70_000));
    words.push("a\u{301}".repeat(20_000));
    words
}

/// Moments, and whether there is such a moment.
pub fn moments() -> Vec<(&'static str, bool)> {
    vec![
        ("2016-02-29 10:00:00", true),
        ("2015-02-29 10:00:00", false),
        ("1900-02-29 10:00:00", false),
        ("2000-02-29 10:00:00", true),
        ("2015-12-31 23:59:59", true),
        ("2015-06-31 10:00:00", false),
        ("2015-13-01 10:00:00", false),
        ("2015-00-01 10:00:00", false),
        ("2015-06-00 10:00:00", false),
        ("2015-06-01 24:00:00", false),
        ("2015-06-01 10:60:00", false),
        ("2015-06-01 10:00:61", false),
        ("2015-06-01 -1:00:00", false),
        ("2015-06-01", false),
        ("01/06/2015 10:00:00", false),
        ("2015-06-01 10:00:00 or so", false),
        ("99999999999999999999-06-01 10:00:00", false),
        ("-2015-06-01 10:00:00", false),
        ("+262143-01-01 00:00:00", false),
        ("٢٠١٥-٠٦-٠١ 10:00:00", false),
        ("2015‐06‐01 10:00:00", false),
        ("1e999", false),
        ("NaN", false),
        ("=NOW()", false),
    ]
}

/// Numbers for a latitude. Whatever becomes of them, no row may hold one that is none.
pub fn latitudes() -> Vec<String> {
    let mut numbers: Vec<String> = [
        "49.19",
        "+49.19",
        "4919e-2",
        "49,19",
        "49.19.1",
        "49°11'N",
        "0x31",
        "1e999",
        "-1e999",
        "1e-999",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "-0",
        "90",
        "-90",
        "90.0000001",
        "91",
        "999",
        "1e308",
        "4.9e1",
        ".",
        "-",
        "+",
        "e",
        "1e",
        "--1",
        "49.19 ",
        "４９.１９",
        "٤٩",
        "½",
        "9007199254740993",
        "0.00000000000000000000001",
        "49_19",
        "1'000",
    ]
    .map(str::to_owned)
    .to_vec();
    numbers.push("4".repeat(5000));
    numbers.push(format!("49.{}", "1".repeat(5000)));
    numbers
}

/// An extract with one row for each text, in one column.
pub fn with_column<S: AsRef<str>>(column: &str, texts: &[S]) -> Vec<u8> {
    let at = COLUMNS.iter().position(|name| *name == column).unwrap();
    let line = |(number, text): (usize, &S)| {
        let plain = row(number, "vehicle");
        let mut fields: Vec<String> = plain.split(',').map(str::to_owned).collect();
        fields[at] = quoted(text.as_ref());
        fields.join(",") + "\n"
    };
    let rows: String = texts.iter().enumerate().map(line).collect();
    (COLUMNS.join(",") + "\n" + &rows).into_bytes()
}

/// Replacing within bytes.
trait Replace {
    fn replace_bytes(&self, from: &[u8], to: &[u8]) -> Vec<u8>;
    fn replace_all(&self, from: &str, to: &str) -> Vec<u8> {
        self.replace_bytes(from.as_bytes(), to.as_bytes())
    }
}

impl Replace for Vec<u8> {
    fn replace_bytes(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        let mut at = 0;
        while at < self.len() {
            if self[at..].starts_with(from) {
                out.extend_from_slice(to);
                at += from.len();
            } else {
                out.push(self[at]);
                at += 1;
            }
        }
        out
    }
}
