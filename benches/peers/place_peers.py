"""The peers of benches/place: esda for Gi*, scikit-learn for densities, on the inputs that benches/methods makes too.

    python place_peers.py NAME SIZE [REPEATS]

prints one JSON object: seconds of the work alone (without imports, inputs and warm-up) and a number of the answer.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
COAST = Path(__file__).resolve().parents[2] / "data-samples" / "geo" / "coastline.geojson"
# Of the flat map, as in benches/methods/kde.rs and src/space/distance.rs.
MIDDLE, EARTH_RADIUS_M, BANDWIDTH = (49.2125, -2.131), 6_371_008.8, 300.0


def unit(stream, at):
    """SplitMix64, as in benches/methods/inputs.rs."""
    with np.errstate(over="ignore"):
        z = ((np.uint64(stream) << np.uint64(40)) + (at.astype(np.uint64) + np.uint64(1))) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(float) / float(1 << 53)


def square(cells):
    from libpysal.weights import lat2W

    side = int(np.ceil(np.sqrt(cells)))
    at = np.arange(side * side)
    values = np.floor(unit(11, at) * 4.0) * np.floor(unit(12, at) * 4.0)
    return values, lat2W(side, side, rook=False)


def gi_star(cells, permutations):
    from esda.getisord import G_Local

    values, weights = square(cells)

    def work():
        found = G_Local(values, weights, transform="B", permutations=permutations, star=True, n_jobs=2, seed=1)
        if permutations == 0:
            return float((np.asarray(found.Zs) ** 2).sum())
        # esda's p is the smaller side; where z is high that is the high side.
        return float(((found.p_sim <= 0.05) & (np.asarray(found.Zs) > 0)).sum())

    return work


def events(count):
    at = np.arange(count)
    u, v = unit(3, at), unit(4, at)
    knot = np.floor(unit(2, at) * 12.0)
    du, dv = u + unit(5, at) - 1.0, v + unit(6, at) - 1.0
    anywhere = unit(1, at) >= 0.7
    x = np.where(anywhere, (u - 0.5) * 15_000.0, (unit(7, knot) - 0.5) * 13_000.0 + du * 1_700.0)
    y = np.where(anywhere, (v - 0.5) * 9_000.0, (unit(8, knot) - 0.5) * 7_000.0 + dv * 1_700.0)
    return np.column_stack([x, y])


def centres():
    """Centres of the cells that touch the island at resolution 10, on the flat map."""
    import h3

    geometry = json.loads(COAST.read_text())["features"][0]["geometry"]
    rings = geometry["coordinates"] if geometry["type"] == "Polygon" else geometry["coordinates"][0]
    outline = h3.LatLngPoly(*[[(lat, lon) for lon, lat in ring] for ring in rings])
    cells = h3.h3shape_to_cells_experimental(outline, 10, contain="overlap")
    points = np.array([h3.cell_to_latlng(cell) for cell in sorted(cells)])
    metres = EARTH_RADIUS_M * np.pi / 180.0
    x = (points[:, 1] - MIDDLE[1]) * metres * np.cos(np.radians(MIDDLE[0]))
    return np.column_stack([x, (points[:, 0] - MIDDLE[0]) * metres])


def kde(count, rtol):
    from sklearn.neighbors import KernelDensity

    points, where = events(count), centres()

    def work():
        fit = KernelDensity(kernel="epanechnikov", bandwidth=BANDWIDTH, atol=0, rtol=rtol).fit(points)
        return float(np.exp(fit.score_samples(where)).sum() * len(points))

    return work


METHODS = {
    "gi-star": lambda size: gi_star(size, 0),
    "gi-star-permuted": lambda size: gi_star(size, 999),
    "kde": lambda size: kde(size, 0.0),
    "kde-rtol": lambda size: kde(size, 1e-3),
}


def main():
    name, size, repeats = sys.argv[1], int(sys.argv[2]), int((sys.argv[3:] or ["1"])[0])
    if name.startswith("gi-star"):
        # numba compiles at the first call.
        METHODS[name](400)()
    work = METHODS[name](size)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        check = work()
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"method": name, "size": size, "seconds": seconds, "check": check}))


if __name__ == "__main__":
    main()
