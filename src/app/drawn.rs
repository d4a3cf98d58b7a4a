//! The questions that the page `/analysis` asks: each is a trip of its own, put with its usual settings and drawn.

use super::{
    App, change, clusters, concentration, emerging, evaluate, forecast, hotspots, hours, near_repeat, pictures,
    place_pictures, scan, trend,
};
use crate::analysis::selection::Selection;
use crate::analysis::steps::StepLength;
use crate::analysis::{
    change as change_question, clusters as clusters_question, concentration as concentration_question,
    emerging as emerging_question, evaluate as evaluate_question, hotspot,
};
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::provenance::Provenance;
use crate::render;
use crate::render::drawn::Drawn;
use crate::render::evaluation;

/// A question that the page can ask.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Name in addresses; that of the command.
    pub name: &'static str,
    /// What it is called on the page.
    pub title: &'static str,
    /// What it answers, in one sentence.
    pub about: &'static str,
    /// Whether it takes long, so that only a few are answered at a time.
    pub long: bool,
}

/// Every question of the page, in its order.
pub const QUESTIONS: &[Asked] = &[
    Asked {
        name: "trend",
        title: "Trend",
        about: "Is it rising or falling? Whole months, with the year before beside them.",
        long: false,
    },
    Asked {
        name: "local-moran",
        title: "Clusters and outliers",
        about: "Which cells are high among high ones, and which stand out alone? Local Moran's I.",
        long: false,
    },
    Asked {
        name: "kde",
        title: "Density",
        about: "Where is it thickest? A smooth surface over the records' own points.",
        long: false,
    },
    Asked {
        name: "clusters",
        title: "Knots of points",
        about: "Where do records lie close together, whatever the cells? DBSCAN.",
        long: false,
    },
    Asked {
        name: "concentration",
        title: "Concentration",
        about: "How few places hold how much, and how few would by chance?",
        long: false,
    },
    Asked {
        name: "change",
        title: "Change",
        about: "Where is there more or less than in as long a period directly before, beyond chance?",
        long: false,
    },
    Asked {
        name: "emerging",
        title: "Emerging",
        about: "How did hot spots come about? Thirteen steps of 28 days in a year; the last one ends with the period.",
        long: false,
    },
    Asked {
        name: "hours",
        title: "Hours of the week",
        about: "When in the week? What is known as a range of time is shared out over its hours.",
        long: false,
    },
    Asked {
        name: "evaluate",
        title: "Forecast accuracy",
        about: "How good would a map have been? Methods tested week by week on days that they had not seen.",
        long: true,
    },
    Asked {
        name: "forecast",
        title: "Forecast",
        about: "Where to look first in the days ahead? Cells in the order of the method that did best when it was tested.",
        long: true,
    },
    Asked {
        name: "near-repeat",
        title: "Near repeats",
        about: "Does one event bring the next? Pairs by distance and time, beside what chance would give.",
        long: true,
    },
    Asked {
        name: "scan",
        title: "Clusters in time",
        about: "Where and when do events crowd more than place and day alone explain?",
        long: true,
    },
];

/// The question of that name.
///
/// # Errors
/// `Input` naming the questions there are.
pub fn known(name: &str) -> Result<Asked> {
    QUESTIONS.iter().copied().find(|question| question.name == name).ok_or_else(|| {
        let names: Vec<&str> = QUESTIONS.iter().map(|question| question.name).collect();
        Error::input(format!("`{name}` is not a question; there are {}", names.join(", "))).at("question")
    })
}

/// Bandwidth of densities on the page, in metres.
pub const PAGE_BANDWIDTH_M: f64 = 500.0;

