//! The questions that the page `/analysis` asks: each is a trip of its own, put with its usual settings and drawn.

use super::{App, evaluate, pictures, trend};
use crate::analysis::evaluate::Question as Usual;
use crate::analysis::selection::Selection;
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::provenance::Provenance;
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
}

/// Every question of the page, in its order.
pub const QUESTIONS: &[Asked] = &[
    Asked {
        name: "trend",
        title: "Trend",
        about: "Is it rising or falling? Whole months, with the year before beside them.",
    },
    Asked {
        name: "evaluate",
        title: "Forecast accuracy",
        about: "How good would a map have been? Methods tested week by week on days that they had not seen.",
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

/// Puts a question with its usual settings to some records, and draws the answer.
///
/// # Errors
/// As the trip of that question.
pub async fn ask(app: &App, who: &Principal, asked: Asked, selection: Selection) -> Result<(Drawn, Provenance)> {
    match asked.name {
        "trend" => {
            let answer = trend::ask(app, who, &trend::Question { selection }).await?;
            Ok((pictures::trend(&answer)?, answer.provenance))
        }
        "evaluate" => {
            let daypart = selection.daypart.clone();
            let question = Usual::usual(Selection { daypart: None, ..selection }, vec![daypart], app.config.resolution);
            let answer = evaluate::ask(app, who, &question, false).await?;
            Ok((evaluation::draw(&answer.evaluation, answer.headline)?, answer.provenance))
        }
        other => Err(Error::bug(format!("nobody answers `{other}`"))),
    }
}
