"""Writes tests/reference/place.json: numbers of esda and scikit-learn for methods that have no published case.

    pip install -r tests/peers/place_requirements.txt
    python tests/peers/place_reference.py > tests/reference/place.json

Inputs are made here from fixed seeds and written beside the answers, so that the tests need neither package.
"""

import json
import warnings

import numpy as np
from esda import Moran, Moran_Local
from libpysal.weights import W
from sklearn.cluster import DBSCAN
from sklearn.neighbors import KernelDensity

warnings.filterwarnings("ignore")


def lattice(width, height):
    """Rook neighbours of a lattice, row by row."""
    lists = []
    for row in range(height):
        for column in range(width):
            around = [(row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column)]
            lists.append([r * width + c for r, c in around if 0 <= r < height and 0 <= c < width])
    return lists


def moran():
    """Local and global Moran's I of counts with a knot in one corner, row-standardised."""
    random = np.random.default_rng(20)
    values = random.poisson(2.0, 48)
    values[[0, 1, 8, 9]] += 9
    values[30] += 12
    lists = lattice(8, 6)
    weights = W(dict(enumerate(lists)), silence_warnings=True)
    local = Moran_Local(values.astype(float), weights, transformation="r", permutations=99_999, seed=1, n_jobs=1)
    glob = Moran(values.astype(float), weights, transformation="r", permutations=0)
    names = {1: "high-high", 2: "low-high", 3: "low-low", 4: "high-low"}
    # esda's default p is one-sided and folded; count both sides here from its own simulations.
    simulated = Moran_Local(
        values.astype(float), weights, transformation="r", permutations=99_999, seed=1, n_jobs=1, keep_simulations=True
    ).sim
    observed = np.asarray(local.Is)
    simulated = simulated.reshape(-1, len(values)) if simulated.shape[-1] == len(values) else simulated.T
    greater = (1 + (simulated >= observed - 1e-9).sum(axis=0)) / 100_000
    less = (1 + (simulated <= observed + 1e-9).sum(axis=0)) / 100_000
    return {
        "about": "esda Moran_Local, transformation r; i divides by n - 1 (ours by n); p from 99,999 permutations",
        "values": values.tolist(),
        "neighbours": lists,
        "i_esda": observed.tolist(),
        "expected": np.asarray(local.EIc).tolist(),
        "variance": np.asarray(local.VIc).tolist(),
        "quadrant": [names[q] for q in local.q],
        "p_greater": greater.tolist(),
        "p_less": less.tolist(),
        "global_i": float(glob.I),
        "global_expected": float(glob.EI),
    }


def dbscan():
    """Labels of DBSCAN over three knots and scatter, in metres."""
    random = np.random.default_rng(21)
    knots = [random.normal(centre, 40, (60, 2)) for centre in ([500, 500], [1500, 700], [900, 1600])]
    scatter = random.uniform(0, 2000, (80, 2))
    points = np.round(np.vstack([*knots, scatter]), 3)
    runs = []
    for eps, least in [(60.0, 5), (40.0, 8), (120.0, 4)]:
        fit = DBSCAN(eps=eps, min_samples=least).fit(points)
        core = np.zeros(len(points), dtype=bool)
        core[fit.core_sample_indices_] = True
        runs.append({"eps_m": eps, "minimum": least, "labels": fit.labels_.tolist(), "core": core.tolist()})
    return {"about": "scikit-learn DBSCAN; -1 is noise", "xy": points.tolist(), "runs": runs}


def kde():
    """Densities at a lattice of centres, per square metre: scikit-learn's times the number of events."""
    random = np.random.default_rng(22)
    events = np.round(np.vstack([random.normal([400, 600], 150, (150, 2)), random.uniform(0, 1200, (100, 2))]), 3)
    east, north = np.meshgrid(np.arange(0, 1300, 150), np.arange(0, 1300, 150))
    centres = np.column_stack([east.ravel(), north.ravel()]).astype(float)
    densities = {}
    for ours, theirs in [("epanechnikov", "epanechnikov"), ("uniform", "tophat"), ("triangular", "linear")]:
        fit = KernelDensity(kernel=theirs, bandwidth=200.0, atol=0, rtol=0).fit(events)
        densities[ours] = (np.exp(fit.score_samples(centres)) * len(events)).tolist()
    return {
        "about": "scikit-learn KernelDensity, bandwidth 200, exact, times the number of events",
        "events": events.tolist(),
        "centres": centres.tolist(),
        "bandwidth": 200.0,
        "density_per_m2": densities,
    }


answers = {"moran": moran(), "dbscan": dbscan(), "kde": kde()}
print("{")
for at, (name, answer) in enumerate(answers.items()):
    print(f'"{name}": {{')
    print(",\n".join(f'  {json.dumps(key)}: {json.dumps(value)}' for key, value in answer.items()))
    print("}," if at + 1 < len(answers) else "}")
print("}")
