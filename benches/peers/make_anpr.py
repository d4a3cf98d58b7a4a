"""Writes synthetic ANPR reads (feed `jersey-anpr`): the large input of the ingest benchmark, about 80 bytes a row.

Reads of 13 cameras over one year, in order of time; no read comes twice. Plates are random numbers behind a J. The same
arguments give the same bytes.

    python make_anpr.py --rows 50000000 --out anpr.csv
"""

import argparse
import datetime
from pathlib import Path

import numpy as np
import polars as pl

START = datetime.datetime(2017, 1, 1)
YEAR_S = 365 * 24 * 3600
CAMERAS = 13
PLATES = 60_000
CHUNK = 1_000_000
ISO = "%Y-%m-%dT%H:%M:%SZ"


def chunk(first, count, of, seed):
    """Rows `first` and on of the `of` rows of a year."""
    rng = np.random.Generator(np.random.PCG64([seed, first]))
    number = np.arange(first, first + count, dtype=np.int64)
    second = number * YEAR_S // of

    def padded(values, width):
        return pl.Series(values).cast(pl.String).str.zfill(width)

    return pl.DataFrame({"number": number, "second": second}).select(
        read_id=pl.lit("R") + padded(number, 9),
        camera_id=pl.lit("CAM") + padded(rng.integers(1, CAMERAS + 1, count), 2),
        read_at=(pl.lit(START) + pl.duration(seconds="second")).dt.strftime(ISO),
        received_at=(pl.lit(START) + pl.duration(seconds=pl.col("second") + pl.Series(rng.integers(1, 10, count)))).dt.strftime(ISO),
        vrm=pl.lit("J") + padded(rng.integers(1, PLATES, count), 6),
        plate_class=pl.lit("jersey"),
        direction=pl.Series(np.where(rng.random(count) < 0.5, "in", "out")),
        lane=pl.Series(rng.integers(1, 3, count)),
        confidence=pl.Series(rng.integers(80, 100, count) / 100),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--of", type=int, help="rows of the whole year, if only its first rows are wanted")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    part = options.out.with_suffix(".part")
    with part.open("wb") as file:
        for first in range(0, options.rows, CHUNK):
            count = min(CHUNK, options.rows - first)
            rows = chunk(first, count, options.of or options.rows, options.seed)
            rows.write_csv(file, include_header=first == 0)
    part.replace(options.out)


if __name__ == "__main__":
    main()
