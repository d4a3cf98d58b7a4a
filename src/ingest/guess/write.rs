//! A proposal as the text of a feed file.

use std::fmt::Write as _;

use super::choice::{Choice, Match};
use super::profile::{Kind, Profile};
use crate::model::schema::ColumnKind;

/// Columns that hold a code of a list: only their values are ever written down.
const CODED: [&str; 17] = [
    "origin",
    "category",
    "dv_risk",
    "closing_code",
    "crime_group",
    "offence_code",
    "outcome",
    "flags",
    "plate_class",
    "direction",
    "reason",
    "offence_type",
    "disposal",
    "collision_severity",
    "casualty_severity",
    "mode",
    "light_conditions",
];

/// Columns that change as a case goes on.
const CHANGES: [&str; 7] =
    ["recorded_at", "closed_at", "grade_final", "closing_code", "outcome", "outcome_at", "disposal"];

/// The feed file; a position on a grid stands in it as a comment unless `with_grid`.
pub(super) fn feed(choice: &Choice, profiles: &[Profile], file: &str, delimiter: char, with_grid: bool) -> String {
    let mut out = String::new();
    let name = feed_name(file);
    let say = |out: &mut String, line: &str| {
        out.push_str(line);
        out.push('\n');
    };
    say(
        &mut out,
        "# Proposed from the names and first rows of an extract. Check it against what the source says of its columns,",
    );
    say(&mut out, "# then try it without writing: vigie ingest --dry-run --feed THIS-FILE EXTRACT");
    say(&mut out, "# The number behind each line is how sure the guess is, from 0 to 1.");
    for remark in &choice.remarks {
        say(&mut out, &format!("# Check: {}", one_line(remark)));
    }
    say(&mut out, "schema = 1");
    say(&mut out, &format!("name = {}", quoted(&name)));
    say(&mut out, &format!("title = {}", quoted(&format!("Proposed for {file}"))));
    say(&mut out, &format!("table = {}  # {:.2}", quoted(choice.table.name), choice.confidence));
    say(&mut out, "zone = \"Europe/Jersey\"  # taken, not guessed: a file does not tell its zone");
    let names = |sources: &[usize]| -> String {
        sources.iter().map(|at| quoted(&profiles[*at].name.written)).collect::<Vec<_>>().join(", ")
    };
    say(&mut out, &format!("keys = [{}]", names(&choice.keys)));
    if choice.has_blank_keys {
        // What stands in for a key must not change in the life of a record.
        let lasts = |column: &str| !CHANGES.contains(&column);
        let used = |at: &usize| choice.use_of(*at).is_some_and(|used| lasts(used.0)) && !choice.keys.contains(at);
        let stand_ins: Vec<usize> = (0..profiles.len()).filter(used).collect();
        say(&mut out, &format!("blank_keys = [{}]", names(&stand_ins)));
    }
    say(&mut out, &format!("repeats = {}", quoted(choice.repeats)));
    let missing = missing(profiles);
    if !missing.is_empty() {
        say(&mut out, &format!("missing = [{}]", missing.iter().map(|m| quoted(m)).collect::<Vec<_>>().join(", ")));
    }
    if let Some(precision) = choice.precision {
        say(&mut out, &format!("time_precision = {}", quoted(precision)));
    }
    if delimiter != ',' {
        say(&mut out, &format!("delimiter = {}", quoted(&delimiter.to_string())));
    }
    place(&mut out, choice, profiles, with_grid);
    say(&mut out, "\n[columns]");
    for found in &choice.matches {
        let line = column(choice, found, profiles);
        say(&mut out, &line);
    }
    let unused: Vec<&Profile> =
        profiles.iter().enumerate().filter(|(at, _)| choice.use_of(*at).is_none()).map(|(_, p)| p).collect();
    if !unused.is_empty() {
        say(&mut out, "\n# Not used:");
    }
    for profile in unused {
        say(&mut out, &format!("# {} ({}, {:.2})", one_line(&profile.name.written), profile.kind.words(), profile.fit));
    }
    out
}

