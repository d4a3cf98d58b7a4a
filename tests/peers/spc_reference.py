"""Numbers of other people's programs for tests/reference/spc_peers.json: statsmodels (nested least squares, classical
decomposition), SciPy (quantiles of counts, exact test), and overdispersion written out plainly with NumPy after
Spiegelhalter 2005.

    python3 -m venv V && V/bin/pip install scipy==1.17.1 statsmodels==0.15.0
    V/bin/python tests/peers/spc_reference.py > tests/reference/spc_peers.json

Every series is made up here, from a small generator that needs no library.
"""

import json
import math
import sys

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.tsa.seasonal import seasonal_decompose


def draws(seed):
    """Numbers from 0 to 1 by a linear congruence."""
    state = seed
    while True:
        state = (state * 1103515245 + 12345) % 2**31
        yield state / 2**31


def series(seed, n, swing):
    noise = draws(seed)
    shape = [0, 1, 3, 2, 5, 8, 9, 7, 4, 2, 1, 0]
    return [round(80 + 0.4 * t + swing * shape[t % 12] + 20 * next(noise), 3) for t in range(n)]


def season(y):
    n = len(y)
    line = np.column_stack([np.ones(n), np.arange(n)])
    places = np.zeros((n, 11))
    for t in range(n):
        if t % 12:
            places[t, t % 12 - 1] = 1
    small = sm.OLS(y, line).fit()
    large = sm.OLS(y, np.column_stack([line, places])).fit()
    f, p, _ = large.compare_f_test(small)
    effects = np.concatenate([[0], large.params[2:]])
    return {"y": y, "f": float(f), "p": float(p), "season": list(effects - effects.mean())}


def classical(y, cycle):
    found = seasonal_decompose(np.array(y), period=cycle, model="additive")
    clean = lambda list_: [None if math.isnan(v) else float(v) for v in list_]
    return {
        "y": y,
        "cycle": cycle,
        "season": [float(v) for v in found.seasonal[:cycle]],
        "trend": clean(found.trend),
        "remainder": clean(found.resid),
    }


def quantiles():
    out = []
    for p in (0.001, 0.025, 0.5, 0.975, 0.999):
        for mean in (0.2, 1.3, 4.0, 17.5, 250.0):
            out.append({"what": "poisson", "mean": mean, "p": p, "k": int(stats.poisson.ppf(p, mean))})
            for over in (1.5, 4.0):
                variance = mean * over
                size = mean**2 / (variance - mean)
                k = int(stats.nbinom.ppf(p, size, size / (size + mean)))
                out.append({"what": "count", "mean": mean, "variance": variance, "p": p, "k": k})
        for n, share in ((9, 0.5), (23, 0.5), (60, 0.9), (400, 0.02)):
            out.append({"what": "binomial", "n": n, "share": share, "p": p, "k": int(stats.binom.ppf(p, n, share))})
    return out


def overdispersion(units, measure):
    x, n = (np.array([unit[i] for unit in units], float) for i in (0, 1))
    target = x.sum() / n.sum()
    if measure == "share":
        y, s, y0 = np.arcsin(np.sqrt(x / n)), 1 / (2 * np.sqrt(n)), math.asin(math.sqrt(target))
    elif measure == "count_ratio":
        y, y0 = np.log((x + 0.5) / (n + 0.5)), math.log(target)
        s = np.sqrt(x / (x + 0.5) ** 2 + n / (n + 0.5) ** 2)
    else:
        y, s, y0 = np.log(x / n), 1 / np.sqrt(n), math.log(target)
    z = (y - y0) / s
    low, high = np.quantile(z, [0.1, 0.9])
    count = len(z)
    phi = float((np.clip(z, low, high) ** 2).mean())
    w = 1 / s**2
    tau2 = 0.0
    if count * phi >= count - 1:
        tau2 = max(0.0, (count * phi - (count - 1)) / (w.sum() - (w**2).sum() / w.sum()))
    out = {"measure": measure, "units": units, "target": target, "phi": phi, "tau2": tau2, "limits": []}
    for size in (20.0, 150.0, 900.0):
        if measure == "count_ratio":
            numerator = target * size
            spread = math.sqrt(numerator / (numerator + 0.5) ** 2 + size / (size + 0.5) ** 2)
        else:
            spread = 1 / (2 * math.sqrt(size)) if measure == "share" else 1 / math.sqrt(size)
        half = stats.norm.ppf(0.999) * math.sqrt(spread**2 + tau2)
        if measure == "share":
            back = lambda v: math.sin(min(max(v, 0), math.pi / 2)) ** 2
        else:
            back = math.exp
        out["limits"].append([size, back(y0 - half), back(y0 + half)])
    return out


def poisson_intervals():
    """Exact ratio limits through SciPy's chi squared."""
    out = []
    for expected in (0.4, 3.0, 47.5, 900.0):
        for confidence in (0.95, 0.998):
            tail = (1 - confidence) / 2
            lower = stats.chi2.ppf(tail, 2 * expected) / (2 * expected)
            upper = stats.chi2.ppf(1 - tail, 2 * (expected + 1)) / (2 * expected)
            out.append([expected, confidence, lower, upper])
    return out


noise = draws(11)
alike = [[round(n * (0.6 + 0.03 * next(noise))), n] for n in (40, 60, 75, 90, 120, 150, 200, 260, 300, 350, 400, 500)]
apart = [[round(n * (0.4 + 0.4 * next(noise))), n] for n in (40, 60, 75, 90, 120, 150, 200, 260, 300, 350, 400, 500)]
json.dump(
    {
        "made_with": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__, "numpy": np.__version__},
        "season_test": [season(series(1, 24, 0)), season(series(2, 24, 3)), season(series(3, 41, 1)), season(series(4, 60, 0))],
        "classical": [classical(series(5, 37, 4), 12), classical(series(6, 20, 2), 5)],
        "quantiles": quantiles(),
        "overdispersion": [
            overdispersion(units, measure)
            for units in (alike, apart)
            for measure in ("share", "count_ratio", "standardised_ratio")
        ],
        "poisson_limits": poisson_intervals(),
        "two_counts": [
            [a, b, n, float(stats.binomtest(a, a + b, 1 / (1 + n)).pvalue)]
            for a, b, n in ((5, 20, 3), (12, 30, 3), (0, 9, 3), (40, 90, 3), (7, 2, 1))
        ],
    },
    sys.stdout,
    indent=1,
)
sys.stdout.write("\n")
