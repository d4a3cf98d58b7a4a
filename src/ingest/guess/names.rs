//! What the name of a column says: words of the field in English, and the column of ours that they mean.

use crate::model::schema::Table;

/// A column's name and its words in small letters.
#[derive(Debug, Clone)]
pub(super) struct Name {
    /// As the header writes it.
    pub written: String,
    words: Vec<String>,
}

impl Name {
    pub fn new(written: &str) -> Self {
        Self { written: written.to_owned(), words: words(written) }
    }

    fn has(&self, any: &[&str]) -> bool {
        self.words.iter().any(|word| any.contains(&word.as_str()))
    }

    /// Whether it names people, or text that may hold their names.
    pub fn is_personal(&self) -> bool {
        const PERSONAL: [&str; 34] = [
            "name",
            "surname",
            "forename",
            "person",
            "victim",
            "suspect",
            "offender",
            "witness",
            "driver",
            "owner",
            "keeper",
            "officer",
            "address",
            "street",
            "road",
            "house",
            "postcode",
            "phone",
            "telephone",
            "mobile",
            "email",
            "dob",
            "birth",
            "note",
            "comment",
            "description",
            "narrative",
            "remark",
            "summary",
            "text",
            "detail",
            "nominal",
            "informant",
            "caller",
        ];
        self.has(&PERSONAL) || self.is_plate()
    }

    /// Whether it names registration marks.
    pub fn is_plate(&self) -> bool {
        let index_mark = self.words == ["index", "mark"];
        let about_it = self.has(&["class", "country", "type", "nationality", "state", "colour", "color"]);
        index_mark || !about_it && self.has(&["vrm", "vrn", "plate", "registration", "reg", "numberplate"])
    }

    /// Whether it names an identifier.
    pub fn is_key(&self) -> bool {
        self.has(&["id", "uid", "ref", "reference", "number", "no", "urn", "key", "uuid", "guid", "refno", "arefno"])
    }

    /// Whether it names a moment.
    pub fn says_when(&self) -> bool {
        self.has(&["date", "time", "datetime", "timestamp", "when", "at", "on", "day", "month", "occurred", "reported"])
    }

    /// How well it fits a list of names with commas between them, 0 to 1: all the words, or some of them among others.
    pub fn fits(&self, names: &str) -> f64 {
        names
            .split(',')
            .map(|name| {
                let wanted = words(name);
                if wanted.is_empty() {
                    0.0
                } else if wanted == self.words {
                    1.0
                } else if wanted.iter().all(|word| self.words.contains(word)) {
                    0.85 * (wanted.len() as f64 / self.words.len() as f64).sqrt()
                } else {
                    0.0
                }
            })
            .fold(0.0, f64::max)
    }
}

/// Words in small letters, singular: `callAnswered_Times` is `call answered time`.
fn words(name: &str) -> Vec<String> {
    let mut spaced = String::new();
    let mut before_was_small = false;
    for letter in name.chars() {
        if letter.is_uppercase() && before_was_small {
            spaced.push(' ');
        }
        before_was_small = letter.is_lowercase() || letter.is_ascii_digit();
        spaced.extend(letter.to_lowercase());
    }
    spaced
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| match word.strip_suffix('s') {
            Some(one) if one.len() > 3 && !one.ends_with(['s', 'u', 'i']) => one.to_owned(),
            _ => word.to_owned(),
        })
        .collect()
}

/// A column of ours and what others call it.
pub(super) struct Target {
    /// Column of the table.
    pub column: &'static str,
    /// Names that mean it, with commas between them.
    pub names: &'static str,
    /// Names that may mean it where no other column does.
    pub perhaps: &'static str,
    /// How much a match says about the table.
    pub weight: f64,
}

const fn target(column: &'static str, weight: f64, names: &'static str, perhaps: &'static str) -> Target {
    Target { column, names, perhaps, weight }
}

/// Latitude.
pub(super) const LAT: &str = "lat, latitude, wgs84 lat, lat dd";
/// Longitude.
pub(super) const LON: &str = "lon, lng, long, longitude, wgs84 lon, lon dd";
/// Metres east on a grid.
pub(super) const EAST: &str = "easting, east, x, grid x, osgr x";
/// Metres north on a grid.
pub(super) const NORTH: &str = "northing, north, y, grid y, osgr y";

/// Columns that any table may fill.
const COMMON: &[Target] = &[
    target(
        "recorded_at",
        0.2,
        "recorded, recorded at, date recorded, recorded date, recorded time, last updated, updated, modified",
        "created, entered, input, last modified",
    ),
    target("parish", 0.2, "parish", ""),
    target("vingtaine", 0.2, "vingtaine", ""),
    target("beat", 0.2, "beat, district, station ground, neighbourhood, policing area", "sector, ward, area"),
];

