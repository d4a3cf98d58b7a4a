"""The peers of benches/histories: Gi* in space and time in NumPy, and trends by pymannkendall, on the cube that
benches/methods/space_time.rs makes too.

    python histories_numpy.py NAME SIZE [REPEATS]

prints one JSON object: seconds of the work alone (without imports and inputs) and a number of the answer.
"""

import json
import sys
import time

import numpy as np
from scipy.sparse import csr_matrix, eye
from scipy.stats import norm

from place_peers import unit

STEPS = 150


def cube(cells):
    """Counts by place and step, and each place with the neighbours of its ring."""
    side = int(np.ceil(np.sqrt(cells)))
    places = side * side
    values = np.maximum(np.floor(unit(13, np.arange(places * STEPS)) * 8.0) - 5.0, 0.0).reshape(places, STEPS)
    x, y = np.arange(places) % side, np.arange(places) // side
    rows, columns = [], []
    for dx, dy in [(-1, 0), (1, 0), (0, -1), (0, 1), (1, -1), (-1, 1)]:
        inside = (0 <= x + dx) & (x + dx < side) & (0 <= y + dy) & (y + dy < side)
        rows.append(np.flatnonzero(inside))
        columns.append(((y + dy) * side + x + dx)[inside])
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    ring = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(places, places))
    return values, (ring + eye(places)).tocsr()


def z_of(values, around):
    """z of every place and step over it, its ring and the step before (Ord and Getis 1995), against the whole cube."""
    n, mean = values.size, values.mean()
    spread = np.sqrt((values**2).mean() - mean**2)
    now = around @ values
    total = now.copy()
    total[:, 1:] += now[:, :-1]
    size = np.asarray(around.sum(axis=1))
    w = np.repeat(size, values.shape[1], axis=1)
    w[:, 1:] += size
    return (total - mean * w) / (spread * np.sqrt((n * w - w**2) / (n - 1)))


def space_time_gi(cells):
    values, around = cube(cells)
    return lambda: float(z_of(values, around).sum())


def histories(cells):
    from pymannkendall import original_test

    values, around = cube(cells)

    def work():
        z = z_of(values, around)
        p = 2.0 * norm.sf(np.abs(z)).ravel()
        order = np.argsort(p)
        q = np.minimum.accumulate((p[order] * p.size / np.arange(1, p.size + 1))[::-1])[::-1]
        found = np.empty_like(q)
        found[order] = q
        hot = ((found.reshape(z.shape) <= 0.05) & (z > 0)).any(axis=1)
        rising = np.array([original_test(row).trend == "increasing" for row in z])
        return float((hot | rising).sum())

    return work


WORK = {"space-time-gi": space_time_gi, "histories": histories}

if __name__ == "__main__":
    name, size = sys.argv[1], int(sys.argv[2])
    repeats = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    work, seconds, check = WORK[name](size), [], 0.0
    for _ in range(repeats):
        started = time.perf_counter()
        check = work()
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"method": name, "size": size, "seconds": seconds, "check": check}))
