//! The questions that the page `/analysis` asks: each is a trip of its own, put with its usual settings and drawn.

use super::{App, pictures, trend};
use crate::analysis::selection::Selection;
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::provenance::Provenance;
use crate::render::drawn::Drawn;

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
pub const QUESTIONS: &[Asked] = &[Asked {
    name: "trend",
    title: "Trend",
    about: "Is it rising or falling? Whole months, with the year before beside them.",
}];

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
            let answer = trend::ask(app, who, &trend::Question::of(selection).with_parts()).await?;
            Ok((pictures::trend(&answer)?, answer.provenance))
        }
        other => Err(Error::bug(format!("nobody answers `{other}`"))),
    }
}
