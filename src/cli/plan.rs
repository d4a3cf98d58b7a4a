//! `vigie plan list|status|show|check|load`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use super::date::date;
use crate::analysis::disclosure::Released;
use crate::analysis::plan::standing::PlanState;
use crate::app::plan::{self, Question};
use crate::error::Result;
use crate::render::plan as words;

#[derive(Args)]
pub(super) struct Filters {
    /// The day; without one the last day of the records
    #[arg(long)]
    on: Option<String>,
    /// Only what this role owns: its id, its name, or a spelling of the plan
    #[arg(long)]
    owner: Option<String>,
    /// Only what is due in this period: 2017, 2017-Q2 or 2017-05
    #[arg(long)]
    due: Option<String>,
    /// Only what stands so: late, due-soon, ahead, no-date, stopped, done-late or done
    #[arg(long)]
    standing: Option<String>,
    /// Only this reference, or this section
    #[arg(long = "ref")]
    reference: Option<String>,
}

#[derive(Subcommand)]
pub(super) enum Plan {
    /// Its deliverables in the order of the plan, with owner, date and how they stand
    List(Filters),
    /// What is late, due and done on a day: figures first, then what needs attention
    Status(Filters),
    /// One reference or section with everything that was entered about it
    Show {
        /// Reference, such as 3.4.8.4
        #[arg(value_name = "REF")]
        reference: String,
        /// The day; without one the last day of the records
        #[arg(long)]
        on: Option<String>,
    },
    /// What the plan leaves open or says in two ways
    Check,
    /// Take a file of dated entries (status, who, when, evidence) for those of the force
    Load {
        /// A TOML file, checked against the plan
        file: PathBuf,
    },
}

impl Plan {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let who = context.who(&app)?;
        match self {
            Plan::List(filters) => {
                let state = plan::ask(&app, &who, &filters.question()?).await?;
                answer(context, &state, words::list)
            }
            Plan::Status(filters) => {
                let state = plan::ask(&app, &who, &filters.question()?).await?;
                answer(context, &state, words::status)
            }
            Plan::Show { reference, on } => {
                let shown = plan::show(&app, &who, &reference, day(on.as_deref())?).await?;
                context.output.answer(&shown, || words::show(&shown.state, &shown.history))
            }
            Plan::Check => {
                let found = plan::check(&app, &who)?;
                context.output.answer(&json!({"rows": found}), || words::check(&found))
            }
            Plan::Load { file } => {
                let entries = plan::load(&app, &who, &file)?;
                context.output.answer(&json!({"entries": entries}), || {
                    format!("{entries} entries taken; `vigie plan status` says how the plan stands")
                })
            }
        }
    }
}

impl Filters {
    fn question(self) -> Result<Question> {
        Ok(Question {
            on: day(self.on.as_deref())?,
            owner: self.owner,
            due: self.due.as_deref().map(plan::due).transpose()?,
            standing: self.standing.as_deref().map(plan::standing).transpose()?,
            reference: self.reference,
        })
    }
}

fn day(text: Option<&str>) -> Result<Option<NaiveDate>> {
    text.map(|text| date("--on", text)).transpose()
}

fn answer(context: &Context, state: &Released<PlanState>, text: fn(&PlanState) -> String) -> Result<()> {
    context.output.answer(state, || text(state))
}
