"""The peer of the question benchmark: DuckDB, which counts the records of a period by stored cell and does no more.

No study area, coarser cells, Gi*, parishes, refusals or release. It reads the very Parquet files of the store. The
connection is warm: one run before those that are measured. Prints seconds and what was counted as JSON.

    python question_duckdb.py STORE TABLE FROM TO REPEATS
"""

import json
import sys
import time
from pathlib import Path

import duckdb


def main():
    store, table, start, end, repeats = sys.argv[1:]
    files = sorted(str(path) for path in (Path(store) / "tables" / table).glob("month=*/*.parquet"))
    connection = duckdb.connect(config={"threads": 2})
    question = f"""
        SELECT cell, count(*) AS records FROM read_parquet({files})
        WHERE local_on >= DATE '{start}' AND local_on < DATE '{end}' AND cell IS NOT NULL AND deleted IS NOT TRUE
        GROUP BY cell
    """
    seconds = []
    for run in range(int(repeats) + 1):
        started = time.perf_counter()
        counts = connection.execute(question).fetchnumpy()
        if run > 0:
            seconds.append(time.perf_counter() - started)
    cpu = time.process_time()
    connection.execute(question).fetchnumpy()
    cpu = time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "records": int(counts["records"].sum())}))


if __name__ == "__main__":
    main()
