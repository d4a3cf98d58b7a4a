//! Surveys of public opinion: one wave a year, each question with how many were asked and the share that gave the answer.

use std::path::Path;

use chrono::{Datelike, Duration, NaiveDate};

use super::calendar::{Span, at_wall, wall_text};
use super::random::Stream;
use super::write::{Rows, Written};
use crate::error::Result;

/// One question: its code, the share of the plan, and how it moves from wave to wave.
const QUESTIONS: [(&str, f64, f64); 10] = [
    ("police-do-a-good-job", 0.82, 0.004),
    ("contact-in-year", 0.19, 0.0),
    ("contact-helpful", 0.90, 0.0),
    ("contact-polite", 0.91, 0.0),
    ("contact-listened", 0.89, 0.0),
    ("worried-digital-crime", 0.41, 0.01),
    ("digital-crime-priority", 0.61, 0.01),
    ("priority-emergencies", 0.90, 0.0),
    ("priority-vulnerable", 0.90, 0.0),
    ("feel-safe-at-home", 0.96, 0.0),
];
/// Questions that only people with contact answer; how many they are is asked before.
const OF_CONTACT: [&str; 3] = ["contact-helpful", "contact-polite", "contact-listened"];
/// Adults who answer.
const ASKED: i64 = 1_080;

/// Writes `surveys.csv.gz`. The first year's wave is of another survey with like questions, so that a series has a
/// break; contact is asked about the year before.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_surveys(out: &Path, span: &Span, seed: u64) -> Result<Written> {
    let mut stream = Stream::new(seed, "surveys");
    let header = ["survey", "wave", "question", "asked_about", "read_on", "base", "share", "recorded"];
    let mut file = Rows::create(out, "surveys.csv.gz", &header)?;
    let (first, last) = (span.from.year(), span.to.pred_opt().unwrap_or(span.from).year());
    for year in first..=last {
        let earlier = year == first && last > first;
        let survey = if earlier { "authority-survey" } else { "opinion-survey" };
        let read_on = NaiveDate::from_ymd_opt(year, 7, 15).unwrap_or(span.from);
        let recorded = wall_text(at_wall(read_on + Duration::days(40), 10 * 3600));
        let asked = ASKED + stream.seconds(-90, 90);
        let mut contacted = asked / 5;
        for (question, share, drift) in QUESTIONS {
            let base = if OF_CONTACT.contains(&question) { contacted } else { asked };
            let wanted = share + drift * f64::from(year - first) + if earlier { -0.02 } else { 0.0 };
            let realised = answered(base, wanted, &mut stream);
            if question == "contact-in-year" {
                contacted = (realised * base as f64).round() as i64;
            }
            let about = if question == "contact-in-year" { year - 1 } else { year };
            file.add(&[
                survey.to_owned(),
                year.to_string(),
                question.to_owned(),
                about.to_string(),
                read_on.to_string(),
                base.to_string(),
                format!("{realised:.6}"),
                recorded.clone(),
            ])?;
        }
    }
    file.finish()
}

/// The share of `base` people that give an answer, each with the chance `wanted`.
fn answered(base: i64, wanted: f64, stream: &mut Stream) -> f64 {
    let yes = (0..base).filter(|_| stream.chance(wanted)).count();
    yes as f64 / base.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_whole_people() {
        let mut stream = Stream::new(1, "test");
        let share = answered(1_000, 0.82, &mut stream);
        assert!((share - 0.82).abs() < 0.05);
        assert!(((share * 1_000.0).round() - share * 1_000.0).abs() < 1e-9);
    }
}
