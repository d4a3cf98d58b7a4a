"""Two more extracts of the pings of `make_pings.py`, for the ingest benchmark: the same rows as another file, by unit in
place of by time, and a correction of every hundredth row. The same input gives the same bytes.

    python vary_pings.py pings.csv --again again.csv --correction correction.csv
"""

import argparse
from pathlib import Path

import polars as pl


def write(rows, path):
    part = path.with_suffix(".part")
    rows.write_csv(part)
    part.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pings", type=Path)
    parser.add_argument("--again", type=Path, required=True)
    parser.add_argument("--correction", type=Path, required=True)
    options = parser.parse_args()
    # As text, so that every field is written as it was read.
    rows = pl.read_csv(options.pings, infer_schema=False)
    write(rows.sort("unit_id", maintain_order=True), options.again)
    corrected = rows.gather_every(100).with_columns((pl.col("speed_kmh").cast(pl.Int64) + 1).cast(pl.String))
    write(corrected, options.correction)


if __name__ == "__main__":
    main()
