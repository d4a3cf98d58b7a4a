//! A KPI file in words: facts under labels, for `kpi show`, and for saying what changed between two of them.

use crate::analysis::definition::{Definition, Grain, Kpi, MeasureKind, Sensitivity, Target};
use crate::analysis::kpi::Unit;
use crate::model::time::date_in_words;
use crate::model::words::thousands;
use crate::stats::spc::Direction;

/// One fact: a label that stays the same from file to file, and its words.
pub type Fact = (String, String);

/// What holds for a measure whatever its definition.
pub fn measure(kpi: &Kpi) -> Vec<Fact> {
    let mut out = Facts::default();
    out.add("Title", &kpi.title);
    out.add("Measure", &kpi.measure);
    out.add("Plan references", kpi.plan_refs.join(", "));
    out.add("Owner", &kpi.owner);
    out.add("Analyst", kpi.analyst.clone().unwrap_or_default());
    out.add(
        "Better is",
        match kpi.direction {
            Direction::Increase => "more",
            Direction::Decrease => "less",
            Direction::Neutral => "neither more nor less",
        },
    );
    out.add(
        "Unit",
        match kpi.unit {
            Unit::Count => "count",
            Unit::Percent => "per cent",
            Unit::Minutes => "minutes",
            Unit::Number => "number",
            Unit::Pounds => "pounds",
        },
    );
    out.add(
        "Marking",
        match kpi.sensitivity {
            Sensitivity::Official => "OFFICIAL",
            Sensitivity::OfficialSensitive => "OFFICIAL-SENSITIVE: never in a public edition",
        },
    );
    out.add("Sentence", &kpi.noun);
    out.add("Control chart", chart(kpi));
    for rebase in &kpi.spc.rebase {
        let label = format!("Limits anew from {}", date_in_words(rebase.on));
        out.add(label, format!("{} (approved by {})", rebase.reason, rebase.approved_by));
    }
    out.add("Compared with", kpi.compare.show.join(", ").replace('_', " "));
    out.add("Reporting year", kpi.compare.calendar.clone().unwrap_or_default());
    out.add("Editions", kpi.publish.editions.join(", "));
    out.add("Disclosure profile", kpi.publish.sdc.clone().unwrap_or_default());
    out.add("Published after", kpi.publish.lag_days.map_or_else(String::new, |n| format!("{n} days")));
    out.add(
        "Provisional",
        kpi.publish.provisional_periods.map_or_else(String::new, |n| format!("the last {n} periods")),
    );
    out.0
}

/// One target, with the day it starts in its label.
pub fn target(target: &Target, unit: Unit) -> Fact {
    let relation = match target.op.as_str() {
        "<" => "under",
        "<=" => "at most",
        ">=" => "at least",
        ">" => "over",
        _ => "about",
    };
    let per = target.per.map_or_else(String::new, |grain| format!(" a {}", grain.name()));
    let mut words =
        format!("{relation} {}{per}; {}; set by {}", unit.text(target.value), target.status.word(), target.set_by);
    if !target.as_written.is_empty() {
        words.push_str(&format!("; as written: {}", target.as_written));
    }
    if let Some(last) = target.valid_to {
        words.push_str(&format!("; until {}", date_in_words(last)));
    }
    (format!("Target from {}", date_in_words(target.valid_from)), words)
}

