"""The peer of the KPI benchmark: DuckDB, which counts three of the measures by month over the store's Parquet files.

No limits, no exclusion reasons, no release, no audit. One query a measure: incidents, the share of Grade 1 and 999 calls
attended in under 600 seconds, and the mean and quantiles of Grade 1. The connection is warm: one run before those that are
measured. Prints seconds and the figures as JSON.

    python kpi_duckdb.py STORE REPEATS
"""

import json
import sys
import time
from pathlib import Path

import duckdb

LEFT_OUT = """cancelled IS TRUE OR origin = 'officer' OR first_arrived_at IS NULL OR call_answered_at IS NULL
    OR first_arrived_at < call_answered_at"""


def main():
    store, repeats = sys.argv[1:]
    files = sorted(str(path) for path in (Path(store) / "tables" / "incidents").glob("month=*/*.parquet"))
    connection = duckdb.connect(config={"threads": 2})
    source = f"read_parquet({files}) WHERE deleted IS NOT TRUE AND local_on >= DATE '2016-01-01' AND local_on < DATE '2018-01-01'"
    seconds_of = "epoch_us(first_arrived_at) - epoch_us(call_answered_at)"
    month = "date_trunc('month', local_on)"
    questions = {
        "M01": f"SELECT {month} AS m, count(*) FROM {source} GROUP BY m ORDER BY m",
        "M03": f"""SELECT {month} AS m, avg(CASE WHEN {seconds_of} < 600000000 THEN 1.0 ELSE 0.0 END) FROM {source}
            AND (grade_initial = 1 OR origin = '999') AND NOT coalesce({LEFT_OUT}, false) GROUP BY m ORDER BY m""",
        "M02": f"""SELECT {month} AS m, avg({seconds_of}) / 60e6, quantile_cont({seconds_of}, [0.5, 0.9]) FROM {source}
            AND grade_initial = 1 AND NOT coalesce({LEFT_OUT}, false) GROUP BY m ORDER BY m""",
    }
    seconds = []
    figures = {}
    for run in range(int(repeats) + 1):
        started = time.perf_counter()
        for name, question in questions.items():
            figures[name] = [row[1] for row in connection.execute(question).fetchall()]
        if run > 0:
            seconds.append(time.perf_counter() - started)
    cpu = time.process_time()
    for question in questions.values():
        connection.execute(question).fetchall()
    cpu = time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "figures": figures}))


if __name__ == "__main__":
    main()