const INCIDENTS: &[Target] = &[
    target(
        "incident_id",
        1.5,
        "incident id, incident number, incident ref, incident no, incident reference, cad event number, cad \
         number, event number, log number, call number",
        "urn, event id, call id, reference, id, uid",
    ),
    target(
        "call_answered_at",
        1.0,
        "call answered, call answered at, answered, call received, original time queued, time queued, call \
         time, call local",
        "received, queued",
    ),
    target(
        "reported_at",
        1.0,
        "reported, reported at, report time, date reported, incident date, incident time, time reported, \
         logged at",
        "created, logged, opened, date, datetime, timestamp, date time",
    ),
    target(
        "dispatched_at",
        1.5,
        "dispatched, despatched, dispatched at, dispatch time, despatch time, assigned, allocated",
        "",
    ),
    target(
        "first_arrived_at",
        1.5,
        "first arrived, first arrived at, arrived, arrived time, arrival time, on scene, at scene, first \
         arrival, attended at",
        "arrival, attended",
    ),
    target(
        "closed_at",
        1.0,
        "closed, closed at, cleared, close time, closed time, time closed, resolved, completed",
        "finished, end",
    ),
    target(
        "grade_initial",
        1.5,
        "grade initial, initial grade, grade, response grade, initial priority, call grade",
        "priority",
    ),
    target("grade_final", 1.5, "grade final, final grade, final priority", ""),
    target(
        "origin",
        1.0,
        "origin, call source, source of call, call type, how reported, call origin, origin of call",
        "method, channel",
    ),
    target(
        "category",
        1.0,
        "incident type, incident category, initial call type, event type, incident group, nature of call, \
         opening code, category",
        "type, nature, call type, final call type, class",
    ),
    target("dv_risk", 1.0, "dv risk, domestic risk, dash risk, domestic abuse risk", "risk"),
    target("person_token", 1.0, "person token", ""),
    target(
        "closing_code",
        1.0,
        "closing code, closure code, disposition, event clearance description, clearance, stop code, result \
         code",
        "result, outcome",
    ),
    target("cancelled", 1.0, "cancelled, canceled, is cancelled", ""),
    target(
        "units_count",
        1.0,
        "units count, number of units, units attending, pumps attending, units, resources attending",
        "resource",
    ),
];

const CRIMES: &[Target] = &[
    target(
        "crime_id",
        1.5,
        "crime id, crime number, crime ref, crime no, crime reference, offence number, case number, crime \
         report number",
        "offence id, report number, reference, case id, id, uid",
    ),
    target("incident_id", 0.3, "incident id, incident number, incident ref, incident no", ""),
    target(
        "crime_group",
        1.5,
        "crime group, crime type, crime category, offence group, offence type, offense type, offense \
         category, primary type, crime class, ho group",
        "category, type, class",
    ),
    target(
        "offence_code",
        1.2,
        "offence code, offense code, ho code, home office code, offence, offense, crime code",
        "code",
    ),
    target(
        "offence_from_at",
        1.2,
        "offence from, offence from at, occurred, occurred from, occurred at, committed from, date occurred, \
         offence date, offense date, crime date, date start, start date, earliest date, occurrence date, date \
         time, date utc label",
        "date, month, from, datetime, timestamp, start, date single, incident date, time",
    ),
    target(
        "offence_to_at",
        1.2,
        "offence to, offence to at, occurred to, occurred until, committed to, latest date, date end, end \
         date",
        "to, end, until",
    ),
    target("reported_at", 0.8, "reported, reported at, date reported, report date, reported date, time reported", ""),
    target(
        "outcome",
        0.8,
        "outcome, last outcome category, crime outcome, crime status, outcome type",
        "status, result, disposal",
    ),
    target("outcome_at", 1.0, "outcome at, outcome date, date of outcome, outcome time", ""),
    target("victim_token", 1.0, "victim token", ""),
    target("flags", 1.0, "flags, markers, keywords", ""),
];

const ANPR: &[Target] = &[
    target("read_id", 1.5, "read id, read number, detection id, capture id, sighting id", "id, uid, event id"),
    target(
        "camera_id",
        1.5,
        "camera id, camera, camera number, reader, reader id, site id, device id, device, lane camera",
        "site, location code, source",
    ),
    target(
        "read_at",
        1.0,
        "read at, read local, read time, capture time, captured, captured at, detected at, sighting time, \
         seen at, read date",
        "timestamp, date, time, datetime, date time",
    ),
    target("received_at", 1.2, "received, received at, received time", ""),
    target(
        "vrm_token",
        2.5,
        "vrm, vrn, plate, number plate, registration, registration mark, vehicle registration mark, reg no, \
         index mark, plate number, licence plate, license plate",
        "reg, registration number, plate token",
    ),
    target("plate_class", 1.5, "plate class, plate country, plate type, country code", "country, nationality"),
    target("direction", 1.0, "direction, direction of travel, heading", ""),
    target("lane", 1.2, "lane, lane number, lane no", ""),
    target("confidence", 1.2, "confidence, read confidence, score", ""),
];

