"""The peer of the near-repeat benchmark: `pointpats.Knox`, one threshold of distance and one of time.

Makes the same events as `methods/knox.rs`, then times Knox(delta = 300 m, tau = 20 days, so under 21) twice: without
permutations and with some. Prints one JSON object: processor seconds of both (it works on one core), pairs near in place (each once), pairs near in both.

    python knox_pointpats.py EVENTS PERMUTATIONS
"""

import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
from pointpats.spacetime import Knox, _knox  # noqa: E402


def events(count):
    state, rows = 12_345, []

    def unit():
        nonlocal state
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        return (state >> 11) / 2**53

    for _ in range(count):
        left, bottom, width, height = (8000.0, 1000.0, 2000.0, 2000.0) if unit() < 0.5 else (0.0, 0.0, 14_000.0, 8500.0)
        rows.append((left + unit() * width, bottom + unit() * height, int(unit() * 1096.0)))
    return np.array(rows)


def main():
    count, permutations = int(sys.argv[1]), int(sys.argv[2])
    rows = events(count)
    places, days = rows[:, :2], rows[:, 2:]
    Knox(places[:200], days[:200], delta=300, tau=20, permutations=1)  # loads what is loaded late
    started = time.process_time()
    plain = _knox(places, days, 300, 20, permutations=0)
    setup = time.process_time() - started
    started = time.process_time()
    Knox(places, days, delta=300, tau=20, permutations=permutations)
    whole = time.process_time() - started
    print(json.dumps({
        "events": count,
        "setup": setup,
        "permutation": max(whole - setup, 0.0) / permutations,
        "near": int(plain["ns"]),
        "check": int(plain["nst"]),
    }))


if __name__ == "__main__":
    main()
