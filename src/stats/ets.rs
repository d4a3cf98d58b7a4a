//! Exponential smoothing in state space form, with additive errors: a level, perhaps a damped slope, perhaps a season.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::error::{Error, Result};

/// Which parts a model has beside its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// A slope that dies away.
    pub slope: bool,
    /// A season of so many steps.
    pub season: Option<usize>,
}

impl Form {
    /// Its name in the literature: error, trend and season.
    pub fn name(self) -> &'static str {
        match (self.slope, self.season.is_some()) {
            (false, false) => "ETS(A,N,N)",
            (true, false) => "ETS(A,Ad,N)",
            (false, true) => "ETS(A,N,A)",
            (true, true) => "ETS(A,Ad,A)",
        }
    }

    /// Starting values that are free: level, slope, and all of the season but one.
    fn starts(self) -> usize {
        1 + usize::from(self.slope) + self.season.map_or(0, |m| m - 1)
    }

    /// Smoothing parameters.
    fn smoothers(self) -> usize {
        1 + 2 * usize::from(self.slope) + usize::from(self.season.is_some())
    }
}

/// Smoothing parameters. Those of parts that a model does not have are 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Smoothing {
    /// Share of an error that moves the level.
    pub alpha: f64,
    /// Share of an error that moves the slope, at most α.
    pub beta: f64,
    /// Share of an error that moves the season, at most 1 − α.
    pub gamma: f64,
    /// What is left of the slope a step later.
    pub phi: f64,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Its parts.
    pub form: Form,
    /// Its smoothing parameters.
    pub smoothing: Smoothing,
    /// Sum of squares of the errors of one step.
    pub sum_of_squares: f64,
    /// Errors of one step, in the order of the series.
    pub errors: Vec<f64>,
    /// Corrected information criterion; smaller is better.
    pub aicc: f64,
    /// The state after the last step.
    last: State,
    /// What one unit of each starting value adds to the state after the last step, and how well it is known.
    start: Start,
}

/// The forecast of one step ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ahead {
    /// Expected value.
    pub mean: f64,
    /// Variance around it from the errors to come, with the parameters taken as known.
    pub variance: f64,
    /// Variance that is added because the starting values were estimated.
    pub start_variance: f64,
}

/// Smallest and largest smoothing parameters that are tried, and those of φ.
const SMOOTH: (f64, f64) = (1e-4, 0.9999);
const DAMP: (f64, f64) = (0.8, 0.98);

/// Fits one model by least squares.
///
/// **Method** (Hyndman, Koehler, Ord and Snyder 2008, doi:10.1007/978-3-540-71918-2): with ŷ = l + φb + s,
/// e = y − ŷ; l ← l + φb + αe; b ← φb + βe; s ← s + γe, each season's own. For given α, β, γ, φ the errors are linear
/// in the starting values, which are therefore exact least squares (the season's sum to 0); the smoothing parameters
/// minimise the sum of squares by the simplex of Nelder and Mead (1965, doi:10.1093/comjnl/7.4.308) from four starts
/// within 0.0001 ≤ α ≤ 0.9999, β ≤ α, γ ≤ 1 − α and 0.8 ≤ φ ≤ 0.98. For normal errors that is maximum likelihood.
/// AICc = n ln(SSE/n) + 2k + 2k(k + 1)/(n − k − 1), k the smoothing parameters, the free starting values and σ².
/// **Units**: those of the series.
/// **Undefined**: `None` if the series is shorter than two cycles of its season or has fewer than k + 2 steps. Cost grows
/// with the length times the square of the season.
///
/// # Errors
/// `Data` if a value is not a finite number; `Bug` for a season below 2.
///
/// # Example
/// ```
/// use vigie::stats::ets::{Form, fit};
/// let series = [12.0, 9.0, 11.0, 10.0, 12.0, 11.0, 9.0, 10.0, 11.0, 10.0];
/// let fit = fit(&series, Form { slope: false, season: None })?.ok_or("too short")?;
/// assert!((fit.forecast(1)[0].mean - 10.5).abs() < 0.3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fit(series: &[f64], form: Form) -> Result<Option<Fit>> {
    if let Some(at) = series.iter().position(|value| !value.is_finite()) {
        return Err(Error::data(format!("step {at} of the series is not a finite number")));
    }
    if form.season.is_some_and(|m| m < 2) {
        return Err(Error::bug("a season has at least 2 steps"));
    }
    let n = series.len();
    let k = form.smoothers() + form.starts() + 1;
    if n < 2 * form.season.unwrap_or(1) || n < k + 2 {
        return Ok(None);
    }
    let cost = |point: &[f64]| run(series, form, smoothing(form, point)).sum_of_squares;
    let best = minimise(&cost, form.smoothers());
    let smoothing = smoothing(form, &best);
    let run = run(series, form, smoothing);
    // A series that the model meets exactly has errors of rounding only; their logarithm is still a number.
    let mean_square = (run.sum_of_squares / n as f64).max(f64::MIN_POSITIVE);
    let (n, k) = (n as f64, k as f64);
    let aicc = n * mean_square.ln() + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0);
    Ok(Some(Fit {
        form,
        smoothing,
        sum_of_squares: run.sum_of_squares,
        errors: run.errors,
        aicc,
        last: run.last,
        start: run.start,
    }))
}

