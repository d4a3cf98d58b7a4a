//! What is fuzzed, what to begin with, and what must hold whatever the input.

use std::cell::RefCell;
use std::io::Cursor;
use std::sync::LazyLock;

use vigie::ingest::{Context, Feed, Reader, clean};
use vigie::space::{Areas, Lattice};

/// One door for other people's bytes.
pub struct Target {
    /// As on the command line.
    pub name: &'static str,
    /// Must return for any input.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: &'static [&'static str],
    /// Pieces that mean something.
    pub words: &'static [&'static str],
}

/// All of them.
pub const ALL: &[Target] = &[
    Target {
        name: "extract",
        run: extract,
        seeds: &[
            "\0stop_id,stopped_at,recorded,unit_id,reason,outcome,lat,lon\nS1,2015-06-01 10:00:00,2016-01-01 00:00:00,U1,\"a\nb\",none,49.19,-2.11\n",
            "\u{1}id,at,why\r\n1,2015-06-01,\"say \"\"a\"\"\"\r\n\r\n2,2015-06-01,b,c\r\n",
            "\u{feff}stop_id,stopped_at,recorded\n\n",
            "\0{\"stop_id\": \"S1\", \"stopped_at\": \"2015-06-01 10:00:00\", \"a\": {\"b\": [1, null]}}\n",
            "\0{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[-2.1,49.2]},\"properties\":{\"stop_id\":\"S1\"}}]}",
        ],
        words: &[
            "\"",
            "\"\"",
            ",",
            "\n",
            "\r\n",
            "\r",
            "\u{feff}",
            "\0",
            ";",
            "\t",
            "stop_id",
            "stopped_at",
            "id,at,why\n",
            "2015-06-01",
            "{",
            "}",
            "[",
            "]",
            ":",
            "null",
            "\\u",
            "\"coordinates\":",
            "\"properties\":",
            "PK\u{3}\u{4}",
            "PAR1",
        ],
    },
    Target {
        name: "feed",
        run: feed,
        seeds: &[
            include_str!("../feeds/jersey-stops.toml"),
            include_str!("../feeds/jersey-crimes.toml"),
            include_str!("../feeds/police-uk-street.toml"),
            include_str!("../feeds/stats19.toml"),
            include_str!("../feeds/seattle-calls.toml"),
        ],
        words: &[
            "\"",
            "'",
            "\"\"\"",
            "= ",
            "[",
            "]",
            "{ ",
            " }",
            "[columns]",
            "[columns.",
            "\n",
            "#",
            "from = ",
            "with = ",
            "formats = [",
            "%Y",
            "%d/%m/%Y",
            "%H:%M",
            "%",
            "%z",
            "zone = ",
            "Europe/London",
            "keys = [",
            "repeats = ",
            "\"ordinal\"",
            "\"revision\"",
            "offset_seconds_from",
            "codes = {",
            "unknown = ",
            "place = {",
            "crs = ",
            "EPSG:27700",
            "delimiter = ",
            "deleted = {",
            "time_precision",
            "pseudonym = true",
            "1e999",
            "-1",
            "inf",
            "2015-01-01",
        ],
    },
    Target {
        name: "moment",
        run: moment,
        seeds: &[
            "2016-02-29 10:00:00",
            "2016-03-27T01:30:00",
            "2016-10-30 01:30:00",
            "2016-02-29T10:00:00+01:00",
            "29/02/2016 10:00",
            "2016-02",
            "2016-02-29T10:00:00.123456Z",
            "1456740000",
        ],
        words: &[
            "2016", "-02-", "29", "T", "Z", "+01:00", "-12:00", ":60", "24:00", "00:00:00", " ", "/", ".", "9999", "-",
            "+", "0000", "60", "am", "PM", "Feb", "\u{feff}", "٢", "1e9",
        ],
    },
    Target {
        name: "place",
        run: place,
        seeds: &[
            "49.19\n-2.11",
            "0\n0",
            "-2.11\n49.19",
            "4.9e1\n-2",
            "+49.19\n\u{2212}2.11",
            "49,19\n-2,11",
            "90\n180",
            "40000\n70000",
            "530000\n180000",
            "49.19 \n",
        ],
        words: &[
            "-", "+", "e", "E-", "e308", "e-308", ".", "0", "49.", "NaN", "inf", "180", "90", "\n", ",", " ", "700000",
            "1300000", "\u{2212}",
        ],
    },
];

