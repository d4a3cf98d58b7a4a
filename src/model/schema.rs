//! The tables of a store: names, columns and kinds, in one place. Every module that reads or writes records looks here.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTF-8 text or a code.
    Text,
    /// 64-bit integer.
    Int,
    /// 64-bit float.
    Float,
    /// UTC instant, microseconds.
    Time,
    /// Island date.
    Date,
    /// True or false.
    Bool,
}

impl ColumnKind {
    /// Arrow type of the column.
    pub fn arrow(self) -> DataType {
        match self {
            ColumnKind::Text => DataType::Utf8,
            ColumnKind::Int => DataType::Int64,
            ColumnKind::Float => DataType::Float64,
            ColumnKind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ColumnKind::Date => DataType::Date32,
            ColumnKind::Bool => DataType::Boolean,
        }
    }
}

/// What equal keys in one file mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repeats {
    /// Different records, told apart by their order: one casualty of several in a collision.
    Ordinal,
    /// Versions of one record: the latest recorded wins.
    Revision,
}

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name as stored.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
}

/// One table: its own columns, and which of them tells when.
#[derive(Debug)]
pub struct Table {
    /// Name as SQL sees it.
    pub name: &'static str,
    /// Columns that this table has beside the common ones.
    pub columns: &'static [Column],
    /// Columns that say when it happened: the first that is present gives `local_on` and `local_hour`.
    pub times: &'static [&'static str],
    /// The column that the `group` filter of a question means.
    pub group: Option<&'static str>,
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Text }
}
const fn int(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Int }
}
const fn float(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Float }
}
const fn time(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Time }
}
const fn date(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Date }
}
const fn boolean(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Bool }
}

/// Columns that every table has, after its own.
pub const COMMON: &[Column] = &[
    text("source"),
    time("recorded_at"),
    time("loaded_at"),
    int("load_id"),
    text("time_precision"),
    date("local_on"),
    int("local_hour"),
    int("local_minute"),
    float("lat"),
    float("lon"),
    int("cell"),
    text("parish"),
    text("vingtaine"),
    text("beat"),
    text("labels"),
    // The source took the record back: it stays for the record's own history, and no question counts it.
    boolean("deleted"),
    int("key_hi"),
    int("key_lo"),
    int("row_hash"),
    text("month"),
];

/// Columns that tell one person or vehicle from another: reading them needs a purpose and a reference.
pub const PERSONAL: &[&str] = &["vrm_token", "person_token", "victim_token"];

/// Tables whose rows have dates and no place: readings, bookings, answers, and what happens inside a building.
const PLACELESS: &[&str] = &["stocks", "surveys", "custody", "assessments", "money", "campaigns"];

/// The column that tables are partitioned by: `YYYY-MM` of `local_on`, `unknown` without one.
pub const PARTITION: &str = "month";

