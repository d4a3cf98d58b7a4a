"""Writes synthetic incidents (feed `jersey-incidents`): the input of the KPI benchmark.

Two years, grades, origins and categories in fixed shares, response times of log-normal shape, some cancelled and some
without an arrival. Positions lie in the town. The same arguments give the same bytes. Everything is made up.

    python make_incidents.py --rows 1000000 --out incidents.csv
"""

import argparse

import numpy as np
import polars as pl

START = np.datetime64("2016-01-01T00:00:00", "ms")
SECONDS = 731 * 86_400
CATEGORIES = {
    "antisocial-behaviour": 0.13,
    "concern-for-welfare": 0.07,
    "mental-health": 0.02,
    "missing-person": 0.04,
    "road-traffic-collision": 0.09,
    "domestic": 0.08,
    "crime-report": 0.2,
    "suspicious": 0.1,
    "other": 0.27,
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, required=True)
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    rows = given.rows
    random = np.random.default_rng(1)
    # In order of time, as a log has them. In the winter half island time is UTC; the hours do not matter here.
    answered = START + np.sort(random.integers(0, SECONDS, rows)).astype("timedelta64[s]").astype("timedelta64[ms]")
    origin = random.choice(["999", "101", "officer", "online", "desk"], rows, p=[0.2, 0.5, 0.1, 0.1, 0.1])
    grade = random.choice([1, 2, 3, 4], rows, p=[0.15, 0.35, 0.3, 0.2])
    took = np.minimum(np.exp(random.normal(5.7, 0.55, rows)) * grade, 80_000).astype("timedelta64[s]").astype("timedelta64[ms]")
    took[origin == "officer"] = np.timedelta64(0, "s")
    category = random.choice(list(CATEGORIES), rows, p=list(CATEGORIES.values()))
    risk = random.choice(["high", "medium", "standard"], rows)
    frame = pl.DataFrame(
        {
            "incident_id": np.arange(rows),
            "call_answered": answered,
            "reported": answered,
            "dispatched": answered + took // 3,
            "first_arrived": answered + took,
            "closed": answered + took + np.timedelta64(1800, "s"),
            "recorded": answered + np.timedelta64(60, "s"),
            "grade_initial": grade,
            "grade_final": grade,
            "origin": origin,
            "dv_risk": risk,
            "person_token": random.integers(0, max(rows // 6, 1), rows),
            "closing_code": ["closed"] * rows,
            "cancelled": random.random(rows) < 0.04,
            "units_count": random.integers(1, 4, rows),
            "category": category,
            "lat": 49.18 + random.random(rows) * 0.02,
            "lon": -2.12 + random.random(rows) * 0.03,
        }
    )
    frame = frame.with_columns(
        pl.format("B{}", pl.col("incident_id")).alias("incident_id"),
        pl.when(pl.col("category") == "domestic").then(pl.col("dv_risk")).alias("dv_risk"),
        pl.when(pl.lit(random.random(rows)) < 0.9).then(pl.col("first_arrived")).alias("first_arrived"),
        pl.when(pl.lit(random.random(rows)) < 0.5).then(pl.format("P{}", pl.col("person_token"))).alias("person_token"),
    )
    frame.write_csv(given.out, datetime_format="%Y-%m-%d %H:%M:%S")


if __name__ == "__main__":
    main()