/// A feed whose rows have a moment in several forms and, by number, one of several zones or kinds of position.
fn written(zone: &str, place: &str) -> Feed {
    let text = format!(
        "schema = 1\nname = \"fuzz\"\ntitle = \"Fuzz\"\ntable = \"stops\"\nzone = \"{zone}\"\nrepeats = \"ordinal\"\n\
         formats = [\"%Y-%m-%d %H:%M:%S\", \"%Y-%m-%dT%H:%M:%S.%3f%:z\", \"%-d/%-m/%Y %H:%M\", \"%Y-%m-%dT%H:%M:%SZ\"]\n{place}\n\
         [columns]\nstop_id = {{ from = \"id\" }}\nstopped_at = {{ from = \"at\", required = true }}\n\
         reason = {{ from = \"why\" }}\n"
    );
    Feed::parse(&text, "fuzz.toml").expect("the feed of the fuzzer is right")
}

struct Fixed {
    stops: Feed,
    zones: Vec<Feed>,
    places: Vec<Feed>,
    parishes: Areas,
}

static FIXED: LazyLock<Fixed> = LazyLock::new(|| Fixed {
    stops: Feed::parse(include_str!("../feeds/jersey-stops.toml"), "stops.toml").expect("the built-in feed is right"),
    zones: ["Europe/Jersey", "America/Chicago", "UTC", "Australia/Lord_Howe"].map(|zone| written(zone, "")).into(),
    places: [
        "place = { lat = \"lat\", lon = \"lon\" }",
        "place = { x = \"lon\", y = \"lat\", crs = \"EPSG:27700\" }",
        "place = { x = \"lon\", y = \"lat\", crs = \"EPSG:3109\" }",
    ]
    .map(|place| written("Europe/Jersey", place))
    .into(),
    parishes: Areas::jersey_parishes().expect("the built-in parishes are right"),
});

thread_local! {
    static CELLS: RefCell<Lattice> = RefCell::new(Lattice::stored());
}

/// Reads and cleans a file to its end, or to its error: every row is kept or refused.
fn read(bytes: Vec<u8>, feed: &Feed) {
    let length = bytes.len() as u64;
    let Ok(reader) = Reader::new("fuzz.csv", Cursor::new(bytes), length, feed) else { return };
    let context =
        Context { source: "fuzz", areas: Some(&FIXED.parishes), coast_tolerance_m: 250.0, plate_key: Some(&[7; 32]) };
    for batch in reader {
        let Ok(batch) = batch else { return };
        let cleaned = CELLS.with_borrow_mut(|cells| clean(&batch, feed, &context, cells));
        let Ok(cleaned) = cleaned else { return };
        assert_eq!(cleaned.rows_in, (cleaned.batch.num_rows() + cleaned.rejects.len()) as u64, "rows went missing");
    }
}

fn extract(input: &[u8]) {
    let Some((which, bytes)) = input.split_first() else { return };
    // Feeds with keys and without are read differently.
    let feed = if which % 2 == 0 { &FIXED.stops } else { &FIXED.zones[0] };
    read(bytes.to_vec(), feed);
}

fn feed(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = Feed::parse(text, "fuzz.toml");
    }
}

fn quoted(field: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in field {
        out.extend(if *byte == b'"' { &b"\"\""[..] } else { std::slice::from_ref(byte) });
    }
    out.push(b'"');
    out
}

fn moment(input: &[u8]) {
    for feed in &FIXED.zones {
        read([b"id,at,why\n1,", &quoted(input)[..], b",x\n"].concat(), feed);
    }
}

fn place(input: &[u8]) {
    let cut = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (lat, lon) = (&input[..cut], &input[(cut + 1).min(input.len())..]);
    let rows = [b"id,at,lat,lon\n1,2015-06-01 10:00:00,", &quoted(lat)[..], b",", &quoted(lon)[..], b"\n"].concat();
    for feed in &FIXED.places {
        read(rows.clone(), feed);
    }
}
