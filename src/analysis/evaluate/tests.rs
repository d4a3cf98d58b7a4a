use std::num::NonZero;

use super::*;
use crate::model::time::{Period, parse_date};
use crate::space::Point;
use crate::stats::resample::Resamples;

/// A small island: a disk of 127 cells.
fn island() -> Vec<Cell> {
    Cell::at(Point { lat: 49.2, lon: -2.1 }, 9).unwrap().disk(6)
}

/// Two years of records: cell 40 always, cell 80 only in the last weeks, the rest scattered.
fn records() -> Vec<Occurrence> {
    let start = day_number(parse_date("2016-01-01").unwrap());
    let mut all = Vec::new();
    for day in 0..731 {
        let mut put = |place: u32, late: i32| {
            all.push(Occurrence { place, day: start + day, recorded: start + day + late });
        };
        put(40, day % 3);
        put((day as u32 * 37) % 127, 0);
        if day > 640 {
            put(80, 0);
            put(80, 1);
        }
    }
    all.sort_unstable();
    all
}

fn question() -> Question {
    let period = Period::new(parse_date("2017-07-01").unwrap(), parse_date("2018-01-01").unwrap()).unwrap();
    Question { coverages: vec![0.01, 0.02, 0.05], ..Question::usual(Selection::of("crimes", period), vec![None], 9) }
}

fn threads(n: usize) -> NonZero<usize> {
    NonZero::new(n).unwrap()
}

fn assessed(question: &Question, records: &[Occurrence], on: usize) -> Evaluation {
    let mut evaluation = Evaluation::default();
    assess(&mut evaluation, question, "all", &ground(&island()).unwrap(), records, threads(on)).unwrap();
    evaluation
}

#[test]
fn every_method_has_a_row_at_every_coverage() {
    let tested = assessed(&question(), &records(), 2);
    assert_eq!(tested.rows.len(), Method::ALL.len() * 3);
    let part = &tested.dayparts[0];
    assert_eq!((part.windows, part.empty_windows, question().windows()), (26, 0, 26));
    assert_eq!(part.first_history_days, 547);
    assert!(part.not_yet_recorded > 0.0);
    for row in &tested.rows {
        assert!(row.area_share <= row.coverage + 1e-9 && row.hit_rate.is_some() && row.origins == 26, "{row:?}");
        assert!(row.pai_worst_ties <= row.pai && row.pai <= row.pai_best_ties, "{row:?}");
        assert!(row.pai_low <= row.pai && row.pai <= row.pai_high, "{row:?}");
        assert!(row.pei.is_some_and(|pei| pei <= 1.0 + 1e-12), "{row:?}");
        assert_eq!(row.gain.is_none(), row.method == Method::BASELINE);
    }
    // The second cell of 2 % is found by those that look at the last weeks.
    let hit = |method| tested.row(method, "all", 0.02).unwrap().hit_rate.unwrap();
    assert!(hit(Method::Count28) > hit(Method::Random) + 0.3);
    assert!(hit(Method::Count365) > 0.4);
    let curve = &part.curves[&Method::Count365];
    assert!(curve.is_sorted() && (curve[99] - 1.0).abs() < 1e-12);
}

#[test]
fn what_is_recorded_after_an_origin_changes_nothing_before_it() {
    let one_window = |question: &mut Question| {
        question.selection.period =
            Period::new(parse_date("2017-12-01").unwrap(), parse_date("2017-12-08").unwrap()).unwrap();
    };
    let mut question = question();
    one_window(&mut question);
    let origin = question.plan().from;
    let before = assessed(&question, &records(), 1);
    let mut more = records();
    // Fifty records of earlier weeks at one cell, all recorded on the day of the origin or later.
    more.extend((0..50).map(|n| Occurrence { place: 7, day: origin - 1 - n, recorded: origin + n % 5 }));
    more.sort_unstable();
    let after = assessed(&question, &more, 1);
    assert_eq!(before.rows, after.rows);
    assert!(after.dayparts[0].not_yet_recorded >= 50.0);
    // The same records, recorded the day before the origin, do change it.
    let mut known = records();
    known.extend((0..50).map(|n| Occurrence { place: 7, day: origin - 1 - n, recorded: origin - 1 }));
    known.sort_unstable();
    assert_ne!(before.rows, assessed(&question, &known, 1).rows);
    // An embargo of a day hides them again.
    question.embargo_days = 1;
    assert_eq!(assessed(&question, &records(), 1).rows, assessed(&question, &known, 1).rows);
}