/// Fits the four models and keeps the one with the smallest AICc, the plainer one if two are equal.
///
/// **Method**: [`fit`] of ETS(A,N,N) and ETS(A,Ad,N), and with two whole cycles of a season ETS(A,N,A) and ETS(A,Ad,A).
/// **Units** and **Undefined**: as [`fit`]; `None` if no model can be fitted.
///
/// # Errors
/// As [`fit`].
///
/// # Example
/// ```
/// use vigie::stats::ets::choose;
/// let series: Vec<f64> = (0..40).map(|t| 20.0 + [9.0, -9.0, 3.0, -3.0][t % 4] + (t * 7 % 5) as f64).collect();
/// let fit = choose(&series, Some(4))?.ok_or("too short")?;
/// assert_eq!(fit.form.name(), "ETS(A,N,A)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn choose(series: &[f64], season: Option<usize>) -> Result<Option<Fit>> {
    let mut best: Option<Fit> = None;
    let seasons = [None, season];
    for season in &seasons[..=usize::from(season.is_some())] {
        for slope in [false, true] {
            if let Some(found) = fit(series, Form { slope, season: *season })?
                && best.as_ref().is_none_or(|best| found.aicc < best.aicc)
            {
                best = Some(found);
            }
        }
    }
    Ok(best)
}

impl Fit {
    /// Variance of an error: SSE / (n − smoothing parameters − free starting values).
    pub fn error_variance(&self) -> f64 {
        self.sum_of_squares / self.degrees_of_freedom()
    }

    /// Steps less the parameters that were estimated from them.
    pub fn degrees_of_freedom(&self) -> f64 {
        (self.errors.len() - self.form.smoothers() - self.form.starts()) as f64
    }

    /// The next steps.
    ///
    /// **Method** (Hyndman and others 2008, table 6.1): variance `σ² (1 + Σ c_j²)`, j = 1 … h − 1, with
    /// `c_j = α + β (φ + … + φ^j) + γ` at whole cycles. To it comes σ² r′(Z′Z)⁻¹r of the starting values (Z what they
    /// add to the errors, r what they add to the forecast): with few cycles a season is known no better than that.
    /// That the smoothing parameters were estimated is not counted.
    /// **Units**: those of the series, squared for the variances.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::ets::{Form, fit};
    /// let series = [12.0, 9.0, 11.0, 10.0, 12.0, 11.0, 9.0, 10.0, 11.0, 10.0];
    /// let ahead = fit(&series, Form { slope: false, season: None })?.ok_or("too short")?.forecast(3);
    /// assert!(ahead.is_sorted_by(|a, b| a.variance <= b.variance));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forecast(&self, steps: usize) -> Vec<Ahead> {
        let Smoothing { alpha, beta, gamma, phi } = self.smoothing;
        let sigma2 = self.error_variance();
        let period = self.form.season.unwrap_or(usize::MAX);
        let (mut damped, mut power, mut sum) = (0.0, 1.0, 1.0);
        let (mut mean, mut units) = (self.last.clone(), self.start.units.clone());
        (1..=steps)
            .map(|h| {
                let means = mean.expect(phi);
                let reach: Vec<f64> = units.iter().map(|unit| unit.expect(phi)).collect();
                let ahead = Ahead {
                    mean: means,
                    variance: sigma2 * sum,
                    start_variance: sigma2 * self.start.quadratic(&reach),
                };
                mean.step(0.0, self.smoothing);
                for unit in &mut units {
                    unit.step(0.0, self.smoothing);
                }
                power *= phi;
                damped += power;
                let c = alpha + beta * damped + if h.is_multiple_of(period) { gamma } else { 0.0 };
                sum += c * c;
                ahead
            })
            .collect()
    }

    /// The t that leaves `confidence` of the error of a forecast between −t and t.
    ///
    /// **Method**: Student's t with [`Fit::degrees_of_freedom`], because σ² is estimated.
    /// **Undefined**: `None` unless 0 < confidence < 1.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::ets::{Form, fit};
    /// let fit = fit(&[3.0, 5.0, 4.0, 4.0, 6.0, 5.0, 3.0, 4.0], Form { slope: false, season: None })?.ok_or("short")?;
    /// assert!(fit.quantile(0.95).is_some_and(|t| (t - 2.446_912).abs() < 1e-5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn quantile(&self, confidence: f64) -> Option<f64> {
        if !(confidence > 0.0 && confidence < 1.0) {
            return None;
        }
        StudentsT::new(0.0, 1.0, self.degrees_of_freedom()).ok().map(|t| t.inverse_cdf(0.5 + confidence / 2.0))
    }
}

