"""Aoristic hours of the week by another way than ours: every minute of a range is walked, its local hour is asked of
Python's zoneinfo, and the minutes are counted. Writes tests/reference/aoristic.json.

    python tests/peers/aoristic.py [--nyc ../shared/data/incidents/nyc_vehicle_thefts_2014_2017.csv.gz]

The ranges of the cases are made up (seeded); they lie around the nights on which clocks change. Of the real file only
the 168 sums are kept. Without it, the sums that are there stay.
"""

import argparse
import csv
import gzip
import json
import random
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

OUT = Path(__file__).parent.parent / "reference" / "aoristic.json"
WEEK_MINUTES = 7 * 24 * 60
ZONES = {
    "Europe/Jersey": ["2017-03-26", "2017-10-29"],
    "America/New_York": ["2016-03-13", "2016-11-06"],
    "Australia/Lord_Howe": ["2017-04-02", "2017-10-01"],
}


@lru_cache(maxsize=None)
def slot(zone, minute):
    """Local hour of the week of a minute of UTC; Monday 00:00 is 0."""
    local = datetime.fromtimestamp(minute * 60, timezone.utc).astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def spread(zone, ranges):
    """Expected and certain records of each slot, and how often each rule was used."""
    expected, certain = [0.0] * 168, [0] * 168
    rules = dict.fromkeys(["certain", "shared", "uniform", "without_start", "without_end", "reversed"], 0)
    for start, end in ranges:
        if start is None:
            rules["without_start"] += 1
            continue
        if end is None:
            rules["without_end"] += 1
            end = start
        if end < start:
            rules["reversed"] += 1
            start, end = end, start
        length = end - start
        if length > WEEK_MINUTES:
            rules["uniform"] += 1
            expected = [share + 1 / 168 for share in expected]
            continue
        counts = {}
        for minute in range(start, max(end, start + 1)):
            at = slot(zone, minute)
            counts[at] = counts.get(at, 0) + 1
        if len(counts) == 1:
            rules["certain"] += 1
            certain[next(iter(counts))] += 1
        else:
            rules["shared"] += 1
        for at, minutes in counts.items():
            expected[at] += minutes / max(length, 1)
    return {"expected": expected, "certain": certain, "rules": rules}


def made_up(zone, nights):
    """Ranges from minutes to weeks, most of them over a night on which clocks change; in minutes of UTC."""
    rng = random.Random(f"{zone} 1")
    ranges = []
    for night in nights:
        middle = int(datetime.fromisoformat(night).replace(tzinfo=timezone.utc).timestamp()) // 60
        for _ in range(40):
            start = middle + rng.randint(-26 * 60, 20 * 60)
            length = rng.choice([0, 5, 60, 90, 7 * 60, 24 * 60, 3 * 24 * 60, WEEK_MINUTES, WEEK_MINUTES + 1])
            length += rng.randint(0, 59) if length not in (0, WEEK_MINUTES, WEEK_MINUTES + 1) else 0
            ranges.append([start, rng.choice([start + length] * 7 + [None])])
        ranges += [[middle, middle - 200], [None, middle]]
    return ranges


def nyc(path):
    """The thefts whose beginning lies in 2014 to 2017 on the wall clock."""
    zone = ZoneInfo("America/New_York")

    def minute(text):
        # fold 0: of an hour shown twice the first; a time never shown moves forward.
        return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) // 60 if text else None

    ranges = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            # A time that was never shown may carry its beginning into the next hour, not into another day.
            if "2014" <= row["date_start"][:4] <= "2017":
                ranges.append((minute(row["date_start"]), minute(row["date_end"])))
    return {"records": len(ranges)} | spread("America/New_York", ranges)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nyc", type=Path)
    options = parser.parse_args()
    known = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    cases = [
        {"zone": zone, "unit": "minutes of UTC", "ranges": ranges} | spread(zone, ranges)
        for zone, ranges in ((zone, made_up(zone, nights)) for zone, nights in ZONES.items())
    ]
    real = nyc(options.nyc) if options.nyc else known.get("nyc_vehicle_thefts_2014_2017")
    OUT.write_text(
        json.dumps({"made_by": "tests/peers/aoristic.py", "cases": cases, "nyc_vehicle_thefts_2014_2017": real}) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
