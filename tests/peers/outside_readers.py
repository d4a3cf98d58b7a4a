"""Opens the tables of a store with other people's readers (deltalake, DuckDB, Polars) and compares counts and sums with
what `vigie sql` says. Prints one line a table; ends with 1 if any reader finds something else.

    python tests/peers/outside_readers.py --vigie target/release/vigie --store STORE
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
from deltalake import DeltaTable, QueryBuilder

# Of columns that every table has: rows, numbers, text, keys, cells, positions, months. Sums are of whole numbers, so
# that no reader may differ by rounding; `abs` because the remainder of a negative number has the sign that each chooses.
SQL = """
SELECT count(*) AS rows,
       count(DISTINCT key_lo) AS keys,
       sum(abs(key_lo) % 1000003) AS key_sum,
       sum(abs(row_hash) % 1000003) AS content_sum,
       sum(abs(cell) % 1000003) AS cell_sum,
       sum(local_hour) AS hour_sum,
       sum(load_id) AS load_sum,
       sum(CAST(round(lat * 1000000) AS BIGINT)) AS lat_sum,
       count(labels) AS labelled,
       count(parish) AS in_parish,
       count(DISTINCT source) AS sources,
       count(DISTINCT month) AS months
FROM {table}
"""
REST = 1_000_003


def vigie(options, table):
    """What vigie says of a table with the records in it that the source took back: the files hold them too."""
    command = [options.vigie, "--store", options.store, "--json", "--quiet", "sql", SQL.format(table=f"kept.{table}")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["rows"][0]


def by_deltalake(folder):
    """The reader of the Delta Lake project itself, with the SQL engine that it brings."""
    answer = QueryBuilder().register("t", DeltaTable(folder)).execute(SQL.format(table="t")).read_all()
    return pl.DataFrame(answer).to_dicts()[0]


def by_polars(folder):
    def rest(name):
        return (pl.col(name).abs() % REST).sum()

    return (
        pl.scan_delta(folder)
        .select(
            rows=pl.len(),
            keys=pl.col("key_lo").n_unique(),
            key_sum=rest("key_lo"),
            content_sum=rest("row_hash"),
            cell_sum=rest("cell"),
            hour_sum=pl.col("local_hour").cast(pl.Int64).sum(),
            load_sum=pl.col("load_id").sum(),
            lat_sum=(pl.col("lat") * 1_000_000).round().cast(pl.Int64).sum(),
            labelled=pl.col("labels").count(),
            in_parish=pl.col("parish").count(),
            sources=pl.col("source").drop_nulls().n_unique(),
            months=pl.col("month").drop_nulls().n_unique(),
        )
        .collect()
        .to_dicts()[0]
    )


def delta_of_duckdb(connection):
    """Whether DuckDB's own Delta reader is installed. It is never fetched from here."""
    connection.execute("SET autoinstall_known_extensions = false")
    try:
        connection.execute("LOAD delta")
    except duckdb.Error:
        return False
    return True


def by_duckdb(connection, own_reader, folder):
    if own_reader:
        source, values = "delta_scan(?)", [folder]
    else:
        files = DeltaTable(folder).file_uris()
        if not files:
            return None
        source, values = "read_parquet(?, hive_partitioning = true)", [files]
    answer = connection.execute(SQL.format(table=source), values)
    return dict(zip([column[0] for column in answer.description], answer.fetchone()))


def same(wanted, found):
    """Names of what differs. The sum of nothing is nothing for SQL and 0 for Polars."""
    return [name for name in wanted if (wanted[name] or 0) != (found[name] or 0)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vigie", required=True)
    parser.add_argument("--store", required=True)
    options = parser.parse_args()
    connection = duckdb.connect()
    own_reader = delta_of_duckdb(connection)
    through = "its delta extension" if own_reader else "read_parquet over the files that deltalake names"
    print(f"deltalake; Polars; DuckDB through {through}")
    tables = sorted(path for path in (Path(options.store) / "tables").iterdir() if path.is_dir())
    checked = different = 0
    for path in tables:
        wanted = vigie(options, path.name)
        found = {
            "deltalake": by_deltalake(str(path)),
            "Polars": by_polars(str(path)),
            "DuckDB": by_duckdb(connection, own_reader, str(path)),
        }
        for reader, answer in found.items():
            if answer is None:
                continue
            checked += 1
            for name in same(wanted, answer):
                different += 1
                print(f"{path.name}: {reader} finds {name} {answer[name]}, vigie {wanted[name]}")
        print(f"{path.name:<14}{wanted['rows']:>9} rows")
    print(f"{checked} comparisons of {len(tables)} tables, {different} differences")
    return 1 if different or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
