"""Writes synthetic patrol pings (feed `jersey-pings`): the input of the ingest benchmark.

Units drive between random places of the island, half of them in the town, at 30 km/h and stay ten minutes at each.
A row is a unit at a minute; rows are in order of time, then unit, as an extract has them, and no key comes twice.
The same arguments give the same bytes.

    python make_pings.py --rows 5000000 --out pings.csv
"""

import argparse
import datetime
import json
from pathlib import Path

import numpy as np
import polars as pl

PARISHES = Path(__file__).resolve().parents[2] / "data-samples" / "geo" / "parishes.geojson"
TOWN = (49.1868, -2.1067)
START = datetime.datetime(2017, 1, 1)
UNITS = 40
EVERY_S = 60
SPEED_M_S = 30 / 3.6
STAY_S = 600
GPS_ERROR_M = 8
METRES_A_DEGREE = 111_195.0
LON_SHRINK = float(np.cos(np.radians(TOWN[0])))


def inside(rings, lat, lon):
    """Even-odd rule over all rings together."""
    odd = np.zeros(lat.shape, dtype=bool)
    for ring in rings:
        x, y = ring[:, 0], ring[:, 1]
        for x0, y0, x1, y1 in zip(x[:-1], y[:-1], x[1:], y[1:]):
            if y0 != y1:
                odd ^= ((y0 > lat) != (y1 > lat)) & (lon < (x1 - x0) * (lat - y0) / (y1 - y0) + x0)
    return odd


def places():
    """Points of a 100 m grid inside any parish, and which of them lie within 1,500 m of the town."""
    lat, lon = np.meshgrid(
        np.arange(49.16, 49.27, 100 / METRES_A_DEGREE),
        np.arange(-2.26, -2.00, 100 / METRES_A_DEGREE / LON_SHRINK),
        indexing="ij",
    )
    land = np.zeros(lat.shape, dtype=bool)
    for feature in json.loads(PARISHES.read_text())["features"]:
        shape = feature["geometry"]
        parts = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        for part in parts:
            land |= inside([np.array(ring) for ring in part], lat, lon)
    lat, lon = lat[land], lon[land]
    north = (lat - TOWN[0]) * METRES_A_DEGREE
    east = (lon - TOWN[1]) * METRES_A_DEGREE * LON_SHRINK
    return lat, lon, np.flatnonzero(np.hypot(north, east) < 1500)


def drive(rng, grid, seconds):
    """Latitude, longitude and speed (km/h) of one unit at each of `seconds`."""
    lat, lon, town = grid
    # No leg takes less than its stay, so these are enough.
    legs = int(seconds[-1] // STAY_S) + 2
    at = np.where(rng.random(legs) < 0.5, rng.choice(town, legs), rng.integers(0, len(lat), legs))
    north, east = np.diff(lat[at]) * METRES_A_DEGREE, np.diff(lon[at]) * METRES_A_DEGREE * LON_SHRINK
    took = np.hypot(north, east) / SPEED_M_S
    arrive = np.concatenate([[0.0], np.cumsum(took + STAY_S)])
    leave = arrive + STAY_S
    times = np.stack([arrive, leave], axis=1).ravel()
    error = rng.normal(0, GPS_ERROR_M / METRES_A_DEGREE, (2, len(seconds)))
    ping_lat = np.interp(seconds, times, np.repeat(lat[at], 2)) + error[0]
    ping_lon = np.interp(seconds, times, np.repeat(lon[at], 2)) + error[1] / LON_SHRINK
    moving = seconds > leave[np.searchsorted(arrive, seconds, side="right") - 1]
    return ping_lat, ping_lon, np.where(moving, 30, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.Generator(np.random.PCG64(options.seed))
    grid = places()
    ticks = -(-options.rows // UNITS)
    seconds = np.arange(ticks, dtype=np.int64) * EVERY_S
    lat, lon, speed = (np.empty((ticks, UNITS)) for _ in range(3))
    for unit in range(UNITS):
        lat[:, unit], lon[:, unit], speed[:, unit] = drive(rng, grid, seconds.astype(float))
    table = pl.DataFrame({
        "unit_id": np.tile([f"U{unit + 1:02}" for unit in range(UNITS)], ticks),
        "pinged_at": np.repeat(seconds, UNITS),
        "lat": lat.ravel(),
        "lon": lon.ravel(),
        "speed_kmh": speed.ravel().astype(np.int64),
    }).head(options.rows)
    table = table.with_columns(pinged_at=pl.lit(START) + pl.duration(seconds="pinged_at"))
    part = options.out.with_suffix(".part")
    table.write_csv(part, float_precision=6, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    part.replace(options.out)


if __name__ == "__main__":
    main()
