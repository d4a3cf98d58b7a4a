//! `vigie anpr flow|cameras`.

use clap::Subcommand;

use super::Context;
use super::date::DateRange;
use crate::app::flow;
use crate::error::Result;
use crate::model::words::thousands;

#[derive(Subcommand)]
pub(super) enum Anpr {
    /// Reads a camera and hour; no plate is shown
    Flow {
        #[command(flatten)]
        dates: DateRange,
        /// One camera only
        #[arg(long)]
        camera: Option<String>,
    },
    /// The cameras, and when each was heard of last
    Cameras,
}

impl Anpr {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let who = context.who(&app)?;
        match self {
            Anpr::Flow { dates, camera } => {
                let answer = flow::ask(&app, &who, dates.period()?, camera.as_deref()).await?;
                context.output.answer(&answer, || {
                    let mut text = format!("{:<10}{:<32}{:<12}{:>5}{:>9}\n", "camera", "name", "date", "hour", "reads");
                    for row in answer.rows.iter() {
                        text.push_str(&format!(
                            "{:<10}{:<32}{:<12}{:>5}{:>9}\n",
                            row.camera_id,
                            row.name,
                            row.local_on.to_string(),
                            row.local_hour,
                            row.reads.map_or("[c]".to_owned(), thousands)
                        ));
                    }
                    text.push_str(&format!("{} reads", thousands(answer.provenance.rows)));
                    text
                })
            }
            Anpr::Cameras => {
                let cameras = flow::cameras(&app, &who).await?;
                context.output.answer(&cameras, || {
                    let mut text = format!("{:<10}{:<32}{:>10}  last read\n", "camera", "name", "reads");
                    for camera in &cameras {
                        let last = camera.last_on.map_or("never".to_owned(), crate::model::time::date_in_words);
                        let state = if camera.live { "" } else { "  silent since" };
                        text.push_str(&format!(
                            "{:<10}{:<32}{:>10}  {last}{state}\n",
                            camera.camera_id,
                            camera.name,
                            thousands(camera.reads)
                        ));
                    }
                    text
                })
            }
        }
    }
}