/// Level, slope and the season's values, the oldest at `at`.
#[derive(Debug, Clone, PartialEq)]
struct State {
    level: f64,
    slope: f64,
    season: Vec<f64>,
    at: usize,
}

impl State {
    fn zero(form: Form) -> Self {
        Self { level: 0.0, slope: 0.0, season: vec![0.0; form.season.unwrap_or(0)], at: 0 }
    }

    /// The state in which one free starting value is 1; the last of the season balances the others.
    fn unit(form: Form, which: usize) -> Self {
        let mut state = Self::zero(form);
        match which {
            0 => state.level = 1.0,
            1 if form.slope => state.slope = 1.0,
            _ => {
                state.season[which - 1 - usize::from(form.slope)] = 1.0;
                if let Some(last) = state.season.last_mut() {
                    *last = -1.0;
                }
            }
        }
        state
    }

    fn expect(&self, phi: f64) -> f64 {
        self.level + phi * self.slope + self.season.get(self.at).copied().unwrap_or(0.0)
    }

    /// Moves on by an error.
    fn step(&mut self, error: f64, s: Smoothing) {
        self.level += s.phi * self.slope + s.alpha * error;
        self.slope = s.phi * self.slope + s.beta * error;
        if let Some(season) = self.season.get_mut(self.at) {
            *season += s.gamma * error;
            self.at = (self.at + 1) % self.season.len();
        }
    }

    fn add(&mut self, other: &State, times: f64) {
        self.level += times * other.level;
        self.slope += times * other.slope;
        self.season.iter_mut().zip(&other.season).for_each(|(own, other)| *own += times * other);
    }
}

/// What the starting values add to the last state, and the inverse of their information.
#[derive(Debug, Clone, PartialEq)]
struct Start {
    units: Vec<State>,
    factor: Cholesky,
}

impl Start {
    /// r′(Z′Z)⁻¹r.
    fn quadratic(&self, r: &[f64]) -> f64 {
        let half = self.factor.forward(r);
        half.iter().map(|x| x * x).sum()
    }
}

struct Run {
    sum_of_squares: f64,
    errors: Vec<f64>,
    last: State,
    start: Start,
}

/// One pass over the series for given smoothing parameters: the errors from a start of zeros, what each starting value
/// would take from them, and the best starting values.
fn run(series: &[f64], form: Form, smoothing: Smoothing) -> Run {
    let k = form.starts();
    let mut state = State::zero(form);
    let mut units: Vec<State> = (0..k).map(|which| State::unit(form, which)).collect();
    let mut errors = Vec::with_capacity(series.len());
    let mut columns = vec![0.0; k * series.len()];
    for (t, y) in series.iter().enumerate() {
        let error = y - state.expect(smoothing.phi);
        state.step(error, smoothing);
        errors.push(error);
        for (unit, cell) in units.iter_mut().zip(&mut columns[t * k..(t + 1) * k]) {
            // What a unit of the start adds to the expectation, it takes from the error.
            *cell = unit.expect(smoothing.phi);
            unit.step(-*cell, smoothing);
        }
    }
    let mut information = vec![0.0; k * k];
    let mut moment = vec![0.0; k];
    for (row, error) in columns.chunks_exact(k).zip(&errors) {
        for (i, a) in row.iter().enumerate() {
            moment[i] += a * error;
            for (sum, b) in information[i * k..=i * k + i].iter_mut().zip(row) {
                *sum += a * b;
            }
        }
    }
    let factor = Cholesky::of(information, k);
    let best = factor.solve(&moment);
    for (row, error) in columns.chunks_exact(k).zip(&mut errors) {
        *error -= row.iter().zip(&best).map(|(z, x)| z * x).sum::<f64>();
    }
    for (unit, times) in units.iter().zip(&best) {
        state.add(unit, *times);
    }
    Run { sum_of_squares: errors.iter().map(|e| e * e).sum(), errors, last: state, start: Start { units, factor } }
}

