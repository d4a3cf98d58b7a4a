//! What is kept of a test, so that maps can say how good their method is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Evaluation, Part, Question};

/// What is kept of a test, so that maps can say how good their method is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Name of the method that the rule picked.
    pub best: String,
    /// Share of the area that decided.
    pub coverage: f64,
    /// Hit rate at it by method name.
    pub hit_rates: BTreeMap<String, f64>,
    /// First day of the test.
    pub from: String,
    /// The day after its last.
    pub to: String,
    /// Days of each window.
    pub horizon_days: u32,
    /// Windows with events.
    pub windows: usize,
    /// Events in them.
    pub events: u64,
    /// Store version that was tested.
    pub store_version: u64,
    /// Days that the methods looked back.
    #[serde(default = "two_years")]
    pub train_days: u32,
    /// Why the rule picked it.
    #[serde(default)]
    pub why: String,
}

/// What scores say that were kept before they named it.
fn two_years() -> u32 {
    730
}

impl Score {
    /// What of a test is kept for one daypart; `None` without a window.
    pub fn of(question: &Question, evaluation: &Evaluation, part: &Part, store_version: u64) -> Option<Self> {
        let coverage = question.headline();
        let rows = evaluation.rows.iter().filter(|row| row.daypart == part.daypart);
        let at = rows.filter(|row| row.coverage.total_cmp(&coverage).is_eq());
        let hit_rates: BTreeMap<String, f64> =
            at.filter_map(|row| Some((row.method.name().to_owned(), row.hit_rate?))).collect();
        (part.windows > 0).then(|| Self {
            best: part.best.name().to_owned(),
            coverage,
            hit_rates,
            from: question.selection.period.from.to_string(),
            to: question.selection.period.to.to_string(),
            horizon_days: question.horizon_days,
            windows: part.windows,
            events: part.events,
            store_version,
            train_days: question.train_days,
            why: part.why.clone(),
        })
    }

    /// What a method caught, as a map says it; `None` if it was not tested.
    ///
    /// # Example
    /// ```
    /// use std::collections::BTreeMap;
    /// use vigie::analysis::evaluate::Score;
    /// let score = Score {
    ///     best: "shrunk-rate".into(), coverage: 0.02, hit_rates: BTreeMap::from([("shrunk-rate".to_owned(), 0.41)]),
    ///     from: "2017-01-01".into(), to: "2018-01-01".into(), horizon_days: 7, windows: 52, events: 2888, store_version: 3,
    ///     train_days: 730, why: String::new(),
    /// };
    /// let words = score.words("shrunk-rate").ok_or(vigie::error::Error::bug("tested"))?;
    /// assert_eq!(words, "caught 41.0 % of records in 2 % of the area over 52 windows of 7 days, 2017-01-01 to 2018-01-01");
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn words(&self, method: &str) -> Option<String> {
        let rate = self.hit_rates.get(method)?;
        Some(format!(
            "caught {:.1} % of records in {} % of the area over {} windows of {} days, {} to {}",
            rate * 100.0,
            percent(self.coverage),
            self.windows,
            self.horizon_days,
            self.from,
            self.to
        ))
    }
}

/// A share as percent without needless zeros.
pub fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
