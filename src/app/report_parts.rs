//! What a report is put together from: the maps of its last twelve months, crime by group, the ledger.

use std::collections::BTreeMap;

use super::App;
use super::hotspots::{HotspotAnswer, answer};
use super::trend::{self, By, TrendAnswer};
use crate::analysis::hotspot::{Method, Question};
use crate::analysis::selection::Selection;
use crate::error::{Kind, Result};
use crate::model::access::Principal;
use crate::model::time::{Daypart, Period, add_months};
use crate::render::chapters::LoadLine;
use crate::store::LoadRecord;

/// Months that maps and comparisons look back on, to the end of the period.
const MONTHS: i32 = 12;

/// One map a daypart, where the data carries it.
pub(super) async fn maps(app: &App, reader: &Principal, period: Period) -> Result<Vec<(Daypart, HotspotAnswer)>> {
    let period = Period::new(add_months(period.to, -MONTHS), period.to)?;
    let mut out = Vec::new();
    for daypart in &app.config.dayparts {
        let selection = Selection::of("crimes", period).by(daypart.clone());
        let question = Question { selection, resolution: app.config.resolution, method: Method::GiStar };
        // Crimes without positions or without hours: the report goes without the map.
        out.extend(unless_data(answer(app, reader, &question).await)?.map(|map| (daypart.clone(), map)));
    }
    Ok(out)
}

/// Crimes by group in the twelve months to the end of the period, in a band of the day or in all of it; `None` where the
/// data cannot say.
pub(super) async fn crime_groups(
    app: &App,
    reader: &Principal,
    period: Period,
    daypart: Option<Daypart>,
) -> Result<Option<TrendAnswer>> {
    let mut selection = Selection::of("crimes", Period::new(add_months(period.to, -MONTHS), period.to)?);
    selection.daypart = daypart;
    let question = trend::Question { by: Some(By::Group), ..trend::Question::of(selection) };
    unless_data(trend::answer(app, reader, &question).await)
}

fn unless_data<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == Kind::Data => Ok(None),
        Err(error) => Err(error),
    }
}

/// Heading of a map: `Day, 07:00-19:00`.
pub(super) fn label(daypart: &Daypart) -> String {
    let word = match daypart.name.as_str() {
        "day" => "Day",
        "night" => "Night",
        "nte" => "Night-time economy",
        other => other,
    };
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let on: Vec<&str> = daypart.weekdays.iter().filter_map(|day| days.get(usize::from(*day)).copied()).collect();
    let on = if on.is_empty() { String::new() } else { format!(", {} nights", on.join(" and ")) };
    format!("{word}, {}{on}", daypart.band())
}

/// The ledger, feed by feed. The time of a load is left out: it would change the bytes of the same figures.
pub(super) fn ledger(loads: &[LoadRecord]) -> Vec<LoadLine> {
    let mut feeds: BTreeMap<&str, LoadLine> = BTreeMap::new();
    for load in loads {
        let line = feeds.entry(&load.feed).or_default();
        line.feed.clone_from(&load.feed);
        line.rows_in += load.rows_in;
        line.accepted += load.accepted;
        line.revised += load.revised;
        line.unchanged += load.unchanged;
        line.duplicate += load.duplicate;
        line.withheld += load.withheld;
        for (reason, count) in &load.rejected {
            *line.rejected.entry(reason.clone()).or_default() += count;
        }
    }
    feeds.into_values().collect()
}