const PINGS: &[Target] = &[
    target(
        "unit_id",
        1.2,
        "unit id, unit, callsign, call sign, vehicle id, radio id, fleet number, issi",
        "device id, id",
    ),
    target(
        "pinged_at",
        1.2,
        "pinged at, ping time, gps time, fix time, position time, located at",
        "timestamp, time, date, datetime, reported",
    ),
    target("speed_kmh", 2.0, "speed kmh, speed, speed kph, velocity", ""),
];

const STOPS: &[Target] = &[
    target(
        "stop_id",
        1.5,
        "stop id, stop number, stop ref, search id, search number, stop reference",
        "reference, id, uid",
    ),
    target(
        "stopped_at",
        1.5,
        "stopped at, stopped, stop date, stop time, search date, date of stop, date of search",
        "date, time, datetime, timestamp",
    ),
    target("unit_id", 0.8, "unit id, unit, callsign, call sign", ""),
    target(
        "reason",
        1.5,
        "reason, reason for stop, object of search, search reason, grounds, stop reason",
        "legislation",
    ),
    target("outcome", 0.8, "outcome, search outcome, stop outcome, result", "disposal"),
];

const OFFENCES: &[Target] = &[
    target(
        "offence_id",
        1.5,
        "offence id, ticket number, notice number, ticket no, penalty number, fpn number",
        "reference, id, uid",
    ),
    target(
        "offended_at",
        2.0,
        "offended at, offended, issued at, date issued, violation date, violation time, notice date, ticket \
         date",
        "offence date, date, time, datetime, timestamp",
    ),
    target(
        "offence_type",
        1.2,
        "offence type, violation, contravention, traffic offence, ticket type, notice type",
        "offence, type",
    ),
    target("disposal", 1.5, "disposal, penalty, notice outcome", "outcome, result"),
];

const COLLISIONS: &[Target] = &[
    target(
        "collision_id",
        2.0,
        "collision id, collision index, collision ref, collision reference, accident index, accident id, \
         accident reference, crash id, arefno, rtc number",
        "reference, id, uid",
    ),
    target(
        "collided_at",
        1.2,
        "collided at, collision date, accident date, crash date, collision time, accident time",
        "date, datetime, time, timestamp",
    ),
    target("collision_severity", 2.0, "collision severity, accident severity, crash severity", "severity"),
    target("casualty_severity", 2.0, "casualty severity, injury severity", "severity"),
    target("mode", 1.0, "mode, casualty mode, casualty type, road user", "vehicle type"),
    target("vehicles_count", 1.5, "vehicles count, number vehicles, number of vehicles, vehicles", ""),
    target("casualties_count", 2.0, "casualties count, number casualties, number of casualties, casualties", ""),
    target("light_conditions", 1.5, "light conditions, lighting, light", ""),
    target("speed_limit", 1.0, "speed limit", ""),
];

const CAMERAS: &[Target] = &[
    target("camera_id", 1.5, "camera id, camera, camera number, reader id, site id", "id"),
    target("name", 1.0, "name, camera name, site name", "description"),
    target("bearing_deg", 1.5, "bearing deg, bearing, azimuth", "heading, direction"),
    target("road", 1.0, "road, road name, street", ""),
    target("live_from_on", 1.5, "live from, live from on, installed, installed on, in service from", ""),
    target("live_to_on", 1.5, "live to, live to on, removed, removed on, in service to", ""),
];

const STOCKS: &[Target] = &[
    target("stock", 2.0, "stock, measure, indicator, metric", "name"),
    target("read_on", 1.5, "read on, reading date, as at, census date, reading", "date, month"),
    target("value", 1.2, "value, count, level, total", "number"),
];

const SURVEYS: &[Target] = &[
    target("survey", 1.0, "survey, survey name", ""),
    target("wave", 1.5, "wave, survey wave", "round"),
    target("question", 2.0, "question, question code, item", ""),
    target("asked_about", 0.5, "asked about, reference year", ""),
    target("read_on", 1.0, "fieldwork end, read on", "date"),
    target("base", 1.5, "base, respondents, sample size", ""),
    target("share", 1.2, "share, proportion agreeing", "percent"),
];

const CUSTODY: &[Target] = &[
    target("custody_id", 2.0, "custody id, custody number, custody record", ""),
    target("arrived_at", 1.5, "arrived at, arrived at custody, detained at", ""),
    target("released_at", 1.5, "released at, released", ""),
    target("reason", 0.5, "reason for detention", "reason"),
    target("held_in", 1.0, "held in, place of detention", ""),
    target("person_token", 0.5, "person token", ""),
];