/// Lower triangle of a factorised information matrix. A direction that the series says nothing about is left out.
#[derive(Debug, Clone, PartialEq)]
struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    fn of(mut a: Vec<f64>, size: usize) -> Self {
        for j in 0..size {
            let own = a[j * size + j];
            let taken: f64 = a[j * size..j * size + j].iter().map(|x| x * x).sum();
            let pivot = own - taken;
            // Infinity in the diagonal makes the direction's value 0 and its share of every product 0.
            let root = if pivot > 1e-12 * own { pivot.sqrt() } else { f64::INFINITY };
            a[j * size + j] = root;
            for i in j + 1..size {
                let (upper, row) = a.split_at_mut(i * size);
                let product: f64 = upper[j * size..j * size + j].iter().zip(&row[..j]).map(|(x, y)| x * y).sum();
                row[j] = (row[j] - product) / root;
            }
        }
        Self { size, lower: a }
    }

    /// L⁻¹ r.
    fn forward(&self, r: &[f64]) -> Vec<f64> {
        let mut out = r.to_vec();
        for i in 0..self.size {
            let row = &self.lower[i * self.size..=i * self.size + i];
            let sum: f64 = row[..i].iter().zip(&out).map(|(l, x)| l * x).sum();
            out[i] = (out[i] - sum) / row[i];
        }
        out
    }

    fn solve(&self, r: &[f64]) -> Vec<f64> {
        let mut out = self.forward(r);
        for i in (0..self.size).rev() {
            let sum: f64 = (i + 1..self.size).map(|j| self.lower[j * self.size + i] * out[j]).sum();
            out[i] = (out[i] - sum) / self.lower[i * self.size + i];
        }
        out
    }
}

/// Smoothing parameters of a point of the unit cube.
fn smoothing(form: Form, point: &[f64]) -> Smoothing {
    let between = |(low, high): (f64, f64), at: f64| low + (high - low) * at.clamp(0.0, 1.0);
    let alpha = between(SMOOTH, point[0]);
    let mut out = Smoothing { alpha, ..Smoothing::default() };
    let mut rest = point[1..].iter();
    if form.slope {
        out.beta = alpha * between(SMOOTH, rest.next().copied().unwrap_or(0.0));
        out.phi = between(DAMP, rest.next().copied().unwrap_or(0.0));
    }
    if form.season.is_some() {
        out.gamma = (1.0 - alpha) * between(SMOOTH, rest.next().copied().unwrap_or(0.0));
    }
    out
}

/// Starts of the search: every parameter this far into its range.
const STARTS: [f64; 4] = [0.02, 0.15, 0.45, 0.8];
/// Evaluations from one start, and when the simplex is flat.
const EVALUATIONS: usize = 160;
const FLAT: f64 = 1e-10;

/// The point of the unit cube with the smallest cost.
fn minimise(cost: &dyn Fn(&[f64]) -> f64, size: usize) -> Vec<f64> {
    let ranked = STARTS.map(|at| simplex(cost, &vec![at; size]));
    let best = ranked.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or_else(|| vec![0.5; size], |best| best.0)
}