/// Puts a question with its usual settings to some records, and draws the answer. `density` is for the question kde alone.
///
/// # Errors
/// As the trip of that question.
pub async fn ask(
    app: &App,
    who: &Principal,
    asked: Asked,
    selection: Selection,
    density: hotspot::Settings,
) -> Result<(Drawn, Provenance)> {
    match asked.name {
        "trend" => {
            let answer = trend::ask(app, who, &trend::Question::of(selection).with_parts()).await?;
            Ok((pictures::trend(&answer)?, answer.provenance))
        }
        name @ ("local-moran" | "kde") => {
            let method = hotspot::Method::parse(name)?;
            let question = hotspot::Question { selection, resolution: app.config.resolution, method };
            let settings = match method {
                // The bandwidth by rule smooths knots away: for a first look a fixed one that tells places of a town apart.
                hotspot::Method::Kde => {
                    hotspot::Settings { bandwidth_m: density.bandwidth_m.or(Some(PAGE_BANDWIDTH_M)), ..density }
                }
                _ => hotspot::Settings::default(),
            };
            let answer = hotspots::ask_with(app, who, &question, &settings).await?;
            Ok((place_pictures::hotspots(app, &answer)?, answer.provenance))
        }
        "clusters" => {
            let question = clusters_question::Question {
                selection,
                method: clusters_question::Method::Dbscan,
                distance_m: None,
                minimum: clusters_question::Question::USUAL_MINIMUM,
                resolution: app.config.resolution,
            };
            let answer = clusters::ask(app, who, &question).await?;
            Ok((place_pictures::clusters(app, &answer)?, answer.provenance))
        }
        "concentration" => {
            let question = concentration_question::Question { selection, resolution: app.config.resolution };
            let answer = concentration::ask(app, who, &question).await?;
            Ok((place_pictures::concentration(&answer)?, answer.provenance))
        }
        "change" => {
            let question = change_question::Question {
                before: change_question::Question::usual_before(selection.period),
                selection,
                by: change_question::By::Cell(app.config.resolution),
                test: change_question::Test::Exact,
                alpha: 0.05,
            };
            let answer = change::ask(app, who, &question).await?;
            Ok((pictures::change(app, &answer)?, answer.provenance))
        }
        "emerging" => {
            let step = StepLength::Days(28);
            let question = emerging_question::Question::usual(
                selection,
                app.config.resolution,
                step,
                emerging_question::Definition::Esri3,
            );
            let answer = emerging::ask(app, who, &question).await?;
            Ok((pictures::emerging(app, &answer)?, answer.provenance))
        }
        "hours" => {
            let answer = hours::ask(app, who, &selection).await?;
            Ok((render::hours::drawn(&answer.hours, &answer.provenance), answer.provenance))
        }
        "evaluate" => {
            let daypart = selection.daypart.clone();
            let question = evaluate_question::Question::usual(
                Selection { daypart: None, ..selection },
                vec![daypart],
                app.config.resolution,
            );
            let answer = evaluate::ask(app, who, &question, false).await?;
            Ok((evaluation::draw(&answer.evaluation, answer.headline)?, answer.provenance))
        }
        "forecast" => {
            let dayparts = vec![selection.daypart.clone()];
            let days = u32::try_from(selection.period.days()).unwrap_or(u32::MAX);
            let selection = Selection { daypart: None, ..selection };
            let mut question = evaluate_question::Question::usual(selection, dayparts, app.config.resolution);
            (question.horizon_days, question.step_days) = (days, days);
            let answer = forecast::ask(app, who, &question, None).await?;
            Ok((pictures::forecast(app, &answer)?, answer.provenance))
        }
        "near-repeat" => {
            let question = crate::analysis::near_repeat::Question::of(selection, app.config.resolution);
            let answer = near_repeat::ask(app, who, &question).await?;
            Ok((render::near_repeat::drawn(&answer.table, &answer.provenance), answer.provenance))
        }
        "scan" => {
            // A page is waited for: 199 shuffles take a second or two, and `vigie scan` takes more.
            let usual = crate::analysis::scan::Question::of(selection, app.config.resolution);
            let question = crate::analysis::scan::Question { permutations: 199, ..usual };
            let answer = scan::ask(app, who, &question).await?;
            let base = pictures::base(app, &answer.area)?;
            Ok((render::scan::drawn(&answer.scan, &answer.provenance, &base), answer.provenance))
        }
        other => Err(Error::bug(format!("nobody answers `{other}`"))),
    }
}
