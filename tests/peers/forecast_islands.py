"""What a method gains over the 12-month count on several islands together.

Reads what `vigie --json evaluate … > ISLAND.json` printed, one file an island, and prints by daypart and coverage how many
islands have the whole interval of the gain above 0, and the mean gain with its 95 % interval (the islands are independent: the
variance of the mean is the sum of theirs over the square of their number, each from the width of its interval).

    python tests/peers/forecast_islands.py METHOD ISLAND.json…
"""

import json
import sys


def main():
    method, files = sys.argv[1], sys.argv[2:]
    islands = []
    for path in files:
        with open(path) as file:
            islands.append(json.load(file)["rows"])
    print(f"{method}, {len(islands)} islands\n{'daypart':<9}{'area':>6}{'above 0':>9}{'mean gain':>11}   95 %")
    for daypart in dict.fromkeys(row["daypart"] for row in islands[0]):
        for coverage in (0.01, 0.02, 0.05):
            same = lambda row: (row["method"], row["daypart"], row["coverage"]) == (method, daypart, coverage)
            rows = [next(filter(same, island)) for island in islands]
            mean = sum(row["gain"] for row in rows) / len(rows)
            errors = [(row["gain_high"] - row["gain_low"]) / 3.92 for row in rows]
            reach = 1.96 * sum(error**2 for error in errors) ** 0.5 / len(rows)
            above = sum(row["gain_low"] > 0 for row in rows)
            print(f"{daypart:<9}{coverage:>6.0%}{above:>6} of {len(rows)}{mean:>9.2f}   {mean - reach:.2f} to {mean + reach:.2f}")


if __name__ == "__main__":
    main()
