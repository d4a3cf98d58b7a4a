use std::path::PathBuf;

use super::*;
use crate::error::Kind;

fn guessed(name: &str, text: &str) -> Result<Guess> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    guess(&path)
}

fn fills<'g>(guess: &'g Guess, column: &str) -> &'g str {
    guess.columns.iter().find(|c| c.fills.as_deref() == Some(column)).map_or("", |c| c.name.as_str())
}

fn crimes(delimiter: char, date: impl Fn(usize) -> String) -> String {
    let mut text = "Crime Ref,Offence Type,Date Occurred,Time Occurred,Officer,Latitude,Longitude,Notes\n".to_owned();
    for n in 0..60 {
        let (kind, officer) = (["Burglary", "Theft"][n % 2], ["Able", "Baker"][n % 2]);
        let clock = format!("{:02}:{:02}", n % 24, n % 60);
        text.push_str(&format!(
            "C/{n},{kind},{},{clock},{officer},49.2{n:02},-2.1{n:02},text {n} of the log\n",
            date(n)
        ));
    }
    text.replace(',', &delimiter.to_string())
}

#[test]
fn other_delimiters_and_a_time_of_day_in_a_second_column() {
    for delimiter in [',', ';', '\t', '|'] {
        let guess = guessed("crime extract.csv", &crimes(delimiter, |n| format!("{:02}/05/2017", n % 28 + 1))).unwrap();
        assert_eq!((guess.table, guess.rows, guess.accepted), ("crimes", 60, 60), "{delimiter:?}\n{}", guess.toml);
        for (column, name) in
            [("crime_id", "Crime Ref"), ("crime_group", "Offence Type"), ("lat", "Latitude"), ("lon", "Longitude")]
        {
            assert_eq!(fills(&guess, column), name, "{}", guess.toml);
        }
        assert!(guess.toml.contains("with = \"Time Occurred\""), "{}", guess.toml);
        assert!(guess.toml.contains("%d/%m/%Y %H:%M") && !guess.toml.contains("time_precision"), "{}", guess.toml);
        assert!(guess.toml.contains("\"Burglary\"") && guess.toml.contains("keys = [\"Crime Ref\"]"), "{}", guess.toml);
        for personal in ["Able", "Baker", "of the log", "C/1"] {
            assert!(!guess.toml.contains(personal), "{personal}: {}", guess.toml);
        }
    }
}

#[test]
fn dates_that_could_be_either_are_said_to_be() {
    let either = guessed("crimes.csv", &crimes(',', |n| format!("{:02}/0{}/2017", n % 12 + 1, n % 9 + 1))).unwrap();
    assert!(either.remarks.iter().any(|remark| remark.contains("other way round")), "{:?}", either.remarks);
    let clear = guessed("crimes.csv", &crimes(',', |n| format!("0{}/{:02}/2017", n % 9 + 1, n % 28 + 1))).unwrap();
    assert!(clear.toml.contains("%m/%d/%Y %H:%M") && clear.accepted == 60, "{}", clear.toml);
    assert!(!clear.remarks.iter().any(|remark| remark.contains("other way round")), "{:?}", clear.remarks);
}

#[test]
fn plates_become_tokens_and_are_neither_keys_nor_codes() {
    let mut text = "Camera,Captured,Registration,Lane\n".to_owned();
    for n in 0..40 {
        text.push_str(&format!("CAM{},2017-05-01T10:{n:02}:00Z,J9{:05},{}\n", n % 2, n % 8, n % 2 + 1));
    }
    let guess = guessed("export.csv", &text).unwrap();
    assert_eq!((guess.table, guess.accepted), ("anpr_reads", 40), "{}", guess.toml);
    assert!(guess.toml.contains("vrm_token = { from = \"Registration\", pseudonym = true }"), "{}", guess.toml);
    assert!(guess.toml.contains("keys = [\"Camera\", \"Captured\"]") && !guess.toml.contains("J9"), "{}", guess.toml);
}

#[test]
fn metres_on_a_grid_are_named_even_where_they_are_not_read() {
    let mut text = "Incident Number,Reported,Grade,Easting,Northing\n".to_owned();
    for n in 0..40 {
        text.push_str(&format!("I{n},2017-05-01 10:{n:02}:00,{},{},{}\n", n % 4 + 1, 41_000 + n, 65_000 + n));
    }
    let guess = guessed("cad.csv", &text).unwrap();
    assert_eq!((guess.table, guess.accepted), ("incidents", 40), "{}", guess.toml);
    let line = "place = { x = \"Easting\", y = \"Northing\", crs = \"EPSG:3109\" }";
    assert!(guess.toml.contains(line), "{}", guess.toml);
}

#[test]
fn an_identifier_that_comes_again_is_a_version_if_there_is_a_time_of_recording() {
    let rows = |recorded: &str| {
        let mut text = format!("stop_id,stopped_at,{recorded},reason\n");
        for n in 0..40 {
            let id = n / 2;
            text.push_str(&format!("S{id},2017-05-01 10:{id:02}:00,2017-05-01 11:{n:02}:00,drugs\n"));
        }
        text
    };
    let revised = guessed("stops.csv", &rows("recorded")).unwrap();
    assert!(revised.toml.contains("repeats = \"revision\""), "{}", revised.toml);
    let several = guessed("stops.csv", &rows("arrival")).unwrap();
    assert!(several.toml.contains("repeats = \"ordinal\""), "{}", several.toml);
}

#[test]
fn what_cannot_be_guessed_is_said() {
    for (text, part) in [
        ("only\n1\n2\n", "one column"),
        ("a,b\n", "no rows"),
        ("1,2\n3,4\n5,6\n", "looks like a record"),
        ("colour,size\nred,1\nblue,2\n", "tells when"),
        ("a,a,at\n1,2,2017-01-01\n", "twice"),
    ] {
        let error = guessed("x.csv", text).unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{text}");
        assert!(error.message().contains(part), "{text}: {error}");
    }
    assert_eq!(guess(Path::new("none-such.csv")).unwrap_err().kind(), Kind::Missing);
}

#[test]
fn other_forms_are_guessed_as_well() {
    let mut text = String::new();
    for n in 0..30 {
        text.push_str(&format!(
            "{{\"stop_id\": \"S{n}\", \"stopped_at\": \"2017-05-01T10:{n:02}:00Z\", \"reason\": \"drugs\"}}\n"
        ));
    }
    let guess = guessed("stops.ndjson", &text).unwrap();
    assert_eq!((guess.table, guess.accepted), ("stops", 30), "{}", guess.toml);
    assert!(guess.toml.contains("keys = [\"stop_id\"]"), "{}", guess.toml);
}

#[test]
fn names_that_toml_must_quote() {
    let mut text = "\"Stop \"\"no\"\"\",\"Stopped \\ at\",Reason\n".to_owned();
    for n in 0..30 {
        text.push_str(&format!("{n},2017-05-01 10:{n:02}:00,drugs\n"));
    }
    let guess = guessed("stops.csv", &text).unwrap();
    assert_eq!((guess.table, guess.accepted), ("stops", 30), "{}", guess.toml);
}
