"""The most that any method could reach on a synthetic island: cells in the order of the planted intensities.

What was planted is known (`truth.json`): the share of each hotspot on each day. The rest of the intensity, and where on the
roads of a hotspot's cell crimes fall, is taken from the same island with forty times the crime, which is another draw: no
method could know more. Holds the order of each week against the crimes of a sample and prints the PAI by area.

    vigie sample --seed 1 --scale 40 --anpr-days 1 --anpr-reads-per-day 10 --ping-days 1 --out LARGE
    vigie --store STORE --json hotspots --method count --res 9 --from 2017-01-01 --to 2018-01-01 > CELLS.json
    pip install -r tests/peers/place_requirements.txt
    python tests/peers/forecast_ceiling.py SAMPLE LARGE CELLS.json
"""

import csv
import datetime
import gzip
import json
import sys

import h3
import numpy as np

COVERAGES = (0.01, 0.02, 0.05)
FIRST = datetime.date(2017, 1, 2).toordinal()


def crimes(folder, at, resolution):
    day, night, place = [], [], []
    with gzip.open(f"{folder}/crimes.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            cell = h3.latlng_to_cell(float(row["lat"]), float(row["lon"]), resolution) if row["lat"] else None
            if cell in at:
                day.append(datetime.date.fromisoformat(row["offence_from"][:10]).toordinal())
                night.append(not 7 <= int(row["offence_from"][11:13]) < 19)
                place.append(at[cell])
    return np.array(day), np.array(night), np.array(place)


def share_on(hotspot, day):
    start, end = (datetime.date.fromisoformat(hotspot[key]).toordinal() for key in ("from", "to"))
    if not start <= day < end:
        return 0.0
    fade = 0.4 + 0.6 * (end - day) / max(end - start, 1) if hotspot["course"] == "fading" else 1.0
    return hotspot["share_of_daypart"] * fade * hotspot["season"][datetime.date.fromordinal(day).month - 1]


def main():
    sample, large, cells_file = sys.argv[1:4]
    with open(cells_file) as file:
        cells = [row["cell"] for row in json.load(file)["rows"]]
    with open(f"{large}/truth.json") as file:
        planted = {part: held["planted"] for part, held in json.load(file)["hotspots"]["dayparts"].items()}
    resolution, n = h3.get_resolution(cells[0]), len(cells)
    at = {cell: place for place, cell in enumerate(cells)}
    areas = np.array([h3.cell_area(cell, "km^2") for cell in cells])
    parents = np.array([h3.cell_to_parent(cell, 9) for cell in cells])
    _, known_night, known_place = crimes(large, at, resolution)
    day, night, place = crimes(sample, at, resolution)
    usual, within = [], {}
    for part in ("day", "night"):
        counted = np.bincount(known_place[known_night == (part == "night")], minlength=n).astype(float)
        hot = np.isin(parents, [hotspot["cell"] for hotspot in planted[part]])
        usual.append(np.where(hot, np.nan, counted))
        for hotspot in planted[part]:
            own = np.where(parents == hotspot["cell"], counted, 0)
            within[part, hotspot["cell"]] = own / max(own.sum(), 1)
    background = np.nanmean(usual, axis=0)
    background = np.where(np.isnan(background), np.nanmedian(background), background)
    background /= background.sum()
    for asked in ("all", "day", "night"):
        caught, expected = dict.fromkeys(COVERAGES, 0.0), dict.fromkeys(COVERAGES, 0.0)
        for week in range(52):
            days = range(FIRST + 7 * week, FIRST + 7 * week + 7)
            intensity = np.zeros(n)
            for part in planted if asked == "all" else [asked]:
                for on in days:
                    shares = [share_on(hotspot, on) for hotspot in planted[part]]
                    intensity += background * (1 - sum(shares))
                    for hotspot, share in zip(planted[part], shares):
                        intensity += share * within[part, hotspot["cell"]]
            seen = (day >= days[0]) & (day <= days[-1]) & ((asked == "all") | (night == (asked == "night")))
            observed = np.bincount(place[seen], minlength=n)
            order = np.argsort(-intensity, kind="stable")
            so_far = np.cumsum(areas[order]) / areas.sum()
            for coverage in COVERAGES:
                chosen = max(1, np.searchsorted(so_far, coverage + 1e-9, side="right"))
                caught[coverage] += observed[order[:chosen]].sum()
                expected[coverage] += so_far[chosen - 1] * observed.sum()
        print(f"{asked:<6}" + "".join(f"   {c:.0%}: {caught[c] / expected[c]:.2f}" for c in COVERAGES))


if __name__ == "__main__":
    main()
