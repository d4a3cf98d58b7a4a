"""The peer of the ingest benchmark: Polars and polars-h3.

It does less than `vigie ingest`: parse the CSV, index each position at H3 resolution 11, write Parquet (zstd level 1).
No validation, parish, island time, identity, duplicate check or commit. `hotspots` counts the cells at resolution 9
and does no statistics. Prints the seconds of the work as JSON, without those of starting Python.

    python ingest_polars.py ingest pings.csv pings.parquet
    python ingest_polars.py hotspots pings.parquet
"""

import json
import sys
import time

import polars as pl
import polars_h3 as h3


def ingest(source, target):
    rows = pl.scan_csv(source, schema_overrides={"pinged_at": pl.String}).with_columns(
        pl.col("pinged_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us"),
        cell=h3.latlng_to_cell("lat", "lon", 11, return_dtype=pl.Int64),
    )
    rows.sink_parquet(target, compression="zstd", compression_level=1)
    return pl.scan_parquet(target).select(pl.len()).collect().item()


def hotspots(source):
    cells = pl.scan_parquet(source).group_by(h3.cell_to_parent("cell", 9)).len()
    return cells.collect(engine="streaming")["len"].sum()


def main():
    trip, *paths = sys.argv[1:]
    started = time.perf_counter()
    rows = {"ingest": ingest, "hotspots": hotspots}[trip](*paths)
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
