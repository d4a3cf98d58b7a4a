//! The codes of crimes and how often each occurs by kind of place.

use super::hotspots::Kind;

/// A code with its weight.
pub type Weighted = (&'static str, f64);

/// Flags in the order of the files.
pub const FLAGGED: [&str; 5] = ["domestic", "hate", "alcohol", "digital", "knife"];

/// Offence codes of each group.
pub static OFFENCES: [(&str, &[Weighted]); 13] = [
    ("violence", &[("VIO-COMMON", 60.0), ("VIO-GRAVE", 25.0), ("VIO-THREATS", 15.0)]),
    ("sexual", &[("SEX-ASSAULT", 60.0), ("SEX-RAPE", 25.0), ("SEX-OTHER", 15.0)]),
    ("robbery", &[("ROB-PERSON", 85.0), ("ROB-BUSINESS", 15.0)]),
    ("burglary", &[("BUR-DWELLING", 60.0), ("BUR-OTHER", 40.0)]),
    ("vehicle", &[("VEH-TAKEN", 45.0), ("VEH-FROM", 40.0), ("VEH-TAMPER", 15.0)]),
    ("theft", &[("THE-CYCLE", 30.0), ("THE-PERSON", 20.0), ("THE-OTHER", 50.0)]),
    ("shoplifting", &[("THE-SHOP", 100.0)]),
    ("criminal-damage", &[("DAM-VEHICLE", 45.0), ("DAM-BUILDING", 40.0), ("DAM-FIRE", 15.0)]),
    ("drugs", &[("DRU-POSSESS", 75.0), ("DRU-SUPPLY", 25.0)]),
    ("public-order", &[("ORD-DISORDERLY", 80.0), ("ORD-AFFRAY", 20.0)]),
    ("fraud", &[("FRA-REPRESENT", 70.0), ("FRA-PAYMENT", 30.0)]),
    ("weapons", &[("WEA-PUBLIC", 100.0)]),
    ("other", &[("OTH-JUSTICE", 50.0), ("OTH-OTHER", 50.0)]),
];

const BACKGROUND_DAY: [Weighted; 13] = [
    ("violence", 24.0),
    ("sexual", 4.0),
    ("robbery", 0.4),
    ("burglary", 10.0),
    ("vehicle", 5.0),
    ("theft", 16.0),
    ("shoplifting", 4.0),
    ("criminal-damage", 11.0),
    ("drugs", 6.0),
    ("public-order", 5.0),
    ("fraud", 9.0),
    ("weapons", 1.0),
    ("other", 4.6),
];
const BACKGROUND_NIGHT: [Weighted; 12] = [
    ("violence", 34.0),
    ("sexual", 5.0),
    ("robbery", 0.8),
    ("burglary", 9.0),
    ("vehicle", 8.0),
    ("theft", 8.0),
    ("criminal-damage", 17.0),
    ("drugs", 7.0),
    ("public-order", 7.0),
    ("fraud", 1.0),
    ("weapons", 1.2),
    ("other", 2.0),
];
const SHOPS: [Weighted; 5] =
    [("shoplifting", 60.0), ("theft", 24.0), ("violence", 6.0), ("public-order", 6.0), ("drugs", 4.0)];
const NIGHTLIFE: [Weighted; 6] = [
    ("violence", 52.0),
    ("public-order", 22.0),
    ("drugs", 11.0),
    ("criminal-damage", 7.0),
    ("theft", 6.0),
    ("weapons", 2.0),
];
const ESTATE: [Weighted; 6] = [
    ("burglary", 32.0),
    ("criminal-damage", 24.0),
    ("vehicle", 16.0),
    ("violence", 18.0),
    ("drugs", 7.0),
    ("public-order", 3.0),
];
const BEACH: [Weighted; 4] = [("theft", 50.0), ("vehicle", 28.0), ("criminal-damage", 14.0), ("public-order", 8.0)];
const HARBOUR: [Weighted; 5] =
    [("violence", 28.0), ("criminal-damage", 24.0), ("theft", 20.0), ("public-order", 16.0), ("vehicle", 12.0)];
const VILLAGE: [Weighted; 4] = [("burglary", 38.0), ("vehicle", 28.0), ("criminal-damage", 20.0), ("theft", 14.0)];

/// Weights of the groups in a kind of place; `None` is the background.
pub fn group_weights(kind: Option<Kind>, night: bool) -> &'static [Weighted] {
    match kind {
        None if night => &BACKGROUND_NIGHT,
        None => &BACKGROUND_DAY,
        Some(Kind::Retail | Kind::Precinct) => &SHOPS,
        Some(Kind::NightEconomy) => &NIGHTLIFE,
        Some(Kind::Estate) => &ESTATE,
        Some(Kind::Beach) => &BEACH,
        Some(Kind::Harbour) => &HARBOUR,
        Some(Kind::Village) => &VILLAGE,
    }
}