const ASSESSMENTS: &[Target] = &[
    target("incident_id", 0.5, "incident id", ""),
    target("assessed_at", 1.5, "assessed at", ""),
    target("threat", 1.5, "threat", ""),
    target("harm", 1.0, "harm", ""),
    target("risk", 0.5, "risk", ""),
    target("investigation", 1.0, "investigation", ""),
    target("vulnerability", 1.5, "vulnerability", ""),
    target("engagement", 1.0, "engagement", ""),
    target("resolution", 0.5, "resolution", ""),
];

const MONEY: &[Target] = &[
    target("entry_id", 1.5, "entry id, booking id, journal number", ""),
    target("booked_on", 1.5, "booked on, posting date, booking date", ""),
    target("kind", 0.3, "entry kind", "kind"),
    target("heading", 1.0, "heading, budget heading, account", ""),
    target("amount", 1.5, "amount, amount gbp, pounds", ""),
];

const CAMPAIGNS: &[Target] = &[
    target("campaign_id", 2.0, "campaign id, campaign", ""),
    target("kind", 0.3, "campaign kind", "kind"),
    target("theme", 1.5, "theme, campaign theme", ""),
    target("started_on", 1.0, "started on, campaign start", ""),
    target("ended_on", 1.0, "ended on, campaign end", ""),
];

/// Columns of a table and their names, its own first; empty for a table that no extract fills.
pub(super) fn targets(table: &Table) -> impl Iterator<Item = &'static Target> {
    let own: &'static [Target] = match table.name {
        "incidents" => INCIDENTS,
        "crimes" => CRIMES,
        "anpr_reads" => ANPR,
        "pings" => PINGS,
        "stops" => STOPS,
        "offences" => OFFENCES,
        "collisions" => COLLISIONS,
        "cameras" => CAMERAS,
        "stocks" => STOCKS,
        "surveys" => SURVEYS,
        "custody" => CUSTODY,
        "assessments" => ASSESSMENTS,
        "money" => MONEY,
        "campaigns" => CAMPAIGNS,
        _ => &[],
    };
    own.iter().chain(if own.is_empty() { &[] } else { COMMON })
}

/// Words of a file's name that speak for a table.
pub(super) fn file_says(file: &str, table: &Table) -> bool {
    let hints: &[&str] = match table.name {
        "incidents" => &["incident", "call", "cad", "fire"],
        "crimes" => &["crime", "burglary", "burglaries", "robbery", "robberies", "theft", "assault", "street"],
        "anpr_reads" => &["anpr", "alpr", "read"],
        "pings" => &["ping", "gps", "avl", "track"],
        "stops" => &["stop", "search"],
        "offences" => &["offence", "ticket", "fpn"],
        "collisions" => &["collision", "casualty", "casualties", "accident", "crash", "stats19", "rtc"],
        "cameras" => &["camera"],
        "stocks" => &["stock"],
        "surveys" => &["survey"],
        "custody" => &["custody"],
        "assessments" => &["assessment", "thrive"],
        "money" => &["money", "budget", "ledger"],
        "campaigns" => &["campaign"],
        _ => &[],
    };
    let hints: Vec<String> = hints.iter().flat_map(|hint| words(hint)).collect();
    words(file).iter().any(|word| hints.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schema::tables;

    #[test]
    fn words_of_names() {
        for (name, found) in [
            ("Crime ID", "crime id"),
            ("callAnsweredAt", "call answered at"),
            ("units_count", "unit count"),
            ("AREFNO", "arefno"),
            ("bus", "bus"),
            ("Easting (m)", "easting m"),
        ] {
            assert_eq!(words(name).join(" "), found, "{name}");
        }
    }

    #[test]
    fn every_name_of_ours_is_a_column() {
        for table in tables() {
            for target in targets(table) {
                assert!(table.kind_of(target.column).is_some(), "{}.{}", table.name, target.column);
            }
            let own = |name: &str| targets(table).any(|target| target.column == name);
            assert!(
                table.name == "rejects" || table.columns.iter().all(|c| own(c.name)),
                "{} lacks a column",
                table.name
            );
        }
    }

    #[test]
    fn a_name_fits_all_or_in_part() {
        assert!((Name::new("Crime type").fits("stop, crime type") - 1.0).abs() < 1e-9);
        let part = Name::new("Last outcome category").fits("outcome");
        assert!(part > 0.4 && part < 0.6, "{part}");
        assert!(Name::new("welcome").fits("come") < 1e-9);
        assert!(Name::new("reg_no").is_plate() && Name::new("Officer-defined ethnicity").is_personal());
    }
}