/// What one definition says, without its version and dates.
pub fn definition(definition: &Definition) -> Vec<Fact> {
    let mut out = Facts::default();
    out.add("Counts", kind(definition));
    out.add("Population", &definition.population);
    out.add("Table", &definition.source);
    out.add("Condition", definition.condition.clone().unwrap_or_default());
    out.add("On top of the share", definition.numerator.clone().unwrap_or_default());
    if let Some(clock) = &definition.clock {
        out.add("Clock", format!("from {} to {}", clock.start, clock.stop));
    }
    if let Some(threshold) = &definition.threshold {
        let word = if threshold.op == "<" { "under" } else { "at most" };
        out.add("Boundary", format!("{word} {} seconds", thousands(threshold.seconds)));
    }
    if let Some(quantiles) = &definition.quantiles {
        let shares: Vec<String> = quantiles.p.iter().map(|p| format!("{p}")).collect();
        out.add("Quantiles", format!("{} by the method {}", shares.join(", "), quantiles.method));
    }
    if let Some(distinct) = &definition.distinct {
        let again = distinct
            .repeat
            .map_or_else(String::new, |r| format!("; again is {} records within {} months", r.times, r.months));
        out.add("Told apart by", format!("{}{again}", distinct.column));
    }
    out.add("Value", definition.value.clone().unwrap_or_default());
    for people in &definition.people {
        let area = people.area.as_deref().unwrap_or("all");
        let label = format!("Residents of {area} from {}", date_in_words(people.valid_from));
        out.add(label, format!("{} ({})", thousands(people.count), people.set_by));
    }
    out.add("Per", definition.per.map_or_else(String::new, |n| format!("{} residents", thousands(n))));
    for (at, exclusion) in definition.exclude.iter().enumerate() {
        out.add(
            format!("Left out as {}", exclusion.code),
            format!("{}. where {}: {}", at + 1, exclusion.condition, exclusion.words),
        );
    }
    out.add("Counted on", &definition.time_dim.field);
    out.add("Zone", definition.time_dim.zone.clone().unwrap_or_default());
    out.add("Period", definition.time_dim.grain.name());
    out.add("Broken down by", definition.dims.join(", "));
    out.add("Level of a period", definition.period_agg.clone().unwrap_or_default());
    out.add("Grade", definition.grade.map_or_else(String::new, |grade| grade.to_string()));
    for milestone in &definition.milestone {
        let part = milestone.part.as_deref().map_or_else(String::new, |part| format!(" ({part})"));
        let due = milestone.due.map_or_else(|| "to be agreed".to_owned(), date_in_words);
        let done = milestone.done_on.map_or_else(String::new, |on| format!(", done on {}", date_in_words(on)));
        out.add(
            format!("Milestone {}{part}", milestone.plan_ref),
            format!("{}; owner {}; due {due}; {}{done}", milestone.deliverable, milestone.owner, milestone.status),
        );
    }
    out.add("Note", definition.note.clone().unwrap_or_default());
    out.0
}

/// `from 1 January 2015 to 31 December 2016`.
pub fn dates(definition: &Definition) -> String {
    let from = format!("from {}", date_in_words(definition.valid_from));
    definition.valid_to.map_or(from.clone(), |last| format!("{from} to {}", date_in_words(last)))
}

#[derive(Default)]
struct Facts(Vec<Fact>);

impl Facts {
    /// Adds a fact; one without words is none.
    fn add(&mut self, label: impl Into<String>, words: impl Into<String>) {
        let words = words.into();
        if !words.is_empty() {
            self.0.push((label.into(), words));
        }
    }
}

fn chart(kpi: &Kpi) -> String {
    let chart = match kpi.spc.chart.as_str() {
        "auto" => "chosen by size".to_owned(),
        "none" => return "none".to_owned(),
        name => name.to_owned(),
    };
    let held = kpi.spc.fix_after.map_or_else(String::new, |n| format!(", limits held from the first {n} points"));
    format!("{chart}, profile {}{held}", kpi.spc.profile)
}

fn kind(definition: &Definition) -> String {
    let period = match definition.time_dim.grain {
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::Year => "year",
    };
    match definition.kind {
        MeasureKind::Count => format!("records a {period}"),
        MeasureKind::Rate => format!("records a {period} per residents"),
        MeasureKind::Proportion => "a share of records".to_owned(),
        MeasureKind::DurationWithin => "the share of durations within a boundary".to_owned(),
        MeasureKind::DurationMean => "the mean of durations".to_owned(),
        MeasureKind::Quantile => "a quantile of durations".to_owned(),
        MeasureKind::Distinct if definition.distinct.as_ref().is_some_and(|d| d.repeat.is_some()) => {
            "the share of persons who come again".to_owned()
        }
        MeasureKind::Distinct => format!("different persons a {period}"),
        MeasureKind::TimeBetween => "mean days between one event and the next".to_owned(),
        MeasureKind::Stock => format!("a level in a {period}, never added up"),
        MeasureKind::Survey => "the share of those asked".to_owned(),
        MeasureKind::Finance => format!("money of a {period}, added up"),
        MeasureKind::Milestone => "the share of the milestones due that are done".to_owned(),
    }
}
