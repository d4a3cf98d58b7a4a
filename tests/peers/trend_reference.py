"""Numbers of other people's programs for tests/reference/trend.json: statsmodels (STL, MSTL, ETS), ruptures (PELT),
SciPy (binomial test).

    python3 -m venv V && V/bin/pip install statsmodels==0.15.0 ruptures==1.1.10
    V/bin/python tests/peers/trend_reference.py > tests/reference/trend.json

Every series is made up here, from a small generator that needs no library, so that the file says what went in.
"""

import json
import math
import sys
import warnings

import numpy as np
import pandas as pd
import ruptures
import statsmodels
from ruptures.base import BaseCost
from scipy.stats import binomtest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.seasonal import MSTL, STL

warnings.simplefilter("ignore")


def draws(seed):
    """Whole numbers from 0 to 2**31 - 1 by a linear congruence."""
    state = seed
    while True:
        state = (state * 1103515245 + 12345) % 2**31
        yield state / 2**31


def poisson(mean, stream):
    """A Poisson count by multiplication."""
    limit, product, count = math.exp(-mean), 1.0, 0
    while True:
        product *= next(stream)
        if product <= limit:
            return count
        count += 1


def seasonal(n, period, level, slope, swing, seed):
    stream = draws(seed)
    means = [level + slope * t + swing * math.sin(2 * math.pi * t / period) for t in range(n)]
    return [poisson(mean, stream) for mean in means]


def drifting(n, period, level, seed):
    """Counts whose level and season wander."""
    stream = draws(seed)
    season = [20 * math.sin(2 * math.pi * t / period) for t in range(period)]
    out = []
    for t in range(n):
        level += 4 * (next(stream) - 0.5)
        season[t % period] += 60 * (next(stream) - 0.5)
        out.append(poisson(max(1.0, level + season[t % period]), stream))
    return out


def decompositions():
    months = seasonal(120, 12, 60, 0.2, 15, 1)
    days = [
        a + b
        for a, b in zip(seasonal(182, 7, 20, 0.0, 6, 2), seasonal(182, 30, 20, 0.05, 8, 3))
    ]
    cases = []
    for name, window, degree, robust in [
        ("STL, window 11", 11, 1, False),
        ("STL, window 7, robust", 7, 1, True),
        ("STL, fixed", 10 * len(months) + 1, 0, False),
    ]:
        fit = STL(months, period=12, seasonal=window, seasonal_deg=degree, robust=robust).fit()
        cases.append(
            {
                "name": name,
                "series": months,
                "periods": [12],
                "window": None if degree == 0 else window,
                "robust": robust,
                "trend": fit.trend.tolist(),
                "seasons": [fit.seasonal.tolist()],
            }
        )
    fit = MSTL(days, periods=(7, 30), windows=(11, 11)).fit()
    cases.append(
        {
            "name": "MSTL, 7 and 30",
            "series": days,
            "periods": [7, 30],
            "window": 11,
            "robust": False,
            "trend": fit.trend.tolist(),
            "seasons": fit.seasonal.T.tolist(),
        }
    )
    return cases


def smoothing():
    cases = []
    for name, series, damped, season in [
        ("ETS(A,N,N)", seasonal(60, 12, 40, 0.5, 0, 4), False, None),
        ("ETS(A,Ad,N)", seasonal(80, 12, 30, 0.9, 0, 5), True, None),
        ("ETS(A,N,A)", drifting(96, 12, 160, 6), False, 12),
        ("ETS(A,Ad,A)", seasonal(96, 12, 30, 0.6, 12, 7), True, 12),
    ]:
        model = ETSModel(
            pd.Series(series, dtype=float, index=pd.period_range("2001-01", periods=len(series), freq="M")),
            error="add",
            trend="add" if damped else None,
            damped_trend=damped,
            seasonal="add" if season else None,
            seasonal_periods=season,
            initialization_method="estimated",
        )
        best = model.fit(disp=False, maxiter=5000)
        # Its search stops early; it goes on from where it stopped until that is no use.
        for _ in range(30):
            again = model.fit(start_params=best.params, disp=False, maxiter=5000, pgtol=1e-10, factr=10.0)
            if again.sse >= best.sse * (1 - 1e-10):
                break
            best = again
        params = dict(zip(best.model.param_names, best.params))
        ahead = best.get_prediction(start=len(series), end=len(series) + 17, method="exact")
        cases.append(
            {
                "name": name,
                "series": series,
                "season": season,
                "alpha": params["smoothing_level"],
                "beta": params.get("smoothing_trend", 0.0),
                "gamma": params.get("smoothing_seasonal", 0.0),
                "phi": params.get("damping_trend", 0.0),
                "sse": float(best.sse),
                "mean": np.asarray(ahead.predicted_mean).tolist(),
                "variance_over_sigma2": (np.asarray(ahead.forecast_variance) / best.scale).tolist(),
            }
        )
    return cases


class Rates(BaseCost):
    """Minus twice the Poisson log likelihood of a stretch of (count, exposure)."""

    model = "rates"
    min_size = 1

    def fit(self, signal):
        self.signal = signal
        return self

    def error(self, start, end):
        count, exposure = self.signal[start:end].sum(axis=0)
        return 0.0 if count == 0 else float(-2 * count * (math.log(count / exposure) - 1))


def changes():
    cases = []
    for seed, n, least in [(11, 60, 3), (12, 120, 3), (13, 156, 8), (14, 90, 2), (15, 200, 5)]:
        stream = draws(seed)
        levels = [0.4, 0.65, 0.3, 1.2, 0.05]
        length = n // 5 + 1
        exposures = [28.0 + int(next(stream) * 4) for _ in range(n)]
        counts = [poisson(levels[t // length] * e, stream) for t, e in enumerate(exposures)]
        penalty = 3 * math.log(n)
        signal = np.column_stack([counts, exposures]).astype(float)
        found = ruptures.Pelt(custom_cost=Rates(), min_size=least, jump=1).fit(signal).predict(pen=penalty)
        exact = None
        # Dynamic programming needs the number of changes; it confirms the partition PELT found.
        if len(found) > 1:
            exact = ruptures.Dynp(custom_cost=Rates(), min_size=least, jump=1).fit(signal).predict(len(found) - 1)
            assert exact == found, (exact, found)
        cases.append(
            {
                "counts": counts,
                "exposures": exposures,
                "min_steps": least,
                "penalty": penalty,
                "changes": found[:-1],
            }
        )
    return cases


def two_counts():
    cases = []
    for now, before, days_now, days_before in [
        (60, 59, 60, 59), (3, 11, 366, 365), (0, 4, 90, 90), (412, 371, 365, 366), (25, 16, 100, 100),
    ]:
        test = binomtest(now, now + before, days_now / (days_now + days_before))
        interval = test.proportion_ci(0.95, method="exact")
        ratio = [low / (1 - low) * days_before / days_now if low < 1 else None for low in (interval.low, interval.high)]
        cases.append({"now": now, "before": before, "days": [days_now, days_before], "p": test.pvalue, "ratio": ratio})
    return cases


json.dump(
    {
        "made_by": f"tests/peers/trend_reference.py with statsmodels {statsmodels.__version__}, ruptures {ruptures.version.version}",
        "decompositions": decompositions(),
        "smoothing": smoothing(),
        "changes": changes(),
        "two_counts": two_counts(),
    },
    sys.stdout,
    indent=1,
)
