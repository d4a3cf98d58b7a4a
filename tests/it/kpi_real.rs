//! KPIs over real response times: the definitions of `docs/guide/kpis` give the figures that are known of the data.

use std::fs;
use std::path::Path;

use vigie::app::kpi::{self, Ask, Incomplete};
use vigie::app::kpi_files::Choice;
use vigie::model::time::{Period, parse_date};

use crate::real_feeds::{data, is_here};
use crate::support::{ingest, loader, new_store};

fn guide() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/kpis")
}

fn ask(folder: &Path, id: &str, from: &str, to: &str) -> Ask {
    let period = Period::new(parse_date(from).unwrap(), parse_date(to).unwrap()).unwrap();
    Ask {
        ids: Some(vec![id.to_owned()]),
        incomplete: Incomplete::Show,
        files: Choice { folder: Some(folder.to_owned()), only_own: true },
        ..Ask::of(period)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn london_fires_are_reached_in_time_as_published() {
    if !is_here(1) {
        return;
    }
    let (_folder, app) = new_store("hull", "Europe/London").await;
    let file = data().join("calls/london_fire_dwelling_fires_2009.csv.gz");
    ingest(&app, "london-fire", &[file]).await.unwrap();
    // `<` in place of `<=`: another definition of the same words.
    let under = tempfile::tempdir().unwrap();
    for name in ["london-fire-6min.toml", "london-fire-10min.toml"] {
        let text = fs::read_to_string(guide().join(name)).unwrap();
        fs::write(under.path().join(name), text.replace("op = \"<=\"", "op = \"<\"")).unwrap();
    }
    for (folder, id, share) in [
        (guide(), "x01", "71.15"),
        (guide(), "x02", "96.50"),
        (under.path().to_owned(), "x01", "70.86"),
        (under.path().to_owned(), "x02", "96.48"),
    ] {
        let run = kpi::ask(&app, &loader(), &ask(&folder, id, "2009-01-01", "2010-01-01")).await.unwrap();
        let row = run.rows().next().unwrap();
        assert_eq!(row.denominator, Some(6_708.0), "{row:?}");
        assert_eq!(format!("{:.2}", row.value.unwrap() * 100.0), share, "{id} {}", folder.display());
        assert_eq!(run.warnings().count(), 0, "the waterfall closes");
    }
    // The beats together are the whole.
    let by_beat = Ask { by: Some("beat".to_owned()), ..ask(&guide(), "x01", "2009-01-01", "2010-01-01") };
    let run = kpi::ask(&app, &loader(), &by_beat).await.unwrap();
    assert!(run.checks.iter().any(|check| check.id.starts_with("parts ") && check.agrees), "{:?}", run.checks);
    assert!(run.measures.len() > 50, "{} stations", run.measures.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn seattle_priority_one_calls_have_their_waterfall() {
    if !is_here(1) {
        return;
    }
    let (_folder, app) = new_store("hull", "America/Los_Angeles").await;
    let file = data().join("calls/seattle_police_calls_dev.csv.gz");
    ingest(&app, "seattle-calls", &[file]).await.unwrap();
    let run = kpi::ask(&app, &loader(), &ask(&guide(), "x03", "2009-01-01", "2023-01-01")).await.unwrap();
    let sum = |figure: fn(&vigie::analysis::kpi::KpiRow) -> f64| run.rows().map(figure).sum::<f64>();
    let (within, analysed) = (sum(|row| row.numerator.unwrap_or(0.0)), sum(|row| row.denominator.unwrap_or(0.0)));
    assert_eq!((within, analysed), (402.0, 550.0));
    assert_eq!(format!("{:.2}", within / analysed * 100.0), "73.09");
    let left_out = |code: &str| run.rows().filter_map(|row| row.excluded.get(code)).sum::<u64>();
    assert_eq!((left_out("on_view"), left_out("never_arrived"), left_out("bad_order")), (43, 38, 0));
    let total: f64 = run.measures[0].also.iter().filter_map(|also| also.get("total")).sum();
    assert!((total - 631.0).abs() < 1e-9, "550 + 43 + 38: the waterfall closes");
    assert_eq!(run.warnings().count(), 0);
}
