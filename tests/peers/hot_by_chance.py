"""How many cells does each p call hot where nothing is? And do the hot cells stay hot?

Reads maps that `vigie hotspots --out MAP.csv` wrote, and makes two kinds of maps without a hotspot from each:

- thrown: as many records, each thrown at a cell at random;
- dealt: the same counts, dealt to the cells at random.

Prints, for each p, the share of such maps with a hot cell (q at most 0.10, Benjamini-Hochberg over all cells) and the mean
number of them; first of the map itself. With --held-out LATER.csv (the same cells, a later period) also what became of the hot
cells: the share whose neighbourhood held no more records than records thrown at random would bring.

    pip install -r tests/peers/place_requirements.txt scipy
    python tests/peers/hot_by_chance.py MAP.csv [--held-out LATER.csv] [--maps 20]

The p: `normal` that of z; `thrown` the exact binomial one of the neighbourhood's sum; `both` the larger of the two, which vigie
takes; `ring permuted` the conditional permutation (`vigie hotspots --permutations 99999`); `map permuted` the neighbourhood's
sum, the cell's own count among what is dealt. Draws are with replacement here: of thousands of cells that is the same.
"""

import argparse
import csv

import h3
import numpy as np
from scipy.special import erfc
from scipy.stats import binom

DRAWS = 99_999


def read(path):
    with open(path, newline="") as file:
        return {row["cell"]: int(row["count"]) for row in csv.DictReader(file)}


def neighbours(cells):
    at = {cell: place for place, cell in enumerate(cells)}
    rings = np.full((len(cells), 6), len(cells))
    for place, cell in enumerate(cells):
        around = [at[other] for other in h3.grid_ring(cell, 1) if other in at]
        rings[place, : len(around)] = around
    return rings


def sums(counts, rings):
    ring = np.append(counts, 0)[rings].sum(1)
    size = (rings < len(counts)).sum(1)
    return ring, ring + counts, size


def permuted(counts, observed, size, random):
    drawn = counts[random.integers(0, len(counts), (DRAWS, 7))]
    p = np.ones(len(counts))
    for k in np.unique(size[size > 0]):
        chance = np.sort(drawn[:, :k].sum(1))
        here = size == k
        greater = DRAWS - np.searchsorted(chance, observed[here])
        less = np.searchsorted(chance, observed[here], side="right")
        p[here] = np.minimum(1, 2 * (np.minimum(greater, less) + 1) / (DRAWS + 1))
    return p


def hot(p, z):
    order = np.argsort(p, kind="stable")
    q = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    found = np.empty(len(p))
    found[order] = q
    return (found <= 0.10) & (z > 0)


def judged(counts, rings, random):
    n, total = len(counts), counts.sum()
    ring, whole, size = sums(counts, rings)
    k = size + 1
    z = (whole - k * counts.mean()) / (counts.std() * np.sqrt((n * k - k * k) / (n - 1)))
    normal = erfc(np.abs(z) / np.sqrt(2))
    above = whole > total * k / n
    tail = np.where(above, binom.sf(whole - 1, total, k / n), binom.cdf(whole, total, k / n))
    thrown = np.minimum(1, 2 * tail)
    return {
        "normal": hot(normal, z),
        "thrown": hot(thrown, z),
        "both": hot(np.maximum(normal, thrown), z),
        "ring permuted": hot(permuted(counts, ring, size, random), z),
        "map permuted": hot(permuted(counts, whole, k, random), z),
    }


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("map")
    ask.add_argument("--held-out")
    ask.add_argument("--maps", type=int, default=20)
    asked = ask.parse_args()
    held = read(asked.map)
    cells = sorted(held)
    counts = np.array([held[cell] for cell in cells])
    rings, random = neighbours(cells), np.random.default_rng(1)
    total, n = counts.sum(), len(counts)
    print(f"{n} cells, {total} records, {7 * total / n:.2f} a neighbourhood, {(counts == 0).sum()} cells without, at most {counts.max()}")
    found = judged(counts, rings, random)
    made = {"thrown": lambda: random.multinomial(total, np.full(n, 1 / n)), "dealt": lambda: random.permutation(counts)}
    by_chance = {}
    for name, make in made.items():
        maps = [judged(make(), rings, random) for _ in range(asked.maps)]
        by_chance[name] = {p: [one[p].sum() for one in maps] for p in found}
    later = None
    if asked.held_out:
        second = read(asked.held_out)
        after = np.array([second[cell] for cell in cells])
        _, whole, size = sums(after, rings)
        later = whole <= after.sum() * (size + 1) / n
    print(f"{'p':<15}{'hot':>6}{'thrown: maps':>14}{'cells':>8}{'dealt: maps':>13}{'cells':>8}{'later no more':>15}")
    for p, cells_hot in found.items():
        line = f"{p:<15}{cells_hot.sum():>6}"
        for name, width in (("thrown", 14), ("dealt", 13)):
            times = np.array(by_chance[name][p])
            line += f"{(times > 0).mean():>{width}.2f}{times.mean():>8.1f}"
        if later is not None:
            line += f"{later[cells_hot].mean():>15.3f}" if cells_hot.any() else f"{'-':>15}"
        print(line)


if __name__ == "__main__":
    main()