const TABLES: &[Table] = &[
    Table {
        name: "incidents",
        columns: &[
            text("incident_id"),
            time("call_answered_at"),
            time("reported_at"),
            time("dispatched_at"),
            time("first_arrived_at"),
            time("closed_at"),
            int("grade_initial"),
            int("grade_final"),
            text("origin"),
            text("category"),
            text("dv_risk"),
            text("person_token"),
            text("closing_code"),
            boolean("cancelled"),
            int("units_count"),
        ],
        times: &["reported_at", "call_answered_at"],
        group: Some("category"),
    },
    Table {
        name: "crimes",
        columns: &[
            text("crime_id"),
            text("incident_id"),
            text("crime_group"),
            text("offence_code"),
            time("offence_from_at"),
            time("offence_to_at"),
            time("reported_at"),
            text("outcome"),
            time("outcome_at"),
            text("victim_token"),
            text("flags"),
        ],
        times: &["offence_from_at", "reported_at"],
        group: Some("crime_group"),
    },
    Table {
        name: "anpr_reads",
        columns: &[
            text("read_id"),
            text("camera_id"),
            time("read_at"),
            time("received_at"),
            text("vrm_token"),
            text("plate_class"),
            text("direction"),
            int("lane"),
            float("confidence"),
        ],
        times: &["read_at"],
        group: Some("plate_class"),
    },
    Table {
        name: "cameras",
        columns: &[
            text("camera_id"),
            text("name"),
            int("bearing_deg"),
            text("road"),
            date("live_from_on"),
            date("live_to_on"),
        ],
        times: &[],
        group: None,
    },
    Table {
        name: "pings",
        columns: &[text("unit_id"), time("pinged_at"), float("speed_kmh")],
        times: &["pinged_at"],
        group: Some("unit_id"),
    },
    Table {
        name: "stops",
        columns: &[text("stop_id"), time("stopped_at"), text("unit_id"), text("reason"), text("outcome")],
        times: &["stopped_at"],
        group: Some("reason"),
    },
    Table {
        name: "offences",
        columns: &[text("offence_id"), time("offended_at"), text("offence_type"), text("disposal")],
        times: &["offended_at"],
        group: Some("offence_type"),
    },
    Table {
        name: "collisions",
        columns: &[
            text("collision_id"),
            time("collided_at"),
            text("collision_severity"),
            text("casualty_severity"),
            text("mode"),
            int("vehicles_count"),
            int("casualties_count"),
            text("light_conditions"),
            int("speed_limit"),
        ],
        times: &["collided_at"],
        group: Some("casualty_severity"),
    },
    Table {
        name: "stocks",
        columns: &[text("stock"), date("read_on"), float("value")],
        times: &["read_on"],
        group: Some("stock"),
    },
    Table {
        name: "surveys",
        columns: &[
            text("survey"),
            text("wave"),
            text("question"),
            text("asked_about"),
            date("read_on"),
            int("base"),
            float("share"),
        ],
        times: &["read_on"],
        group: Some("question"),
    },
    Table {
        name: "custody",
        columns: &[
            text("custody_id"),
            time("arrived_at"),
            time("released_at"),
            text("reason"),
            text("held_in"),
            text("person_token"),
        ],
        times: &["arrived_at"],
        group: Some("reason"),
    },
    Table {
        name: "assessments",
        columns: &[
            text("incident_id"),
            time("assessed_at"),
            text("threat"),
            text("harm"),
            text("risk"),
            text("investigation"),
            text("vulnerability"),
            text("engagement"),
            text("resolution"),
        ],
        times: &["assessed_at"],
        group: Some("resolution"),
    },
    Table {
        name: "money",
        columns: &[text("entry_id"), date("booked_on"), text("kind"), text("heading"), float("amount")],
        times: &["booked_on"],
        group: Some("heading"),
    },
    Table {
        name: "campaigns",
        columns: &[text("campaign_id"), text("kind"), text("theme"), date("started_on"), date("ended_on")],
        times: &["started_on"],
        group: Some("theme"),
    },
    Table {
        name: "rejects",
        columns: &[text("feed"), text("file"), int("line"), text("reason"), text("column_name"), text("message")],
        times: &[],
        group: Some("reason"),
    },
];

/// Every table of a store, in a fixed order.
pub fn tables() -> &'static [Table] {
    TABLES
}

/// The table of that name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

impl Table {
    /// Own columns, then the common ones.
    pub fn all_columns(&self) -> impl Iterator<Item = &'static Column> + '_ {
        self.columns.iter().chain(COMMON.iter())
    }

    /// Kind of a column, if the table has it.
    pub fn kind_of(&self, column: &str) -> Option<ColumnKind> {
        self.all_columns().find(|c| c.name == column).map(|c| c.kind)
    }

    /// Arrow schema as stored: own columns, then the common ones; everything nullable but `month`.
    pub fn arrow_schema(&self) -> SchemaRef {
        let fields: Vec<Field> =
            self.all_columns().map(|c| Field::new(c.name, c.kind.arrow(), c.name != PARTITION)).collect();
        Arc::new(Schema::new(fields))
    }

    /// Whether its rows are so few that days, or weeks, without one say nothing about how far the table reaches.
    pub fn is_sparse(&self) -> bool {
        self.name == "campaigns"
    }

    /// Whether its rows are events in place and time that map questions may count.
    pub fn is_event(&self) -> bool {
        !self.times.is_empty() && !PLACELESS.contains(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_times_exist() {
        for table in tables() {
            let mut names: Vec<_> = table.all_columns().map(|c| c.name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{} has a column twice", table.name);
            for time in table.times.iter().chain(table.group.iter()) {
                assert!(table.kind_of(time).is_some(), "{}.{time}", table.name);
            }
        }
    }
}
