"""The command: `python -P -m benchmarks [names] [--json FILE] [--markdown FILE] [--rounds N]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.entries import ENTRIES
from benchmarks.measure import Row, run
from benchmarks.report import as_json, environment, markdown, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named entries, or all; a missed target is printed, and is no failure: machines differ."""
    parser = argparse.ArgumentParser(prog="python -P -m benchmarks", description="what ctsec costs, against floors timed in the same run")
    parser.add_argument("names", nargs="*", metavar="name", help=f"entries to run: {', '.join(ENTRIES)} (all)")
    parser.add_argument("--json", type=Path, help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, help="write the results as a Markdown table")
    parser.add_argument("--rounds", type=int, help="rounds of each race (each has its own default)")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in ENTRIES]
    if unknown:
        parser.error(f"unknown entry {unknown[0]}; expected {', '.join(ENTRIES)}")
    if chosen.rounds is not None and chosen.rounds < 1:
        parser.error("expected at least one round")
    around = environment()
    print(", ".join(f"{name} {value}" for name, value in around.items()), flush=True)
    rows: list[Row] = []
    for name in chosen.names or ENTRIES:
        for race in ENTRIES[name]():
            found = run(race, rounds=chosen.rounds)
            print(table(found), flush=True)
            rows += found
    judged = [row for row in rows if row.met is not None]
    print(f"\n{sum(row.met is True for row in judged)} of {len(judged)} targets met")
    if chosen.json:
        chosen.json.write_text(as_json(rows, around), "utf-8")
    if chosen.markdown:
        chosen.markdown.write_text(markdown(rows, around), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