fn place(out: &mut String, choice: &Choice, profiles: &[Profile], with_grid: bool) {
    let Some(place) = &choice.place else { return };
    let (north, east) = (quoted(&profiles[place.north].name.written), quoted(&profiles[place.east].name.written));
    let confidence = place.confidence;
    // Writing to a string cannot fail.
    let _ = match place.crs {
        None => writeln!(out, "place = {{ lat = {north}, lon = {east} }}  # {confidence:.2}"),
        Some(crs) => {
            let comment = if with_grid { "" } else { "# " };
            writeln!(out, "{comment}place = {{ x = {east}, y = {north}, crs = {} }}  # {confidence:.2}", quoted(crs))
        }
    };
}

/// One line of `[columns]`.
fn column(choice: &Choice, found: &Match, profiles: &[Profile]) -> String {
    let profile = &profiles[found.source];
    let kind = choice.table.kind_of(found.column);
    let is_main = choice.main_time().is_some_and(|main| main.source == found.source);
    let mut keys = vec![format!("from = {}", quoted(&profile.name.written))];
    if is_main {
        keys.push("required = true".to_owned());
    }
    let clock = choice.time_of_day.filter(|_| is_main);
    if let Some(clock) = clock {
        keys.push(format!("with = {}", quoted(&profiles[clock].name.written)));
    }
    if matches!(kind, Some(ColumnKind::Time | ColumnKind::Date)) {
        keys.push(format!("formats = [{}]", formats(profile, clock.is_some(), kind).join(", ")));
    }
    if !profile.never.is_empty() {
        let never: Vec<String> = profile.never.iter().map(|text| quoted(text)).collect();
        keys.push(format!("missing = [{}]", never.join(", ")));
    }
    if found.column == "vrm_token" {
        keys.push("pseudonym = true".to_owned());
    }
    if kind == Some(ColumnKind::Text) && CODED.contains(&found.column) && profile.kind == Kind::Codes {
        let codes: Vec<String> = profile.codes.iter().map(|code| quoted(code)).collect();
        if !codes.is_empty() {
            // A code beyond the first rows is kept, not refused: the list is what was seen, not what there is.
            keys.push(format!("allowed = [{}], unknown = \"keep\"", codes.join(", ")));
            if let Some(separator) = profile.separator {
                keys.push(format!("list = {}", quoted(&separator.to_string())));
            }
        }
    }
    format!("{} = {{ {} }}  # {:.2} {}", found.column, keys.join(", "), found.confidence, profile.kind.words())
}

/// Formats of a column of dates; with the time of day of a second column behind them. A column without a value takes what
/// is usual.
fn formats(profile: &Profile, has_clock: bool, kind: Option<ColumnKind>) -> Vec<String> {
    let usual: &[&str] = if kind == Some(ColumnKind::Date) { &["%Y-%m-%d"] } else { &["%Y-%m-%d %H:%M:%S"] };
    let seen: &[&str] = if profile.formats.is_empty() { usual } else { &profile.formats };
    let ends: &[&str] = if has_clock { &[" %H:%M:%S", " %H:%M"] } else { &[""] };
    seen.iter().flat_map(|format| ends.iter().map(move |end| quoted(&format!("{format}{end}")))).collect()
}

fn missing(profiles: &[Profile]) -> Vec<&'static str> {
    let mut all: Vec<&'static str> = profiles.iter().flat_map(|profile| profile.missing.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// `Crimes 2017.csv.gz` as `crimes-2017`.
fn feed_name(file: &str) -> String {
    let stem = file.split('.').next().unwrap_or_default();
    let mut name = String::new();
    for letter in stem.to_ascii_lowercase().chars() {
        let letter = if letter.is_ascii_alphanumeric() { letter } else { '-' };
        if letter != '-' || !name.ends_with('-') {
            name.push(letter);
        }
    }
    let name = name.trim_matches('-');
    if name.is_empty() { "proposed".to_owned() } else { name.to_owned() }
}

/// Text without what would end a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A TOML string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
