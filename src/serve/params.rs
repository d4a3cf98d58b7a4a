//! Query strings as questions, checked once.

use std::collections::BTreeMap;

use crate::analysis::hotspot::{Against, Method, Permutations, Question, Settings};
use crate::analysis::selection::Selection;
use crate::analysis::trend::Step;
use crate::analysis::{clusters, concentration};
use crate::app::{App, hotspots, quality, trend};
use crate::error::{Error, Result};
use crate::model::time::{Period, parse_date};
use crate::stats::dual_kde::Joined;
use crate::stats::kde::Kernel;

/// The parameters of a request. Asking for one takes it; what is left at the end is unknown.
pub(super) struct Params {
    left: BTreeMap<String, String>,
}

impl Params {
    pub fn new(given: Vec<(String, String)>) -> Result<Self> {
        let mut left = BTreeMap::new();
        for (name, value) in given {
            if left.contains_key(&name) {
                return Err(Error::input("is there twice").at(name));
            }
            // An empty choice of a form means no choice.
            if !value.is_empty() {
                left.insert(name, value);
            }
        }
        Ok(Self { left })
    }

    pub fn take(&mut self, name: &str) -> Option<String> {
        self.left.remove(name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    pub fn need(&mut self, name: &str) -> Result<String> {
        self.take(name).ok_or_else(|| Error::input("is missing").at(name))
    }

    pub fn period(&mut self) -> Result<Period> {
        let from = parse_date(&self.need("from")?).map_err(|e| e.at("from"))?;
        let to = parse_date(&self.need("to")?).map_err(|e| e.at("to"))?;
        Period::new(from, to).map_err(|e| e.at("to"))
    }

    /// Dataset, group, period and daypart.
    pub fn selection(&mut self, app: &App) -> Result<Selection> {
        let period = self.period()?;
        let daypart = self.take("daypart").map(|name| app.config.daypart(&name)).transpose();
        Ok(Selection {
            dataset: self.take("dataset").unwrap_or_else(|| "crimes".to_owned()),
            group: self.take("group"),
            period,
            daypart: daypart.map_err(|e| e.at("daypart"))?,
        })
    }

    pub fn resolution(&mut self, app: &App) -> Result<u8> {
        match self.take("res") {
            Some(text) => text.parse().map_err(|_| Error::input(format!("`{text}` is not a resolution")).at("res")),
            None => Ok(app.config.resolution),
        }
    }

    pub fn hotspots(&mut self, app: &App) -> Result<Question> {
        let (selection, resolution) = (self.selection(app)?, self.resolution(app)?);
        let name = self.take("method");
        let method = hotspots::method(app, &selection, resolution, name.as_deref()).map_err(|e| e.at("method"))?;
        let question = Question { selection, resolution, method };
        question.check()?;
        Ok(question)
    }

    /// The records that a density is held against, if they are named.
    fn against(&mut self, first: &Selection) -> Result<Option<Against>> {
        let mut date = |name: &str| self.take(name).map(|text| parse_date(&text).map_err(|e| e.at(name))).transpose();
        let period = match (date("against_from")?, date("against_to")?) {
            (None, None) => None,
            (Some(from), Some(to)) => Some(Period::new(from, to).map_err(|e| e.at("against_to"))?),
            (Some(_), None) => return Err(Error::input("is missing").at("against_to")),
            (None, Some(_)) => return Err(Error::input("is missing").at("against_from")),
        };
        let group = self.take("against_group");
        let joined = Joined::parse(self.take("join").as_deref().unwrap_or("ratio")).map_err(|e| e.at("join"))?;
        Against::of(first, group, period, joined)
    }

    /// How a hotspot question is answered: permutations and their seed, kernel and bandwidth, a second density.
    pub fn settings(&mut self, method: Method, first: &Selection) -> Result<Settings> {
        let draws = self.number::<u32>("permutations", "a number of permutations")?;
        let seed = self.number("seed", "a seed")?;
        if seed.is_some() && draws.is_none() {
            return Err(Error::input("goes with permutations").at("seed"));
        }
        let kernel = self.take("kernel").map(|name| Kernel::parse(&name)).transpose()?;
        let settings = Settings {
            permutations: draws.map(|draws| Permutations { draws, seed: seed.unwrap_or(1) }),
            weights: None,
            kernel,
            bandwidth_m: self.number("bandwidth", "a number of metres")?,
            against: self.against(first)?,
        };
        settings.check(method)?;
        Ok(settings)
    }

    pub fn clusters(&mut self, app: &App) -> Result<clusters::Question> {
        let (selection, resolution) = (self.selection(app)?, self.resolution(app)?);
        let question = clusters::Question {
            selection,
            method: clusters::Method::parse(self.take("method").as_deref().unwrap_or("dbscan"))?,
            distance_m: self.number("distance", "a number of metres")?,
            minimum: self.number("minimum", "a number of points")?.unwrap_or(clusters::Question::USUAL_MINIMUM),
            resolution,
        };
        question.check()?;
        Ok(question)
    }

    pub fn concentration(&mut self, app: &App) -> Result<concentration::Question> {
        let question = concentration::Question { selection: self.selection(app)?, resolution: self.resolution(app)? };
        question.check()?;
        Ok(question)
    }

    pub fn number<T: std::str::FromStr>(&mut self, name: &str, wanted: &str) -> Result<Option<T>> {
        let read = |text: String| text.parse().map_err(|_| Error::input(format!("`{text}` is not {wanted}")).at(name));
        self.take(name).map(read).transpose()
    }

    /// Numbers separated by commas.
    pub fn numbers(&mut self, name: &str, wanted: &str) -> Result<Option<Vec<f64>>> {
        let wrong = |text: &str| Error::input(format!("`{text}` is not {wanted}")).at(name);
        let Some(text) = self.take(name) else { return Ok(None) };
        let numbers = text.split(',').map(|one| one.trim().parse().ok().filter(|n: &f64| n.is_finite()));
        numbers.collect::<Option<Vec<f64>>>().map(Some).ok_or_else(|| wrong(&text))
    }

    pub fn trend(&mut self, app: &App) -> Result<trend::Question> {
        let mut question = trend::Question::of(self.selection(app)?);
        if let Some(step) = self.take("step") {
            question.step = Step::parse(&step)?;
        }
        question.by = self.take("by").map(|by| trend::By::parse(&by)).transpose()?;
        let wanted = &mut question.wanted;
        wanted.decompose = self.yes("decompose")?;
        wanted.changes = self.yes("changes")?;
        wanted.forecast = self.number("forecast", "a number of steps")?;
        wanted.seed = self.number("seed", "a seed")?.unwrap_or(wanted.seed);
        Ok(question)
    }

    /// `true` or `false`; false without it.
    pub fn yes(&mut self, name: &str) -> Result<bool> {
        match self.take(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Error::input(format!("`{other}` is neither true nor false")).at(name)),
        }
    }

    pub fn quality(&mut self) -> Result<quality::Question> {
        let mut date = |name: &str| self.take(name).map(|text| parse_date(&text).map_err(|e| e.at(name))).transpose();
        let (from, to) = (date("from")?, date("to")?);
        Ok(quality::Question { dataset: self.take("dataset"), from, to, ..quality::Question::default() })
    }

    /// Whatever is left, as pairs.
    pub fn rest(self) -> Vec<(String, String)> {
        self.left.into_iter().collect()
    }

    /// A parameter that nobody asked for is an error: a filter that is silently ignored is a wrong answer.
    pub fn done(self) -> Result<()> {
        match self.left.into_keys().next() {
            Some(name) => Err(Error::input("is not a parameter of this path").at(name)),
            None => Ok(()),
        }
    }
}
