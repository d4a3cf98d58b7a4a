//! The planted hotspots of the sample are found: recall and false discovery over seeds, by daypart. The test command
//! takes 2 seeds; `just truth` sets `VIGIE_TRUTH_SEEDS=20`.

use std::collections::BTreeSet;

use vigie::analysis::hotspot::{Bin, Method, Question};
use vigie::analysis::selection::Selection;
use vigie::app::{App, hotspots};
use vigie::model::time::{Period, parse_date};
use vigie::sample::{self, Options};

use crate::support::{ingest, loader, new_store, truth};

/// Of the truly hot cells, the share that is found; of the found ones, the share that is not truly hot.
struct Found {
    hot: usize,
    found: usize,
    hits: usize,
}

impl Found {
    fn recall(&self) -> f64 {
        self.hits as f64 / self.hot as f64
    }

    fn false_discovery(&self) -> f64 {
        if self.found == 0 { 0.0 } else { 1.0 - self.hits as f64 / self.found as f64 }
    }
}

async fn find(app: &App, daypart: &str, planted: &serde_json::Value) -> Found {
    let word = |key: &str| planted[key].as_str().unwrap();
    let truly: BTreeSet<&str> =
        planted["hot_cells"].as_array().unwrap().iter().map(|hot| hot["cell"].as_str().unwrap()).collect();
    let period = Period::new(parse_date(word("from")).unwrap(), parse_date(word("to")).unwrap()).unwrap();
    let selection = Selection::of(word("dataset"), period).by(app.config.daypart(daypart).unwrap());
    let question = Question { selection, resolution: 9, method: Method::GiStar };
    let answer = hotspots::ask(app, &loader(), &question).await.unwrap();
    let found: BTreeSet<String> =
        answer.map.rows.iter().filter(|row| row.bin >= Bin::Hot95).map(|row| row.cell.to_string()).collect();
    Found {
        hot: truly.len(),
        found: found.len(),
        hits: found.iter().filter(|cell| truly.contains(cell.as_str())).count(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_hotspots_are_found() {
    let seeds: u64 = std::env::var("VIGIE_TRUTH_SEEDS").ok().map_or(2, |seeds| seeds.parse().unwrap());
    println!("\nseed  daypart   hot  found  recall  false discovery");
    let mut all = Vec::new();
    for seed in 1..=seeds {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { seed, anpr_days: 1, anpr_reads_per_day: Some(10), ping_days: 1, ..Options::default() };
        sample::write(&options, folder.path(), &|_, _| {}).unwrap();
        let truth = truth(folder.path());
        let (_store, app) = new_store("jersey", "Europe/Jersey").await;
        ingest(&app, "jersey-crimes", &[folder.path().join("crimes.csv.gz")]).await.unwrap();
        for daypart in ["day", "night"] {
            let one = find(&app, daypart, &truth["hotspots"]["dayparts"][daypart]).await;
            println!(
                "{seed:>4}  {daypart:<7}{:>6}{:>7}{:>8.3}{:>17.3}",
                one.hot,
                one.found,
                one.recall(),
                one.false_discovery()
            );
            all.push(one);
        }
    }
    let total = Found {
        hot: all.iter().map(|one| one.hot).sum(),
        found: all.iter().map(|one| one.found).sum(),
        hits: all.iter().map(|one| one.hits).sum(),
    };
    let lowest = all.iter().map(Found::recall).fold(1.0, f64::min);
    let highest = all.iter().map(Found::false_discovery).fold(0.0, f64::max);
    println!(
        " all  both   {:>6}{:>7}{:>8.3}{:>17.3}   (lowest recall {lowest:.3}, highest false discovery {highest:.3})",
        total.hot,
        total.found,
        total.recall(),
        total.false_discovery()
    );
    assert!(total.recall() >= 0.9, "recall {:.3}", total.recall());
    assert!(total.false_discovery() <= 0.1, "false discovery {:.3}", total.false_discovery());
}