#[test]
fn the_ensemble_sees_earlier_windows_only_as_far_as_they_were_recorded() {
    let question = question();
    let origin = question.plan().origins()[20];
    let ground = ground(&island()).unwrap();
    let of = |records: &[Occurrence]| {
        let plan = Plan { to: origin + 7, ..question.plan() };
        let tested = backtest(&ground, records, &plan, threads(2)).unwrap();
        let ensemble = tested.records.into_iter().find(|record| record.method == Method::Ensemble).unwrap();
        ensemble.windows[0].last().copied().unwrap()
    };
    let mut more = records();
    more.extend((0..200).map(|n| Occurrence {
        place: 100 + n as u32 % 20,
        day: origin - 70 + n % 70,
        recorded: origin + 3,
    }));
    more.sort_unstable();
    let (before, after) = (of(&records()), of(&more));
    assert_eq!(before, after);
}

#[test]
fn the_answer_does_not_depend_on_threads() {
    let (one, many) = (assessed(&question(), &records(), 1), assessed(&question(), &records(), 5));
    assert_eq!(one, many);
}

#[test]
fn windows_without_records_are_left_out_and_counted() {
    let gap = day_number(parse_date("2017-08-01").unwrap())..day_number(parse_date("2017-09-01").unwrap());
    let some: Vec<Occurrence> = records().into_iter().filter(|one| !gap.contains(&one.day)).collect();
    let tested = assessed(&question(), &some, 2);
    let part = &tested.dayparts[0];
    assert!(part.empty_windows >= 3 && part.windows + part.empty_windows == 26, "{part:?}");
    let none = assessed(&question(), &[Occurrence { place: 1, day: question().plan().from - 9, recorded: 0 }], 2);
    assert_eq!((none.dayparts[0].windows, none.dayparts[0].best), (0, Method::BASELINE));
    assert!(none.rows.iter().all(|row| row.pai.is_none() && row.hit_rate.is_none() && row.gain_low.is_none()));
}

#[test]
fn wrong_questions_name_their_field() {
    let wrong = |change: fn(&mut Question)| {
        let mut question = question();
        change(&mut question);
        question.check().unwrap_err().to_string()
    };
    question().check().unwrap();
    assert!(wrong(|q| q.coverages = vec![0.0]).contains("coverage"));
    assert!(wrong(|q| q.coverages = vec![0.05, 0.05]).contains("ascending"));
    assert!(wrong(|q| q.horizon_days = 400).contains("no window"));
    assert!(wrong(|q| q.train_days = 3).contains("28"));
    assert!(wrong(|q| q.step_days = 0).contains("step"));
    assert!(wrong(|q| q.resolution = 12).contains("5 to 11"));
    assert_eq!(question().headline().to_string(), "0.02");
    assert_eq!(Question { coverages: vec![0.001, 0.3], ..question() }.headline().to_string(), "0.3");
}

#[test]
fn a_score_is_kept_in_words() {
    let (question, tested) = (question(), assessed(&question(), &records(), 2));
    let score = Score::of(&question, &tested, &tested.dayparts[0], 4).unwrap();
    let again: Score = serde_json::from_str(&serde_json::to_string(&score).unwrap()).unwrap();
    assert_eq!(score, again);
    let words = score.words("count-365d").unwrap();
    assert!(words.starts_with("caught ") && words.contains("in 2 % of the area over 26 windows of 7 days"), "{words}");
    assert_eq!(score.words("magic"), None);
}

#[test]
fn a_paired_interval_is_narrower_than_two_apart() {
    let tested = assessed(&question(), &records(), 2);
    let row = tested.row(Method::Count182, "all", 0.05).unwrap();
    let own = row.pai_high.unwrap() - row.pai_low.unwrap();
    let gain = row.gain_high.unwrap() - row.gain_low.unwrap();
    assert!(gain < own, "{gain} {own}");
    assert_ne!(Resamples::new(26, 10, 1), Resamples::new(26, 10, 2));
}

#[test]
fn a_forecast_lists_every_cell_once_and_knows_no_future() {
    let (cells, question) = (island(), question());
    let ground = ground(&cells).unwrap();
    let plan = Plan { from: question.plan().to, to: question.plan().to + 7, ..question.plan() };
    let of =
        |method, records: &[Occurrence]| forecast(&cells, &ground, records, &plan, method, None, threads(2)).unwrap();
    for method in [Method::Count28, Method::ShrunkRate, Method::Ensemble] {
        let places = of(method, &records());
        let mut listed: Vec<Cell> = places.iter().map(|place| place.cell).collect();
        let first = [places[0].cell, places[1].cell];
        assert!(first.contains(&cells[80]) && first.contains(&cells[40]), "{}", method.name());
        listed.sort_unstable();
        assert_eq!(listed, cells);
        assert!((places.last().unwrap().area_share - 1.0).abs() < 1e-9);
        let mut more = records();
        more.extend((0..90).map(|n| Occurrence { place: 3, day: plan.from - 1 - n % 9, recorded: plan.from + n % 3 }));
        more.sort_unstable();
        assert_eq!(of(method, &more), places, "{}", method.name());
    }
}