/// Nelder and Mead's simplex within the unit cube.
fn simplex(cost: &dyn Fn(&[f64]) -> f64, start: &[f64]) -> (Vec<f64>, f64) {
    let size = start.len();
    let value = |mut point: Vec<f64>| {
        for x in &mut point {
            *x = x.clamp(0.0, 1.0);
        }
        let cost = cost(&point);
        (point, if cost.is_nan() { f64::INFINITY } else { cost })
    };
    let mut corners = vec![value(start.to_vec())];
    for axis in 0..size {
        let mut corner = start.to_vec();
        corner[axis] += if corner[axis] > 0.6 { -0.2 } else { 0.2 };
        corners.push(value(corner));
    }
    let mut evaluations = size + 1;
    loop {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst) = (corners[0].1, corners[size].1);
        if evaluations >= EVALUATIONS * size || worst - best <= FLAT * best.abs() {
            return corners.swap_remove(0);
        }
        let centre: Vec<f64> =
            (0..size).map(|axis| corners[..size].iter().map(|c| c.0[axis]).sum::<f64>() / size as f64).collect();
        let along = |by: f64| centre.iter().zip(&corners[size].0).map(|(c, w)| c + by * (c - w)).collect::<Vec<_>>();
        let reflected = value(along(1.0));
        evaluations += 1;
        let next = if reflected.1 < best {
            let further = value(along(2.0));
            evaluations += 1;
            Some(if further.1 < reflected.1 { further } else { reflected })
        } else if reflected.1 < corners[size - 1].1 {
            Some(reflected)
        } else {
            let inner = value(along(if reflected.1 < worst { 0.5 } else { -0.5 }));
            evaluations += 1;
            (inner.1 < worst.min(reflected.1)).then_some(inner)
        };
        if let Some(next) = next {
            corners[size] = next;
        } else {
            let best = corners[0].0.clone();
            for corner in &mut corners[1..] {
                let point = corner.0.iter().zip(&best).map(|(x, b)| b + 0.5 * (x - b)).collect();
                *corner = value(point);
            }
            evaluations += size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Form = Form { slope: false, season: None };

    fn noisy(n: usize, period: usize) -> Vec<f64> {
        let turn = std::f64::consts::TAU / period as f64;
        (0..n).map(|t| 60.0 + 12.0 * (t as f64 * turn).cos() + ((t * t * 31 + t * 17) % 23) as f64 * 0.4).collect()
    }

    #[test]
    fn the_errors_are_those_of_the_recursion() {
        let series = noisy(50, 6);
        let fit = fit(&series, Form { slope: true, season: Some(6) }).unwrap().unwrap();
        let s = fit.smoothing;
        assert!(s.beta <= s.alpha && s.gamma <= 1.0 - s.alpha && (0.8..=0.98).contains(&s.phi));
        // Back from the last state to the first, error by error, and forward again.
        let mut state = fit.last.clone();
        for error in fit.errors.iter().rev() {
            state.at = (state.at + 5) % 6;
            state.season[state.at] -= s.gamma * error;
            state.slope = (state.slope - s.beta * error) / s.phi;
            state.level -= s.phi * state.slope + s.alpha * error;
        }
        assert!(state.season.iter().sum::<f64>().abs() < 1e-6, "{state:?}");
        for (y, error) in series.iter().zip(&fit.errors) {
            assert!((y - state.expect(s.phi) - error).abs() < 1e-6);
            state.step(*error, s);
        }
    }

    #[test]
    fn a_level_without_memory_is_the_mean() {
        let series = [4.0, 6.0, 5.0, 5.0, 4.0, 6.0, 6.0, 4.0, 5.0, 5.0, 6.0, 4.0];
        let fit = fit(&series, LEVEL).unwrap().unwrap();
        assert!(fit.smoothing.alpha < 0.01, "{:?}", fit.smoothing);
        let ahead = fit.forecast(6);
        assert!(ahead.iter().all(|a| (a.mean - 5.0).abs() < 0.01));
        // The mean of n steps is known to σ²/n.
        assert!((ahead[0].start_variance / fit.error_variance() - 1.0 / 12.0).abs() < 0.01);
    }

    #[test]
    fn variance_grows_as_the_weights_say() {
        let walk = [1.0, 2.0, 4.0, 3.0, 5.0, 7.0, 8.0, 7.0, 9.0, 11.0, 12.0, 14.0, 13.0, 15.0];
        let fit = fit(&walk, LEVEL).unwrap().unwrap();
        let (alpha, sigma2) = (fit.smoothing.alpha, fit.error_variance());
        for (h, ahead) in fit.forecast(5).iter().enumerate() {
            assert!((ahead.variance - sigma2 * (1.0 + h as f64 * alpha * alpha)).abs() < 1e-9);
        }
    }

    #[test]
    fn a_season_is_chosen_where_there_is_one_and_not_elsewhere() {
        assert!(choose(&noisy(72, 12), Some(12)).unwrap().unwrap().form.season.is_some());
        let flat: Vec<f64> = (0..72).map(|t| f64::from((t * t * 31 + t * 17) % 23)).collect();
        assert_eq!(choose(&flat, Some(12)).unwrap().unwrap().form.season, None);
    }

    #[test]
    fn constants_short_and_broken_series() {
        let flat = choose(&[7.0; 30], Some(12)).unwrap().unwrap();
        let ahead = flat.forecast(3);
        assert!(ahead.iter().all(|a| (a.mean - 7.0).abs() < 1e-6 && a.variance.abs() < 1e-9));
        assert_eq!(choose(&[1.0, 2.0], Some(12)).unwrap(), None);
        assert_eq!(fit(&[1.0; 20], Form { slope: false, season: Some(12) }).unwrap(), None);
        assert!(fit(&[f64::NAN; 20], LEVEL).is_err());
        assert!(fit(&[1.0; 20], Form { slope: false, season: Some(1) }).is_err());
    }

    #[test]
    fn the_same_series_gives_the_same_bytes() {
        let series = noisy(60, 12);
        assert_eq!(choose(&series, Some(12)).unwrap(), choose(&series, Some(12)).unwrap());
    }
}
