//! `vigie sample`: the synthetic island as extract files.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Context;
use super::progress::spinner;
use crate::error::{Error, Result};
use crate::model::words::thousands;
use crate::sample::{Options, write};

#[derive(Args)]
pub(super) struct Sample {
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Size: 1 is an island of 14,000 incidents a year
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Full years of records
    #[arg(long, default_value_t = 3)]
    years: u32,
    /// Days of ANPR reads before the end
    #[arg(long, default_value_t = 14)]
    anpr_days: u32,
    /// Reads a day, in place of about 3,500 times the scale
    #[arg(long)]
    anpr_reads_per_day: Option<u64>,
    /// Days of patrol pings before the end
    #[arg(long, default_value_t = 28)]
    ping_days: u32,
    /// Folder to write
    #[arg(long)]
    out: PathBuf,
}

impl Sample {
    pub fn run(self, context: &Context) -> Result<()> {
        if !(self.scale > 0.0 && self.scale <= 1000.0) {
            return Err(Error::input("the scale is a number above 0, at most 1000").at("--scale"));
        }
        if !(1..=20).contains(&self.years) {
            return Err(Error::input("years are 1 to 20").at("--years"));
        }
        let options = Options {
            seed: self.seed,
            scale: self.scale,
            years: self.years,
            anpr_days: self.anpr_days,
            ping_days: self.ping_days,
            anpr_reads_per_day: self.anpr_reads_per_day,
            ..Options::default()
        };
        let bar = spinner(context.output, "writing the synthetic island");
        let written =
            write(&options, &self.out, &|file, rows| bar.set_message(format!("{file}: {} rows", thousands(rows))));
        bar.finish_and_clear();
        let summary = written?;
        let files: Vec<_> = summary.files.iter().map(|(name, rows)| json!({"file": name, "rows": rows})).collect();
        context.output.answer(&json!({"out": self.out, "seed": self.seed, "files": files}), || {
            let mut text = String::new();
            for (name, rows) in &summary.files {
                text.push_str(&format!("{name:<32}{:>14}\n", thousands(*rows)));
            }
            text.push_str("all of it synthetic: no real person or event is in it");
            text
        })
    }
}
