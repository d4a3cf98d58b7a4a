//! The planted changes of level of two measures are signalled within the points that the rules need, and series without one
//! are not signalled more often than chance does.

use vigie::app::kpi;
use vigie::model::time::{Period, add_months, parse_date};
use vigie::stats::spc::{NHSR_02, Variation};

use crate::support::{extracts, island_app, loader, truth};

/// Measures with a planted change, by the words of the truth, and what a rise means for them.
const PLANTED: [(&str, &str); 2] = [("Grade 1 response", "M02"), ("anti-social behaviour incidents a month", "M06")];

/// Measures that follow the same law all through, by the month. M17 and M01 hold the planted incidents.
const STEADY: [&str; 9] = ["M04", "M07", "M08", "M09", "M10", "M11", "M12", "M13", "M14"];

/// Chance of a signal anywhere in 24 points without a change: tests/it/spc.rs prints it for every chart; 15 to 20 % by
/// kind, taken at its largest.
const FALSE_ALARMS: f64 = 0.20;

#[tokio::test(flavor = "multi_thread")]
async fn planted_changes_are_signalled_in_time_and_nothing_else_more_than_chance() {
    let app = island_app();
    let truth = truth(extracts());
    // The points on one side of the mean that make a run.
    let run_of = NHSR_02.run.unwrap();
    for change in truth["kpi_changes"].as_array().unwrap() {
        let (_, measure) = PLANTED.iter().find(|(words, _)| change["measure"] == **words).unwrap();
        let from = parse_date(change["from"].as_str().unwrap()).unwrap();
        let ids = [(*measure).to_owned()];
        // As a manager sees it: each month with what was known then.
        let mut first = None;
        for month in 0..run_of as i32 {
            let period = Period::new(add_months(from, month), add_months(from, month + 1)).unwrap();
            let run = kpi::run(&app, &loader(), period, Some(&ids)).await.unwrap();
            let last = run.measures[0].asked().last().unwrap();
            if last.variation == Some(Variation::ConcernHigh) {
                first = Some(month + 1);
                break;
            }
        }
        println!("{measure}: the change from {from} is signalled at point {first:?}; a run needs {run_of}");
        assert!(first.is_some(), "{measure} is not signalled within {run_of} points");
    }

    let period = Period::new(parse_date("2016-01-01").unwrap(), parse_date("2018-01-01").unwrap()).unwrap();
    let ids = STEADY.map(str::to_owned);
    let run = kpi::run(&app, &loader(), period, Some(&ids)).await.unwrap();
    let mut signalled = Vec::new();
    for measure in &run.measures {
        let points =
            measure.chart.as_ref().map_or(0, |chart| chart.points.iter().filter(|p| p.signal.is_some()).count());
        println!("{}: {points} of {} points signalled", measure.kpi.measure, measure.rows.len());
        if points > 0 {
            signalled.push(measure.kpi.measure.clone());
        }
    }
    // The most that chance gives in 99 of 100 islands.
    let (n, mut below, mut most) = (run.measures.len(), 0.0, 0);
    while below < 0.99 {
        let ways = (0..most).fold(1.0, |ways, i| ways * (n - i) as f64 / (i + 1) as f64);
        below += ways * FALSE_ALARMS.powi(most as i32) * (1.0 - FALSE_ALARMS).powi((n - most) as i32);
        most += 1;
    }
    println!("{} of {n} steady series have a signal; chance gives at most {} in 99 of 100", signalled.len(), most - 1);
    assert!(signalled.len() < most, "{signalled:?}");
}
